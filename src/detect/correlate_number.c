/* Correlations over the values of a field in a sliding window, judged at every event:
 *
 *   value_sum, value_avg    of numbers
 *   value_percentile        the value below which `percentile` per cent of the numbers lie (nearest rank); without
 *                           `percentile` the share, in per cent, which this event's value has among all values
 *   value_median            the 50th percentile
 *   rate_change             how many times more events than in the window before this one
 *   forecast                when the value reaches a limit (correlate_forecast.c)
 *
 * State: the events of the window in order of time, each with its number; at most CORRELATION_NUMBERS_MAX, then the
 * oldest leave and are counted as dropped. A value that is no number takes no part (except in a share). A message that
 * stands for several counts as often. The sum is kept in 64 bits of mantissa: whole numbers stay exact. */
#include <math.h>

#include "base/mem.h"
#include "detect/correlate_image.h"
#include "detect/correlate_numbers.h"

static bool is_share(const struct plan_corr *pc) {
    return pc->type == CORR_VALUE_PERCENTILE && pc->percentile < 0;
}

/* False: the event takes no part. */
static bool number_of(const struct correlate *c, const struct plan_corr *pc, const struct mini *m,
                      double *ret) {
    *ret = 0;
    if (pc->type == CORR_RATE_CHANGE)
        return true;
    uint32_t word = m->vals[pc->counted[0]];
    return word && (is_share(pc) || str_to_double(words_get(&c->words, word), ret) == 0);
}

static void drop_oldest(struct correlate *c, const struct plan_scope *s, struct numbers *x) {
    const struct mini *m = mini_at(x, s, 0);
    x->weight -= m->weight;
    x->sum -= (long double) number_at(x, s, 0) * m->weight;
    mini_drop(c, s, m);
    x->head = x->head + 1 == x->cap ? 0 : x->head + 1;
    if (--x->n == 0)
        x->sum = 0;
}

/* What no window that ends at `now` can hold leaves; all of it after a jump back. */
static void purge(struct correlate *c, const struct plan_scope *s, const struct plan_corr *pc,
                  struct numbers *x, int64_t now) {
    int64_t newest = x->n ? mini_at(x, s, x->n - 1)->t : now;
    bool jumped = now < newest - pc->span_ns && now < newest - CORRELATION_SLACK_NS;
    c->stats.rewinds += jumped;
    while (x->n && (jumped || mini_at(x, s, 0)->t < now - pc->span_ns))
        drop_oldest(c, s, x);
}

static int make_room(struct correlate *c, const struct plan_scope *s, union corr_state *st) {
    struct numbers *x = st->p;
    if (x && x->n < x->cap)
        return 0;
    if (x && x->cap == CORRELATION_NUMBERS_MAX) {
        drop_oldest(c, s, x);
        c->stats.values_dropped++;
        return 0;
    }
    uint32_t cap = x ? MIN(x->cap * 2, (uint32_t) CORRELATION_NUMBERS_MAX) : 4;
    struct numbers *y = hot_realloc(c, NULL, 0, numbers_bytes(s, cap));
    if (!y)
        return -ENOMEM;
    y->cap = cap;
    if (x) {
        y->n = x->n;
        y->weight = x->weight;
        y->sum = x->sum;
        for (uint32_t i = 0; i < x->n; i++)
            memcpy(entry_at(y, s, i), entry_at(x, s, i), stride(s));
        hot_realloc(c, x, numbers_bytes(s, x->cap), 0);
    }
    st->p = y;
    return 0;
}

/* In order of time; a late event goes where it belongs. */
static void insert(struct correlate *c, const struct plan_scope *s, struct numbers *x,
                   const struct mini *m, double v) {
    uint32_t i = x->n++;
    for (; i > 0 && mini_at(x, s, i - 1)->t > m->t; i--)
        memcpy(entry_at(x, s, i), entry_at(x, s, i - 1), stride(s));
    memcpy(entry_at(x, s, i), m, s->mini_bytes);
    memcpy(entry_at(x, s, i) + s->mini_bytes, &v, sizeof v);
    x->weight += m->weight;
    x->sum += (long double) v * m->weight;
    mini_keep(c, s, m);
}

/* A forecast keeps one value a step, the newest, so that a group costs the same however often is measured. */
static bool renew(struct correlate *c, const struct plan_corr *pc, const struct plan_scope *s, struct numbers *x, const struct mini *m,
                  double v) {
    int64_t step = MAX(pc->span_ns / FORECAST_STEPS, 1);
    struct mini *last = x->n ? mini_at(x, s, x->n - 1) : NULL;
    if (!last || m->t < last->t || m->t / step != last->t / step)
        return false;
    x->weight += m->weight - last->weight;
    x->sum += (long double) v * m->weight - (long double) number_at(x, s, x->n - 1) * last->weight;
    mini_keep(c, s, m);
    mini_drop(c, s, last);
    memcpy(last, m, s->mini_bytes);
    memcpy((unsigned char *) last + s->mini_bytes, &v, sizeof v);
    return true;
}

/* ---- what the window says ---- */

static int by_value(const void *a, const void *b) {
    double x = *(const double *) a, y = *(const double *) b;
    return x < y ? -1 : x > y;
}

/* The value at a place among all of them in order, counted from 1; a message that stands for several has as many places. */
static int value_at(const struct plan_scope *s, const struct numbers *x, uint64_t place, double *ret) {
    struct counted {
        double v;
        uint64_t weight;
    } *list = mem_realloc_array(NULL, x->n, sizeof *list);
    if (!list)
        return -ENOMEM;
    for (uint32_t i = 0; i < x->n; i++)
        list[i] = (struct counted){number_at(x, s, i), mini_at(x, s, i)->weight};
    qsort(list, x->n, sizeof *list, by_value);
    uint64_t seen = 0;
    uint32_t i = 0;
    while (i + 1 < x->n && (seen += list[i].weight) < place)
        i++;
    *ret = list[i].v;
    mem_free(list);
    return 0;
}

/* Nearest rank: the smallest value with at least `percent` of all at or below it. Multiplied first: 0.55 * 20 is more
 * than 11. */
static int percentile(const struct plan_scope *s, const struct numbers *x, double percent, double *ret) {
    return value_at(s, x, (uint64_t) ceil(percent * (double) x->weight / 100), ret);
}

/* The middle value, or the mean of the two in the middle. */
static int median(const struct plan_scope *s, const struct numbers *x, double *ret) {
    double low, high;
    int r = value_at(s, x, (x->weight + 1) / 2, &low);
    if (r == 0)
        r = value_at(s, x, x->weight / 2 + 1, &high);
    if (r == 0)
        *ret = (low + high) / 2;
    return r;
}

static double share(const struct plan_corr *pc, const struct plan_scope *s, const struct numbers *x,
                    const struct mini *m) {
    uint32_t word = m->vals[pc->counted[0]];
    uint64_t same = 0;
    for (uint32_t i = 0; i < x->n; i++)
        if (mini_at(x, s, i)->vals[pc->counted[0]] == word)
            same += mini_at(x, s, i)->weight;
    return 100.0 * (double) same / (double) x->weight;
}

/* False: there is nothing to compare with. The state holds two timespans. */
static bool rate(const struct plan_corr *pc, const struct plan_scope *s, const struct numbers *x,
                 int64_t now, double *ret) {
    uint64_t recent = 0, before;
    uint32_t low = 0, high = x->n; /* a flood asks this at every event */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (mini_at(x, s, middle)->t < now - pc->span_ns / 2)
            low = middle + 1;
        else
            high = middle;
    }
    if (x->weight == x->n)
        recent = x->n - low;
    else
        for (uint32_t i = low; i < x->n; i++)
            recent += mini_at(x, s, i)->weight;
    before = x->weight - recent;
    *ret = before ? (double) recent / (double) before : 0;
    return before > 0 && recent >= pc->need;
}

static int judge(struct correlate *c, const struct plan_corr *pc, const struct plan_scope *s, const struct numbers *x,
                 const struct mini *m, bool *ret_hit) {
    double v = 0;
    int r = 0;
    bool known = true;
    switch (pc->type) {
    case CORR_FORECAST:
        *ret_hit = forecast_judge(pc, s, x, m, c->figures);
        return 0;
    case CORR_VALUE_SUM:
        v = (double) x->sum;
        break;
    case CORR_VALUE_AVG:
        v = (double) (x->sum / (long double) x->weight);
        break;
    case CORR_VALUE_MEDIAN:
        r = median(s, x, &v);
        break;
    case CORR_RATE_CHANGE:
        known = rate(pc, s, x, m->t, &v);
        break;
    default:
        if (is_share(pc))
            v = share(pc, s, x, m);
        else
            r = percentile(s, x, pc->percentile, &v);
    }
    *ret_hit = r == 0 && known && corr_bounds_hold(&pc->bounds, v);
    return r;
}

int number_feed(struct correlate *c, const struct plan_scope *s, const struct plan_corr *pc,
                union corr_state *st, const struct mini *m, bool *ret_hit) {
    double v;
    if (!number_of(c, pc, m, &v))
        return 0;
    if (st->p)
        purge(c, s, pc, st->p, m->t);
    if (pc->type == CORR_FORECAST && st->p && renew(c, pc, s, st->p, m, v))
        return judge(c, pc, s, st->p, m, ret_hit);
    int r = make_room(c, s, st);
    if (r < 0)
        return r;
    insert(c, s, st->p, m, v);
    return judge(c, pc, s, st->p, m, ret_hit);
}

void number_free(struct correlate *c, const struct plan_scope *s, union corr_state *st) {
    struct numbers *x = st->p;
    for (uint32_t i = 0; i < x->n; i++)
        mini_drop(c, s, mini_at(x, s, i));
    st->p = hot_realloc(c, x, numbers_bytes(s, x->cap), 0);
}

int number_past(const struct plan_scope *s, const struct plan_corr *pc, const union corr_state *st,
                const struct mini *now, mini_fn *fn, void *ctx) {
    const struct numbers *x = st->p;
    int r = 0;
    for (uint32_t i = 0; i < x->n && r == 0; i++) {
        const struct mini *m = mini_at(x, s, i);
        if (m->pos != now->pos && m->t >= now->t - pc->span_ns)
            r = fn(ctx, m);
    }
    return r;
}

/* The sum is summed again: nothing of it but the numbers themselves is kept. */
void number_image(struct correlate_image *x, const struct plan_scope *s, const struct plan_corr *pc,
                  union corr_state *st) {
    struct numbers *y = st->p;
    uint32_t cap = y ? y->cap : 0, n = y ? y->n : 0;
    image_count(x->i, &cap, CORRELATION_NUMBERS_MAX);
    image_count(x->i, &n, cap);
    if (x->i->error)
        return;
    if (x->i->reading) {
        if (!(y = hot_realloc(x->c, NULL, 0, numbers_bytes(s, cap)))) {
            image_fail(x->i, -ENOMEM);
            return;
        }
        y->cap = cap;
        st->p = y;
    }
    for (uint32_t i = 0; i < n && !x->i->error; i++) {
        double v = 0;
        image_mini(x, s, mini_at(y, s, i), false);
        if (!x->i->reading)
            continue;
        y->n = i + 1;
        if (!x->i->error && !number_of(x->c, pc, mini_at(y, s, i), &v))
            image_fail(x->i, -ERR_CORRUPT);
        memcpy(entry_at(y, s, i) + s->mini_bytes, &v, sizeof v);
        y->weight += mini_at(y, s, i)->weight;
        y->sum += (long double) v * mini_at(y, s, i)->weight;
    }
}
