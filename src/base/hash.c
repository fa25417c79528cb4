#include "base/hash.h"

#include <endian.h>
#include <errno.h>
#include <nettle/sha2.h>
/* nettle renames these by macro; ours have the same short names. */
#undef sha256_init
#include <pthread.h>
#include <sys/random.h>

_Static_assert(sizeof(struct sha256_ctx) <= sizeof(((struct sha256 *) 0)->state), "sha256 state");

static uint64_t load64(const char *p) {
    uint64_t v;
    memcpy(&v, p, 8);
    return le64toh(v);
}
static uint64_t load32(const char *p) {
    uint32_t v;
    memcpy(&v, p, 4);
    return le32toh(v);
}
/* The last one to seven bytes, by reads that overlap: copying so few is a call into libc, and most words are that short. */
static inline uint64_t load_tail(const char *p, size_t n) {
    if (n >= 4)
        return load32(p) | load32(p + n - 4) << 8 * (n - 4);
    return (uint64_t) (uint8_t) p[0] | (uint64_t) (uint8_t) p[n / 2] << 8 * (n / 2) | (uint64_t) (uint8_t) p[n - 1] << 8 * (n - 1);
}

#define ROTL(x, b) (((x) << (b)) | ((x) >> (64 - (b))))
static inline void sip_round(uint64_t v[4]) {
    v[0] += v[1];
    v[1] = ROTL(v[1], 13) ^ v[0];
    v[0] = ROTL(v[0], 32);
    v[2] += v[3];
    v[3] = ROTL(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = ROTL(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = ROTL(v[1], 17) ^ v[2];
    v[2] = ROTL(v[2], 32);
}

uint64_t hash_sip_key(struct str s, const uint8_t key[16]) {
    uint64_t k0 = load64((const char *) key), k1 = load64((const char *) key + 8);
    uint64_t v[4] = {k0 ^ 0x736f6d6570736575ull, k1 ^ 0x646f72616e646f6dull,
                     k0 ^ 0x6c7967656e657261ull, k1 ^ 0x7465646279746573ull};
    size_t i = 0;
    for (; i + 8 <= s.n; i += 8) {
        uint64_t m = load64(s.p + i);
        v[3] ^= m;
        sip_round(v);
        sip_round(v);
        v[0] ^= m;
    }
    uint64_t last = (uint64_t) s.n << 56;
    if (s.n > i)
        last |= load_tail(s.p + i, s.n - i);
    v[3] ^= last;
    sip_round(v);
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (int r = 0; r < 4; r++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static uint8_t process_key[16];
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
void hash_random_key(uint8_t ret[16]) {
    ssize_t n = getrandom(ret, 16, 0);
    ASSERT(n == 16);
}
static void make_key(void) {
    hash_random_key(process_key);
}

uint64_t hash_sip(struct str s) {
    pthread_once(&key_once, make_key);
    return hash_sip_key(s, process_key);
}

uint64_t hash_fast(struct str s, uint64_t seed) {
    uint64_t h = hash_mix(seed ^ 0xa0761d6478bd642full, (uint64_t) s.n);
    size_t i = 0;
    for (; i + 16 <= s.n; i += 16)
        h = hash_mix(load64(s.p + i) ^ h, load64(s.p + i + 8));
    if (s.n - i >= 8) {
        h = hash_mix(h ^ load64(s.p + i), 0x8ebc6af09c88c6e3ull);
        i += 8;
    }
    if (s.n > i)
        h = hash_mix(h ^ load_tail(s.p + i, s.n - i), 0x589965cc75374cc3ull);
    return hash_mix(h, 0x1d8e4e27c47d124full);
}

#if defined(__x86_64__)
#include <nmmintrin.h>
__attribute__((target("sse4.2"))) static uint32_t crc_hw(uint32_t crc, const unsigned char *p,
                                                         size_t n) {
    uint64_t c = crc;
    for (; n >= 8; n -= 8, p += 8)
        c = _mm_crc32_u64(c, load64((const char *) p));
    for (; n; n--, p++)
        c = _mm_crc32_u8((uint32_t) c, *p);
    return (uint32_t) c;
}
#endif

static uint32_t crc_soft(uint32_t crc, const unsigned char *p, size_t n) {
    for (; n; n--, p++) {
        crc ^= *p;
        for (int k = 0; k < 8; k++)
            crc = (crc >> 1) ^ (0x82f63b78u & (0u - (crc & 1u)));
    }
    return crc;
}

uint32_t crc32c_plain(uint32_t crc, const void *p, size_t n) {
    return ~crc_soft(~crc, p, n);
}

uint32_t crc32c(uint32_t crc, const void *p, size_t n) {
    crc = ~crc;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2"))
        return ~crc_hw(crc, p, n);
#endif
    return ~crc_soft(crc, p, n);
}

void sha256_init(struct sha256 *h) {
    nettle_sha256_init((struct sha256_ctx *) h->state);
}
void sha256_add(struct sha256 *h, struct str s) {
    nettle_sha256_update((struct sha256_ctx *) h->state, s.n, (const uint8_t *) s.p);
}
void sha256_end(struct sha256 *h, uint8_t out[SHA256_BYTES]) {
    nettle_sha256_digest((struct sha256_ctx *) h->state, SHA256_BYTES, out);
}
void sha256_of(struct str s, uint8_t out[SHA256_BYTES]) {
    struct sha256 h;
    sha256_init(&h);
    sha256_add(&h, s);
    sha256_end(&h, out);
}

void hex_encode(const uint8_t *p, size_t n, char *dst) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        dst[2 * i] = digits[p[i] >> 4];
        dst[2 * i + 1] = digits[p[i] & 15];
    }
    dst[2 * n] = 0;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int hex_decode(struct str hex, uint8_t *dst, size_t n) {
    if (hex.n != 2 * n)
        return -EINVAL;
    for (size_t i = 0; i < n; i++) {
        int hi = hex_digit(hex.p[2 * i]), lo = hex_digit(hex.p[2 * i + 1]);
        if (hi < 0 || lo < 0)
            return -EINVAL;
        dst[i] = (uint8_t) (hi << 4 | lo);
    }
    return 0;
}
