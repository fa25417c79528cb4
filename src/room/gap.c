#include "room/gap.h"

#include <stdlib.h>

struct room_act room_act_of(int64_t at_ns, int64_t until_ns, int64_t precision_s, int side) {
    int64_t wide = MAX(precision_s, 0) * NS_PER_S;
    bool about = precision_s > 0 && precision_s != 60 && precision_s != 3600 && precision_s != 86400;
    struct room_act a = {about ? at_ns - wide / 2 : at_ns, about ? at_ns + wide / 2 : at_ns + wide, side};
    if (until_ns != TIME_NONE)
        a.to_ns = MAX(a.to_ns, until_ns);
    return a;
}

static int by_time(const void *a, const void *b) {
    const struct room_act *x = a, *y = b;
    return x->from_ns < y->from_ns ? -1 : x->from_ns > y->from_ns;
}

/* Of [from, to) what lies between 22:00 and 06:00 in Japan. */
static int64_t night_ns(int64_t from, int64_t to) {
    int64_t zone = TIME_JST_OFFSET_MIN * NS_PER_MIN, sum = 0;
    for (int64_t day = (from + zone) / NS_PER_DAY - 1; day * NS_PER_DAY - zone < to; day++) {
        int64_t a = day * NS_PER_DAY - zone + 22 * NS_PER_HOUR, b = a + 8 * NS_PER_HOUR;
        sum += MAX(MIN(b, to) - MAX(a, from), 0);
    }
    return sum;
}

static int64_t perhaps_in(const struct room_act *acts, size_t n, int64_t from, int64_t to) {
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += acts[i].side && (acts[i].side > 0 ? acts[i].from_ns < to : acts[i].from_ns > from);
    return sum;
}

size_t room_gaps(struct room_act *acts, size_t n, const struct room_gap_span *s, struct room_gap *dst, size_t cap) {
    int64_t at = s->from_ns;
    bool wide = false; /* the act before was told no more exactly than its width */
    size_t out = 0;
    if (n)
        qsort(acts, n, sizeof *acts, by_time);
    for (size_t i = 0; i <= n && out < cap; i++) {
        if (i < n && (acts[i].side || acts[i].from_ns > s->to_ns))
            continue;
        int64_t end = i < n ? acts[i].from_ns : s->to_ns;
        bool told_wide = i < n && acts[i].to_ns > acts[i].from_ns;
        int64_t counted = end > at ? (end - at - (s->leave_nights_out ? night_ns(at, end) : 0)) / NS_PER_S : 0;
        if (s->at_least_s > 0 && counted >= s->at_least_s)
            dst[out++] = (struct room_gap){at, end, counted, i == n && s->open, wide || told_wide, perhaps_in(acts, n, at, end)};
        if (i < n && acts[i].to_ns >= at) {
            at = MAX(at, acts[i].to_ns);
            wide = told_wide;
        }
    }
    return out;
}
