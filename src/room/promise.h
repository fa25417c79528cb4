/* What somebody outside was promised by a time: the next publication, a report that follows an explanation, the answer we wait for.
 * Open until it is kept or dropped; who is on duty is called when it is near, and it stands on the first page when it is late. Rows belong
 * to what promised; these write them. */
#pragma once
#include "room/room.h"

struct room_promise_new {
    int64_t incident, of_id, due_ns;
    const char *of; /* "publication", "contact", "outgoing" */
    struct str what; /* as people read it: to whom, what */
};
/* In the caller's transaction. An open one of the same row takes the new date. */
int room_promise_put(struct room *r, const struct room_actor *by, const struct room_promise_new *x, struct diag *reterr) MUST_USE;
/* Open ones of the case (of_id 0: of every row) end. */
int room_promise_end(struct room *r, const struct room_actor *by, int64_t incident, const char *of, int64_t of_id, const char *state, struct diag *reterr) MUST_USE;
/* Once a second: who is on duty is called for what is near. Own transaction. */
int room_promises_tick(struct room *r, struct diag *reterr) MUST_USE;
/* "promises":[…] of a case, open ones first. */
int room_promises_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) MUST_USE;
