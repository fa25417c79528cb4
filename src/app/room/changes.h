/* Tells other programs, after each change, what stands in registers: whoever watches packet filters which changes were announced
 * (src/app/firewall/requests.h, DATA/change/announced), the gate which limits of design there are (src/intake/metric.h, DATA/limits/design). */
#pragma once
#include "base/buf.h"

enum { CHANGES_TOLD = 2 };
struct program;
struct changes_out {
    int64_t looked_ns; /* monotonic */
    struct buf lines[CHANGES_TOLD]; /* as they were written last */
};
void changes_tick(struct program *p);
