#include "unit.h"

#include "base/file.h"
#include "base/time.h"
#include "pack/anon.h"
#include "pack/anon_forms.h"

/* 2026-11-22T15:00:00Z: midnight of the 23rd in Japan. */
#define DAY_ONE (INT64_C(1795359600) * NS_PER_S)

static void forms_are_seen_as_people_write_them(void **state UNUSED) {
    static const struct {
        const char *text;
        enum anon_kind kind;
        size_t n;
    } rows[] = {
        {"203.0.113.9を", ANON_ADDRESS, 11}, {"2001:db8::1 ", ANON_ADDRESS, 11}, {"10.0.0.0/8", ANON_ADDRESS, 10}, {"a@example.co.jp へ", ANON_MAIL, 15},
        {"www.aozora.co.jp", ANON_HOST, 16}, {"https://a.jp/x?y=1。", ANON_URL, 18}, {"03-1234-5678", ANON_PHONE, 12}, {"09012345678", ANON_PHONE, 11}, {"+81-3-1234-5678", ANON_PHONE, 15},
        {"2026-11-23T", ANON_DATE, 10}, {"2026/11/3 ", ANON_DATE, 9}, {"2026年11月23日", ANON_DATE, 17}, {"11月23日", ANON_DATE, 10}, {"１１月２３日", ANON_DATE, 18}, {"11/23", ANON_DATE, 5}, {"01/23", ANON_DATE, 5}, {"１／２３", ANON_DATE, 12},
        {"令和8年11月23日", ANON_DATE, 20}, {"November 23, 2026.", ANON_DATE, 17}, {"Nov 23 ", ANON_DATE, 6}, {"23 November", ANON_DATE, 11},
        {"1,234万円", ANON_AMOUNT, 11}, {"¥5000", ANON_AMOUNT, 6}, {"1億2,000万円", ANON_AMOUNT, 15}, {"東京都港区", ANON_REGION, 15}, {"Osaka,", ANON_REGION, 5},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct anon_form f;
        if (!anon_form_at(str_of(rows[i].text), 0, &f) || f.kind != rows[i].kind || f.n != rows[i].n)
            fail_msg("'%s'", rows[i].text);
    }
}

static void what_is_no_such_thing_is_left_alone(void **state UNUSED) {
    static const char *const texts[] = {"12", "第1日", "1.2.3", "11-23", "24時間", "May we", "v1.2.3.4.5", "10台", "Tokyoite", "13月1日", "a.b", "60分", "May 2100 tries"};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct anon_form f;
        if (anon_form_at(str_of(texts[i]), 0, &f))
            fail_msg("'%s' is seen as %s", texts[i], anon_kind_to_string(f.kind));
    }
}

struct found {
    size_t n;
    char what[400];
};
static int note(void *ctx, const struct anon_rest *r) {
    struct found *f = ctx;
    snprintf(f->what + strlen(f->what), sizeof f->what - strlen(f->what), "%s%s %.*s %zu", f->n++ ? "; " : "", anon_kind_to_string(r->kind), STR_ARG(r->text), r->line);
    return 0;
}

static const char *write_all(const struct anon *x, const char *marked, bool ja, struct buf *b) {
    buf_clear(b);
    anon_write(x, str_of(marked), ja, true, b);
    return buf_z(b);
}

static void names_become_stable_pseudonyms_of_the_same_kind(void **state UNUSED) {
    struct arena a;
    struct anon x;
    struct buf b;
    arena_init(&a, 16 << 20);
    buf_init(&b, 1 << 20);
    anon_init(&x, &a, DAY_ONE, NULL);
    assert_int_equal(anon_add(&x, ANON_ORGANISATION, STR("青空電力"), STR(""), NULL, NULL), 0);
    assert_int_equal(anon_add(&x, ANON_ORGANISATION, STR("海辺ガス"), STR(""), NULL, NULL), 0);
    assert_int_equal(anon_add(&x, ANON_PERSON, STR("山田 花子"), STR(""), "担当者", "handler"), 0);
    assert_int_equal(anon_add(&x, ANON_SERVICE, STR("members"), STR("m"), NULL, NULL), 0);
    assert_int_equal(anon_add(&x, ANON_SERVICE, STR("会員サイト"), STR("m"), NULL, NULL), 0);
    const char *text = "our members \x02青空電力の山田 花子は11月24日に海辺ガスと members（会員サイト）を見た。membership 203.0.113.9\x03 and \x02" "203.0.113.9\x03";
    assert_int_equal(anon_scan(&x, str_of(text)), 0);
    assert_string_equal(write_all(&x, text, true, &b), "our members A社の担当者Aは第2日にB社と サービスA（サービスA）を見た。membership 192.0.2.1 and 192.0.2.1");
    assert_string_equal(write_all(&x, "\x02山田 花子 11月22日\x03", false, &b), "handler A 11月22日"); /* the other day is no row */
    buf_done(&b);
    arena_done(&a);
}

static void what_remains_is_found_in_what_is_the_cases(void **state UNUSED) {
    struct arena a;
    struct anon x;
    struct anon_secrets s;
    struct found f = {0};
    const int64_t days[] = {DAY_ONE / NS_PER_DAY + 1};
    arena_init(&a, 16 << 20);
    anon_init(&x, &a, DAY_ONE, NULL);
    anon_secrets_init(&s, &a);
    assert_int_equal(anon_secret_add(&s, ANON_PERSON, STR("山田 花子")), 0);
    assert_int_equal(anon_secret_add(&s, ANON_ACCOUNT, STR("mimo557903")), 0);
    assert_int_equal(anon_secret_add(&s, ANON_SERVICE, STR("members")), 0);
    s.days = days;
    s.n_days = 1;
    const char *text = "our members, 11月23日\n\x02山田 花子\x03\n\x02 mimo557903@x, 11月23日 12月1日 192.0.2.9 8.8.8.8 約100万円 120万円\x03";
    assert_int_equal(anon_check(&s, &x, str_of(text), true, note, &f), 0);
    assert_string_equal(f.what, "account mimo557903 3; person 山田 花子 2; person 山田 2; person 花子 2; date 11月23日 3; address 8.8.8.8 3; amount 120万円 3");
    /* a pseudonym a person wrote is looked at, too */
    struct anon_row bad = {.kind = ANON_PERSON, .from = STR("山田 花子"), .ja = STR("members の人"), .en = STR("somebody")};
    assert_int_equal(anon_put(&x, &bad), 0);
    f = (struct found){0};
    assert_int_equal(anon_check(&s, &x, STR("\x02山田 花子\x03"), true, note, &f), 0);
    assert_string_equal(f.what, "service members 1");
    bad.ja = STR("a\"b");
    assert_int_equal(anon_put(&x, &bad), -EINVAL);
    anon_secrets_done(&s);
    arena_done(&a);
}

static void no_pseudonym_is_an_address_of_the_case(void **state UNUSED) {
    struct arena a;
    struct anon x;
    struct map taken;
    union map_value *v;
    arena_init(&a, 16 << 20);
    map_init(&taken, 100, 0);
    assert_int_equal(map_add(&taken, STR("192.0.2.1"), &v, NULL), 0);
    anon_init(&x, &a, DAY_ONE, &taken);
    assert_int_equal(anon_add(&x, ANON_ADDRESS, STR("198.51.100.7"), STR(""), NULL, NULL), 0);
    assert_string_equal(x.at[0].ja.p, "192.0.2.2");
    assert_true(anon_is_nobodys(ANON_ADDRESS, x.at[0].ja));
    map_done(&taken);
    arena_done(&a);
}

/* In Japan people are called by the family name: the whole name is the rare form. */
static void a_part_of_a_name_is_the_person(void **state UNUSED) {
    struct arena a;
    struct anon x;
    struct anon_secrets s;
    struct found f = {0};
    struct buf b;
    arena_init(&a, 16 << 20);
    buf_init(&b, 1 << 20);
    anon_init(&x, &a, DAY_ONE, NULL);
    anon_secrets_init(&s, &a);
    const char *text = "\x02山田が気付き、花子（山田\xe3\x80\x80花子）へ。森も見た\x03";
    assert_int_equal(anon_secret_add(&s, ANON_PERSON, STR("山田\xe3\x80\x80花子")), 0);
    assert_int_equal(anon_secret_add(&s, ANON_PERSON, STR("森 一")), 0); /* one character would be everywhere */
    assert_int_equal(anon_check(&s, NULL, str_of(text), true, note, &f), 0);
    assert_string_equal(f.what, "person 山田 花子 1; person 山田 1; person 花子 1");
    assert_int_equal(anon_add(&x, ANON_PERSON, STR("山田\xe3\x80\x80花子"), STR(""), NULL, NULL), 0);
    assert_int_equal(anon_add(&x, ANON_PERSON, STR("佐藤 次郎"), STR(""), NULL, NULL), 0);
    assert_string_equal(write_all(&x, text, true, &b), "担当者Aが気付き、担当者A（担当者A）へ。森も見た");
    assert_string_equal(anon_find(&x, STR("次郎"))->ja.p, "担当者B");
    assert_int_equal(anon_add(&x, ANON_PERSON, STR("the provider's CSIRT Tanaka"), STR(""), NULL, NULL), 0);
    assert_non_null(anon_find(&x, STR("Tanaka")));
    assert_null(anon_find(&x, STR("the"))); /* no name: it would be replaced wherever it stands */
    assert_null(anon_find(&x, STR("CSIRT")));
    f = (struct found){0};
    assert_int_equal(anon_check(&s, &x, str_of(text), true, note, &f), 0);
    assert_int_equal(f.n, 0);
    anon_secrets_done(&s);
    buf_done(&b);
    arena_done(&a);
}

/* A row the machine made is kept and read again through anon_put. */
static void what_is_made_a_row_can_be_kept(void **state UNUSED) {
    static const char *const names[] = {"OFFICE\\taro", "the \"Blue\" company", "two\nlines"};
    struct arena a;
    struct anon x, again;
    arena_init(&a, 16 << 20);
    anon_init(&x, &a, DAY_ONE, NULL);
    anon_init(&again, &a, DAY_ONE, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        assert_int_equal(anon_add(&x, ANON_ACCOUNT, str_of(names[i]), STR(""), NULL, NULL), 0);
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_add_z(&b, "\x02");
    for (int i = 0; i < ANON_TEXT_BYTES_MAX + 2; i++)
        buf_add_byte(&b, '9');
    buf_add_z(&b, "円\x03");
    assert_int_equal(anon_scan(&x, buf_str(&b)), 0);
    buf_done(&b);
    assert_int_equal(x.n, 2);
    for (size_t i = 0; i < x.n; i++)
        assert_int_equal(anon_put(&again, &x.at[i]), 0);
    arena_done(&a);
}

/* Places below a prefecture by their form: whole, wards with their city; words that only look like it are left. */
static void places_are_seen_and_words_like_them_are_not(void **state UNUSED) {
    static const char *const places[] = {"横浜市", "横浜市中区", "港区", "つくば市", "さいたま市大宮区", "北諸県郡三股町", "大阪市北区", "千代田区", "白川村", "Minato-ku", "Yokohama City"};
    static const char *const others[] = {"都市部", "株式市場", "同市の", "営業区分", "町工場", "学区", "市民", "区間", "村", "木村さん", "下町の", "農村", "当市", "選挙区", "地区", "The City", "ここは市です", "市区町村"};
    static const char *const stories[] = {"nisc-2012-1-impersonated-mail", "nisc-2012-2-unseen-redirect", "nisc-2012-3-sleeping-backdoor", "nisc-2012-4-roaming-congestion", "nisc-2014-1-defaced-site", "nisc-2014-2-account-list", "nisc-2014-3-bot-behind-nat", "nisc-2019-1-era-change", "nisc-2019-2-shared-platform", "nisc-2019-3-shared-host", "nisc-2019-4-schedule-lock", "nisc-2019-5-emotet", "nisc-2019-6-rented-server", "nisc-2019-7-cloud-mail", "nisc-2023q3-1-risk-of-renewal", "nisc-2023q3-2-contractor-preparation", "nisc-2023q3-3-leaked-credentials", "nisc-2023q3-4-tried-and-shared", "nisc-2023q3-5-domain-let-go", "nisc-orgs-1-hosting-patch", "nisc-orgs-2-group-ransomware", "nisc-orgs-3-unknown-ransomware", "nisc-orgs-4-factory-supplier", "nisc-orgs-5-cloud-service", "nisc-orgs-6-group-company", "nisc-orgs-7-university", "nisc-orgs-8-outside-service"};
    struct anon_form f;
    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        if (!anon_form_at(str_of(places[i]), 0, &f) || f.kind != ANON_REGION || f.n != strlen(places[i]))
            fail_msg("'%s' is no place, or not whole", places[i]);
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        for (size_t k = 0; others[i][k]; k++)
            if (anon_place_at(str_of(others[i]), k))
                fail_msg("'%s' is taken for a place", others[i] + k);
    /* no story of the surveys names a place: whatever is seen in them is a false alarm */
    for (size_t i = 0; i < ARRAY_SIZE(stories); i++) {
        struct arena a;
        struct str text;
        char path[200];
        arena_init(&a, 4 << 20);
        for (int ja = 1; ja >= 0; ja--) {
            snprintf(path, sizeof path, "packs/%s/story.%s.md", stories[i], ja ? "ja" : "en");
            assert_int_equal(file_read(&a, path, 1 << 20, &text, NULL), 0);
            for (size_t k = 0; k < text.n; k++) {
                size_t n = (!k || !anon_word_byte(text.p[k - 1])) ? anon_place_at(text, k) : 0;
                if (n)
                    fail_msg("%s: '%.*s' is taken for a place", path, (int) n, text.p + k);
            }
        }
        arena_done(&a);
    }
}

UNIT_GROUP(pack_anon, cmocka_unit_test(places_are_seen_and_words_like_them_are_not),  cmocka_unit_test(a_part_of_a_name_is_the_person), cmocka_unit_test(what_is_made_a_row_can_be_kept), cmocka_unit_test(forms_are_seen_as_people_write_them), cmocka_unit_test(what_is_no_such_thing_is_left_alone),
           cmocka_unit_test(names_become_stable_pseudonyms_of_the_same_kind), cmocka_unit_test(what_remains_is_found_in_what_is_the_cases),
           cmocka_unit_test(no_pseudonym_is_an_address_of_the_case))
