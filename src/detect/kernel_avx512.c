/* kernel.h for processors with AVX-512 BW, VL and VBMI (Ice Lake, Zen 4 and later). Loads and stores are masked at the ends. */
#include "detect/kernel.h"

#include <string.h>

#include "base/macros.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define WIDE __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,bmi,bmi2,popcnt,lzcnt")))

/* The low n bits, n up to 64. */
WIDE static inline __mmask64 low(size_t n) {
    return n >= 64 ? ~UINT64_C(0) : _bzhi_u64(~UINT64_C(0), (unsigned) n);
}

WIDE static inline __m512i load(const char *p, size_t n) {
    return n >= 64 ? _mm512_loadu_si512(p) : _mm512_maskz_loadu_epi8(low(n), p);
}

WIDE static inline bool same(const char *a, const char *b, size_t n) {
    for (; n > 64; n -= 64, a += 64, b += 64)
        if (_mm512_cmpneq_epi8_mask(_mm512_loadu_si512(a), _mm512_loadu_si512(b)))
            return false;
    __mmask64 m = low(n);
    return !_mm512_cmpneq_epi8_mask(_mm512_maskz_loadu_epi8(m, a), _mm512_maskz_loadu_epi8(m, b));
}

WIDE static bool wide_contains(const char *v, size_t n, const char *lit, size_t n_lit, struct kernel_rare rare) {
    if (n < n_lit)
        return false;
    if (!n_lit)
        return true;
    __m512i a = _mm512_set1_epi8(rare.a), b = _mm512_set1_epi8(rare.b);
    size_t places = n - n_lit + 1;
    for (size_t i = 0; i < places; i += 64) {
        __mmask64 m = low(places - i);
        __m512i x = _mm512_maskz_loadu_epi8(m, v + i + rare.first);
        __m512i y = _mm512_maskz_loadu_epi8(m, v + i + rare.second);
        m = _mm512_mask_cmpeq_epi8_mask(_mm512_mask_cmpeq_epi8_mask(m, x, a), y, b);
        for (; m; m &= m - 1)
            if (same(v + i + __builtin_ctzll(m), lit, n_lit))
                return true;
    }
    return false;
}

WIDE static bool wide_lower(char *to, const char *p, size_t n) {
    const __m512i a = _mm512_set1_epi8('A'), z = _mm512_set1_epi8(26), bit = _mm512_set1_epi8(0x20);
    __mmask64 high = 0;
    for (size_t i = 0; i < n; i += 64) {
        __mmask64 m = low(n - i);
        __m512i v = _mm512_maskz_loadu_epi8(m, p + i);
        high |= _mm512_movepi8_mask(v);
        __mmask64 upper = _mm512_cmplt_epu8_mask(_mm512_sub_epi8(v, a), z);
        v = _mm512_mask_add_epi8(v, upper, v, bit);
        _mm512_mask_storeu_epi8(to + i, m, v);
    }
    return high != 0;
}

/* Which of 64 places stand behind a backslash that is not itself escaped; *carry: whether the first one does, then
 * whether the next block's first one does. A subtraction carries through each run of backslashes. */
static inline uint64_t behind_escape(uint64_t slash, uint64_t *carry) {
    const uint64_t odd = UINT64_C(0xaaaaaaaaaaaaaaaa);
    uint64_t escapes = slash & ~*carry;
    uint64_t turned = ((escapes << 1 | odd) - escapes) ^ odd;
    uint64_t behind = turned ^ (slash | *carry);
    *carry = (turned & slash) >> 63;
    return behind;
}

WIDE static unsigned wide_look(const char *p, size_t n) {
    const __m512i slash = _mm512_set1_epi8('\\'), esc = _mm512_set1_epi8(0x1b);
    __m512i any = _mm512_setzero_si512(), least = _mm512_set1_epi8(-1);
    __mmask64 opaque = 0;
    uint64_t carry = 0, u = 0;
    for (size_t i = 0; i < n; i += 64) {
        __m512i v = n - i >= 64 ? _mm512_loadu_si512(p + i)
                                : _mm512_mask_loadu_epi8(_mm512_set1_epi8(' '), low(n - i), p + i);
        any = _mm512_or_si512(any, v);
        least = _mm512_min_epu8(least, v);
        opaque |= _mm512_cmpeq_epi8_mask(v, esc);
        __mmask64 slashes = _mm512_cmpeq_epi8_mask(v, slash);
        if (slashes | carry)
            u |= behind_escape(slashes, &carry) & _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('u'));
    }
    opaque |= _mm512_testn_epi8_mask(least, least);
    return (_mm512_movepi8_mask(any) ? KERNEL_HIGH : 0) | (opaque ? KERNEL_OPAQUE : 0) | (u ? KERNEL_U : 0);
}

WIDE static size_t wide_component(const char *p, size_t n) {
    const __m512i slash = _mm512_set1_epi8('/'), back = _mm512_set1_epi8('\\');
    for (size_t left = n; left;) {
        size_t k = left < 64 ? left : 64;
        __m512i v = load(p + left - k, k);
        __mmask64 m = _mm512_cmpeq_epi8_mask(v, slash) | _mm512_cmpeq_epi8_mask(v, back);
        if (m)
            return left - k + 63 - (size_t) __builtin_clzll(m);
        left -= k;
    }
    return 0;
}

WIDE static uint64_t wide_members(const struct kernel_class *c, const char *p, size_t n) {
    __m512i v = _mm512_maskz_loadu_epi8(low(n), p);
    return _mm512_movepi8_mask(_mm512_permutex2var_epi8(_mm512_loadu_si512(c->bytes), v, _mm512_loadu_si512(c->bytes + 64))) & low(n);
}

/* Which of sixteen hashes may be of the set. */
WIDE static inline __mmask16 may_hold(const struct kernel_bitmap *b, __mmask16 m, __m512i h) {
    const __m512i one = _mm512_set1_epi32(1);
    const __m128i shift = _mm_cvtsi32_si128((int) (32 - b->log));
    __m512i word = _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), m, _mm512_srl_epi32(h, shift), b->words, 4);
    h = _mm512_xor_si512(h, _mm512_srli_epi32(h, 15));
    __m512i bits = _mm512_or_si512(_mm512_or_si512(_mm512_rolv_epi32(one, _mm512_srli_epi32(h, 12)),
                                                   _mm512_rolv_epi32(one, _mm512_srli_epi32(h, 7))),
                                   _mm512_rolv_epi32(one, _mm512_srli_epi32(h, 2)));
    bits = _mm512_andnot_si512(word, bits); /* those that are missing */
    return _mm512_mask_testn_epi32_mask(m, bits, bits);
}

/* Sixteen places a round. */
WIDE static size_t wide_bitmap(const struct kernel_bitmap *b, const char *v, size_t n, size_t *at,
                               uint32_t out[KERNEL_PLACES_MAX]) {
    const __m512i windows =
        _mm512_set_epi8(18, 17, 16, 15, 17, 16, 15, 14, 16, 15, 14, 13, 15, 14, 13, 12, 14, 13, 12, 11, 13, 12, 11,
                        10, 12, 11, 10, 9, 11, 10, 9, 8, 10, 9, 8, 7, 9, 8, 7, 6, 8, 7, 6, 5, 7, 6, 5, 4, 6, 5, 4, 3,
                        5, 4, 3, 2, 4, 3, 2, 1, 3, 2, 1, 0);
    const __m512i factor = _mm512_set1_epi32((int) 0x9e3779b1u), fold = _mm512_set1_epi32((int) b->fold);
    size_t found = 0, i = *at, step = b->step, end = n < 4 ? 0 : n - 3;
    for (; i < end && found + 16 <= KERNEL_PLACES_MAX; i += 16 * step) {
        size_t left = n - i, places = (end - i + step - 1) / step;
        __m512i grams = step == 1 ? _mm512_permutexvar_epi8(windows, _mm512_castsi256_si512(_mm256_maskz_loadu_epi8(
                                                                         (__mmask32) low(MIN(left, (size_t) 32)), v + i)))
                                  : load(v + i, left);
        __m512i h = _mm512_mullo_epi32(_mm512_or_si512(grams, fold), factor);
        __mmask16 m = may_hold(b, (__mmask16) low(MIN(places, (size_t) 16)), h);
        for (; m; m = (__mmask16) (m & (m - 1)))
            out[found++] = (uint32_t) (i + step * (size_t) __builtin_ctz(m));
    }
    *at = i < end ? i : n;
    return found;
}

struct filter_tables {
    __m512i at[4];
};

WIDE static inline struct filter_tables tables_of(const uint8_t groups[4][64]) {
    struct filter_tables t;
    for (unsigned k = 0; k < 4; k++)
        t.at[k] = _mm512_loadu_si512(groups[k]);
    return t;
}

/* The groups allowed by the bytes at each of 64 places and the three behind it. */
WIDE static inline __m512i groups_at(struct filter_tables t, __m512i a, __m512i b, __m512i c, __m512i d) {
    return _mm512_and_si512(
        _mm512_and_si512(_mm512_permutexvar_epi8(a, t.at[0]), _mm512_permutexvar_epi8(b, t.at[1])),
        _mm512_and_si512(_mm512_permutexvar_epi8(c, t.at[2]), _mm512_permutexvar_epi8(d, t.at[3])));
}

/* The bytes from each of up to 64 places on, `left` in all, where fewer than 67 are left. */
struct places {
    __m512i a, b, c, d;
};
WIDE static inline __attribute__((always_inline)) struct places last_places(const char *p, size_t left) {
    return (struct places){load(p, left), left > 1 ? load(p + 1, left - 1) : _mm512_setzero_si512(),
                           left > 2 ? load(p + 2, left - 2) : _mm512_setzero_si512(),
                           left > 3 ? load(p + 3, left - 3) : _mm512_setzero_si512()};
}

WIDE static inline __attribute__((always_inline)) size_t filter_by(const struct kernel_filter *f, bool two, const char *v,
                                                                   size_t n, size_t *at, uint32_t out[KERNEL_PLACES_MAX]) {
    const struct filter_tables t = tables_of(f->groups[0]), u = tables_of(f->groups[two]);
    size_t found = 0, i = *at, places = n < f->min ? 0 : n - f->min + 1;
    for (; i < places; i += 64) {
        const char *p = v + i;
        struct places x;
        __mmask64 here = ~UINT64_C(0);
        if (LIKELY(n - i >= 67)) { /* all 64 are places */
            x = (struct places){_mm512_loadu_si512(p), _mm512_loadu_si512(p + 1), _mm512_loadu_si512(p + 2),
                                _mm512_loadu_si512(p + 3)};
        } else {
            here = low(places - i);
            x = last_places(p, n - i);
        }
        __m512i pass = groups_at(t, x.a, x.b, x.c, x.d);
        if (two)
            pass = _mm512_or_si512(pass, groups_at(u, x.a, x.b, x.c, x.d));
        __mmask64 m = _mm512_mask_test_epi8_mask(here, pass, pass);
        if (LIKELY(!m))
            continue;
        m &= _mm512_movepi8_mask(_mm512_permutex2var_epi8(_mm512_loadu_si512(f->first), x.a, _mm512_loadu_si512(f->first + 64)));
        if (found + (size_t) __builtin_popcountll(m) > KERNEL_PLACES_MAX)
            break;
        for (; m; m &= m - 1)
            out[found++] = (uint32_t) (i + (size_t) __builtin_ctzll(m));
    }
    *at = i < places ? i : n;
    return found;
}

WIDE static size_t wide_filter(const struct kernel_filter *f, const char *v, size_t n, size_t *at,
                               uint32_t out[KERNEL_PLACES_MAX]) {
    return f->halves == 2 ? filter_by(f, true, v, n, at, out) : filter_by(f, false, v, n, at, out);
}

const struct kernel *kernel_avx512(void) {
    static const struct kernel k = {.name = "avx512",
                                    .contains = wide_contains,
                                    .lower = wide_lower,
                                    .look = wide_look,
                                    .component = wide_component,
                                    .members = wide_members,
                                    .filter_first = true,
                                    .bitmap = wide_bitmap,
                                    .filter = wide_filter};
    bool can = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vbmi") &&
               __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("bmi2");
    return can ? &k : NULL;
}
#else
const struct kernel *kernel_avx512(void) {
    return NULL;
}
#endif
