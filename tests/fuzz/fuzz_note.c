/* A signed note opens to its text; with one bit changed, or made up, it does not open. */
#include "base/hash.h"
#include "base/sign.h"

#include <sodium.h>

static struct sign_secret secret;
static struct sign_public public;

static void make_keys(void) {
    static const unsigned char seed[crypto_sign_SEEDBYTES] = {1, 2, 3};
    uint8_t sum[SHA256_BYTES];
    ASSERT(sodium_init() >= 0);
    crypto_sign_seed_keypair(public.bytes, secret.bytes, seed);
    sha256_of(str_n((const char *) public.bytes, sizeof public.bytes), sum);
    hex_encode(sum, SIGN_FINGERPRINT_CHARS / 2, public.fingerprint);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct str in = str_n((const char *) data, size), text;
    struct buf b;
    struct diag d;
    if (!public.fingerprint[0])
        make_keys();
    ASSERT(sign_open_note(&public, SIGN_ORDER, in, &text, &d) < 0);
    buf_init(&b, size + 1024);
    if (sign_note(&secret, &public, SIGN_ORDER, in, &b) == 0) {
        ASSERT(sign_open_note(&public, SIGN_ORDER, buf_str(&b), &text, &d) == 0 && str_eq(text, in));
        ASSERT(sign_open_note(&public, "other", buf_str(&b), &text, &d) == -ERR_REFUSED);
        size_t bit = hash_fast(in, 0) % (b.n * 8);
        b.p[bit / 8] ^= (char) (1 << bit % 8);
        ASSERT(sign_open_note(&public, SIGN_ORDER, buf_str(&b), &text, &d) < 0);
    }
    buf_done(&b);
    return 0;
}
