/* The inner loops of matching, 64 bytes at a time where the processor can (AVX-512 with VBMI), or 32 (AVX2), else in
 * plain C. One set is chosen when a matcher is made; all find the same, which the unit tests
 * hold them to. Nothing is read outside the bytes given: tails are masked, so values need no padding.
 *
 * Places are found in portions: each call goes on at *at and stops when `out` is full. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KERNEL_PLACES_MAX = 64 };

/* What a literal is looked for by: two of its bytes that are rare in logs. */
struct kernel_rare {
    uint8_t first, second; /* offsets; equal for one byte */
    char a, b;             /* what stands there */
};
struct kernel_rare kernel_rare_of(const char *lit, size_t n);
double kernel_byte_share(char c); /* of the bytes of a log, about */

/* Up to sixteen groups of four-byte patterns, as one table for each of the four bytes: in which groups the
 * byte may stand there. A place passes when one group allows all four: never too few, sometimes too many.
 * Patterns shorter than four bytes allow everything behind their end. Bytes are told apart by their low
 * six bits, because one register of 64 bytes holds such a table, or (AVX2) by each half of eight apart. What would
 * pass is looked at once more by seven bits of its first byte: a space is like "`" in six, and "n" like ".". */
struct kernel_filter {
    uint8_t groups[2][4][64];
    uint8_t low[2][4][16], high[2][4][16];
    uint8_t first[128]; /* 0xff: some pattern begins with it */
    unsigned halves; /* 1: eight groups, 2: sixteen */
    unsigned min;    /* length of the shortest pattern */
};
/* The byte b may stand at place k (of four) in this group (of sixteen). */
static inline void kernel_filter_allow(struct kernel_filter *f, unsigned group, unsigned k, unsigned b) {
    uint8_t bit = (uint8_t) (1u << group % 8);
    f->groups[group / 8][k][b & 63] |= bit;
    if (k == 0)
        f->first[b & 127] = 0xff;
    f->low[group / 8][k][b & 15] |= bit;
    f->high[group / 8][k][b >> 4] |= bit;
}
/* Patterns are n × 4 bytes, in an order in which alike ones stand together; lengths may be NULL (all
 * four). A byte b stands for the pattern's byte when (b | fold) equals it. */
void kernel_filter_make(struct kernel_filter *f, const unsigned char *patterns, const uint8_t *lengths,
                        size_t n, unsigned char fold);

/* 0xff for those of it. */
struct kernel_class {
    uint8_t bytes[128];
};

/* A bitmap over hashes of four bytes: each sets three bits of one word, so that a table a quarter as large lets no more
 * pass than one with a bit each, and stays in the first cache. */
struct kernel_bitmap {
    const uint32_t *words; /* 1 << log */
    uint32_t log;          /* KERNEL_BITMAP_LOG_MIN to MAX */
    uint32_t fold;         /* set in each four bytes first */
    uint32_t step;         /* 1: four bytes from each place; KERNEL_STEP: from every fourth */
};
enum { KERNEL_STEP = 4 };
enum { KERNEL_BITMAP_LOG_MIN = 5, KERNEL_BITMAP_LOG_MAX = 15 };
static inline uint32_t kernel_gram_hash(uint32_t gram) {
    return gram * 0x9e3779b1u;
}
/* Of the hash: which word (its first bits), and which bits of it (the next ones). */
static inline uint32_t kernel_bitmap_word(uint32_t hash, uint32_t log) {
    return hash >> (32 - log);
}
static inline uint32_t kernel_bitmap_bits(uint32_t hash) {
    hash ^= hash >> 15;
    return 1u << (hash >> 12 & 31) | 1u << (hash >> 7 & 31) | 1u << (hash >> 2 & 31);
}

enum { KERNEL_HIGH = 1, KERNEL_OPAQUE = 2, KERNEL_U = 4 };
struct kernel {
    const char *name;
    bool (*contains)(const char *v, size_t n, const char *lit, size_t n_lit, struct kernel_rare rare);
    /* ASCII letters lowered; true when a byte is not ASCII */
    bool (*lower)(char *to, const char *p, size_t n);
    /* KERNEL_HIGH: other bytes than ASCII; KERNEL_OPAQUE: NUL or ESC; KERNEL_U: a u behind a backslash that is not
     * itself behind one (C:\\users has none) */
    unsigned (*look)(const char *p, size_t n);
    /* where the last '\\' or '/' stands; 0 when none does */
    size_t (*component)(const char *p, size_t n);
    /* which of up to 64 bytes, all ASCII, are of the class */
    uint64_t (*members)(const struct kernel_class *c, const char *p, size_t n);
    size_t (*bitmap)(const struct kernel_bitmap *b, const char *v, size_t n, size_t *at,
                     uint32_t out[KERNEL_PLACES_MAX]);
    bool filter_first; /* a filter is quicker than a bitmap */
    size_t (*filter)(const struct kernel_filter *f, const char *v, size_t n, size_t *at,
                     uint32_t out[KERNEL_PLACES_MAX]);
};
const struct kernel *kernel_plain(void);
/* For this processor; another one where the environment says KIZUKI_KERNEL=plain or avx2. */
const struct kernel *kernel_best(void);
const struct kernel *kernel_avx512(void); /* NULL where it cannot run, likewise: */
const struct kernel *kernel_avx2(void);
