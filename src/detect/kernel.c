#include "detect/kernel.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* Bytes of lowered log lines by how common they are (counted over Windows events), the most common has 1; what is not
 * named is rarer than all of these. */
static const unsigned char places[256] = {
    ['a'] = 1, ['"'] = 2, ['e'] = 3, ['s'] = 4, ['0'] = 5, ['o'] = 6, ['t'] = 7, ['c'] = 8,
    ['i'] = 9, ['r'] = 10, ['d'] = 11, ['b'] = 12, ['n'] = 13, ['\\'] = 14, [':'] = 15, ['m'] = 16,
    ['w'] = 17, ['g'] = 18, ['2'] = 19, [','] = 20, ['u'] = 21, ['l'] = 22, ['-'] = 23, ['1'] = 24,
    ['3'] = 25, ['f'] = 26, ['p'] = 27, [' '] = 28, ['4'] = 29, ['q'] = 30, ['y'] = 31, ['v'] = 32,
    ['5'] = 33, ['8'] = 34, ['h'] = 35, ['6'] = 36, ['9'] = 37, ['7'] = 38, ['.'] = 39, ['k'] = 40,
    ['x'] = 41, ['j'] = 42, ['z'] = 43, ['+'] = 44, ['='] = 45, ['{'] = 46, ['}'] = 47, ['|'] = 48,
    ['_'] = 49, ['@'] = 50, [')'] = 51, ['('] = 52, ['/'] = 53,
};
enum { RAREST = 54 };

static unsigned rarity(char c) {
    unsigned place = places[(unsigned char) c];
    return place ? place - 1 : RAREST;
}

double kernel_byte_share(char c) {
    double share = 0.001, each = 0.06;
    unsigned rank = rarity(ascii_lower(c));
    for (unsigned i = 0; i < rank && rank < RAREST; i++)
        each *= 0.95;
    if (rank < RAREST)
        share = each;
    return c >= 'A' && c <= 'Z' ? share / 4 : share;
}

struct kernel_rare kernel_rare_of(const char *lit, size_t n) {
    struct kernel_rare r = {.first = 0};
    unsigned char rank[UINT8_MAX];
    size_t end = MIN(n, (size_t) UINT8_MAX);
    for (size_t i = 0; i < end; i++)
        rank[i] = (unsigned char) rarity(lit[i]);
    for (size_t i = 1; i < end; i++)
        if (rank[i] > rank[r.first])
            r.first = (uint8_t) i;
    r.second = r.first || end < 2 ? 0 : 1;
    for (size_t i = 0; i < end; i++)
        if (i != r.first && lit[i] != lit[r.first] && rank[i] > rank[r.second])
            r.second = (uint8_t) i;
    if (n) {
        r.a = lit[r.first];
        r.b = lit[r.second];
    }
    return r;
}

void kernel_filter_make(struct kernel_filter *f, const unsigned char *patterns, const uint8_t *lengths,
                        size_t n, unsigned char fold) {
    memset(f, 0, sizeof *f);
    f->halves = n > 24 ? 2 : 1;
    f->min = 4;
    size_t of_one = 0, placed = 0;
    for (size_t i = 0; i < n; i++) {
        of_one += lengths && lengths[i] == 1;
        f->min = MIN(f->min, lengths ? lengths[i] : 4u);
    }
    /* Those of one byte in a group of their own: what they allow behind it would let others through. */
    unsigned first = of_one ? 1 : 0, rest = f->halves * 8 - first;
    for (unsigned length = 1; length <= 4; length++)
        for (size_t i = 0; i < n; i++) {
            if ((lengths ? lengths[i] : 4u) != length)
                continue;
            unsigned group = length == 1 ? 0 : first + (unsigned) (placed++ * rest / (n - of_one));
            for (unsigned k = 0; k < 4; k++)
                for (unsigned b = 0; b < 256; b++)
                    if (k >= length || (b | fold) == patterns[4 * i + k])
                        kernel_filter_allow(f, group, k, b);
        }
}

static bool plain_contains(const char *v, size_t n, const char *lit, size_t n_lit, struct kernel_rare rare UNUSED) {
    return memmem(v, n, lit, n_lit) != NULL;
}

static bool plain_lower(char *to, const char *p, size_t n) {
    unsigned char high = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char) p[i];
        high |= c;
        to[i] = (char) (c + (((unsigned char) (c - 'A') < 26) << 5));
    }
    return high >= 0x80;
}

static unsigned plain_look(const char *p, size_t n) {
    unsigned char high = 0, opaque = 0, u = 0, escaped = 0;
    for (size_t i = 0; i < n; i++) {
        high |= (unsigned char) p[i];
        opaque |= p[i] == 0 || p[i] == 0x1b;
        u |= escaped & (p[i] == 'u');
        escaped = !escaped & (p[i] == '\\');
    }
    return (high >= 0x80 ? KERNEL_HIGH : 0) | (opaque ? KERNEL_OPAQUE : 0) | (u ? KERNEL_U : 0);
}

static size_t plain_component(const char *p, size_t n) {
    while (n > 0 && p[n - 1] != '\\' && p[n - 1] != '/')
        n--;
    return n ? n - 1 : 0;
}

static uint64_t plain_members(const struct kernel_class *c, const char *p, size_t n) {
    uint64_t m = 0;
    for (size_t i = 0; i < n; i++)
        m |= (uint64_t) (c->bytes[(unsigned char) p[i] & 127] & 1) << i;
    return m;
}

static size_t plain_bitmap(const struct kernel_bitmap *b, const char *v, size_t n, size_t *at,
                           uint32_t out[KERNEL_PLACES_MAX]) {
    size_t found = 0, i = *at;
    for (; i + 4 <= n && found < KERNEL_PLACES_MAX; i += b->step) {
        uint32_t gram;
        memcpy(&gram, v + i, 4);
        uint32_t h = kernel_gram_hash(gram | b->fold), bits = kernel_bitmap_bits(h);
        out[found] = (uint32_t) i;
        found += (b->words[kernel_bitmap_word(h, b->log)] & bits) == bits;
    }
    *at = i + 4 <= n ? i : n;
    return found;
}

static size_t plain_filter(const struct kernel_filter *f, const char *v, size_t n, size_t *at,
                           uint32_t out[KERNEL_PLACES_MAX]) {
    size_t found = 0, i = *at;
    for (; i + f->min <= n && found < KERNEL_PLACES_MAX; i++) {
        unsigned pass = 0;
        for (unsigned h = 0; h < f->halves && f->first[(unsigned char) v[i] & 127]; h++) {
            unsigned groups = 0xff;
            for (unsigned k = 0; k < 4 && groups; k++)
                groups &= f->groups[h][k][i + k < n ? (unsigned char) v[i + k] & 63 : 0];
            pass |= groups;
        }
        out[found] = (uint32_t) i;
        found += pass != 0;
    }
    *at = i + f->min <= n ? i : n;
    return found;
}

const struct kernel *kernel_plain(void) {
    static const struct kernel k = {.name = "plain",
                                    .contains = plain_contains,
                                    .lower = plain_lower,
                                    .look = plain_look,
                                    .component = plain_component,
                                    .members = plain_members,
                                    .bitmap = plain_bitmap,
                                    .filter = plain_filter};
    return &k;
}

const struct kernel *kernel_best(void) {
    const char *asked = getenv("KIZUKI_KERNEL");
    const struct kernel *k = NULL;
    if (asked && strcmp(asked, "plain") == 0)
        return kernel_plain();
    if (!asked || strcmp(asked, "avx2") != 0)
        k = kernel_avx512();
    k = k ? k : kernel_avx2();
    return k ? k : kernel_plain();
}
