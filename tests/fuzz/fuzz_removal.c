/* Notes of removals: what is signed and read covers its records exactly, and is written the same again. */
#include "spool/removal.h"

#include <sodium.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The text under a signature of our own: what a thief of the key could write. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct sign_secret key;
    static struct sign_public pub;
    static const unsigned char seed[crypto_sign_SEEDBYTES] = "removal";
    struct spool_removal x, again;
    struct buf note, twice;
    if (!pub.fingerprint[0]) {
        uint8_t bytes[32];
        ASSERT(sodium_init() >= 0);
        crypto_sign_seed_keypair(bytes, key.bytes, seed);
        sign_public_of(bytes, &pub);
    }
    IGNORE(spool_removal_read(str_n((const char *) data, size), &pub, &x, NULL));
    buf_init(&note, 1 << 20);
    buf_init(&twice, 1 << 20);
    if (sign_note(&key, &pub, "kizuki/removed/00112233445566778899aabbccddeeff", str_n((const char *) data, size), &note) == 0 &&
        spool_removal_read(buf_str(&note), &pub, &x, NULL) == 0) {
        uint64_t n = 0;
        for (uint32_t i = 0; i < x.n; i++)
            n += 1ull << x.nodes[i].level;
        ASSERT(n == x.to - x.from + 1 && x.segment);
        if (spool_removal_write(&x, &key, &pub, &twice) == 0)
            ASSERT(spool_removal_read(buf_str(&twice), &pub, &again, NULL) == 0 && again.n == x.n && again.to == x.to);
    }
    buf_done(&note);
    buf_done(&twice);
    return 0;
}
