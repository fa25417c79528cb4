#include "hand/refusal.h"

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
};

const char *hand_refusal_to_string(enum hand_refusal r) {
    ASSERT((unsigned) r < HAND_REFUSAL_MAX_);
    return words[r];
}

/* Cutting at the end of the array may split a character: take its rest away too. */
static void trim_broken_tail(char *z) {
    size_t n = strlen(z), k = n;
    while (k > 0 && n - k < 4 && ((unsigned char) z[k - 1] & 0xc0) == 0x80)
        k--;
    if (k == 0 || (unsigned char) z[k - 1] < 0xc0)
        return;
    unsigned char c = (unsigned char) z[k - 1];
    size_t want = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    if (n - (k - 1) < want)
        z[k - 1] = 0;
}

bool hand_refuse(struct hand_reason *r, enum hand_refusal code, const char *fmt, ...) {
    va_list ap;
    r->code = code;
    va_start(ap, fmt);
    vsnprintf(r->text, sizeof r->text, fmt, ap);
    va_end(ap);
    for (char *p = r->text; *p; p++)
        if ((unsigned char) *p < 0x20 || *p == 0x7f)
            *p = '?';
    trim_broken_tail(r->text);
    return false;
}
