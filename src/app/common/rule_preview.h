/* What an exception, or holding repeats back, would have hidden on the stored logs. Nothing is changed. For
 * `kizuki rule except | suppress` and for the sensor, which does the same for the pages. */
#pragma once
#include "app/common/rule_paths.h"
#include "app/engine/backtest.h"
#include "app/engine/rule_change.h"
#include "base/json.h"
#include "ruleset/decide.h"

#include <limits.h>

struct rule_preview {
    const struct config *config;
    struct rule_paths paths;
    struct engine *engine; /* all rules in use */
    struct rule_change touched;
    struct backtest was, is; /* as it is; as it would be */
    char file[PATH_MAX];     /* the decision, while it is tried; empty: none */
};
/* Loads the rules in use. */
int rule_preview_open(const struct config *c, struct rule_preview *ret, struct diag *reterr) MUST_USE;
void rule_preview_done(struct rule_preview *p);
/* By id or name; -ENOENT for none, and for what decisions cannot be about. */
int rule_preview_find(const struct rule_preview *p, struct str name, const struct detect_rule **ret,
                      struct diag *reterr) MUST_USE;
/* Names the rule and its log source in x. */
void exception_of_rule(struct exception_made *x, const struct detect_rule *rule);
/* One of them, once, with a decision that was checked. watch may be NULL. */
int rule_preview_exception(struct rule_preview *p, const struct detect_rule *rule, const struct exception_made *x,
                           struct backtest_watch *watch, struct diag *reterr) MUST_USE;
int rule_preview_suppression(struct rule_preview *p, const struct detect_rule *rule, const struct suppression_made *s,
                             struct backtest_watch *watch, struct diag *reterr) MUST_USE;
/* Whether the decision touches the row `was.by_rule` has for this id. */
bool rule_preview_touches(const struct rule_preview *p, struct str id);
/* The first findings of a rule that would be gone: calls fn with the words of each. */
void rule_preview_hidden(const struct rule_preview *p, const struct backtest_rule *was,
                         void (*fn)(void *ctx, const char *words), void *ctx);
/* {"events","from","to","took_ms","hidden_events","hidden_findings","rules":[{"id","title","before","after","hidden":[…]}]};
 * from null: no logs are stored. */
void rule_preview_write(const struct rule_preview *p, struct jsonw *w);
