#include "unit.h"

#include "base/hash.h"

#include <errno.h>

/* SipHash-2-4 with key 00 01 … 0f over 00 01 … (n-1): the designers' vectors. */
static void sip_agrees_with_the_reference(void **state UNUSED) {
    static const uint64_t want[] = {
        0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a, 0x85676696d7fb7e2d,
        0xcf2794e0277187b7, 0x18765564cd99a68d, 0xcbc9466e58fee3ce, 0xab0200f58b01d137,
        0x93f5f5799a932462, 0x9e0082df0ba9e4b0, 0x7a5dbbc594ddb9f3, 0xf4b32f46226bada7,
        0x751e8fbc860ee5fb, 0x14ea5627c0843d90, 0xf723ca908e7af2ee, 0xa129ca6149be45e5,
    };
    uint8_t key[16];
    char in[16];
    for (int i = 0; i < 16; i++)
        in[i] = (char) (key[i] = (uint8_t) i);
    for (size_t n = 0; n < ARRAY_SIZE(want); n++)
        assert_true(hash_sip_key(str_n(in, n), key) == want[n]);
}

static void the_process_key_is_kept(void **state UNUSED) {
    assert_true(hash_sip(STR("x")) == hash_sip(STR("x")));
    assert_true(hash_sip(STR("x")) != hash_sip_key(STR("x"), (const uint8_t[16]){0}));
}

/* Stored identities hang on it: these values must never change. */
static void fast_is_the_same_for_ever(void **state UNUSED) {
    static const struct {
        const char *z;
        uint64_t want;
    } rows[] = {{"", 0x205f909cf68c2326},
                {"a", 0x8e62a662755ba213},
                {"12345678", 0x59cc99e622057e26},
                {"123456789abcdef", 0x8c70a4c432ccd9bc},
                {"0123456789abcdef0123456789abcdef!", 0x6688eff53552dcad}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        assert_true(hash_fast(str_of(rows[i].z), 7) == rows[i].want);
}

static void fast_spreads(void **state UNUSED) {
    /* 64 Ki short keys into 64 Ki buckets: about 1/e of the buckets stay empty when it spreads
     * well. */
    static uint8_t used[65536];
    unsigned empty = 0;
    for (int i = 0; i < 65536; i++) {
        char z[16];
        int n = snprintf(z, sizeof z, "user%d", i);
        used[hash_fast(str_n(z, (size_t) n), 1) & 0xffff] = 1;
    }
    for (int i = 0; i < 65536; i++)
        empty += !used[i];
    assert_in_range(empty, 23500, 24700);
}

/* RFC 3720, B.4. */
static void crc_agrees_with_the_rfc(void **state UNUSED) {
    static const unsigned char command[48] = {
        0x01, 0xc0, 0, 0, 0, 0, 0,    0, 0,    0, 0, 0,    0, 0, 0, 0,
        0x14, 0,    0, 0, 0, 0, 0x04, 0, 0,    0, 0, 0x14, 0, 0, 0, 0x18,
        0x28, 0,    0, 0, 0, 0, 0,    0, 0x02, 0, 0, 0,    0, 0, 0, 0};
    unsigned char z[32], f[32], up[32], down[32];
    memset(z, 0, 32);
    memset(f, 0xff, 32);
    for (int i = 0; i < 32; i++) {
        up[i] = (unsigned char) i;
        down[i] = (unsigned char) (31 - i);
    }
    const struct {
        const void *p;
        size_t n;
        uint32_t want;
    } rows[] = {{z, 32, 0x8a9136aa},    {f, 32, 0x62a8ab43},       {up, 32, 0x46dd794e},
                {down, 32, 0x113fdb5c}, {command, 48, 0xd9963a56}, {"123456789", 9, 0xe3069283}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        for (size_t cut = 0; cut <= rows[i].n; cut++) {
            const char *p = rows[i].p;
            assert_int_equal(crc32c(crc32c(0, p, cut), p + cut, rows[i].n - cut), rows[i].want);
            assert_int_equal(crc32c_plain(crc32c_plain(0, p, cut), p + cut, rows[i].n - cut),
                             rows[i].want);
        }
}

/* FIPS 180-4's examples. */
static void sha256_agrees_with_the_standard(void **state UNUSED) {
    static const struct {
        const char *in, *want;
    } rows[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    uint8_t sum[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1];
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        sha256_of(str_of(rows[i].in), sum);
        hex_encode(sum, sizeof sum, hex);
        assert_string_equal(hex, rows[i].want);
    }
    struct sha256 h;
    sha256_init(&h);
    for (int i = 0; i < 100000; i++)
        sha256_add(&h, STR("aaaaaaaaaa"));
    sha256_end(&h, sum);
    hex_encode(sum, sizeof sum, hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void hex_goes_both_ways(void **state UNUSED) {
    uint8_t p[4];
    char z[9];
    assert_int_equal(hex_decode(STR("00fFA07e"), p, 4), 0);
    hex_encode(p, 4, z);
    assert_string_equal(z, "00ffa07e");
    assert_int_equal(hex_decode(STR("00ffa0"), p, 4), -EINVAL);
    assert_int_equal(hex_decode(STR("00ffa07g"), p, 4), -EINVAL);
}

UNIT_GROUP(base_hash, cmocka_unit_test(sip_agrees_with_the_reference),
           cmocka_unit_test(the_process_key_is_kept), cmocka_unit_test(fast_is_the_same_for_ever),
           cmocka_unit_test(fast_spreads), cmocka_unit_test(crc_agrees_with_the_rfc),
           cmocka_unit_test(sha256_agrees_with_the_standard), cmocka_unit_test(hex_goes_both_ways))
