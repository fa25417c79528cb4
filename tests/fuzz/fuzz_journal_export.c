/* A journal in parts: the same entries however the bytes arrive, none larger than allowed, each readable again. The
 * first byte is how many bytes arrive at a time. */
#include "intake/journal_export.h"

#include "base/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t run(struct str in, size_t step, int *ret) {
    struct journal_export j;
    uint64_t sum = 0;
    int r = 0;
    journal_export_init(&j);
    for (size_t at = 0; at < in.n && r >= 0;) {
        size_t used = 0;
        r = journal_export_add(&j, str_n(in.p + at, MIN(step, in.n - at)), &used);
        ASSERT(r < 0 || used > 0);
        at += used;
        if (r == 1) {
            char mark[JOURNAL_MARK_BYTES];
            ASSERT(j.entry.n > 0 && j.entry.n <= JOURNAL_ENTRY_BYTES_MAX);
            sum = hash_fast(buf_str(&j.entry), sum ^ j.cut);
            if (journal_export_mark(buf_str(&j.entry), mark))
                sum ^= hash_fast(str_n(mark, sizeof mark), 3);
        }
    }
    if (r >= 0 && (r = journal_export_end(&j)) == 1)
        sum = hash_fast(buf_str(&j.entry), sum);
    journal_export_done(&j);
    *ret = r;
    return r < 0 ? 0 : sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int whole, parts;
    if (size < 1)
        return 0;
    struct str in = str_n((const char *) data + 1, size - 1);
    uint64_t a = run(in, size, &whole), b = run(in, 1 + data[0] % 64, &parts);
    ASSERT(a == b && (whole < 0) == (parts < 0));
    return 0;
}
