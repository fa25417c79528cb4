/* `kizuki trace`: who was behind a public address, a port and a time. Here: options and the answer in words; the work is
 * src/trace over src/app/search. */
#include "app/cli/command.h"
#include "app/cli/hunt_spool.h"
#include "app/cli/trace_over.h"
#include "app/common/note.h"
#include "app/engine/engine.h"
#include "app/search/trace_test.h"
#include "app/search/tracing.h"
#include "base/buf.h"
#include "base/file.h"
#include "decode/decode.h"

#include <sys/stat.h>

enum { FOUND = 0, FOUND_NOTHING = 1, TROUBLE = 2 };

struct trace_args {
    const char *address, *port, *time, *zone, *destination;
    int64_t error_s;
    bool json, self_test;
};

static int read_question(const struct trace_args *a, struct trace_question *q, struct diag *err) {
    struct trace_words words = {.address = str_of(a->address), .port = str_of(a->port), .time = str_of(a->time), .zone = str_of(a->zone),
                                .destination = str_of(a->destination), .error_s = a->error_s};
    const char *wrong;
    if (!a->address || !a->time)
        return diag_set(err, -EINVAL, "what was told is needed: --address and --time, and --port if there is one");
    return trace_question_read(&words, time_now_ns(), TIME_JST_OFFSET_MIN, q, &wrong, err);
}

/* ---- the answer in words; what it says comes from the JSON, so that both say the same ---- */

static struct str text_of(const struct json_value *v, const char *key) {
    struct str s;
    return json_get_str(v, key, &s) ? s : STR("");
}

static int64_t number_of(const struct json_value *v, const char *key) {
    int64_t n = 0;
    (void) json_get_i64(v, key, &n);
    return n;
}

static void print_time(const struct json_value *v, const char *key) {
    struct str s = text_of(v, key);
    int64_t t;
    int offset;
    char out[TIME_ISO_CAP];
    if (s.n && time_parse_iso(s, &t, &offset) > 0)
        printf("%s", time_format_iso_offset(t, TIME_JST_OFFSET_MIN, 0, out));
    else
        printf("?");
}

static void print_hop(const struct json_value *h) {
    struct str kind = text_of(h, "kind"), inner = text_of(h, "inner"), who = text_of(h, "user");
    printf("     ");
    if (str_eq_z(kind, "translation"))
        printf("%.*s:%lld was %.*s:%lld", STR_ARG(text_of(h, "outer")), (long long) number_of(h, "outer_port"), STR_ARG(inner),
               (long long) number_of(h, "inner_port"));
    else if (str_eq_z(kind, "proxy"))
        printf("the proxy %.*s asked for %.*s", STR_ARG(text_of(h, "outer")), STR_ARG(inner));
    else if (str_eq_z(kind, "machine"))
        printf("%.*s was %.*s %.*s", STR_ARG(inner), STR_ARG(text_of(h, "host")), STR_ARG(text_of(h, "mac")));
    else
        printf("%.*s used it", STR_ARG(who));
    printf("  from ");
    print_time(h, "begins");
    printf(" to ");
    print_time(h, "ends");
    printf("  (%.*s log of %.*s, record %lld, clock %+lld ms %.*s)\n", STR_ARG(text_of(h, "log")), STR_ARG(text_of(h, "source")),
           (long long) number_of(h, "n"), (long long) number_of(h, "clock_ms"), STR_ARG(text_of(h, "clock_from")));
}

static void print_candidate(const struct json_value *c, unsigned rank) {
    struct str host = text_of(c, "host"), user = text_of(c, "user");
    const struct json_value *hops = json_get_array(c, "hops"), *doubts = json_get_array(c, "doubts");
    printf("%3u. %.*s  %.*s  %.*s  %.*s  [%.*s]\n", rank, STR_ARG(text_of(c, "address")), STR_ARG(host.n ? host : STR("(no machine)")),
           STR_ARG(text_of(c, "mac")), STR_ARG(user.n ? user : STR("(no user)")), STR_ARG(text_of(c, "sure")));
    for (const struct json_value *h = hops ? hops->first : NULL; h; h = h->next)
        print_hop(h);
    for (const struct json_value *d = doubts ? doubts->first : NULL; d; d = d->next)
        printf("     doubt: %.*s\n", STR_ARG(d->text));
}

static void print_answer(const struct json_value *a) {
    const struct json_value *list = json_get_array(a, "candidates"), *missing = json_get_array(a, "missing");
    unsigned rank = 0;
    for (const struct json_value *c = list ? list->first : NULL; c; c = c->next)
        print_candidate(c, ++rank);
    if (!rank)
        printf("nobody was found\n");
    for (const struct json_value *m = missing ? missing->first : NULL; m; m = m->next) {
        struct str source = text_of(m, "source");
        printf("MISSING: %.*s log (%.*s) %.*s%s%.*s  ", STR_ARG(text_of(m, "log")), STR_ARG(text_of(m, "why")), STR_ARG(text_of(m, "about")),
               source.n ? " of " : "", STR_ARG(source));
        print_time(m, "from");
        printf(" - ");
        print_time(m, "to");
        printf("\n");
    }
}

/* ---- the work ---- */

static int write_found(struct tracing *t, struct buf *out, struct diag *err) {
    struct jsonw w;
    jsonw_init(&w, out);
    jsonw_object(&w);
    int r = tracing_write(t, &w);
    jsonw_end(&w);
    if (r == 0)
        r = buf_error(out);
    return r < 0 ? diag_set(err, r, "cannot tell what was found: %s", err_word(r)) : 0;
}

static int print_found(struct buf *out, bool json, struct diag *err) {
    struct json_value *v;
    struct arena arena;
    int r = 0;
    arena_init(&arena, (size_t) 64 << 20);
    if (json)
        printf("%s\n", buf_z(out));
    else if ((r = json_parse(&arena, buf_str(out), &v, err)) == 0)
        print_answer(v);
    arena_done(&arena);
    return r;
}

static bool takes_notes(const char *data) {
    char notes[4096];
    struct stat st;
    snprintf(notes, sizeof notes, "%.4000s/notes", data);
    return stat(notes, &st) == 0;
}

/* 1: it was traced, or there was nothing to trace. */
static int self_test(const struct scan_options *o, const char *data, int64_t now_ns, struct diag *err) {
    CLEANUP(trace_test_freep) struct trace_test *t = NULL;
    struct note n;
    bool good = false;
    int r = trace_test_new(o, now_ns, &t, err);
    while (r == 0 && (r = trace_test_step(t, err)) == 1)
        r = 0;
    if (r < 0)
        return r;
    note_begin(&n, "kizuki.trace", trace_test_action(t));
    r = trace_test_write(t, &n.w, &good, err);
    if (r == 0 && (r = buf_error(&n.bytes)) == 0)
        printf("%s}\n", buf_z(&n.bytes));
    if (r == 0 && takes_notes(data))
        r = note_leave(&n, data, err);
    else
        buf_done(&n.bytes);
    return r < 0 ? r : good || !trace_test_tried(t);
}

/* What a data folder, or a spool alone, is read with. The texts of *ret live in `paths`. */
struct trace_paths {
    char spool[4096], filters[4096], own[4096];
};
static int options_of(const char *data, struct trace_paths *at, struct decode_set **ret_decoders, struct scan_options *ret, struct diag *err) {
    const char *own[] = {at->own};
    struct stat st;
    snprintf(at->spool, sizeof at->spool, "%.4000s/spool", data);
    snprintf(at->filters, sizeof at->filters, "%.4000s/search", data);
    snprintf(at->own, sizeof at->own, "%.4000s/decoders", data);
    bool is_data = hunt_is_spool(at->spool), has_own = stat(at->own, &st) == 0;
    if (!is_data && !hunt_is_spool(data))
        return diag_set(err, -ENOENT, "'%s' is neither a data folder nor a spool", data);
    int r = engine_decoders(own, has_own, ret_decoders, err);
    *ret = (struct scan_options){.spool_dir = is_data ? at->spool : data, .filter_dir = is_data ? at->filters : NULL, .decoders = *ret_decoders, .own_decoders = has_own};
    return r;
}

int trace_over(const char *data, const struct trace_question *q, struct buf *ret_json, struct diag *reterr) {
    CLEANUP(decode_set_unrefp) struct decode_set *decoders = NULL;
    CLEANUP(tracing_freep) struct tracing *t = NULL;
    struct trace_paths at;
    struct scan_options o;
    int r = options_of(data, &at, &decoders, &o, reterr);
    if (r == 0)
        r = tracing_new(&o, q, &t, reterr);
    while (r == 0 && tracing_is_running(t))
        tracing_step(t);
    if (r == 0 && tracing_failed(t))
        r = diag_set(reterr, -EIO, "%s", tracing_failed(t));
    if (r == 0)
        r = write_found(t, ret_json, reterr);
    return r < 0 ? r : trace_candidates(tracing_found(t)) > 0;
}

static int run(const struct trace_args *a, const char *data, const struct trace_question *q, struct diag *err) {
    CLEANUP(decode_set_unrefp) struct decode_set *decoders = NULL;
    struct trace_paths at;
    struct scan_options o;
    struct buf out;
    int r, e;
    if (a->self_test)
        return (r = options_of(data, &at, &decoders, &o, err)) < 0 ? r : self_test(&o, data, q->now_ns, err);
    buf_init(&out, TRACE_ANSWER_BYTES_MAX);
    r = trace_over(data, q, &out, err);
    if (r >= 0 && (e = print_found(&out, a->json, err)) < 0)
        r = e;
    buf_done(&out);
    return r;
}

static int trace_main(void *settings, unsigned n_args UNUSED, char **args) {
    const struct trace_args *a = settings;
    struct trace_question q;
    struct diag d = {0};
    int r = a->self_test ? 0 : read_question(a, &q, &d);
    if (a->self_test)
        q = (struct trace_question){.now_ns = time_now_ns()};
    if (r == 0)
        r = run(a, args[0], &q, &d);
    if (r < 0) {
        (void) command_failed(&d);
        return TROUBLE;
    }
    return r ? FOUND : FOUND_NOTHING;
}

static const struct cli_option OPTIONS[] = {
    {.name = "address", .letter = 'a', .kind = CLI_STRING, .value = "ADDRESS", .at = offsetof(struct trace_args, address),
     .help = "the public address, also with its port (198.51.100.1:40001)"},
    {.name = "port", .letter = 'p', .kind = CLI_STRING, .value = "PORT", .at = offsetof(struct trace_args, port), .help = "its port; without one there are many candidates"},
    {.name = "time", .letter = 't', .kind = CLI_STRING, .value = "TIME", .at = offsetof(struct trace_args, time),
     .help = "when, as precisely as it was told (2026-06-01 02:13, 6月1日 2時13分頃)"},
    {.name = "zone", .kind = CLI_STRING, .value = "ZONE", .at = offsetof(struct trace_args, zone), .help = "of the time if it was told: jst, utc, +09:00"},
    {.name = "error", .kind = CLI_NUMBER, .value = "SECONDS", .min = 0, .max = 3600, .at = offsetof(struct trace_args, error_s),
     .help = "how wrong the clock of who tells it may be"},
    {.name = "destination", .letter = 'd', .kind = CLI_STRING, .value = "ADDRESS", .at = offsetof(struct trace_args, destination),
     .help = "what it spoke with, if that was told, also with its port"},
    {.name = "self-test", .kind = CLI_FLAG, .at = offsetof(struct trace_args, self_test),
     .help = "trace a connection of the last day, chosen by chance, and print an event that says whether it worked"},
    {.name = "json", .kind = CLI_FLAG, .at = offsetof(struct trace_args, json), .help = "print the answer as JSON"},
    {0}};

const struct cli_command COMMAND_TRACE = {
    .name = "trace",
    .args = "DATA|SPOOL",
    .args_min = 1,
    .args_max = 1,
    .help = "find who was behind a public address, a port and a time",
    .text = "Joins the stored logs of firewalls (translations), DHCP, neighbours, proxies, VPNs and logins, and says which of\n"
            "them is missing. Candidates come in order, each with its records. docs/trace.md says how.\n"
            "\n"
            "Exit status: 0 somebody was found, 1 nobody was, 2 it could not be done.\n",
    .options = OPTIONS,
    .size = sizeof(struct trace_args),
    .run = trace_main,
};
