/* What the command line decides about a rule set, or about the lesson that came with one. */
#pragma once
#include "ruleset/store.h"

enum rule_set_act { RULE_SET_ON, RULE_SET_OFF, RULE_SET_WATCH, RULE_SET_BACK, RULE_SET_DROP };
/* With the lock (rulesets_lock); tells a running sensor. ON takes the version that waits, when one does; draft: DROP forgets that only. */
int rule_set_act(enum rule_set_act what, const char *data, struct str name, bool draft, struct diag *reterr) MUST_USE;
