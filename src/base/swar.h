/* Eight bytes at a time in plain C. Each test gives a mask with the high bit of every byte that
 * matches; bits above the first true one may be false (a borrow runs upwards), so only the lowest
 * is exact. The words are little-endian, so that the lowest set bit belongs to the first byte. */
#pragma once
#include <endian.h>
#include <stdint.h>
#include <string.h>

#define SWAR_ONES 0x0101010101010101ull
#define SWAR_HIGHS 0x8080808080808080ull

static inline uint64_t swar_load(const char *p) {
    uint64_t v;
    memcpy(&v, p, 8);
    return le64toh(v);
}
static inline uint64_t swar_zero(uint64_t v) {
    return (v - SWAR_ONES) & ~v & SWAR_HIGHS;
}
static inline uint64_t swar_equal(uint64_t v, unsigned char c) {
    return swar_zero(v ^ (SWAR_ONES * c));
}
/* Bytes below c, c at most 128. */
static inline uint64_t swar_below(uint64_t v, unsigned char c) {
    return (v - SWAR_ONES * c) & ~v & SWAR_HIGHS;
}
/* What ends a plain run inside a JSON string: quote, backslash, control byte, anything not ASCII.
 */
static inline uint64_t swar_json_special(uint64_t v) {
    return swar_equal(v, '"') | swar_equal(v, '\\') | swar_below(v, 0x20) | (v & SWAR_HIGHS);
}
/* Index of the first byte a mask marks; the mask is not 0. */
static inline unsigned swar_first(uint64_t mask) {
    return (unsigned) __builtin_ctzll(mask) >> 3;
}
