/* What a draft would change: which rules, and what that did on stored logs. For `kizuki rule add` and for the sensor, which
 * does the same for the pages. */
#pragma once
#include "app/common/rule_paths.h"
#include "app/engine/backtest.h"
#include "app/engine/rule_change.h"
#include "base/json.h"

enum { RULE_JUDGED_LINES = 40 }; /* of a changed rule that are shown */

struct rule_judged {
    struct rule_paths paths_before, paths_after;
    struct engine *before, *after; /* complete, for their rules */
    struct rule_change change;
    uint32_t loaded, refused; /* of the draft */
    bool tested;              /* there were stored logs, and something to run */
    struct backtest was, is;
};
/* draft NULL: what is in use, judged against itself without. back_test false: only the difference. watch may be NULL. */
int rule_judge(const struct config *c, const struct ruleset *draft, bool back_test, struct backtest_watch *watch,
               struct rule_judged *ret, struct diag *reterr) MUST_USE;
void rule_judged_done(struct rule_judged *j);
/* The refused rules of the draft, one call each. */
void rule_judged_each_refused(const struct rule_judged *j, const char *dir,
                              void (*row)(void *ctx, const struct diag *d), void *ctx);
/* As JSON, for change.json. */
void rule_judged_write(const struct rule_judged *j, const char *dir, struct jsonw *w);

/* The order in which rows are shown, 0 to 3: changed and gone ones first, then new ones that found something, then others. */
int rule_judged_rank(const struct rule_judged *j, const struct rule_change_row *row);
uint64_t rule_judged_findings(const struct backtest *b, struct str id); /* of one rule */
uint64_t rule_judged_touched(const struct backtest *b, const struct rule_change *c); /* of all that is touched */
