/* Rows of a case, the order in which systems come back, and the gate before a case is closed. */
#include "fixture.h"

#include "base/file.h"
#include "room/case_row.h"
#include "room/decision.h"
#include "room/recovery.h"
#include "room/tightening.h"
#include "room/register.h"

static struct fixture *with_case(void) {
    struct fixture *f = fixture_new();
    struct story s = {.id = "a0", .revision = 1, .rule = "r", .kind = "list_attack", .level = "high", .service = "members", .group_source = "198.51.100.1",
                      .account_pattern = "m#", .account_n = 3, .first_ns = T0, .last_ns = T0 + 30 * NS_PER_S, .count = 60};
    fold(f, &s);
    assert_int_equal(room_case_rules_load(f->r, "content/cases/rules.yml", NULL), 0);
    assert_int_equal(room_registers_load(f->r, "content/imports", NULL), 0);
    return f;
}

static int add(struct fixture *f, const char *kind, const char *key, const char *name, const char *state, const char *fields, struct diag *d) {
    struct room_actor who = fixture_actor(f, f->handler);
    struct room_case_row_new x = {.incident = 1, .kind = str_of(kind), .key = str_of(key), .name = str_of(name), .state = str_of(state), .due_ns = TIME_NONE};
    struct json_value *v = NULL;
    struct arena a;
    int64_t id;
    arena_init(&a, 1 << 20);
    if (fields)
        assert_int_equal(json_parse(&a, str_of(fields), &v, NULL), 0);
    x.fields = v;
    int e = room_case_row_add(f->r, &who, &x, &id, d);
    arena_done(&a);
    return e;
}

static int change(struct fixture *f, int64_t id, int64_t version, const char *state, const char *from, const char *to, const char *fields, struct diag *d) {
    struct room_actor who = fixture_actor(f, f->handler);
    struct room_case_row_change c = {.state = str_of(state), .from = str_of(from), .to = str_of(to), .note = STR(""), .sealed = true, .at_ns = TIME_NONE};
    struct json_value *v = NULL;
    struct arena a;
    arena_init(&a, 1 << 20);
    if (fields)
        assert_int_equal(json_parse(&a, str_of(fields), &v, NULL), 0);
    c.fields = v;
    int e = room_case_row_change(f->r, &who, id, version, &c, d);
    arena_done(&a);
    return e;
}

#define HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void every_hand_a_thing_goes_through_stays_written(void **state UNUSED) {
    struct fixture *f = with_case();
    struct diag d = {0};
    assert_int_equal(add(f, "item", "", "営業3のPC", "", NULL, &d), -EINVAL); /* by whom, how */
    assert_string_equal(d.text, "taken_by");
    assert_int_equal(add(f, "item", "", "営業3のPC", "", "{\"taken_by\":\"佐藤\",\"how\":\"電源を切らずにネットワークから外した\",\"sha256\":\"abc\"}", &d), -EINVAL);
    assert_string_equal(d.text, "sha256");
    assert_int_equal(add(f, "item", "", "営業3のPC", "", "{\"taken_by\":\"佐藤\",\"how\":\"x\",\"colour\":\"red\"}", &d), -EINVAL);
    assert_int_equal(add(f, "item", "", "営業3のPC", "", "{\"taken_by\":\"佐藤\",\"how\":\"電源を切らずに外した\",\"clock\":\"+3分\"}", &d), 0);
    assert_int_equal(change(f, 1, 1, "handed", "佐藤", "", NULL, &d), -EINVAL);
    assert_string_equal(d.text, "to");
    assert_int_equal(change(f, 1, 1, "handed", "佐藤", "調査会社", NULL, &d), 0);
    assert_int_equal(change(f, 1, 1, "returned", "調査会社", "佐藤", NULL, &d), -ERR_VERSION); /* somebody was first */
    assert_int_equal(change(f, 1, 2, "returned", "調査会社", "佐藤", "{\"sha256\":\"" HASH "\"}", &d), 0);
    assert_int_equal(change(f, 1, 3, "destroyed", "", "", NULL, &d), -EINVAL); /* why */
    assert_int_equal(number(f, "SELECT json_array_length(doc, '$.past') FROM case_row"), 3);
    assert_int_equal(number(f, "SELECT json_extract(doc, '$.past[1].to') = '調査会社' AND json_extract(doc, '$.past[1].sealed') AND "
                               "json_extract(doc, '$.fields.sha256') = '" HASH "' AND json_extract(doc, '$.fields.clock') = '+3分' FROM case_row"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.case_row'"), 3);
    fixture_free(f);
}

static void a_copy_is_asked_for_through_the_door_and_destroyed_with_proof(void **state UNUSED) {
    struct fixture *f = with_case();
    struct room_actor who = fixture_actor(f, f->handler), auditor = fixture_actor(f, f->auditor);
    struct diag d = {0};
    assert_int_equal(add(f, "copy", "", "委託先", "", "{\"what\":\"会員名簿\"}", &d), 0);
    assert_int_equal(room_case_row_ask(f->r, &who, 1, 1, STR("mail"), STR("返してください"), &d), -EINVAL); /* where to */
    assert_int_equal(change(f, 1, 1, "", "", "", "{\"address\":\"a@example.jp\"}", &d), 0);
    assert_int_equal(room_case_row_ask(f->r, &auditor, 1, 2, STR("mail"), STR("返してください"), &d), -ERR_REFUSED);
    assert_int_equal(room_case_row_ask(f->r, &who, 1, 1, STR("mail"), STR("返してください"), &d), -ERR_VERSION);
    assert_int_equal(number(f, "SELECT count(*) FROM message"), 0);
    assert_int_equal(room_case_row_ask(f->r, &who, 1, 2, STR("mail"), STR("返してください"), &d), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM message WHERE incident_id = 1 AND address = 'a@example.jp'"), 1);
    assert_int_equal(number(f, "SELECT state = 'asked' FROM case_row"), 1);
    assert_int_equal(change(f, 1, 3, "destroyed", "", "", NULL, &d), -EINVAL);
    assert_string_equal(d.text, "proof");
    assert_int_equal(change(f, 1, 3, "destroyed", "", "", "{\"proof\":\"消去証明書 12号\"}", &d), 0);
    fixture_free(f);
}

static const char *const SYSTEMS[] = {"網\timportance=low", "認証\timportance=medium\tdepends=網", "会員\timportance=high\tdepends=認証", "予約\timportance=high\tdepends=認証|倉庫",
                                      "倉庫\timportance=low", "掲示板\timportance=medium\tdepends=網", "甲\timportance=high\tdepends=会員", "無関係\timportance=high"};

static struct str recovery(struct fixture *f, struct buf *out) {
    struct jsonw w;
    buf_clear(out);
    jsonw_init(&w, out);
    assert_int_equal(room_recovery_write(f->r, 1, &w, NULL), 0);
    return buf_str(out);
}

static void expect_order(struct fixture *f, const char *const *names, size_t n) {
    struct arena a;
    struct buf out;
    struct json_value *v;
    size_t i = 0;
    arena_init(&a, 1 << 22);
    buf_init(&out, 1 << 20);
    assert_int_equal(json_parse(&a, recovery(f, &out), &v, NULL), 0);
    for (const struct json_value *x = json_get_array(v, "order")->first; x; x = x->next, i++) {
        struct str name;
        assert_true(json_get_str(x, "name", &name) && i < n);
        if (!str_eq_z(name, names[i]))
            fail_msg("place %zu: %.*s, wanted %s", i, STR_ARG(name), names[i]);
    }
    assert_int_equal(i, n);
    buf_done(&out);
    arena_done(&a);
}

static void a_base_comes_before_what_stands_on_it(void **state UNUSED) {
    struct fixture *f = with_case();
    rows(f, "systems", SYSTEMS, ARRAY_SIZE(SYSTEMS));
    static const char *const down[] = {"会員", "予約", "掲示板", "網", "倉庫", "認証"};
    for (size_t i = 0; i < ARRAY_SIZE(down); i++)
        assert_int_equal(add(f, "stage", down[i], down[i], "", NULL, NULL), 0);
    assert_int_equal(add(f, "stage", "網", "網", "", NULL, NULL), -EEXIST);
    /* the network is of low importance itself, and the first: the members' site hangs on it */
    expect_order(f, (const char *const[]){"網", "認証", "倉庫", "予約", "会員", "掲示板"}, 6);
    assert_int_equal(change(f, 4, 1, "back", "", "", NULL, NULL), 0);
    expect_order(f, (const char *const[]){"認証", "倉庫", "予約", "会員", "掲示板"}, 5);
    /* what stands on something that is up and that stands on something down waits, too */
    assert_int_equal(add(f, "stage", "甲", "甲", "", NULL, NULL), 0);
    expect_order(f, (const char *const[]){"認証", "会員", "倉庫", "予約", "甲", "掲示板"}, 6);
    fixture_free(f);
}

static void watched(struct fixture *f) {
    struct room_actor who = fixture_actor(f, f->handler);
    struct str of = STR("会員");
    struct room_tightening_new x = {.use = "watch", .incident = 1, .services = &of, .n_services = 1, .reason = STR("復旧した")};
    int64_t id;
    assert_int_equal(room_tightening_start(f->r, &who, &x, &id, NULL), 0);
}

static void the_gate_names_what_is_missing(void **state UNUSED) {
    
    struct fixture *f = with_case();
    struct room_actor who = fixture_actor(f, f->handler);
    struct room_incident_change closing = {.set_state = true};
    struct diag d = {0};
    rows(f, "systems", SYSTEMS, ARRAY_SIZE(SYSTEMS));
    put_row(f, "authority", "1", "{\"kind\":\"reopen\",\"verb\":\"decide\",\"who\":\"duty\"}");
    assert_int_equal(room_safety_check(f->r, 1, &d), 0); /* nothing was stopped: it may be closed as it is */
    assert_int_equal(add(f, "stage", "会員", "会員", "", NULL, &d), 0);
#define VERSION number(f, "SELECT version FROM incident WHERE id = 1")
    assert_int_equal(room_incident_change(f->r, &who, 1, VERSION, &closing, &d), -EPERM);
    assert_non_null(strstr(d.text, "systems"));
    assert_non_null(strstr(d.text, "cause"));
    assert_non_null(strstr(d.text, "approval"));
    assert_int_equal(number(f, "SELECT state = 'open' FROM incident"), 1);
    assert_int_equal(add(f, "safety", "systems", "systems", "confirmed", NULL, &d), 0); /* what is counted is not confirmed away */
    assert_int_equal(room_safety_check(f->r, 1, &d), -EPERM);
    assert_non_null(strstr(d.text, "systems"));
    assert_int_equal(change(f, 1, 1, "back", "", "", NULL, &d), 0);
    assert_int_equal(add(f, "safety", "cause", "cause", "confirmed", NULL, &d), 0);
    assert_int_equal(room_safety_check(f->r, 1, &d), -EPERM);
    assert_non_null(strstr(d.text, "watch")); /* nobody watches for the same again */
    assert_int_equal(add(f, "safety", "watch", "watch", "excepted", NULL, &d), -EINVAL); /* an exception has a reason */
    watched(f);
    assert_int_equal(room_safety_check(f->r, 1, &d), -EPERM);
    assert_null(strstr(d.text, "watch"));
    char left[64];
    snprintf(left, sizeof left, "%s", d.text);
    struct room_decision_new x = {.incident = 1, .kind = DUTY_REOPEN, .service = STR("会員"), .rule_id = STR(""), .risk_do = STR(""), .risk_go_on = STR("")};
    struct room_decision_made m = {.why = STR("すべて戻った"), .at_ns = f->now_ns, .person = STR("")};
    int64_t id;
    f->now_ns += NS_PER_MIN;
    m.at_ns = f->now_ns;
    assert_int_equal(room_decision_propose(f->r, &who, &x, &id, &d), 0);
    assert_int_equal(room_decision_make(f->r, &who, id, number(f, "SELECT version FROM decision ORDER BY id DESC LIMIT 1"), &m, &d), 0);
    int e = room_safety_check(f->r, 1, &d);
    if (e < 0 && strstr(d.text, "tasks")) { /* of the case's playbook, if it has one */
        assert_int_equal(add(f, "safety", "tasks", "tasks", "excepted", "{\"why\":\"x\"}", &d), 0);
        e = room_safety_check(f->r, 1, &d);
    }
    if (e < 0)
        fail_msg("left: %s (before: %s)", d.text, left);
    assert_int_equal(room_incident_change(f->r, &who, 1, VERSION, &closing, &d), 0);
    fixture_free(f);
}

static void conditions_of_closing_are_data(void **state UNUSED) {
    static const struct {
        const char *lines;
        int gives;
    } tries[] = {
        {"closing:\n  - {name: drill, by: person, ja: 訓練の日を決めた, en: the day of the exercise is set}\n", 0},
        {"closing:\n  - {name: x, counts: nothing_like_it, ja: あ, en: a}\n", -ERR_PARSE},
        {"closing:\n  - {name: x, ja: あ, en: a}\n", -ERR_PARSE},
        {"closing:\n  - {name: x, by: person, counts: tasks, ja: あ, en: a}\n", -ERR_PARSE},
        {"closing:\n  - {name: x, by: person, ja: あ}\n", -ERR_PARSE},
        {"closing:\n  - {name: x, by: person, ja: あ, en: a}\n  - {name: x, by: person, ja: あ, en: a}\n", -ERR_PARSE},
        {"contacts:\n  - {name: x, by: person, ja: あ, en: a}\n", -ERR_PARSE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(tries); i++) {
        struct fixture *f = fixture_new();
        struct diag d = {0};
        struct buf b;
        char path[120];
        snprintf(path, sizeof path, "%s/rules.yml", f->dir);
        buf_init(&b, 1 << 16);
        buf_add_z(&b, "gaps: {at_least: []}\nrank: {stolen: 0, unseen: 0, known: 0, false_alarm: 0, false_alarm_rule: 0}\n");
        buf_add_z(&b, tries[i].lines);
        assert_int_equal(file_write_atomic(path, buf_str(&b), 0600, &d), 0);
        int e = room_case_rules_load(f->r, path, &d);
        (void) unlink(path);
        if (e != tries[i].gives)
            fail_msg("row %zu gives %d: %s", i, e, d.text);
        if (e == 0) {
            struct jsonw w;
            buf_clear(&b);
            jsonw_init(&w, &b);
            assert_int_equal(room_safety_write(f->r, 1, &w, NULL), 0);
            assert_non_null(strstr(buf_z(&b), "訓練の日を決めた"));
            assert_non_null(strstr(buf_z(&b), "\"ready\":false"));
        }
        buf_done(&b);
        fixture_free(f);
    }
}

UNIT_GROUP(room_case_row, cmocka_unit_test(conditions_of_closing_are_data), cmocka_unit_test(every_hand_a_thing_goes_through_stays_written), cmocka_unit_test(a_copy_is_asked_for_through_the_door_and_destroyed_with_proof),
           cmocka_unit_test(a_base_comes_before_what_stands_on_it), cmocka_unit_test(the_gate_names_what_is_missing))
