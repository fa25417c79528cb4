/* Ways of writing one thing, made one: the table of content/variants.tsv, as tools/gen_variants.py made it.
 *
 * Leftmost, then longest; behind a replacement the search begins again as far before it as the longest writing
 * reaches, because what now stands there may be another row's. The generator says why that ends. */
#include "base/swar.h"
#include "base/text.h"
#include "base/utf8.h"

struct variant {
    const char *from;
    uint8_t n;
    const char *to;
    uint8_t to_n;
};
static const struct variant variants[] = {
#include "base/variants.h" /* made by tools/gen_variants.py */
};
enum { LONGEST = 64, FIRST_BITS = 1024 };

static uint32_t first_of(const char *p) {
    return (uint32_t) (unsigned char) p[0] << 16 | (uint32_t) (unsigned char) p[1] << 8 | (unsigned char) p[2];
}

static unsigned bit_of(uint32_t first) {
    return first * 2654435761u >> 22; /* FIRST_BITS */
}

/* Which first three bytes any row has; made once, the same by whoever makes it. */
static const uint64_t *firsts(void) {
    static uint64_t bits[FIRST_BITS / 64];
    static int made;
    if (!__atomic_load_n(&made, __ATOMIC_ACQUIRE)) {
        for (size_t i = 0; i < ARRAY_SIZE(variants); i++) {
            unsigned b = bit_of(first_of(variants[i].from));
            __atomic_fetch_or(&bits[b / 64], UINT64_C(1) << b % 64, __ATOMIC_RELAXED);
        }
        __atomic_store_n(&made, 1, __ATOMIC_RELEASE);
    }
    return bits;
}

static const struct variant *variant_at(const char *p, size_t left) {
    uint32_t first = first_of(p);
    size_t low = 0, high = ARRAY_SIZE(variants);
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (first_of(variants[mid].from) < first)
            low = mid + 1;
        else
            high = mid;
    }
    for (; low < ARRAY_SIZE(variants) && first_of(variants[low].from) == first; low++)
        if (variants[low].n <= left && memcmp(variants[low].from, p, variants[low].n) == 0)
            return &variants[low];
    return NULL;
}

/* The first from `i` on; s.n when there is none. */
static size_t find(struct str s, size_t i, const struct variant **ret) {
    const uint64_t *bits = firsts();
    for (; i + 3 <= s.n; i++) {
        if (i + 8 <= s.n && !(swar_load(s.p + i) & SWAR_HIGHS)) {
            i += 7;
            continue;
        }
        if ((unsigned char) s.p[i] < 0xc0) /* ASCII, or the inside of a character */
            continue;
        unsigned b = bit_of(first_of(s.p + i));
        if ((bits[b / 64] >> b % 64 & 1) && (*ret = variant_at(s.p + i, s.n - i)))
            return i;
    }
    return s.n;
}

bool text_has_variants(struct str normal) {
    const struct variant *v;
    return find(normal, 0, &v) < normal.n;
}

struct str text_variants(struct arena *a, struct str normal) {
    const struct variant *v;
    size_t at = find(normal, 0, &v);
    if (at == normal.n)
        return normal;
    struct str copy = arena_dup(a, normal); /* no writing becomes longer */
    char *p = (char *) (uintptr_t) copy.p;
    while (p && at < copy.n) {
        memcpy(p + at, v->to, v->to_n);
        memmove(p + at + v->to_n, p + at + v->n, copy.n - at - v->n);
        copy.n -= (size_t) (v->n - v->to_n);
        at = find(copy, at > LONGEST ? at - LONGEST : 0, &v);
    }
    return copy;
}
