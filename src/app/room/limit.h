/* How often an address may ask, before any work is done for it. Token buckets in a fixed table
 * under a keyed hash; an IPv6 address counts as its /64. */
#pragma once
#include "base/time.h"

#include <netinet/in.h>
#include <stdbool.h>

enum limit_kind {
    LIMIT_REQUEST,  /* any: 100 a second, 400 at once */
    LIMIT_STRANGER, /* not signed in, and each try at a sign-in link: 1 a second, 30 at once */
    LIMIT_FORM,     /* reports of anybody, who may share an address with a whole office: 1 in 5 s, 20 at once */
    LIMIT_MAX_
};
#define LIMIT_SLOTS 4096
struct limit_slot {
    int64_t at_ns;
    double tokens;
};
struct limit {
    struct limit_slot slots[LIMIT_MAX_][LIMIT_SLOTS];
};
/* Takes one; false: too many. *ret_wait_s (may be NULL) says when to come again. */
bool limit_take(struct limit *l, enum limit_kind kind, const struct sockaddr *who, int64_t now_ns,
                int *ret_wait_s);
