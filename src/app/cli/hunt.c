#include "app/cli/hunt.h"

#include "app/cli/command.h"
#include "app/cli/hunt_streams.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "intake/reader.h"

#include <getopt.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { RULE_PATHS_MAX = 256, OUT_FLUSH_BYTES = 65536, OUT_MAX = 64 * 1024 * 1024 };

struct hunting {
    const char *rule_paths[RULE_PATHS_MAX];
    size_t n_rule_paths;
    struct engine_options engine;
    struct hunt_options options;
    bool stats, updates;
    const char **files;
    size_t n_files;
    struct buf out;
    uint64_t findings;
    int out_error;
    bool bad_input;
};

static const char HELP[] =
    "usage: kizuki hunt [OPTION]… FILE…\n"
    "\n"
    "Runs all rules over stored logs of any known format and prints findings as NDJSON.\n"
    "FILE is a file, a folder, a pattern or - for standard input; gzip and zstd are read too.\n"
    "Several files are taken in order of time, so an attack seen in two logs is one attack.\n"
    "\n"
    "  --rules PATH    Sigma rules in this file or folder (may be repeated); without it the shipped rules\n"
    "  --stats         one JSON object as the last line on standard error: events, bytes, findings, rules,\n"
    "                  rules_refused, load_cpu_s, cpu_s (all after the load), peak_rss_bytes\n"
    "  --updates       print every telling of a finding: when it opens, while it grows, when it ends\n"
    "                  (without it: once, complete, when it ended)\n"
    "  --threads N     worker threads (default: one a core, at most 8; the output is the same)\n"
    "  --batch BYTES   bytes decoded and matched together (default 262144; the output is the same)\n"
    "  --no-cache      no match result or decoded value of one event is reused for another\n"
    "  --parse-only    read, unescape and look up every field a rule can ask for; nothing else\n"
    "  --help          this text\n"
    "\n"
    "Exit status: 0, 1 when a file could not be read, 2 when the call is wrong.\n";

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
    if (f->state == FINDING_END || (f->state == FINDING_OPEN && h->updates))
        h->findings += f->state == FINDING_END;
    if (f->state != FINDING_END && !h->updates)
        return 0;
    finding_write_json(f, name_of_stream, h, &h->out);
    buf_add_byte(&h->out, '\n');
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

static int run(struct hunting *h) {
    CLEANUP(engine_freep) struct engine *e = NULL;
    struct finding_sink sink = {.ctx = h, .put = print_finding};
    struct hunt_totals totals = {0};
    struct diag d;
    h->engine.rule_paths = h->n_rule_paths ? h->rule_paths : NULL;
    h->engine.n_rule_paths = h->n_rule_paths;
    if (engine_new(&h->engine, sink, &e, &d) < 0)
        return command_failed(&d);
    engine_each_refused(e, say_refused, h);
    double from = cpu_now_s();
    int r = hunt_streams(e, h->files, h->n_files, &h->options, say_failed, h, &totals);
    if (r == 0)
        r = flush_out(h);
    if (r < 0) {
        diag_set(&d, r, "cannot go on: %s", err_word(r));
        return command_failed(&d);
    }
    if (h->stats)
        print_stats(h, e, &totals, cpu_now_s() - from);
    return h->bad_input ? 1 : 0;
}

static int read_options(struct hunting *h, int argc, char **argv) {
    static const struct option options[] = {
        {"rules", required_argument, NULL, 'r'},   {"stats", no_argument, NULL, 's'},
        {"updates", no_argument, NULL, 'u'},       {"threads", required_argument, NULL, 't'},
        {"batch", required_argument, NULL, 'b'},   {"no-cache", no_argument, NULL, 'n'},
        {"parse-only", no_argument, NULL, 'p'},    {"help", no_argument, NULL, 'h'},
        {0},
    };
    uint64_t v;
    int c;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case 'r':
            if (h->n_rule_paths == RULE_PATHS_MAX)
                return command_misused("hunt", "at most 256 --rules");
            h->rule_paths[h->n_rule_paths++] = optarg;
            break;
        case 's':
            h->stats = true;
            break;
        case 'u':
            h->updates = true;
            break;
        case 't':
            if (str_to_u64(str_of(optarg), &v) < 0 || v < 1 || v > 64)
                return command_misused("hunt", "--threads wants a number from 1 to 64");
            h->options.threads = (unsigned) v;
            break;
        case 'b':
            if (str_to_u64(str_of(optarg), &v) < 0 || v < 1 || v > 16 * 1024 * 1024)
                return command_misused("hunt", "--batch wants a number of bytes up to 16777216");
            h->options.batch_bytes = (size_t) v;
            break;
        case 'n': /* nothing of one event is ever used for another: there is no cache to switch off */
            break;
        case 'p':
            h->engine.parse_only = true;
            break;
        case 'h':
            fputs(HELP, stdout);
            return -1;
        default:
            return command_misused("hunt", "see kizuki hunt --help");
        }
    }
    if (optind == argc)
        return command_misused("hunt", "no file; give log files, or - for standard input");
    return 0;
}

int cmd_hunt(int argc, char **argv) {
    struct hunting h = {0};
    struct arena arena;
    struct diag d;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    h.options.threads = (unsigned) (cores < 1 ? 1 : cores > 8 ? 8 : cores);
    int r = read_options(&h, argc, argv);
    if (r)
        return r < 0 ? 0 : r;
    arena_init(&arena, (size_t) 1 << 30);
    buf_init(&h.out, OUT_MAX);
    r = intake_expand_paths(&arena, (const char *const *) argv + optind, (size_t) (argc - optind),
                            &h.files, &h.n_files, &d);
    r = r < 0 ? command_failed(&d) : run(&h);
    buf_done(&h.out);
    arena_done(&arena);
    return r;
}
