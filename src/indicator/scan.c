/* See scan.h. One pass; a run of letters, digits, dots, hyphens and underscores is judged when it ends. */
#include "indicator/scan.h"

#include "base/hash.h"

enum { LABELS_MAX = 8, NAME_MAX_BYTES = 253, KEY_NET_SEED = 0x6e6574, KEY_TEXT_SEED = 0x747874 };
enum { DIGIT = 1, HEX = 2, LETTER = 4, DOT = 8, JOIN = 16, RUN = DIGIT | HEX | LETTER | DOT | JOIN };

/* From the blank on; what is not in it is none of these. */
static const uint8_t class_of[256] = {
    [32] =
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 8, 0,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0,
    0, 2, 2, 2, 2, 2, 2, 4, 4, 4, 4, 4, 4, 4, 4, 4,
    4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 0, 0, 0, 0, 16,
    0, 2, 2, 2, 2, 2, 2, 4, 4, 4, 4, 4, 4, 4, 4, 4,
    4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 0, 0, 0, 0, 0,
};

uint64_t indicator_key_of_net(const struct ip *ip, unsigned bits) {
    uint64_t a, b;
    if (ip->version == 4) {
        uint32_t v = (uint32_t) ip->bytes[0] << 24 | (uint32_t) ip->bytes[1] << 16 | (uint32_t) ip->bytes[2] << 8 | ip->bytes[3];
        v &= bits ? ~(uint32_t) 0 << (32 - bits) : 0;
        return hash_mix((uint64_t) v << 8 | bits, KEY_NET_SEED);
    }
    struct ip_prefix p = ip_prefix_of(ip, bits);
    memcpy(&a, p.ip.bytes, 8);
    memcpy(&b, p.ip.bytes + 8, 8);
    return hash_mix(hash_mix(a, b ^ bits), KEY_NET_SEED + 1);
}

uint64_t indicator_key_of_text(struct str lowered) {
    return hash_fast(lowered, KEY_TEXT_SEED);
}

static int address(const struct ip *ip, struct str token, indicator_key_fn *fn, void *ctx) {
    static const uint8_t bits4[] = {32, 24, 16}, bits6[] = {128, 64, 48, 32};
    const uint8_t *bits = ip->version == 4 ? bits4 : bits6;
    size_t n = ip->version == 4 ? sizeof bits4 : sizeof bits6;
    for (size_t i = 0; i < n; i++) {
        int r = fn(ctx, indicator_key_of_net(ip, bits[i]), token);
        if (r < 0)
            return r;
    }
    return 0;
}

static int text_key(struct str token, indicator_key_fn *fn, void *ctx) {
    char z[NAME_MAX_BYTES + 1];
    for (size_t i = 0; i < token.n; i++)
        z[i] = ascii_lower(token.p[i]);
    return fn(ctx, indicator_key_of_text(str_n(z, token.n)), token);
}

/* The name and the domains above it, up to two labels. */
static int name(struct str s, indicator_key_fn *fn, void *ctx) {
    size_t dots[LABELS_MAX];
    unsigned n = 0;
    if (s.n > NAME_MAX_BYTES)
        return 0;
    for (size_t i = s.n; i-- > 0 && n < LABELS_MAX;)
        if (s.p[i] == '.')
            dots[n++] = i;
    int r = text_key(s, fn, ctx);
    for (unsigned i = 1; i < n && r >= 0; i++)
        r = text_key(str_from(s, dots[i] + 1), fn, ctx);
    return r;
}

static bool is_hash_length(size_t n) {
    return n == 32 || n == 40 || n == 64 || n == 128;
}

static int run(struct str s, unsigned classes, unsigned dots, indicator_key_fn *fn, void *ctx) {
    struct ip ip;
    if (!dots)
        return is_hash_length(s.n) && !(classes & (LETTER | JOIN)) ? text_key(s, fn, ctx) : 0;
    while (s.n && (class_of[(unsigned char) s.p[s.n - 1]] & (DOT | JOIN)))
        s.n--;
    while (s.n && s.p[0] == '.')
        s = str_from(s, 1);
    if (!(classes & (HEX | LETTER | JOIN)))
        return dots >= 3 && s.n <= 15 && ip_parse(s, &ip) == 0 ? address(&ip, s, fn, ctx) : 0;
    /* 192.0.2.1-192.0.2.9, 10.0.0.1_eth0: addresses that are joined to something */
    if ((classes & JOIN) && dots >= 3 && ascii_digit(s.p[0])) {
        for (size_t from = 0, i = 0; i <= s.n; i++)
            if (i == s.n || (class_of[(unsigned char) s.p[i]] & JOIN)) {
                struct str part = str_n(s.p + from, i - from);
                int r = part.n >= 7 && part.n <= 15 && ip_parse(part, &ip) == 0 ? address(&ip, part, fn, ctx) : 0;
                if (r < 0)
                    return r;
                from = i + 1;
            }
    }
    return s.n > 3 && memchr(s.p, '.', s.n) ? name(s, fn, ctx) : 0;
}

/* An IPv6 address that may begin here; its length, or 0. */
static size_t colons(struct str s, struct ip *ret) {
    unsigned n = 0;
    size_t i = 0;
    bool pair = false;
    for (; i < s.n && i < IP_CAP; i++) {
        unsigned c = class_of[(unsigned char) s.p[i]];
        if (s.p[i] == ':') {
            pair |= i && s.p[i - 1] == ':';
            n++;
        } else if (!(c & (DIGIT | HEX | DOT))) {
            break;
        }
    }
    while (i && (s.p[i - 1] == '.' || (s.p[i - 1] == ':' && (i < 2 || s.p[i - 2] != ':'))))
        n -= s.p[--i] == ':';
    return (pair || n >= 6) && n >= 2 && ip_parse(str_to(s, i), ret) == 0 ? i : 0;
}

int indicator_scan(struct str text, indicator_key_fn *fn, void *ctx) {
    const char *p = text.p, *end = text.p + text.n;
    while (p < end) {
        unsigned classes = 0, dots = 0, c;
        const char *from = p;
        while (p < end && ((c = class_of[(unsigned char) *p]) & RUN)) {
            classes |= c;
            dots += c == DOT;
            p++;
        }
        if (p < end && *p == ':' && (size_t) (p - from) <= 4 && !(classes & (LETTER | JOIN | DOT)) &&
            (p > from || (p + 1 < end && p[1] == ':'))) {
            struct ip ip;
            size_t n = colons(str_n(from, (size_t) (end - from)), &ip);
            if (n) {
                int r = address(&ip, str_n(from, n), fn, ctx);
                if (r < 0)
                    return r;
                p = from + n;
                continue;
            }
        }
        if ((size_t) (p - from) > 3) {
            int r = run(str_n(from, (size_t) (p - from)), classes, dots, fn, ctx);
            /* In a text with escapes the letter behind the backslash belongs to it (\nevil.example). */
            if (r >= 0 && from > text.p && from[-1] == '\\')
                r = run(str_n(from + 1, (size_t) (p - from) - 1), classes, dots, fn, ctx);
            if (r < 0)
                return r;
        }
        p += p < end;
    }
    return 0;
}
