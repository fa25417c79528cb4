/* See json_index.h. One function a processor turns 64 bytes into four masks (a bit a byte); what
 * follows from the masks is written once and compiled into each. Escapes: a backslash counts as
 * escaping when an odd number of them, up to it, stand in a row (Langdale and Lemire, "Parsing
 * gigabytes of JSON per second", 2019). UTF-8 is checked by three table look-ups over neighbouring
 * bytes (Keiser and Lemire, "Validating UTF-8 in less than one instruction per byte", 2020), in
 * plain C sequence by sequence. */
#include "base/json_index.h"

#include "base/swar.h"
#include "base/utf8.h"

#include <stdatomic.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define HAVE_X86 1
#else
#define HAVE_X86 0
#endif
#define INLINE static inline __attribute__((always_inline))

enum { BLOCK = 64 };
struct masks {
    uint64_t quote, backslash, control, high;
};

static int hex_digits(const char *p) {
    int n = 0;
    while (n < 4 && (ascii_digit(p[n]) || (ascii_lower(p[n]) >= 'a' && ascii_lower(p[n]) <= 'f')))
        n++;
    return n;
}

static void note_bad(struct json_index *ix, size_t at) {
    ix->bad_at = MIN(ix->bad_at, at);
}

/* What a look carries from block to block: beside the index, so that it stays in registers (the index is written to
 * all the time, and by a pointer). */
struct looking {
    const char *text;
    size_t n_text, done;
    uint64_t escaped_first, in_string, high;
    uint32_t n;
};
INLINE struct looking begin_look(const struct json_index *ix) {
    return (struct looking){.text = ix->text,
                            .n_text = ix->n_text,
                            .done = ix->done,
                            .escaped_first = ix->escaped_first,
                            .in_string = ix->in_string,
                            .n = ix->n};
}
INLINE void end_look(struct json_index *ix, const struct looking *s) {
    ix->done = MIN(s->done, s->n_text);
    ix->escaped_first = s->escaped_first;
    ix->in_string = s->in_string;
    ix->high |= s->high != 0;
    ix->n = s->n;
}

/* All bytes of the block at `done` behind an escaping backslash: one of "\/bfnrt, or u and four digits. */
static __attribute__((noinline)) void check_escapes(struct json_index *ix, size_t done, uint64_t escaped) {
    for (; escaped; escaped &= escaped - 1) {
        size_t at = done + (size_t) __builtin_ctzll(escaped);
        const char *c = ix->text + at;
        ix->unicode |= at < ix->n_text && *c == 'u';
        /* Behind the end there is nothing to know: such a string does not end. */
        if (at < ix->n_text && (!*c || !strchr("\"\\/bfnrtu", *c) ||
                                (*c == 'u' && (ix->n_text - at < 5 || hex_digits(c + 1) < 4))))
            note_bad(ix, at);
    }
}

/* Bytes that a backslash escapes. *carry: whether the block's first is, then whether the next one's
 * is. */
INLINE uint64_t escaped_by(uint64_t backslash, uint64_t *carry) {
    const uint64_t even = 0x5555555555555555ull;
    backslash &= ~*carry;
    uint64_t behind = backslash << 1 | *carry, sum;
    /* Adding the first bit of a run makes it carry into the place behind the run: so those runs are
     * told whose length and beginning differ in parity. */
    *carry = __builtin_add_overflow(backslash & ~even & ~behind, backslash, &sum);
    return (even ^ sum << 1) & behind;
}

/* From each opening quote to the byte before its closing one. */
INLINE uint64_t inside(uint64_t quote) {
    for (unsigned i = 1; i < 64; i *= 2)
        quote ^= quote << i;
    return quote;
}

/* What the masks of the block at p say; returns its quotes. `usual` tells of escaped bytes whether
 * all are usual escapes without digits: then they need no second look. */
INLINE uint64_t take_masks(struct json_index *ix, struct looking *s, const struct masks *m, const char *p,
                           bool usual(const char *p, uint64_t escaped)) {
    uint64_t quote = m->quote;
    ix->backslash[(s->done - ix->from) / BLOCK] = m->backslash;
    if (m->backslash | s->escaped_first) {
        uint64_t escaped = escaped_by(m->backslash, &s->escaped_first);
        quote &= ~escaped;
        if (UNLIKELY(!usual(p, escaped)))
            check_escapes(ix, s->done, escaped);
    }
    if (UNLIKELY(m->control)) {
        uint64_t bad = m->control & (inside(quote) ^ s->in_string);
        if (bad)
            note_bad(ix, s->done + (size_t) __builtin_ctzll(bad));
    }
    s->in_string ^= (uint64_t) 0 - (uint64_t) __builtin_parityll(quote);
    s->high |= m->high;
    return quote;
}

/* In eights, so that the loop ends where it did for the block before; what is too much is written
 * over. */
INLINE void add_quotes(struct json_index *ix, struct looking *s, uint64_t quote) {
    const uint64_t stop = UINT64_C(1) << 63; /* no byte has no lowest bit */
    size_t base = s->done;
    uint32_t *to = ix->at + s->n;
    s->n += (uint32_t) __builtin_popcountll(quote);
    do {
        for (unsigned i = 0; i < 8; i++, quote &= quote - 1)
            *to++ = (uint32_t) base + (uint32_t) __builtin_ctzll(quote | stop);
    } while (UNLIKELY(quote));
}

/* The last, short block with spaces behind it. */
INLINE const char *pad(const struct looking *s, char block[BLOCK]) {
    size_t n = s->n_text - s->done;
    memset(block, ' ', BLOCK);
    memcpy(block, s->text + s->done, n);
    return block;
}
INLINE bool goes_on(const struct looking *s, unsigned blocks) {
    return blocks < JSON_INDEX_BLOCKS && s->done < s->n_text && s->n <= JSON_INDEX_QUOTES;
}

INLINE void look(struct json_index *ix, void masks_of(const char *p, struct masks *m),
                 bool usual(const char *p, uint64_t escaped)) {
    char short_block[BLOCK];
    struct looking s = begin_look(ix);
    struct masks m;
    for (unsigned i = 0; goes_on(&s, i); i++, s.done += BLOCK) {
        const char *p = LIKELY(s.n_text - s.done >= BLOCK) ? s.text + s.done : pad(&s, short_block);
        masks_of(p, &m);
        add_quotes(ix, &s, take_masks(ix, &s, &m, p, usual));
    }
    end_look(ix, &s);
}

/* --- plain C --- */

/* Bit i: byte i of v is 0. Exact, unlike swar_zero, whose higher bits may be wrong. */
INLINE uint64_t zero_bytes(uint64_t v) {
    uint64_t low = ~SWAR_HIGHS;
    v = ~(((v & low) + low) | v | low);
    return (v >> 7) * 0x0102040810204080ull >> 56;
}
INLINE uint64_t high_bytes(uint64_t v) {
    return ((v & SWAR_HIGHS) >> 7) * 0x0102040810204080ull >> 56;
}

INLINE void masks_plain(const char *p, struct masks *m) {
    *m = (struct masks){0};
    for (unsigned i = 0; i < BLOCK / 8; i++) {
        uint64_t v = swar_load(p + i * 8);
        m->quote |= zero_bytes(v ^ SWAR_ONES * '"') << i * 8;
        m->backslash |= zero_bytes(v ^ SWAR_ONES * '\\') << i * 8;
        m->control |= zero_bytes(v & SWAR_ONES * 0xe0) << i * 8;
        m->high |= high_bytes(v) << i * 8;
    }
}
INLINE bool usual_plain(const char *p, uint64_t escaped) {
    for (; escaped; escaped &= escaped - 1) {
        char c = p[__builtin_ctzll(escaped)];
        if (c != '\\' && c != '"' && c != '/' && c != 'n' && c != 'r' && c != 't')
            return false;
    }
    return true;
}
static void look_plain(struct json_index *ix) {
    look(ix, masks_plain, usual_plain);
}
static bool utf8_plain(struct str s) {
    const char *p = s.p, *end = s.p + s.n;
    while (p < end) {
        if (end - p >= 8 && !(swar_load(p) & SWAR_HIGHS)) {
            p += 8;
            continue;
        }
        unsigned n = utf8_length(p, end);
        if (!n)
            return false;
        p += n;
    }
    return true;
}

/* --- x86-64 --- */

#if HAVE_X86
/* Every x86-64 has this. */
INLINE void masks_sse2(const char *p, struct masks *m) {
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'),
                  last = _mm_set1_epi8(0x1f);
    *m = (struct masks){0};
    for (unsigned i = 0; i < BLOCK; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *) (const void *) (p + i));
        m->quote |= (uint64_t) (unsigned) _mm_movemask_epi8(_mm_cmpeq_epi8(v, quote)) << i;
        m->backslash |= (uint64_t) (unsigned) _mm_movemask_epi8(_mm_cmpeq_epi8(v, backslash)) << i;
        m->control |=
            (uint64_t) (unsigned) _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(v, last), last))
            << i;
        m->high |= (uint64_t) (unsigned) _mm_movemask_epi8(v) << i;
    }
}
static void look_sse2(struct json_index *ix) {
    look(ix, masks_sse2, usual_plain);
}

/* A usual escape by its two halves of four bits: 2x are " and /; 5x is \; 6x are b f n; 7x are r t.
 * A byte is one when the rows of both halves share a bit. u is not among them. */
#define ESCAPE_LOW 0, 0, 1 | 4 | 8, 0, 8, 0, 4, 0, 0, 0, 0, 0, 2, 0, 4, 1
#define ESCAPE_HIGH 0, 0, 1, 0, 0, 2, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0

#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt")))

AVX2 INLINE uint64_t both(__m256i a, __m256i b) {
    return (uint32_t) _mm256_movemask_epi8(a) | (uint64_t) (uint32_t) _mm256_movemask_epi8(b) << 32;
}
AVX2 INLINE __m256i load32(const char *p) {
    return _mm256_loadu_si256((const __m256i *) (const void *) p);
}
AVX2 INLINE void masks_avx2(const char *p, struct masks *m) {
    __m256i a = load32(p), b = load32(p + 32), quote = _mm256_set1_epi8('"'),
            backslash = _mm256_set1_epi8('\\'), last = _mm256_set1_epi8(0x1f);
    m->quote = both(_mm256_cmpeq_epi8(a, quote), _mm256_cmpeq_epi8(b, quote));
    m->backslash = both(_mm256_cmpeq_epi8(a, backslash), _mm256_cmpeq_epi8(b, backslash));
    m->control = both(_mm256_cmpeq_epi8(_mm256_max_epu8(a, last), last),
                      _mm256_cmpeq_epi8(_mm256_max_epu8(b, last), last));
    m->high = both(a, b);
}
AVX2 INLINE __m256i usual32(const char *p) {
    const __m256i low = _mm256_setr_epi8(ESCAPE_LOW, ESCAPE_LOW),
                  high = _mm256_setr_epi8(ESCAPE_HIGH, ESCAPE_HIGH), nibble = _mm256_set1_epi8(15);
    __m256i v = load32(p);
    v = _mm256_and_si256(
        _mm256_shuffle_epi8(low, v),
        _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble)));
    return _mm256_cmpeq_epi8(v, _mm256_setzero_si256());
}
AVX2 INLINE bool usual_avx2(const char *p, uint64_t escaped) {
    return !(both(usual32(p), usual32(p + 32)) & escaped);
}
AVX2 static void look_avx2(struct json_index *ix) {
    look(ix, masks_avx2, usual_avx2);
}

/* What two neighbouring bytes cannot be, a bit a fault; a pair is at fault when all three tables
 * agree. */
enum {
    TOO_SHORT = 1,       /* a leader, and no continuation */
    TOO_LONG = 2,        /* ASCII, and a continuation */
    OVERLONG_3 = 4,      /* e0 80..9f */
    TOO_LARGE = 8,       /* f4 90 and above */
    SURROGATE = 16,      /* ed a0..bf */
    OVERLONG_2 = 32,     /* c0, c1 */
    TOO_LARGE_1000 = 64, /* f5 and above, 80..8f */
    OVERLONG_4 = 64,     /* f0 80..8f */
    TWO_CONTINUE = 128,  /* two continuations: fine in threes and fours only */
    CARRY = TOO_SHORT | TOO_LONG | TWO_CONTINUE,
};
#define FIRST_HIGH                                                                                 \
    TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG,                \
        (char) TWO_CONTINUE, (char) TWO_CONTINUE, (char) TWO_CONTINUE, (char) TWO_CONTINUE,        \
        TOO_SHORT | OVERLONG_2, TOO_SHORT, TOO_SHORT | OVERLONG_3 | SURROGATE,                     \
        TOO_SHORT | TOO_LARGE | TOO_LARGE_1000 | OVERLONG_4
#define FIRST_LOW                                                                                  \
    (char) (CARRY | OVERLONG_3 | OVERLONG_2 | OVERLONG_4), (char) (CARRY | OVERLONG_2),            \
        (char) CARRY, (char) CARRY, (char) (CARRY | TOO_LARGE),                                    \
        (char) (CARRY | TOO_LARGE | TOO_LARGE_1000), (char) (CARRY | TOO_LARGE | TOO_LARGE_1000),  \
        (char) (CARRY | TOO_LARGE | TOO_LARGE_1000), (char) (CARRY | TOO_LARGE | TOO_LARGE_1000),  \
        (char) (CARRY | TOO_LARGE | TOO_LARGE_1000), (char) (CARRY | TOO_LARGE | TOO_LARGE_1000),  \
        (char) (CARRY | TOO_LARGE | TOO_LARGE_1000), (char) (CARRY | TOO_LARGE | TOO_LARGE_1000),  \
        (char) (CARRY | TOO_LARGE | TOO_LARGE_1000 | SURROGATE),                                   \
        (char) (CARRY | TOO_LARGE | TOO_LARGE_1000), (char) (CARRY | TOO_LARGE | TOO_LARGE_1000)
#define CONTINUES (TOO_LONG | OVERLONG_2 | TWO_CONTINUE)
#define SECOND_HIGH                                                                                \
    TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,        \
        (char) (CONTINUES | OVERLONG_3 | TOO_LARGE_1000 | OVERLONG_4),                             \
        (char) (CONTINUES | OVERLONG_3 | TOO_LARGE), (char) (CONTINUES | SURROGATE | TOO_LARGE),   \
        (char) (CONTINUES | SURROGATE | TOO_LARGE), TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT

/* The last n bytes of `before`, then the first of v. */
#define SHIFTED(v, before, n)                                                                      \
    _mm256_alignr_epi8(v, _mm256_permute2x128_si256(before, v, 0x21), 16 - (n))

AVX2 INLINE __m256i utf8_faults(__m256i v, __m256i before) {
    const __m256i nibble = _mm256_set1_epi8(15),
                  first_high = _mm256_setr_epi8(FIRST_HIGH, FIRST_HIGH),
                  first_low = _mm256_setr_epi8(FIRST_LOW, FIRST_LOW),
                  second_high = _mm256_setr_epi8(SECOND_HIGH, SECOND_HIGH);
    __m256i one = SHIFTED(v, before, 1);
    __m256i pairs = _mm256_and_si256(
        _mm256_and_si256(
            _mm256_shuffle_epi8(first_high, _mm256_and_si256(_mm256_srli_epi16(one, 4), nibble)),
            _mm256_shuffle_epi8(first_low, _mm256_and_si256(one, nibble))),
        _mm256_shuffle_epi8(second_high, _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble)));
    /* The third byte of a three and the third and fourth of a four must be a second continuation,
     * others must not: the leaders two and three before say so with their highest bit. */
    __m256i third = _mm256_subs_epu8(SHIFTED(v, before, 2), _mm256_set1_epi8((char) (0xe0 - 0x80))),
            fourth =
                _mm256_subs_epu8(SHIFTED(v, before, 3), _mm256_set1_epi8((char) (0xf0 - 0x80)));
    __m256i must = _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8((char) 0x80));
    return _mm256_xor_si256(must, pairs);
}

AVX2 static bool utf8_avx2(struct str s) {
    char last[32] = {0};
    __m256i before = _mm256_setzero_si256(), faults = before;
    int high_before = 0, high;
    size_t i = 0;
    for (; s.n - i >= 32; i += 32, high_before = high) {
        __m256i v = load32(s.p + i);
        high = _mm256_movemask_epi8(v);
        if (high | high_before) /* in most texts, most blocks are ASCII behind ASCII */
            faults = _mm256_or_si256(faults, utf8_faults(v, before));
        before = v;
    }
    /* Zeros behind the text: a sequence that is cut off is at fault there; a second round for what
     * is cut at the very end of a whole block. */
    if (s.n > i)
        memcpy(last, s.p + i, s.n - i);
    __m256i v = load32(last);
    faults = _mm256_or_si256(faults, utf8_faults(v, before));
    faults = _mm256_or_si256(faults, utf8_faults(_mm256_setzero_si256(), v));
    return _mm256_testz_si256(faults, faults);
}

#define AVX512                                                                                     \
    __attribute__((target("avx512f,avx512bw,avx512vbmi,avx512vbmi2,avx2,bmi,bmi2,popcnt,lzcnt")))

AVX512 INLINE void masks_avx512(__m512i v, struct masks *m) {
    m->quote = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('"'));
    m->backslash = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\\'));
    m->control = _mm512_cmplt_epu8_mask(v, _mm512_set1_epi8(0x20));
    m->high = _mm512_movepi8_mask(v);
}
AVX512 INLINE bool usual_avx512(const char *p, uint64_t escaped) {
    const __m512i low = _mm512_broadcast_i32x4(_mm_setr_epi8(ESCAPE_LOW)),
                  high = _mm512_broadcast_i32x4(_mm_setr_epi8(ESCAPE_HIGH)),
                  nibble = _mm512_set1_epi8(15);
    __m512i v = _mm512_loadu_si512(p);
    __mmask64 known = _mm512_test_epi8_mask(
        _mm512_shuffle_epi8(low, v),
        _mm512_shuffle_epi8(high, _mm512_and_si512(_mm512_srli_epi16(v, 4), nibble)));
    return !(escaped & ~known);
}
/* The places of the quotes are what is left of 0, 1, … 63 when the others are taken out; 16 of them
 * are written whatever their number. */
AVX512 INLINE void add_quotes_avx512(struct json_index *ix, struct looking *s, uint64_t quote, __m512i iota) {
    __m512i places = _mm512_maskz_compress_epi8(quote, iota), from = _mm512_set1_epi32((int) s->done);
    unsigned n = (unsigned) __builtin_popcountll(quote);
    uint32_t *to = ix->at + s->n;
    s->n += n;
    _mm512_storeu_si512(
        to, _mm512_add_epi32(from, _mm512_cvtepu8_epi32(_mm512_castsi512_si128(places))));
    if (UNLIKELY(n > 16)) {
        _mm512_storeu_si512(
            to + 16,
            _mm512_add_epi32(from, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(places, 1))));
        _mm512_storeu_si512(
            to + 32,
            _mm512_add_epi32(from, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(places, 2))));
        _mm512_storeu_si512(
            to + 48,
            _mm512_add_epi32(from, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(places, 3))));
    }
}
AVX512 static void look_avx512(struct json_index *ix) {
    char short_block[BLOCK];
    unsigned char count[BLOCK];
    for (unsigned i = 0; i < BLOCK; i++)
        count[i] = (unsigned char) i;
    const __m512i iota = _mm512_loadu_si512(count);
    struct looking s = begin_look(ix);
    struct masks m;
    for (unsigned i = 0; goes_on(&s, i); i++, s.done += BLOCK) {
        const char *p = LIKELY(s.n_text - s.done >= BLOCK) ? s.text + s.done : pad(&s, short_block);
        masks_avx512(_mm512_loadu_si512(p), &m);
        add_quotes_avx512(ix, &s, take_masks(ix, &s, &m, p, usual_avx512), iota);
    }
    end_look(ix, &s);
}
/* What a letter behind a backslash means, by its low six bits. */
static const char letter_means[BLOCK] = {
    ['b' & 63] = '\b', ['f' & 63] = '\f', ['n' & 63] = '\n', ['r' & 63] = '\r', ['t' & 63] = '\t'};
/* The same 64 bytes at a time: escaping backslashes are taken out, letters made small. */
AVX512 static size_t flatten_avx512(char *to, struct str raw, bool lower, bool *high) {
    const __m512i backslash = _mm512_set1_epi8('\\'), quote = _mm512_set1_epi8('"'),
                  slash = _mm512_set1_epi8('/'), a = _mm512_set1_epi8('A'),
                  alphabet = _mm512_set1_epi8(26), apart = _mm512_set1_epi8('a' - 'A'),
                  means = _mm512_loadu_si512(letter_means);
    char *o = to;
    uint64_t carry = 0, highs = 0;
    for (size_t i = 0; i < raw.n; i += BLOCK) {
        uint64_t here = raw.n - i >= BLOCK ? ~UINT64_C(0) : (UINT64_C(1) << (raw.n - i)) - 1;
        __m512i v = _mm512_maskz_loadu_epi8(here, raw.p + i);
        uint64_t backslashes = _mm512_cmpeq_epi8_mask(v, backslash), keep = here;
        highs |= _mm512_movepi8_mask(v);
        if (backslashes | carry) {
            uint64_t escaped = escaped_by(backslashes, &carry);
            uint64_t letters = escaped & here & ~(backslashes | _mm512_cmpeq_epi8_mask(v, quote) | _mm512_cmpeq_epi8_mask(v, slash));
            if (UNLIKELY(letters)) {
                if (_mm512_mask_cmpeq_epi8_mask(letters, v, _mm512_set1_epi8('u')))
                    return SIZE_MAX;
                v = _mm512_mask_permutexvar_epi8(v, letters, v, means);
            }
            keep &= ~(backslashes & ~escaped);
        }
        if (lower)
            v = _mm512_mask_add_epi8(v, _mm512_cmplt_epu8_mask(_mm512_sub_epi8(v, a), alphabet), v,
                                     apart);
        _mm512_storeu_si512(o, _mm512_maskz_compress_epi8(keep, v));
        o += __builtin_popcountll(keep);
    }
    *high = highs != 0;
    return (size_t) (o - to);
}
static bool has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
}
static bool has_avx512(void) {
    return has_avx2() && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2");
}
#endif

/* --- the choice --- */

static bool always(void) {
    return true;
}
static const struct code {
    const char *name;
    bool (*here)(void);
    void (*look)(struct json_index *ix);
    bool (*utf8)(struct str text);
    size_t (*flatten)(char *to, struct str raw, bool lower, bool *high); /* NULL: the long way */
} codes[] = {
#if HAVE_X86
    {"avx512", has_avx512, look_avx512, utf8_avx2, flatten_avx512},
    {"avx2", has_avx2, look_avx2, utf8_avx2, NULL},
    {"sse2", always, look_sse2, utf8_plain, NULL},
#endif
    {"plain", always, look_plain, utf8_plain, NULL},
};
static const struct code *_Atomic chosen;

bool json_index_use(const char *name) {
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
        if (strcmp(codes[i].name, name) == 0 && codes[i].here()) {
            atomic_store_explicit(&chosen, &codes[i], memory_order_relaxed);
            return true;
        }
    return false;
}

static __attribute__((noinline)) const struct code *choose(void) {
    const char *wanted = getenv("KIZUKI_JSON");
    size_t i = 0;
    if (!wanted || !json_index_use(wanted)) {
        while (!codes[i].here())
            i++;
        atomic_store_explicit(&chosen, &codes[i], memory_order_relaxed);
    }
    return atomic_load_explicit(&chosen, memory_order_relaxed);
}

static inline const struct code *code(void) {
    const struct code *c = atomic_load_explicit(&chosen, memory_order_relaxed);
    return LIKELY(c != NULL) ? c : choose();
}

const char *json_index_code(void) {
    return code()->name;
}

bool json_index_utf8(struct str text) {
    return !text.n || code()->utf8(text);
}

size_t json_index_flatten(char *to, struct str raw, bool lower, bool *high) {
    const struct code *c = code();
    return c->flatten ? c->flatten(to, raw, lower, high) : SIZE_MAX;
}

/* Where the text stops being UTF-8. */
static size_t utf8_fault(struct str s) {
    const char *p = s.p, *end = s.p + s.n;
    for (unsigned n; p < end && (n = utf8_length(p, end)) > 0;)
        p += n;
    return (size_t) (p - s.p);
}

static void look_on(struct json_index *ix) {
    const struct code *c = code();
    struct str text = str_n(ix->text, ix->n_text);
    bool was_high = ix->high;
    ix->from = ix->done;
    c->look(ix);
    /* Once, and whole: a part may end inside a character. */
    if (UNLIKELY(ix->high && !was_high) && !c->utf8(text))
        note_bad(ix, utf8_fault(text));
    if (UNLIKELY(ix->bad_at < ix->done))
        while (ix->n && ix->at[ix->n - 1] >= ix->bad_at)
            ix->n--;
}

void json_index_begin(struct json_index *ix, struct str text) {
    ix->text = text.p ? text.p : "";
    ix->n_text = text.n;
    ix->done = ix->from = 0;
    ix->escaped_first = ix->in_string = 0;
    ix->n = 0;
    ix->high = ix->unicode = false;
    ix->bad_at = text.n > UINT32_MAX ? 0 : SIZE_MAX;
    if (ix->bad_at)
        look_on(ix);
}

bool json_index_more(struct json_index *ix, uint32_t keep) {
    if (ix->done >= ix->n_text || ix->bad_at <= ix->done)
        return false;
    memmove(ix->at, ix->at + keep, (ix->n - keep) * sizeof *ix->at);
    ix->n -= keep;
    look_on(ix);
    return true;
}
