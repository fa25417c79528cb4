/* The text of an order: whatever is accepted keeps its contract, whatever is refused says why. */
#include "base/err.h"
#include "base/limits.h"
#include "base/text.h"
#include "hand/order.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena a;
    struct hand_order o;
    struct hand_reason why = {0};
    arena_init(&a, 64 << 20);
    int r = hand_order_parse(&a, str_n((const char *) data, size), &o, &why);
    ASSERT(r == 0 || (r == -ERR_REFUSED && why.code != HAND_ALLOWED && why.text[0]));
    ASSERT(text_is_utf8(str_of(why.text)));
    ASSERT(o.id.n <= HAND_ORDER_ID_MAX && o.n_addresses <= HAND_ORDER_ADDRESSES_MAX);
    if (r == 0) {
        ASSERT(o.id.n >= 8 && o.minutes >= 0 && o.issued_ms >= 0 && o.expires_ms >= 0);
        ASSERT(o.type != HAND_BLOCK || (o.n_addresses > 0 && o.minutes > 0));
        for (size_t i = 0; i < o.n_addresses; i++)
            ASSERT(o.addresses[i].n <= 64);
        ASSERT(o.reason.n <= HAND_ORDER_TEXT_BYTES_MAX);
    }
    arena_done(&a);
    return 0;
}
