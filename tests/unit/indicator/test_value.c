#include "unit.h"

#include "indicator/indicator.h"
#include "indicator/punycode.h"

static void values_have_one_form(void **state) {
    static const struct {
        const char *text, *value;
        int kind;
    } rows[] = {
        {"45.67.89.10", "45.67.89.10", INDICATOR_IPV4},
        {" 45[.]67[.]89[.]10 ", "45.67.89.10", INDICATOR_IPV4},
        {"45.67.89.10:8080", "45.67.89.10", INDICATOR_IPV4},
        {"４５．６７．８９．１０", "45.67.89.10", INDICATOR_IPV4},
        {"45.67.89.0/24", "45.67.89.0/24", INDICATOR_IPV4},
        {"2A02:26F0:0::77", "2a02:26f0::77", INDICATOR_IPV6},
        {"::ffff:45.67.89.10", "45.67.89.10", INDICATOR_IPV4},
        {"Evil(.)Example(dot)COM.", "evil.example.com", INDICATOR_DOMAIN},
        {"evil (dot) example (dot) com", "evil.example.com", INDICATOR_DOMAIN},
        {"日本語。example.jp", "xn--wgv71a119e.example.jp", INDICATOR_DOMAIN},
        {"ｅｖｉｌ．ｃｏｍ", "evil.com", INDICATOR_DOMAIN},
        {"_dmarc.evil-x.co.jp", "_dmarc.evil-x.co.jp", INDICATOR_DOMAIN},
        {"hXXps://User@Evil[.]com:443/A?b=C#d", "https://evil.com/A?b=C", INDICATOR_URL},
        {"hxxp[://]evil.com", "http://evil.com/", INDICATOR_URL},
        {"http://evil.com:8080/x", "http://evil.com:8080/x", INDICATOR_URL},
        {"http://[2a02:26f0::77]/x", "http://[2a02:26f0::77]/x", INDICATOR_URL},
        {"evil.com/gate.php", "evil.com/gate.php", INDICATOR_URL},
        {"Bad[at]Evil[.]com", "bad@evil.com", INDICATOR_EMAIL},
        {"D41D8CD98F00B204E9800998ECF8427E", "d41d8cd98f00b204e9800998ecf8427e", INDICATOR_MD5},
        {"da39a3ee5e6b4b0d3255bfef95601890afd80709", "da39a3ee5e6b4b0d3255bfef95601890afd80709", INDICATOR_SHA1},
    };
    (void) state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct arena a;
        struct str value;
        enum indicator_why why;
        const char *detail;
        arena_init(&a, 1 << 20);
        int kind = indicator_value_read(&a, str_of(rows[i].text), -1, &value, &why, &detail);
        if (kind != rows[i].kind)
            fail_msg("'%s' is of kind %d", rows[i].text, kind);
        assert_str(value, rows[i].value);
        struct str again; /* what is in its form stays so */
        assert_int_equal(indicator_value_read(&a, value, -1, &again, &why, &detail), kind);
        assert_true(str_eq(value, again));
        arena_done(&a);
    }
}

static void what_is_no_value_is_refused(void **state) {
    static const struct {
        const char *text;
        int kind;
        enum indicator_why why;
    } rows[] = {{"", -1, INDICATOR_UNREADABLE}, {"localhost", -1, INDICATOR_UNREADABLE}, {"45.67.89", -1, INDICATOR_UNREADABLE}, {"45.67.89.256", -1, INDICATOR_UNREADABLE},
                {"45.67.89.10/24", -1, INDICATOR_UNREADABLE}, {"45.0.0.0/8", -1, INDICATOR_BROAD}, {"2a02::/16", -1, INDICATOR_BROAD}, {"-evil.com", -1, INDICATOR_UNREADABLE},
                {"evil..com", -1, INDICATOR_UNREADABLE}, {"請求書.xls|", -1, INDICATOR_UNREADABLE}, {"two words", -1, INDICATOR_UNREADABLE}, {"a@b", -1, INDICATOR_UNREADABLE},
                {"d41d8cd98f00b204e9800998ecf8427", -1, INDICATOR_UNREADABLE}, {"d41d8cd98f00b204e9800998ecf8427e", INDICATOR_SHA1, INDICATOR_UNREADABLE},
                {"evil.com", INDICATOR_MD5, INDICATOR_UNREADABLE}, {"http://", -1, INDICATOR_UNREADABLE}, {"http://evil.com:x/", -1, INDICATOR_UNREADABLE}};
    (void) state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct arena a;
        struct str value;
        enum indicator_why why;
        const char *detail;
        arena_init(&a, 1 << 20);
        if (indicator_value_read(&a, str_of(rows[i].text), rows[i].kind, &value, &why, &detail) >= 0)
            fail_msg("'%s' was read", rows[i].text);
        assert_int_equal(why, rows[i].why);
        assert_non_null(detail);
        arena_done(&a);
    }
}

/* RFC 3492, section 7.1, and names people use. */
static void names_in_other_letters_are_written_as_the_network_does(void **state) {
    static const char *const rows[][2] = {{"ليهمابتكلموشعربي؟", "xn--egbpdaj6bu4bxfgehfvwxn"},
                                          {"他们为什么不说中文", "xn--ihqwcrb4cv8a8dqg056pqjye"},
                                          {"なぜみんな日本語を話してくれないのか", "xn--n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa"},
                                          {"3年b組金八先生", "xn--3b-ww4c5e180e575a65lsy2b"},
                                          {"bücher", "xn--bcher-kva"}, {"例え.テスト", "xn--r8jz45g.xn--zckzah"}, {"plain.com", "plain.com"}};
    (void) state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct arena a;
        arena_init(&a, 1 << 20);
        assert_str(punycode_name(&a, str_of(rows[i][0])), rows[i][1]);
        arena_done(&a);
    }
}

static void labels_of_tlp_are_known_by_all_their_names(void **state) {
    (void) state;
    assert_int_equal(indicator_tlp_from_string(STR("TLP:AMBER+STRICT")), INDICATOR_TLP_AMBER_STRICT);
    assert_int_equal(indicator_tlp_from_string(STR("tlp:white")), INDICATOR_TLP_CLEAR);
    assert_int_equal(indicator_tlp_from_string(STR("Red")), INDICATOR_TLP_RED);
    assert_true(indicator_tlp_from_string(STR("pink")) < 0);
    assert_int_equal(indicator_audience_max(STR("organisation")), INDICATOR_TLP_AMBER_STRICT);
    assert_int_equal(indicator_audience_max(STR("public")), INDICATOR_TLP_CLEAR);
    assert_true(indicator_audience_max(STR("everybody")) < 0);
}

UNIT_GROUP(indicator_value, cmocka_unit_test(values_have_one_form), cmocka_unit_test(what_is_no_value_is_refused),
           cmocka_unit_test(names_in_other_letters_are_written_as_the_network_does), cmocka_unit_test(labels_of_tlp_are_known_by_all_their_names))
