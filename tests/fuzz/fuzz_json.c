/* The tree and the walk take the same texts, the walk under every code this processor runs; what
 * was read comes back from the writer as it was. */
#include "base/json.h"
#include "base/json_index.h"
#include "base/text.h"

struct count {
    unsigned leaves;
};

static int leaf(void *ctx, struct str path, enum json_type type, struct str text) {
    struct count *c = ctx;
    c->leaves++;
    ASSERT(text_is_utf8(path) && text_is_utf8(text));
    ASSERT(type != JSON_NUMBER || json_is_number(text));
    return 0;
}

/* The raw walk against the other one: the same leaves with the same meaning. */
struct texts {
    struct arena *a;
    struct buf all;
};
static int add_text(void *ctx, struct str path, enum json_type type, struct str text) {
    struct texts *t = ctx;
    buf_add(&t->all, path);
    buf_add_byte(&t->all, (char) type);
    buf_add(&t->all, text);
    return 0;
}
static int add_raw(void *ctx, struct str path, enum json_type type, struct str raw, bool escaped) {
    struct texts *t = ctx;
    bool high, is_high = false;
    struct str text = escaped ? json_unescape(t->a, raw) : raw;
    struct str small = type == JSON_STRING ? json_unescape_lower(t->a, raw, &high) : text;
    ASSERT(small.n == text.n);
    for (size_t i = 0; i < text.n && type == JSON_STRING; i++) {
        ASSERT(small.p[i] == ascii_lower(text.p[i]));
        is_high |= (unsigned char) text.p[i] >= 0x80;
    }
    /* \u00e9 is ASCII as it stands and is not as it is meant: either tells of it. */
    ASSERT(type != JSON_STRING || high == is_high);
    return add_text(ctx, path, type, text);
}
static void raw_is_the_same(struct arena *a, struct str in) {
    struct texts x = {.a = a}, y = {.a = a};
    buf_init(&x.all, (size_t) 64 << 20);
    buf_init(&y.all, (size_t) 64 << 20);
    ASSERT(json_walk(a, in, NULL, add_text, &x, NULL) ==
           json_walk_raw(a, in, NULL, add_raw, &y, NULL));
    ASSERT(buf_error(&x.all) || str_eq(buf_str(&x.all), buf_str(&y.all)));
    buf_done(&x.all);
    buf_done(&y.all);
}

/* The same leaves and the same end, whichever code looks. */
static void every_code_is_the_same(struct arena *a, struct str in, int want) {
    static const char *const codes[] = {"avx512", "avx2", "sse2", "plain"};
    struct texts first = {.a = a}, other = {.a = a};
    const char *usual = json_index_code();
    buf_init(&first.all, (size_t) 64 << 20);
    ASSERT(json_walk(a, in, NULL, add_text, &first, NULL) == want);
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
        if (!json_index_use(codes[i]))
            continue;
        buf_init(&other.all, (size_t) 64 << 20);
        ASSERT(json_walk_raw(a, in, NULL, add_raw, &other, NULL) == want);
        ASSERT(str_eq(buf_str(&first.all), buf_str(&other.all)));
        ASSERT(json_index_utf8(in) == text_is_utf8(in));
        buf_done(&other.all);
    }
    ASSERT(json_index_use(usual));
    buf_done(&first.all);
}

static unsigned leaves_of(const struct json_value *v) {
    unsigned n = v->first == NULL;
    for (const struct json_value *c = v->first; c; c = c->next)
        n += leaves_of(c);
    return n;
}

static void write_value(struct jsonw *w, const struct json_value *v) {
    switch (v->type) {
    case JSON_NULL:
        jsonw_null(w);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        jsonw_bool(w, v->type == JSON_TRUE);
        break;
    case JSON_NUMBER:
        jsonw_raw(w, v->text);
        break;
    case JSON_STRING:
        jsonw_str(w, v->text);
        break;
    case JSON_ARRAY:
    case JSON_OBJECT:
        v->type == JSON_ARRAY ? jsonw_array(w) : jsonw_object(w);
        for (const struct json_value *c = v->first; c; c = c->next) {
            if (v->type == JSON_OBJECT)
                jsonw_key(w, c->key);
            write_value(w, c);
        }
        jsonw_end(w);
    }
}

static bool same(const struct json_value *a, const struct json_value *b) {
    if (a->type != b->type || a->n != b->n || !str_eq(a->text, b->text) || !str_eq(a->key, b->key))
        return false;
    const struct json_value *x = a->first, *y = b->first;
    for (; x && y; x = x->next, y = y->next)
        if (!same(x, y))
            return false;
    return !x && !y;
}

static void round_trip(struct arena *a, const struct json_value *v, size_t size) {
    struct json_value *again;
    struct buf b;
    struct jsonw w;
    buf_init(&b, 16 * size + 1024);
    jsonw_init(&w, &b);
    write_value(&w, v);
    ASSERT(buf_error(&b) == 0 && json_parse(a, buf_str(&b), &again, NULL) == 0 && same(v, again));
    buf_done(&b);
}

/* Whatever the bytes are, quoted they are a string. */
static void quote(struct arena *a, struct str in) {
    struct json_value *v;
    struct buf b;
    buf_init(&b, 8 * in.n + 16);
    json_quote(&b, in);
    ASSERT(json_parse(a, buf_str(&b), &v, NULL) == 0 && v->type == JSON_STRING);
    ASSERT(str_eq(v->text, in) == text_is_utf8(in));
    buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct str in = str_n((const char *) data, size);
    struct count c = {0};
    struct json_value *v;
    struct arena a;
    struct diag d;
    size_t used = 0;
    arena_init(&a, (size_t) 256 << 20);
    int parsed = json_parse(&a, in, &v, &d);
    int walked = json_walk(&a, in, NULL, leaf, &c, &d);
    ASSERT(parsed == walked && parsed == json_check(in, NULL));
    if (parsed == 0) {
        ASSERT(c.leaves == leaves_of(v));
        round_trip(&a, v, size);
    }
    if (json_walk(&a, in, &used, leaf, &c, NULL) == 0)
        ASSERT(used > 0 && used <= size && json_parse(&a, str_to(in, used), &v, NULL) == 0);
    raw_is_the_same(&a, in);
    every_code_is_the_same(&a, in, walked);
    quote(&a, in);
    arena_done(&a);
    return 0;
}
