/* The sensor's line to the room: findings go out and are kept until acknowledged, questions come in.
 *
 * A finding told is put in the outbox; the room acknowledges by sequence number after its commit. The outbox is
 * part of the sensor's state (pump.h), so that what was told and not yet acknowledged is told again after a
 * restart. A room that is away costs memory up to OUTBOX_BYTES_MAX; then roomlink_full asks the sensor to stop
 * looking at further records. The spool holds them. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/limits.h"

#include <uv.h>

#define ROOMLINK_FINDING_BYTES_MAX (FRAME_BYTES_MAX - 64) /* with its envelope still one frame */

struct roomlink;
struct roomlink_handlers {
    void *ctx;
    void (*connected)(void *ctx);                                   /* tell what the room should know first */
    /* "explain", "lines"…: answer with roomlink_send. */
    void (*asked)(void *ctx, struct str type, const struct json_value *message);
    void (*room_again)(void *ctx);                                  /* the outbox has room again */
};
int roomlink_new(uv_loop_t *loop, const char *socket_path, const struct roomlink_handlers *h,
                 struct roomlink **ret) MUST_USE;
/* Closes, in later turns of the loop. No handler is called any more, and not from one of them. */
struct roomlink *roomlink_free(struct roomlink *l);
/* Queues a finding (its JSON). -ERR_LIMIT when it is larger than a frame. */
int roomlink_finding(struct roomlink *l, struct str json) MUST_USE;
bool roomlink_full(const struct roomlink *l);
bool roomlink_empty(const struct roomlink *l); /* everything told was acknowledged */
/* Numbers of the finding queued last, and of the last one acknowledged. */
uint64_t roomlink_told(const struct roomlink *l);
uint64_t roomlink_acknowledged(const struct roomlink *l);
int64_t roomlink_acknowledged_at(const struct roomlink *l); /* the last one; monotonic */
struct image;
void roomlink_image(struct roomlink *l, struct image *x); /* the outbox; reading adds to it */
bool roomlink_up(const struct roomlink *l);
/* One message now; forgotten when the room is away or does not read (it asks again). */
void roomlink_send(struct roomlink *l, struct str json);
