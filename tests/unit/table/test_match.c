/* Headers, columns and values, with the registers that are shipped. */
#include "unit.h"

#include "base/json.h"
#include "base/time.h"
#include "table/match.h"

struct bed {
    struct arena a;
    struct import_spec *specs;
    size_t n;
    struct table t;
    struct buf out;
    struct json_value *doc;
};
#define TODAY (INT64_C(1795366988) * NS_PER_S) /* 2026-11-22 */

static void bed_init(struct bed *b) {
    struct diag d = {0};
    arena_init(&b->a, 64 << 20);
    buf_init(&b->out, 16 << 20);
    if (import_specs_load(&b->a, "content/imports", &b->specs, &b->n, &d) < 0)
        fail_msg("%s:%u: %s", d.file, d.line, d.text);
}

static void bed_done(struct bed *b) {
    table_done(&b->t);
    buf_done(&b->out);
    arena_done(&b->a);
}

static int run(struct bed *b, const char *spec, const char *csv, const char *columns, struct diag *d) {
    const struct import_spec *s = import_spec_find(b->specs, b->n, str_of(spec));
    struct import_match m;
    struct jsonw w;
    assert_non_null(s);
    assert_int_equal(table_read(str_of(csv), "given.csv", &b->t, d), 0);
    int r = import_match_table(&b->a, &b->t, s, STR_NULL, str_of(columns), &m, d);
    if (r < 0)
        return r;
    jsonw_init(&w, &b->out);
    r = import_document_write(&b->a, &b->t, &m, TODAY, &w, d);
    assert_int_equal(r, 0);
    assert_int_equal(json_parse(&b->a, buf_str(&b->out), &b->doc, d), 0);
    return 0;
}

static const struct json_value *nth(const struct json_value *list, unsigned i) {
    const struct json_value *v = list->first;
    while (v && i--)
        v = v->next;
    assert_non_null(v);
    return v;
}

static struct str text(const struct json_value *o, const char *key) {
    struct str s = STR_NULL;
    (void) json_get_str(o, key, &s);
    return s;
}

static struct str value(struct bed *b, unsigned row, const char *field) {
    return text(json_get(nth(json_get(b->doc, "rows"), row), "values"), field);
}

static void titles_stand_above_and_names_differ(void **state UNUSED) {
    struct bed b = {0};
    struct diag d = {0};
    bed_init(&b);
    assert_int_equal(run(&b, "systems",
                         "情報システム台帳（令和８年度）,,,,\n最終更新,2026/4/1,,,\n,,,,\nNo.,情報システム名（必須）,所管 部署,重 要 度,ログ取得状況\n"
                         "1,会員サイト,情報システム課,Ａ,取得済\n2,物品　管理,総務課,低,契約外\n",
                         NULL, &d), 0);
    int64_t row = 0;
    assert_true(json_get_i64(b.doc, "head_row", &row) && row == 4);
    assert_str(value(&b, 0, "name"), "会員サイト");
    assert_str(value(&b, 0, "owner"), "情報システム課");
    assert_str(value(&b, 0, "importance"), "high");
    assert_str(value(&b, 0, "log"), "obtained");
    assert_str(value(&b, 1, "name"), "物品 管理");
    assert_str(value(&b, 1, "log"), "not_in_contract");
    assert_int_equal(json_get(nth(json_get(b.doc, "columns"), 0), "field")->type, JSON_NULL); /* No. */
    bed_done(&b);
}

static void english_and_columns_by_hand(void **state UNUSED) {
    struct bed b = {0};
    struct diag d = {0};
    bed_init(&b);
    assert_int_equal(run(&b, "systems", "System,Department,Who,Logs\nMembers,IT,sato,yes\n", "3=owner,2=", &d), 0);
    assert_str(value(&b, 0, "owner"), "sato");
    assert_str(value(&b, 0, "log"), "obtained");
    bed_done(&b);
}

static void dates_phones_and_marks_of_contracts(void **state UNUSED) {
    struct bed b = {0};
    struct diag d = {0};
    bed_init(&b);
    assert_int_equal(run(&b, "contracts",
                         "契約件名,契約相手方,対象システム,ログの取得,夜間対応,緊急連絡先,契約終了日\n"
                         "保守,○○社,会員サイト、 請求照会,○,×,312345678,令和9年3月31日\n"
                         "借用,△△社,掲示板,要確認,－,8012345678,2027/3/31\n"
                         "監視,□□社,,無,有,０３−１２３４−５６７８（夜間）,R9.3.31\n",
                         NULL, &d), 0);
    assert_str(value(&b, 0, "log_collection"), "yes");
    assert_str(value(&b, 0, "night_response"), "no");
    assert_str(value(&b, 0, "night_phone"), "0312345678");
    assert_str(value(&b, 0, "systems"), "会員サイト\n請求照会");
    assert_str(value(&b, 0, "ends"), "2027-03-31");
    assert_str(text(nth(json_get(nth(json_get(b.doc, "rows"), 0), "notes"), 0), "code"), "zero_restored");
    assert_str(value(&b, 1, "log_collection"), "unknown");
    assert_str(value(&b, 1, "night_response"), "");
    assert_str(value(&b, 1, "night_phone"), "08012345678");
    assert_str(value(&b, 2, "log_collection"), "no");
    assert_true(str_find(value(&b, 2, "night_phone"), STR("1234"), 0) >= 0);
    assert_str(value(&b, 2, "ends"), "2027-03-31");
    bed_done(&b);
}

static void what_is_refused_has_its_place(void **state UNUSED) {
    struct bed b = {0};
    struct diag d = {0};
    static const struct {
        int64_t row;
        const char *column, *field, *code;
    } wanted[] = {{3, "C", "ends", "no_date"}, {4, "A", "name", "missing"}, {5, "B", "night_phone", "no_phone"}, {6, "A", "name", "twice"},
                  {7, "C", "ends", "no_date"}, {8, "D", "log_collection", "no_choice"}};
    bed_init(&b);
    assert_int_equal(run(&b, "contracts",
                         "契約名,電話,終了日,ログ採取\n良,110,2027-01-01,有\n暦,,45000,有\n,03-1234-5678,,\n電,12345678,,\n  良 ,,,\n日,,2027-02-30,\n択,,,たぶん\n", NULL, &d), 0);
    const struct json_value *refused = json_get(b.doc, "refused");
    assert_int_equal(refused->n, ARRAY_SIZE(wanted));
    for (unsigned i = 0; i < ARRAY_SIZE(wanted); i++) {
        const struct json_value *v = nth(refused, i);
        int64_t row = 0;
        assert_true(json_get_i64(v, "row", &row));
        assert_int_equal(row, wanted[i].row);
        assert_str(text(v, "column"), wanted[i].column);
        assert_str(text(v, "field"), wanted[i].field);
        assert_str(text(v, "code"), wanted[i].code);
        assert_true(text(v, "help").n > 20);
    }
    assert_int_equal(json_get(b.doc, "rows")->n, 1);
    bed_done(&b);
}

static void a_table_without_its_names_is_refused(void **state UNUSED) {
    struct bed b = {0};
    struct diag d = {0};
    bed_init(&b);
    assert_int_equal(run(&b, "systems", "a,b\n1,2\n", NULL, &d), -ERR_PARSE);
    assert_non_null(strstr(d.text, "システム名"));
    bed_done(&b);
}

/* The template must be read back by the very same description, in both languages. */
static void templates_are_read_back(void **state UNUSED) {
    struct bed b = {0};
    bed_init(&b);
    for (size_t i = 0; i < b.n; i++)
        for (int ja = 0; ja < 2; ja++) {
            const struct import_spec *s = &b.specs[i];
            struct import_match m;
            struct table t;
            struct diag d = {0};
            buf_clear(&b.out);
            import_template_write(s, ja, &b.out);
            for (size_t k = 0; k < s->n_fields; k++)
                buf_add_z(&b.out, k ? ",x" : "x");
            assert_int_equal(table_read(buf_str(&b.out), "template.csv", &t, &d), 0);
            assert_int_equal(import_match_table(&b.a, &t, s, STR_NULL, STR_NULL, &m, &d), 0);
            for (size_t k = 0; k < s->n_fields; k++)
                if (m.columns[k].field != k)
                    fail_msg("%.*s: '%.*s' is field %zu", STR_ARG(s->name), STR_ARG(m.columns[k].head), m.columns[k].field);
            table_done(&t);
        }
    bed_done(&b);
}

/* A name that two fields of one register claim would go to whichever comes first, unseen. */
static void no_two_fields_share_a_name(void **state UNUSED) {
    struct bed b = {0};
    bed_init(&b);
    for (size_t i = 0; i < b.n; i++)
        for (size_t x = 0; x < b.specs[i].n_fields; x++)
            for (size_t y = 0; y < x; y++)
                for (size_t k = 0; k < b.specs[i].fields[x].n_names; k++)
                    for (size_t l = 0; l < b.specs[i].fields[y].n_names; l++)
                        if (str_eq(b.specs[i].fields[x].names[k], b.specs[i].fields[y].names[l]))
                            fail_msg("%.*s: '%.*s' is %.*s and %.*s", STR_ARG(b.specs[i].name), STR_ARG(b.specs[i].fields[x].names[k]),
                                     STR_ARG(b.specs[i].fields[x].name), STR_ARG(b.specs[i].fields[y].name));
    bed_done(&b);
}

static void codes_get_their_zeros_back(void **state UNUSED) {
    struct bed b = {0};
    struct diag d = {0};
    struct import_spec s;
    struct str got;
    enum import_note note;
    bed_init(&b);
    assert_int_equal(import_spec_parse(&b.a, STR("import: x\ntitle: {ja: x, en: x}\nkey: code\nfields:\n  - {name: code, title: {ja: 番号, en: code}, kind: code, digits: 4, required: true}\n"),
                                       "x.yml", &s, &d), 0);
    assert_int_equal(import_value_read(&b.a, &s.fields[0], STR("１２"), TODAY, &got, &note), IMPORT_FINE);
    assert_str(got, "0012");
    assert_int_equal(note, IMPORT_ZERO_RESTORED);
    assert_int_equal(import_value_read(&b.a, &s.fields[0], STR("12345"), TODAY, &got, &note), IMPORT_NO_CODE);
    assert_int_equal(import_value_read(&b.a, &s.fields[0], STR("AB12"), TODAY, &got, &note), IMPORT_NO_CODE);
    assert_int_equal(import_value_read(&b.a, &s.fields[0], STR("0012"), TODAY, &got, &note), IMPORT_FINE);
    assert_int_equal(note, IMPORT_AS_IT_WAS);
    bed_done(&b);
}

static void faults_of_the_description_have_their_place(void **state UNUSED) {
    static const char *const bad[] = {
        "import: x\n", "import: x\ntitle: {ja: x, en: x}\nkey: b\nfields:\n  - {name: a, title: {ja: x, en: x}, required: true}\n",
        "import: x\ntitle: {ja: x, en: x}\nkey: a\nfields:\n  - {name: a, title: {ja: x, en: x}, kind: colour, required: true}\n",
        "import: x\ntitle: {ja: x, en: x}\nkey: a\nfields:\n  - {name: a, title: {ja: x, en: x}, kind: choice, required: true}\n",
        "import: x\ntitle: {ja: x}\nkey: a\nfields:\n  - {name: a, title: {ja: x, en: x}, required: true}\n",
        "import: x\ntitle: {ja: x, en: x}\nkey: a\nfields:\n  - {name: a, title: {ja: x, en: x}, required: true, colour: 1}\n"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct arena a;
        struct import_spec s;
        struct diag d = {0};
        arena_init(&a, 1 << 20);
        assert_int_equal(import_spec_parse(&a, str_of(bad[i]), "x.yml", &s, &d), -ERR_PARSE);
        assert_string_equal(d.file, "x.yml");
        assert_true(d.line > 0);
        arena_done(&a);
    }
}

UNIT_GROUP(table_match, cmocka_unit_test(titles_stand_above_and_names_differ), cmocka_unit_test(english_and_columns_by_hand),
           cmocka_unit_test(dates_phones_and_marks_of_contracts), cmocka_unit_test(what_is_refused_has_its_place),
           cmocka_unit_test(a_table_without_its_names_is_refused), cmocka_unit_test(templates_are_read_back),
           cmocka_unit_test(no_two_fields_share_a_name), cmocka_unit_test(codes_get_their_zeros_back),
           cmocka_unit_test(faults_of_the_description_have_their_place))
