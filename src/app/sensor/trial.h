/* What takes long and is asked from the pages: taking in a rule set, and what a decision would have hidden on the stored
 * logs. One at a time, in a thread of its own; intake and detection go on beside it. Its outcome is kept until the next.
 *
 * {"t":"rule_trial","id",op,…} is answered at once with {"result":{"ok","error","trial"}}; trial is null or
 *   {"number","op","name","rule","by","state":"running|done|failed|ended","started","done","of","error","code","result"}
 * op: look, end, add (file: a name below DATA/incoming, name, licence, by), write (text, name, by), except (rule, where or whole,
 * until, owner, reason), suppress (rule, for, owner, reason). result: for add and write {"name","waits","passed_over"} —
 * what it would change stands in the draft's change.json —, else what rule_preview.h writes. */
#pragma once
#include "app/common/config.h"
#include "app/engine/backtest.h"
#include "base/json.h"

#include <pthread.h>

struct trial {
    const struct config *config;
    struct arena arena; /* what was asked for, as long as it is shown */
    struct str op, name, rule, by;
    const struct json_value *asked;
    uint64_t number; /* 0: none yet */
    int64_t started_ns;
    uint64_t upto; /* number of the last record when it began */
    pthread_t thread;
    bool running; /* main loop's view: the thread was not joined */
    /* the thread's, read when it is through */
    int result_code;
    struct diag diag;
    struct buf result;
    bool through, locked; /* atomic; locked: it holds the lock of the rules */
    struct backtest_watch watch;
};
void trial_init(struct trial *t, const struct config *c);
void trial_done(struct trial *t); /* ends it and waits */
/* Once a second: whether it came to its end since the last time. */
bool trial_tick(struct trial *t);
int trial_order(struct trial *t, const struct json_value *q, uint64_t upto, struct diag *reterr) MUST_USE;
void trial_write(const struct trial *t, struct jsonw *w);
