/* What is open in a case, in the order in which it wants somebody; and notes of who goes off duty to who comes on.
 *
 * A note is what was open at that moment (a kept copy of the list below), how far the timeline had come, and the giver's own words. It is open
 * until somebody else has said that they have read it; what came since it was given is counted when it is looked at, not when it was written. */
#pragma once
#include "room/may.h"

struct room_handover_new {
    int64_t incident;
    struct str words; /* what no list says; may be empty */
    int64_t to;       /* person; 0: whoever comes on */
};
/* "things":[{"kind","id","name","name_en","about","due","late","who"}]: decisions, actions, tasks, clocks, calls, campaigns, ends; only kinds that
 * `who` may read of the case. One query. */
int room_open_things_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) MUST_USE;
/* -EINVAL "to": no such person, or the giver. Own transaction. */
int room_handover_give(struct room *r, const struct room_actor *by, const struct room_handover_new *x, int64_t *ret_id, struct diag *reterr) MUST_USE;
/* -EINVAL "self": who gave it does not take it; -EALREADY: somebody has it. Own transaction. */
int room_handover_take(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct diag *reterr) MUST_USE;
/* {"things":[…],"unread":{…},"notes":[…]}, the newest note first. */
int room_handovers_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) MUST_USE;
/* "notes":[…] nobody has taken, of all cases `who` may read. */
int room_handovers_open_write(struct room *r, const struct room_actor *who, struct jsonw *w, struct diag *reterr) MUST_USE;
