/* kernel.h for processors with AVX2 (most since 2013): 32 bytes at a time. Ends of values are read by pieces that fit,
 * never past them. */
#include "detect/kernel.h"

#include <string.h>

#include "base/macros.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define WIDE __attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt")))

static inline uint64_t word(const char *p, size_t n) {
    uint64_t v = 0;
    memcpy(&v, p, n);
    return v;
}

/* n bytes, n below 16, zeros behind them. */
WIDE static inline __m128i load_less(const char *p, size_t n) {
    if (n >= 8)
        return _mm_set_epi64x((long long) (n > 8 ? word(p + n - 8, 8) >> 8 * (16 - n) : 0), (long long) word(p, 8));
    if (n >= 4)
        return _mm_cvtsi64_si128((long long) (word(p, 4) | word(p + n - 4, 4) << 8 * (n - 4)));
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v |= (uint64_t) (unsigned char) p[i] << 8 * i;
    return _mm_cvtsi64_si128((long long) v);
}

/* 32 bytes, or n and zeros behind them. */
WIDE static inline __m256i load(const char *p, size_t n) {
    if (LIKELY(n >= 32))
        return _mm256_loadu_si256((const __m256i *) (const void *) p);
    if (n < 16)
        return _mm256_set_m128i(_mm_setzero_si128(), load_less(p, n));
    return _mm256_set_m128i(load_less(p + 16, n - 16), _mm_loadu_si128((const __m128i *) (const void *) p));
}

static inline uint32_t low(size_t n) {
    return n >= 32 ? UINT32_MAX : (1u << n) - 1;
}

WIDE static inline uint32_t equal(__m256i a, __m256i b) {
    return (uint32_t) _mm256_movemask_epi8(_mm256_cmpeq_epi8(a, b));
}

WIDE static bool wide_contains(const char *v, size_t n, const char *lit, size_t n_lit, struct kernel_rare rare) {
    if (n < n_lit)
        return false;
    if (!n_lit)
        return true;
    const __m256i a = _mm256_set1_epi8(rare.a), b = _mm256_set1_epi8(rare.b);
    size_t places = n - n_lit + 1;
    for (size_t i = 0; i < places; i += 32) {
        size_t left = places - i; /* that many bytes stand behind each offset, too */
        uint32_t m = low(left) & equal(load(v + i + rare.first, left), a);
        if (m)
            m &= equal(load(v + i + rare.second, left), b);
        for (; m; m &= m - 1)
            if (memcmp(v + i + __builtin_ctz(m), lit, n_lit) == 0)
                return true;
    }
    return false;
}

WIDE static inline __m256i lowered(__m256i v) {
    /* signed: what is below 'A' or not ASCII is pushed out at one end, what is above 'Z' at the other */
    __m256i upper = _mm256_cmpgt_epi8(_mm256_set1_epi8((char) (-128 + 26)), _mm256_sub_epi8(v, _mm256_set1_epi8((char) ('A' + 128))));
    return _mm256_add_epi8(v, _mm256_and_si256(upper, _mm256_set1_epi8(0x20)));
}

WIDE static bool wide_lower(char *to, const char *p, size_t n) {
    __m256i any = _mm256_setzero_si256();
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        __m256i v = _mm256_loadu_si256((const __m256i *) (const void *) (p + i));
        any = _mm256_or_si256(any, v);
        _mm256_storeu_si256((__m256i *) (void *) (to + i), lowered(v));
    }
    if (i < n) {
        char tail[32];
        __m256i v = load(p + i, n - i);
        any = _mm256_or_si256(any, v);
        _mm256_storeu_si256((__m256i *) (void *) tail, lowered(v));
        memcpy(to + i, tail, n - i);
    }
    return _mm256_movemask_epi8(any) != 0;
}

/* As in kernel_avx512.c. */
static inline uint32_t behind_escape(uint32_t slash, uint32_t *carry) {
    const uint32_t odd = 0xaaaaaaaau;
    uint32_t escapes = slash & ~*carry;
    uint32_t turned = ((escapes << 1 | odd) - escapes) ^ odd;
    uint32_t behind = turned ^ (slash | *carry);
    *carry = (turned & slash) >> 31;
    return behind;
}

WIDE static unsigned wide_look(const char *p, size_t n) {
    const __m256i slash = _mm256_set1_epi8('\\'), esc = _mm256_set1_epi8(0x1b), zero = _mm256_setzero_si256();
    __m256i any = zero, opaque = zero;
    uint32_t carry = 0, u = 0, nul = 0;
    for (size_t i = 0; i < n; i += 32) {
        __m256i v = load(p + i, n - i);
        any = _mm256_or_si256(any, v);
        opaque = _mm256_or_si256(opaque, _mm256_cmpeq_epi8(v, esc));
        nul |= equal(v, zero) & low(n - i);
        uint32_t slashes = equal(v, slash);
        if (slashes | carry)
            u |= behind_escape(slashes, &carry) & equal(v, _mm256_set1_epi8('u'));
    }
    return (_mm256_movemask_epi8(any) ? KERNEL_HIGH : 0) | (nul || _mm256_movemask_epi8(opaque) ? KERNEL_OPAQUE : 0) |
           (u ? KERNEL_U : 0);
}

WIDE static size_t wide_component(const char *p, size_t n) {
    const __m256i slash = _mm256_set1_epi8('/'), back = _mm256_set1_epi8('\\');
    for (size_t left = n; left;) {
        size_t k = left < 32 ? left : 32;
        __m256i v = load(p + left - k, k);
        uint32_t m = equal(v, slash) | equal(v, back);
        if (m)
            return left - k + 31 - (size_t) __builtin_clz(m);
        left -= k;
    }
    return 0;
}

WIDE static inline size_t place_if(const struct kernel_bitmap *b, uint32_t hash, size_t place, uint32_t *out) {
    uint32_t bits = kernel_bitmap_bits(hash);
    *out = (uint32_t) place;
    return (b->words[kernel_bitmap_word(hash, b->log)] & bits) == bits;
}

/* Eight places a round. The bits are looked up one by one: gathering them is slow on many processors. */
WIDE static size_t wide_bitmap(const struct kernel_bitmap *b, const char *v, size_t n, size_t *at,
                               uint32_t out[KERNEL_PLACES_MAX]) {
    const __m256i windows = _mm256_setr_epi8(0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 6, 4, 5, 6, 7, 5, 6, 7, 8, 6, 7, 8,
                                             9, 7, 8, 9, 10);
    const __m256i factor = _mm256_set1_epi32((int) 0x9e3779b1u), fold = _mm256_set1_epi32((int) b->fold);
    size_t found = 0, i = *at, step = b->step, end = n < 4 ? 0 : n - 3;
    for (; i < end && found + 8 <= KERNEL_PLACES_MAX; i += 8 * step) {
        uint32_t hash[8];
        size_t left = n - i, k = MIN((end - i + step - 1) / step, (size_t) 8);
        __m256i h;
        if (step == 1) {
            __m128i bytes = left >= 16 ? _mm_loadu_si128((const __m128i *) (const void *) (v + i)) : load_less(v + i, left);
            h = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(bytes), windows);
        } else {
            char last[32] = {0};
            if (left < sizeof last)
                memcpy(last, v + i, left);
            h = _mm256_loadu_si256((const __m256i *) (const void *) (left < sizeof last ? last : v + i));
        }
        _mm256_storeu_si256((__m256i *) (void *) hash, _mm256_mullo_epi32(_mm256_or_si256(h, fold), factor));
        for (size_t j = 0; j < k; j++)
            found += place_if(b, hash[j], i + j * step, &out[found]);
    }
    *at = i < end ? i : n;
    return found;
}

struct nibbles {
    __m256i low[4], high[4];
};

WIDE static inline struct nibbles nibbles_of(const struct kernel_filter *f, unsigned half) {
    struct nibbles t;
    for (unsigned k = 0; k < 4; k++) {
        t.low[k] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *) (const void *) f->low[half][k]));
        t.high[k] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *) (const void *) f->high[half][k]));
    }
    return t;
}

struct split {
    __m256i low, high;
};
WIDE static inline struct split split(__m256i v) {
    const __m256i nibble = _mm256_set1_epi8(15);
    return (struct split){_mm256_and_si256(v, nibble), _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble)};
}

WIDE static inline __m256i groups_at(const struct nibbles *t, const struct split at[4]) {
    __m256i pass = _mm256_set1_epi8(-1);
    for (unsigned k = 0; k < 4; k++)
        pass = _mm256_and_si256(pass, _mm256_and_si256(_mm256_shuffle_epi8(t->low[k], at[k].low),
                                                       _mm256_shuffle_epi8(t->high[k], at[k].high)));
    return pass;
}

WIDE static inline __m256i load_at(const char *p, size_t left, size_t k) {
    return left > k ? load(p + k, left - k) : _mm256_setzero_si256();
}

WIDE static size_t wide_filter(const struct kernel_filter *f, const char *v, size_t n, size_t *at,
                               uint32_t out[KERNEL_PLACES_MAX]) {
    const struct nibbles t = nibbles_of(f, 0), u = nibbles_of(f, f->halves - 1);
    size_t found = 0, i = *at, places = n < f->min ? 0 : n - f->min + 1;
    for (; i < places; i += 32) {
        struct split s[4];
        for (size_t k = 0; k < 4; k++)
            s[k] = split(load_at(v + i, n - i, k));
        __m256i pass = groups_at(&t, s);
        if (f->halves == 2)
            pass = _mm256_or_si256(pass, groups_at(&u, s));
        uint32_t m = ~equal(pass, _mm256_setzero_si256()) & low(places - i);
        if (LIKELY(!m))
            continue;
        if (found + (size_t) __builtin_popcount(m) > KERNEL_PLACES_MAX)
            break;
        for (; m; m &= m - 1)
            out[found++] = (uint32_t) (i + (size_t) __builtin_ctz(m));
    }
    *at = i < places ? i : n;
    return found;
}

const struct kernel *kernel_avx2(void) {
    static struct kernel k = {.name = "avx2",
                              .contains = wide_contains,
                              .lower = wide_lower,
                              .look = wide_look,
                              .component = wide_component,
                              .filter_first = true,
                              .bitmap = wide_bitmap,
                              .filter = wide_filter};
    k.members = kernel_plain()->members;
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") ? &k : NULL;
}
#else
const struct kernel *kernel_avx2(void) {
    return NULL;
}
#endif
