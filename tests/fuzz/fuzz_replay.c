/* The replay transport's messages: never past the end, always forward. */
#include "intake/replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct str in = str_n((const char *) data, size);
    struct replay_message m;
    size_t at = 0, before = 0;
    while (replay_message_next(in, &at, &m) > 0) {
        ASSERT(at > before && at <= size);
        ASSERT(m.line.n == 0 || (m.line.p >= in.p && m.line.p + m.line.n <= in.p + in.n));
        before = at;
    }
    return 0;
}
