/* Flow datagrams, one behind the other (length u16, bytes): whatever templates say, no record reaches outside its set,
 * and each line is one JSON object. */
#include "intake/flow.h"

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int check(void *ctx UNUSED, struct str exporter, struct str line) {
    struct diag d = {0};
    ASSERT(exporter.n > 0 && json_check(line, &d) == 0);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct flow *f = flow_new();
    for (size_t at = 0; f && at + 2 <= size;) {
        size_t n = (size_t) data[at] << 8 | data[at + 1];
        at += 2;
        n = MIN(n, size - at);
        IGNORE(flow_datagram(f, STR("192.0.2.1"), str_n((const char *) data + at, n), check, NULL));
        at += n;
    }
    flow_free(f);
    return 0;
}
