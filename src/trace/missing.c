/* Which log is missing. A log of leases that usually speaks every few minutes and says nothing for an hour is missing for
 * that hour; where a log speaks and does not mention the address, that is said instead, because another one is wanted. */
#include "trace/trace_priv.h"

#include <stdlib.h>

#define GAP_NS (30 * NS_PER_MIN) /* a lease is renewed this often even in a small office */
#define AROUND_NS (12 * NS_PER_HOUR)
enum { GAP_TIMES = 8 };

static int by_time(const void *a, const void *b) {
    const struct beat *x = a, *y = b;
    return (x->at_ns > y->at_ns) - (x->at_ns < y->at_ns);
}

static int by_size(const void *a, const void *b) {
    int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;
    return (x > y) - (x < y);
}

/* The usual time between two beats of one source: the middle one. */
static int64_t usual(const struct trace *t, const struct trace_source *s) {
    int64_t gaps[256], last = TIME_NONE;
    size_t n = 0;
    for (size_t i = 0; i < t->n_beats && n < ARRAY_SIZE(gaps); i++) {
        if (t->beats[i].source != s)
            continue;
        if (last != TIME_NONE)
            gaps[n++] = t->beats[i].at_ns - last;
        last = t->beats[i].at_ns;
    }
    if (!n)
        return 0;
    qsort(gaps, n, sizeof *gaps, by_size);
    return gaps[n / 2];
}

static bool gap_of(const struct trace *t, struct trace_source *s, int64_t at_ns, struct gap *ret) {
    int64_t before = TIME_NONE, after = TIME_NONE;
    for (size_t i = 0; i < t->n_beats; i++) {
        if (t->beats[i].source != s)
            continue;
        if (t->beats[i].at_ns <= at_ns)
            before = t->beats[i].at_ns;
        else if (after == TIME_NONE)
            after = t->beats[i].at_ns;
    }
    int64_t from = before == TIME_NONE ? at_ns - AROUND_NS : before, to = after == TIME_NONE ? MIN(at_ns + AROUND_NS, t->q.now_ns) : after;
    if (to - from <= MAX(GAP_NS, GAP_TIMES * usual(t, s)))
        return false;
    *ret = (struct gap){.log = "dhcp", .why = "gap", .about = STR(""), .source = s->name, .from_ns = from, .to_ns = to};
    return true;
}

/* Whether this source ever leased the address, or nobody we know of did. */
static bool may_lease(const struct trace *t, const struct trace_source *s, const struct ip *ip) {
    bool any = false;
    for (size_t i = 0; i < t->n_facts; i++) {
        if (t->facts[i].kind != FACT_LEASE || !ip_eq(&t->facts[i].inner, ip))
            continue;
        if (t->facts[i].source == s)
            return true;
        any = true;
    }
    return !any;
}

bool trace_lease_gap(const struct trace *t, const struct ip *ip, int64_t at_ns, struct gap *ret) {
    for (struct trace_source *s = t->heard; s; s = s->next_heard)
        if (may_lease(t, s, ip) && gap_of(t, s, at_ns, ret))
            return true;
    if (t->heard)
        return false;
    *ret = (struct gap){.log = "dhcp", .why = "none", .about = STR(""), .source = STR(""), .from_ns = at_ns - AROUND_NS,
                        .to_ns = MIN(at_ns + AROUND_NS, t->q.now_ns)};
    return true;
}

void trace_sort_beats(struct trace *t) {
    if (t->n_beats)
        qsort(t->beats, t->n_beats, sizeof *t->beats, by_time);
    for (size_t i = t->n_beats; i-- > 0;) { /* the list in order of the first beat */
        struct trace_source *s = t->beats[i].source;
        if (s->heard && t->heard == s)
            continue;
        for (struct trace_source **at = &t->heard; *at; at = &(*at)->next_heard)
            if (*at == s) {
                *at = s->next_heard;
                break;
            }
        s->heard = true;
        s->next_heard = t->heard;
        t->heard = s;
    }
}

static int add_gap(struct trace *t, const struct gap *g) {
    for (size_t i = 0; i < t->n_gaps; i++)
        if (strcmp(t->gaps[i].log, g->log) == 0 && strcmp(t->gaps[i].why, g->why) == 0 && str_eq(t->gaps[i].about, g->about))
            return 0;
    int r = arena_grow(&t->arena, (void **) &t->gaps, &t->gaps_cap, t->n_gaps + 1, sizeof *t->gaps);
    if (r == 0)
        t->gaps[t->n_gaps++] = *g;
    return r;
}

static int add(struct trace *t, const char *log, const char *why, struct str about, int64_t from_ns, int64_t to_ns) {
    struct gap g = {.log = log, .why = why, .about = arena_dup(&t->arena, about), .source = STR(""), .from_ns = from_ns, .to_ns = to_ns};
    return g.about.p ? add_gap(t, &g) : -ENOMEM;
}

/* Nothing translates to the address then. */
static int outer_gap(struct trace *t) {
    char about[IP_CAP];
    for (size_t i = 0; i < t->n_paths; i++)
        if (!t->paths[i].shift && (t->paths[i].n || t->paths[i].ip.version == 6))
            return 0;
    ip_format(&t->q.address, about);
    return add(t, "nat", t->nat_heard ? "port_not_in_it" : "none", str_of(about), t->q.at_ns - t->q.error_ns,
               t->q.at_ns + t->q.width_ns + t->q.error_ns);
}

static bool is_private(const struct ip *ip) {
    static const char *const nets[] = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"};
    for (size_t i = 0; i < ARRAY_SIZE(nets); i++) {
        struct ip_prefix p;
        if (ip_prefix_parse(str_of(nets[i]), &p) == 0 && ip_prefix_contains(&p, ip))
            return true;
    }
    return false;
}

static int machine_gap(struct trace *t, const struct candidate *c, struct str about) {
    struct gap g;
    int64_t from = c->path->from_ns, to = c->path->to_ns;
    if (c->holder.fact && !(c->holder.why & 1u << WHY_LEASE_GAP))
        return 0;
    if (c->path->ip.version == 6 && !c->holder.fact)
        return add(t, "neighbour", "none", about, from, to);
    if (trace_lease_gap(t, &c->path->ip, from, &g))
        return add_gap(t, &g);
    if (c->user.fact && c->user.fact->kind == FACT_HOLDER) /* a VPN gives addresses without leases */
        return 0;
    return c->holder.fact ? 0 : add(t, "dhcp", "not_in_it", about, from, to);
}

static int candidate_gaps(struct trace *t, const struct candidate *c) {
    char about[IP_CAP];
    const struct hop *last = c->path->n ? &c->path->hops[c->path->n - 1] : NULL;
    ip_format(&c->path->ip, about);
    int r = machine_gap(t, c, str_of(about));
    if (r == 0 && !c->user.fact)
        r = add(t, "login", "none", c->holder.host.n ? c->holder.host : str_of(about), c->path->from_ns - AROUND_NS, c->path->to_ns);
    /* another's address, and nothing of ours behind it: it translates again */
    if (r == 0 && last && !c->holder.fact && !c->user.fact && !is_private(&c->path->ip) && c->path->ip.version == 4)
        r = add(t, "nat", "none", str_of(about), c->path->from_ns, c->path->to_ns);
    return r;
}

int trace_find_gaps(struct trace *t) {
    int r = outer_gap(t);
    for (size_t i = 0; r == 0 && i < t->n_candidates; i++)
        if (!t->candidates[i].path->shift && t->candidates[i].doubt <= t->candidates[0].doubt + DOUBT_LIKELY)
            r = candidate_gaps(t, &t->candidates[i]);
    return r;
}
