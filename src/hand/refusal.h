/* Why an order, or one address of it, was not carried out: a code other programs compare and one
 * sentence a person reads. The codes are part of the protocol (docs/hand.md): never renamed, only
 * added to. */
#pragma once
#include "base/str.h"

enum hand_refusal {
    HAND_ALLOWED,
    HAND_NO_NOTE,       /* not in the form of a signed note */
    HAND_BAD_SIGNATURE, /* unknown key, wrong domain or changed text */
    HAND_BAD_JSON,
    HAND_UNKNOWN_KEY,
    HAND_UNKNOWN_TYPE,
    HAND_BAD_VALUE,
    HAND_EXPIRED,
    HAND_ISSUED_IN_FUTURE,
    HAND_LIFE_TOO_LONG,
    HAND_REPLAYED,
    HAND_TOO_MANY_ORDERS,
    HAND_TOO_MANY_ADDRESSES,
    HAND_MINUTES_OVER_LIMIT,
    HAND_BAD_ADDRESS,
    HAND_PREFIX_TOO_SHORT,
    HAND_LOOPBACK,
    HAND_LINK_LOCAL,
    HAND_MULTICAST,
    HAND_RESERVED,
    HAND_OWN_ADDRESS,
    HAND_OWN_UNKNOWN,
    HAND_NEVER_BLOCK,
    HAND_OVERLAPS,
    HAND_TOO_MANY_A_MINUTE,
    HAND_TOO_MANY_BLOCKS,
    HAND_JOURNAL_FAILED,
    HAND_DRIVER_FAILED,
    HAND_NOT_SEEN, /* done, but its effect is not seen */
    HAND_REFUSAL_MAX_,
};

#define HAND_TEXT_CAP 320
struct hand_reason {
    enum hand_refusal code;
    char text[HAND_TEXT_CAP]; /* valid UTF-8 without control characters; empty when allowed */
};

const char *hand_refusal_to_string(enum hand_refusal r); /* "prefix_too_short" */
/* Fills *r and returns false, so that `return hand_refuse(r, HAND_EXPIRED, …)` reads well. */
bool hand_refuse(struct hand_reason *r, enum hand_refusal code, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
