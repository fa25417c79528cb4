/* Strict RFC 8259 reader of control documents into a tree, and the accessors of the tree. It also
 * says what is wrong, and where, for the walk (json_walk.c), which is quick and only knows that
 * something is.
 *
 * It never recurses: open containers are one bit each in `objects` (depth is at most JSON_DEPTH_MAX
 * = 64). Strings are scanned sixteen bytes at a time for what ends a plain run; UTF-8 and escapes
 * are checked there, so that unescaping, done only for strings that hold an escape, cannot fail. A
 * lone surrogate escape (\ud800) is grammatical and cannot be UTF-8: it reads as U+FFFD.
 *
 * Not here: numbers stay text (the caller knows what it wants), and nothing remembers duplicate
 * keys. */
#include "base/json.h"

#include "base/json_index.h"
#include "base/json_scan.h"
#include "base/limits.h"
#include "base/utf8.h"

_Static_assert(JSON_DEPTH_MAX <= 64, "one bit per level in a uint64_t");

struct reader {
    const char *p, *begin, *end;
    struct arena *arena;
    struct diag *reterr;
    uint64_t objects; /* bit d: level d is an object */
    unsigned depth;
    bool check; /* nothing is kept, only whether it is JSON */
};

/* What comes after a value. */
enum after { AFTER_NEXT, AFTER_CLOSE };

/* Place and sentence; slow, on the way out only. */
static int fail(const struct reader *r, int code, const char *sentence) {
    unsigned line = 1, column = 1;
    if (!r->reterr)
        return code;
    for (const char *p = r->begin; p < r->p; p++) {
        column++;
        if (*p == '\n') {
            line++;
            column = 1;
        }
    }
    return diag_set_at(r->reterr, code, "", line, column, "%s at byte %zu", sentence,
                       (size_t) (r->p - r->begin));
}

static int out_of_memory(const struct reader *r) {
    return diag_set(r->reterr, -ENOMEM, "out of memory while reading JSON");
}

static inline void skip_space(struct reader *r) {
    r->p = json_skip_space(r->p, r->end);
}

static int hex4(const char *p) {
    int v = 0;
    for (int i = 0; i < 4; i++) {
        char c = ascii_lower(p[i]);
        int d = ascii_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (d < 0)
            return -1;
        v = v << 4 | d;
    }
    return v;
}

/* What a backslash and this byte stand for; 0 = no escape. 'u' is the one that needs more. */
static const char escapes[256] = {
    ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b', ['f'] = '\f',
    ['n'] = '\n', ['r'] = '\r',  ['t'] = '\t', ['u'] = 'u',
};

static inline char escape_of(const char *p) {
    return escapes[(unsigned char) p[1]];
}

/* At a backslash: the length of the escape, or what is wrong. */
static inline int check_escape(struct reader *r, const char *p) {
    char c = r->end - p >= 2 ? escape_of(p) : 0;
    if (LIKELY(c && c != 'u'))
        return 2;
    r->p = p;
    if (r->end - p < 2)
        return fail(r, -ERR_PARSE, "string without end");
    if (!c)
        return fail(r, -ERR_PARSE, "unknown escape");
    if (r->end - p < 6 || hex4(p + 2) < 0)
        return fail(r, -ERR_PARSE, "bad \\u escape");
    return 6;
}

/* Behind a run of bytes that are not ASCII; NULL with the error said when they are no UTF-8. */
static const char *check_utf8(struct reader *r, const char *p, int *error) {
    while (p < r->end && (unsigned char) *p >= 0x80) {
        unsigned n = utf8_length(p, r->end);
        if (!n) {
            r->p = p;
            *error = fail(r, -ERR_PARSE, "not UTF-8");
            return NULL;
        }
        p += n;
    }
    return p;
}

static size_t unescape_unicode(const char **at, const char *end, char *dst) {
    const char *p = *at;
    uint32_t c = (uint32_t) hex4(p + 2);
    p += 6;
    if (c >= 0xd800 && c <= 0xdbff && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
        uint32_t low = (uint32_t) hex4(p + 2);
        if (low >= 0xdc00 && low <= 0xdfff) {
            c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
            p += 6;
        }
    }
    if (c >= 0xd800 && c <= 0xdfff)
        c = 0xfffd;
    *at = p;
    return utf8_encode(c, dst);
}

/* Into `to`, with room for JSON_COPY_SLACK more; how many bytes. */
static size_t unescape_to(char *to, struct str raw) {
    const char *p = raw.p, *end = raw.p + raw.n;
    char *o = to;
    for (;;) {
        size_t n = json_copy_to_backslash(o, p, end);
        o += n;
        p += n;
        if (p == end)
            return (size_t) (o - to);
        char c = escape_of(p);
        if (c == 'u') {
            o += unescape_unicode(&p, end, o);
        } else {
            *o++ = c;
            p += 2;
        }
    }
}

struct str json_unescape(struct arena *a, struct str raw) {
    char *to = arena_alloc(a, raw.n + JSON_UNESCAPE_SPARE);
    bool high;
    if (!to)
        return STR_NULL;
    size_t n = json_index_flatten(to, raw, false, &high);
    return str_n(to, n != SIZE_MAX ? n : unescape_to(to, raw));
}

struct str json_unescape_lower(struct arena *a, struct str raw, bool *ret_high) {
    char *to = arena_alloc(a, raw.n + JSON_UNESCAPE_SPARE);
    unsigned char high = 0;
    if (!to)
        return STR_NULL;
    size_t n = json_index_flatten(to, raw, true, ret_high);
    if (n != SIZE_MAX)
        return str_n(to, n);
    n = unescape_to(to, raw);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char) to[i];
        high |= c;
        to[i] = (char) (c + (((unsigned char) (c - 'A') < 26) << 5));
    }
    *ret_high = high >= 0x80;
    return str_n(to, n);
}

/* r->p behind the opening quote; afterwards behind the closing one. *ret is the raw form, *escaped
 * says whether it is another than what it means. */
static inline int scan_string(struct reader *r, struct str *ret, bool *escaped) {
    const char *from = r->p, *p = from;
    int e = 0;
    *escaped = false;
    for (;;) {
        p = json_plain_end(p, r->end);
        if (p < r->end && *p == '"')
            break;
        if (p < r->end && *p == '\\') {
            *escaped = true;
            e = check_escape(r, p);
            if (e < 0)
                return e;
            p += e;
        } else if (p < r->end && (unsigned char) *p >= 0x80) {
            p = check_utf8(r, p, &e);
            if (!p)
                return e;
        } else {
            r->p = p;
            return fail(r, -ERR_PARSE,
                        p < r->end ? "control character in a string" : "string without end");
        }
    }
    *ret = str_n(from, (size_t) (p - from));
    r->p = p + 1;
    return 0;
}

static int read_string(struct reader *r, struct str *ret) {
    bool escaped;
    int e = scan_string(r, ret, &escaped);
    if (e < 0 || !escaped || r->check)
        return e;
    *ret = json_unescape(r->arena, *ret);
    return ret->p ? 0 : out_of_memory(r);
}

bool json_is_number(struct str s) {
    return s.n && json_number_end(s.p, s.p + s.n) == s.p + s.n;
}

static int read_number(struct reader *r, enum json_type *type, struct str *text) {
    const char *to = json_number_end(r->p, r->end);
    if (!to)
        return fail(r, -ERR_PARSE, "bad number");
    *type = JSON_NUMBER;
    *text = str_n(r->p, (size_t) (to - r->p));
    r->p = to;
    return 0;
}

static int read_word(struct reader *r, struct str word, enum json_type t, enum json_type *type,
                     struct str *text) {
    if ((size_t) (r->end - r->p) < word.n || memcmp(r->p, word.p, word.n) != 0)
        return fail(r, -ERR_PARSE, "unexpected word");
    *type = t;
    *text = str_n(r->p, word.n);
    r->p += word.n;
    return 0;
}

/* The value at r->p. 0 = a whole value (an empty container too), 1 = a container was opened and has
 * members. */
static inline int read_value(struct reader *r, enum json_type *type, struct str *text) {
    skip_space(r);
    if (r->p >= r->end)
        return fail(r, -ERR_PARSE, "value expected, text ended");
    char c = *r->p;
    if (c == '"') {
        r->p++;
        *type = JSON_STRING;
        return read_string(r, text);
    }
    if (c == '{' || c == '[') {
        if (r->depth >= JSON_DEPTH_MAX)
            return fail(r, -ERR_LIMIT, "nested too deeply");
        r->p++;
        *type = c == '{' ? JSON_OBJECT : JSON_ARRAY;
        *text = str_n(r->p, 0);
        skip_space(r);
        if (r->p < r->end && *r->p == c + 2) { /* '{' + 2 is '}', '[' + 2 is ']' */
            r->p++;
            return 0;
        }
        uint64_t bit = 1ull << r->depth++;
        r->objects = c == '{' ? r->objects | bit : r->objects & ~bit;
        return 1;
    }
    if (c == '-' || ascii_digit(c))
        return read_number(r, type, text);
    if (c == 't')
        return read_word(r, STR("true"), JSON_TRUE, type, text);
    if (c == 'f')
        return read_word(r, STR("false"), JSON_FALSE, type, text);
    if (c == 'n')
        return read_word(r, STR("null"), JSON_NULL, type, text);
    return fail(r, -ERR_PARSE, "value expected");
}

static inline bool in_object(const struct reader *r) {
    return r->depth && (r->objects >> (r->depth - 1) & 1);
}

static inline int read_key(struct reader *r, struct str *key) {
    skip_space(r);
    if (r->p >= r->end || *r->p != '"')
        return fail(r, -ERR_PARSE, "key expected");
    r->p++;
    int e = read_string(r, key);
    if (e < 0)
        return e;
    if (r->p >= r->end || *r->p != ':') {
        skip_space(r);
        if (r->p >= r->end || *r->p != ':')
            return fail(r, -ERR_PARSE, "':' expected");
    }
    r->p++;
    return 0;
}

/* After a value inside a container. */
static inline int read_after(struct reader *r) {
    skip_space(r);
    char c = r->p < r->end ? *r->p : 0;
    if (c == ',') {
        r->p++;
        return AFTER_NEXT;
    }
    if (c != (in_object(r) ? '}' : ']'))
        return fail(r, -ERR_PARSE, in_object(r) ? "',' or '}' expected" : "',' or ']' expected");
    r->p++;
    r->depth--;
    return AFTER_CLOSE;
}

static void reader_init(struct reader *r, struct arena *a, struct str in, struct diag *reterr) {
    /* A NULL slice is an empty one; arithmetic on NULL would be undefined. */
    const char *p = in.p ? in.p : "";
    *r = (struct reader){.p = p, .begin = p, .end = p + in.n, .arena = a, .reterr = reterr};
}

static int expect_end(struct reader *r) {
    skip_space(r);
    return r->p == r->end ? 0 : fail(r, -ERR_PARSE, "text behind the value");
}

/* ---- Tree ---- */

/* Open containers from the outside in, and where the next child of each is hung in. */
struct builder {
    struct json_value *open[JSON_DEPTH_MAX];
    struct json_value **tail[JSON_DEPTH_MAX];
    unsigned nodes;
};

/* One value with its key; 1 when it opened a container. */
static int build_one(struct reader *r, struct builder *b, struct json_value **root) {
    struct json_value v = {0};
    unsigned level = r->depth;
    int e = in_object(r) ? read_key(r, &v.key) : 0;
    if (e < 0)
        return e;
    int opened = read_value(r, &v.type, &v.text);
    if (opened < 0)
        return opened;
    if (++b->nodes > JSON_NODES_MAX)
        return fail(r, -ERR_LIMIT, "too many values");
    struct json_value *node = arena_alloc(r->arena, sizeof *node);
    if (!node)
        return out_of_memory(r);
    *node = v;
    if (level) {
        b->open[level - 1]->n++;
        *b->tail[level - 1] = node;
        b->tail[level - 1] = &node->next;
    } else {
        *root = node;
    }
    if (opened) {
        b->open[level] = node;
        b->tail[level] = &node->first;
    }
    return opened;
}

int json_parse(struct arena *a, struct str in, struct json_value **ret, struct diag *reterr) {
    struct reader r;
    struct builder b;
    struct json_value *root = NULL;
    reader_init(&r, a, in, reterr);
    b.nodes = 0;
    do {
        int e = build_one(&r, &b, &root);
        if (e < 0)
            return e;
        if (e)
            continue;
        while (r.depth && (e = read_after(&r)) == AFTER_CLOSE)
            ;
        if (e < 0)
            return e;
    } while (r.depth);
    int e = expect_end(&r);
    if (e < 0)
        return e;
    *ret = root;
    return 0;
}

/* ---- Errors of the other readers ---- */

int json_check(struct str in, struct diag *reterr) {
    struct reader r;
    struct str text;
    enum json_type type;
    reader_init(&r, NULL, in, reterr);
    r.check = true;
    do {
        int e = in_object(&r) ? read_key(&r, &text) : 0;
        if (e < 0 || (e = read_value(&r, &type, &text)) < 0)
            return e;
        if (e)
            continue;
        while (r.depth && (e = read_after(&r)) == AFTER_CLOSE)
            ;
        if (e < 0)
            return e;
    } while (r.depth);
    return expect_end(&r);
}

/* ---- Accessors ---- */

const struct json_value *json_get(const struct json_value *object, const char *key) {
    if (!object || object->type != JSON_OBJECT)
        return NULL;
    for (const struct json_value *v = object->first; v; v = v->next)
        if (str_eq_z(v->key, key))
            return v;
    return NULL;
}

static const struct json_value *get_typed(const struct json_value *object, const char *key,
                                          enum json_type type) {
    const struct json_value *v = json_get(object, key);
    return v && v->type == type ? v : NULL;
}

bool json_get_str(const struct json_value *object, const char *key, struct str *ret) {
    const struct json_value *v = get_typed(object, key, JSON_STRING);
    if (v)
        *ret = v->text;
    return v;
}

bool json_get_i64(const struct json_value *object, const char *key, int64_t *ret) {
    const struct json_value *v = get_typed(object, key, JSON_NUMBER);
    return v && str_to_i64(v->text, ret) == 0;
}

bool json_get_bool(const struct json_value *object, const char *key, bool *ret) {
    const struct json_value *v = json_get(object, key);
    if (!v || (v->type != JSON_TRUE && v->type != JSON_FALSE))
        return false;
    *ret = v->type == JSON_TRUE;
    return true;
}

const struct json_value *json_get_array(const struct json_value *object, const char *key) {
    return get_typed(object, key, JSON_ARRAY);
}

const struct json_value *json_get_object(const struct json_value *object, const char *key) {
    return get_typed(object, key, JSON_OBJECT);
}

int json_only_keys(const struct json_value *object, const char *const *allowed,
                   struct diag *reterr) {
    if (!object || object->type != JSON_OBJECT)
        return diag_set(reterr, -ERR_REFUSED, "an object is expected");
    for (const struct json_value *v = object->first; v; v = v->next) {
        const char *const *z = allowed;
        while (*z && !str_eq_z(v->key, *z))
            z++;
        if (!*z)
            return diag_set(reterr, -ERR_REFUSED, "unknown key '%.*s'",
                            (int) MIN(v->key.n, (size_t) 80), v->key.p);
    }
    return 0;
}
