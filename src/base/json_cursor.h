/* Stage two of reading JSON: the grammar between the strings, one member or element at a time,
 * strict as RFC 8259 and without recursion (open containers are a bit each). Inline, because it
 * stands in the path of every log line; json_walk is the same with a callback.
 *
 *   json_cursor_begin(&c, text);
 *   while ((r = json_cursor_next(&c)) > 0)
 *       r == JSON_LEAF: c.key (in an object), c.type, c.value; an empty container is a leaf, too
 *       r == JSON_OPEN, JSON_CLOSE: a container; c.key at JSON_OPEN
 *   r == 0: the text held exactly one value; negative: -ERR_PARSE, -ERR_LIMIT (depth)
 *
 * key and value are slices of the text as they stand between the quotes; json_cursor_escaped tells
 * whether they are to be unescaped. Which error and where is not told: json_parse tells. */
#pragma once
#include "base/err.h"
#include "base/json.h"
#include "base/json_index.h"
#include "base/json_scan.h"
#include "base/limits.h"

enum json_step { JSON_END = 0, JSON_LEAF, JSON_OPEN, JSON_CLOSE };

struct json_cursor {
    const char *p, *end;
    uint32_t i;       /* the next quote */
    uint32_t depth;   /* open containers */
    uint64_t objects; /* bit d: level d is an object */
    bool in_object;   /* the innermost one is */
    bool behind;      /* a value was read: a comma or the end must come */
    enum json_type type;
    struct str key, value;
    struct json_index ix;
};

static inline void json_cursor_begin(struct json_cursor *c, struct str text) {
    json_index_begin(&c->ix, text);
    c->p = c->ix.text;
    c->end = c->p + text.n;
    c->i = c->depth = 0;
    c->objects = 0;
    c->in_object = c->behind = false;
    c->key = STR("");
}

/* Whether a backslash stands in this slice of the text, which was handed out last. */
static inline bool json_cursor_escaped(const struct json_cursor *c, struct str s) {
    size_t from = (size_t) (s.p - c->ix.text) - c->ix.from;
    if (UNLIKELY(s.p < c->ix.text + c->ix.from)) /* it began in a part that is gone */
        return s.n && memchr(s.p, '\\', s.n);
    for (size_t n = s.n;; n -= 64, from += 64) {
        const uint64_t *w = c->ix.backslash + from / 64;
        uint64_t bits = w[0] >> from % 64 | w[1] << 1 << (63 - from % 64);
        if (LIKELY(n < 64))
            return bits & ((UINT64_C(1) << n) - 1);
        if (bits)
            return true;
    }
}

/* The string whose opening quote stands at p; NULL when it does not end. */
static inline const char *json_cursor_string(struct json_cursor *c, const char *p,
                                             struct str *ret) {
    while (UNLIKELY(c->i + 2 > c->ix.n)) {
        if (!json_index_more(&c->ix, c->i))
            return NULL;
        c->i = 0;
    }
    uint32_t from = c->ix.at[c->i], to = c->ix.at[c->i + 1];
    if (UNLIKELY(c->ix.text + from != p))
        return NULL;
    c->i += 2;
    *ret = str_n(p + 1, to - from - 1);
    return c->ix.text + to + 1;
}

/* A value that is no string, at p < end. */
static inline int json_cursor_other(struct json_cursor *c, const char *p) {
    const char *from = p;
    if (*p == '{' || *p == '[') {
        bool object = *p == '{';
        c->type = object ? JSON_OBJECT : JSON_ARRAY;
        p = json_skip_space(p + 1, c->end);
        c->value = str_n(from + 1, 0);
        c->p = p;
        if (c->depth >= JSON_DEPTH_MAX)
            return -ERR_LIMIT;
        if (p < c->end && *p == (object ? '}' : ']')) {
            c->p = p + 1;
            return JSON_LEAF;
        }
        uint64_t bit = UINT64_C(1) << c->depth++;
        c->objects = object ? c->objects | bit : c->objects & ~bit;
        c->in_object = object;
        c->behind = false;
        return JSON_OPEN;
    }
    if (*p == '-' || ascii_digit(*p)) {
        c->type = JSON_NUMBER;
        p = json_number_end(p, c->end);
    } else if (*p == 't' && c->end - p >= 4 && memcmp(p, "true", 4) == 0) {
        c->type = JSON_TRUE;
        p += 4;
    } else if (*p == 'f' && c->end - p >= 5 && memcmp(p, "false", 5) == 0) {
        c->type = JSON_FALSE;
        p += 5;
    } else if (*p == 'n' && c->end - p >= 4 && memcmp(p, "null", 4) == 0) {
        c->type = JSON_NULL;
        p += 4;
    } else {
        return -ERR_PARSE;
    }
    if (!p)
        return -ERR_PARSE;
    c->value = str_n(from, (size_t) (p - from));
    c->p = p;
    return JSON_LEAF;
}

/* Behind a value when no comma follows at once: the container's end, the text's, or a comma behind
 * spaces, of which *p is left standing. */
static inline int json_cursor_end(struct json_cursor *c, const char **p) {
    *p = json_skip_space(*p, c->end);
    if (!c->depth)
        return *p == c->end ? JSON_END : -ERR_PARSE;
    if (*p >= c->end)
        return -ERR_PARSE;
    if (**p == ',')
        return JSON_LEAF;
    if (**p != (c->in_object ? '}' : ']'))
        return -ERR_PARSE;
    c->p = *p + 1;
    c->depth--;
    c->in_object = c->depth && (c->objects >> (c->depth - 1) & 1);
    return JSON_CLOSE;
}

/* Whether these are digits and a number; false also for what is too long or stands too near the end
 * to be told quickly. */
static inline bool json_is_digits(const char *p, size_t n, const char *end) {
#if defined(__SSE2__)
    if (n == 0 || n > 16 || end - p < 16 || (*p == '0' && n > 1))
        return false;
    __m128i v = _mm_sub_epi8(_mm_loadu_si128((const __m128i *) (const void *) p),
                             _mm_set1_epi8('0')),
            nine = _mm_set1_epi8(9);
    unsigned digits = (unsigned) _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(v, nine), nine));
    return !(~digits & ((1u << n) - 1));
#else
    return n <= 16 && n && json_number_end(p, p + n) == p + n &&
           json_skip_digits(p, p + n) == p + n;
#endif
}

/* The usual member, in registers: `,"key":"value"` or `,"key":123,"` inside an object, behind a
 * value. *p and *i are c->p and c->i, and are moved on. False: something else stands here (also the
 * end of this part of the index), and nothing was taken. */
static inline bool json_cursor_member(const struct json_cursor *c, const char **p, uint32_t *i,
                                      struct str *ret_key, enum json_type *ret_type,
                                      struct str *ret_value) {
    const uint32_t *at = c->ix.at + *i;
    const char *text = c->ix.text;
    if (UNLIKELY(*i + 4 > c->ix.n) || text + at[0] != *p + 1 || **p != ',' ||
        text[at[1] + 1] != ':')
        return false;
    *ret_key = str_n(text + at[0] + 1, at[1] - at[0] - 1);
    if (LIKELY(at[2] == at[1] + 2)) {
        *ret_type = JSON_STRING;
        *ret_value = str_n(text + at[2] + 1, at[3] - at[2] - 1);
        *p = text + at[3] + 1;
        *i += 4;
        return true;
    }
    /* Up to the comma before the next quote, which is the next key's. */
    const char *from = text + at[1] + 2, *to = text + at[2] - 1;
    if (*to != ',' || to <= from || !json_is_digits(from, (size_t) (to - from), c->end))
        return false;
    *ret_type = JSON_NUMBER;
    *ret_value = str_n(from, (size_t) (to - from));
    *p = to;
    *i += 2;
    return true;
}

static inline int json_cursor_next(struct json_cursor *c) {
    const char *p = c->p, *end = c->end;
    if (LIKELY(c->behind)) {
        if (UNLIKELY(p >= end || *p != ',' || !c->depth)) {
            int r = json_cursor_end(c, &p);
            if (r != JSON_LEAF)
                return r;
        }
        p++;
    }
    c->behind = true;
    if (LIKELY(c->in_object)) {
        if (UNLIKELY(p >= end || *p != '"')) {
            p = json_skip_space(p, end);
            if (p >= end || *p != '"')
                return -ERR_PARSE;
        }
        p = json_cursor_string(c, p, &c->key);
        if (UNLIKELY(!p))
            return -ERR_PARSE;
        if (UNLIKELY(p >= end || *p != ':')) {
            p = json_skip_space(p, end);
            if (p >= end || *p != ':')
                return -ERR_PARSE;
        }
        p++;
    }
    if (UNLIKELY(p >= end || *p != '"')) {
        p = json_skip_space(p, end);
        if (p >= end)
            return -ERR_PARSE;
        if (*p != '"')
            return json_cursor_other(c, p);
    }
    p = json_cursor_string(c, p, &c->value);
    if (UNLIKELY(!p))
        return -ERR_PARSE;
    c->type = JSON_STRING;
    c->p = p;
    return JSON_LEAF;
}
