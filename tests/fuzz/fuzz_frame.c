/* Frames cut from a stream are the same wherever the stream breaks, and are what was put in. */
#include "base/frame.h"
#include "base/limits.h"

/* Every frame of in, and where they end; the code that ended the cutting. */
static int cut_all(struct str in, struct buf *again, size_t *at) {
    struct str m;
    int r;
    while ((r = frame_next(in, at, &m)) > 0) {
        ASSERT(m.n > 0 && m.n <= FRAME_BYTES_MAX);
        frame_add(again, m);
    }
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct str in = str_n((const char *) data, size);
    struct buf whole, parts;
    size_t at = 0, part_at = 0;
    buf_init(&whole, size + 64);
    buf_init(&parts, size + 64);
    int r = cut_all(in, &whole, &at);
    ASSERT(buf_error(&whole) == 0 && whole.n == at && (at == 0 || memcmp(whole.p, data, at) == 0));
    size_t middle = size ? data[0] * size / 256 : 0;
    if (cut_all(str_to(in, middle), &parts, &part_at) == 0)
        ASSERT(cut_all(in, &parts, &part_at) == r);
    ASSERT(str_eq(buf_str(&whole), buf_str(&parts)));
    buf_done(&whole);
    buf_done(&parts);
    return 0;
}
