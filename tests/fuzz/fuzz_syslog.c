/* Any line, recognised by content: syslog headers, RFC 5424, and whatever stands behind them. */
#include "fuzz_decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_decode fd = FUZZ_DEFAULT;
    fd.flags = size % 3 ? RAW_BACKFILL : 0;
    fuzz_decode(&fd, data, size);
    return 0;
}
