/* The difference between two sets of rules: new, changed, gone, and what has to be run again to judge it. */
#pragma once
#include "base/map.h"
#include "detect/rule.h"

enum rule_change_kind { RULE_NEW, RULE_CHANGED, RULE_GONE };
struct rule_change_row {
    enum rule_change_kind kind;
    const struct detect_rule *before, *after; /* NULL where there is none */
};
struct rule_change {
    const struct detect_rules *before, *after;
    struct rule_change_row *rows; /* in the order of `after`, what is gone behind */
    size_t n, n_new, n_changed, n_gone, cap;
    struct map needed;  /* ids: what is touched, and what that looks at */
    struct map touched; /* ids: the rows, and correlations that look at them, and rules that filters of them name */
};
int rule_change_find(const struct detect_rules *before, const struct detect_rules *after, struct rule_change *ret) MUST_USE;
/* As if this rule had changed: what an exception of it touches. */
int rule_change_of(const struct detect_rules *set, const struct detect_rule *rule, struct rule_change *ret) MUST_USE;
void rule_change_done(struct rule_change *c);
/* For engine_options.wants: the touched rules and what they look at. ctx: struct rule_change. */
bool rule_change_wants(void *ctx, const struct detect_rules *set, const struct detect_rule *rule);
/* The lines that differ, as a unified difference without its head; at most max_lines. */
struct buf;
void rule_change_lines(struct str before, struct str after, size_t max_lines, struct buf *out);
const char *rule_change_word(enum rule_change_kind k); /* "new", "changed", "gone" */
