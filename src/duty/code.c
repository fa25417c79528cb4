/* See code.h. The check character is a Luhn sum modulo 32 over the characters before it: any one wrong character and most
 * swaps of neighbours are noticed. */
#include "duty/code.h"

#include "base/hash.h"
#include "base/sign.h"

#define CHARS 16
static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* Crockford's: no I, L, O, U */

static void hmac(const uint8_t key[32], struct str a, struct str b, uint8_t out[SHA256_BYTES]) {
    uint8_t pad[64] = {0}, inner[SHA256_BYTES];
    struct sha256 h;
    memcpy(pad, key, 32);
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36;
    sha256_init(&h);
    sha256_add(&h, str_n((const char *) pad, sizeof pad));
    sha256_add(&h, a);
    sha256_add(&h, b);
    sha256_end(&h, inner);
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    sha256_init(&h);
    sha256_add(&h, str_n((const char *) pad, sizeof pad));
    sha256_add(&h, str_n((const char *) inner, sizeof inner));
    sha256_end(&h, out);
}

void duty_code_key_of(struct str secret, struct duty_code_key *ret) {
    uint8_t first[32];
    sha256_of(secret, first);
    hmac(first, STR("kizuki/sheet/1"), STR(""), ret->bytes);
}

static unsigned check_of(const uint8_t v[CHARS - 1]) {
    unsigned sum = 0;
    for (size_t i = 0; i < CHARS - 1; i++) { /* from the left; the last before the check is doubled */
        unsigned x = v[i] * ((CHARS - 2 - i) % 2 == 0 ? 2u : 1u);
        sum += x / 32 + x % 32;
    }
    return (32 - sum % 32) % 32;
}

void duty_code_make(const struct duty_code_key *k, uint32_t number, struct str meaning, char dst[DUTY_CODE_CAP]) {
    uint8_t mac[SHA256_BYTES], v[CHARS];
    char head[16];
    int n = snprintf(head, sizeof head, "%u\n", number);
    hmac(k->bytes, str_n(head, (size_t) n), meaning, mac);
    uint64_t bits = 0;
    for (int i = 0; i < 7; i++)
        bits = bits << 8 | mac[i];
    for (int i = 0; i < 5; i++)
        v[i] = number >> (20 - 5 * i) & 31;
    for (int i = 0; i < 10; i++)
        v[5 + i] = bits >> (51 - 5 * i) & 31; /* the top 50 of 56 bits */
    v[CHARS - 1] = (uint8_t) check_of(v);
    char *p = dst;
    for (int i = 0; i < CHARS; i++) {
        if (i && i % 4 == 0)
            *p++ = '-';
        *p++ = letters[v[i]];
    }
    *p = 0;
}

static int value_of(char c) {
    c = c >= 'a' && c <= 'z' ? (char) (c - 32) : c;
    c = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
    const char *at = c ? strchr(letters, c) : NULL;
    return at ? (int) (at - letters) : -1;
}

int duty_code_read(struct str typed, uint32_t *ret_number, char ret_clean[DUTY_CODE_CAP], struct diag *reterr) {
    uint8_t v[CHARS];
    size_t n = 0;
    for (size_t i = 0; i < typed.n; i++) {
        if (typed.p[i] == '-' || typed.p[i] == ' ')
            continue;
        int x = value_of(typed.p[i]);
        if (x < 0 || n == CHARS)
            return diag_set(reterr, -ERR_PARSE, "a code has %d letters and digits in groups of four", CHARS);
        v[n++] = (uint8_t) x;
    }
    if (n != CHARS)
        return diag_set(reterr, -ERR_PARSE, "a code has %d letters and digits in groups of four; this has %zu", CHARS, n);
    if (check_of(v) != v[CHARS - 1])
        return diag_set(reterr, -ERR_PARSE, "a character of the code is mistyped; compare it with the sheet");
    *ret_number = 0;
    for (int i = 0; i < 5; i++)
        *ret_number = *ret_number << 5 | v[i];
    char *p = ret_clean;
    for (int i = 0; i < CHARS; i++) {
        if (i && i % 4 == 0)
            *p++ = '-';
        *p++ = letters[v[i]];
    }
    *p = 0;
    return 0;
}

bool duty_code_matches(const struct duty_code_key *k, uint32_t number, struct str meaning, const char clean[DUTY_CODE_CAP]) {
    char want[DUTY_CODE_CAP];
    duty_code_make(k, number, meaning, want);
    return sign_equal(str_of(want), str_of(clean));
}
