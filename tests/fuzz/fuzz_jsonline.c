/* JSON lines, the login event, journalctl's JSON. */
#include "fuzz_decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_decode fd = FUZZ_DEFAULT;
    fd.source.decoder = STR("json");
    fuzz_decode(&fd, data, size);
    return 0;
}
