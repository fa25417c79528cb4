#include "unit.h"

#include "base/err.h"

static void says_place_and_sentence(void **state UNUSED) {
    struct diag d;
    char z[1024];
    assert_int_equal(diag_set(&d, -EINVAL, "cannot open '%s'", "x"), -EINVAL);
    assert_string_equal(diag_format(&d, z, sizeof z), "cannot open 'x'");
    assert_int_equal(diag_set_at(&d, -ERR_PARSE, "a.yml", 3, 7, "bad"), -ERR_PARSE);
    assert_string_equal(diag_format(&d, z, sizeof z), "a.yml:3:7: bad");
    assert_int_equal(diag_prefix(&d, "rule %d", 5), -ERR_PARSE);
    assert_string_equal(diag_format(&d, z, sizeof z), "a.yml:3:7: rule 5: bad");
    diag_set_at(&d, -ERR_PARSE, "a.yml", 3, 0, "bad");
    assert_string_equal(diag_format(&d, z, sizeof z), "a.yml:3: bad");
    diag_set_at(&d, -ERR_PARSE, "a.yml", 0, 0, "bad");
    assert_string_equal(diag_format(&d, z, sizeof z), "a.yml: bad");
    assert_string_equal(diag_format(&d, z, 4), "a.y");
    assert_int_equal(diag_set(NULL, -ENOENT, "x"), -ENOENT);
    assert_int_equal(diag_set_at(NULL, -ENOENT, NULL, 0, 0, "x"), -ENOENT);
}

static void long_sentences_are_cut(void **state UNUSED) {
    struct diag d;
    char z[2000];
    memset(z, 'x', sizeof z - 1);
    z[sizeof z - 1] = 0;
    diag_set_at(&d, -EINVAL, z, 1, 1, "%s", z);
    assert_int_equal(strlen(d.text), sizeof d.text - 1);
    assert_int_equal(strlen(d.file), sizeof d.file - 1);
    diag_prefix(&d, "%s", z);
    assert_int_equal(strlen(d.text), sizeof d.text - 1);
}

static void every_code_has_a_word(void **state UNUSED) {
    assert_string_equal(err_word(-ERR_REFUSED), "refused");
    assert_string_equal(err_word(0), "fine");
    assert_string_equal(err_word(-ENOENT), "No such file or directory");
    assert_string_equal(err_word(-99999), "unknown error");
    assert_string_equal(err_word(5), "unknown error");
}

UNIT_GROUP(base_err, cmocka_unit_test(says_place_and_sentence),
           cmocka_unit_test(long_sentences_are_cut), cmocka_unit_test(every_code_has_a_word))
