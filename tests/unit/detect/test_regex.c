/* What a regular expression needs: a literal that is missed costs time, one that is invented loses
 * matches. */
#include "detect/regex.h"
#include "unit.h"

#include "base/arena.h"

static struct arena arena;

/* The literals joined by '|', "" when nothing is certain. */
static const char *literals(const char *re, unsigned flags) {
    static char z[512];
    struct str at[REGEX_LITERALS_MAX];
    uint32_t n;
    size_t used = 0;
    assert_int_equal(regex_literals(&arena, str_of(re), flags, at, &n), 0);
    z[0] = 0;
    for (uint32_t i = 0; i < n; i++)
        used +=
            (size_t) snprintf(z + used, sizeof z - used, "%s%.*s", i ? "|" : "", STR_ARG(at[i]));
    return z;
}

static void reads_what_is_certain(void **state UNUSED) {
    static const char *const t[][2] = {
        {"abc", "abc"},
        {"ABC", "abc"},
        {"^abc$", "abc"},
        {"a.bcd", "bcd"},
        {"abc?", "ab"},
        {"abc*de", "ab"},
        {"abc+de", "abc"},
        {"abc{2,3}de", "abc"},
        {"abc{0,3}de", "ab"},
        {"x{2,3", "x{2,3"}, /* no quantifier */
        {"(abc)?", ""},
        {"(abc)+x", "abc"},
        {"(?:abcd|efg)x", "abcd|efg"},
        {"abcd|efg", "abcd|efg"},
        {"abcd|.", ""},
        {"(?i)AbC", "abc"},
        {"(?i:AbC)d", "abc"},
        {"(?<name>abcd)", "abcd"},
        {"(?=abcd)x", "x"},
        {"(?!abcd)x", "x"},
        {"(?<!abcd)x", "x"},
        {"[abcdef]x", "x"},
        {"[]abc]xy", "xy"},
        {"[^]abc]xy", "xy"},
        {"[a\\]bc]xy", "xy"},
        {"a\\.exe", "a.exe"},
        {"\\\\cmd\\.exe", "\\cmd.exe"},
        {"\\d+abc", "abc"},
        {"abc\\1def", "abc"},
        {"abcäöü", "abc"}, /* other characters end a run */
        /* too much grammar: nothing is certain */
        {"\\Qabc\\E", ""},
        {"\\x41bcd", ""},
        {"[[:alpha:]]abc", ""},
        {"(*UCP)abc", ""},
        {"(?x) a b c", ""},
        {"(?(1)abc)", ""},
        {"\\p{L}abc", ""},
        {"", ""},
        {"a)", ""},
    };
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < ARRAY_SIZE(t); i++)
        if (strcmp(literals(t[i][0], 0), t[i][1]) != 0)
            fail_msg("%s gives '%s', not '%s'", t[i][0], literals(t[i][0], 0), t[i][1]);
    arena_done(&arena);
}

static void knows_where_case_may_not_count(void **state UNUSED) {
    assert_true(regex_ignores_case(STR("abc"), DETECT_RE_I));
    assert_true(regex_ignores_case(STR("a(?i)bc"), 0));
    assert_true(regex_ignores_case(STR("a(?si:b)c"), 0));
    assert_false(regex_ignores_case(STR("(?s)abc"), 0));
    assert_false(regex_ignores_case(STR("(?:i)abc"), 0));
}

static void refuses_with_a_place(void **state UNUSED) {
    char why[100];
    size_t where = 0;
    assert_int_equal(regex_check(STR("ab(c"), 0, why, sizeof why, &where), -ERR_PARSE);
    assert_int_equal(where, 4);
    assert_non_null(strstr(why, "parenthes"));
    assert_int_equal(regex_check(STR("a\\Cb"), 0, why, sizeof why, &where), -ERR_PARSE);
    assert_int_equal(regex_check(STR("a+b"), 0, why, sizeof why, &where), 0);
}

static void any_bytes_are_a_subject(void **state UNUSED) {
    struct regex *re = NULL;
    struct regex_memory *m = regex_memory_new();
    assert_non_null(m);
    assert_int_equal(regex_new(STR("b.d"), 0, &re), 0);
    assert_int_equal(regex_match(re, m,
                                 STR("\xff\xfe b\xc3\xa4"
                                     "d \x80")),
                     1);
    assert_int_equal(regex_match(re, m,
                                 STR("b\xff"
                                     "d")),
                     0);
    assert_int_equal(regex_match(re, m, STR_NULL), 0);
    regex_free(re);
    regex_memory_free(m);
}

UNIT_GROUP(detect_regex, cmocka_unit_test(reads_what_is_certain),
           cmocka_unit_test(knows_where_case_may_not_count), cmocka_unit_test(refuses_with_a_place),
           cmocka_unit_test(any_bytes_are_a_subject))
