/* When a value that rises will reach a limit: a straight line through the window, and how sure it is.
 *
 *   line    the median of the slopes between all pairs of points (Theil, Sen): up to 29 % of the points may be anything
 *   error   the slopes between which the true one lies with 99 % (Sen's interval, from the variance of Kendall's S), and the
 *           median distance of the points from the line
 *
 * Of each sixty-fourth of the timespan the newest value is kept (correlate_number.c). More than POINTS values are gathered into POINTS stretches of time with the median of each, so a judgement costs the same
 * however often is measured. Nothing is said unless the rise is certain: the lower slope must be above zero by what doubles
 * can tell, the rise over the window three times the points' distance from the line, the latest time at most three times
 * the likely one, and nothing is foretold further ahead than four times what was seen. So nothing is divided by noise.
 * A limit that is reached already is no forecast: that is a level. Falling values are none either: count what is used. */
#include "detect/correlate_numbers.h"

#include <math.h>

enum { POINTS = 48, PAIRS = POINTS * (POINTS - 1) / 2 };
static const double SURE = 2.58, RISE_OVER_NOISE = 3, LATEST_OVER_LIKELY = 3, AHEAD_OVER_SEEN = 4;

struct point {
    double t, v; /* minutes before the event at hand (negative), value */
};

static int by_value(const void *a, const void *b) {
    double x = *(const double *) a, y = *(const double *) b;
    return x < y ? -1 : x > y;
}

static double middle(double *v, uint32_t n) {
    qsort(v, n, sizeof *v, by_value);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* The values of `count` entries from `from` on, as one point: the middle time, the median of at most POINTS of them. */
static struct point gather(const struct plan_scope *s, const struct numbers *x, uint32_t from, uint32_t count, int64_t now) {
    double v[POINTS];
    uint32_t n = MIN(count, (uint32_t) POINTS);
    for (uint32_t i = 0; i < n; i++)
        v[i] = number_at(x, s, from + (uint32_t) ((uint64_t) i * count / n));
    int64_t t = mini_at(x, s, from + count / 2)->t;
    return (struct point){.t = (double) (t - now) / (double) NS_PER_MIN, .v = middle(v, n)};
}

static uint32_t points_of(const struct plan_scope *s, const struct numbers *x, int64_t now, struct point *ret) {
    uint32_t n = MIN(x->n, (uint32_t) POINTS);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t from = (uint32_t) ((uint64_t) i * x->n / n), to = (uint32_t) ((uint64_t) (i + 1) * x->n / n);
        ret[i] = gather(s, x, from, to - from, now);
    }
    return n;
}

struct line {
    double slope, low, high, now, away; /* away: the median distance of the points from it */
};

static bool draw(const struct point *p, uint32_t n, struct line *ret) {
    double slopes[PAIRS], rest[POINTS];
    uint32_t k = 0;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = i + 1; j < n; j++)
            if (p[j].t > p[i].t)
                slopes[k++] = (p[j].v - p[i].v) / (p[j].t - p[i].t);
    if (k < 3)
        return false;
    ret->slope = middle(slopes, k);
    double spread = SURE * sqrt((double) n * (n - 1) * (2.0 * n + 5) / 18);
    double low = ((double) k - spread) / 2, high = ((double) k + spread) / 2;
    ret->low = slopes[low > 0 ? (uint32_t) low : 0];
    ret->high = slopes[high < k - 1 ? (uint32_t) ceil(high) : k - 1];
    for (uint32_t i = 0; i < n; i++)
        rest[i] = p[i].v - ret->slope * p[i].t;
    ret->now = middle(rest, n);
    for (uint32_t i = 0; i < n; i++)
        rest[i] = fabs(rest[i] - ret->now);
    ret->away = middle(rest, n);
    return true;
}

bool forecast_judge(const struct plan_corr *pc, const struct plan_scope *s, const struct numbers *x, const struct mini *m,
                    double figures[FORECAST_FIGURES]) {
    struct point p[POINTS];
    struct line l;
    double limit = pc->reaches, within = (double) pc->within_ns / (double) NS_PER_MIN;
    if (x->n < pc->need)
        return false;
    uint32_t n = points_of(s, x, m->t, p);
    if (!draw(p, n, &l))
        return false;
    double seen = p[n - 1].t - p[0].t, left = limit - l.now, least_rise = 1e-9 * MAX(fabs(limit), fabs(l.now));
    if (left <= 0 || l.low * seen <= least_rise || l.slope * seen < RISE_OVER_NOISE * l.away)
        return false;
    double minutes = left / l.slope, most = (left + l.away) / l.low;
    if (minutes > within || minutes > AHEAD_OVER_SEEN * seen || most > LATEST_OVER_LIKELY * minutes)
        return false;
    figures[FORECAST_MINUTES] = minutes;
    figures[FORECAST_LEAST] = MAX(left - l.away, 0) / l.high;
    figures[FORECAST_MOST] = most;
    figures[FORECAST_NOW] = l.now;
    figures[FORECAST_PER_HOUR] = l.slope * 60;
    figures[FORECAST_LIMIT] = limit;
    return true;
}
