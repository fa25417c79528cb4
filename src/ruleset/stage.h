/* A set from outside becomes a draft: read (take.h), written beside, complete or not at all. Or one rule that somebody wrote
 * joins a set of such rules: a rule of the same id takes the place of the older one. */
#pragma once
#include "ruleset/store.h"

struct ruleset_staging {
    struct str name;    /* NULL: the last component of `from`, without .zip */
    struct str by;      /* who adds it */
    struct str licence; /* NULL: the first line of the licence that came with it */
    struct str origin;  /* where it came from, as it is shown; NULL: `from` */
    const struct ruleset_pack *pack; /* the lesson it comes with: its rules are watched only, and there may be none; NULL */
    struct str text;    /* in place of `from`: a rule (the whole file) that joins the set `name` */
};
#define RULESET_WRITTEN "written here" /* origin of the sets that written rules join */
/* With the lock. *ret lives in the arena; ret->rules is 0 until somebody who knows rules writes it. */
int ruleset_stage(const char *data, const char *from, const struct ruleset_staging *s, struct arena *a,
                  struct ruleset *ret, uint64_t *ret_passed_over, struct diag *reterr) MUST_USE;
