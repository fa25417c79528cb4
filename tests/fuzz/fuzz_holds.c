/* What cases hold: ascending, and what is looked for in a range is found as by looking at each. */
#include "app/keep/holds.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct holds h = {0};
    struct diag d = {0};
    if (holds_parse(str_n((const char *) data, size), &h, &d) < 0)
        return 0;
    for (size_t i = 0; i < h.n; i++) {
        ASSERT(i == 0 || h.at[i - 1].record <= h.at[i].record);
        const struct hold *x = holds_find(&h, h.at[i].record, h.at[i].record);
        ASSERT(x && x->record == h.at[i].record);
    }
    if (h.n) {
        uint64_t last = h.at[h.n - 1].record;
        ASSERT(last == UINT64_MAX || !holds_find(&h, last + 1, UINT64_MAX));
        ASSERT(holds_find(&h, 0, UINT64_MAX) == &h.at[0]);
    }
    holds_done(&h);
    return 0;
}
