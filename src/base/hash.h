/* Hashes, each for its own purpose:
 *   hash_sip    SipHash-2-4 with this process's random key: tables whose keys come from outside
 *   hash_fast   unkeyed 64-bit mixing: our own trusted tables and identities that must be stable across
 *               runs (finding ids, value sets whose growth is bounded); not collision resistant
 *   crc32c      Castagnoli, RFC 3720 appendix B.4: frames on disk
 *   sha256      FIPS 180-4 (Nettle): everything signed or chained */
#pragma once
#include "base/str.h"

uint64_t hash_sip(struct str s);
/* SipHash-2-4 with a given 16-byte key, for tests against the reference vectors. */
uint64_t hash_sip_key(struct str s, const uint8_t key[16]);
void hash_random_key(uint8_t ret[16]); /* for tables and hashes with a life of their own */
uint64_t hash_fast(struct str s, uint64_t seed);
static inline uint64_t hash_mix(uint64_t a, uint64_t b) {
    __extension__ unsigned __int128 m =
        (unsigned __int128) (a ^ 0x9e3779b97f4a7c15ull) * (b ^ 0xe7037ed1a0b428dbull);
    return (uint64_t) m ^ (uint64_t) (m >> 64);
}
uint32_t crc32c(uint32_t crc, const void *p, size_t n); /* start with 0 */
/* The same without the processor's instruction: what machines without it get. */
uint32_t crc32c_plain(uint32_t crc, const void *p, size_t n);
#define SHA256_BYTES 32
struct sha256 {
    _Alignas(16) unsigned char state[128];
};
void sha256_init(struct sha256 *h);
void sha256_add(struct sha256 *h, struct str s);
void sha256_end(struct sha256 *h, uint8_t out[SHA256_BYTES]);
void sha256_of(struct str s, uint8_t out[SHA256_BYTES]);
/* Lower-case hex, 2*n characters and a NUL into dst. */
void hex_encode(const uint8_t *p, size_t n, char *dst);
int hex_decode(struct str hex, uint8_t *dst, size_t n) MUST_USE; /* exactly n bytes or -EINVAL */
