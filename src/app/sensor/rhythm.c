/* See rhythm.h. */
#include "app/sensor/rhythm.h"

#include "base/image.h"
#include "base/macros.h"

enum {
    HOUR_S = 3600,
    WEEK_S = RHYTHM_HOURS * HOUR_S,
    MONDAY_S = 4 * 86400,       /* the first Monday after 1970-01-01 */
    DENSE_S = 60,               /* a stretch without a gap of a second is learnt in minutes */
    WEIGHT_MAX_S = 8 * HOUR_S,  /* eight weeks of one hour */
    PRIOR_WEIGHT_S = 1800,      /* what other hours say: at first like half an hour of the hour itself, then less */
    KNOWN_S = 2 * HOUR_S,       /* from here on an hour is known: one outage must not teach that outages are usual */
};

static int64_t local_s(int64_t ns, int offset_min) {
    return ns / NS_PER_S + (int64_t) offset_min * 60 - MONDAY_S;
}
static int64_t hour_start(int64_t s) {
    int64_t in = s % HOUR_S;
    return s - (in < 0 ? in + HOUR_S : in);
}
static unsigned cell_of(int64_t s) {
    int64_t in = s % WEEK_S;
    return (unsigned) ((in < 0 ? in + WEEK_S : in) / HOUR_S);
}

/* Mean gap of the whole week. */
static uint32_t overall_ms(const struct rhythm *r) {
    uint64_t sum = 0, weight = 0;
    for (unsigned i = 0; i < RHYTHM_HOURS; i++) {
        sum += (uint64_t) r->gap_ms[i] * r->weight_s[i];
        weight += r->weight_s[i];
    }
    return weight ? (uint32_t) (sum / weight) : 0;
}

/* What an hour is expected to be before its own days have been seen: like the same hour of most other days (in doubt
 * the quieter ones), else like the week. */
static uint32_t prior_ms(const struct rhythm *r, unsigned cell, uint32_t overall) {
    uint32_t days[7];
    unsigned n = 0;
    for (unsigned i = cell % 24; i < RHYTHM_HOURS; i += 24) {
        unsigned k = n;
        if (i == cell || !r->weight_s[i])
            continue;
        for (; k > 0 && days[k - 1] > r->gap_ms[i]; k--)
            days[k] = days[k - 1];
        days[k] = r->gap_ms[i];
        n++;
    }
    return n ? days[n / 2] : overall;
}

static uint32_t cell_interval(const struct rhythm *r, unsigned cell, uint32_t overall) {
    uint64_t own = r->weight_s[cell];
    uint64_t other = own < KNOWN_S ? (uint64_t) PRIOR_WEIGHT_S * (KNOWN_S - own) / KNOWN_S : 0;
    uint64_t sum = own * r->gap_ms[cell];
    if (other)
        sum += other * prior_ms(r, cell, overall);
    return MAX(1u, (uint32_t) (sum / (own + other)));
}

/* In millionths. Goes from hour to hour, at most a week; whole weeks are the caller's. */
static uint64_t missed_between(const struct rhythm *r, int64_t from, int64_t to, uint32_t overall) {
    uint64_t missed = 0;
    while (from < to) {
        int64_t end = MIN(to, hour_start(from) + HOUR_S);
        uint64_t interval = MAX(cell_interval(r, cell_of(from), overall), (uint32_t) RHYTHM_FLOOR_S * 1000);
        missed += (uint64_t) (end - from) * 1000000000 / interval;
        from = end;
    }
    return missed;
}

static uint64_t missed(const struct rhythm *r, int64_t from, int64_t to) {
    uint32_t overall = overall_ms(r);
    uint64_t sum = 0;
    if (from >= to)
        return 0;
    int64_t weeks = (to - from) / WEEK_S;
    if (weeks) {
        sum = (uint64_t) weeks * missed_between(r, from, from + WEEK_S, overall);
        from += weeks * WEEK_S;
    }
    return (sum + missed_between(r, from, to, overall)) / 1000;
}

static void learn(struct rhythm *r, int64_t from, int64_t to, int64_t gap_s) {
    while (from < to) {
        int64_t end = MIN(to, hour_start(from) + HOUR_S);
        unsigned c = cell_of(from);
        uint64_t w = r->weight_s[c], part = (uint64_t) (end - from), gap = (uint64_t) gap_s * 1000;
        if (w >= KNOWN_S)
            gap = MIN(gap, MAX(3 * (uint64_t) r->gap_ms[c], (uint64_t) 3 * RHYTHM_FLOOR_S * 1000));
        r->gap_ms[c] = (uint32_t) ((r->gap_ms[c] * w + gap * part) / (w + part));
        r->weight_s[c] = (uint16_t) MIN(w + part, (uint64_t) WEIGHT_MAX_S);
        from = end;
    }
    r->gaps += r->gaps < UINT32_MAX;
}

void rhythm_arrival(struct rhythm *r, int64_t at_ns, int offset_min) {
    if (at_ns <= r->last_ns)
        return;
    if (!r->last_ns) {
        r->dense_from_ns = r->last_ns = at_ns;
        return;
    }
    if (at_ns - r->last_ns < NS_PER_S && at_ns - r->dense_from_ns < DENSE_S * NS_PER_S) {
        r->last_ns = at_ns; /* by far the most frequent case */
        return;
    }
    int64_t dense = local_s(r->dense_from_ns, offset_min), last = local_s(r->last_ns, offset_min),
            at = local_s(at_ns, offset_min);
    if (last > dense)
        learn(r, dense, last, 1);
    if (at > last)
        learn(r, last, MIN(at, last + WEEK_S), MIN(at - last, (int64_t) WEEK_S));
    r->dense_from_ns = r->last_ns = at_ns;
}

uint64_t rhythm_missed(const struct rhythm *r, int64_t now_ns, int offset_min) {
    if (r->gaps < RHYTHM_GAPS_MIN || now_ns <= r->last_ns)
        return 0;
    return missed(r, local_s(r->last_ns, offset_min), local_s(now_ns, offset_min));
}

uint32_t rhythm_interval_s(const struct rhythm *r, int64_t at_ns, int offset_min) {
    if (r->gaps < RHYTHM_GAPS_MIN)
        return 0;
    uint32_t ms = cell_interval(r, cell_of(local_s(at_ns, offset_min)), overall_ms(r));
    return MAX(1u, ms / 1000);
}

void rhythm_image(struct rhythm *r, struct image *x) {
    image_i64(x, &r->dense_from_ns);
    image_i64(x, &r->last_ns);
    image_u32(x, &r->gaps);
    for (unsigned i = 0; i < RHYTHM_HOURS; i++) {
        uint32_t weight = r->weight_s[i];
        image_u32(x, &r->gap_ms[i]);
        image_count(x, &weight, WEIGHT_MAX_S);
        r->weight_s[i] = (uint16_t) weight;
    }
    if (x->reading && r->dense_from_ns > r->last_ns)
        image_fail(x, -ERR_CORRUPT);
}
