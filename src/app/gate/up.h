/* The way of records to the sensor: batches wait here until the spool has them (src/intake/handed.h).
 *
 *   queued --window--> sent --on disk--> done(0)
 *     |
 *     +-- the disk or the sensor stands still: done(-EAGAIN), when the batch may be refused: whoever sent it keeps it
 *
 * A batch is done as a whole. What was sent is never refused any more: it may be on disk. */
#pragma once
#include "base/list.h"
#include "intake/handed.h"

#include <uv.h>

struct up;
struct up_batch;
/* result 0: on disk. The batch is gone when this returns. */
typedef void up_done_fn(void *ctx, int result);

int up_new(uv_loop_t *loop, const char *socket_path, struct up **ret) MUST_USE;
/* The id of the source of this name: NAME (KIND), an equal name gives the equal id. 0: too many, or no memory. */
uint32_t up_source(struct up *u, struct str name, const char *kind, int offset_min);
/* What went by without becoming a record, since this was said last; the sensor is told the sum. */
void up_lost(struct up *u, uint32_t source, uint64_t lost, uint64_t broken);

struct up_batch *up_begin(struct up *u); /* NULL without memory */
/* A line of any length: above LINE_BYTES_MAX in pieces, as everywhere. mark may be empty. */
int up_add(struct up_batch *b, uint32_t source, struct str line, struct str peer, uint32_t flags, struct str mark) MUST_USE;
/* As it is, up to half of SPOOL_RECORD_BYTES_MAX: an entry of a journal. */
int up_add_whole(struct up_batch *b, uint32_t source, struct str bytes, struct str peer, uint32_t flags,
                 struct str mark) MUST_USE;
size_t up_records(const struct up_batch *b);
void up_drop(struct up_batch *b); /* one that was not sent off; NULL allowed */
/* done is called later, never from inside; NULL: nobody waits. An empty batch is done when all before it are. */
void up_send(struct up_batch *b, bool refusable, up_done_fn *done, void *ctx);
/* Whoever waits is gone. A batch that may be refused and has not left is taken back. */
void up_forget(struct up *u, void *ctx);

/* What a sender should be told now. */
enum up_state { UP_FINE, UP_BUSY /* 429 */, UP_STANDS /* 503: disk full, or no sensor */ };
enum up_state up_state(const struct up *u);
/* Called with ctx when the queue has room again, in order of up_wait; once. */
void up_wait(struct up *u, void (*again)(void *ctx), void *ctx);
void up_wait_no_more(struct up *u, void *ctx);
