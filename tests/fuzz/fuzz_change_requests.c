/* What was announced: any text has some requests, and the one found for a moment covers it. */
#include "app/firewall/requests.h"
#include "base/limits.h"
#include "base/time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct requests r;
    struct arena a;
    arena_init(&a, 64 << 20);
    if (requests_parse(&a, str_n((const char *) data, size), &r) == 0) {
        ASSERT(r.n <= CHANGE_REQUESTS_MAX);
        for (size_t i = 0; i < r.n; i++) {
            const struct request *x = requests_find(&r, r.at[i].filter, 1795446000 * NS_PER_S);
            ASSERT(!x || (x->from_s <= 1795446000 && x->until_s >= 1795446000));
        }
    }
    arena_done(&a);
    return 0;
}
