/* Tells whoever watches packet filters which changes were announced (src/app/firewall/requests.h): DATA/change/announced, after each change. */
#pragma once
#include "base/buf.h"

struct program;
struct changes_out {
    int64_t looked_ns; /* monotonic */
    struct buf lines;  /* as they were written last */
};
void changes_tick(struct program *p);
