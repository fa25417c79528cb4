#include "app/room/clock.h"

static int64_t now(void *ctx) {
    const struct clock *c = ctx;
    if (!c->follows)
        return time_now_ns();
    return c->anchor_ns + (time_monotonic_ns() - c->anchored_ns);
}

void clock_init(struct clock *c, bool follows) {
    /* before the first line is played nothing has happened: not the machine's date, which may lie
     * behind it */
    *c = (struct clock){.follows = follows, .anchored_ns = time_monotonic_ns()};
}

struct port_clock clock_port(struct clock *c) {
    return (struct port_clock){.ctx = c, .now_ns = now};
}

void clock_heard(struct clock *c, int64_t t_ns) {
    if (!c->follows || t_ns < now(c))
        return;
    c->anchor_ns = t_ns;
    c->anchored_ns = time_monotonic_ns();
}
