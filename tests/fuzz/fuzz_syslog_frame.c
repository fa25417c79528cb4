/* Syslog framing: the same messages however the bytes arrive, none of them twice or left out, and a
 * forced piece always makes progress. The first byte is how many bytes arrive at a time. */
#include "base/hash.h"
#include "intake/syslog_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t run(const char *p, size_t n, size_t step) {
    struct syslog_framing f = {0};
    struct syslog_frame frame;
    size_t at = 0, shown = 0;
    uint64_t sum = 0;
    for (;;) {
        int r = syslog_frame_next(&f, p + at, shown - at, shown == n, &frame);
        if (r < 0)
            return sum ^ 1;
        if (r == 0 && shown == n)
            break;
        if (r == 0) {
            ASSERT(shown - at < SYSLOG_WINDOW_BYTES);
            struct syslog_framing copy = f;
            if (shown > at) {
                struct syslog_frame forced;
                syslog_frame_force(&copy, p + at, shown - at, &forced);
                ASSERT(forced.used <= shown - at && forced.bytes.n <= LINE_BYTES_MAX);
            }
            shown = MIN(n, shown + step);
            continue;
        }
        ASSERT(frame.used > 0 && frame.used <= shown - at && frame.bytes.n <= LINE_BYTES_MAX);
        ASSERT(frame.bytes.n == 0 ||
               (frame.bytes.p >= p + at && frame.bytes.p + frame.bytes.n <= p + at + frame.used));
        at += frame.used;
        if (frame.bytes.n || frame.flags)
            sum = hash_fast(frame.bytes, sum ^ frame.flags);
    }
    ASSERT(at == n);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1)
        return 0;
    const char *p = (const char *) data + 1;
    uint64_t whole = run(p, size - 1, size);
    ASSERT(run(p, size - 1, 1 + data[0] % 16) == whole);
    ASSERT(run(p, size - 1, 1 + data[0] * 300u) == whole);
    return 0;
}
