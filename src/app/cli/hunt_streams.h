/* Several files as one sequence in time.
 *
 * Each file is a stream of batches. Reading is done by the caller's thread, decoding and matching by worker
 * threads, and what matched is taken in order of time (then of the files' order, then of lines), so that
 * rules see an attack whose parts stand in different logs. At most HUNT_STREAMS_MAX files are open at once;
 * more are taken in groups of that many, in the order given.
 *
 * With one thread everything happens in the caller. The result is the same. */
#pragma once
#include "app/engine/engine.h"

#define HUNT_STREAMS_MAX 32

struct hunt_options {
    unsigned threads;
    size_t batch_bytes; /* 0: BATCH_BYTES */
    bool progress;      /* a line on standard error when it is a terminal */
};
struct hunt_totals {
    uint64_t bytes, lines;
    uint32_t files_failed;
};
/* `failed` is told of every file that cannot be read (wholly or from some point on); the others go on.
 * Returns 0 or what the engine or the sink returned. */
int hunt_streams(struct engine *e, const char *const *files, size_t n, const struct hunt_options *o,
                 void (*failed)(void *ctx, const struct diag *d), void *ctx,
                 struct hunt_totals *ret) MUST_USE;
