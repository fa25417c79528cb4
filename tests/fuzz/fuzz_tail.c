/* A growing file read in pieces: every byte belongs to exactly one line, the same lines however it
 * grew. */
#include "base/hash.h"
#include "intake/lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t run(const char *p, size_t n, size_t step) {
    struct line_cut cut;
    size_t at = 0, shown = 0;
    bool in_long = false;
    uint64_t sum = 0;
    for (;;) {
        if (!line_next(p + at, shown - at, shown == n, in_long, &cut)) {
            if (shown == n)
                break;
            ASSERT(shown - at < LINE_DECIDE_BYTES && !memchr(p + at, '\n', shown - at));
            shown = MIN(n, shown + step);
            continue;
        }
        ASSERT(cut.used > 0 && cut.used <= shown - at && cut.bytes.n <= LINE_BYTES_MAX);
        ASSERT(cut.bytes.p == p + at && cut.used - cut.bytes.n <= 2);
        ASSERT(!cut.in_long || cut.bytes.n == LINE_BYTES_MAX);
        sum = hash_fast(cut.bytes, sum ^ cut.flags);
        at += cut.used;
        in_long = cut.in_long;
    }
    ASSERT(at == n && !in_long);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    /* blown up, so that long lines come up: each byte of input stands for many */
    static char big[300000];
    size_t n = 0;
    for (size_t i = 1; i < size && n < sizeof big - 70000; i++) {
        size_t times = data[i] >= 0xf0 ? (size_t) (data[i] - 0xef) * 4096 - 1 : 1;
        memset(big + n, data[i] >= 0xf0 ? 'x' : data[i], times);
        n += times;
    }
    uint64_t whole = run(big, n, n + 1);
    ASSERT(run(big, n, 997) == whole);
    ASSERT(run(big, n, 1 + (size ? data[0] * 523u : 0)) == whole);
    return 0;
}
