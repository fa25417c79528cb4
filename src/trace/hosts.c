/* Which machine had an inside address at a time, and who used that machine then. */
#include "trace/trace_priv.h"

#include <stdlib.h>

#define DAY_NS NS_PER_DAY
#define SHIFT_NS (14 * NS_PER_HOUR) /* a login that long before is no longer a day's work */
enum { ROWS_MAX = 12, LENDERS_MAX = 6 };

bool trace_same_host(struct str a, struct str b) {
    ptrdiff_t da = str_find(a, STR("."), 0), db = str_find(b, STR("."), 0);
    struct str la = da > 0 ? str_to(a, (size_t) da) : a, lb = db > 0 ? str_to(b, (size_t) db) : b;
    struct ip ip;
    if (ip_parse(a, &ip) == 0 || ip_parse(b, &ip) == 0) /* an address has no labels */
        return str_eq(a, b);
    return la.n && str_eq_icase(la, lb);
}

static int by_when(const void *a, const void *b) {
    const struct fact *x = *(const struct fact *const *) a, *y = *(const struct fact *const *) b;
    int64_t s = trace_when(x), t = trace_when(y);
    return s != t ? (s > t) - (s < t) : (x->n > y->n) - (x->n < y->n);
}

typedef bool fact_test(const struct fact *f, const void *ctx);

/* The facts that fit, in order of time; in the arena. */
static int gather(struct trace *t, fact_test *test, const void *ctx, const struct fact ***ret, size_t *ret_n) {
    const struct fact **all = arena_alloc(&t->arena, (t->n_facts + 1) * sizeof *all);
    size_t n = 0;
    if (!all)
        return -ENOMEM;
    for (size_t i = 0; i < t->n_facts; i++)
        if (test(&t->facts[i], ctx))
            all[n++] = &t->facts[i];
    qsort(all, n, sizeof *all, by_when);
    *ret = all;
    *ret_n = n;
    return 0;
}

/* ---- machines ---- */

static bool names_machine(const struct fact *f, const void *ctx) {
    return (f->kind == FACT_LEASE || f->kind == FACT_NEIGHBOUR || (f->kind == FACT_HOLDER && (f->mac.n || f->host.n))) &&
           ip_eq(&f->inner, ctx);
}

static bool same_machine(const struct fact *a, const struct fact *b) {
    return a->mac.n && b->mac.n ? str_eq(a->mac, b->mac) : trace_same_host(a->host, b->host);
}

/* The name of a machine may be known by another of its facts. */
static struct str name_of(const struct trace *t, const struct fact *f) {
    struct str name = f->host;
    for (size_t i = 0; i < t->n_facts && !name.n && f->mac.n; i++)
        if (t->facts[i].kind == FACT_LEASE && str_eq(t->facts[i].mac, f->mac))
            name = t->facts[i].host;
    return name;
}

/* One machine's time with the address: from facts[at] to the last of the same one without another between. */
static size_t run_of(const struct fact *const *facts, size_t n, size_t at, struct span *ret, const struct fact **ret_last) {
    size_t i = at;
    int64_t lease = 0, until = TIME_NONE;
    for (; i < n && same_machine(facts[i], facts[at]); i++) {
        lease = facts[i]->lease_ns ? facts[i]->lease_ns : lease;
        *ret_last = facts[i];
        if (facts[i]->phase == PHASE_END) {
            until = trace_when(facts[i]);
            i++;
            break;
        }
    }
    *ret = (struct span){trace_when(facts[at]), until};
    if (until == TIME_NONE && lease)
        ret->end_ns = trace_when(*ret_last) + lease;
    if (i < n && (ret->end_ns == TIME_NONE || trace_when(facts[i]) < ret->end_ns) && !same_machine(facts[i], facts[at]))
        ret->end_ns = trace_when(facts[i]) - 1;
    return i;
}

static void doubt_holder(const struct trace *t, const struct path *p, const struct fact *first, const struct fact *last, bool after,
                         struct holder *h) {
    struct gap g;
    if (after)
        trace_doubt(&h->why, &h->doubt, WHY_LEASE_AFTER, (int) MIN((h->span.begin_ns - p->to_ns) / NS_PER_HOUR, 10));
    if (!after && !last->lease_ns && last->phase != PHASE_END && p->from_ns - trace_when(last) > DAY_NS)
        trace_doubt(&h->why, &h->doubt, WHY_LEASE_OLD, 0);
    if (first->kind == FACT_LEASE && trace_when(last) < p->to_ns && trace_lease_gap(t, &p->ip, p->from_ns, &g))
        trace_doubt(&h->why, &h->doubt, WHY_LEASE_GAP, 0);
}

static void add_holder(const struct trace *t, struct holder *rows, size_t *n, const struct path *p, const struct fact *first,
                       const struct fact *last, const struct span *span, bool after) {
    struct holder h = {.fact = after ? first : last, .mac = first->mac, .host = name_of(t, first), .span = *span};
    if (*n == ROWS_MAX)
        return;
    doubt_holder(t, p, first, last, after, &h);
    rows[(*n)++] = h;
}

static void set_two(struct holder *rows, size_t n) {
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            if (i != k && !(rows[i].why & 1u << WHY_LEASE_AFTER) && !(rows[k].why & 1u << WHY_LEASE_AFTER) &&
                !str_eq(rows[i].mac, rows[k].mac))
                trace_doubt(&rows[i].why, &rows[i].doubt, WHY_TWO_MACHINES, 0);
}

/* An IPv6 address made of the hardware address tells it (RFC 4291, appendix A). */
static struct str mac_of(struct trace *t, const struct ip *ip) {
    const uint8_t *b = ip->bytes + 8;
    if (ip->version != 6 || b[3] != 0xff || b[4] != 0xfe)
        return STR_NULL;
    return arena_printf(&t->arena, "%02X-%02X-%02X-%02X-%02X-%02X", b[0] ^ 2u, b[1], b[2], b[5], b[6], b[7]);
}

static void unknown_holder(struct trace *t, const struct path *p, struct holder *row) {
    *row = (struct holder){.mac = mac_of(t, &p->ip), .host = STR("")};
    row->span.end_ns = TIME_NONE;
    if (row->mac.n)
        trace_doubt(&row->why, &row->doubt, WHY_ADDRESS_ITSELF, 0);
    else
        trace_doubt(&row->why, &row->doubt, WHY_NO_MACHINE, 0);
}

/* Runs of one kind: who had it then, and who was the next to be seen with it if logs are missing about then. */
static void add_runs(const struct trace *t, const struct path *p, const struct fact *const *facts, size_t n, struct holder *rows, size_t *n_rows) {
    struct gap g;
    bool found = false, doubtful = trace_lease_gap(t, &p->ip, p->from_ns, &g);
    for (size_t i = 0; i < n;) {
        struct span span;
        const struct fact *first = facts[i], *last = first;
        i = run_of(facts, n, i, &span, &last);
        bool covers = trace_span_distance(&span, p->from_ns, p->to_ns) == 0;
        bool after = !covers && span.begin_ns > p->to_ns;
        /* "renewed" says that it was had before, "seen" as well; and with logs missing nobody knows since when */
        if (covers || (after && (!found || (doubtful && span.begin_ns < g.to_ns + NS_PER_HOUR)) &&
                       (first->phase == PHASE_POINT || doubtful || span.begin_ns - p->to_ns < NS_PER_MIN)))
            add_holder(t, rows, n_rows, p, first, last, &span, after);
        found |= covers;
        if (after)
            break;
    }
}

/* The same private network stands in many places: where the device that translated the address also lends it, its word counts and no other's. */
struct place {
    const struct ip *ip;
    struct str lender; /* empty: whoever lends it */
};

static bool is_lease(const struct fact *f, const void *ctx) {
    const struct place *at = ctx;
    return f->kind != FACT_NEIGHBOUR && names_machine(f, at->ip) && (!at->lender.n || f->kind != FACT_LEASE || trace_same_host(f->at_host, at->lender));
}

static bool is_neighbour(const struct fact *f, const void *ctx) {
    const struct place *at = ctx;
    return f->kind == FACT_NEIGHBOUR && names_machine(f, at->ip);
}

static struct place place_of(const struct trace *t, const struct path *p) {
    struct place at = {&p->ip, p->n && !p->hops[p->n - 1].proxy ? p->hops[p->n - 1].s.first->at_host : STR_NULL};
    for (size_t i = 0; at.lender.n && i < t->n_facts; i++)
        if (t->facts[i].kind == FACT_LEASE && is_lease(&t->facts[i], &at))
            return at;
    at.lender = STR_NULL;
    return at;
}

/* Lent by another while this lease still ran: not handed over, but the address of two networks. A pair of servers that stand in for each other does not do
 * that. */
static bool lent_elsewhere(const struct fact *first, const struct fact *other) {
    int64_t from = trace_when(first), at = trace_when(other);
    return other->kind == FACT_LEASE && other->phase != PHASE_END && first->lease_ns && at >= from && at < from + first->lease_ns && !same_machine(first, other) &&
           first->at_host.n && other->at_host.n && !trace_same_host(first->at_host, other->at_host);
}

/* Who lends the address in networks of their own, while it is not known which of them is meant; n is 0 where one network is all there is. */
static size_t lenders_of(const struct fact *const *facts, size_t n, struct str *ret, size_t cap) {
    size_t found = 0;
    bool two = false;
    for (size_t i = 0; i < n && !two; i++)
        for (size_t k = i + 1; k < n && !two && facts[i]->kind == FACT_LEASE; k++)
            two = lent_elsewhere(facts[i], facts[k]);
    for (size_t i = 0; two && i < n && found < cap; i++) {
        size_t k = 0;
        while (k < found && !trace_same_host(ret[k], facts[i]->at_host))
            k++;
        if (k == found && facts[i]->kind == FACT_LEASE && facts[i]->at_host.n)
            ret[found++] = facts[i]->at_host;
    }
    return found;
}

static bool is_covered(const struct holder *rows, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!(rows[i].why & 1u << WHY_LEASE_AFTER))
            return true;
    return false;
}

/* Nobody had it then by the leases as they were read: perhaps their log, read from a file, says its times in another zone.
 * Of a log whose clock is known there is nothing to guess. */
static void add_shifted_runs(const struct trace *t, const struct path *p, const struct fact *const *facts, size_t n, struct holder *rows,
                             size_t *n_rows) {
    static const int64_t shifts[] = {9 * NS_PER_HOUR, -9 * NS_PER_HOUR};
    const char *basis;
    for (size_t k = 0; k < ARRAY_SIZE(shifts); k++)
        for (size_t i = 0; i < n;) {
            struct span span;
            const struct fact *first = facts[i], *last = first;
            i = run_of(facts, n, i, &span, &last);
            (void) trace_clock(first->source, &basis);
            if (strcmp(basis, "unknown") != 0 || trace_span_distance(&span, p->from_ns + shifts[k], p->to_ns + shifts[k]) != 0)
                continue;
            span.begin_ns -= shifts[k];
            span.end_ns -= span.end_ns == TIME_NONE ? 0 : shifts[k];
            for (size_t j = 0; j < *n_rows; j++) /* "had it afterwards" says the same with another reason */
                if (str_eq(rows[j].mac, first->mac)) {
                    rows[j] = rows[--*n_rows];
                    break;
                }
            size_t before = *n_rows;
            add_holder(t, rows, n_rows, p, first, last, &span, false);
            if (*n_rows > before)
                trace_doubt(&rows[before].why, &rows[before].doubt, WHY_LEASE_ZONE, 0);
        }
}

int trace_holders(struct trace *t, const struct path *p, struct holder **ret, size_t *ret_n) {
    fact_test *const kinds[] = {is_lease, is_neighbour};
    struct holder *rows = arena_zalloc(&t->arena, ROWS_MAX * sizeof *rows);
    const struct place at = place_of(t, p);
    size_t n = 0;
    if (!rows)
        return -ENOMEM;
    for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
        const struct fact **facts;
        size_t n_facts, before = n;
        int r = gather(t, kinds[k], &at, &facts, &n_facts);
        if (r < 0)
            return r;
        struct str lenders[LENDERS_MAX];
        struct place one = at;
        size_t n_lenders = k || at.lender.n ? 0 : lenders_of(facts, n_facts, lenders, LENDERS_MAX);
        for (size_t i = 0; i < n_lenders; i++) { /* each network's leases end by each other only */
            const struct fact **own;
            size_t n_own;
            one.lender = lenders[i];
            if ((r = gather(t, kinds[k], &one, &own, &n_own)) < 0)
                return r;
            add_runs(t, p, own, n_own, rows, &n);
        }
        if (!n_lenders)
            add_runs(t, p, facts, n_facts, rows, &n);
        for (size_t i = before; k && i < n; i++) /* the same machine, said again */
            for (size_t j = 0; j < before; j++)
                if (str_eq(rows[i].mac, rows[j].mac)) {
                    rows[i--] = rows[--n];
                    break;
                }
    }
    if (!is_covered(rows, n)) {
        const struct fact **facts;
        size_t n_facts;
        int r = gather(t, is_lease, &at, &facts, &n_facts);
        if (r < 0)
            return r;
        add_shifted_runs(t, p, facts, n_facts, rows, &n);
    }
    if (!n)
        unknown_holder(t, p, &rows[n++]);
    set_two(rows, n);
    *ret = rows;
    *ret_n = n;
    return 0;
}

/* ---- people ---- */

struct machine {
    const struct ip *ip;
    struct str mac, host;
};

static bool names_user(const struct fact *f, const void *ctx) {
    const struct machine *m = ctx;
    if (!f->user.n || f->kind == FACT_TRANSLATION)
        return false;
    if (ip_eq(&f->inner, m->ip))
        return true;
    return (m->mac.n && str_eq(f->mac, m->mac)) || (m->host.n && f->kind == FACT_LOGIN && trace_same_host(f->at_host, m->host));
}

static bool same_place(const struct fact *a, const struct fact *b) {
    return str_eq_icase(a->user, b->user) && a->kind == b->kind && str_eq(a->at_host, b->at_host);
}

/* From a login to its end; a request of a proxy is an instant. */
static struct span stay(const struct fact *const *facts, size_t n, size_t at) {
    struct span s = {trace_when(facts[at]), TIME_NONE};
    if (facts[at]->phase == PHASE_WHOLE)
        s.begin_ns -= facts[at]->own_ns - facts[at]->begin_ns;
    for (size_t i = at + 1; i < n; i++)
        if (facts[i]->phase == PHASE_END && same_place(facts[i], facts[at])) {
            s.end_ns = trace_when(facts[i]);
            break;
        }
    return s;
}

static bool at_the_machine(const struct fact *f, const struct machine *m) {
    return f->kind == FACT_HOLDER || f->kind == FACT_PROXY || (f->signs_in_at && trace_same_host(f->at_host, m->host));
}

static struct user judge(const struct path *p, const struct machine *m, const struct fact *f, const struct span *s) {
    struct user u = {.fact = f, .span = *s};
    int64_t before = p->from_ns - s->begin_ns;
    if (s->begin_ns > p->to_ns || (s->end_ns != TIME_NONE && s->end_ns < p->from_ns)) {
        int64_t off = trace_span_distance(s, p->from_ns, p->to_ns);
        trace_doubt(&u.why, &u.doubt, WHY_USER_AWAY, (int) MIN(off / NS_PER_HOUR, 10));
    } else if (before > SHIFT_NS || (f->phase == PHASE_POINT && before > NS_PER_HOUR)) {
        trace_doubt(&u.why, &u.doubt, WHY_USER_STALE, 0);
    }
    if (!at_the_machine(f, m))
        trace_doubt(&u.why, &u.doubt, WHY_USER_ELSEWHERE, 0);
    return u;
}

static int by_doubt(const void *a, const void *b) {
    const struct user *x = a, *y = b;
    return x->doubt != y->doubt ? (x->doubt > y->doubt) - (x->doubt < y->doubt) : str_cmp(x->fact->user, y->fact->user);
}

static void keep_best(struct user *rows, size_t *n, const struct user *u) {
    for (size_t i = 0; i < *n; i++)
        if (str_eq_icase(rows[i].fact->user, u->fact->user)) {
            if (u->doubt < rows[i].doubt)
                rows[i] = *u;
            return;
        }
    if (*n < ROWS_MAX) {
        rows[(*n)++] = *u;
        return;
    }
    size_t worst = 0;
    for (size_t i = 1; i < *n; i++)
        worst = rows[i].doubt > rows[worst].doubt ? i : worst;
    if (u->doubt < rows[worst].doubt)
        rows[worst] = *u;
}

/* Several people on one machine at once: none of them alone. */
static void doubt_several(struct user *rows, size_t n) {
    size_t there = 0;
    for (size_t i = 0; i < n; i++)
        there += !(rows[i].why & 1u << WHY_USER_AWAY);
    for (size_t i = 0; i < n && there > 1; i++)
        if (!(rows[i].why & 1u << WHY_USER_AWAY))
            trace_doubt(&rows[i].why, &rows[i].doubt, WHY_SEVERAL_USERS, 0);
}

int trace_users(struct trace *t, const struct path *p, const struct holder *h, struct user **ret, size_t *ret_n) {
    struct machine m = {&p->ip, h->mac, h->host};
    const struct hop *last = p->n ? &p->hops[p->n - 1] : NULL;
    const struct fact **facts, *told = last ? last->s.first->user.n ? last->s.first : last->s.last : NULL;
    struct user *rows = arena_zalloc(&t->arena, ROWS_MAX * sizeof *rows);
    size_t n_facts, n = 0;
    if (!rows)
        return -ENOMEM;
    *ret = rows;
    if (told && told->user.n) { /* the log of the translation, or of the proxy, names the user itself */
        rows[0] = (struct user){.fact = told, .span = last->s.span};
        *ret_n = 1;
        return 0;
    }
    int r = gather(t, names_user, &m, &facts, &n_facts);
    for (size_t i = 0; r == 0 && i < n_facts; i++) {
        if (facts[i]->phase == PHASE_END)
            continue;
        struct span s = stay(facts, n_facts, i);
        struct user u = judge(p, &m, facts[i], &s);
        keep_best(rows, &n, &u);
    }
    if (r < 0)
        return r;
    doubt_several(rows, n);
    qsort(rows, n, sizeof *rows, by_doubt);
    if (!n) {
        rows[n] = (struct user){.span = {TIME_NONE, TIME_NONE}};
        trace_doubt(&rows[n].why, &rows[n].doubt, WHY_NO_USER, 0);
        n++;
    }
    *ret_n = n;
    return 0;
}
