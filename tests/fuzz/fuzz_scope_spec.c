/* Questions people add: refused with a sentence, or usable; and a value that is filled in stays a value. */
#include "base/buf.h"
#include "room/scope_spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The same hostile bytes for everything that is asked for. */
static void ask(struct arena *a, const struct scope_spec *s, struct str value) {
    struct buf values, out;
    struct jsonw w;
    struct json_value *v;
    struct str query;
    struct diag d = {0};
    buf_init(&values, 64 << 20);
    buf_init(&out, 64 << 20);
    jsonw_init(&w, &values);
    jsonw_object(&w);
    for (size_t i = 0; i < s->n_asks; i++) {
        jsonw_key(&w, s->asks[i].name);
        jsonw_array(&w);
        jsonw_str(&w, value);
        jsonw_end(&w);
    }
    jsonw_end(&w);
    if (buf_error(&values) == 0 && json_parse(a, buf_str(&values), &v, NULL) == 0) {
        if (scope_question(a, s, v, &out, &query, &d) == 0) {
            struct buf whole;
            buf_init(&whole, 64 << 20);
            buf_printf(&whole, "{%.*s}", (int) out.n, out.p);
            ASSERT(json_check(buf_str(&whole), NULL) == 0);
            buf_done(&whole);
        } else {
            ASSERT(d.text[0]);
        }
    }
    buf_done(&values);
    buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena a;
    struct scope_spec s;
    struct diag d = {0};
    struct str all = str_n((const char *) data, size);
    ptrdiff_t end = str_find(all, STR("\n---\n"), 0);
    arena_init(&a, 64 << 20);
    if (scope_spec_read(&a, end < 0 ? all : str_to(all, (size_t) end), "fuzz.yml", &s, &d) == 0) {
        struct buf out;
        struct jsonw w;
        buf_init(&out, 64 << 20);
        jsonw_init(&w, &out);
        jsonw_object(&w);
        scope_spec_write(&s, &w);
        jsonw_end(&w);
        ASSERT(buf_error(&out) || json_check(buf_str(&out), NULL) == 0);
        buf_done(&out);
        ask(&a, &s, end < 0 ? STR("x") : str_from(all, (size_t) end + 5));
    } else {
        ASSERT(d.text[0]);
    }
    arena_done(&a);
    return 0;
}
