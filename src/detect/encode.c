#include "detect/encode.h"

#include "base/utf8.h"

int pattern_list_add(struct arena *a, struct pattern_list *l, struct pattern p) {
    int r = arena_grow(a, (void **) &l->at, &l->cap, l->n + 1, sizeof *l->at);
    if (r == 0)
        l->at[l->n++] = p;
    return r;
}

static uint32_t put_unit(uint16_t *to, uint32_t n, uint32_t unit, bool big) {
    to[n] = (uint16_t) (big ? unit >> 8 : unit & 0xff);
    to[n + 1] = (uint16_t) (big ? unit & 0xff : unit >> 8);
    return n + 2;
}

/* One character's bytes at p.at[i]: its length, or 0 when it is no UTF-8. */
static unsigned read_char(struct pattern p, uint32_t i, uint32_t *ret) {
    char z[4] = {0};
    unsigned n = 0;
    while (n < 4 && i + n < p.n && p.at[i + n] < PATTERN_STAR) {
        z[n] = (char) p.at[i + n];
        n++;
    }
    unsigned len = n ? utf8_length(z, z + n) : 0;
    if (len)
        *ret = utf8_decode(z, len);
    return len;
}

int encode_utf16(struct arena *a, struct pattern p, enum encode_utf16 how, struct pattern *ret) {
    uint16_t *to = arena_alloc(a, ((size_t) p.n * 2 + 2) * sizeof *to);
    if (!to)
        return -ENOMEM;
    bool big = how == ENCODE_UTF16BE;
    uint32_t n = how == ENCODE_UTF16_BOM ? put_unit(to, 0, 0xfeff, false) : 0;
    for (uint32_t i = 0; i < p.n;) {
        uint32_t c = 0;
        if (p.at[i] == PATTERN_STAR || p.at[i] == PATTERN_ANY) {
            to[n++] = p.at[i++];
            continue;
        }
        unsigned len = 1;
        if (p.at[i] == PATTERN_PERCENT)
            c = '%';
        else
            len = read_char(p, i, &c);
        if (!len)
            return -EINVAL;
        if (c >= 0x10000) {
            n = put_unit(to, n, 0xd800 + ((c - 0x10000) >> 10), big);
            c = 0xdc00 + ((c - 0x10000) & 0x3ff);
        }
        n = put_unit(to, n, c, big);
        i += len;
    }
    *ret = (struct pattern){.at = to, .n = n};
    return 0;
}

static unsigned char byte_at(struct pattern p, uint32_t lead, uint32_t i) {
    if (i < lead)
        return ' ';
    i -= lead;
    return i >= p.n ? 0 : p.at[i] == PATTERN_PERCENT ? '%' : (unsigned char) p.at[i];
}

/* Base64 of `lead` blanks and the pattern, without the first and last characters asked away. */
static int base64_cut(struct arena *a, struct pattern p, uint32_t lead, uint32_t cut_front,
                      uint32_t cut_back, struct pattern *ret) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bytes = p.n + lead, n = 0;
    uint16_t *to = arena_alloc(a, ((size_t) bytes / 3 + 1) * 4 * sizeof *to);
    if (!to)
        return -ENOMEM;
    for (uint32_t i = 0; i < bytes; i += 3) {
        uint32_t left = bytes - i;
        uint32_t v = (uint32_t) byte_at(p, lead, i) << 16 |
                     (uint32_t) byte_at(p, lead, i + 1) << 8 | byte_at(p, lead, i + 2);
        to[n++] = (unsigned char) digits[v >> 18];
        to[n++] = (unsigned char) digits[v >> 12 & 63];
        to[n++] = (unsigned char) (left > 1 ? digits[v >> 6 & 63] : '=');
        to[n++] = (unsigned char) (left > 2 ? digits[v & 63] : '=');
    }
    if (n <= cut_front + cut_back)
        return -EINVAL;
    *ret = (struct pattern){.at = to + cut_front, .n = n - cut_front - cut_back};
    return 0;
}

int encode_base64(struct arena *a, struct pattern p, struct pattern *ret) {
    return base64_cut(a, p, 0, 0, 0, ret);
}

int encode_base64offset(struct arena *a, struct pattern p, struct pattern_list *to) {
    /* characters that also depend on the bytes before (offset 0, 1, 2) and behind (length mod 3) */
    static const uint32_t front[] = {0, 2, 3}, back[] = {0, 3, 2};
    for (uint32_t lead = 0; lead < 3; lead++) {
        struct pattern made;
        int r = base64_cut(a, p, lead, front[lead], back[(p.n + lead) % 3], &made);
        if (r == 0)
            r = pattern_list_add(a, to, made);
        if (r < 0)
            return r;
    }
    return 0;
}

static const char *const dashes[] = {"-", "/", "\xe2\x80\x93", "\xe2\x80\x94", "\xe2\x80\x95"};

/* Which dash stands at p.at[i] (its length), or 0. */
static uint32_t dash_at(struct pattern p, uint32_t i) {
    for (size_t d = 0; d < ARRAY_SIZE(dashes); d++) {
        uint32_t n = (uint32_t) strlen(dashes[d]), k = 0;
        while (k < n && i + k < p.n && p.at[i + k] == (unsigned char) dashes[d][k])
            k++;
        if (k == n)
            return n;
    }
    return 0;
}

int encode_windash(struct arena *a, struct pattern p, size_t max, struct pattern_list *to) {
    uint32_t n_dashes = 0;
    size_t all = 1;
    for (uint32_t i = 0; i < p.n; i++) {
        if (!dash_at(p, i))
            continue;
        n_dashes++;
        all *= ARRAY_SIZE(dashes);
        if (all > max)
            return -ERR_LIMIT;
    }
    for (size_t which = 0; which < all; which++) {
        uint16_t *out = arena_alloc(a, ((size_t) p.n + 2 * n_dashes + 1) * sizeof *out);
        if (!out)
            return -ENOMEM;
        uint32_t n = 0;
        size_t rest = which;
        for (uint32_t i = 0; i < p.n;) {
            uint32_t len = dash_at(p, i);
            if (!len) {
                out[n++] = p.at[i++];
                continue;
            }
            for (const char *d = dashes[rest % ARRAY_SIZE(dashes)]; *d; d++)
                out[n++] = (unsigned char) *d;
            rest /= ARRAY_SIZE(dashes);
            i += len;
        }
        int r = pattern_list_add(a, to, (struct pattern){.at = out, .n = n});
        if (r < 0)
            return r;
    }
    return 0;
}
