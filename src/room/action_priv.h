/* Between the files of actions and orders. */
#pragma once
#include "room/action.h"
#include "room/incident_priv.h"

struct room_action {
    int64_t id, incident, version, minutes, until_ns, in_force_ns;
    char state[12];
    bool dry_run;
};
int room_action_load(struct room *r, int64_t id, struct room_action *ret,
                     struct diag *reterr) MUST_USE;

enum room_order_type { ORDER_BLOCK, ORDER_EXTEND, ORDER_UNBLOCK };
/* An order for the action's addresses in `address_state`; they become 'sent' where it blocks. In a
 * transaction; *ret_n addresses. */
int room_order_make(struct room *r, const struct room_action *a, enum room_order_type type,
                    const char *address_state, int64_t minutes, int64_t *ret_n,
                    struct diag *reterr) MUST_USE;

/* Counts of the rules for one source within an incident, 0 when none. */
int room_source_tries(struct room *r, int64_t incident, struct str source, int64_t *ret,
                      struct diag *reterr) MUST_USE;
/* How many addresses of the action are in the state. */
int room_action_count(struct room *r, int64_t action, const char *state, int64_t *ret,
                      struct diag *reterr) MUST_USE;
/* A timeline entry about an action: params n, minutes, until (TIME_NONE: none), name of a person,
 * reason. */
struct room_action_note {
    const struct room_action *action;
    const char *key, *kind, *lane;
    int64_t n, minutes, until_ns;
    const char *name;
    struct str reason;
};
int room_action_note(struct room *r, const struct room_actor *by, const struct room_action_note *x,
                     struct diag *reterr) MUST_USE;
/* Something stands that holds the attack: n addresses, accounts, sites; of a rehearsal only counted. */
int room_ledger_contained(struct room *r, int64_t incident, int64_t n, bool dry_run, struct diag *reterr) MUST_USE;
int room_ledger_decided(struct room *r, int64_t incident, const char *by,
                        struct diag *reterr) MUST_USE;
/* Wall clock of orders, and back to the room's clock, which is another in a replay. */
int64_t room_wall_ms(const struct room *r);
int64_t room_from_wall(const struct room *r, int64_t wall_ms);
