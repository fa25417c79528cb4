/* `kizuki search`: what is looked for in a spool or in files, as NDJSON. Here: options, output, how far it is; the work
 * is src/app/search. Nothing is changed but the filters in DATA/search, and those only when asked for. */
#include "app/cli/command.h"
#include "app/cli/hunt_spool.h"
#include "app/search/keep.h"
#include "app/search/rows.h"
#include "app/engine/engine.h"
#include "app/search/scan.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/time_written.h"
#include "decode/decode.h"
#include "index/client.h"
#include "indicator/set.h"
#include "intake/reader.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OUT_FLUSH_BYTES = 65536, OUT_MAX = 64 * 1024 * 1024, FOUND = 0, FOUND_NOTHING = 1, TROUBLE = 2 };
#define SAY_EVERY_NS (NS_PER_S / 2)

struct search_args {
    const char *from, *to, *indicators, *rule;
    struct cli_list decoders;
    int64_t last, from_record, to_record;
    bool count, raw, csv, stats, no_filters, make_filters, no_index;
    const char *index;
};
struct searching {
    const struct search_args *args;
    int64_t from_ns, to_ns;
    struct decode_set *decoders;
    struct indicator_set *set; /* --indicators */
    struct arena rule_text;
    struct str rule;
    bool own_decoders;
    struct buf out;
    struct search_keep keep; /* --last */
    uint64_t found;
    bool bad_input, terminal;
    struct index_client *client; /* NULL: no index beside the spool */
    int64_t said_ns;
};

static volatile sig_atomic_t interrupted;
static volatile bool stop_making;
static void on_interrupt(int signal UNUSED) {
    interrupted = 1;
    stop_making = true;
}

static int failed(const struct diag *d) {
    (void) command_failed(d);
    return TROUBLE;
}

/* ---- output ---- */

static int flush_out(struct searching *s) {
    int r = s->out.n ? file_write_all(1, buf_str(&s->out)) : 0;
    buf_clear(&s->out);
    return r;
}

static struct str source_of(const struct search *q, uint32_t id) {
    const struct search_options *o = search_bounds(q);
    return id < o->n_sources && o->sources[id].name.p ? o->sources[id].name : STR("");
}

static int print(struct searching *s, struct search *q, const struct raw_record *rec, int64_t time_ns) {
    const struct event *ev;
    if (s->args->csv) {
        int r = search_event(q, rec, &ev);
        if (r < 0)
            return r;
        rows_add(&s->out, ev, source_of(q, rec->source), time_ns);
        if (buf_error(&s->out))
            return buf_error(&s->out);
        return s->out.n >= OUT_FLUSH_BYTES ? flush_out(s) : 0;
    }
    if (s->args->raw) {
        buf_add(&s->out, rec->bytes);
    } else {
        int r = search_event(q, rec, &ev);
        if (r < 0)
            return r;
        event_write_json(ev, &s->out);
    }
    buf_add_byte(&s->out, '\n');
    if (buf_error(&s->out))
        return buf_error(&s->out);
    return s->out.n >= OUT_FLUSH_BYTES ? flush_out(s) : 0;
}

static int found(void *ctx, struct search *q, const struct raw_record *rec, int64_t time_ns) {
    struct searching *s = ctx;
    s->found++;
    if (s->args->count)
        return 0;
    return s->args->last ? search_keep_add(&s->keep, rec, time_ns) : print(s, q, rec, time_ns);
}

/* The ones that arrived last were kept; shown they are in order of their own time. */
static int print_kept(struct searching *s, struct search *q) {
    int r = 0;
    s->keep.by_time = true;
    search_keep_sort(&s->keep);
    for (size_t i = 0; r == 0 && i < s->keep.n; i++)
        r = print(s, q, &s->keep.at[i]->rec, s->keep.at[i]->time_ns);
    return r;
}

/* ---- how far it is ---- */

static void say_progress(struct searching *s, const struct scan_progress *p) {
    int64_t now = time_monotonic_ns();
    if (!s->terminal || now - s->said_ns < SAY_EVERY_NS)
        return;
    s->said_ns = now;
    fprintf(stderr, "\r\033[K%3.0f %% of %.1f GB read, %llu found", p->bytes ? 100.0 * (double) p->bytes_done / (double) p->bytes : 100,
            (double) p->bytes / 1e9, (unsigned long long) p->found);
    fflush(stderr);
}

static void print_stats(const struct searching *s, const struct scan_progress *p) {
    struct jsonw w;
    struct buf b;
    buf_init(&b, 65536);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    jsonw_ku64(&w, "found", s->found);
    jsonw_ku64(&w, "records", p->records);
    jsonw_ku64(&w, "records_lost", p->lost);
    jsonw_ku64(&w, "segments", p->segments);
    jsonw_ku64(&w, "segments_passed_over", p->segments_passed);
    jsonw_ku64(&w, "segments_indexed", p->segments_indexed);
    jsonw_ku64(&w, "bytes_read", p->bytes_done);
    jsonw_ku64(&w, "bytes_passed_over", p->bytes_passed);
    jsonw_ktime(&w, "looked_back_to", p->back_to_ns);
    jsonw_kdouble(&w, "cpu_s", p->cpu_s);
    jsonw_kz(&w, "index_why", p->index_why.code ? p->index_why.text : NULL);
    jsonw_end(&w);
    fprintf(stderr, "%s\n", buf_z(&b));
    buf_done(&b);
}

/* ---- a spool ---- */

/* What the lines printed are: nobody should take the last ones of a part for the last ones of all. */
static void say_which(const struct searching *s, const struct scan_progress *p, bool early) {
    char when[TIME_ISO_CAP] = "";
    if (p->back_to_ns != TIME_NONE)
        time_format_iso(p->back_to_ns, 0, when);
    if (early && *when)
        fprintf(stderr, "kizuki: in order of time, the %zu that arrived last of those that fit; looked through back to what arrived at %s\n", s->keep.n, when);
    else if (early)
        fprintf(stderr, "kizuki: in order of time, %zu of those that fit; stopped inside the newest segment\n", s->keep.n);
    else
        fprintf(stderr, "kizuki: in order of time, all %zu that fit; everything was looked through\n", s->keep.n);
}

static int scan_all(struct searching *s, struct scan *scan, struct diag *err) {
    const struct scan_progress *p = scan_progress(scan);
    int r;
    while ((r = scan_step(scan, found, s, err)) == 1 && !interrupted) {
        say_progress(s, p);
        /* segments come newest first: what is kept is newer than all that is left */
        if (s->args->last && !p->segment && s->keep.n >= (size_t) s->args->last)
            break;
    }
    if (s->terminal && s->said_ns)
        fputs("\r\033[K", stderr);
    if (r < 0)
        return r;
    if (s->args->last && (r = print_kept(s, scan_search(scan))) < 0)
        return diag_set(err, r, "cannot go on: %s", err_word(r));
    if (s->args->last && !s->args->count && !s->args->stats)
        say_which(s, p, interrupted || (s->keep.n >= (size_t) s->args->last && r == 1));
    if (interrupted)
        fprintf(stderr, "kizuki: stopped with %llu MB of %llu MB read; go on with --%s-record %llu\n",
                (unsigned long long) p->bytes_done / 1000000, (unsigned long long) p->bytes / 1000000,
                s->args->last ? "to" : "from", (unsigned long long) p->at);
    if (p->lost)
        fprintf(stderr, "kizuki: %llu records could not be read; kizuki verify says where\n", (unsigned long long) p->lost);
    s->bad_input |= p->lost > 0;
    return 0;
}

static int search_spool(struct searching *s, const char *spool, const char *filters, struct str query) {
    CLEANUP(scan_freep) struct scan *scan = NULL;
    struct diag d = {0};
    struct scan_options o = {.spool_dir = spool, .filter_dir = s->args->no_filters ? NULL : filters, .indicators = s->set, .rule = s->rule, .query = query,
                             .from_ns = s->from_ns, .to_ns = s->to_ns,
                             .from_record = (uint64_t) s->args->from_record, .to_record = (uint64_t) s->args->to_record,
                             .newest_first = s->args->last > 0, .index = s->client, .late = s->args->last > 0, .decoders = s->decoders, .own_decoders = s->own_decoders};
    int r = scan_new(&o, &scan, &d);
    if (r == 0)
        r = scan_all(s, scan, &d);
    if (r == 0 && (r = flush_out(s)) < 0)
        diag_set(&d, r, "cannot write what was found: %s", err_word(r));
    if (r < 0)
        return failed(&d);
    if (s->args->stats)
        print_stats(s, scan_progress(scan));
    return 0;
}

static int make_filters(const struct searching *s, const char *spool, const char *filters) {
    struct diag d = {0};
    uint32_t segment, n = 0;
    int r = filters ? file_make_dir(filters, 0700, &d)
                    : diag_set(&d, -EINVAL, "filters are kept in a data folder; name that one and not its spool");
    while (r >= 0 && (r = scan_make_filter(spool, filters, s->decoders, 0, &stop_making, &segment, &d)) == 1)
        n++;
    if (r < 0 && r != -ECANCELED)
        return failed(&d);
    fprintf(stderr, "kizuki: %u filters made\n", n);
    return r < 0 ? TROUBLE : 0;
}

/* ---- files ---- */

static int search_file(struct searching *s, struct search *q, const char *name, uint32_t stream,
                       struct scan_progress *p, struct diag *err) {
    CLEANUP(intake_reader_freep) struct intake_reader *reader = NULL;
    struct intake_reader_options o = {.stream = stream, .flags = RAW_BACKFILL};
    struct intake_batch b;
    int64_t time_ns;
    int r = intake_reader_open(name, &o, &reader, err);
    if (r < 0)
        return r;
    intake_batch_init(&b);
    search_begin_stream(q);
    while (r >= 0 && !interrupted && (r = intake_reader_next(reader, &b, err)) > 0) {
        for (size_t i = 0; r >= 0 && i < b.n; i++) {
            p->records++;
            p->bytes_done += b.records[i].bytes.n;
            r = search_test(q, &b.records[i], &time_ns);
            if (r > 0)
                r = found(s, q, &b.records[i], time_ns);
        }
        if (r < 0)
            diag_set(err, r, "cannot go on: %s", err_word(r));
    }
    intake_batch_done(&b);
    return MIN(r, 0);
}

static int search_files(struct searching *s, char **args, unsigned n_args, struct str query) {
    static const struct source unknown = {.encoding = -1, .offset_min = TIME_JST_OFFSET_MIN, .skew_max_ns = 5 * NS_PER_MIN};
    CLEANUP(search_freep) struct search *q = NULL;
    struct search_options o = {.indicators = s->set, .rule = s->rule, .query = query, .from_ns = s->from_ns, .to_ns = s->to_ns, .sources = &unknown, .n_sources = 1,
                               .decoders = s->decoders, .own_decoders = s->own_decoders};
    struct scan_progress p = {0};
    struct diag d = {0};
    struct arena arena;
    const char **files;
    size_t n;
    arena_init(&arena, (size_t) 1 << 30);
    int r = search_new(&o, &q, &d);
    if (r == 0)
        r = intake_expand_paths(&arena, (const char *const *) args, n_args, &files, &n, &d);
    for (size_t i = 0; r == 0 && i < n && !interrupted; i++) {
        r = search_file(s, q, files[i], (uint32_t) i + 1, &p, &d);
        if (r < 0 && r != -ENOMEM) { /* the others may still be read */
            s->bad_input = true;
            r = 0;
            (void) command_failed(&d);
        }
    }
    if (r == 0 && s->args->last)
        r = print_kept(s, q);
    if (r == 0)
        r = flush_out(s);
    if (r < 0 && !d.code)
        diag_set(&d, r, "cannot go on: %s", err_word(r));
    arena_done(&arena);
    if (r == 0 && s->args->stats)
        print_stats(s, &p);
    return r < 0 ? failed(&d) : 0;
}

/* ---- the command ---- */

int command_time(const char *text, int64_t *ret, struct diag *err) {
    struct time_written w;
    struct arena a;
    *ret = TIME_NONE;
    if (!text)
        return 0;
    arena_init(&a, 1 << 20);
    int r = time_read_written(&a, str_of(text), time_now_ns(), TIME_JST_OFFSET_MIN, &w, NULL, err);
    if (r == 0)
        *ret = w.t_ns;
    arena_done(&a);
    return r;
}

static bool is_folder(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* That of a running Kizuki, or the one that is named. */
static int find_index(struct searching *s, const char *data) {
    char path[4200];
    struct diag d = {0};
    struct stat st;
    snprintf(path, sizeof path, "%s/run/index.sock", data);
    const char *where = s->args->index ? s->args->index : stat(path, &st) == 0 ? path : NULL;
    if (s->args->no_index || !where || (!s->args->index && strlen(where) > 100))
        return 0;
    int r = index_client_new(where, &s->client, &d);
    return r < 0 ? -failed(&d) : 0;
}

/* A data folder, a spool, or files; what is found in the first two has positions that stay. */
static int run(struct searching *s, char **args, unsigned n_args) {
    char spool[4096], filters[4096];
    const char *at = n_args > 1 ? args[1] : NULL;
    struct str query = str_of(args[0]);
    snprintf(spool, sizeof spool, "%s/spool", at ? at : "");
    snprintf(filters, sizeof filters, "%s/search", at ? at : "");
    if (n_args == 2 && is_folder(spool) && hunt_is_spool(spool)) {
        int r = find_index(s, at);
        if (r < 0)
            return TROUBLE;
    }
    if (n_args == 2 && is_folder(spool) && hunt_is_spool(spool))
        return s->args->make_filters ? make_filters(s, spool, filters) : search_spool(s, spool, filters, query);
    if (n_args == 2 && hunt_is_spool(at))
        return s->args->make_filters ? make_filters(s, at, NULL) : search_spool(s, at, NULL, query);
    return search_files(s, args + 1, n_args - 1, query);
}

/* What is looked for instead of the query. A list is taken as it is: whoever asks wants to know. */
static int load_indicators(struct searching *s, struct diag *err) {
    struct indicator_reading how = {.format = -1, .tlp = -1, .confidence = -1, .valid_until_ns = TIME_NONE, .name = str_of(s->args->indicators)};
    struct indicator_list list;
    enum indicator_format format;
    struct arena a;
    struct str text;
    arena_init(&a, INDICATOR_FILE_BYTES_MAX + 65536);
    indicator_list_init(&list);
    int r = file_read(&a, s->args->indicators, INDICATOR_FILE_BYTES_MAX, &text, err);
    if (r == 0)
        r = indicator_read(&how, text, &list, &format, err);
    if (r == 0 && !list.n)
        r = diag_set(err, -ENOENT, "'%s' holds no indicators", s->args->indicators);
    if (r == 0 && (r = indicator_set_of_list(&list, &s->set)) < 0)
        diag_set(err, r, "out of memory");
    indicator_list_done(&list);
    arena_done(&a);
    return r;
}

static int load_what(struct searching *s, struct diag *err) {
    if (s->args->indicators)
        return load_indicators(s, err);
    return s->args->rule ? file_read(&s->rule_text, s->args->rule, YAML_BYTES_MAX, &s->rule, err) : 0;
}

/* Those of the data folder decode as they did when the events arrived. */
static int load_decoders(struct searching *s, unsigned n_args, char **args, struct diag *err) {
    char own[4096];
    const char *paths[17];
    size_t n = 0;
    snprintf(own, sizeof own, "%s/decoders", n_args == 2 ? args[1] : "");
    if (n_args == 2 && is_folder(own))
        paths[n++] = own;
    for (size_t i = 0; i < s->args->decoders.n && n < ARRAY_SIZE(paths); i++)
        paths[n++] = s->args->decoders.p[i];
    s->own_decoders = n > 0;
    return engine_decoders(paths, n, &s->decoders, err);
}

static int search_main(void *settings, unsigned n_args, char **args) {
    struct searching s = {.args = settings, .terminal = isatty(2)};
    struct diag d = {0};
    const struct sigaction on = {.sa_handler = on_interrupt, .sa_flags = (int) SA_RESETHAND};
    if (command_time(s.args->from, &s.from_ns, &d) < 0 || command_time(s.args->to, &s.to_ns, &d) < 0)
        return failed(&d);
    arena_init(&s.rule_text, 2 * YAML_BYTES_MAX);
    if (load_decoders(&s, n_args, args, &d) < 0 || load_what(&s, &d) < 0)
        return failed(&d);
    if (s.args->csv && (s.args->raw || s.args->count))
        return failed((diag_set(&d, -EINVAL, "--csv prints rows; leave out --raw and --count"), &d));
    sigaction(SIGINT, &on, NULL);
    buf_init(&s.out, OUT_MAX);
    if (s.args->csv)
        rows_head(&s.out);
    search_keep_init(&s.keep, (size_t) s.args->last);
    int r = run(&s, args, n_args);
    if (r == 0 && s.args->count)
        printf("%llu\n", (unsigned long long) s.found);
    search_keep_done(&s.keep);
    index_client_free(s.client);
    decode_set_unref(s.decoders);
    indicator_set_unref(s.set);
    arena_done(&s.rule_text);
    buf_done(&s.out);
    if (r != 0 || s.bad_input || interrupted)
        return TROUBLE;
    return s.found || s.args->make_filters ? FOUND : FOUND_NOTHING;
}

static const struct cli_option OPTIONS[] = {
    {.name = "from", .kind = CLI_STRING, .value = "TIME", .at = offsetof(struct search_args, from),
     .help = "events from this time on, as people write times (2026-11-20 02:00, 3日前)"},
    {.name = "to", .kind = CLI_STRING, .value = "TIME", .at = offsetof(struct search_args, to), .help = "events before this time"},
    {.name = "indicators", .kind = CLI_STRING, .value = "FILE", .at = offsetof(struct search_args, indicators),
     .help = "instead of the query: whatever hits the indicators of this file (STIX, MISP, CSV, text); the query is not looked at"},
    {.name = "rule", .kind = CLI_STRING, .value = "FILE", .at = offsetof(struct search_args, rule),
     .help = "instead of the query: whatever this Sigma rule (of single events) matches; the query is not looked at"},
    {.name = "last", .letter = 'n', .kind = CLI_NUMBER, .value = "N", .min = 1, .max = 1000000,
     .at = offsetof(struct search_args, last), .help = "only the N that came last, newest first"},
    {.name = "from-record", .kind = CLI_NUMBER, .value = "N", .min = 1, .max = INT64_MAX,
     .at = offsetof(struct search_args, from_record), .help = "from this record of the spool on"},
    {.name = "to-record", .kind = CLI_NUMBER, .value = "N", .min = 1, .max = INT64_MAX,
     .at = offsetof(struct search_args, to_record), .help = "records before this one"},
    {.name = "count", .letter = 'c', .kind = CLI_FLAG, .at = offsetof(struct search_args, count), .help = "print how many there are and nothing else"},
    {.name = "raw", .kind = CLI_FLAG, .at = offsetof(struct search_args, raw), .help = "print the lines as they arrived"},
    {.name = "decoders", .kind = CLI_LIST, .value = "DIR", .at = offsetof(struct search_args, decoders),
     .help = "files or folders of decoders beside the shipped ones and those of the data folder"},
    {.name = "csv", .kind = CLI_FLAG, .at = offsetof(struct search_args, csv), .help = "print a table for a spreadsheet: UTF-8 with its mark, nothing in it taken for a formula"},
    {.name = "stats", .kind = CLI_FLAG, .at = offsetof(struct search_args, stats), .help = "a line of JSON about the search on standard error"},
    {.name = "no-filters", .kind = CLI_FLAG, .at = offsetof(struct search_args, no_filters), .help = "read every segment"},
    {.name = "no-index", .kind = CLI_FLAG, .at = offsetof(struct search_args, no_index), .help = "do not ask the index, even if there is one"},
    {.name = "index", .kind = CLI_STRING, .value = "WHERE", .at = offsetof(struct search_args, index),
     .help = "ask this index: a socket, or http://HOST:PORT/DATABASE (DATA/run/index.sock, when that is there)"},
    {.name = "make-filters", .kind = CLI_FLAG, .at = offsetof(struct search_args, make_filters), .help = "make the filters that are missing in DATA/search; the query is not looked at"},
    {0}};

const struct cli_command COMMAND_SEARCH = {
    .name = "search",
    .args = "QUERY DATA|SPOOL|FILE…",
    .args_min = 2,
    .args_max = CLI_MANY,
    .help = "find events in a spool or in files, as NDJSON with their positions",
    .text = "A query joins conditions by and, or, not and parentheses; two beside each other are joined by and:\n"
            "\n"
            "  192.0.2.7                       the word anywhere in the line\n"
            "  改ざん                          Japanese anywhere, however it is written (改竄, 改ざん)\n"
            "  \"Failed password\"               several words in this order\n"
            "  user.name:alice                 a field's whole value; user.name:al* or *ice for parts\n"
            "  user.name:(alice, bob)          one of several\n"
            "  source.ip:192.0.2.0/24          a network\n"
            "  http.response.status_code:>=400 and 400..499, numbers\n"
            "  url.path~\"^/admin/[0-9]+\"       a regular expression\n"
            "  user.name:*                     the field is there\n"
            "\n"
            "Exit status: 0 found, 1 nothing found, 2 something could not be read or the search was stopped.\n"
            "docs/search.md says the rest.\n",
    .options = OPTIONS,
    .size = sizeof(struct search_args),
    .run = search_main,
};
