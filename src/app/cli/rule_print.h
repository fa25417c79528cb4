/* What a new version of a rule set would change, in words on standard output. */
#pragma once
#include "app/common/rule_judge.h"

int rule_judged_print(const struct rule_judged *j, const struct ruleset *draft, bool lines, struct diag *reterr) MUST_USE;
