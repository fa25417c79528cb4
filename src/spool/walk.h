/* Frame by frame through one segment, and what to do where that ends. Private to the spool. */
#pragma once
#include "spool/file.h"
#include "spool/format.h"
#include "spool/spool.h"

/* buf holds file bytes from `at - (used)`; frames handed out are valid until the next walk_next, or
 * for the life of the buffer while `pinned` (then a frame that does not fit ends the walk with
 * WALK_FULL). */
struct spool_walk {
    struct spool_file *file;
    uint32_t seed;
    uint64_t at;   /* file offset of the next frame */
    uint64_t next; /* number of the next record */
    bool pinned;
    char *buf;
    size_t cap, from, to;
};
enum { WALK_STOP, WALK_FRAME, WALK_FULL };

/* Enough for any frame, so that a walk never meets one it cannot hold. */
enum { SPOOL_WALK_BYTES = 2 * SPOOL_FRAME_BYTES_MAX };

/* Sets the place; keeps the buffer. */
void spool_walk_begin(struct spool_walk *w, struct spool_file *file, uint32_t seed, uint64_t at,
                      uint64_t next);
/* WALK_STOP: the file ends here, or a frame is not complete, or does not check; w->at says where.
 */
int spool_walk_next(struct spool_walk *w, struct spool_frame *ret) MUST_USE;
/* True when the walk stopped exactly at the end of the file. */
bool spool_walk_at_end(const struct spool_walk *w);

/* After WALK_STOP before the end: is it corruption? 1: yes, *ret says what is missing and the walk
 * stands at the first frame behind it (or at the end of a closed segment, then to_number is 0 = up
 * to the next segment); 0: nothing proves that these bytes were ever acknowledged, and the walk did
 * not move. */
int spool_walk_resync(struct spool_walk *w, bool closed, struct spool_gap *ret) MUST_USE;
