/* Between fold.c (what a finding brings to a case) and fold_match.c (which case). */
#pragma once
#include "room/finding_in.h"
#include "room/room_priv.h"

/* The oldest open case the finding belongs to; 0: none. */
int room_fold_match(struct room *r, const struct room_finding *f, int64_t *ret,
                    struct diag *reterr) MUST_USE;
/* Another open case, not `but`, that turns out to be the same by what the finding accuses. Cases a
 * person parted are two, whatever they share. */
int room_fold_other(struct room *r, const struct room_finding *f, int64_t but, int64_t *ret,
                    struct diag *reterr) MUST_USE;
/* Findings outside of cases that belong to this one's case: at most `cap` rows. */
int room_fold_loose(struct room *r, const struct room_finding *f, int64_t *rows, size_t cap,
                    size_t *ret_n, struct diag *reterr) MUST_USE;
