/* Lasting acts on something other than addresses: a site closed, accounts frozen, a network cut, a host isolated. One
 * row an act and target, so that each account is told, identified and reopened by itself.
 *
 *   proposed --approve--> sent --hand: done--> in_force --undo--> undoing --hand--> undone
 *      | reject             | refused, dry run,     | its end, or taken away by hand
 *      v                    | no answer: proposed   v
 *   rejected                | again, with why      ended         unsure: killed in the middle; a person looks
 *   (what was rejected or refused may be approved once more)
 *
 * What is proposed together (one batch) is approved together and undone row by row. The order is made when a driver is
 * there to take it and under a new id for each connection: the driver does nothing twice (docs/hand.md). */
#pragma once
#include "room/room.h"

#define ROOM_DRIVERS_MAX 6
#define ROOM_DEED_TARGETS_MAX 200
#define ROOM_DEED_MINUTES_MAX (90 * 24 * 60)

struct room_deed_new {
    int64_t incident, minutes;
    int64_t task; /* the step of a playbook that asks for it; 0: a person does */
    struct str kind, driver, params, reason; /* params: a JSON object */
    const struct str *targets;
    size_t n_targets;
};
/* Queries that count whom an act would touch; borrowed until the room is closed. */
struct scope_spec;
void room_scopes_use(struct room *r, const struct scope_spec *specs, size_t n);
/* In the caller's transaction, or one of its own. */
int room_deed_propose(struct room *r, const struct room_actor *by, const struct room_deed_new *x, int64_t *ret_id,
                      struct diag *reterr) MUST_USE;
/* kept: what was kept as evidence before, or why nothing was; kinds that destroy traces want it (-EINVAL), unless a step of evidence was ended in
 * the case: then empty means what it kept. */
int room_deed_approve(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct str kept,
                      struct diag *reterr) MUST_USE;
int room_deed_reject(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct str reason,
                     struct diag *reterr) MUST_USE;
/* A frozen account is reopened after its owner was identified, or because freezing it was a mistake; else -EBUSY. */
int room_deed_undo(struct room *r, const struct room_actor *by, int64_t id, int64_t version, bool mistake,
                   struct diag *reterr) MUST_USE;
struct room_deed_care {
    struct str told, identified; /* how; .p NULL: not now */
    int bounced;                 /* -1: not now */
};
int room_deed_care(struct room *r, const struct room_actor *by, int64_t id, int64_t version,
                   const struct room_deed_care *x, struct diag *reterr) MUST_USE;
/* {"drivers":[…]} and {"deeds":[…],"care":{…}}; incident 0: all that are open, with the latest of the others. */
void room_drivers_write(struct room *r, struct jsonw *w);
int room_deeds_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w,
                     struct diag *reterr) MUST_USE;

/* The line to a driver; `at` is its place among ROOM_DRIVERS_MAX, `name` that of its socket. */
void room_driver_connected(struct room *r, size_t at, const char *name, bool connected);
int room_driver_poll(struct room *r, size_t at, int (*send)(void *ctx, struct str note), void *ctx,
                     struct diag *reterr) MUST_USE;
int room_driver_message(struct room *r, size_t at, struct str json, struct diag *reterr) MUST_USE; /* -ERR_PARSE */
