/* What matching costs: bench_match [--fields DIR] [--statistics FILE] [--learn FILE] [--check] [--rounds N] RULES… -- FILE…
 *
 * Reads each FILE, then takes turns: decode every line; decode and match every line. The difference is
 * matching alone, with caches as the engine leaves them. CPU time, the least of the rounds. `least_ns` is matching by
 * the clock, the least of the rounds taken event by event: what a machine shared with others disturbs least. `hits` is a
 * hash over (line, rule) of all matches. With --check each event is also judged without triggers and any
 * difference ends the run: triggers may never cost a match. --learn writes statistics of all FILEs afterwards.
 *
 * Not measured here: reading files, correlation, output. */
#include "base/buf.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/time.h"
#include "decode/decode.h"
#include "detect/learn.h"
#include "detect/statistics.h"
#include "intake/reader.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS_MAX = 101, RULE_PATHS_MAX = 64 };

struct options {
    const char *rules[RULE_PATHS_MAX], *fields, *statistics, *learn;
    size_t n_rules;
    uint64_t rounds;
    bool check;
};
struct bench {
    struct event_names *names;
    struct detect_rules *rules;
    struct detect_fields *fields;
    struct detect_statistics *statistics;
    struct detect_learner *learner;
    struct detect_plan *plan;
    struct detect_matcher *matcher;
    struct decode *decode;
    struct decode_lane *lane;
    struct decoder port;
};
struct lines {
    uint64_t *least; /* by line */
    struct raw_record *at;
    size_t n, cap;
    uint64_t bytes;
    struct arena arena;
};
struct totals {
    uint64_t hits, n_hits, wrong;
};

static double cpu_s(void) {
    struct timespec ts;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}

static uint64_t clock_ns(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t) ts.tv_sec * NS_PER_S + (uint64_t) ts.tv_nsec;
}

static int keep_lines(struct lines *l, const struct intake_batch *b) {
    for (size_t i = 0; i < b->n; i++) {
        struct raw_record rec = b->records[i];
        rec.bytes = arena_dup(&l->arena, rec.bytes);
        if (!rec.bytes.p ||
            mem_grow((void **) &l->at, &l->cap, l->n + 1, SIZE_MAX / sizeof rec, sizeof rec) < 0)
            return -ENOMEM;
        l->at[l->n++] = rec;
        l->bytes += rec.bytes.n;
    }
    return 0;
}

static int read_lines(const char *path, struct lines *l, struct diag *diag) {
    CLEANUP(intake_reader_freep) struct intake_reader *r = NULL;
    struct intake_reader_options o = {.flags = RAW_BACKFILL};
    struct intake_batch b;
    int k = intake_reader_open(path, &o, &r, diag);
    if (k < 0)
        return k;
    arena_init(&l->arena, (size_t) 8 << 30);
    intake_batch_init(&b);
    while ((k = intake_reader_next(r, &b, diag)) > 0)
        if ((k = keep_lines(l, &b)) < 0)
            break;
    intake_batch_done(&b);
    return k;
}

static int check_one(const struct bench *x, const struct event *ev, const uint32_t *hits, uint32_t n,
                     struct totals *t) {
    static uint32_t before[65536];
    const uint32_t *all;
    uint32_t n_all;
    if (n > ARRAY_SIZE(before))
        return -ERR_LIMIT;
    if (n)
        memcpy(before, hits, n * sizeof *before);
    int r = detect_match_exhaustive(x->matcher, ev, &all, &n_all);
    if (r == 0)
        t->wrong += n != n_all || (n && memcmp(before, all, n * sizeof *before) != 0);
    return r;
}

static int run(const struct bench *x, const struct lines *l, bool match, bool check, struct totals *t,
               double *ret_s) {
    struct arena a;
    arena_init(&a, BATCH_ARENA_BYTES_MAX);
    double from = cpu_s();
    int r = 0;
    for (size_t i = 0; r == 0 && i < l->n; i++) {
        struct event ev;
        const uint32_t *hits;
        uint32_t n = 0;
        arena_reset(&a);
        event_begin(&ev, &a, x->names, &l->at[i]);
        ev.lazy = true;
        r = x->port.decode(x->port.ctx, &l->at[i], &ev);
        uint64_t began = match ? clock_ns() : 0;
        if (r == 0 && match) {
            r = detect_match(x->matcher, &ev, &hits, &n);
            l->least[i] = MIN(l->least[i], clock_ns() - began);
        }
        t->n_hits += n;
        for (uint32_t k = 0; r == 0 && k < n; k++)
            t->hits = hash_mix(t->hits, (uint64_t) i << 32 | hits[k]);
        if (r == 0 && check)
            r = check_one(x, &ev, hits, n, t);
    }
    *ret_s = cpu_s() - from;
    arena_done(&a);
    return r;
}

/* Other work on the machine can only add. */
static double least(const double *at, size_t n) {
    double best = at[0];
    for (size_t i = 1; i < n; i++)
        best = MIN(best, at[i]);
    return best;
}

static void print(const char *path, const struct lines *l, const struct totals *t,
                  const struct detect_stats *s, double decode_s, double both_s) {
    double n = (double) l->n, m = (double) s->events;
    uint64_t least_ns = 0;
    for (size_t i = 0; i < l->n; i++)
        least_ns += l->least[i];
    printf("{\"file\":\"%s\",\"events\":%zu,\"decode_ns\":%.0f,\"match_ns\":%.0f,\"least_ns\":%.0f,\"both_per_s\":%.0f,"
           "\"lanes\":%.2f,\"probes\":%.2f,\"grams\":%.2f,\"candidates\":%.2f,\"evaluated\":%.2f,"
           "\"regexes\":%.3f,\"hits\":%" PRIu64 ",\"hash\":\"%016" PRIx64 "\"}\n",
           path, l->n, decode_s / n * 1e9, (both_s - decode_s) / n * 1e9, (double) least_ns / n, n / both_s,
           (double) s->plans / m, (double) s->probes / m, (double) s->grams / m,
           (double) s->candidates / m, (double) s->evaluated / m, (double) s->regexes / m, t->n_hits,
           t->hits);
    fflush(stdout);
}

static int learn(const struct bench *x, const struct lines *l) {
    struct arena a;
    arena_init(&a, BATCH_ARENA_BYTES_MAX);
    int r = 0;
    for (size_t i = 0; r == 0 && i < l->n; i++) {
        struct event ev;
        arena_reset(&a);
        event_begin(&ev, &a, x->names, &l->at[i]);
        r = x->port.decode(x->port.ctx, &l->at[i], &ev);
        if (r == 0)
            r = detect_learn(x->learner, x->matcher, &ev);
    }
    arena_done(&a);
    return r;
}

static int write_learnt(const struct bench *x, const char *path, struct diag *diag) {
    struct buf out;
    buf_init(&out, STATISTICS_BYTES_MAX);
    int r = detect_learner_write(x->learner, &out);
    if (r == 0)
        r = file_write_atomic(path, buf_str(&out), 0644, diag);
    buf_done(&out);
    return r;
}

static int measure(const struct bench *x, const char *path, const struct options *o, struct diag *diag) {
    struct lines l = {0};
    double decode_s[ROUNDS_MAX], both_s[ROUNDS_MAX];
    struct totals t = {0};
    struct detect_stats before = *detect_matcher_stats(x->matcher), s;
    int r = read_lines(path, &l, diag);
    l.least = mem_alloc((l.n + 1) * sizeof *l.least);
    if (r == 0 && !l.least)
        r = -ENOMEM;
    if (r == 0)
        memset(l.least, 0xff, l.n * sizeof *l.least);
    for (uint64_t i = 0; r == 0 && i < o->rounds; i++) {
        struct totals none = {0};
        t = none;
        r = run(x, &l, false, false, &none, &decode_s[i]);
        if (r == 0)
            r = run(x, &l, true, false, &t, &both_s[i]);
    }
    if (r == 0) {
        s = *detect_matcher_stats(x->matcher);
#define SINCE(x) s.x -= before.x
        SINCE(events), SINCE(plans), SINCE(candidates), SINCE(evaluated), SINCE(probes), SINCE(grams),
            SINCE(regexes);
        print(path, &l, &t, &s, least(decode_s, o->rounds), least(both_s, o->rounds));
    }
    if (r == 0 && o->check) {
        double unused;
        r = run(x, &l, true, true, &t, &unused);
        printf("{\"events\":%zu,\"judged_otherwise_without_triggers\":%" PRIu64 "}\n", l.n, t.wrong);
        if (r == 0 && t.wrong)
            r = diag_set(diag, -ERR_CORRUPT, "%s: triggers lose matches", path);
    }
    if (r == 0 && x->learner)
        r = learn(x, &l);
    mem_free(l.least);
    mem_free(l.at);
    arena_done(&l.arena);
    return r;
}

static int prepare(struct bench *x, const struct options *o, struct diag *diag) {
    struct detect_plan_options opt = {0};
    double from = cpu_s(), read;
    x->names = event_names_new();
    int r = x->names ? detect_rules_load(o->rules, o->n_rules, &x->rules, diag) : -ENOMEM;
    read = cpu_s();
    if (r == 0)
        r = detect_fields_load(o->fields, &x->fields, diag);
    if (r == 0 && o->statistics)
        r = detect_statistics_load(o->statistics, &x->statistics, diag);
    opt.fields = x->fields;
    opt.statistics = x->statistics;
    if (r == 0)
        r = detect_plan_new(x->rules, x->names, &opt, &x->plan, diag);
    if (r < 0)
        return r;
    event_names_freeze(x->names);
    printf("{\"rules\":%u,\"refused\":%u,\"read_cpu_s\":%.3f,\"plan_cpu_s\":%.3f}\n", x->rules->n,
           x->rules->n_refused, read - from, cpu_s() - read);
    x->matcher = detect_matcher_new(x->plan);
    r = decode_new(x->names, NULL, NULL, NULL, &x->decode, diag);
    if (r < 0 || !x->matcher)
        return r < 0 ? r : -ENOMEM;
    x->lane = decode_lane_new(x->decode);
    if (!x->lane)
        return -ENOMEM;
    x->port = decode_lane_port(x->lane);
    return 0;
}

static void done(struct bench *x) {
    detect_matcher_free(x->matcher);
    detect_plan_unref(x->plan);
    detect_fields_free(x->fields);
    detect_statistics_free(x->statistics);
    detect_learner_free(x->learner);
    decode_lane_free(x->lane);
    decode_free(x->decode);
    detect_rules_unref(x->rules);
    event_names_free(x->names);
}

/* The number of arguments before the files; 0 when the call is wrong. */
static int read_options(int argc, char **argv, struct options *o) {
    int i = 1;
    for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--check") == 0)
            o->check = true;
        else if (strcmp(argv[i], "--fields") == 0 && i + 1 < argc)
            o->fields = argv[++i];
        else if (strcmp(argv[i], "--statistics") == 0 && i + 1 < argc)
            o->statistics = argv[++i];
        else if (strcmp(argv[i], "--learn") == 0 && i + 1 < argc)
            o->learn = argv[++i];
        else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) {
            if (str_to_u64(str_of(argv[++i]), &o->rounds) < 0 || !o->rounds || o->rounds > ROUNDS_MAX)
                return 0;
        } else if (o->n_rules < RULE_PATHS_MAX)
            o->rules[o->n_rules++] = argv[i];
    }
    return o->n_rules && i + 1 < argc ? i + 1 : 0;
}

int main(int argc, char **argv) {
    struct options o = {.fields = "content/fields", .rounds = 5};
    struct bench x = {0};
    struct diag d = {0};
    char text[1024];
    int first = read_options(argc, argv, &o);
    if (!first)
        return 2;
    int r = prepare(&x, &o, &d);
    if (r == 0 && o.learn && !(x.learner = detect_learner_new()))
        r = -ENOMEM;
    for (int i = first; r == 0 && i < argc; i++)
        r = measure(&x, argv[i], &o, &d);
    if (r == 0 && o.learn)
        r = write_learnt(&x, o.learn, &d);
    if (r < 0)
        fprintf(stderr, "%s\n", d.code ? diag_format(&d, text, sizeof text) : err_word(r));
    done(&x);
    return r < 0;
}
