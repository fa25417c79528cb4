/* What cases hold: records that must not go while a case stands on them. The room writes DATA/hold/holds once a minute, the
 * keeper reads it:
 *
 *   kizuki-holds 1 1795370588123456789     written then
 *   4711 3                                 record, case; ascending by record
 *   …
 *   end 1                                  how many; a file cut short is none
 *
 * Of a copy that is kept here as a vault the first is asked, and its list lies in DATA/vault/NAME/hold, written when it came. */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "base/time.h"

#define HOLDS_HEAD "kizuki-holds 1 "
#define HOLDS_AGE_MAX_NS (10 * NS_PER_MIN) /* an older list says nothing */

struct hold {
    uint64_t record;
    uint64_t incident;
};
struct holds {
    int64_t written_ns;
    struct hold *at;
    size_t n;
};
/* -ERR_PARSE; -ERR_LIMIT. */
int holds_parse(struct str text, struct holds *ret, struct diag *reterr) MUST_USE;
void holds_done(struct holds *h);
/* The first held record in [from, to]; NULL: none. */
const struct hold *holds_find(const struct holds *h, uint64_t from, uint64_t to);
