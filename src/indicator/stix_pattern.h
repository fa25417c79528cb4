/* STIX 2.1 patterns (part 9 of its specification), as far as single values are asked for: comparisons of the values of
 * addresses, names, URLs, addresses of mail and hashes with = or IN (and ISSUBSET for networks), with AND, OR and
 * parentheses between them, in one or several observations with OR between.
 *
 * The result is what must be there together, one alternative after the other. What asks for more (ports, sequences,
 * NOT, LIKE, MATCHES, WITHIN) is told with what it asks for, never dropped in silence. */
#pragma once
#include "indicator/indicator.h"

struct stix_term {
    struct str value;
    int kind;          /* a hash, or -1: whatever the value is */
    const char *lacks; /* not NULL: why this comparison is not looked at; value is its path */
};
struct stix_all { /* together */
    const struct stix_term *terms;
    unsigned n;
};
struct stix_pattern {
    const struct stix_all *any;
    unsigned n;
};
/* Into the arena; values are slices of it or of the text. -ERR_PARSE with the column, -ERR_UNSUPPORTED with what is asked
 * for, -ERR_LIMIT. */
int stix_pattern_parse(struct arena *a, struct str text, struct stix_pattern *ret, struct diag *reterr) MUST_USE;
