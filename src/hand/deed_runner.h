/* The process that carries steps out, forked before the sandbox of the one that reads orders closes. It takes
 * {verb, kind, target, params, kept} as a frame of JSON over a socket pair, types every value again against the driver's
 * file it read itself, and answers {code, text, kept}. It ends when the other side is gone. */
#pragma once
#include "hand/deed_driver.h"

struct deed_runner {
    int fd, pid;
    bool broken;
};
int deed_runner_start(const struct deed_driver *d, int (*enter)(void *ctx, struct diag *reterr), void *ctx,
                      struct deed_runner *ret, struct diag *reterr) MUST_USE;
void deed_runner_end(struct deed_runner *r);
int deed_runner_run(void *runner, enum deed_verb verb, struct str kind, struct str target, struct str params,
                    struct buf *kept, struct diag *reterr) MUST_USE;
