/* Questions of how far something reached: read, filled in, counted, kept. */
#include "fixture.h"

#include "room/register.h"
#include "room/scope_run.h"

#define HEAD(asks, query)                                                                                                       \
    "scope: ours\ntitle: &w {ja: あ, en: a}\nunit: *w\nmeans: *w\nnot: *w\nask: [" asks "]\nquery: '" query "'\ncount: [user.name]\n" \
    "needs: [{log: *w, query: '*'}]\n"

static int fill(struct arena *a, const char *text, const char *values, struct str *ret_query, struct diag *d) {
    struct scope_spec s;
    struct json_value *v;
    struct buf out;
    buf_init(&out, 1 << 20);
    int e = scope_spec_read(a, str_of(text), "t.yml", &s, d);
    assert_int_equal(json_parse(a, str_of(values), &v, NULL), 0);
    if (e == 0)
        e = scope_question(a, &s, v, &out, ret_query, d);
    buf_done(&out);
    return e;
}

static void a_value_stays_a_value(void **state UNUSED) {
    static const char text[] = HEAD("{name: x, title: *w, many: true}", "a:{x} and b:1"), pattern[] = HEAD("{name: x, title: *w, kind: pattern}", "a:{x}"),
                      address[] = HEAD("{name: x, title: *w, kind: address, many: true}", "a:{x}");
    static const struct {
        const char *spec, *values, *query; /* NULL: refused */
    } rows[] = {
        {text, "{\"x\":[\"root\"]}", "a:\"root\" and b:1"},
        {text, "{\"x\":[\"a\\\" or c:\\\"*\", \"\\\\\"]}", "a:(\"a\\\" or c:\\\"*\", \"\\\\\") and b:1"},
        {text, "{\"x\":[]}", NULL},
        {text, "{\"x\":[\"\"]}", NULL},
        {text, "{}", NULL},
        {text, "{\"x\":[1]}", NULL},
        {text, "{\"x\":[\"a\\nb\"]}", NULL},
        {pattern, "{\"x\":[\"/a (b) or *\"]}", "a:/a\\ \\(b\\)\\ or\\ *"},
        {pattern, "{\"x\":[\"C:\\\\x\\\\*.exe\"]}", "a:C\\:\\\\x\\\\*.exe"},
        {pattern, "{\"x\":[\"＊　or　b\"]}", NULL},
        {pattern, "{\"x\":[\"a\", \"b\"]}", NULL},
        {address, "{\"x\":[\"198.51.100.7\", \"2001:db8::/64\"]}", "a:(198.51.100.7, 2001:db8::/64)"},
        {address, "{\"x\":[\"198.51.100.7 or b\"]}", NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct arena a;
        struct str query = STR("");
        struct diag d = {0};
        arena_init(&a, 1 << 24);
        int e = fill(&a, rows[i].spec, rows[i].values, &query, &d);
        if (rows[i].query) {
            assert_int_equal(e, 0);
            if (!str_eq_z(query, rows[i].query))
                fail_msg("row %zu: %.*s", i, STR_ARG(query));
        } else {
            assert_int_equal(e, -EINVAL);
            assert_true(d.text[0]);
        }
        arena_done(&a);
    }
}

static void a_file_that_makes_no_sense_says_where(void **state UNUSED) {
    static const char *const bad[] = {
        HEAD("", "a:{y}"),                                         /* nobody is asked for y */
        HEAD("{name: x, title: *w, kind: sql}", "a"),              /* no such kind */
        HEAD("{name: x, title: {ja: あ}}", "a"),                   /* one language */
        "scope: ../x\n" "title: {ja: a, en: a}\n",                 /* a name that is a path */
        "scope: ours\nquery: a\n",                                 /* what it does not mean is wanted */
        HEAD("", "a") "joins: [{query: a, by: b, of: c, gives: [d]}]\n", /* for how long */
        HEAD("", "a") "persons: {account: nothing}\n",
        HEAD("", "a") "colour: red\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct arena a;
        struct scope_spec s;
        struct diag d = {0};
        arena_init(&a, 1 << 24);
        assert_int_equal(scope_spec_read(&a, str_of(bad[i]), "t.yml", &s, &d), -ERR_PARSE);
        assert_true(d.text[0] && d.line > 0);
        arena_done(&a);
    }
}

static void a_count_is_kept_and_persons_are_found(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct story story = {.id = "a0", .revision = 1, .rule = "r", .kind = "list_attack", .level = "high", .service = "members", .group_source = "198.51.100.1",
                          .account_pattern = "m#", .account_n = 3, .first_ns = T0, .last_ns = T0 + 30 * NS_PER_S, .count = 60};
    fold(f, &story);
    static const char *const people[] = {"佐藤\tmail=sato@example.jp", "鈴木\taccount=suzuki"}, *const systems[] = {"pc-7\tresponsible=鈴木"};
    assert_int_equal(room_registers_load(f->r, "content/imports", NULL), 0);
    rows(f, "people", people, ARRAY_SIZE(people));
    rows(f, "systems", systems, ARRAY_SIZE(systems));
    static const char text[] = "scope: ours\ntitle: &w {ja: あ, en: a}\nunit: *w\nmeans: *w\nnot: *w\nquery: a\ncount: [host, user.name]\n"
                               "persons: {account: user.name, device: host}\nneeds: [{log: *w, query: '*'}]\n";
    static const char json[] = "{\"state\":\"done\",\"distinct\":5,\"at_least\":false,\"list\":{\"name\":\"scope-s1-2.csv\"},\"values\":["
                               "{\"value\":[\"pc-1\",\"SATO\"],\"open\":false},{\"value\":[\"pc-2\",\"sato@example.jp\"],\"open\":false},"
                               "{\"value\":[\"pc-7\",\"\"],\"open\":false},{\"value\":[\"pc-9\",\"nobody\"],\"open\":false},{\"value\":[\"192.0.2.9\"],\"open\":true}]}";
    struct room_actor who = fixture_actor(f, f->handler), auditor = fixture_actor(f, f->auditor);
    struct arena a;
    struct scope_spec s;
    struct json_value *result;
    struct room_scope_due due;
    struct diag d = {0};
    char name[80];
    int64_t id;
    arena_init(&a, 1 << 24);
    assert_int_equal(scope_spec_read(&a, str_of(text), "t.yml", &s, &d), 0);
    struct room_scope_new x = {.incident = 1, .from_ns = T0, .to_ns = T0 + NS_PER_S, .spec = &s, .values = STR("{}"), .query = STR("a"), .question = STR("\"query\":\"a\"")};
    assert_int_equal(room_scope_begin(f->r, &auditor, &x, &id, &d), -ERR_REFUSED); /* names are not for who checks who did what */
    assert_int_equal(room_scope_begin(f->r, &who, &x, &id, &d), 0);
    assert_int_equal(room_scope_due(f->r, &a, &due, &d), 1);
    assert_int_equal(due.id, id);
    assert_int_equal(room_scope_list(f->r, id, name, sizeof name, &d), -ENOENT);
    assert_int_equal(json_parse(&a, STR(json), &result, &d), 0);
    assert_int_equal(room_scope_end(f->r, &room_system, id, result, STR(json), &d), 0);
    assert_int_equal(room_scope_due(f->r, &a, &due, &d), 0);
    assert_int_equal(number(f, "SELECT number FROM scope_run"), 5);
    assert_int_equal(number(f, "SELECT json_extract(result, '$.persons') FROM scope_run"), 2); /* sato twice, suzuki by the machine */
    assert_int_equal(number(f, "SELECT json_extract(result, '$.unknown') FROM scope_run"), 2);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.scope_counted'"), 1);
    assert_int_equal(room_scope_list(f->r, id, name, sizeof name, &d), 0);
    assert_string_equal(name, "scope-s1-2.csv");
    static const char evil[] = "{\"state\":\"done\",\"distinct\":0,\"list\":{\"name\":\"../room/room.db\"}}";
    assert_int_equal(room_scope_begin(f->r, &who, &x, &id, &d), 0);
    assert_int_equal(json_parse(&a, STR(evil), &result, &d), 0);
    assert_int_equal(room_scope_end(f->r, &room_system, id, result, STR(evil), &d), 0);
    assert_int_equal(room_scope_list(f->r, id, name, sizeof name, &d), -ENOENT);
    arena_done(&a);
    fixture_free(f);
}

static void own_questions_come_and_go(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor who = fixture_actor(f, f->handler);
    struct scope_spec s;
    const struct scope_spec *all;
    struct arena a;
    size_t n;
    int64_t id;
    arena_init(&a, 1 << 24);
    assert_int_equal(scope_spec_read(&a, STR(HEAD("", "a")), "t.yml", &s, NULL), 0);
    for (int i = 0; i < 2; i++) /* again is another text for the same */
        assert_int_equal(room_scope_file_put(f->r, &who, &s, &id, NULL), 0);
    assert_int_equal(room_scope_specs(f->r, &a, NULL, 0, &all, &n, NULL), 0);
    assert_true(n == 1 && all[0].own && all[0].id == id);
    assert_int_equal(room_scope_specs(f->r, &a, &s, 1, &all, &n, NULL), 0); /* a shipped one of that name goes first */
    assert_true(n == 1 && !all[0].own);
    assert_int_equal(room_scope_file_end(f->r, &who, id, NULL), 0);
    assert_int_equal(room_scope_specs(f->r, &a, NULL, 0, &all, &n, NULL), 0);
    assert_int_equal(n, 0);
    arena_done(&a);
    fixture_free(f);
}

UNIT_GROUP(room_scope, cmocka_unit_test(a_value_stays_a_value), cmocka_unit_test(a_file_that_makes_no_sense_says_where),
           cmocka_unit_test(a_count_is_kept_and_persons_are_found), cmocka_unit_test(own_questions_come_and_go))
