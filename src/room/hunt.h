/* Hunts: what somebody supposed, the query they tried it with, when, and what came of it. Kept to be looked at and run
 * again. */
#pragma once
#include "base/json.h"
#include "room/may.h"

struct room_hunt {
    struct str hypothesis;
    const struct json_value *result; /* of the search: query, from, to, state, found, first_at */
    struct str json;                 /* the same as text */
};
int room_hunt_add(struct room *r, const struct room_actor *by, const struct room_hunt *h, int64_t *ret_id,
                  struct diag *reterr) MUST_USE;
int room_hunt_write(struct room *r, int64_t id, struct jsonw *w, struct diag *reterr) MUST_USE;
int room_hunts_write(struct room *r, struct jsonw *w, struct diag *reterr) MUST_USE; /* newest first */
