/* A record's tree as one line of JSON. See evtx.h for the shape. */
#include "base/time.h"
#include "base/utf8.h"
#include "intake/evtx_priv.h"

struct writer {
    const struct evtx_record *r;
    struct buf *out;
    size_t max;
    bool cut;
};

/* One character inside a JSON string; a lone surrogate is U+FFFD. */
static char *put_char(char *to, uint32_t c) {
    static const char hex[] = "0123456789abcdef";
    if (c == '"' || c == '\\') {
        *to++ = '\\';
        *to++ = (char) c;
    } else if (c >= 0x20) {
        to += utf8_encode(c >= 0xd800 && c < 0xe000 ? 0xfffd : c, to);
    } else if (c == '\n' || c == '\t' || c == '\r') {
        *to++ = '\\';
        *to++ = c == '\n' ? 'n' : c == '\t' ? 't' : 'r';
    } else {
        memcpy(to, "\\u00", 4);
        to[4] = hex[c >> 4];
        to[5] = hex[c & 15];
        to += 6;
    }
    return to;
}

/* UTF-16LE without quotes. */
static void put_utf16(struct writer *w, struct evtx_bytes s) {
    uint32_t n = s.n & ~1u;
    if (n / 2 > w->max) {
        n = (uint32_t) w->max * 2;
        w->cut = true;
    }
    char *from = buf_reserve(w->out, (size_t) n * 3 + 8), *to = from;
    if (!from)
        return;
    for (uint32_t i = 0; i < n; i += 2) {
        uint32_t c = evtx_u16(s.p + i), low = i + 3 < n ? evtx_u16(s.p + i + 2) : 0;
        if (c >= 0xd800 && c < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
            c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
            i += 2;
        }
        to = put_char(to, c);
    }
    buf_added(w->out, (size_t) (to - from));
}

static void put_ansi(struct writer *w, struct evtx_bytes s) {
    uint32_t n = MIN(s.n, (uint32_t) w->max);
    w->cut |= n < s.n;
    while (n && !s.p[n - 1])
        n--;
    char *from = buf_reserve(w->out, (size_t) n * 6 + 8), *to = from;
    if (!from)
        return;
    for (uint32_t i = 0; i < n; i++)
        to = put_char(to, s.p[i]);
    buf_added(w->out, (size_t) (to - from));
}

static void put_hex(struct writer *w, struct evtx_bytes s) {
    uint32_t n = MIN(s.n, (uint32_t) w->max / 2);
    w->cut |= n < s.n;
    for (uint32_t i = 0; i < n; i++)
        buf_printf(w->out, "%02X", s.p[i]);
}

static void put_guid(struct writer *w, const uint8_t *p) {
    buf_printf(w->out, "%08X-%04X-%04X-%02X%02X-%02X%02X%02X%02X%02X%02X", evtx_u32(p), evtx_u16(p + 4),
               evtx_u16(p + 6), p[8], p[9], p[10], p[11], p[12], p[13], p[14], p[15]);
}

static void put_sid(struct writer *w, struct evtx_bytes s) {
    uint64_t authority = 0;
    for (int i = 2; i < 8; i++)
        authority = authority << 8 | s.p[i];
    buf_printf(w->out, "S-%u-%llu", s.p[0], (unsigned long long) authority);
    for (uint32_t i = 8; i + 4 <= s.n && i < 8 + 4u * s.p[1]; i += 4)
        buf_printf(w->out, "-%u", evtx_u32(s.p + i));
}

/* Seven digits only where the seventh says something. */
static void put_civil(struct writer *w, const struct time_civil *c, unsigned ticks) {
    bool fine = ticks % 10;
    buf_printf(w->out, "%04d-%02d-%02dT%02d:%02d:%02d.%0*uZ", c->year, c->month, c->day, c->hour,
               c->minute, c->second, fine ? 7 : 6, fine ? ticks : ticks / 10);
}

/* 100 ns since 1601; beyond what our clock holds (year 2261) the number itself. */
static void put_filetime(struct writer *w, uint64_t t) {
    const uint64_t epoch = UINT64_C(116444736000000000), most = INT64_MAX / 100;
    struct time_civil c;
    if (t < epoch || t - epoch > most) {
        buf_add_u64(w->out, t);
        return;
    }
    time_to_civil((int64_t) (t - epoch) * 100, 0, &c);
    put_civil(w, &c, (unsigned) (t % 10000000));
}

static void put_systemtime(struct writer *w, const uint8_t *p) {
    struct time_civil c = {.year = (int) evtx_u16(p),        .month = (int) evtx_u16(p + 2),
                           .day = (int) evtx_u16(p + 6),     .hour = (int) evtx_u16(p + 8),
                           .minute = (int) evtx_u16(p + 10), .second = (int) evtx_u16(p + 12)};
    put_civil(w, &c, evtx_u16(p + 14) * 10000);
}

static int64_t signed_of(uint8_t type, const uint8_t *p) {
    return type == EVTX_I8    ? (int8_t) p[0]
           : type == EVTX_I16 ? (int16_t) evtx_u16(p)
           : type == EVTX_I32 ? (int32_t) evtx_u32(p)
                              : (int64_t) evtx_u64(p);
}

static uint64_t unsigned_of(uint32_t width, const uint8_t *p) {
    return width == 1 ? p[0] : width == 2 ? evtx_u16(p) : width == 4 ? evtx_u32(p) : evtx_u64(p);
}

static void put_real(struct writer *w, const struct evtx_node *v) {
    double d;
    float f;
    if (v->text.n >= 8) {
        memcpy(&d, v->text.p, sizeof d);
    } else if (v->text.n >= 4) {
        memcpy(&f, v->text.p, sizeof f);
        d = (double) f;
    } else {
        d = 0;
    }
    if (__builtin_isfinite(d))
        buf_printf(w->out, "%.17g", d);
    else
        buf_add_z(w->out, "0");
}

/* Bytes each type needs; a value with fewer is shown as hex. */
static uint32_t need_of(uint8_t type) {
    switch (type) {
    case EVTX_I16:
    case EVTX_U16:
        return 2;
    case EVTX_I32:
    case EVTX_U32:
    case EVTX_HEX32:
        return 4;
    case EVTX_I64:
    case EVTX_U64:
    case EVTX_HEX64:
    case EVTX_FILETIME:
    case EVTX_SID:
        return 8;
    case EVTX_GUID:
    case EVTX_SYSTEMTIME:
        return 16;
    default:
        return 0;
    }
}

/* What stands without quotes where it is an element's only value. What is too short for its type is shown as hex,
 * which is no number. */
static bool is_bare(const struct evtx_node *v) {
    return v->type >= EVTX_I8 && v->type <= EVTX_BOOL && v->text.n >= MAX(need_of(v->type), 1u);
}

/* Inside quotes, or bare for numbers. */
static void put_value(struct writer *w, const struct evtx_node *v) {
    const uint8_t *p = v->text.p;
    uint32_t n = v->text.n;
    if (n < need_of(v->type)) {
        put_hex(w, v->text);
        return;
    }
    switch (v->type) {
    case EVTX_STRING:
        while (n >= 2 && !p[n - 1] && !p[n - 2])
            n -= 2;
        put_utf16(w, (struct evtx_bytes){p, n});
        return;
    case EVTX_ANSI:
        put_ansi(w, v->text);
        return;
    case EVTX_I8:
    case EVTX_I16:
    case EVTX_I32:
    case EVTX_I64:
        buf_add_i64(w->out, n ? signed_of(v->type, p) : 0);
        return;
    case EVTX_U8:
    case EVTX_U16:
    case EVTX_U32:
    case EVTX_U64:
        buf_add_u64(w->out, n ? unsigned_of(n >= 8 ? 8 : n >= 4 ? 4 : n >= 2 ? 2 : 1, p) : 0);
        return;
    case EVTX_F32:
    case EVTX_F64:
        put_real(w, v);
        return;
    case EVTX_BOOL:
        buf_add_z(w->out, n && p[0] ? "true" : "false");
        return;
    case EVTX_GUID:
        put_guid(w, p);
        return;
    case EVTX_SIZE:
    case EVTX_HEX32:
    case EVTX_HEX64:
        buf_printf(w->out, "0x%llx",
                   (unsigned long long) (n ? unsigned_of(n >= 8 ? 8 : n >= 4 ? 4 : 1, p) : 0));
        return;
    case EVTX_FILETIME:
        put_filetime(w, evtx_u64(p));
        return;
    case EVTX_SYSTEMTIME:
        put_systemtime(w, p);
        return;
    case EVTX_SID:
        put_sid(w, v->text);
        return;
    default:
        put_hex(w, v->text);
    }
}

static const struct evtx_node *node_at(const struct writer *w, uint32_t id) {
    return id ? &w->r->nodes[id] : NULL;
}

static const struct evtx_node *first_of(const struct writer *w, const struct evtx_node *e,
                                        enum evtx_kind kind) {
    const struct evtx_node *n = node_at(w, e->first);
    while (n && n->kind != kind)
        n = node_at(w, n->next);
    return n;
}

static const struct evtx_node *next_of(const struct writer *w, const struct evtx_node *n) {
    enum evtx_kind kind = (enum evtx_kind) n->kind;
    do
        n = node_at(w, n->next);
    while (n && n->kind != kind);
    return n;
}

static void put_one(struct writer *w, const struct evtx_node *v) {
    bool quoted = !is_bare(v);
    if (quoted)
        buf_add_byte(w->out, '"');
    put_value(w, v);
    if (quoted)
        buf_add_byte(w->out, '"');
}

/* An element's or attribute's values: null, one, an array, or pieces of one text. */
static void put_values(struct writer *w, const struct evtx_node *e) {
    const struct evtx_node *v = first_of(w, e, EVTX_VALUE), *next = v ? next_of(w, v) : NULL;
    if (!v) {
        buf_add_z(w->out, "null");
    } else if (!next) {
        put_one(w, v);
    } else if (v->item) {
        buf_add_byte(w->out, '[');
        for (; v; v = next_of(w, v)) {
            put_one(w, v);
            if (next_of(w, v))
                buf_add_byte(w->out, ',');
        }
        buf_add_byte(w->out, ']');
    } else {
        buf_add_byte(w->out, '"');
        for (; v; v = next_of(w, v))
            put_value(w, v);
        buf_add_byte(w->out, '"');
    }
}

static bool name_is(const struct evtx_node *n, const char *z) {
    uint32_t len = (uint32_t) strlen(z);
    if (n->text.n != 2 * len)
        return false;
    for (uint32_t i = 0; i < len; i++)
        if (n->text.p[2 * i] != (uint8_t) z[i] || n->text.p[2 * i + 1])
            return false;
    return true;
}

/* Under EventData a Data element goes by its attribute Name. */
static struct evtx_bytes key_of(const struct writer *w, const struct evtx_node *e, bool *ret_named) {
    *ret_named = false;
    if (e->kind != EVTX_ELEMENT || !name_is(e, "Data"))
        return e->text;
    for (const struct evtx_node *a = first_of(w, e, EVTX_ATTRIBUTE); a; a = next_of(w, a)) {
        const struct evtx_node *v = first_of(w, a, EVTX_VALUE);
        if (name_is(a, "Name") && v && v->type == EVTX_STRING && v->text.n) {
            *ret_named = true;
            return v->text;
        }
    }
    return e->text;
}

static void put_key(struct writer *w, struct evtx_bytes name) {
    buf_add_byte(w->out, '"');
    put_utf16(w, name);
    buf_add_z(w->out, "\":");
}

static bool same_key(struct evtx_bytes a, struct evtx_bytes b) {
    return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

static void put_element(struct writer *w, const struct evtx_node *e, bool named);

/* The children of one name, all at once, where the first of them stands. */
static void put_group(struct writer *w, const struct evtx_node *first, struct evtx_bytes key,
                      bool named, bool several) {
    put_key(w, key);
    if (several)
        buf_add_byte(w->out, '[');
    for (const struct evtx_node *c = first; c; c = next_of(w, c)) {
        bool also;
        if (c != first && (!several || !same_key(key_of(w, c, &also), key)))
            continue;
        if (c != first)
            buf_add_byte(w->out, ',');
        put_element(w, c, named);
        if (!several)
            break;
    }
    if (several)
        buf_add_byte(w->out, ']');
}

/* How often the key stands among the children before and from `at` on. */
static void count_key(const struct writer *w, const struct evtx_node *e, const struct evtx_node *at,
                      struct evtx_bytes key, unsigned *ret_before, unsigned *ret_behind) {
    bool named, behind = false;
    *ret_before = *ret_behind = 0;
    for (const struct evtx_node *c = first_of(w, e, EVTX_ELEMENT); c; c = next_of(w, c)) {
        if (c == at) {
            behind = true;
            continue;
        }
        if (same_key(key_of(w, c, &named), key))
            ++*(behind ? ret_behind : ret_before);
    }
}

static void put_children(struct writer *w, const struct evtx_node *e, bool comma) {
    for (const struct evtx_node *c = first_of(w, e, EVTX_ELEMENT); c; c = next_of(w, c)) {
        bool named;
        unsigned before, behind;
        struct evtx_bytes key = key_of(w, c, &named);
        count_key(w, e, c, key, &before, &behind);
        if (before)
            continue;
        if (comma)
            buf_add_byte(w->out, ',');
        comma = true;
        put_group(w, c, key, named, behind > 0);
    }
}

/* Attributes without a value are not written; false when none is left. */
static bool put_attributes(struct writer *w, const struct evtx_node *e, bool named) {
    bool any = false;
    for (const struct evtx_node *a = first_of(w, e, EVTX_ATTRIBUTE); a && !named; a = next_of(w, a)) {
        if (!first_of(w, a, EVTX_VALUE))
            continue;
        buf_add_z(w->out, any ? "," : "{\"#attributes\":{");
        any = true;
        put_key(w, a->text);
        put_values(w, a);
    }
    if (any)
        buf_add_byte(w->out, '}');
    return any;
}

static void put_element(struct writer *w, const struct evtx_node *e, bool named) {
    bool open = put_attributes(w, e, named);
    if (!open && !first_of(w, e, EVTX_ELEMENT)) {
        put_values(w, e);
        return;
    }
    if (!open)
        buf_add_byte(w->out, '{');
    if (first_of(w, e, EVTX_VALUE)) {
        buf_add_z(w->out, open ? ",\"#text\":" : "\"#text\":");
        put_values(w, e);
        open = true;
    }
    put_children(w, e, open);
    buf_add_byte(w->out, '}');
}

void evtx_json(const struct evtx_record *r, size_t value_bytes_max, const char *error,
               struct buf *out, bool *ret_cut) {
    struct writer w = {.r = r, .out = out, .max = value_bytes_max};
    buf_add_byte(out, '{');
    put_children(&w, &r->nodes[0], false);
    if (error)
        buf_printf(out, "%s\"error\":{\"message\":\"%s\"}",
                   first_of(&w, &r->nodes[0], EVTX_ELEMENT) ? "," : "", error);
    buf_add_byte(out, '}');
    *ret_cut = w.cut;
}
