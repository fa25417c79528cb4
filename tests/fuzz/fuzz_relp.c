/* RELP frames are the same however the bytes arrive, lie inside what was read, and what is written is read again. */
#include "intake/relp_frame.h"

#include "base/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t run(struct str in, size_t step) {
    size_t at = 0, shown = 0;
    uint64_t sum = 0;
    struct relp_frame f;
    for (;;) {
        int r = relp_frame_next(str_n(in.p + at, shown - at), &f);
        if (r < 0)
            return sum ^ 1;
        if (r == 0 && shown == in.n)
            return sum;
        if (r == 0) {
            shown = MIN(in.n, shown + step);
            continue;
        }
        ASSERT(f.used <= shown - at && f.data.n <= GATE_MESSAGE_BYTES_MAX);
        ASSERT(f.command.p >= in.p + at && f.data.p + f.data.n < in.p + at + f.used + (f.data.n == 0));
        sum = hash_fast(f.command, sum ^ f.number) ^ hash_fast(f.data, 7);
        struct buf b;
        struct relp_frame again;
        char command[40];
        snprintf(command, sizeof command, "%.*s", STR_ARG(f.command));
        buf_init(&b, 2 * GATE_MESSAGE_BYTES_MAX);
        relp_frame_add(&b, f.number, command, f.data);
        ASSERT(relp_frame_next(buf_str(&b), &again) == 1 && again.number == f.number && str_eq(again.data, f.data));
        buf_done(&b);
        at += f.used;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1)
        return 0;
    struct str in = str_n((const char *) data + 1, size - 1);
    ASSERT(run(in, size) == run(in, 1 + data[0] % 16));
    return 0;
}
