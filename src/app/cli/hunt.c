/* `kizuki hunt`: all rules over stored logs or a spool, findings as NDJSON. Here: options, output, statistics;
 * reading and ordering stand in hunt_streams.c and hunt_spool.c. */
#include "app/cli/command.h"
#include "app/cli/hunt_spool.h"
#include "app/cli/hunt_streams.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "detect/rule.h"
#include "intake/reader.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { OUT_FLUSH_BYTES = 65536, OUT_MAX = 64 * 1024 * 1024 };

struct hunt_args {
    struct cli_list rules, decoders;
    const char *statistics;
    bool stats, updates, matches, no_cache, parse_only;
    int64_t threads, batch;
};
struct hunting {
    const struct hunt_args *args;
    const char *spool; /* instead of files */
    struct hunt_options options;
    const char **files;
    size_t n_files;
    struct buf out;
    const struct detect_rules *rules;
    uint64_t findings, matches;
    int out_error;
    bool bad_input;
};

static double cpu_now_s(void) {
    struct timespec ts;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}

static struct str name_of_stream(void *ctx, uint32_t stream) {
    struct hunting *h = ctx;
    return stream && stream <= h->n_files ? str_of(h->files[stream - 1]) : STR_NULL;
}

static int flush_out(struct hunting *h) {
    if (h->out.n && !h->out_error)
        h->out_error = file_write_all(1, buf_str(&h->out));
    buf_clear(&h->out);
    return h->out_error;
}

static int print_finding(void *ctx, const struct finding *f) {
    struct hunting *h = ctx;
    h->findings += f->state == FINDING_END;
    finding_write_json(f, name_of_stream, h, &h->out);
    buf_add_byte(&h->out, '\n');
    if (buf_error(&h->out))
        return buf_error(&h->out);
    return h->out.n >= OUT_FLUSH_BYTES ? flush_out(h) : 0;
}

/* One line for each rule an event matches. */
static int print_matches(void *ctx, const struct event_pos *pos, const uint32_t *hits, uint32_t n_hits) {
    struct hunting *h = ctx;
    struct str file = name_of_stream(h, pos->stream);
    for (uint32_t i = 0; i < n_hits; i++) {
        struct jsonw w;
        jsonw_init(&w, &h->out);
        jsonw_object(&w);
        jsonw_kstr(&w, "rule", h->rules->rules[hits[i]]->id);
        if (file.p)
            jsonw_kstr(&w, "file", file);
        jsonw_ku64(&w, file.p ? "line" : "record", pos->n);
        jsonw_end(&w);
        buf_add_byte(&h->out, '\n');
    }
    h->matches += n_hits;
    if (buf_error(&h->out))
        return buf_error(&h->out);
    return h->out.n >= OUT_FLUSH_BYTES ? flush_out(h) : 0;
}

static void say_refused(void *ctx UNUSED, const struct diag *d) {
    char line[1024];
    fprintf(stderr, "kizuki: rule refused: %s\n", diag_format(d, line, sizeof line));
}

static void say_failed(void *ctx, const struct diag *d) {
    char line[1024];
    struct hunting *h = ctx;
    h->bad_input = true;
    fprintf(stderr, "kizuki: %s\n", diag_format(d, line, sizeof line));
}

static void print_stats(const struct hunting *h, const struct engine *e, const struct hunt_totals *t,
                        double cpu_s) {
    struct engine_stats s;
    struct rusage ru;
    struct jsonw w;
    struct buf b;
    engine_get_stats(e, &s);
    getrusage(RUSAGE_SELF, &ru);
    buf_init(&b, 65536);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    jsonw_ku64(&w, "events", s.events);
    jsonw_ku64(&w, "bytes", t->bytes);
    jsonw_ku64(&w, "findings", h->findings);
    if (h->args->matches)
        jsonw_ku64(&w, "matches", h->matches);
    jsonw_ku64(&w, "rules", s.rules);
    jsonw_ku64(&w, "rules_refused", s.rules_refused);
    jsonw_kdouble(&w, "load_cpu_s", s.load_cpu_s);
    jsonw_kdouble(&w, "cpu_s", cpu_s);
    jsonw_ku64(&w, "peak_rss_bytes", (uint64_t) ru.ru_maxrss * 1024);
    jsonw_ku64(&w, "unparsed", s.unparsed);
    jsonw_ku64(&w, "groups_evicted", s.groups_evicted);
    jsonw_ku64(&w, "values_dropped", s.values_dropped);
    jsonw_end(&w);
    fprintf(stderr, "%s\n", buf_z(&b));
    buf_done(&b);
}

/* A spool is one sequence already; files are put in order first. */
static int read_all(struct hunting *h, struct engine *e, struct registry *registry,
                    struct hunt_totals *totals, struct diag *err) {
    if (h->spool) {
        int e_spool = hunt_spool(e, registry, h->spool, &totals->bytes, err);
        /* With --updates the tellings are those of the live sensor, which has ended nothing; one line a finding
         * needs an end. */
        if (e_spool == 0 && !h->args->updates && (e_spool = engine_flush(e)) < 0)
            return diag_set(err, e_spool, "cannot go on: %s", err_word(e_spool));
        return e_spool;
    }
    int r = hunt_streams(e, h->files, h->n_files, &h->options, say_failed, h, totals);
    return r < 0 ? diag_set(err, r, "cannot go on: %s", err_word(r)) : 0;
}

static int run_with(struct hunting *h, struct registry *registry) {
    CLEANUP(engine_freep) struct engine *e = NULL;
    struct finding_sink sink = {
        .ctx = h, .put = print_finding, .ends_only = !h->args->updates};
    struct hunt_totals totals = {0};
    struct diag d = {0};
    struct engine_options o = {.rule_paths = h->args->rules.n ? h->args->rules.p : NULL,
                               .n_rule_paths = h->args->rules.n,
                               .decoder_paths = h->args->decoders.p,
                               .n_decoder_paths = h->args->decoders.n,
                               .statistics = h->args->statistics,
                               .sources = registry->sources,
                               .n_sources = SOURCES_MAX,
                               .parse_only = h->args->parse_only,
                               .match = h->args->matches ? print_matches : NULL,
                               .match_ctx = h};
    if (engine_new(&o, sink, &e, &d) < 0)
        return command_failed(&d);
    h->rules = engine_rules(e);
    engine_each_refused(e, say_refused, h);
    for (size_t i = 0; engine_decoder_refused(e, i); i++)
        (void) command_failed(engine_decoder_refused(e, i));
    double from = cpu_now_s();
    int r = read_all(h, e, registry, &totals, &d);
    if (r == 0 && (r = flush_out(h)) < 0)
        diag_set(&d, r, "cannot write the findings: %s", err_word(r));
    if (r < 0)
        return command_failed(&d);
    if (h->args->stats)
        print_stats(h, e, &totals, cpu_now_s() - from);
    return h->bad_input ? 1 : 0;
}

static int run(struct hunting *h) {
    struct registry registry;
    struct diag d = {0};
    int r = registry_init(&registry, &d);
    r = r < 0 ? command_failed(&d) : run_with(h, &registry);
    registry_done(&registry);
    return r;
}

static int run_hunt(void *settings, unsigned n_args, char **args) {
    struct hunting h = {.args = settings};
    struct arena arena;
    struct diag d = {0};
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    h.options.threads = (unsigned) (h.args->threads ? h.args->threads : cores < 1 ? 1 : cores > 8 ? 8 : cores);
    h.options.batch_bytes = (size_t) h.args->batch;
    arena_init(&arena, (size_t) 1 << 30);
    buf_init(&h.out, OUT_MAX);
    if (n_args == 1 && hunt_is_spool(args[0]))
        h.spool = args[0];
    int r = h.spool ? 0 : intake_expand_paths(&arena, (const char *const *) args, n_args, &h.files, &h.n_files, &d);
    r = r < 0 ? command_failed(&d) : run(&h);
    buf_done(&h.out);
    arena_done(&arena);
    return r;
}

static const struct cli_option OPTIONS[] = {
    {.name = "rules", .kind = CLI_LIST, .value = "PATH", .at = offsetof(struct hunt_args, rules),
     .help = "Sigma rules in this file or folder instead of the shipped ones (repeat for more)"},
    {.name = "decoders", .kind = CLI_LIST, .value = "DIR", .at = offsetof(struct hunt_args, decoders),
     .help = "files or folders of decoders beside the shipped ones (repeat for more)"},
    {.name = "statistics", .kind = CLI_STRING, .value = "FILE", .at = offsetof(struct hunt_args, statistics),
     .help = "what events are like, from 'kizuki rule learn', instead of the shipped (speed only; the output is the same)"},
    {.name = "stats", .kind = CLI_FLAG, .at = offsetof(struct hunt_args, stats),
     .help = "one JSON object as the last line on standard error"},
    {.name = "updates", .kind = CLI_FLAG, .at = offsetof(struct hunt_args, updates),
     .help = "print a finding each time it is told, not only when it has ended"},
    {.name = "matches", .kind = CLI_FLAG, .at = offsetof(struct hunt_args, matches),
     .help = "one line for each rule an event matches, in place of findings: rule, file and line"},
    {.name = "threads", .kind = CLI_NUMBER, .value = "N", .min = 1, .max = 64,
     .at = offsetof(struct hunt_args, threads),
     .help = "worker threads (one a core, at most 8; the output is the same)"},
    {.name = "batch", .kind = CLI_NUMBER, .value = "BYTES", .min = 1, .max = 16 * 1024 * 1024,
     .at = offsetof(struct hunt_args, batch),
     .help = "bytes decoded and matched together (262144; the output is the same)"},
    {.name = "no-cache", .kind = CLI_FLAG, .at = offsetof(struct hunt_args, no_cache),
     .help = "reuse nothing of one event for another (which is always so)"},
    {.name = "parse-only", .kind = CLI_FLAG, .at = offsetof(struct hunt_args, parse_only),
     .help = "read, unescape and look up every field a rule can ask for; nothing else"},
    {0},
};
const struct cli_command COMMAND_HUNT = {
    .name = "hunt", .args = "FILE…", .args_min = 1, .args_max = CLI_MANY,
    .help = "run all rules over stored logs and print findings as NDJSON",
    .text = "FILE is a file, a folder, a pattern or - for standard input; gzip, zstd, Windows event\n"
            "logs (EVTX) and JSON in any layout are read too (line is then the record or value). Several\n"
            "files are taken in order of time, so an attack seen in two logs is one attack. A folder of segments\n"
            "(DATA/spool) is replayed as it arrived.\n"
            "\n"
            "--stats prints events, bytes, findings, rules, rules_refused, load_cpu_s (the rules), cpu_s (all\n"
            "after the load) and peak_rss_bytes.\n"
            "\n"
            "Exit status: 0, 1 when a file could not be read, 2 when the call is wrong.\n",
    .options = OPTIONS, .size = sizeof(struct hunt_args), .run = run_hunt};
