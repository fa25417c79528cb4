/* The text of an order: what the signed note says, read strictly.
 *
 *   {"order_id", "type": "block"|"unblock"|"never"|"list", "addresses": [...], "minutes", "reason",
 *    "rule", "incident", "issued_ms", "expires_ms", "dry_run"}
 *
 * A key that is not of this list, a key twice, a key the type does not take, or a value of another
 * type than expected refuses the whole order. Addresses are not read here: each is judged by
 * itself. */
#pragma once
#include "base/arena.h"
#include "hand/refusal.h"

enum hand_order_type { HAND_BLOCK, HAND_UNBLOCK, HAND_NEVER, HAND_LIST, HAND_ORDER_TYPE_MAX_ };
const char *hand_order_type_to_string(enum hand_order_type t);

#define HAND_ORDER_ID_MAX 64
struct hand_order {
    enum hand_order_type type;
    struct str id; /* 8 to 64 of [A-Za-z0-9_.-] */
    struct str *addresses;
    size_t n_addresses;
    int64_t minutes;
    int64_t issued_ms, expires_ms;
    struct str reason, rule, incident; /* empty when absent */
    bool dry_run;                      /* absent: true for blocks, false for the rest */
};

/* Everything lives in the arena or in `text`. On refusal *ret holds what was read so far (the id,
 * if it was readable, so that the answer can name it) and *why says what is wrong. -ENOMEM only
 * otherwise. */
int hand_order_parse(struct arena *a, struct str text, struct hand_order *ret,
                     struct hand_reason *why) MUST_USE; /* 0, or -ERR_REFUSED */
