/* Access and error logs of web servers. */
#include "fuzz_decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_decode fd = FUZZ_DEFAULT;
    static const struct str names[] = {{"access", 6}, {"nginx_error", 11}, {"apache_error", 12}};
    fd.source.decoder = names[size % 3];
    fuzz_decode(&fd, data, size);
    return 0;
}
