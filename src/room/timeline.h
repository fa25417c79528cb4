/* The timeline of an incident: what happened, in lanes. */
#pragma once
#include "room/room.h"

/* A person's own words. precision_s < 0: exact. `lane` from room_lane_from_string. */
int room_timeline_add(struct room *r, const struct room_actor *by, int64_t incident,
                      struct str text, int64_t at_ns, int64_t precision_s, const char *lane,
                      int64_t *ret_id, struct diag *reterr) MUST_USE;
const char *room_lane_from_string(struct str s); /* static, NULL for an unknown one */
const char *room_lane_at(size_t i);              /* in the order shown; NULL behind the last */
/* Those entries `who` may read. */
int room_timeline_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w,
                        struct diag *reterr) MUST_USE;
int room_timeline_write_one(struct room *r, int64_t id, struct jsonw *w,
                            struct diag *reterr) MUST_USE;
