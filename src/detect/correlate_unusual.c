/* unusual: how many events there are in this hour (or day), against what this group has at such an hour of such a day.
 *
 * Days are of eight kinds: the seven weekdays, and holidays (the turn of the year among them), which is told by the calendar
 * the plan was given; without one every day is its weekday. For each kind of day and each hour a group learns the mean number
 * of events and its variance; an hour in which nothing came counts as nothing. Newer weeks count more: each weighs one part
 * in as many as `timespan` has weeks, in the beginning one part in as many as there were.
 *
 * What is usual is looked for where most is known of the very hour, and wider where too little is: such an hour of such a
 * day (two of them), of a working day or of a day off (three), of any day (three), then any hour at all (a day's worth).
 * Which it was is told (basis), and of how many hours it is the mean (learnt).
 *
 * True when the hour has at least `least` events, at least `times` as many as usual, and three deviations more: the square
 * root of the variance that was learnt, or of the mean where that is larger, because counts of rare things scatter by
 * themselves. Before `known` has gone by since the group's first event nothing is true. An hour that was unusual is learnt
 * as the most that would not have been: what goes on does not become usual in a day.
 *
 * The hours are Japan's. State: 20 bytes for an hour of a kind of day, in a group that hours judge 4 KB. */
#include "base/calendar.h"
#include "base/mem.h"
#include "detect/correlate_image.h"

#include <math.h>

enum { KINDS = 8, KIND_OFF = 7, HOURS = 24, SKIP_MAX = 24 * 400 };
enum { BASIS_SLOT = 1, BASIS_CLASS, BASIS_HOUR, BASIS_ALL };

struct unusual_slot {
    double mean, var;
    uint32_t n;
};
struct unusual {
    int64_t first, at; /* periods since 1970, of Japan's days */
    uint64_t count;    /* events of the one at hand */
    struct unusual_slot slots[];
};

static uint32_t hours_of(const struct plan_corr *pc) {
    return pc->each_ns >= NS_PER_DAY ? 1 : HOURS;
}
static size_t unusual_bytes(const struct plan_corr *pc) {
    return sizeof(struct unusual) + KINDS * hours_of(pc) * sizeof(struct unusual_slot);
}
static int64_t period_of(const struct plan_corr *pc, int64_t t) {
    int64_t local = t + TIME_JST_OFFSET_MIN * NS_PER_MIN;
    return local >= 0 ? local / pc->each_ns : -((-local + pc->each_ns - 1) / pc->each_ns);
}

static uint32_t kind_of(const struct correlate_plan *p, int32_t day) {
    unsigned bits = p->days ? calendar_day_bits(p->days, day) : 0;
    return bits & (DAY_HOLIDAY | DAY_YEAR_END) ? KIND_OFF : (uint32_t) (((int64_t) day % 7 + 7 + 4) % 7); /* 1970-01-01: Thursday */
}
static bool is_off(uint32_t kind) {
    return kind == 0 || kind == 6 || kind == KIND_OFF;
}

struct place {
    uint32_t kind, hour;
};
static struct place place_of(const struct correlate *c, const struct plan_corr *pc, int64_t period) {
    uint32_t hours = hours_of(pc);
    return (struct place){.kind = kind_of(c->plan, (int32_t) (period / hours)), .hour = (uint32_t) (period % hours)};
}

/* Slots pooled: their mean, and the variance of all they learnt. */
static struct unusual_slot pool_slots(const struct unusual *u, uint32_t hours, struct place at, int basis) {
    struct unusual_slot out = {0};
    double square = 0;
    for (uint32_t k = 0; k < KINDS; k++)
        for (uint32_t h = 0; h < hours; h++) {
            const struct unusual_slot *x = &u->slots[k * hours + h];
            bool in = basis == BASIS_ALL || (h == at.hour && (basis == BASIS_HOUR || is_off(k) == is_off(at.kind)));
            if (!in || !x->n)
                continue;
            out.n += x->n;
            out.mean += x->n * x->mean;
            square += x->n * (x->var + x->mean * x->mean);
        }
    if (out.n) {
        out.mean /= out.n;
        out.var = MAX(square / out.n - out.mean * out.mean, 0);
    }
    return out;
}

/* 0: too little is known. */
static int usual_at(const struct unusual *u, uint32_t hours, struct place at, struct unusual_slot *ret) {
    static const uint32_t enough[] = {[BASIS_CLASS] = 3, [BASIS_HOUR] = 3, [BASIS_ALL] = HOURS};
    *ret = u->slots[at.kind * hours + at.hour];
    if (ret->n >= 2)
        return BASIS_SLOT;
    for (int basis = BASIS_CLASS; basis <= BASIS_ALL; basis++) {
        *ret = pool_slots(u, hours, at, basis);
        if (ret->n >= (hours == 1 ? 3 : enough[basis]))
            return basis;
    }
    return 0;
}

static double threshold(const struct plan_corr *pc, const struct unusual_slot *x) {
    double scatter = 3 * sqrt(MAX(x->var, x->mean));
    return MAX(MAX((double) pc->need, pc->times * x->mean), x->mean + scatter);
}

static void learn(const struct correlate *c, const struct plan_corr *pc, struct unusual *u, int64_t period, uint64_t count) {
    struct place at = place_of(c, pc, period);
    struct unusual_slot *x = &u->slots[at.kind * hours_of(pc) + at.hour], known;
    double v = (double) count;
    if (usual_at(u, hours_of(pc), at, &known))
        v = MIN(v, threshold(pc, &known));
    uint32_t weeks = (uint32_t) MAX(pc->span_ns / (7 * NS_PER_DAY), 2);
    double part = 1.0 / MIN(x->n + 1, weeks), off = v - x->mean;
    x->mean += part * off;
    x->var = (1 - part) * (x->var + part * off * off);
    x->n = MIN(x->n + 1, weeks * 7); /* holidays come more often than once a week */
}

static int begin(struct correlate *c, const struct plan_corr *pc, union corr_state *st, int64_t period) {
    struct unusual *u = st->p ? st->p : hot_realloc(c, NULL, 0, unusual_bytes(pc));
    if (!u)
        return -ENOMEM;
    memset(u, 0, unusual_bytes(pc));
    u->first = u->at = period;
    st->p = u;
    return 0;
}

/* The first period is not learnt: nobody knows when in it the group began. */
static int go_to(struct correlate *c, const struct plan_corr *pc, union corr_state *st, int64_t period) {
    struct unusual *u = st->p;
    if (!u || period - u->at > SKIP_MAX || period < u->at - HOURS) {
        c->stats.rewinds += u && period < u->at;
        return begin(c, pc, st, period);
    }
    for (; u->at < period; u->at++) {
        if (u->at > u->first)
            learn(c, pc, u, u->at, u->count);
        u->count = 0;
    }
    return 0;
}

int unusual_feed(struct correlate *c, const struct plan_corr *pc, union corr_state *st, const struct mini *m, bool *ret_hit) {
    int64_t period = period_of(pc, m->t);
    int r = go_to(c, pc, st, period);
    struct unusual *u = st->p;
    if (r < 0)
        return r;
    if (period < u->at) {
        c->stats.late++;
        return 0;
    }
    u->count += m->weight;
    struct place at = place_of(c, pc, period);
    struct unusual_slot x;
    int basis = (period - u->first) * pc->each_ns >= pc->within_ns ? usual_at(u, hours_of(pc), at, &x) : 0;
    *ret_hit = basis && (double) u->count >= threshold(pc, &x);
    if (!*ret_hit)
        return 0;
    const double told[UNUSUAL_FIGURES] = {
        [UNUSUAL_COUNT] = (double) u->count, [UNUSUAL_USUAL] = x.mean,      [UNUSUAL_TIMES] = (double) u->count / MAX(x.mean, 1),
        [UNUSUAL_LEARNT] = x.n,              [UNUSUAL_BASIS] = basis,       [UNUSUAL_DAY] = at.kind,
        [UNUSUAL_HOUR] = hours_of(pc) == 1 ? -1 : (double) at.hour,
    };
    memcpy(c->figures, told, sizeof told);
    return 0;
}

int unusual_take_over(struct correlate *to, const struct plan_corr *pc, union corr_state *mine, const union corr_state *theirs) {
    const struct unusual *u = theirs->p, *own = mine->p;
    if (!u || (own && own->first <= u->first))
        return 0;
    if (!own && !(mine->p = hot_realloc(to, NULL, 0, unusual_bytes(pc))))
        return -ENOMEM;
    memcpy(mine->p, u, unusual_bytes(pc));
    return 0;
}

void unusual_free(struct correlate *c, const struct plan_corr *pc, union corr_state *st) {
    st->p = hot_realloc(c, st->p, unusual_bytes(pc), 0);
}

void unusual_image(struct correlate_image *x, const struct plan_corr *pc, union corr_state *st) {
    if (x->i->reading && !(st->p = hot_realloc(x->c, NULL, 0, unusual_bytes(pc)))) {
        image_fail(x->i, -ENOMEM);
        return;
    }
    struct unusual *u = st->p;
    image_i64(x->i, &u->first);
    image_i64(x->i, &u->at);
    image_u64(x->i, &u->count);
    for (uint32_t i = 0; i < KINDS * hours_of(pc) && !x->i->error; i++) {
        image_double(x->i, &u->slots[i].mean);
        image_double(x->i, &u->slots[i].var);
        image_u32(x->i, &u->slots[i].n);
        if (x->i->reading && (!isfinite(u->slots[i].mean) || u->slots[i].mean < 0 || !(u->slots[i].var >= 0) ||
                              !isfinite(u->slots[i].var)))
            image_fail(x->i, -ERR_CORRUPT);
    }
}

void correlate_plan_days(struct correlate_plan *p, const struct calendar *days) {
    p->days = days;
}
