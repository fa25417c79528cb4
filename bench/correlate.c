/* One correlation over many live groups: bench_correlate TYPE GROUPS EVENTS VALUES. One JSON
 * object.
 *
 * Every group gets an event first, in order; then each event goes to a group by chance, which is
 * the worst case for caches. TYPE value_count: each event has one of VALUES values. The condition
 * is never true, so that counting alone is measured; processor time of the second part only. */
#include "detect/correlate.h"
#include "base/hash.h"
#include "base/mem.h"

#include <inttypes.h>
#include <sys/resource.h>

static const char rules[] =
    "title: Try\nid: try\nname: try\nlogsource: {category: test}\nkizuki: {finding: never}\n"
    "detection: {s: {x: y}, condition: s}\n---\n"
    "title: Count\nid: count\nname: count\ncorrelation: {type: %s, rules: [try],\n"
    "  group-by: [source.ip], timespan: 1h, condition: {%sgte: %u}}\n";

static int none(void *ctx UNUSED, const struct finding *f UNUSED) {
    return 0;
}

static double cpu_s(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double) u.ru_utime.tv_sec + (double) u.ru_stime.tv_sec +
           ((double) u.ru_utime.tv_usec + (double) u.ru_stime.tv_usec) / 1e6;
}

struct bench {
    struct event_names *names;
    struct detect_rules *set;
    struct correlate_plan *plan;
    struct correlate *c;
    struct arena arena;
    uint32_t f_source, f_user;
    uint64_t n;
};

/* By hand, because printf would be a fifth of the time. */
static size_t put_number(char *dst, uint32_t v) {
    char z[10];
    size_t n = 0, i = 0;
    do
        z[n++] = (char) ('0' + v % 10);
    while (v /= 10);
    while (n)
        dst[i++] = z[--n];
    return i;
}

static struct str make_address(uint32_t group, char *dst) {
    size_t n = 3;
    memcpy(dst, "10.", 3);
    for (int shift = 16; shift >= 0; shift -= 8) {
        n += put_number(dst + n, group >> shift & 255);
        dst[n++] = '.';
    }
    return str_n(dst, n - 1);
}

static int feed(struct bench *b, uint32_t group, uint32_t value, bool with_value) {
    char address[24], user[24];
    struct raw_record raw = {.pos = {.n = ++b->n}};
    struct event ev;
    uint32_t hit = 0;
    arena_reset(&b->arena);
    event_begin(&ev, &b->arena, b->names, &raw);
    ev.time_ns = (int64_t) b->n * 1000;
    int r = event_add(&ev, b->f_source, make_address(group, address));
    if (r == 0 && with_value)
        r = event_add(&ev, b->f_user, str_n(user, put_number(user, value)));
    return r < 0 ? r : correlate_event(b->c, &ev, &hit, 1);
}

static int open_bench(struct bench *b, bool values, struct diag *d) {
    static const struct correlate_limits limits = {
        .groups_max = CORRELATION_GROUPS_MAX, .bytes_max = (size_t) 1 << 30, .findings_max = 16};
    struct finding_sink sink = {.put = none};
    char text[1024];
    snprintf(text, sizeof text, rules, values ? "value_count" : "event_count",
             values ? "field: user.name, " : "", values ? 4096 : 65536);
    arena_init(&b->arena, 1 << 20);
    b->names = event_names_new();
    int r = b->names ? detect_rules_load_text(str_of(text), "bench", &b->set, d) : -ENOMEM;
    if (r == 0)
        r = correlate_plan_new(b->set, b->names, &b->plan, d);
    if (r == 0 && b->set->n_refused)
        r = diag_set(d, -ERR_REFUSED, "%s", b->set->refused[0]->diag.text);
    int source = r == 0 ? event_names_intern(b->names, STR("source.ip")) : r;
    int user = r == 0 ? event_names_intern(b->names, STR("user.name")) : r;
    if (r == 0 && (source < 0 || user < 0))
        r = -ENOMEM;
    b->f_source = (uint32_t) source;
    b->f_user = (uint32_t) user;
    return r == 0 ? correlate_new(b->plan, &sink, &limits, &b->c) : r;
}

int main(int argc, char **argv) {
    uint64_t groups, events, values;
    struct bench b = {0};
    struct diag d = {0};
    if (argc != 5 || str_to_u64(str_of(argv[2]), &groups) < 0 || !groups || groups > 1 << 24 ||
        str_to_u64(str_of(argv[3]), &events) < 0 || str_to_u64(str_of(argv[4]), &values) < 0 ||
        !values) {
        fprintf(stderr, "usage: bench_correlate event_count|value_count GROUPS EVENTS VALUES\n");
        return 2;
    }
    bool with_value = strcmp(argv[1], "value_count") == 0;
    int r = open_bench(&b, with_value, &d);
    for (uint32_t i = 0; r == 0 && i < groups; i++)
        r = feed(&b, i, 0, with_value);
    double from = cpu_s();
    uint64_t chance = 1;
    for (uint64_t i = 0; r == 0 && i < events; i++) {
        chance = hash_mix(chance, i);
        r = feed(&b, (uint32_t) ((chance >> 20) % groups), (uint32_t) (chance % values),
                 with_value);
    }
    double spent = cpu_s() - from;
    if (r < 0) {
        fprintf(stderr, "bench_correlate: %s\n", d.text[0] ? d.text : "out of memory");
        return 1;
    }
    struct correlate_stats s;
    struct rusage u;
    correlate_stats(b.c, &s);
    getrusage(RUSAGE_SELF, &u);
    printf("{\"type\":\"%s\",\"live_groups\":%" PRIu64 ",\"groups_evicted\":%" PRIu64
           ",\"events\":%" PRIu64 ",\"cpu_s\":%.3f,\"events_per_cpu_s\":%.0f,\"state_mb\":%.1f,"
           "\"bytes_a_group\":%.0f,\"peak_rss_mb\":%.1f}\n",
           argv[1], s.groups, s.groups_evicted, events, spent, (double) events / spent,
           (double) s.bytes / 1e6, (double) s.bytes / (double) s.groups,
           (double) u.ru_maxrss / 1e3);
    correlate_free(b.c);
    correlate_plan_free(b.plan);
    detect_rules_unref(b.set);
    event_names_free(b.names);
    arena_done(&b.arena);
    return 0;
}
