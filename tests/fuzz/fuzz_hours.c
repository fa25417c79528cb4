/* Whatever is typed as hours: reading ends, spans lie within two days, and asking them ends too. */
#include "base/hours.h"
#include "base/time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct hours h;
    struct diag d;
    int64_t until;
    if (hours_parse(str_n((const char *) data, size), &h, &d) < 0)
        return 0;
    ASSERT(h.n > 0 && h.n <= HOURS_SPANS_MAX);
    for (size_t i = 0; i < h.n; i++)
        ASSERT(h.at[i].from_min < h.at[i].to_min && h.at[i].to_min <= 2880);
    int64_t t = INT64_C(1795366988) * NS_PER_S;
    (void) hours_open_at(&h, t, 540, NULL, NULL, &until);
    ASSERT(until == TIME_NONE || until > t);
    return 0;
}
