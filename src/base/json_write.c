/* JSON writer: commas and nesting are kept here, so that a caller cannot make invalid JSON without
 * an ASSERT. Errors of the buffer are sticky; whoever owns it asks buf_error once at the end. */
#include "base/json.h"
#include "base/json_scan.h"
#include "base/limits.h"
#include "base/time.h"
#include "base/utf8.h"

#include <math.h>

enum { SPECIAL_MAX = 6 }; /* bytes one byte becomes */

static char *put_special(char *o, unsigned char c) {
    static const char digits[] = "0123456789abcdef";
    if (c == '"' || c == '\\') {
        *o++ = '\\';
        *o++ = (char) c;
    } else if (c < 0x20) {
        memcpy(o, "\\u00", 4);
        o[4] = digits[c >> 4];
        o[5] = digits[c & 15];
        o += 6;
    } else {
        memcpy(o, UTF8_REPLACEMENT, sizeof UTF8_REPLACEMENT - 1);
        o += sizeof UTF8_REPLACEMENT - 1;
    }
    return o;
}

static void quote_special(struct buf *out, const char *p) {
    char z[SPECIAL_MAX];
    buf_add(out, str_n(z, (size_t) (put_special(z, (unsigned char) *p) - z)));
}

/* Behind the bytes from p that may stand in a JSON string as they are. */
static const char *clean_end(const char *p, const char *end) {
    for (;;) {
        p = json_plain_end(p, end);
        unsigned n = p < end && (unsigned char) *p >= 0x80 ? utf8_length(p, end) : 0;
        if (!n)
            return p;
        p += n;
    }
}

/* Mostly there is room for whatever the string becomes, and then nothing is asked in between. */
static inline size_t quoted_max(struct str s) {
    return SPECIAL_MAX * s.n + 2;
}
static inline char *room(const struct buf *out, size_t n) {
    return LIKELY(!out->error && out->cap - out->n >= n) ? out->p + out->n : NULL;
}
/* The byte or character at p, which is not plain; moves p behind it. */
static char *put_odd(char *o, const char **p, const char *end) {
    unsigned n = (unsigned char) **p >= 0x80 ? utf8_length(*p, end) : 0;
    if (!n)
        return put_special(o, (unsigned char) *(*p)++);
    memcpy(o, *p, n);
    *p += n;
    return o + n;
}
static char *put_quoted(char *o, struct str s) {
    const char *p = s.p, *end = s.n ? s.p + s.n : s.p;
    *o++ = '"';
    while (end - p >= 16) { /* whole blocks are copied, also behind what is plain: there is room */
        size_t n = json_copy_plain16(o, p);
        o += n;
        p += n;
        if (n < 16)
            o = put_odd(o, &p, end);
    }
    while (p < end) {
        if (LIKELY(json_is_plain(*p)))
            *o++ = *p++;
        else
            o = put_odd(o, &p, end);
    }
    *o++ = '"';
    return o;
}

void json_quote(struct buf *out, struct str s) {
    const char *p = s.p, *end = s.n ? s.p + s.n : s.p;
    char *o = room(out, quoted_max(s));
    if (o) {
        out->n = (size_t) (put_quoted(o, s) - out->p);
        return;
    }
    buf_add_byte(out, '"');
    while (p < end) {
        const char *stop = clean_end(p, end);
        buf_add(out, str_n(p, (size_t) (stop - p)));
        if (stop < end)
            quote_special(out, stop++);
        p = stop;
    }
    buf_add_byte(out, '"');
}

void jsonw_init(struct jsonw *w, struct buf *out) {
    *w = (struct jsonw){.out = out};
}

static bool in_object(const struct jsonw *w) {
    return w->depth && (w->is_object >> (w->depth - 1) & 1);
}

/* What must stand before the next key (in an object) or value (in an array). */
static void separate(struct jsonw *w) {
    if (!w->depth)
        return;
    uint64_t bit = 1ull << (w->depth - 1);
    if (w->has_item & bit)
        buf_add_byte(w->out, ',');
    w->has_item |= bit;
}

static void before_value(struct jsonw *w) {
    ASSERT(in_object(w) == w->after_key);
    if (!w->after_key)
        separate(w);
    w->after_key = false;
}

static void begin(struct jsonw *w, char c) {
    ASSERT(w->depth < JSON_DEPTH_MAX);
    before_value(w);
    buf_add_byte(w->out, c);
    uint64_t bit = 1ull << w->depth++;
    w->has_item &= ~bit;
    w->is_object = c == '{' ? w->is_object | bit : w->is_object & ~bit;
}

void jsonw_object(struct jsonw *w) {
    begin(w, '{');
}

void jsonw_array(struct jsonw *w) {
    begin(w, '[');
}

void jsonw_end(struct jsonw *w) {
    ASSERT(w->depth && !w->after_key);
    buf_add_byte(w->out, in_object(w) ? '}' : ']');
    w->depth--;
}

void jsonw_key(struct jsonw *w, struct str key) {
    ASSERT(in_object(w) && !w->after_key);
    struct buf *out = w->out;
    char *o = room(out, quoted_max(key) + 2);
    w->after_key = true;
    if (o) {
        uint64_t bit = 1ull << (w->depth - 1);
        *o = ',';
        o = put_quoted(o + ((w->has_item & bit) != 0), key);
        w->has_item |= bit;
        *o++ = ':';
        out->n = (size_t) (o - out->p);
        return;
    }
    separate(w);
    json_quote(out, key);
    buf_add_byte(out, ':');
}

void jsonw_str(struct jsonw *w, struct str s) {
    before_value(w);
    json_quote(w->out, s);
}

void jsonw_i64(struct jsonw *w, int64_t v) {
    before_value(w);
    buf_add_i64(w->out, v);
}

void jsonw_u64(struct jsonw *w, uint64_t v) {
    before_value(w);
    buf_add_u64(w->out, v);
}

void jsonw_double(struct jsonw *w, double v) {
    char z[40];
    if (!isfinite(v)) {
        jsonw_null(w);
        return;
    }
    before_value(w);
    /* The fewest digits that read back as the same number; 17 always do. */
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(z, sizeof z, "%.*g", digits, v);
        if (strtod(z, NULL) == v)
            break;
    }
    buf_add_z(w->out, z);
}

void jsonw_bool(struct jsonw *w, bool v) {
    jsonw_raw(w, v ? STR("true") : STR("false"));
}

void jsonw_null(struct jsonw *w) {
    jsonw_raw(w, STR("null"));
}

void jsonw_raw(struct jsonw *w, struct str json) {
    before_value(w);
    buf_add(w->out, json);
}

static void key_z(struct jsonw *w, const char *key) {
    jsonw_key(w, str_of(key));
}

void jsonw_kstr(struct jsonw *w, const char *key, struct str s) {
    key_z(w, key);
    jsonw_str(w, s);
}

void jsonw_kz(struct jsonw *w, const char *key, const char *z) {
    key_z(w, key);
    if (z)
        jsonw_str(w, str_of(z));
    else
        jsonw_null(w);
}

void jsonw_ki64(struct jsonw *w, const char *key, int64_t v) {
    key_z(w, key);
    jsonw_i64(w, v);
}

void jsonw_ku64(struct jsonw *w, const char *key, uint64_t v) {
    key_z(w, key);
    jsonw_u64(w, v);
}

void jsonw_kdouble(struct jsonw *w, const char *key, double v) {
    key_z(w, key);
    jsonw_double(w, v);
}

void jsonw_kbool(struct jsonw *w, const char *key, bool v) {
    key_z(w, key);
    jsonw_bool(w, v);
}

void jsonw_ktime(struct jsonw *w, const char *key, int64_t t_ns) {
    char iso[TIME_ISO_CAP];
    jsonw_kz(w, key, t_ns == TIME_NONE ? NULL : time_format_iso(t_ns, 3, iso));
}

void jsonw_value(struct jsonw *w, const struct json_value *v) {
    switch (v->type) {
    case JSON_NULL:
        jsonw_null(w);
        return;
    case JSON_FALSE:
    case JSON_TRUE:
        jsonw_bool(w, v->type == JSON_TRUE);
        return;
    case JSON_NUMBER:
        jsonw_raw(w, v->text);
        return;
    case JSON_STRING:
        jsonw_str(w, v->text);
        return;
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    if (v->type == JSON_ARRAY)
        jsonw_array(w);
    else
        jsonw_object(w);
    for (const struct json_value *c = v->first; c; c = c->next) {
        if (v->type == JSON_OBJECT)
            jsonw_key(w, c->key);
        jsonw_value(w, c); /* as deep as JSON_DEPTH_MAX */
    }
    jsonw_end(w);
}
