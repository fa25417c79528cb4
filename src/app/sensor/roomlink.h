/* The sensor's line to the room: findings go out and are kept until acknowledged, questions come in.
 *
 * A finding told is put in the outbox with the number of the last record that was looked at when it was told.
 * The room acknowledges by sequence number after its commit. roomlink_delivered says up to which record
 * everything told has arrived: what a restart need not tell again. A room that is away costs memory up to
 * OUTBOX_BYTES_MAX; then roomlink_full asks the sensor to stop looking at further records. The spool holds
 * them. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

#include <uv.h>

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
struct roomlink *roomlink_free(struct roomlink *l);
/* Queues a finding (its JSON); label: number of the last record looked at. */
int roomlink_finding(struct roomlink *l, struct str json, uint64_t label) MUST_USE;
/* Everything up to this record has been looked at; what it told stands in the outbox. */
void roomlink_looked(struct roomlink *l, uint64_t label);
bool roomlink_full(const struct roomlink *l);
uint64_t roomlink_delivered(const struct roomlink *l);
bool roomlink_up(const struct roomlink *l);
/* One message now; forgotten when the room is away (it asks again). */
void roomlink_send(struct roomlink *l, struct str json);
