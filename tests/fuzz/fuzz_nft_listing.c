/* What nft answers to `list table`. */
#include "base/limits.h"
#include "hand/nft.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct hand_listing l;
    if (hand_nft_parse_listing(str_n((const char *) data, size), &l, NULL) < 0)
        return 0;
    for (size_t i = 0; i < l.n; i++) {
        const struct ip_prefix *p = &l.items[i].net;
        ASSERT(p->ip.version == 4 || p->ip.version == 6);
        ASSERT(p->bits <= ip_bits(&p->ip) && l.items[i].expires_ms >= -1);
    }
    hand_listing_done(&l);
    return 0;
}
