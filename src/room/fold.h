/* Findings become incidents (DESIGN.md 7).
 *
 * A finding belongs to the open incident that shares an entity with it within the case's window: a
 * source or an account that was entered within window_ns; the same service, or for a finding that
 * names none of these the same host, within service_window_ns. Times compared are those of the
 * evidence, not of arrival, so that a replay folds like the day itself. Otherwise it opens one, if
 * its level or its count asks for it and it is not about a time long past; else it stays by itself
 * and is listed. Loose findings that share a source with a new case join it. Two open cases that
 * turn out to share a source become one: the older stays. */
#pragma once
#include "room/finding_in.h"
#include "room/room.h"

struct room_folded {
    bool known;       /* this revision (or a later one) was here before: nothing was written */
    int64_t finding;  /* row */
    int64_t incident; /* 0 = none */
    bool opened;
};
/* One finding, in the caller's transaction. `json` is its wire form, kept as it came. */
int room_fold(struct room *r, const struct room_finding *f, struct str json,
              struct room_folded *ret, struct diag *reterr) MUST_USE;
