/* Taking in a rule set, or one rule that somebody wrote: put together beside, judged against the rules in use and the stored
 * logs, kept as a draft until somebody switches it on. For `kizuki rule add` and for the sensor, which does the same for
 * the pages.
 *
 * The lock is held while files are put together and while the result is written, not while stored logs are read: other
 * decisions need not wait for that. A version that somebody else put in place meanwhile is left alone. */
#pragma once
#include "app/common/rule_judge.h"
#include "ruleset/stage.h"

struct rule_adding {
    const char *from; /* folder or ZIP archive; NULL: staging.text */
    struct ruleset_staging staging;
    bool no_backtest;
    struct backtest_watch *watch; /* NULL: nobody looks */
    int (*staged)(void *ctx, const struct ruleset *draft, uint64_t passed_over, struct diag *reterr); /* before it is judged; NULL. A failure drops the draft */
    void *ctx;
};
struct rule_added {
    struct arena arena;
    struct ruleset draft;
    struct rule_judged judged;
    uint64_t passed_over;
    bool nothing_new; /* it is what is in use already, and does not wait */
};
int rule_add(const struct config *c, const struct rule_adding *a, struct rule_added *ret, struct diag *reterr) MUST_USE;
void rule_added_done(struct rule_added *a);
