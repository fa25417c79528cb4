/* In which order systems come back, and whether a case may be closed.
 *
 * Order: over the systems that are down in the case (its rows of kind stage). One whose base is down and not back is never before that base; among
 * those that could begin, the more important first, where a base is as important as the most important of what stands on it; then what
 * more stands on; then by name. Systems that stand on each other in a loop are named as such and come last, for a person to cut the loop. */
#pragma once
#include "room/case_rules.h"
#include "room/may.h"

/* {"order":[…],"loops":[[NAME…]…],"rows":[…]} */
int room_recovery_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) MUST_USE;
/* Closing a case in which something was stopped, cut, frozen or taken down, or accounts were entered, is a gate: every condition is met, confirmed by a
 * person, or excepted with a reason; and who may reopen (authority: reopen) has decided so as a decision of kind reopen.
 * Conditions are data (case_rules.h): what is counted of the case, or that a person has to confirm it. */
/* {"wanted":bool,"ready":bool,"approved":bool,"conditions":[{"id","title","titles","state":"met"|"open"|"confirmed"|"excepted","n","by_person","row"?}]} */
int room_safety_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) MUST_USE;
/* 0: it may be closed. -EPERM: not yet, *reterr names the conditions by their ids, "approval" among them. */
int room_safety_check(struct room *r, int64_t incident, struct diag *reterr) MUST_USE;
/* Whether there is something of this name to count: sets counts and lacks. */
bool room_safety_counts(struct str name, struct room_named *ret);
