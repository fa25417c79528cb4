/* Findings and the index of their values in the database. */
#pragma once
#include "room/finding_in.h"
#include "room/room.h"

enum { FINDING_WATCHED = 2 }; /* in the column drill: of a rule that is only watched. Whatever asks for what is real or drilled leaves it out */

/* What is stored of a finding's earlier revision. */
struct room_stored {
    int64_t id, revision, incident, count;
};
int room_finding_find(struct room *r, struct str fid, struct room_stored *ret,
                      struct diag *reterr) MUST_USE; /* id 0: unknown */
int room_finding_put(struct room *r, const struct room_actor *by, const struct room_finding *f,
                     struct str json, const struct room_stored *old, int64_t *ret_id,
                     struct diag *reterr) MUST_USE;
int room_finding_assign(struct room *r, const struct room_actor *by, int64_t finding,
                        int64_t incident, struct diag *reterr) MUST_USE;
