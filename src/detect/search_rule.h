/* A search as the draft of a rule: what was looked for, as Sigma says it, with a line it found as its sample. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

/* The id is left to whoever keeps the rule. sample .p NULL: none. -ERR_PARSE, -ERR_LIMIT as detect_search_parse; -ENOMEM. */
int detect_search_rule(struct str query, struct str sample, struct buf *out, struct diag *reterr) MUST_USE;
