#include "hand/refusal.h"

#include "base/utf8.h"

#include <stdarg.h>

static const char *const words[HAND_REFUSAL_MAX_] = {
    [HAND_ALLOWED] = "allowed",
    [HAND_NO_NOTE] = "no_note",
    [HAND_BAD_SIGNATURE] = "bad_signature",
    [HAND_BAD_JSON] = "bad_json",
    [HAND_UNKNOWN_KEY] = "unknown_key",
    [HAND_UNKNOWN_TYPE] = "unknown_type",
    [HAND_BAD_VALUE] = "bad_value",
    [HAND_EXPIRED] = "expired",
    [HAND_ISSUED_IN_FUTURE] = "issued_in_future",
    [HAND_LIFE_TOO_LONG] = "life_too_long",
    [HAND_REPLAYED] = "replayed",
    [HAND_TOO_MANY_ORDERS] = "too_many_orders",
    [HAND_TOO_MANY_ADDRESSES] = "too_many_addresses",
    [HAND_MINUTES_OVER_LIMIT] = "minutes_over_limit",
    [HAND_BAD_ADDRESS] = "bad_address",
    [HAND_PREFIX_TOO_SHORT] = "prefix_too_short",
    [HAND_LOOPBACK] = "loopback",
    [HAND_LINK_LOCAL] = "link_local",
    [HAND_MULTICAST] = "multicast",
    [HAND_RESERVED] = "reserved",
    [HAND_OWN_ADDRESS] = "own_address",
    [HAND_OWN_UNKNOWN] = "own_unknown",
    [HAND_NEVER_BLOCK] = "never_block",
    [HAND_OVERLAPS] = "overlaps",
    [HAND_TOO_MANY_A_MINUTE] = "too_many_a_minute",
    [HAND_TOO_MANY_BLOCKS] = "too_many_blocks",
    [HAND_JOURNAL_FAILED] = "journal_failed",
    [HAND_DRIVER_FAILED] = "driver_failed",
    [HAND_NOT_SEEN] = "not_seen",
};

const char *hand_refusal_to_string(enum hand_refusal r) {
    ASSERT((unsigned) r < HAND_REFUSAL_MAX_);
    return words[r];
}

/* A cut (by "%.40s" or by the end of the array) may have split a character, and the room may have
 * sent control characters: each such byte becomes a question mark. */
static void make_printable(char *z) {
    for (char *p = z, *end = z + strlen(z); p < end;) {
        unsigned n = utf8_length(p, end);
        if (!n || (n == 1 && ((unsigned char) *p < 0x20 || *p == 0x7f)))
            *p++ = '?';
        else
            p += n;
    }
}

bool hand_refuse(struct hand_reason *r, enum hand_refusal code, const char *fmt, ...) {
    va_list ap;
    ASSERT(fmt); /* or gcc's null check under UBSan warns of its own path */
    r->code = code;
    va_start(ap, fmt);
    vsnprintf(r->text, sizeof r->text, fmt, ap);
    va_end(ap);
    make_printable(r->text);
    return false;
}
