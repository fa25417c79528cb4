/* OTLP in both forms: any bytes are read or refused, and each line that comes out is one JSON object. The first byte
 * chooses the form. */
#include "intake/otlp.h"

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int check(void *ctx, struct str line) {
    struct diag d = {0};
    ++*(size_t *) ctx;
    ASSERT(line.n >= 2 && line.p[0] == '{' && str_find_byte(line, '\n', 0) < 0);
    ASSERT(json_check(line, &d) == 0);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint64_t refused = 0;
    size_t lines = 0;
    struct diag d = {0};
    if (size < 1)
        return 0;
    struct str in = str_n((const char *) data + 1, size - 1);
    int r = (data[0] & 1 ? otlp_json : otlp_protobuf)(in, check, &lines, &refused, &d);
    ASSERT(r == 0 || d.text[0]);
    return 0;
}
