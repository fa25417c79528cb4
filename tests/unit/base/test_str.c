#include "unit.h"

#include "base/mem.h"
#include "base/str.h"

#include <errno.h>

static void compares(void **state UNUSED) {
    assert_true(str_eq(STR_NULL, STR("")));
    assert_false(str_eq(STR("a"), STR("b")));
    assert_true(str_eq_icase(STR("AbC[~"), STR("aBc[~")));
    assert_false(str_eq_icase(STR("["), STR("{")));
    assert_true(str_cmp(STR("a"), STR("b")) < 0);
    assert_true(str_cmp(STR("a"), STR("aa")) < 0);
    assert_true(str_cmp(STR("\xff"), STR("a")) > 0);
    assert_int_equal(str_cmp(STR_NULL, STR("")), 0);
    assert_true(str_starts(STR("abc"), STR("ab")) && str_starts(STR("abc"), STR("")));
    assert_false(str_starts(STR("ab"), STR("abc")));
    assert_true(str_ends(STR("abc"), STR("bc")) && !str_ends(STR("bc"), STR("abc")));
}

static void finds_and_cuts(void **state UNUSED) {
    struct str rest = STR("a,,b"), piece;
    assert_int_equal(str_find(STR("abcabc"), STR("ca"), 0), 2);
    assert_int_equal(str_find(STR("abcabc"), STR("abc"), 1), 3);
    assert_int_equal(str_find(STR("abc"), STR(""), 3), 3);
    assert_int_equal(str_find(STR("abc"), STR("x"), 0), -1);
    assert_int_equal(str_find(STR("abc"), STR("a"), 4), -1);
    assert_int_equal(str_find_byte(STR("abc"), 'c', 0), 2);
    assert_int_equal(str_find_byte(STR("abc"), 'a', 1), -1);
    assert_str(str_from(STR("abc"), 1), "bc");
    assert_str(str_from(STR("abc"), 9), "");
    assert_str(str_to(STR("abc"), 9), "abc");
    assert_str(str_trim(STR(" \t a b\r\n")), "a b");
    assert_str(str_trim(STR("   ")), "");
    assert_true(str_split(&rest, ',', &piece));
    assert_str(piece, "a");
    assert_true(str_split(&rest, ',', &piece));
    assert_str(piece, "");
    assert_true(str_split(&rest, ',', &piece));
    assert_str(piece, "b");
    assert_false(str_split(&rest, ',', &piece));
    rest = STR("");
    assert_true(str_split(&rest, ',', &piece));
    assert_false(str_split(&rest, ',', &piece));
}

static void reads_integers_whole_or_not(void **state UNUSED) {
    uint64_t u;
    int64_t i;
    assert_int_equal(str_to_u64(STR("18446744073709551615"), &u), 0);
    assert_true(u == UINT64_MAX);
    assert_int_equal(str_to_u64(STR("18446744073709551616"), &u), -ERANGE);
    assert_int_equal(str_to_u64(STR("99999999999999999999999"), &u), -ERANGE);
    assert_int_equal(str_to_i64(STR("-9223372036854775808"), &i), 0);
    assert_true(i == INT64_MIN);
    assert_int_equal(str_to_i64(STR("9223372036854775808"), &i), -ERANGE);
    assert_int_equal(str_to_i64(STR("+7"), &i), 0);
    assert_int_equal(i, 7);
    static const char *const bad[] = {"", "-", "+", "1 ", " 1", "1a", "0x1", "--1", "+-1", "1.0"};
    for (size_t k = 0; k < ARRAY_SIZE(bad); k++)
        assert_int_equal(str_to_i64(str_of(bad[k]), &i), -EINVAL);
    assert_int_equal(str_to_u64(STR("1\0"), &u), -EINVAL);
}

static void reads_decimals(void **state UNUSED) {
    double d;
    assert_int_equal(str_to_double(STR("-1.5e3"), &d), 0);
    assert_true(d == -1500);
    static const char *const bad[] = {"",    "nan",  "inf", "1e999", "0x10",
                                      "1,5", "1.5x", ".",   "e5",    "1 "};
    for (size_t k = 0; k < ARRAY_SIZE(bad); k++)
        assert_int_equal(str_to_double(str_of(bad[k]), &d), -EINVAL);
}

static void dup_ends_with_nul(void **state UNUSED) {
    char *z = str_dup(STR("a\0b"));
    assert_memory_equal(z, "a\0b\0", 4);
    mem_free(z);
}

UNIT_GROUP(base_str, cmocka_unit_test(compares), cmocka_unit_test(finds_and_cuts),
           cmocka_unit_test(reads_integers_whole_or_not), cmocka_unit_test(reads_decimals),
           cmocka_unit_test(dup_ends_with_nul))
