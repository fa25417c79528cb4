/* See roster.h. Shifts are laid out over the span asked about; between two neighbouring edges nothing changes, so each such
 * piece is judged once and neighbours that say the same are joined. */
#include "duty/roster.h"

struct laid { /* one row's shift of one day */
    int64_t from, until;
    const struct duty_row *row;
};
struct layout {
    struct laid *shifts; /* by their beginning */
    size_t n, cap;
    int64_t *edges;
    size_t n_edges, cap_edges;
};

bool duty_is_nobody(struct str key) {
    static const char *const names[] = {"なし", "無し", "無", "不在", "休", "休み", "空き", "nobody", "none", "x", "×"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (str_eq_z(key, names[i]))
            return true;
    return false;
}

static int lay(struct arena *a, struct layout *l, const struct laid *x, int64_t from, int64_t until, struct diag *err) {
    if (x->until <= from || x->from >= until)
        return 0;
    if (l->n >= DUTY_PIECES_MAX)
        return diag_set(err, -ERR_LIMIT, "more than %d shifts in the span asked about", DUTY_PIECES_MAX);
    if (arena_grow(a, (void **) &l->shifts, &l->cap, l->n + 1, sizeof *l->shifts) < 0 ||
        arena_grow(a, (void **) &l->edges, &l->cap_edges, l->n_edges + 2, sizeof *l->edges) < 0)
        return diag_set(err, -ENOMEM, "memory has run out");
    l->shifts[l->n++] = *x;
    l->edges[l->n_edges++] = MAX(x->from, from);
    l->edges[l->n_edges++] = MIN(x->until, until);
    return 0;
}

static int by_from(const void *x, const void *y) {
    const struct laid *a = x, *b = y;
    return (a->from > b->from) - (a->from < b->from);
}

static int by_value(const void *x, const void *y) {
    int64_t a = *(const int64_t *) x, b = *(const int64_t *) y;
    return (a > b) - (a < b);
}

static int lay_out(struct arena *a, const struct duty_roster *r, struct str group, int64_t from, int64_t until, struct layout *l,
                   struct diag *err) {
    int e = 0;
    for (size_t i = 0; i < r->n; i++) {
        const struct duty_row *row = &r->rows[i];
        if (!str_eq(row->group, group))
            continue;
        int32_t first = MAX(calendar_day_of(from) - 2, row->when.first), last = MIN(calendar_day_of(until), row->when.last);
        for (int32_t day = first; e == 0 && day <= last; day++)
            if (period_on(&row->when, r->calendar, day)) {
                int64_t start = calendar_day_start(day);
                struct laid x = {start + row->when.from_min * NS_PER_MIN, start + row->when.to_min * NS_PER_MIN, row};
                e = lay(a, l, &x, from, until, err);
            }
    }
    if (l->n == 0 || e < 0)
        return e;
    qsort(l->shifts, l->n, sizeof *l->shifts, by_from);
    qsort(l->edges, l->n_edges, sizeof *l->edges, by_value);
    size_t n = 1;
    for (size_t i = 1; i < l->n_edges; i++)
        if (l->edges[i] != l->edges[n - 1])
            l->edges[n++] = l->edges[i];
    l->n_edges = n;
    return 0;
}

static int kinds_of_day(const struct duty_row *row) {
    return row->when.dated ? 0 : __builtin_popcount(row->when.days & DAY_ALL) + (row->when.nth ? 0 : 16);
}

/* < 0: a speaks before b. Equal only for the same row. */
static int stronger(const struct duty_row *a, const struct duty_row *b, bool *ret_same_rank) {
    int ka = kinds_of_day(a), kb = kinds_of_day(b);
    *ret_same_rank = ka == kb;
    return ka != kb ? ka - kb : a > b ? -1 : a < b;
}

struct piece {
    const struct layout *l;
    size_t until;  /* shifts[0..until) have begun */
    int64_t at;
};

static void substitute(const struct piece *p, struct duty_slot *s) {
    for (int depth = 0; depth < 4; depth++) {
        const struct duty_row *best = NULL;
        bool same;
        for (size_t i = 0; i < p->until; i++) {
            const struct laid *x = &p->l->shifts[i];
            if (x->until > p->at && x->row->replaces.key.n && str_eq(x->row->replaces.key, s->who.key) && (!best || stronger(x->row, best, &same) < 0))
                best = x->row;
        }
        if (!best || best == s->row)
            return;
        s->who = best->who[0];
        s->row = best;
        s->substituted = true;
    }
}

static bool judge(const struct piece *p, unsigned order, struct duty_slot *s) {
    *s = (struct duty_slot){.order = order};
    for (size_t i = 0; i < p->until; i++) {
        const struct laid *x = &p->l->shifts[i];
        const struct duty_name *who = &x->row->who[order - 1];
        bool same = false;
        if (x->until <= p->at || x->row->replaces.key.n || !who->key.n || x->row == s->row)
            continue;
        bool wins = !s->row || stronger(x->row, s->row, &same) < 0;
        bool doubled = same && !str_eq(who->key, s->who.key);
        if (wins)
            *s = (struct duty_slot){.order = order, .who = *who, .row = x->row, .doubled = doubled || (same && s->doubled)};
        else
            s->doubled |= doubled;
    }
    if (!s->row || duty_is_nobody(s->who.key))
        return false;
    substitute(p, s);
    return s->who.key.n && !duty_is_nobody(s->who.key);
}

static int put(struct arena *a, struct duty_slot **list, size_t *n, size_t *cap, const struct duty_slot *s, struct diag *err) {
    struct duty_slot *last = *n ? &(*list)[*n - 1] : NULL;
    if (last && last->order == s->order && last->until_ns == s->from_ns && str_eq(last->who.key, s->who.key)) {
        last->until_ns = s->until_ns;
        last->doubled |= s->doubled;
        return 0;
    }
    if (arena_grow(a, (void **) list, cap, *n + 1, sizeof **list) < 0)
        return diag_set(err, -ENOMEM, "memory has run out");
    (*list)[(*n)++] = *s;
    return 0;
}

int duty_roster_slots(struct arena *a, const struct duty_roster *r, struct str group, int64_t from_ns, int64_t until_ns, struct duty_slot **ret,
                      size_t *ret_n, struct diag *reterr) {
    struct layout l = {0};
    struct duty_slot *list = NULL;
    size_t n = 0, cap = 0;
    if (until_ns <= from_ns || until_ns - from_ns > DUTY_SPAN_NS)
        return diag_set(reterr, -EINVAL, "a roster is asked about at most %d days at once", (int) (DUTY_SPAN_NS / NS_PER_DAY));
    int e = lay_out(a, r, group, from_ns, until_ns, &l, reterr);
    for (unsigned order = 1; e == 0 && order <= DUTY_ORDERS; order++) {
        struct piece p = {.l = &l};
        for (size_t i = 0; e == 0 && i + 1 < l.n_edges; i++) {
            struct duty_slot s;
            p.at = l.edges[i];
            while (p.until < l.n && l.shifts[p.until].from <= p.at)
                p.until++;
            if (!judge(&p, order, &s))
                continue;
            s.from_ns = l.edges[i];
            s.until_ns = l.edges[i + 1];
            e = put(a, &list, &n, &cap, &s, reterr);
        }
    }
    *ret = list;
    *ret_n = n;
    return e;
}

int duty_roster_at(struct arena *a, const struct duty_roster *r, struct str group, int64_t t_ns, int64_t ahead_ns,
                   struct duty_slot ret[DUTY_ORDERS], size_t *ret_n, struct diag *reterr) {
    struct duty_slot *list;
    size_t n;
    *ret_n = 0;
    int e = duty_roster_slots(a, r, group, t_ns, t_ns + ahead_ns, &list, &n, reterr);
    for (size_t i = 0; e == 0 && i < n; i++)
        if (list[i].from_ns == t_ns) {
            struct duty_slot *s = &ret[(*ret_n)++];
            *s = list[i];
            if (s->until_ns == t_ns + ahead_ns)
                s->until_ns = TIME_NONE;
        }
    return e;
}

int duty_roster_gaps(struct arena *a, const struct duty_roster *r, struct str group, int64_t from_ns, int64_t until_ns, struct duty_gap **ret,
                     size_t *ret_n, struct diag *reterr) {
    struct duty_slot *list;
    size_t n, cap = 0, n_gaps = 0;
    struct duty_gap *gaps = NULL;
    int64_t at = from_ns;
    int e = duty_roster_slots(a, r, group, from_ns, until_ns, &list, &n, reterr);
    for (size_t i = 0; e == 0 && i <= n; i++) {
        bool end = i == n || list[i].order != 1;
        int64_t next = end ? until_ns : list[i].from_ns;
        if (next > at) {
            if (arena_grow(a, (void **) &gaps, &cap, n_gaps + 1, sizeof *gaps) < 0)
                return diag_set(reterr, -ENOMEM, "memory has run out");
            gaps[n_gaps++] = (struct duty_gap){at, next};
        }
        if (end)
            break;
        at = list[i].until_ns;
    }
    *ret = gaps;
    *ret_n = n_gaps;
    return e;
}
