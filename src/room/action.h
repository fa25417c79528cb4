/* Actions: what is proposed, decided, ordered from the hand, in force and over.
 *
 *            approve                  hand: blocked              time, hand
 *   proposed -------> sent ---------------------------> in_force ----------> ended
 *      |  reject       | hand: dry run -> dry_run          | undo -> (order) -> undone
 *      v               | hand: refused -> refused          | extend -> (order) -> in_force, later
 *   rejected           | no answer before it expires -> proposed again, with the reason
 *
 * What a finding of a rule with propose: block_source names is done at once where the policy says
 * so and nothing speaks against it (DESIGN.md 8), else proposed with the reason. One open proposal
 * an incident: later addresses join it and raise its version, so that nobody approves what he has
 * not seen. */
#pragma once
#include "room/room.h"

#define ACTION_ADDRESSES_MAX 1000 /* of one action; what is beyond makes the next */

/* minutes 0: as proposed. -EAGAIN: no hand is connected. -EBUSY: not possible in this state. */
int room_action_approve(struct room *r, const struct room_actor *by, int64_t id, int64_t version,
                        int minutes, struct diag *reterr) MUST_USE;
int room_action_reject(struct room *r, const struct room_actor *by, int64_t id, int64_t version,
                       struct str reason, struct diag *reterr) MUST_USE;
int room_action_undo(struct room *r, const struct room_actor *by, int64_t id, int64_t version,
                     struct diag *reterr) MUST_USE;
int room_action_extend(struct room *r, const struct room_actor *by, int64_t id, int64_t version,
                       int minutes, struct diag *reterr) MUST_USE;
/* One ACTION object as `who` sees it; the list of an incident, or (0) what is in force in all that `who` may read. */
int room_action_write(struct room *r, int64_t id, const struct room_actor *who, struct jsonw *w,
                      struct diag *reterr) MUST_USE;
int room_actions_write(struct room *r, int64_t incident, const struct room_actor *who,
                       struct jsonw *w, struct diag *reterr) MUST_USE;

/* The hand. connected(true) after its socket opened; then room_hand_poll whenever something may be
 * waiting. */
int room_hand_connected(struct room *r, bool connected, struct diag *reterr) MUST_USE;
struct room_hand_state {
    bool connected, dry_run; /* dry_run: also when it is not known yet */
};
struct room_hand_state room_hand_state(const struct room *r);
/* Gives every note that has to go out to `send` (0 = taken). */
int room_hand_poll(struct room *r, int (*send)(void *ctx, struct str note), void *ctx,
                   struct diag *reterr) MUST_USE;
/* One message of the hand. -ERR_PARSE for what is none. */
int room_hand_message(struct room *r, struct str json, struct diag *reterr) MUST_USE;
/* Keeps the hand from blocking an address: the one an operator just signed in from. */
int room_hand_never(struct room *r, struct str address, int minutes, struct diag *reterr) MUST_USE;
/* Once a second: orders that nobody confirmed. */
int room_actions_tick(struct room *r, struct diag *reterr) MUST_USE;
