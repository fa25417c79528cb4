/* How regular the events of a group are: measures `visits`, `period` and `jitter`.
 *
 * A program that calls home does so at an interval it was told, a little early or late so that nobody sees it. People
 * do not, and what they do comes in bursts. The idea is that of RITA (Active Countermeasures): look at the intervals
 * between connections of one pair of hosts, and judge by what a few odd ones cannot spoil. Here:
 *
 *   visits   how many times are remembered; what comes within 5 s of a visit belongs to it (a program asks for A and
 *            AAAA, tries twice, opens two connections)
 *   period   the median interval, in seconds
 *   jitter   how far intervals lie from the median, in per cent of it: the deviation that 80 of 100 keep to, over
 *            0.8. Of a program that is told "P, up to j per cent early or late" this is j, as exact as the number of
 *            intervals allows, and a night without connections, or every sixth call lost, changes nothing. Of events
 *            that come by chance it is above 150.
 *
 * RITA takes the median deviation (50 of 100). With 19 intervals and a bound of 40 that lets 28 of 60,000 pairs pass that
 * connect by chance; 80 of 100 lets none pass, and its jitter is twice as exact. The price is that a fifth instead of
 * half of the intervals may be odd. tests/soak/beacons measures both sides.
 *
 * Memory: the newest PERIOD_VISITS_MAX times. Not known yet (fewer than PERIOD_LEAST intervals): period 0, jitter
 * UINT32_MAX. */
#include "detect/correlate_image.h"

enum { PERIOD_VISITS_MAX = 64, PERIOD_LEAST = 6, KEEP_TO_PERCENT = 80 };
#define PERIOD_APART_NS (5 * NS_PER_S)

void beats_free(struct correlate *c, struct beats *b) {
    hot_realloc(c, b->at, b->cap * sizeof *b->at, 0);
    *b = (struct beats){0};
}

static void drop_first(struct beats *b, uint32_t n) {
    if (!n)
        return;
    b->n -= n;
    memmove(b->at, b->at + n, b->n * sizeof *b->at);
}

static int make_room(struct correlate *c, struct beats *b) {
    if (b->n < b->cap)
        return 0;
    if (b->cap == PERIOD_VISITS_MAX) {
        drop_first(b, 1);
        return 0;
    }
    uint32_t cap = b->cap ? b->cap * 2 : 16;
    int64_t *at = hot_realloc(c, b->at, b->cap * sizeof *at, cap * sizeof *at);
    if (!at)
        return -ENOMEM;
    b->at = at;
    b->cap = cap;
    return 0;
}

void beats_since(struct beats *b, int64_t since) {
    uint32_t old = 0;
    while (old < b->n && b->at[old] < since)
        old++;
    drop_first(b, old);
}

int beats_add(struct correlate *c, struct beats *b, int64_t t, int64_t since) {
    beats_since(b, since);
    uint32_t i = b->n;
    while (i > 0 && b->at[i - 1] > t)
        i--;
    if (i > 0 && t - b->at[i - 1] < PERIOD_APART_NS)
        return 0;
    if (i < b->n && b->at[i] - t < PERIOD_APART_NS) { /* late: the visit began here */
        b->at[i] = t;
        return 0;
    }
    uint32_t before = b->n;
    int r = make_room(c, b);
    if (r < 0)
        return r;
    if (b->n < before) { /* the oldest left */
        if (i == 0)
            return 0;
        i--;
    }
    memmove(b->at + i + 1, b->at + i, (b->n - i) * sizeof *b->at);
    b->at[i] = t;
    b->n++;
    return 0;
}

/* The smallest with at least `percent` of all at or below it. Sorts. */
static int64_t at_percent(int64_t *list, uint32_t n, uint32_t percent) {
    for (uint32_t i = 1; i < n; i++) { /* at most 63, and mostly in order */
        int64_t v = list[i];
        uint32_t k = i;
        for (; k > 0 && list[k - 1] > v; k--)
            list[k] = list[k - 1];
        list[k] = v;
    }
    return list[(n * percent + 99) / 100 - 1];
}

uint32_t beats_measure(const struct beats *b, enum measure_kind kind) {
    int64_t list[PERIOD_VISITS_MAX];
    uint32_t n = b->n ? b->n - 1 : 0;
    if (kind == MEASURE_VISITS)
        return b->n;
    if (n < PERIOD_LEAST)
        return kind == MEASURE_PERIOD ? 0 : UINT32_MAX;
    for (uint32_t i = 0; i < n; i++)
        list[i] = b->at[i + 1] - b->at[i];
    int64_t median = at_percent(list, n, 50);
    if (kind == MEASURE_PERIOD)
        return (uint32_t) MIN((median + NS_PER_S / 2) / NS_PER_S, (int64_t) UINT32_MAX);
    for (uint32_t i = 0; i < n; i++)
        list[i] = list[i] > median ? list[i] - median : median - list[i];
    /* rounded up, in whole numbers: 56 of 100 are 70 per cent and not 71 */
    int64_t far = at_percent(list, n, KEEP_TO_PERCENT) * (100 * 100 / KEEP_TO_PERCENT);
    return (uint32_t) MIN(far / median + (far % median != 0), (int64_t) 1000000);
}

void beats_image(struct correlate_image *x, struct beats *b) {
    uint32_t cap = b->cap, n = b->n;
    image_count(x->i, &cap, PERIOD_VISITS_MAX);
    image_count(x->i, &n, cap);
    if (x->i->error || !cap)
        return;
    if (x->i->reading) {
        b->at = hot_realloc(x->c, NULL, 0, cap * sizeof *b->at);
        if (!b->at) {
            image_fail(x->i, -ENOMEM);
            return;
        }
        b->cap = cap;
        b->n = n;
    }
    for (uint32_t i = 0; i < n && !x->i->error; i++) {
        image_i64(x->i, &b->at[i]);
        if (x->i->reading && i > 0 && b->at[i] < b->at[i - 1])
            image_fail(x->i, -ERR_CORRUPT);
    }
}
