/* Stretches in which nobody acted: what lies between the acts of a lane, from when the case was noticed until now or its end.
 *
 * An act reaches as far as its time was told: one "at 18 o'clock" may have been at 18:00 or at 18:59, so the gap before it ends at 18:00
 * and the one behind it begins at 19:00; a gap beside such an act is at least that long. What has no time of its own (before or after
 * another entry) ends no gap; it is counted as perhaps lying in those of its lane that begin behind it, or end before it. Pure. */
#pragma once
#include "base/err.h"
#include "base/time.h"

struct room_act {
    int64_t from_ns, to_ns; /* as wide as it was told */
    int side;               /* -1, 1: some time before or after from_ns; 0: then */
};
struct room_gap {
    int64_t from_ns, to_ns, counted_s; /* without the hours that do not count */
    bool open;                         /* it goes on */
    bool at_least;                     /* an end of it is not known exactly */
    int64_t perhaps;                   /* entries without a time that may lie in it */
};
struct room_gap_span {
    int64_t from_ns, to_ns; /* noticed; now or closed */
    bool open;
    int64_t at_least_s;     /* a shorter one is none */
    bool leave_nights_out;  /* 22:00 to 06:00 in Japan */
};
/* acts in any order: sorted in place. The first `cap` gaps in the order of time; returns how many. */
size_t room_gaps(struct room_act *acts, size_t n, const struct room_gap_span *s, struct room_gap *dst, size_t cap);
/* From where to where a moment of this width (timeline.precision_s; < 0: exact) may have been. */
struct room_act room_act_of(int64_t at_ns, int64_t until_ns, int64_t precision_s, int side);
