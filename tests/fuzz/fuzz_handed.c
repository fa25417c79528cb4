/* Records handed over: none reaches outside its frame, and what is read is written as it was. */
#include "intake/handed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct str in = str_n((const char *) data, size);
    struct raw_record rec;
    size_t at = 0, from = 0;
    struct buf b;
    int r;
    buf_init(&b, 2 * size + 64);
    for (; (r = handed_record_next(in, &at, &rec)) == 1; from = at) {
        ASSERT(at > from && at <= size && rec.bytes.p + rec.bytes.n == in.p + at);
        ASSERT(!(rec.flags & (RAW_SOURCE | RAW_STATE | RAW_TICK)));
        buf_clear(&b);
        handed_record_add(&b, &rec);
        struct raw_record again;
        size_t end = 0;
        ASSERT(handed_record_next(buf_str(&b), &end, &again) == 1 && end == at - from);
        ASSERT(str_eq(again.bytes, rec.bytes) && str_eq(again.resume, rec.resume) && again.flags == rec.flags);
    }
    ASSERT(r < 0 || at == size);
    buf_done(&b);
    return 0;
}
