/* What indicators cost the stream: bench_indicators LINES COUNT [ROUNDS]. LINES: a file of log lines.
 *
 * The engine as the sensor runs it (decoding, all shipped rules, correlation; one lane), over the same records in turns:
 * without indicators and with COUNT of them, six addresses in ten, three names and a SHA-256. One of the addresses stands in a few lines
 * of bench/keep_gen: that a finding comes of it is checked, so that nobody measures a matcher that finds nothing. CPU time, the least
 * of the rounds. Not measured: reading, the spool. */
#include "app/engine/engine.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/time.h"
#include "indicator/set.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BATCH = 256 };
#define ARRIVAL_NS INT64_C(1795273200000000000)

static _Noreturn void give_up(const struct diag *d) {
    char line[1024];
    fprintf(stderr, "bench_indicators: %s\n", diag_format(d, line, sizeof line));
    exit(1);
}

static double cpu_s(void) {
    struct timespec ts;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}

struct lines {
    struct raw_record *at;
    size_t n, cap;
};

static void read_lines(struct arena *a, const char *path, struct lines *ret) {
    struct diag d = {0};
    struct str text, line;
    if (file_read(a, path, (size_t) 2 << 30, &text, &d) < 0)
        give_up(&d);
    while (str_split(&text, '\n', &line)) {
        if (!line.n)
            continue;
        if (mem_grow((void **) &ret->at, &ret->cap, ret->n + 1, UINT32_MAX, sizeof *ret->at) < 0)
            exit(1);
        ret->at[ret->n] = (struct raw_record){.bytes = line, .arrival_ns = ARRIVAL_NS, .pos = {.stream = 0, .n = ret->n + 1}};
        ret->n++;
    }
}

static void add(struct indicator_list *l, enum indicator_kind kind, struct str value) {
    struct indicator i = {.kind = kind, .tlp = INDICATOR_TLP_GREEN, .confidence = 80, .value = value, .source = STR("bench"), .id = STR(""), .note = STR(""),
                          .first_ns = TIME_NONE, .last_ns = TIME_NONE, .valid_until_ns = TIME_NONE};
    if (indicator_list_add(l, &i) < 0)
        exit(1);
}

static struct indicator_set *make_set(size_t count) {
    struct indicator_list l;
    struct indicator_set *set;
    indicator_list_init(&l);
    add(&l, INDICATOR_IPV4, STR("198.51.100.77"));
    for (size_t i = 1; i < count; i++) {
        char z[80];
        uint8_t sum[SHA256_BYTES];
        uint64_t k = hash_mix(i, 7);
        if (i % 10 < 6) {
            snprintf(z, sizeof z, "%u.%u.%u.%u", 1 + (unsigned) (i % 9), (unsigned) (i / 9 % 251), (unsigned) (k % 256), (unsigned) (k >> 8) % 256);
            add(&l, INDICATOR_IPV4, str_of(z));
        } else if (i % 10 < 9) {
            snprintf(z, sizeof z, "h%llx.bad%u.example", (unsigned long long) (k & 0xffffffff), (unsigned) (i % 5000));
            add(&l, INDICATOR_DOMAIN, str_of(z));
        } else {
            sha256_of(str_n((const char *) &k, sizeof k), sum);
            hex_encode(sum, sizeof sum, z);
            add(&l, INDICATOR_SHA256, str_of(z));
        }
    }
    if (indicator_set_of_list(&l, &set) < 0)
        exit(1);
    indicator_list_done(&l);
    return set;
}

struct told {
    uint64_t findings;
};
static int count_finding(void *ctx, const struct finding *f UNUSED) {
    ((struct told *) ctx)->findings++;
    return 0;
}

static double round_of(const struct lines *lines, struct indicator_set *set, struct told *told) {
    static const struct source unknown;
    struct engine_options o = {.sources = &unknown, .n_sources = 1, .indicators = true, .indicator_set = set};
    struct engine_stream stream = ENGINE_STREAM_START;
    struct engine *e;
    struct diag d = {0};
    *told = (struct told){0};
    if (engine_new(&o, (struct finding_sink){.ctx = told, .put = count_finding, .ends_only = true}, &e, &d) < 0)
        give_up(&d);
    struct engine_lane *lane = engine_lane_new(e);
    struct engine_batch *batch = engine_batch_new();
    double from = cpu_s();
    for (size_t i = 0; lane && batch && i < lines->n; i += BATCH)
        if (engine_process(lane, lines->at + i, MIN(lines->n - i, (size_t) BATCH), batch) < 0 || engine_consume(e, batch, &stream) < 0)
            exit(1);
    if (!lane || !batch || engine_flush(e) < 0)
        exit(1);
    double took = cpu_s() - from;
    engine_batch_free(batch);
    engine_lane_free(lane);
    engine_free(e);
    return took;
}

int main(int argc, char **argv) {
    struct lines lines = {0};
    struct told without, with;
    struct arena a;
    uint64_t count = 0, rounds = 5;
    double least[2] = {1e9, 1e9};
    if (argc < 3 || str_to_u64(str_of(argv[2]), &count) < 0 || (argc > 3 && str_to_u64(str_of(argv[3]), &rounds) < 0)) {
        fputs("usage: bench_indicators LINES COUNT [ROUNDS]\n", stderr);
        return 2;
    }
    arena_init(&a, (size_t) 3 << 30);
    read_lines(&a, argv[1], &lines);
    struct indicator_set *set = make_set((size_t) count);
    for (uint64_t i = 0; i < rounds; i++) {
        double t = round_of(&lines, NULL, &without);
        least[0] = MIN(least[0], t);
        t = round_of(&lines, set, &with);
        least[1] = MIN(least[1], t);
    }
    printf("{\"lines\":%zu,\"indicators\":%zu,\"without_s\":%.3f,\"with_s\":%.3f,\"cost_percent\":%.1f,\"findings_without\":%llu,\"findings_with\":%llu}\n", lines.n,
           indicator_set_count(set), least[0], least[1], 100 * (least[1] / least[0] - 1), (unsigned long long) without.findings,
           (unsigned long long) with.findings);
    indicator_set_unref(set);
    mem_free(lines.at);
    arena_done(&a);
    return with.findings > without.findings ? 0 : 1;
}
