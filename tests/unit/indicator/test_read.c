#include "unit.h"

#include "base/buf.h"
#include "indicator/read.h"
#include "torture.h"

/* "value,value" of what was taken, then " - value(why)" of what was not. */
static struct str read_all(struct arena *a, struct str bytes, const char *columns, struct indicator_list *l) {
    struct indicator_reading o = {.name = STR("file"), .format = -1, .tlp = -1, .confidence = -1, .valid_until_ns = TIME_NONE, .columns = str_of(columns)};
    enum indicator_format f;
    struct diag d = {0};
    struct str out = STR("");
    indicator_list_init(l);
    int r = indicator_read(&o, bytes, l, &f, &d);
    if (r < 0)
        return arena_printf(a, "error: %s", d.text);
    out = arena_printf(a, "%s:", indicator_format_to_string(f));
    for (size_t i = 0; i < l->n; i++)
        out = arena_printf(a, "%.*s%s%.*s", STR_ARG(out), i ? "," : " ", STR_ARG(l->at[i].value));
    for (size_t i = 0; i < l->n_refused; i++)
        out = arena_printf(a, "%.*s - %.*s(%s)", STR_ARG(out), STR_ARG(l->refused[i].value), indicator_why_to_string(l->refused[i].why));
    return out;
}

static void files_give_values(void **state) {
    static const struct {
        const char *text, *columns, *want;
    } rows[] = {
        {"45.67.89.10\nevil.com\n# not.this\n\n", NULL, "text: 45.67.89.10,evil.com"},
        {"通信先はhxxp://a.evil.com/x?y=1です。ほか45.67.89.10、「b[.]evil[.]com」。", NULL, "text: http://a.evil.com/x?y=1,45.67.89.10,b.evil.com"},
        {"see https://report.org/1 about evil[.]com", NULL, "text: evil.com - https://report.org/1(reference)"},
        {"run.sh を実行、install.zip", NULL, "text: - run.sh(file_name) - install.zip(file_name)"},
        {"c2=45.67.89.10;port=443", NULL, "text: 45.67.89.10"},
        {"ip,comment\n45.67.89.10,one\n45.67.89.11,two\n", NULL, "csv: 45.67.89.10,45.67.89.11"},
        {"Kind;Wert;x\nip;45.67.89.10;1\nname;evil.com;2\n", NULL, "csv: 45.67.89.10,evil.com - Wert(unreadable)"},
        {"n,a,b\n1,evil.com,45.67.89.10\n", "value=b,note=a", "csv: 45.67.89.10"},
        {"n,a\n1,evil.com\n", "value=9", "csv: - "},
        {"value,to_ids\nevil.com,0\n\"bad.com\",1\n", NULL, "csv: bad.com - evil.com(not_meant)"},
        {"{\"type\":\"bundle\",\"objects\":[{\"type\":\"indicator\",\"pattern\":\"[url:value='http://a.com/' AND ipv4-addr:value='45.67.89.10']\"}]}", NULL, "stix: http://a.com/,45.67.89.10"},
        {"{\"type\":\"bundle\",\"objects\":[{\"type\":\"indicator\",\"pattern\":\"[url:value='http://a.com/' AND ipv4-addr:value='nonsense']\"}]}", NULL, "stix: - nonsense(unreadable)"},
        {"{\"type\":\"bundle\",\"objects\":[{\"type\":\"indicator\",\"revoked\":true,\"pattern\":\"[ipv4-addr:value='45.67.89.10']\"}]}", NULL, "stix: - [ipv4-addr:value='45.67.89.10'](not_meant)"},
        {"{\"type\":\"bundle\",\"objects\":[{\"type\":\"indicator\",\"pattern_type\":\"sigma\",\"id\":\"indicator--1\",\"pattern\":\"x\"}]}", NULL, "stix: - indicator--1(unreadable)"},
        {"{\"response\":[{\"Event\":{\"Attribute\":[{\"type\":\"md5\",\"value\":\"0123456789abcdef0123456789abcdef\"},{\"type\":\"sha1\",\"value\":\"0123\"}]}}]}", NULL,
         "misp: 0123456789abcdef0123456789abcdef - 0123(unreadable)"},
        {"{\"a\":1}", NULL, "error: JSON, but neither"},
        {"{\"type\":", NULL, "error: no JSON"},
        {"", NULL, "text:"},
    };
    (void) state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct arena a;
        struct indicator_list l;
        arena_init(&a, 16 << 20);
        struct str got = read_all(&a, str_of(rows[i].text), rows[i].columns, &l);
        bool begins = rows[i].want[0] == 'e' || rows[i].want[strlen(rows[i].want) - 1] == ' ';
        struct str want = str_of(rows[i].want);
        if (rows[i].columns && str_eq_z(str_of(rows[i].columns), "value=9"))
            assert_int_equal(l.n, 0);
        else if (begins ? !str_starts(got, want) : !str_eq(str_trim(got), want))
            fail_msg("row %zu gives '%.*s'", i, STR_ARG(got));
        indicator_list_done(&l);
        arena_done(&a);
    }
}

static void repetitions_by_one_source_become_one(void **state) {
    struct arena a;
    struct indicator_list l;
    (void) state;
    arena_init(&a, 1 << 20);
    struct str got = read_all(&a, STR("value,source,tlp,confidence,first,until\nevil.com,A,green,10,2026-03-01,2027-01-01\nevil.com,A,amber,60,2026-01-01,2026-06-01\nevil.com,B,pink,,,\n"), NULL, &l);
    assert_str(got, "csv: evil.com,evil.com");
    assert_int_equal(l.same, 1);
    assert_int_equal(l.at[0].tlp, INDICATOR_TLP_AMBER);
    assert_int_equal(l.at[0].confidence, 60);
    assert_true(l.at[0].first_ns == time_days_from_civil(2026, 1, 1) * NS_PER_DAY);
    assert_true(l.at[0].valid_until_ns == time_days_from_civil(2027, 1, 1) * NS_PER_DAY);
    assert_int_equal(l.at[1].tlp, INDICATOR_TLP_RED); /* a label nobody knows is kept close */
    indicator_list_done(&l);
    arena_done(&a);
}

static int allocate(void *ctx) {
    struct indicator_reading o = {.name = STR("file"), .format = -1, .tlp = -1, .confidence = -1, .valid_until_ns = TIME_NONE};
    struct indicator_list l;
    enum indicator_format f;
    indicator_list_init(&l);
    int r = indicator_read(&o, str_of(ctx), &l, &f, NULL);
    indicator_list_done(&l);
    return r;
}

static void memory_may_end_anywhere(void **state) {
    static char text[] = "value,note\nevil.com,\"a \"\"b\"\"\"\n例え.テスト,x\n", prose[] = "日本 hxxp://a[.]com 45.67.89.10";
    static char stix[] = "{\"type\":\"bundle\",\"objects\":[{\"type\":\"identity\",\"id\":\"i\",\"name\":\"n\"},{\"type\":\"indicator\",\"pattern\":\"[url:value='http://a.com/' AND ipv4-addr:value='45.67.89.10']\"}]}";
    (void) state;
    assert_true(torture(allocate, text) > 0);
    assert_true(torture(allocate, prose) > 0);
    assert_true(torture(allocate, stix) > 0);
}

UNIT_GROUP(indicator_read, cmocka_unit_test(files_give_values), cmocka_unit_test(repetitions_by_one_source_become_one), cmocka_unit_test(memory_may_end_anywhere))
