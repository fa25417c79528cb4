/* What a draft would change: which rules, and what that did on stored logs. For `kizuki rule add`. */
#pragma once
#include "app/common/rule_paths.h"
#include "app/engine/backtest.h"
#include "app/engine/rule_change.h"

struct rule_judged {
    struct rule_paths paths_before, paths_after;
    struct engine *before, *after; /* complete, for their rules */
    struct rule_change change;
    uint32_t loaded, refused; /* of the draft */
    bool tested;              /* there were stored logs, and something to run */
    struct backtest was, is;
};
/* draft NULL: what is in use, judged against itself without. back_test false: only the difference. */
int rule_judge(const struct config *c, const struct ruleset *draft, bool back_test, struct rule_judged *ret,
               struct diag *reterr) MUST_USE;
void rule_judged_done(struct rule_judged *j);
/* The refused rules of the draft, one call each. */
void rule_judged_each_refused(const struct rule_judged *j, const char *dir,
                              void (*row)(void *ctx, const struct diag *d), void *ctx);
/* The same as JSON, for change.json and --json. */
void rule_judged_write(const struct rule_judged *j, const char *dir, struct jsonw *w);
/* And in words on standard output. */
int rule_judged_print(const struct rule_judged *j, const struct ruleset *draft, bool lines, struct diag *reterr) MUST_USE;
