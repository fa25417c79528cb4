/* Findings become incidents (DESIGN.md 7). Which case a finding belongs to: fold_match.c, in words
 * docs/room.md.
 *
 * Times compared are those of the evidence, not of arrival, so that a replay folds like the day
 * itself. A finding that belongs to no case opens one, if its level or its count asks for it and it
 * is not about a time long past; else it stays by itself and is listed. Loose findings that belong
 * to a case join it later. Two open cases that turn out to share a source become one, the older
 * stays, unless a person parted them. */
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
