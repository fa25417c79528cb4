/* Entries of the journal export format. */
#include "fuzz_decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_decode fd = FUZZ_DEFAULT;
    fd.flags |= RAW_JOURNAL;
    fuzz_decode(&fd, data, size);
    return 0;
}
