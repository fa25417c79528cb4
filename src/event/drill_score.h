/* What a drill showed of people, read from its case in the room's database: who of those called or told was reached and with what receipts, what departed
 * from the procedure, and which department did which part. The command line and the page read the same. Nothing here writes. */
#pragma once
#include "event/case_times.h"

#define DRILL_LANES_MAX 16
#define DRILL_DEPARTED_MAX 20
struct drill_score {
    int64_t called, reached;              /* persons, each once however often called or written to */
    int64_t messages, sent, receipts;     /* of the drill: that left, that were acknowledged */
    int64_t receipt_s;                    /* from leaving to the receipt, on average; -1: none */
    int64_t first_call_ns, begun_ns;      /* TIME_NONE: never */
    int64_t departures;
    struct {
        struct str ja, en, state, why;
    } departed[DRILL_DEPARTED_MAX];       /* steps skipped, failed or late; the first of them */
    size_t n_departed;
    struct {
        struct str name;
        int64_t steps, done, failed, entries; /* entries: what its people wrote down */
        int64_t step_s;                       /* a step, on average; -1: none was done */
    } lanes[DRILL_LANES_MAX];
    size_t n_lanes;
};
int drill_score_read(struct sql *db, int64_t incident, struct arena *a, struct drill_score *ret, struct diag *reterr) MUST_USE;
