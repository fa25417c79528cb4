/* Paths: from the address asked for inwards. A translation fits when the time asked for lies in its span, or near it;
 * the further away the more doubt. */
#include "trace/trace_priv.h"

#include <stdlib.h>

#define NEAR_NS (5 * NS_PER_MIN)  /* further away it is not told: a port is used again within minutes */
#define OPEN_NS (12 * NS_PER_HOUR) /* a translation whose end nobody logged */
#define ROUNDING_NS (2 * NS_PER_S) /* logs write whole seconds, and a little late */
#define PROXY_NEAR_NS (30 * NS_PER_S)
enum { SUPERSEDED = 1 << 20 }; /* a doubt no sum of reasons reaches */

static int64_t exact_distance(const struct span *s, int64_t from_ns, int64_t to_ns) {
    if (to_ns < s->begin_ns)
        return s->begin_ns - to_ns;
    return s->end_ns != TIME_NONE && from_ns > s->end_ns ? from_ns - s->end_ns : 0;
}

int64_t trace_span_distance(const struct span *s, int64_t from_ns, int64_t to_ns) {
    int64_t off = exact_distance(s, from_ns, to_ns);
    return off <= ROUNDING_NS ? 0 : off;
}

/* ---- translations in time ---- */

static struct span span_of(const struct fact *f) {
    int64_t off = trace_when(f) - f->own_ns;
    switch (f->phase) {
    case PHASE_WHOLE:
        return (struct span){f->begin_ns + off, f->own_ns + off};
    case PHASE_START:
        return (struct span){f->own_ns + off, TIME_NONE};
    default:
        return (struct span){f->own_ns + off, f->own_ns + off};
    }
}

static bool same_flow(const struct fact *a, const struct fact *b) {
    return ip_eq(&a->inner, &b->inner) && a->inner_port == b->inner_port && ip_eq(&a->outer, &b->outer) && a->outer_port == b->outer_port &&
           (!a->dest.version || !b->dest.version || (ip_eq(&a->dest, &b->dest) && a->dest_port == b->dest_port));
}

static bool covers(const struct fact *f, const struct path *p) {
    if (f->kind != FACT_TRANSLATION || !ip_eq(&f->outer, &p->ip))
        return false;
    return !p->port || (p->port >= f->outer_port && p->port <= f->outer_last);
}

static bool closes(const struct fact *f) {
    return f->kind == FACT_TRANSLATION && (f->phase == PHASE_CLOSING || f->phase == PHASE_END || f->phase == PHASE_WHOLE);
}

/* The event that ends what `first` opened: the first one after it. */
static const struct fact *end_of(const struct trace *t, const struct fact *first) {
    const struct fact *best = NULL;
    int64_t begin = trace_when(first);
    for (size_t i = 0; i < t->n_facts; i++) {
        const struct fact *f = &t->facts[i];
        if (!closes(f) || !same_flow(f, first))
            continue;
        if (trace_when(f) >= begin && (!best || trace_when(f) < trace_when(best)))
            best = f;
    }
    return best;
}

/* The port is somebody else's from then on, so it was no longer his. */
static int64_t taken_over(const struct trace *t, const struct fact *first) {
    int64_t begin = trace_when(first), at = TIME_NONE;
    for (size_t i = 0; i < t->n_facts; i++) {
        const struct fact *f = &t->facts[i];
        if (f->kind != FACT_TRANSLATION || f->phase == PHASE_END || f->phase == PHASE_CLOSING || !ip_eq(&f->outer, &first->outer) || f->outer_port != first->outer_port ||
            (ip_eq(&f->inner, &first->inner) && f->inner_port == first->inner_port))
            continue;
        int64_t then = span_of(f).begin_ns;
        if (then > begin && (at == TIME_NONE || then < at))
            at = then;
    }
    return at;
}

/* Said in the middle of a translation whose beginning is known. */
static bool is_middle_of_another(const struct trace *t, const struct fact *f) {
    if (f->phase != PHASE_POINT)
        return false;
    for (size_t i = 0; i < t->n_facts; i++) {
        const struct fact *o = &t->facts[i], *end;
        if (o->kind != FACT_TRANSLATION || o->phase != PHASE_START || !same_flow(o, f) || trace_when(o) > trace_when(f))
            continue;
        end = end_of(t, o);
        if (!end || trace_when(end) >= trace_when(f))
            return true;
    }
    return false;
}

static bool is_end_of_another(const struct trace *t, const struct fact *f) {
    if (!closes(f))
        return false;
    for (size_t i = 0; i < t->n_facts; i++)
        if (t->facts[i].kind == FACT_TRANSLATION && t->facts[i].phase == PHASE_START && same_flow(&t->facts[i], f) &&
            end_of(t, &t->facts[i]) == f)
            return true;
    return false;
}

/* Closed, and struck from the table minutes later: nobody spoke in between, so that is told with the closing. */
static bool was_closed_before(const struct trace *t, const struct fact *f) {
    int64_t closed = TIME_NONE, then = trace_when(f);
    if (f->phase != PHASE_END && f->phase != PHASE_CLOSING)
        return false;
    for (size_t i = 0; i < t->n_facts; i++) {
        const struct fact *o = &t->facts[i];
        int64_t when = o->kind == FACT_TRANSLATION && o != f && same_flow(o, f) ? trace_when(o) : TIME_NONE;
        if (when != TIME_NONE && o->phase == PHASE_CLOSING && (when < then || (when == then && o->n < f->n)))
            closed = MAX(closed, when);
    }
    for (size_t i = 0; closed != TIME_NONE && i < t->n_facts; i++) {
        const struct fact *o = &t->facts[i];
        if (o->kind == FACT_TRANSLATION && o->phase == PHASE_START && same_flow(o, f) && trace_when(o) > closed && trace_when(o) <= then)
            return false;
    }
    return closed != TIME_NONE;
}

static bool session_of(const struct trace *t, const struct fact *f, struct session *ret) {
    if (is_end_of_another(t, f) || is_middle_of_another(t, f) || was_closed_before(t, f)) /* told with what it belongs to */
        return false;
    *ret = (struct session){.first = f, .last = f, .span = span_of(f)};
    if (f->phase == PHASE_END || f->phase == PHASE_CLOSING) /* how long before it began is not known */
        ret->span.begin_ns -= NS_PER_HOUR;
    if (f->phase != PHASE_START)
        return true;
    const struct fact *end = end_of(t, f);
    int64_t other = taken_over(t, f);
    if (end && (other == TIME_NONE || trace_when(end) <= other)) {
        ret->last = end;
        ret->span.end_ns = trace_when(end);
    } else {
        ret->end_assumed = true;
        ret->span.end_ns = other != TIME_NONE ? other - 1 : ret->span.begin_ns + OPEN_NS;
    }
    return true;
}

/* ---- one step inwards ---- */

static bool wanted_destination(const struct trace *t, const struct fact *f) {
    return !t->q.destination.version || !f->dest.version ||
           (ip_eq(&t->q.destination, &f->dest) && (!t->q.destination_port || !f->dest_port || t->q.destination_port == f->dest_port));
}

static bool is_known(const struct trace *t, const struct path *p) {
    for (size_t i = 0; i < t->n_paths; i++) {
        const struct path *o = &t->paths[i];
        if (o->n == p->n && o->shift == p->shift && o->hops[p->n - 1].s.first == p->hops[p->n - 1].s.first &&
            (p->n < 2 || o->hops[0].s.first == p->hops[0].s.first))
            return true;
    }
    return false;
}

static int add_path(struct trace *t, const struct path *p) {
    if (t->n_paths >= TRACE_PATHS_MAX || is_known(t, p))
        return 0;
    int r = arena_grow(&t->arena, (void **) &t->paths, &t->paths_cap, t->n_paths + 1, sizeof *t->paths);
    if (r == 0)
        t->paths[t->n_paths++] = *p;
    return r < 0 ? r : 1;
}

static void doubt_distance(struct path *p, int64_t off) {
    if (off > 0)
        trace_doubt(&p->why, &p->doubt, WHY_NEAR, (int) MIN(off / (10 * NS_PER_S), 30));
}

static void doubt_clock(struct path *p, const struct fact *f) {
    const char *basis;
    (void) trace_clock(f->source, &basis);
    if (strcmp(basis, "unknown") == 0)
        trace_doubt(&p->why, &p->doubt, WHY_CLOCK_UNKNOWN, 0);
}

static int step_inwards(struct trace *t, const struct path *from, const struct session *s, int64_t off, bool proxy, bool placed) {
    struct path p = *from;
    if (p.n == TRACE_HOPS_MAX)
        return 0;
    if (!p.n) {
        p.exact_ns = exact_distance(&s->span, from->from_ns, from->to_ns);
        p.begins_then = s->span.begin_ns >= from->from_ns && s->span.begin_ns <= from->to_ns;
    }
    p.hops[p.n++] = (struct hop){.proxy = proxy, .placed = placed, .s = *s, .off_ns = off};
    p.ip = s->first->inner;
    p.port = s->first->inner_port;
    p.from_ns = MAX(from->from_ns, s->span.begin_ns);
    p.to_ns = s->span.end_ns == TIME_NONE ? from->to_ns : MIN(from->to_ns, s->span.end_ns);
    if (p.from_ns > p.to_ns) { /* near it and not in it: at that end of it */
        int64_t nearest = from->to_ns < s->span.begin_ns ? s->span.begin_ns : s->span.end_ns;
        p.from_ns = p.to_ns = nearest;
    }
    p.done = false;
    doubt_distance(&p, off);
    doubt_clock(&p, s->first);
    if (s->end_assumed || ((s->first->phase == PHASE_END || s->first->phase == PHASE_CLOSING) && s->first == s->last))
        trace_doubt(&p.why, &p.doubt, WHY_OPEN, 0);
    if (proxy && !placed)
        trace_doubt(&p.why, &p.doubt, WHY_PROXY_UNPLACED, 0);
    return add_path(t, &p);
}

static int expand_one(struct trace *t, struct path p, bool *ret_any) {
    int news = 0;
    for (size_t i = 0; i < t->n_facts; i++) {
        struct session s;
        if (!covers(&t->facts[i], &p) || (!p.n && !wanted_destination(t, &t->facts[i])) || !session_of(t, &t->facts[i], &s))
            continue;
        int64_t off = trace_span_distance(&s.span, p.from_ns, p.to_ns);
        if (off > NEAR_NS)
            continue;
        *ret_any = true;
        int r = step_inwards(t, &p, &s, off, false, false);
        if (r < 0)
            return r;
        news += r;
    }
    return news > 0;
}

/* ---- the readings of the time that begin it ---- */

static struct path root(const struct trace *t, int shift) {
    struct path p = {.ip = t->q.address, .port = t->q.port, .shift = shift};
    p.from_ns = t->q.at_ns - t->q.error_ns + shift * NS_PER_HOUR;
    p.to_ns = t->q.at_ns + t->q.width_ns + t->q.error_ns + shift * NS_PER_HOUR;
    if (!t->q.port)
        trace_doubt(&p.why, &p.doubt, WHY_NO_PORT, 0);
    /* Read as Japanese time and meant as UTC, it is nine hours later; the other way round, earlier. The rest is a log
     * whose own times were read wrongly. */
    int slip = t->q.zone_min >= 9 * 60 ? 9 : -9;
    if (shift)
        trace_doubt(&p.why, &p.doubt, shift == slip ? WHY_SLIP_ZONE : WHY_LOG_ZONE, shift == slip && t->q.zone_told ? 10 : 0);
    return p;
}

static int expand_roots(struct trace *t) {
    static const int shifts[] = {0, 9, -9};
    int news = 0;
    for (size_t i = 0; i < ARRAY_SIZE(shifts); i++) {
        bool any = false;
        if (shifts[i] && !t->q.port)
            continue; /* without a port anything fits at any time */
        int r = expand_one(t, root(t, shifts[i]), &any);
        if (r < 0)
            return r;
        news |= r;
    }
    return news;
}

/* The address itself may be a machine's: nothing translates it, or it is IPv6. */
static int add_untranslated(struct trace *t) {
    struct path p = root(t, 0);
    for (size_t i = 0; i < t->n_paths; i++)
        if (!t->paths[i].shift)
            return 0;
    if (p.ip.version == 4)
        trace_doubt(&p.why, &p.doubt, WHY_UNTRANSLATED, 0);
    int r = arena_grow(&t->arena, (void **) &t->paths, &t->paths_cap, t->n_paths + 1, sizeof *t->paths);
    if (r == 0)
        t->paths[t->n_paths++] = p;
    return r;
}

int trace_expand(struct trace *t) {
    size_t before = t->n_paths;
    if (t->round == ROUND_OUTER) {
        int r = expand_roots(t);
        return r < 0 ? r : add_untranslated(t);
    }
    for (size_t i = 0; i < before; i++) {
        bool any = false;
        if (t->paths[i].done || !t->paths[i].n) {
            t->paths[i].done = true;
            continue;
        }
        int r = expand_one(t, t->paths[i], &any);
        if (r < 0)
            return r;
        t->paths[i].done = true;
        if (any) /* only what lies further inside is a candidate */
            t->paths[i].doubt = SUPERSEDED;
    }
    return t->n_paths > before;
}

/* ---- proxies: another machine's request for the same thing at the same time ---- */

static bool is_proxy_at(const struct trace *t, const struct fact *f, const struct ip *ip) {
    if (f->sender.version && ip_eq(&f->sender, ip))
        return true;
    for (size_t i = 0; i < t->n_facts; i++) { /* the name it has by its lease */
        const struct fact *l = &t->facts[i];
        if (l->kind == FACT_LEASE && ip_eq(&l->inner, ip) && trace_same_host(l->host, f->at_host))
            return true;
    }
    return false;
}

int trace_expand_proxies(struct trace *t) {
    size_t before = t->n_paths;
    for (size_t i = 0; i < before; i++) {
        struct path p = t->paths[i];
        const struct fact *via = p.n ? p.hops[p.n - 1].s.first : NULL;
        if (!p.done || !via || !via->dest.version || p.hops[p.n - 1].proxy || p.doubt >= SUPERSEDED)
            continue;
        for (size_t k = 0; k < t->n_facts; k++) {
            const struct fact *f = &t->facts[k];
            if (f->kind != FACT_PROXY || !ip_eq(&f->dest, &via->dest) || ip_eq(&f->inner, &p.ip))
                continue;
            struct session s = {.first = f, .last = f, .span = span_of(f)};
            int64_t off = trace_span_distance(&s.span, p.from_ns, p.to_ns);
            bool placed = is_proxy_at(t, f, &p.ip);
            int r = off <= PROXY_NEAR_NS ? step_inwards(t, &p, &s, off, true, placed) : 0;
            if (r < 0)
                return r;
            if (r == 1 && placed)
                t->paths[i].doubt = SUPERSEDED; /* whoever asked the proxy is meant, not the proxy */
        }
    }
    return t->n_paths > before;
}

/* ---- candidates ---- */

static int add_candidate(struct trace *t, const struct path *p, const struct holder *h, const struct user *u) {
    struct candidate c = {.path = p, .holder = *h, .user = *u, .why = p->why | h->why | u->why, .doubt = p->doubt + h->doubt + u->doubt};
    int r = arena_grow(&t->arena, (void **) &t->candidates, &t->candidates_cap, t->n_candidates + 1, sizeof *t->candidates);
    if (r == 0)
        t->candidates[t->n_candidates++] = c;
    return r;
}

static int join_path(struct trace *t, const struct path *p) {
    struct holder *holders;
    struct user *users;
    size_t n_holders, n_users;
    int r = trace_holders(t, p, &holders, &n_holders);
    for (size_t i = 0; r == 0 && i < n_holders; i++) {
        r = trace_users(t, p, &holders[i], &users, &n_users);
        for (size_t k = 0; r == 0 && k < n_users; k++)
            r = add_candidate(t, p, &holders[i], &users[k]);
    }
    return r;
}

static int by_doubt(const void *pa, const void *pb) {
    const struct candidate *a = pa, *b = pb;
    if (a->doubt != b->doubt)
        return a->doubt < b->doubt ? -1 : 1;
    if (a->path->exact_ns != b->path->exact_ns)
        return a->path->exact_ns < b->path->exact_ns ? -1 : 1;
    if (a->path->begins_then != b->path->begins_then)
        return a->path->begins_then ? -1 : 1;
    int r = ip_cmp(&a->path->ip, &b->path->ip);
    if (r == 0)
        r = str_cmp(a->holder.mac, b->holder.mac);
    if (r == 0)
        r = str_cmp(a->user.fact ? a->user.fact->user : STR(""), b->user.fact ? b->user.fact->user : STR(""));
    return r ? r : (a->path > b->path) - (a->path < b->path);
}

static bool same_person(const struct candidate *a, const struct candidate *b) {
    return ip_eq(&a->path->ip, &b->path->ip) && str_eq(a->holder.mac, b->holder.mac) && a->path->shift == b->path->shift &&
           str_eq(a->user.fact ? a->user.fact->user : STR(""), b->user.fact ? b->user.fact->user : STR(""));
}

/* One machine and person once, by their best way; and no more than anybody reads. */
static void thin(struct trace *t) {
    size_t n = 0;
    for (size_t i = 0; i < t->n_candidates; i++) {
        bool known = false;
        for (size_t k = 0; k < n && !known; k++)
            known = same_person(&t->candidates[k], &t->candidates[i]);
        if (!known && n < TRACE_CANDIDATES_MAX)
            t->candidates[n++] = t->candidates[i];
    }
    t->n_candidates = n;
}

static bool is_rival(const struct path *p, const struct path *o) {
    return o != p && o->n == p->n && o->n && o->done && o->shift == p->shift && o->doubt < SUPERSEDED && !ip_eq(&o->ip, &p->ip) &&
           !o->hops[0].off_ns;
}

/* Several inside addresses had the port within the time asked for: none of them alone. Beside one that had it then, one
 * that had it a second earlier or later is near, and no longer as good as then. */
static void doubt_shared(struct trace *t) {
    for (size_t i = 0; i < t->n_paths; i++) {
        struct path *p = &t->paths[i];
        bool shared = false, beside = false;
        for (size_t k = 0; p->n && !p->hops[0].off_ns && p->doubt < SUPERSEDED && k < t->n_paths; k++) {
            const struct path *o = &t->paths[k];
            shared |= is_rival(p, o) && !o->exact_ns && !p->exact_ns;
            beside |= is_rival(p, o) && !o->exact_ns && p->exact_ns;
        }
        if (shared)
            trace_doubt(&p->why, &p->doubt, WHY_SHARED, 0);
        if (beside)
            trace_doubt(&p->why, &p->doubt, WHY_NEAR, 0);
    }
}

/* An address nobody says anything about is none of ours. */
static bool is_spoken_of(const struct trace *t, const struct path *p) {
    for (size_t i = 0; i < t->n_facts; i++)
        if (ip_eq(&t->facts[i].inner, &p->ip) && t->facts[i].kind != FACT_TRANSLATION)
            return true;
    return p->n > 0;
}

int trace_join(struct trace *t) {
    int r = 0;
    trace_sort_beats(t);
    doubt_shared(t);
    for (size_t i = 0; r == 0 && i < t->n_paths; i++)
        if (t->paths[i].doubt < SUPERSEDED && is_spoken_of(t, &t->paths[i]))
            r = join_path(t, &t->paths[i]);
    if (t->n_candidates)
        qsort(t->candidates, t->n_candidates, sizeof *t->candidates, by_doubt);
    thin(t);
    return r < 0 ? r : trace_find_gaps(t);
}
