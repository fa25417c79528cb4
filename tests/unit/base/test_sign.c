#include "unit.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/sign.h"

#include <sys/stat.h>

static char folder[64], path[96], pub_path[104];
static int folder_up(void **state UNUSED) {
    snprintf(folder, sizeof folder, "/tmp/kizuki-sign-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/k", folder);
    snprintf(pub_path, sizeof pub_path, "%s.pub", path);
    return 0;
}
static int folder_down(void **state UNUSED) {
    (void) unlink(path);
    (void) unlink(pub_path);
    assert_int_equal(rmdir(folder), 0); /* nothing else was left behind */
    return 0;
}

static void makes_a_key_once(void **state UNUSED) {
    struct sign_secret a, b;
    struct sign_public pa, pb, pc;
    struct stat st;
    assert_int_equal(sign_key_open(path, &a, &pa, NULL), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(sign_key_open(path, &b, &pb, NULL), 0);
    assert_memory_equal(&a, &b, sizeof a);
    assert_int_equal(sign_public_load(pub_path, &pc, NULL), 0);
    assert_memory_equal(&pa, &pb, sizeof pa);
    assert_memory_equal(&pa, &pc, sizeof pa);
    assert_int_equal(strlen(pa.fingerprint), SIGN_FINGERPRINT_CHARS);
    assert_int_equal(unlink(pub_path), 0);
    assert_int_equal(sign_key_open(path, &b, &pb, NULL), 0);
    assert_int_equal(access(pub_path, F_OK), 0);
}

static void refuses_keys_that_are_not_ours_alone_or_no_keys(void **state UNUSED) {
    struct sign_secret a;
    struct sign_public p;
    struct diag d;
    assert_int_equal(sign_key_open(path, &a, &p, NULL), 0);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(sign_key_open(path, &a, &p, &d), -ERR_REFUSED);
    assert_int_equal(file_write_atomic(path, STR("kizuki-ed25519-secret:AAAA\n"), 0600, NULL), 0);
    assert_int_equal(sign_key_open(path, &a, &p, &d), -ERR_PARSE);
    /* 64 zero bytes: well-formed, and its public half is not that of its seed. */
    char line[128];
    snprintf(line, sizeof line, "kizuki-ed25519-secret:%085d%s\n", 0, "A==");
    for (char *z = strchr(line, ':') + 1; *z == '0'; z++)
        *z = 'A';
    assert_int_equal(file_write_atomic(path, str_of(line), 0600, NULL), 0);
    assert_int_equal(sign_key_open(path, &a, &p, &d), -ERR_CORRUPT);
    assert_int_equal(sign_public_load(path, &p, &d), -ERR_PARSE);
    assert_int_equal(sign_public_load("/nonexistent", &p, &d), -ENOENT);
}

static void a_note_opens_with_its_key_and_domain_only(void **state UNUSED) {
    struct sign_secret key;
    struct sign_public pub, other;
    struct buf b;
    struct str text;
    struct diag d;
    buf_init(&b, 1 << 16);
    assert_int_equal(sign_key_open(path, &key, &pub, NULL), 0);
    assert_int_equal(sign_note(&key, &pub, SIGN_ORDER, STR("{\"a\":1}\nsecond"), &b), 0);
    assert_int_equal(sign_open_note(&pub, SIGN_ORDER, buf_str(&b), &text, &d), 0);
    assert_str(text, "{\"a\":1}\nsecond");
    assert_int_equal(sign_open_note(&pub, "checkpoint", buf_str(&b), &text, &d), -ERR_REFUSED);
    other = pub;
    other.fingerprint[0] ^= 1;
    assert_int_equal(sign_open_note(&other, SIGN_ORDER, buf_str(&b), &text, &d), -ERR_REFUSED);
    other = pub;
    other.bytes[5] ^= 1;
    assert_int_equal(sign_open_note(&other, SIGN_ORDER, buf_str(&b), &text, &d), -ERR_REFUSED);
    /* Nor does any shorter one. */
    for (size_t n = 0; n < b.n; n++)
        assert_int_equal(sign_open_note(&pub, SIGN_ORDER, str_n(b.p, n), &text, &d), -ERR_PARSE);
    buf_done(&b);
}

/* Signatures differ by text, so that every base64 character is met (0xaf once passed for '/'). */
static void no_changed_bit_opens(void **state UNUSED) {
    struct sign_secret key;
    struct sign_public pub;
    struct buf b;
    struct str text;
    struct diag d;
    buf_init(&b, 1 << 16);
    assert_int_equal(sign_key_open(path, &key, &pub, NULL), 0);
    for (char c = 'a'; c < 'i'; c++) {
        buf_clear(&b);
        assert_int_equal(sign_note(&key, &pub, SIGN_ORDER, str_n(&c, 1), &b), 0);
        for (size_t i = 0; i < b.n * 8; i++) {
            b.p[i / 8] ^= (char) (1 << i % 8);
            if (sign_open_note(&pub, SIGN_ORDER, buf_str(&b), &text, &d) >= 0)
                fail_msg("bit %zu", i);
            b.p[i / 8] ^= (char) (1 << i % 8);
        }
    }
    buf_done(&b);
}

static void an_empty_text_can_be_signed(void **state UNUSED) {
    struct sign_secret key;
    struct sign_public pub;
    struct buf b;
    struct str text;
    buf_init(&b, 1 << 16);
    assert_int_equal(sign_key_open(path, &key, &pub, NULL), 0);
    assert_int_equal(sign_note(&key, &pub, SIGN_ORDER, STR_NULL, &b), 0);
    assert_int_equal(sign_open_note(&pub, SIGN_ORDER, buf_str(&b), &text, NULL), 0);
    assert_int_equal(text.n, 0);
    buf_done(&b);
}

static void refuses_texts_that_could_hide_a_signature(void **state UNUSED) {
    struct sign_secret key;
    struct sign_public pub;
    struct buf b;
    buf_init(&b, 1 << 16);
    assert_int_equal(sign_key_open(path, &key, &pub, NULL), 0);
    assert_int_equal(sign_note(&key, &pub, SIGN_ORDER, STR("x\n\xe2\x80\x94 y"), &b), -ERR_REFUSED);
    assert_int_equal(sign_note(&key, &pub, SIGN_ORDER, STR("\xe2\x80\x94 y"), &b), -ERR_REFUSED);
    assert_int_equal(sign_note(&key, &pub, SIGN_ORDER, STR("\xff"), &b), -ERR_REFUSED);
    assert_int_equal(sign_note(&key, &pub, SIGN_ORDER, STR("a\tb"), &b), -ERR_REFUSED);
    assert_int_equal(sign_note(&key, &pub, "two\nlines", STR("a"), &b), -ERR_REFUSED);
    assert_int_equal(sign_note(&key, &pub, "", STR("a"), &b), -ERR_REFUSED);
    assert_int_equal(b.n, 0);
    buf_done(&b);
}

/* The key in the documentation of golang.org/x/mod/sumdb/note, whose form C2SP took over. */
static void verifier_keys_are_those_of_other_tools(void **state UNUSED) {
    struct sign_public pub = {.fingerprint = "PeterNeumann",
                              .bytes = {0x1a, 0x5c, 0xd9, 0x07, 0x14, 0x3c, 0x38, 0x4c,
                                        0x41, 0xe8, 0x30, 0xc5, 0xbc, 0xe1, 0x2a, 0xa8,
                                        0x81, 0x7e, 0xc5, 0x64, 0x9a, 0xaa, 0xbf, 0x2c,
                                        0x31, 0x38, 0x8b, 0x35, 0xb2, 0xd7, 0x44, 0xd6}};
    struct buf b;
    buf_init(&b, 1 << 10);
    sign_verifier_key(&pub, &b);
    assert_str(buf_str(&b), "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n");
    buf_done(&b);
}

static void random_and_comparison(void **state UNUSED) {
    char a[201], b[201];
    sign_random_hex(a, 100);
    sign_random_hex(b, 100);
    assert_int_equal(strlen(a), 200);
    assert_string_not_equal(a, b);
    assert_true(sign_equal(STR("abc"), STR("abc")));
    assert_false(sign_equal(STR("abc"), STR("abd")));
    assert_false(sign_equal(STR("abc"), STR("ab")));
    assert_true(sign_equal(STR_NULL, STR("")));
}

#define WITH_FOLDER(f) cmocka_unit_test_setup_teardown(f, folder_up, folder_down)
UNIT_GROUP(base_sign, WITH_FOLDER(makes_a_key_once),
           WITH_FOLDER(refuses_keys_that_are_not_ours_alone_or_no_keys),
           WITH_FOLDER(a_note_opens_with_its_key_and_domain_only),
           WITH_FOLDER(no_changed_bit_opens), WITH_FOLDER(an_empty_text_can_be_signed),
           WITH_FOLDER(refuses_texts_that_could_hide_a_signature),
           WITH_FOLDER(verifier_keys_are_those_of_other_tools),
           cmocka_unit_test(random_and_comparison))
