/* Descriptions of registers: refused with a sentence, or usable. */
#include "base/buf.h"
#include "base/json.h"
#include "table/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena a;
    struct import_spec s;
    struct diag d = {0};
    arena_init(&a, 64 << 20);
    if (import_spec_parse(&a, str_n((const char *) data, size), "fuzz.yml", &s, &d) == 0) {
        struct buf out;
        struct jsonw w;
        buf_init(&out, 64 << 20);
        jsonw_init(&w, &out);
        import_spec_write(&s, &w);
        ASSERT(buf_error(&out) || json_check(buf_str(&out), NULL) == 0);
        import_template_write(&s, true, &out);
        ASSERT(s.key < s.n_fields);
        buf_done(&out);
    } else {
        ASSERT(d.text[0]);
    }
    arena_done(&a);
    return 0;
}
