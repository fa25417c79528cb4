/* Seeded random numbers for replays: xoshiro256** (Blackman and Vigna), seeded through splitmix64. The same
 * seed gives the same story on every machine. Never for secrets. */
#pragma once
#include <stdint.h>

struct rng {
    uint64_t s[4];
};
static inline void rng_seed(struct rng *r, uint64_t seed) {
    for (int i = 0; i < 4; i++) {
        uint64_t z = (seed += 0x9e3779b97f4a7c15ull);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
        r->s[i] = z ^ (z >> 31);
    }
}
static inline uint64_t rng_next(struct rng *r) {
    uint64_t *s = r->s, m = s[1] * 5, t = s[1] << 17;
    uint64_t out = ((m << 7) | (m >> 57)) * 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 45) | (s[3] >> 19);
    return out;
}
/* 0 … n-1; n > 0. The bias of the multiply is below 2^-32 for the n used here. */
static inline uint32_t rng_below(struct rng *r, uint32_t n) {
    return (uint32_t) (((rng_next(r) >> 32) * n) >> 32);
}
/* 0 <= x < 1 */
static inline double rng_unit(struct rng *r) {
    return (double) (rng_next(r) >> 11) * 0x1.0p-53;
}
