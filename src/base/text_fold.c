/* Folding and width by libunistring; apart from text.c, so that a program that only reads encodings
 * does not load it. */
#include "base/text.h"

#include "base/swar.h"
#include "base/utf8.h"

#include <unicase.h>
#include <uninorm.h>
#include <uniwidth.h>

/* 0x80 in each byte that is one of A…Z. No carry leaves a byte. */
static uint64_t capitals(uint64_t v) {
    uint64_t low = v & ~SWAR_HIGHS;
    return (low + SWAR_ONES * (0x80 - 'A')) & ~(low + SWAR_ONES * (0x80 - 'Z' - 1)) & ~v & SWAR_HIGHS;
}

static struct str fold_ascii(struct arena *a, struct str s) {
    size_t i = 0;
    while (i + 8 <= s.n && !capitals(swar_load(s.p + i)))
        i += 8;
    while (i < s.n && !(s.p[i] >= 'A' && s.p[i] <= 'Z'))
        i++;
    if (i == s.n)
        return s.p ? s : STR("");
    struct str copy = arena_dup(a, s);
    char *p = (char *) (uintptr_t) copy.p;
    for (; p && i + 8 <= s.n; i += 8) {
        uint64_t v = swar_load(s.p + i);
        v = htole64(v | capitals(v) >> 2);
        memcpy(p + i, &v, 8);
    }
    for (; p && i < s.n; i++)
        p[i] = ascii_lower(p[i]);
    return copy;
}

/* Normalised first: what is compatible with a capital letter (𝐀) has no case of its own. */
static uint8_t *fold_unicode(struct str s, size_t *ret_n) {
    size_t n;
    uint8_t *normal = u8_normalize(UNINORM_NFKC, (const uint8_t *) s.p, s.n, NULL, &n);
    if (!normal)
        return NULL;
    uint8_t *folded = u8_casefold(normal, n, NULL, UNINORM_NFKC, NULL, ret_n);
    free(normal);
    return folded;
}

/* Characters that are their own normal form, stand before and behind any other of these without joining it, and have
 * no case: most of Japanese. What else there is goes the long way. */
static bool is_own_normal(uint32_t c) {
    return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3041 && c <= 0x3096) || (c >= 0x30a1 && c <= 0x30fe) ||
           (c >= 0x3400 && c <= 0x4dbf) || (c >= 0x3001 && c <= 0x3029);
}

bool text_is_own_normal(struct str s) {
    const char *p = s.p, *end = s.n ? s.p + s.n : s.p;
    while (p < end) {
        uint64_t eight;
        if (end - p >= 8 && (memcpy(&eight, p, 8), !(eight & 0x8080808080808080u))) {
            p += 8;
        } else if ((unsigned char) *p < 0x80) {
            p++;
        } else {
            unsigned n = utf8_length(p, end);
            if (n != 3 || !is_own_normal(utf8_decode(p, n)))
                return false;
            p += n;
        }
    }
    return true;
}

struct str text_normal(struct arena *a, struct str utf8) {
    size_t n;
    if (text_is_own_normal(utf8))
        return fold_ascii(a, utf8);
    utf8 = text_repair(a, utf8); /* libunistring wants valid text */
    if (!utf8.p)
        return STR_NULL;
    uint8_t *p = fold_unicode(utf8, &n);
    if (!p)
        return STR_NULL;
    struct str folded = arena_dup(a, str_n((const char *) p, n));
    free(p);
    return folded;
}

struct str text_fold(struct arena *a, struct str utf8) {
    struct str normal = text_normal(a, utf8);
    return normal.p ? text_variants(a, normal) : normal;
}

struct str text_name_key(struct arena *a, struct str utf8) {
    struct str s = text_fold(a, utf8);
    char *p = s.p ? arena_alloc(a, s.n + 1) : NULL;
    size_t n = 0;
    for (size_t i = 0; p && i < s.n; i++)
        if (!strchr(" \t\r\n", s.p[i]) || !s.p[i])
            p[n++] = s.p[i];
    return p ? str_n(p, n) : STR_NULL;
}

struct str text_lower(struct arena *a, struct str s) {
    const char *p = s.p, *end = s.n ? s.p + s.n : s.p;
    if (text_is_ascii(s))
        return fold_ascii(a, s);
    char *to = arena_alloc(a, s.n * 2 + 4); /* two bytes become three at most (U+023A) */
    size_t n = 0;
    if (!to)
        return STR_NULL;
    while (p < end) {
        unsigned len = utf8_length(p, end);
        uint32_t c = len > 1 ? utf8_decode(p, len) : 0, low = len > 1 ? uc_tolower(c) : 0;
        /* U+212A, the Kelvin sign, is no k: text compared byte by byte would not know it either */
        if (len > 1)
            n += utf8_encode(low < 0x80 ? c : low, to + n);
        else
            to[n++] = ascii_lower(*p);
        p += len ? len : 1;
    }
    return str_n(to, n);
}

size_t text_width(struct str utf8) {
    const char *p = utf8.p, *end = utf8.n ? utf8.p + utf8.n : utf8.p;
    size_t width = 0;
    while (p < end) {
        unsigned n = utf8_length(p, end);
        /* "UTF-8": characters of ambiguous width count 1; control characters give -1 and count 0.
         */
        int w = n ? uc_width(utf8_decode(p, n), "UTF-8") : 1;
        width += w > 0 ? (size_t) w : 0;
        p += n ? n : 1;
    }
    return width;
}
