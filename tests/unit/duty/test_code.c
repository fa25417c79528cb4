/* Codes on paper: read as people type them, no slip passes, no other key and no other meaning. */
#include "bed.h"

#include "duty/code.h"

static void is_read_as_people_type_it(void **state UNUSED) {
    struct duty_code_key k;
    char code[DUTY_CODE_CAP], clean[DUTY_CODE_CAP], typed[64];
    uint32_t n;
    duty_code_key_of(STR("a secret of the room"), &k);
    for (uint32_t number = 0; number < 2000; number++) {
        duty_code_make(&k, number * 16777, STR("stop members 課長"), code);
        size_t at = 0;
        for (const char *p = code; *p; p++) /* no dashes, small letters, look-alikes */
            if (*p != '-')
                typed[at++] = *p == '0' ? 'o' : *p == '1' ? 'l' : (char) (*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
        assert_int_equal(duty_code_read(str_n(typed, at), &n, clean, NULL), 0);
        assert_int_equal(n, number * 16777);
        assert_string_equal(clean, code);
        assert_true(duty_code_matches(&k, n, STR("stop members 課長"), clean));
    }
}

static void no_single_slip_passes(void **state UNUSED) {
    static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    struct duty_code_key k;
    char code[DUTY_CODE_CAP], clean[DUTY_CODE_CAP];
    uint32_t n;
    duty_code_key_of(STR("a secret of the room"), &k);
    duty_code_make(&k, 4711, STR("x"), code);
    for (size_t i = 0; code[i]; i++)
        for (const char *c = letters; *c; c++) {
            char wrong[DUTY_CODE_CAP];
            memcpy(wrong, code, sizeof wrong);
            if (code[i] == '-' || code[i] == *c)
                continue;
            wrong[i] = *c;
            assert_int_equal(duty_code_read(str_of(wrong), &n, clean, NULL), -ERR_PARSE);
        }
    assert_int_equal(duty_code_read(STR("ABCD"), &n, clean, NULL), -ERR_PARSE);
    assert_int_equal(duty_code_read(STR("AAAA-AAAA-AAAA-AAAA-AAAA"), &n, clean, NULL), -ERR_PARSE);
    assert_int_equal(duty_code_read(STR("決定"), &n, clean, NULL), -ERR_PARSE);
}

static void no_other_key_number_or_meaning(void **state UNUSED) {
    struct duty_code_key k, other;
    char code[DUTY_CODE_CAP];
    duty_code_key_of(STR("a secret of the room"), &k);
    duty_code_key_of(STR("a secret of another room"), &other);
    duty_code_make(&k, 7, STR("stop"), code);
    assert_true(duty_code_matches(&k, 7, STR("stop"), code));
    assert_false(duty_code_matches(&other, 7, STR("stop"), code));
    assert_false(duty_code_matches(&k, 8, STR("stop"), code));
    assert_false(duty_code_matches(&k, 7, STR("go on"), code));
}

UNIT_GROUP(duty_code, cmocka_unit_test(is_read_as_people_type_it), cmocka_unit_test(no_single_slip_passes),
           cmocka_unit_test(no_other_key_number_or_meaning))
