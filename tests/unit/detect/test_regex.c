/* What a regular expression needs: a literal that is missed costs time, one that is invented loses
 * matches. */
#include "detect/regex.h"
#include "unit.h"

#include "base/arena.h"
#include "detect/kernel.h"

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
        {"[abcd]x", "ax|bx|cx|dx"}, /* a class of few is as many literals */
        {"x[Yy]z", "xyz"},
        {"\\\\[a-z]{1,32}\\.[ \"']{1}", ". |.\"|.'"},
        {"a[-/]b", "a-b|a/b"},
        {"a[/-]b", "a/b|a-b"},
        {"a[\\/-]b", "a/b|a-b"},
        {"a[+-.]bc", "bc"}, /* a range */
        {"a[^b]cd", "cd"},
        {"a[b\\s]cd", "cd"},
        {"a[bä]cd", "cd"},
        {"a[]b]cd", "cd"},
        {"a[bc]?de", "de"},
        {"a[bc]*d", "a"},
        {"a[bc]+def", "def"},
        {"x[bc]{0,1}d", "x"},
        {"[ab][cd][ef]", "ace|bce|ade|bde|acf|bcf|adf|bdf"},
        {"[ab][cd][ef][gh]", "ace|bce|ade|bde|acf|bcf|adf|bdf"},
        {"[ab][cd][ef][gh]ijkl", "gijkl|hijkl"},
        {"[ab", ""},
        {"[a\\", ""},
        {"[]abc]xy", "xy"},
        {"[^]abc]xy", "xy"},
        {"[a\\]bc]xy", "axy|]xy|bxy|cxy"},
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

/* --- what can be said without trying --- */

static uint64_t seed = 88172645463325252u;
static unsigned pick(unsigned n) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned) ((seed >> 11) % n);
}

/* An expression from pieces in which everything occurs that the reader has to know or to give up for. */
static size_t any_regex(char *z, size_t cap) {
    static const char *const atoms[] = {
        "a", "b", "A", "\\+", "\\.", ".", "\\d", "\\s", "\\w", "\\S", "\\W", "[ab]", "[^a]", "[a-c+]", "[^\\s+]",
        "[\\w-]", "[]x]", "[^]x]", "(ab|c)", "(?:a+b)", "(?i)", "(?i:a)", "(?=a)", "(?!b)", "(?<=a)", "\\b", "^", "$",
        "{", "}", "\\{", "{a", "|", "x", "\\n", "-", "\\t", "[[:alpha:]]", "\\Qa+\\E", "(?#a)", "\\x41", "\\101", "\\1", "[+-]",
        "[\\d-a]", "[a\\-c]", "\\\\", "/", "=", "(a)", "[A-z]", "\\R", "(?s)", "(?m)", "(?x)", "a b"};
    static const char *const times[] = {"", "", "", "*", "+", "?", "*?", "+?", "++", "*+", "{2}", "{2,}", "{0,2}", "{1,3}", "{9}", "{,2}", "{2,3}?"};
    size_t n = 0;
    unsigned parts = 1 + pick(6);
    bool dots = pick(3) == 0; /* of the kind that is decided without PCRE2 */
    for (unsigned i = 0; i < parts; i++) {
        const char *atom = atoms[pick(dots ? 17 : ARRAY_SIZE(atoms))];
        n += (size_t) snprintf(z + n, cap - n, "%s%s", atom, dots ? (pick(2) ? ".*" : "") : times[pick(ARRAY_SIZE(times))]);
    }
    return n;
}

static void foresees_only_what_is_so(void **state UNUSED) {
    static const char letters[] = "aabbcABC++.. \n\t1x-{}]\\/=";
    static const unsigned flags[] = {0, 0, DETECT_RE_I, DETECT_RE_S, DETECT_RE_M, DETECT_RE_I | DETECT_RE_S};
    const struct kernel *kernels[] = {kernel_plain(), kernel_best(), kernel_avx2() ? kernel_avx2() : kernel_plain()};
    struct regex_memory *m = regex_memory_new();
    unsigned n_yes = 0, n_no = 0, n_regexes = 0;
    assert_non_null(m);
    for (unsigned t = 0; t < 20000; t++) {
        char z[256], value[200];
        struct str re_text = str_n(z, any_regex(z, sizeof z));
        struct regex *re;
        unsigned f = flags[pick(ARRAY_SIZE(flags))];
        if (regex_new(re_text, f, &re) < 0)
            continue;
        n_regexes++;
        for (unsigned k = 0; k < 12; k++) {
            size_t n = pick(8) ? pick(12) : pick(sizeof value);
            char only = letters[pick(sizeof letters - 1)];
            for (size_t i = 0; i < n; i++)
                value[i] = pick(4) ? letters[pick(sizeof letters - 1)] : only;
            int really = regex_match(re, m, str_n(value, n));
            for (unsigned w = 0; w < ARRAY_SIZE(kernels); w++) {
                char lowered[sizeof value];
                for (size_t i = 0; i < n; i++)
                    lowered[i] = ascii_lower(value[i]);
                int said = regex_may_match(re, kernels[w], str_n(lowered, n)) ? regex_foresee(re, str_n(value, n)) : 0;
                if (said >= 0 && said != really)
                    fail_msg("/%s/ with flags %u on '%.*s': said %d, is %d", z, f, (int) n, value, said, really);
                n_yes += said == 1;
                n_no += said == 0;
            }
        }
        regex_free(re);
    }
    regex_memory_free(m);
    print_message("# %u expressions, foreseen %u times yes and %u times no\n", n_regexes, n_yes, n_no);
    assert_true(n_regexes > 10000 && n_yes > 1000 && n_no > 10000);
}

UNIT_GROUP(detect_regex, cmocka_unit_test(foresees_only_what_is_so),
           cmocka_unit_test(reads_what_is_certain),
           cmocka_unit_test(knows_where_case_may_not_count), cmocka_unit_test(refuses_with_a_place),
           cmocka_unit_test(any_bytes_are_a_subject))
