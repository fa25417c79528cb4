/* Decisions: what was asked, what was known then, what was decided, by whom and why. To go on deliberately is a decision like to act, and
 * has to say why.
 *
 * A decision is put by a rule (kizuki: propose: stop, prevent) or by a person; what is known is written down when it is decided, from the
 * case as it then stands. The table of authority is asked (authority.h), two decide together where it says so. How long it waited
 * is decided_at - asked_at. */
#pragma once
#include "room/authority.h"

struct room_decision_new {
    int64_t incident;
    enum duty_kind kind;
    struct str service; /* empty: that of the case */
    struct str rule_id; /* which asked; empty: a person */
    struct str risk_do, risk_go_on;
    int64_t within_s; /* how long there is for it; 0: what the policy says */
};
/* In the caller's transaction, or one of its own. Where one of the kind is open in the case nothing is added and *ret_id is that one. */
int room_decision_propose(struct room *r, const struct room_actor *by, const struct room_decision_new *x, int64_t *ret_id,
                          struct diag *reterr) MUST_USE;
struct room_decision_made {
    bool go_on;       /* deliberately: nothing is stopped */
    struct str why;   /* wanted to go on */
    int64_t at_ns;    /* when it was decided: now, or the true time of a decision on paper */
    struct str person; /* on paper: whose; empty: by's own */
};
/* A case that asks what is done about small errors (kizuki: propose: prevent) is not closed before that is decided: -EBUSY "prevent". */
int room_prevent_check(struct room *r, int64_t incident, struct diag *reterr) MUST_USE;
/* 0: decided. 1: the first of two. -EINVAL without a reason to go on; -EBUSY: decided already. In the caller's transaction, or one of its own. */
int room_decision_make(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_decision_made *m,
                       struct diag *reterr) MUST_USE;
/* In the caller's transaction, authority not asked: of a sheet that was signed by it (sheet.h). */
int room_decision_enter(struct room *r, const struct room_actor *by, int64_t id, const struct room_decision_made *m, struct diag *reterr) MUST_USE;
struct room_directory;
/* Members "known", "importance", "stops", "instead" of an open object: what stops with a service, and what people do meanwhile. */
int room_decision_stop_write(struct room *r, struct room_directory *d, struct str service, struct jsonw *w, struct diag *reterr) MUST_USE;
/* {"stop":{…},"go_on":{…}}: what stopping the service and what going on would mean (decision_sides.c). rule: which asked; empty: a person. */
int room_decision_sides_write(struct room *r, int64_t incident, struct str service, struct str rule, struct jsonw *w, struct diag *reterr) MUST_USE;
/* {"decisions":[…]} */
int room_decisions_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) MUST_USE;
