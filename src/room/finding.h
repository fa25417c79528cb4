/* Findings as pages read them, and the lines behind them. */
#pragma once
#include "room/room.h"

#define ROOM_EVIDENCE_MAX 500 /* lines asked from the sensor at once */

/* {"findings":[…],"total":n}; incident 0: those outside of cases, the newest first, rows below
 * `before`. */
int room_findings_write(struct room *r, int64_t incident, int64_t limit, int64_t before,
                        struct jsonw *w, struct diag *reterr) MUST_USE;
struct room_position {
    int64_t spool_n;
    char finding[33];
};
/* What must not go while cases stand on it: a line "RECORD INCIDENT" for each record that evidence of any case names, ascending;
 * *ret_n says how many. *ret_state changes when they may have. */
int room_holds_state(struct room *r, int64_t closed_since_ns, uint64_t *ret_state, struct diag *reterr) MUST_USE;
int room_holds_write(struct room *r, int64_t closed_since_ns, struct buf *out, size_t *ret_n, struct diag *reterr) MUST_USE;
/* Positions of an incident's evidence (of one finding when fid is given), ascending, each once.
 * *ret_total may be larger than what is listed. */
int room_evidence(struct room *r, int64_t incident, struct str fid, struct room_position *dst,
                  size_t cap, size_t *ret_n, int64_t *ret_total, struct diag *reterr) MUST_USE;
