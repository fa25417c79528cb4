/* gzip in parts: the same bytes however they arrive, never more than the buffer may hold. */
#include "intake/inflate.h"

#include "base/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t run(struct str in, size_t step) {
    struct inflate *i;
    struct buf out;
    int r = inflate_new(&i);
    buf_init(&out, 1 << 20);
    for (size_t at = 0; r == 0 && at < in.n; at += step)
        r = inflate_add(i, str_n(in.p + at, MIN(step, in.n - at)), &out);
    uint64_t sum = r == 0 ? hash_fast(buf_str(&out), inflate_is_whole(i)) : 1;
    ASSERT(out.n <= 1 << 20);
    if (r != -ENOMEM)
        inflate_free(i);
    buf_done(&out);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1)
        return 0;
    struct str in = str_n((const char *) data + 1, size - 1);
    ASSERT(run(in, size) == run(in, 1 + data[0] % 64));
    return 0;
}
