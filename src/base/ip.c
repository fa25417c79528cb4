#include "base/ip.h"

#include "base/err.h"

/* One octet at p: its length, 0 when there is none. Digits are told apart without a loop: this
 * stands in the hot path of every log line. */
static inline size_t octet(const char *p, const char *end, uint8_t *ret) {
    unsigned a, b, c;
    if (p == end || (a = (unsigned) (unsigned char) *p - '0') > 9)
        return 0;
    *ret = (uint8_t) a;
    if (p + 1 == end || (b = (unsigned) (unsigned char) p[1] - '0') > 9)
        return 1;
    if (a == 0)
        return 0;
    *ret = (uint8_t) (a * 10 + b);
    if (p + 2 == end || (c = (unsigned) (unsigned char) p[2] - '0') > 9)
        return 2;
    unsigned v = a * 100 + b * 10 + c;
    *ret = (uint8_t) v;
    return v <= 255 ? 3 : 0;
}

static inline int parse4(const char *p, size_t n, uint8_t out[4]) {
    const char *end = p + n;
    for (int i = 0; i < 4; i++) {
        if (i > 0 && (p == end || *p++ != '.'))
            return -EINVAL;
        size_t k = octet(p, end, &out[i]);
        if (k == 0)
            return -EINVAL;
        p += k;
    }
    return p == end ? 0 : -EINVAL;
}

bool ip_is_dotted_quad(struct str s) {
    uint8_t out[4];
    return s.n >= 7 && s.n <= 15 && parse4(s.p, s.n, out) == 0;
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads up to four hex digits; the number of digits read. */
static size_t take_group(struct str s, size_t at, unsigned *ret) {
    size_t k = 0;
    unsigned v = 0;
    while (k < 4 && at + k < s.n && hex_value(s.p[at + k]) >= 0)
        v = v << 4 | (unsigned) hex_value(s.p[at + k++]);
    *ret = v;
    return k;
}

static int parse6(struct str s, uint8_t out[16]) {
    size_t at = 0, n = 0; /* n bytes written */
    ptrdiff_t gap = -1;   /* where "::" stood */
    memset(out, 0, 16);
    if (s.n >= 2 && s.p[0] == ':' && s.p[1] == ':') {
        gap = 0;
        at = 2;
    }
    while (at < s.n) {
        unsigned v;
        size_t k = take_group(s, at, &v);
        if (k == 0)
            return -EINVAL;
        if (at + k < s.n && s.p[at + k] == '.') {
            if (n > 12 || parse4(s.p + at, s.n - at, out + n) < 0)
                return -EINVAL;
            n += 4;
            break;
        }
        if (n > 14)
            return -EINVAL;
        out[n++] = (uint8_t) (v >> 8);
        out[n++] = (uint8_t) v;
        at += k;
        if (at == s.n)
            break;
        if (s.p[at++] != ':' || at == s.n)
            return -EINVAL;
        if (s.p[at] == ':') {
            if (gap >= 0)
                return -EINVAL;
            gap = (ptrdiff_t) n;
            at++;
        }
    }
    if (gap < 0)
        return n == 16 ? 0 : -EINVAL;
    if (n > 14) /* "::" stands for at least one group */
        return -EINVAL;
    size_t tail = n - (size_t) gap;
    memmove(out + 16 - tail, out + gap, tail);
    memset(out + gap, 0, 16 - n);
    return 0;
}

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

int ip_parse(struct str s, struct ip *ret) {
    struct ip ip = {.version = 4};
    if (s.n < 2 || s.n > 45)
        return -EINVAL;
    if (parse4(s.p, s.n, ip.bytes) == 0) {
        *ret = ip;
        return 0;
    }
    if (parse6(s, ip.bytes) < 0)
        return -EINVAL;
    ip.version = 6;
    if (memcmp(ip.bytes, mapped, sizeof mapped) == 0) {
        memmove(ip.bytes, ip.bytes + 12, 4);
        memset(ip.bytes + 4, 0, 12);
        ip.version = 4;
    }
    *ret = ip;
    return 0;
}

static size_t put_u8(char *dst, unsigned v) {
    size_t n = 0;
    if (v >= 100)
        dst[n++] = (char) ('0' + v / 100);
    if (v >= 10)
        dst[n++] = (char) ('0' + v / 10 % 10);
    dst[n++] = (char) ('0' + v % 10);
    return n;
}

static size_t format4(const uint8_t *b, char *dst) {
    size_t n = 0;
    for (int i = 0; i < 4; i++) {
        if (i)
            dst[n++] = '.';
        n += put_u8(dst + n, b[i]);
    }
    return n;
}

/* The longest run of at least two zero groups, the first of equals. */
static int longest_zeros(const unsigned g[8], int *ret_len) {
    int best = -1, best_len = 1;
    for (int i = 0; i < 8; i++) {
        int len = 0;
        while (i + len < 8 && g[i + len] == 0)
            len++;
        if (len > best_len) {
            best = i;
            best_len = len;
        }
        i += len;
    }
    *ret_len = best_len;
    return best;
}

static size_t format6(const uint8_t *b, char *dst) {
    static const char digits[] = "0123456789abcdef";
    unsigned g[8];
    int run;
    size_t n = 0;
    for (int i = 0; i < 8; i++)
        g[i] = (unsigned) b[2 * i] << 8 | b[2 * i + 1];
    int gap = longest_zeros(g, &run);
    for (int i = 0; i < 8; i++) {
        if (i == gap) {
            dst[n++] = ':';
            if (i == 0)
                dst[n++] = ':';
            i += run - 1;
            continue;
        }
        int shift = 12;
        while (shift > 0 && g[i] >> shift == 0)
            shift -= 4;
        for (; shift >= 0; shift -= 4)
            dst[n++] = digits[g[i] >> shift & 15];
        if (i < 7)
            dst[n++] = ':';
    }
    return n;
}

size_t ip_format(const struct ip *ip, char *dst) {
    size_t n = 0;
    if (ip->version)
        n = ip->version == 4 ? format4(ip->bytes, dst) : format6(ip->bytes, dst);
    dst[n] = 0;
    return n;
}

bool ip_eq(const struct ip *a, const struct ip *b) {
    return ip_cmp(a, b) == 0;
}

int ip_cmp(const struct ip *a, const struct ip *b) {
    if (a->version != b->version)
        return a->version < b->version ? -1 : 1;
    return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

struct ip_prefix ip_prefix_of(const struct ip *ip, unsigned bits) {
    struct ip_prefix p = {.ip = *ip};
    unsigned width = ip_bits(ip);
    bits = MIN(bits, width);
    p.bits = (uint8_t) bits;
    for (unsigned i = 0; i < 16; i++) {
        if (bits >= 8 * (i + 1))
            continue;
        unsigned keep = bits > 8 * i ? bits - 8 * i : 0;
        p.ip.bytes[i] = (uint8_t) (p.ip.bytes[i] & (0xff00u >> keep));
    }
    return p;
}

int ip_prefix_parse(struct str s, struct ip_prefix *ret) {
    ptrdiff_t slash = str_find_byte(s, '/', 0);
    struct str text = slash < 0 ? s : str_to(s, (size_t) slash);
    struct ip ip;
    if (ip_parse(text, &ip) < 0)
        return -EINVAL;
    unsigned bits = ip_bits(&ip);
    if (slash >= 0) {
        struct str tail = str_from(s, (size_t) slash + 1);
        uint64_t v;
        /* A mapped address was written in 128 bits: its prefix has to lie within the mapped block.
         */
        unsigned hidden = ip.version == 4 && str_find_byte(text, ':', 0) >= 0 ? 96 : 0;
        if (tail.n > 3 || (tail.n > 1 && tail.p[0] == '0') || str_to_u64(tail, &v) < 0 ||
            v < hidden || v - hidden > bits)
            return -EINVAL;
        bits = (unsigned) v - hidden;
    }
    *ret = ip_prefix_of(&ip, bits);
    return !ip_eq(&ret->ip, &ip);
}

size_t ip_prefix_format(const struct ip_prefix *p, char *dst) {
    size_t n = ip_format(&p->ip, dst);
    dst[n++] = '/';
    n += put_u8(dst + n, p->bits);
    dst[n] = 0;
    return n;
}

bool ip_prefix_contains(const struct ip_prefix *p, const struct ip *ip) {
    if (p->ip.version != ip->version)
        return false;
    size_t whole = p->bits / 8;
    if (memcmp(p->ip.bytes, ip->bytes, whole) != 0)
        return false;
    unsigned rest = p->bits % 8;
    return rest == 0 || (p->ip.bytes[whole] ^ ip->bytes[whole]) >> (8 - rest) == 0;
}

bool ip_prefix_covers(const struct ip_prefix *outer, const struct ip_prefix *inner) {
    return outer->bits <= inner->bits && ip_prefix_contains(outer, &inner->ip);
}

size_t ip_format_net(const struct ip *ip, char *dst) {
    if (ip->version != 6)
        return ip_format(ip, dst);
    struct ip_prefix net = ip_prefix_of(ip, 64);
    return ip_prefix_format(&net, dst);
}
