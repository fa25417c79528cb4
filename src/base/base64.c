#include "base/base64.h"

#include <sodium.h>

void base64_encode(const uint8_t *p, size_t n, char *dst) {
    sodium_bin2base64(dst, BASE64_CHARS(n) + 1, p, n, sodium_base64_VARIANT_ORIGINAL);
}

int base64_decode(struct str s, uint8_t *dst, size_t n) {
    size_t got;
    /* libsodium 1.0.18 takes 0xaf for '/': one value would have many spellings. */
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char) s.p[i] >= 0x80)
            return -ERR_PARSE;
    if (sodium_base642bin(dst, n, s.p, s.n, NULL, &got, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
        return -ERR_PARSE;
    return got == n ? 0 : -ERR_PARSE;
}
