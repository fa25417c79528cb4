/* A set from outside becomes a draft: read (take.h), written beside, complete or not at all. */
#pragma once
#include "ruleset/store.h"

struct ruleset_staging {
    struct str name;    /* NULL: the last component of `from`, without .zip */
    struct str by;      /* who adds it */
    struct str licence; /* NULL: the first line of the licence that came with it */
};
/* With the lock. *ret lives in the arena; ret->rules is 0 until somebody who knows rules writes it. */
int ruleset_stage(const char *data, const char *from, const struct ruleset_staging *s, struct arena *a,
                  struct ruleset *ret, uint64_t *ret_passed_over, struct diag *reterr) MUST_USE;
