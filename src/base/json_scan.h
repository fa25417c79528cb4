/* What ends a plain run inside a JSON string: a quote, a backslash, a control character, any byte
 * that is not ASCII. Sixteen bytes at a time where the processor has SSE2 (every x86-64), else
 * eight, never reading past `end`. Shared by the reader and the writer. */
#pragma once
#include "base/str.h"
#include "base/swar.h"

#include <stdbool.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

static inline bool json_is_plain(char c) {
    return (unsigned char) (c - 0x20) < 0x60 && c != '"' && c != '\\';
}

#if defined(__SSE2__)
static inline unsigned json_odd16(__m128i v) {
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), space = _mm_set1_epi8(' ');
    /* Signed: bytes from 0x80 are below a space too. */
    __m128i odd = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash)), _mm_cmplt_epi8(v, space));
    return (unsigned) _mm_movemask_epi8(odd);
}
#endif

/* Copies 16 bytes and says how many of them, from the first on, are plain. */
static inline size_t json_copy_plain16(char *o, const char *p) {
#if defined(__SSE2__)
    __m128i v = _mm_loadu_si128((const __m128i *) (const void *) p);
    _mm_storeu_si128((__m128i *) (void *) o, v);
    return (size_t) __builtin_ctz(json_odd16(v) | 1u << 16);
#else
    size_t n = 0;
    memcpy(o, p, 16);
    while (n < 16 && json_is_plain(p[n]))
        n++;
    return n;
#endif
}

/* The first byte from p that is not plain, or end. */
static inline const char *json_plain_end(const char *p, const char *end) {
#if defined(__SSE2__)
    for (; end - p >= 16; p += 16) {
        unsigned odd = json_odd16(_mm_loadu_si128((const __m128i *) (const void *) p));
        if (odd)
            return p + __builtin_ctz(odd);
    }
#endif
    for (; end - p >= 8; p += 8) {
        uint64_t hit = swar_json_special(swar_load(p));
        if (hit)
            return p + swar_first(hit);
    }
    while (p < end && json_is_plain(*p))
        p++;
    return p;
}

/* Grammar that the readers share. */
static inline const char *json_skip_space(const char *p, const char *end) {
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    return p;
}

static inline const char *json_skip_digits(const char *p, const char *end) {
    while (p < end && ascii_digit(*p))
        p++;
    return p;
}

/* Behind the number that starts at p, or NULL. */
static inline const char *json_number_end(const char *p, const char *end) {
    const char *from;
    if (p < end && *p == '-')
        p++;
    from = p;
    p = json_skip_digits(p, end);
    if (p == from || (*from == '0' && p - from > 1))
        return NULL;
    if (p < end && *p == '.') {
        from = ++p;
        p = json_skip_digits(p, end);
        if (p == from)
            return NULL;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        from = p;
        p = json_skip_digits(p, end);
        if (p == from)
            return NULL;
    }
    return p;
}

/* Copies from p to o up to the first backslash or end, and says how many bytes; may write up to 15
 * bytes more than that, never reads past end. */
static inline size_t json_copy_to_backslash(char *o, const char *p, const char *end) {
    const char *from = p;
#if defined(__SSE2__)
    const __m128i backslash = _mm_set1_epi8('\\');
    for (; end - p >= 16; p += 16, o += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *) (const void *) p);
        _mm_storeu_si128((__m128i *) (void *) o, v);
        unsigned mask = (unsigned) _mm_movemask_epi8(_mm_cmpeq_epi8(v, backslash));
        if (mask)
            return (size_t) (p - from) + (unsigned) __builtin_ctz(mask);
    }
#endif
    for (; end - p >= 8; p += 8, o += 8) {
        uint64_t hit = swar_equal(swar_load(p), '\\');
        memcpy(o, p, 8);
        if (hit)
            return (size_t) (p - from) + swar_first(hit);
    }
    while (p < end && *p != '\\')
        *o++ = *p++;
    return (size_t) (p - from);
}
#define JSON_COPY_SLACK 16
