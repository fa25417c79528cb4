/* Bodies of requests, as handlers read them: unknown keys, wrong types and sizes are refused, and
 * what is taken keeps to its bounds. */
#include "base/json.h"

#include "base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const keys[] = {"version", "minutes", "title", "commander", "lang", NULL};
    struct json_value *v;
    struct arena a;
    struct str s;
    int64_t n;
    bool b;
    arena_init(&a, (size_t) 64 << 20);
    if (size <= HTTP_BODY_BYTES_MAX &&
        json_parse(&a, str_n((const char *) data, size), &v, NULL) == 0) {
        int known = json_only_keys(v, keys, NULL);
        for (size_t i = 0; keys[i]; i++) {
            const struct json_value *x = json_get(v, keys[i]);
            ASSERT(!json_get_str(v, keys[i], &s) || (x && x->type == JSON_STRING));
            ASSERT(!json_get_i64(v, keys[i], &n) || (x && x->type == JSON_NUMBER));
            ASSERT(!json_get_bool(v, keys[i], &b) || (x && x->type != JSON_STRING));
        }
        if (known == 0 && v->type == JSON_OBJECT)
            for (const struct json_value *c = v->first; c; c = c->next)
                ASSERT(c->key.n <= 9);
    }
    arena_done(&a);
    return 0;
}
