/* A correlation once more, with smaller numbers: what a closer watch judges beside the rule as it is.
 *
 * The variant looks at the same events as its rule, grouped by `field` (service.name, host.name) besides what the rule groups by, so that what one
 * address does at one service is counted by itself. Numbers of events and of different values are divided by the factor, rounded up, and stay at
 * least 2: `accounts >= 30` is `accounts >= 15` at 200 per cent. Shares and quotients stay as they are: they say what kind of attack it is, not how
 * much of it. It proposes nothing. A rule in which nothing can be divided has no variant: a single event needs no number.
 *
 * Which values of the field, and from when to when, is not the variant's: it stands in kizuki.tightened for whoever tells its findings. So one variant
 * a rule, field and factor serves any number of watches. Its id is that of its rule with "~f200" or "~h200" behind it. */
#pragma once
#include "base/buf.h"
#include "detect/rule.h"

#define TIGHTEN_LEAST 2

/* Appends a YAML document. 1: done, 0: nothing in the rule can be tightened, or it tells nobody. scope: JSON, for kizuki.tightened. */
int detect_tighten(const struct detect_rule *rule, struct str field, char letter, int64_t factor, struct str scope, struct buf *out, struct diag *reterr) MUST_USE;
/* The condition of a correlation of measures with its numbers divided; how many were. names: the measures that are amounts. */
size_t detect_tighten_words(struct str condition, const struct yaml_node *measures, int64_t factor, struct buf *out);
