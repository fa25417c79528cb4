/* The room's clock: the machine's, or in a demonstration the sensor's, which plays a day in
 * minutes. */
#pragma once
#include "base/time.h"
#include "event/port.h"

struct clock {
    bool follows;        /* a demonstration */
    int64_t anchor_ns;   /* virtual time at… */
    int64_t anchored_ns; /* …this moment of the monotonic clock */
};
void clock_init(struct clock *c, bool follows);
struct port_clock clock_port(struct clock *c);
/* The sensor has reached this time. Time never goes back. */
void clock_heard(struct clock *c, int64_t t_ns);
