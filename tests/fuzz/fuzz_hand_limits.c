/* The limits file: an accepted one never allows more than the maxima built in. */
#include "base/err.h"
#include "base/limits.h"
#include "hand/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct hand_limits l;
    struct diag d = {0};
    int r = hand_limits_parse(str_n((const char *) data, size), "limits.yml", &l, &d);
    if (r < 0) {
        ASSERT(d.text[0]);
        return 0;
    }
    ASSERT(l.prefix4_min >= HAND_PREFIX4_FLOOR && l.prefix4_min <= 32);
    ASSERT(l.prefix6_min >= HAND_PREFIX6_FLOOR && l.prefix6_min <= 128);
    ASSERT(l.minutes_max >= 1 && l.minutes_max <= BLOCK_MINUTES_MAX);
    ASSERT(l.blocks_max >= 1 && l.blocks_max <= BLOCK_ADDRESSES_MAX);
    ASSERT(l.addresses_per_order <= HAND_ORDER_ADDRESSES_MAX);
    ASSERT(l.n_never <= HAND_NEVER_MAX && l.n_room_uids <= HAND_ROOM_UIDS_MAX);
    for (size_t i = 0; i < l.n_never; i++)
        ASSERT(l.never[i].net.ip.version == 4 || l.never[i].net.ip.version == 6);
    hand_limits_done(&l);
    return 0;
}
