/* Hostile checkpoints, also rightly signed ones: reading ends with a code, and what is accepted is written again with
 * the same meaning. */
#include "spool/checkpoint.h"

#include <sodium.h>

static struct sign_secret secret;
static struct sign_public public;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void make_keys(void) {
    static const unsigned char seed[crypto_sign_SEEDBYTES] = {1, 2, 3};
    uint8_t sum[SHA256_BYTES];
    ASSERT(sodium_init() >= 0);
    crypto_sign_seed_keypair(public.bytes, secret.bytes, seed);
    sha256_of(str_n((const char *) public.bytes, sizeof public.bytes), sum);
    hex_encode(sum, SIGN_FINGERPRINT_CHARS / 2, public.fingerprint);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct str in = str_n((const char *) data, size);
    struct spool_checkpoint c, again;
    struct buf b, out;
    struct diag d;
    if (!public.fingerprint[0])
        make_keys();
    ASSERT(spool_checkpoint_read(in, &public, &c, &d) < 0);
    buf_init(&b, size + 1024);
    buf_init(&out, CHECKPOINT_BYTES_MAX);
    if (sign_note(&secret, &public, "kizuki/spool/00112233445566778899aabbccddeeff", in, &b) == 0 &&
        spool_checkpoint_read(buf_str(&b), &public, &c, &d) == 0) {
        ASSERT(spool_checkpoint_write(&c, &secret, &public, &out) == 0);
        ASSERT(spool_checkpoint_read(buf_str(&out), &public, &again, &d) == 0);
        ASSERT(c.size == again.size && c.segment == again.segment &&
               memcmp(&c.root, &again.root, sizeof c.root) == 0);
    }
    buf_done(&out);
    buf_done(&b);
    return 0;
}
