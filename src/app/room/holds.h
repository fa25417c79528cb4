/* Tells the keeper what cases hold (app/keep/holds.h): after each change, and at least once a minute, so that a room that is
 * gone is told from one that holds nothing. */
#pragma once
#include "base/buf.h"

struct program;
struct holds_out {
    int64_t looked_ns, written_ns; /* monotonic */
    uint64_t state;
    struct buf lines;
    size_t n;
};
void holds_tick(struct program *p);
