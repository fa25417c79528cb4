/* The rhythm of a source: how long it is usually quiet, by hour of the week, and how much of that has gone by since it
 * spoke last.
 *
 * An hour's interval is the mean gap a moment of that hour falls in (gaps weighted by their own length), so that a
 * hundred lines at once and then an hour of nothing count as an hour, not as thirty seconds. What is missed is the
 * integral of dt / max(interval, RHYTHM_FLOOR_S) over the silence: for an even rhythm 3 of them are 3 intervals or ten
 * minutes, whichever is longer, and a night that is always quiet adds about one and no more.
 *
 * Only arrival times recorded in the spool go in; nothing here reads a clock, and integers keep every machine at the
 * same answer. What it does not know: holidays. */
#pragma once
#include "base/time.h"

struct image;

enum {
    RHYTHM_HOURS = 168,
    RHYTHM_FLOOR_S = 200,    /* a third of the ten minutes below which no silence is told */
    RHYTHM_GAPS_MIN = 5,     /* fewer gaps are no rhythm */
    RHYTHM_MISSED = 3 * 1000, /* thousandths of intervals from which on a source is called silent */
};
struct rhythm {
    int64_t dense_from_ns, last_ns; /* since when lines have come second by second; the last one. 0: none yet */
    uint32_t gaps;                  /* learnt, up to UINT32_MAX */
    uint32_t gap_ms[RHYTHM_HOURS];  /* mean gap of the hour, from Monday 00:00 local time; at most a week */
    uint16_t weight_s[RHYTHM_HOURS]; /* of how many seconds; old ones fade beyond eight hours */
};
/* A line arrived. offset_min: local time east of UTC. Times that do not go forward are passed over. */
void rhythm_arrival(struct rhythm *r, int64_t at_ns, int offset_min);
/* What has been missed until now_ns in thousandths of intervals; 0 while there is no rhythm. */
uint64_t rhythm_missed(const struct rhythm *r, int64_t now_ns, int offset_min);
/* The interval learnt for the hour of `at`; 0 while there is no rhythm. */
uint32_t rhythm_interval_s(const struct rhythm *r, int64_t at_ns, int offset_min);
void rhythm_image(struct rhythm *r, struct image *x);
