/* Any bytes are a table of statistics or are refused; what was read answers any question with a share. */
#include "detect/statistics.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct detect_logsource source = {.product = STR("a"), .category = STR("b"), .service = STR("c")};
    struct detect_statistics *s = NULL;
    struct diag d;
    struct str in = str_n((const char *) data, size);
    if (detect_statistics_load_text(in, "fuzz", &s, &d) < 0)
        return 0;
    const struct statistics_field *f = statistics_find(s, &source, STR("f"));
    for (size_t i = 0; f && i + 4 <= size; i++) {
        double share = statistics_share(f, STATISTICS_GRAM, str_n(in.p + i, 4));
        ASSERT(share > 0 && share <= 1);
    }
    detect_statistics_free(s);
    return 0;
}
