/* See scan.h. One pass; a run of letters, digits, dots, hyphens and underscores is judged when it ends. */
#include "indicator/scan.h"

#include "base/hash.h"

enum { LABELS_MAX = 8, NAME_MAX_BYTES = 253, KEY_NET_SEED = 0x6e6574, KEY_TEXT_SEED = 0x747874 };
enum { DIGIT = 1, HEX = 2, LETTER = 4, DOT = 8, JOIN = 16, COLON = 32, RUN = DIGIT | HEX | LETTER | DOT | JOIN };

/* From the blank on; what is not in it is none of these. */
static const uint8_t class_of[256] = {
    [32] =
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 8, 0,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 32, 0, 0, 0, 0, 0,
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

/* ---- what is passed over ---- */

static inline bool has(const uint64_t *bits, unsigned i) {
    return bits[i / 64] >> (i & 63) & 1;
}

static inline unsigned tail_of(const char *end) {
    uint32_t four;
    memcpy(&four, end - 4, 4);
    four |= 0x20202020; /* as lowered as a comparison needs: what differs in this bit alone is let through */
    return four * 0x9e3779b1u >> 16;
}

void indicator_gate_add_net(struct indicator_gate *g, const struct ip *ip) {
    unsigned i = (unsigned) ip->bytes[0] << 8 | ip->bytes[1];
    if (ip->version == 4)
        g->nets[i / 64] |= (uint64_t) 1 << (i & 63);
    g->v6 |= ip->version == 6;
}

void indicator_gate_add_text(struct indicator_gate *g, struct str lowered) {
    if (lowered.n < 4) {
        g->any_text = true;
        return;
    }
    unsigned i = tail_of(lowered.p + lowered.n);
    g->tails[i / 64] |= (uint64_t) 1 << (i & 63);
}

/* Of digits and dots alone: an address, whose network the first two parts name, or nothing. */
bool indicator_gate_refuses(const struct indicator_gate *g, struct str text) {
    unsigned net = 0;
    size_t i = 0;
    if (text.n > 15)
        return false;
    for (unsigned part = 0; part < 2; part++, i++) {
        unsigned v = 0, d;
        size_t from = i;
        for (; i < text.n && (d = (unsigned) (unsigned char) text.p[i] - '0') < 10; i++)
            v = v * 10 + d;
        if (i == from || i == text.n || text.p[i] != '.' || v > 255)
            return false;
        net = net << 8 | v;
    }
    if (has(g->nets, net))
        return false;
    for (; i < text.n; i++)
        if (!(class_of[(unsigned char) text.p[i]] & (DIGIT | DOT)))
            return false;
    return true;
}

/* ---- keys ---- */

struct scanning {
    const struct indicator_gate *gate; /* NULL: all keys are wanted */
    indicator_key_fn *fn;
    void *ctx;
};

static int address(const struct scanning *x, const struct ip *ip, struct str token) {
    static const uint8_t bits4[] = {32, 24, 16}, bits6[] = {128, 64, 48, 32};
    const uint8_t *bits = ip->version == 4 ? bits4 : bits6;
    size_t n = ip->version == 4 ? sizeof bits4 : sizeof bits6;
    if (x->gate && !(ip->version == 4 ? has(x->gate->nets, (unsigned) ip->bytes[0] << 8 | ip->bytes[1]) : x->gate->v6))
        return 0;
    for (size_t i = 0; i < n; i++) {
        int r = x->fn(x->ctx, indicator_key_of_net(ip, bits[i]), token);
        if (r < 0)
            return r;
    }
    return 0;
}

static int text_key(const struct scanning *x, struct str token) {
    char z[NAME_MAX_BYTES + 1];
    for (size_t i = 0; i < token.n; i++)
        z[i] = ascii_lower(token.p[i]);
    return x->fn(x->ctx, indicator_key_of_text(str_n(z, token.n)), token);
}

/* A text of four bytes or more that ends so, or a part of it up to its end, may be wanted. */
static inline bool tail_wanted(const struct scanning *x, struct str s) {
    return !x->gate || x->gate->any_text || has(x->gate->tails, tail_of(s.p + s.n));
}

/* The name and the domains above it, up to two labels. */
static int name(const struct scanning *x, struct str s) {
    size_t dots[LABELS_MAX];
    unsigned n = 0;
    if (s.n > NAME_MAX_BYTES || !tail_wanted(x, s))
        return 0;
    for (size_t i = s.n; i-- > 0 && n < LABELS_MAX;)
        if (s.p[i] == '.')
            dots[n++] = i;
    int r = text_key(x, s);
    for (unsigned i = 1; i < n && r >= 0; i++)
        r = text_key(x, str_from(s, dots[i] + 1));
    return r;
}

static bool is_hash_length(size_t n) {
    return n == 32 || n == 40 || n == 64 || n == 128;
}

static int run(const struct scanning *x, struct str s, unsigned classes) {
    struct ip ip;
    unsigned dots = 0;
    if (!(classes & DOT))
        return is_hash_length(s.n) && !(classes & (LETTER | JOIN)) && tail_wanted(x, s) ? text_key(x, s) : 0;
    for (size_t i = 0; i < s.n; i++)
        dots += s.p[i] == '.';
    while (s.n && (class_of[(unsigned char) s.p[s.n - 1]] & (DOT | JOIN)))
        s.n--;
    while (s.n && s.p[0] == '.')
        s = str_from(s, 1);
    if (!(classes & (HEX | LETTER | JOIN)) && x->gate && indicator_gate_refuses(x->gate, s))
        return 0;
    if (!(classes & (HEX | LETTER | JOIN)))
        return dots >= 3 && s.n <= 15 && ip_parse(s, &ip) == 0 ? address(x, &ip, s) : 0;
    /* 192.0.2.1-192.0.2.9, 10.0.0.1_eth0: addresses that are joined to something */
    if ((classes & JOIN) && dots >= 3 && ascii_digit(s.p[0])) {
        for (size_t from = 0, i = 0; i <= s.n; i++)
            if (i == s.n || (class_of[(unsigned char) s.p[i]] & JOIN)) {
                struct str part = str_n(s.p + from, i - from);
                int r = part.n >= 7 && part.n <= 15 && ip_parse(part, &ip) == 0 ? address(x, &ip, part) : 0;
                if (r < 0)
                    return r;
                from = i + 1;
            }
    }
    return s.n > 3 && memchr(s.p, '.', s.n) ? name(x, s) : 0;
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

/* Most bytes of a sentence in Japanese, eight at a time. */
static const char *skip_high(const char *p, const char *end) {
    const uint64_t high = 0x8080808080808080;
    uint64_t eight = high;
    while (end - p >= 8 && (memcpy(&eight, p, 8), (eight & high) == high))
        p += 8;
    return p;
}

int indicator_scan_for(struct str text, const struct indicator_gate *g, indicator_key_fn *fn, void *ctx) {
    const struct scanning x = {g, fn, ctx};
    const char *p = text.p, *end = text.p + text.n;
    for (;;) {
        unsigned classes = 0, c;
        p = skip_high(p, end);
        while (p < end && !class_of[(unsigned char) *p])
            p++;
        if (p == end)
            return 0;
        const char *from = p;
        while (p < end && ((c = class_of[(unsigned char) *p]) & RUN)) {
            classes |= c;
            p++;
        }
        if (p < end && *p == ':' && (size_t) (p - from) <= 4 && !(classes & (LETTER | JOIN | DOT)) &&
            (p > from || (p + 1 < end && p[1] == ':'))) {
            struct ip ip;
            size_t n = colons(str_n(from, (size_t) (end - from)), &ip);
            if (n) {
                int r = address(&x, &ip, str_n(from, n));
                if (r < 0)
                    return r;
                p = from + n;
                continue;
            }
        }
        if ((size_t) (p - from) > 3) {
            int r = run(&x, str_n(from, (size_t) (p - from)), classes);
            /* In a text with escapes the letter behind the backslash belongs to it (\nevil.example). */
            if (r >= 0 && from > text.p && from[-1] == '\\')
                r = run(&x, str_n(from + 1, (size_t) (p - from) - 1), classes);
            if (r < 0)
                return r;
        }
        p += p < end;
    }
}

int indicator_scan(struct str text, indicator_key_fn *fn, void *ctx) {
    return indicator_scan_for(text, NULL, fn, ctx);
}
