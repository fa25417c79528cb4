/* Logins of members: what is asked of whom, what is kept, and "that was not me". */
#include "fixture.h"

#include "base/yaml.h"
#include "room/login.h"

static struct arena memory;
static struct login_rules rules;

static int read_rules(const char *text, char sentence[200]) {
    struct yaml_doc *doc = NULL;
    struct diag d = {0};
    arena_init(&memory, 1 << 22);
    int e = yaml_parse(&memory, str_of(text), "kizuki.yml", &doc, &d);
    if (e == 0)
        e = login_rules_read(&memory, doc->root, "kizuki.yml", &rules, &d);
    if (sentence)
        snprintf(sentence, 200, "%s", d.text);
    return e;
}
static void use(const char *text) {
    char why[200];
    if (read_rules(text, why) < 0)
        fail_msg("%s", why);
}

static const char places[] = "on_failure: deny\ncallers: [{name: site, token_sha256: 7e7e5c2a4aa2d4ef3b0c1f0d6e4c4b0f1c5e0f6f4d2a9b8c7d6e5f4a3b2c1d0e}]\n"
                             "not_me: {act: freeze, driver: ldap, minutes: 60}\nnetworks:\n"
                             "  - {network: 192.0.2.0/24, country: JP, place: \"35.68 139.76\"}\n  - {network: 198.51.100.0/24, country: US, place: \"37.77 -122.42\"}\n"
                             "  - {network: 203.0.113.0/24, country: JP, place: \"34.69 135.50\"}\n";
#define CHROME "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
#define NEWER "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36"
#define PHONE "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"

static struct login_try a_try(const char *account, const char *address, const char *agent, const char *device, int64_t at) {
    return (struct login_try){.account = str_of(account), .service = STR("site"), .address = str_of(address), .agent = agent ? str_of(agent) : STR_NULL,
                              .device = device ? str_of(device) : STR_NULL, .at_ns = at};
}

static void expect_answer(struct fixture *f, const struct login_try *t, const char *want) {
    struct login_verdict v;
    char got[200];
    room_login_judge(f->r, &rules, &rules.callers[0], t, &v);
    int n = snprintf(got, sizeof got, "%s %d", login_answer_words[v.answer], (int) v.points);
    for (unsigned i = 0; i < REASON_MAX_; i++)
        if (v.reasons >> i & 1)
            n += snprintf(got + n, sizeof got - (size_t) n, " %s", login_reason_word((enum login_reason) i));
    assert_string_equal(got, want);
}

static void took(struct fixture *f, const struct login_try *list, size_t n) {
    struct diag d = {0};
    if (room_logins_take(f->r, &rules, list, n, &d) < 0)
        fail_msg("%s", d.text);
}

/* Ten days from one home with one browser, at ten in the evening. */
static struct fixture *a_member(void) {
    struct fixture *f = fixture_new();
    struct login_try days[12];
    use(places);
    f->now_ns = T0 + 4 * NS_PER_HOUR; /* 06:03 UTC the next day, 15:03 in Japan; T0 is 02:03 there */
    for (int i = 0; i < 12; i++)
        days[i] = a_try("sato", "192.0.2.7", CHROME, "cookie-1", T0 - (12 - i) * NS_PER_DAY);
    took(f, days, 12);
    return f;
}

static void what_is_as_ever_is_let_in_and_what_is_new_is_asked(void **state UNUSED) {
    struct fixture *f = a_member();
    int64_t night = T0;
    const struct login_try as_ever = a_try("sato", "192.0.2.7", NEWER, "cookie-1", night), moved = a_try("sato", "203.0.113.9", CHROME, "cookie-1", night),
                           phone = a_try("sato", "192.0.2.7", PHONE, "cookie-9", night), thief = a_try("sato", "198.51.100.5", PHONE, "x", T0 + 8 * NS_PER_HOUR),
                           first = a_try("nobody", "192.0.2.7", CHROME, NULL, night);
    expect_answer(f, &as_ever, "allow 0"); /* a browser of the next version is the same browser */
    expect_answer(f, &moved, "allow 15 new_network");
    expect_answer(f, &phone, "ask 35 new_device new_browser");
    expect_answer(f, &thief, "deny 95 new_network new_country new_device new_browser unusual_hour");
    expect_answer(f, &first, "allow 10 no_history");
    assert_int_equal(room_logins_tick(f->r, NULL), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM login_answer"), 5);
    assert_int_equal(number(f, "SELECT count(*) FROM login_answer WHERE answer = 'deny' AND reasons LIKE '%new_country%' AND net = '198.51.100.5' AND caller = 'site'"), 1);
    fixture_free(f);
    arena_done(&memory);
}

static void nobody_is_in_tokyo_and_san_francisco_within_an_hour(void **state UNUSED) {
    struct fixture *f = a_member();
    const struct login_try home = a_try("sato", "192.0.2.7", CHROME, "cookie-1", T0), far = a_try("sato", "198.51.100.5", CHROME, "cookie-1", T0 + NS_PER_HOUR),
                           later = a_try("sato", "198.51.100.5", CHROME, "cookie-1", T0 + 24 * NS_PER_HOUR), osaka = a_try("sato", "203.0.113.9", CHROME, "cookie-1", T0 + NS_PER_HOUR);
    took(f, &home, 1);
    expect_answer(f, &far, "deny 110 new_network new_country travel");
    expect_answer(f, &later, "ask 50 new_network new_country"); /* a day is time enough to fly */
    expect_answer(f, &osaka, "allow 15 new_network");           /* by train */
    fixture_free(f);
    arena_done(&memory);
}

static void an_address_that_asks_for_many_is_asked_and_one_that_attacks_is_refused(void **state UNUSED) {
    struct fixture *f = a_member();
    char name[16];
    f->now_ns = T0;
    for (int i = 0; i < 12; i++) {
        snprintf(name, sizeof name, "member%d", i);
        const struct login_try t = a_try(name, "203.0.113.9", CHROME, NULL, T0);
        struct login_verdict v;
        room_login_judge(f->r, &rules, &rules.callers[0], &t, &v);
        assert_int_equal(v.answer, i < 10 ? LOGIN_ALLOW : LOGIN_ASK);
    }
    struct story s = {.id = "a1", .revision = 1, .rule = "r", .kind = "list_attack", .level = "high", .service = "site", .group_source = "203.0.113.80", .sources = "203.0.113.80",
                      .first_ns = T0, .last_ns = T0, .count = 100, .good = -1};
    fold(f, &s);
    const struct login_try attacker = a_try("sato", "203.0.113.80", CHROME, "cookie-1", T0);
    expect_answer(f, &attacker, "deny 115 new_network attacker");
    fixture_free(f);
    arena_done(&memory);
}

static void what_cannot_be_judged_is_answered_as_configured(void **state UNUSED) {
    struct fixture *f = a_member();
    struct diag d;
    const struct login_try t = a_try("sato", "192.0.2.7", CHROME, "cookie-1", T0);
    assert_int_equal(sql_script(f->r->db, "ALTER TABLE login_seen RENAME TO gone", &d), 0);
    expect_answer(f, &t, "deny 0 failed"); /* closed */
    rules.on_failure = LOGIN_ALLOW;
    expect_answer(f, &t, "allow 0 failed"); /* open */
    fixture_free(f);
    arena_done(&memory);
}

static void not_me_opens_a_case_once_and_freezes_as_decided_beforehand(void **state UNUSED) {
    struct fixture *f = a_member();
    struct login_denied x, again;
    struct diag d = {0};
    const struct login_try thief = a_try("sato", "198.51.100.5", PHONE, NULL, T0);
    took(f, &thief, 1);
    int64_t id = number(f, "SELECT id FROM login_seen WHERE net = '198.51.100.5'");
    if (room_login_denied(f->r, &rules, STR("sato"), id, &x, &d) < 0)
        fail_msg("%s", d.text);
    assert_true(x.incident > 0 && x.deed > 0 && x.frozen);
    assert_int_equal(number(f, "SELECT count(*) FROM incident WHERE kind = 'account_taken' AND level = 'high' AND title_key = 'title.not_me' AND title_params LIKE '%sato%'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM deed WHERE kind = 'account_freeze' AND driver = 'ldap' AND target = 'sato' AND state = 'sent' AND decided_by = 'policy' AND minutes = 60"), 1);
    assert_int_equal(room_login_denied(f->r, &rules, STR("sato"), id, &again, &d), 0);
    assert_int_equal(again.incident, x.incident);
    assert_string_equal(again.number, x.number);
    assert_int_equal(number(f, "SELECT count(*) FROM incident"), 1);
    assert_int_equal(room_login_denied(f->r, &rules, STR("mori"), id, &again, &d), -ENOENT); /* somebody else's login */
    const struct login_try back = a_try("sato", "198.51.100.5", CHROME, "cookie-1", T0 + 20 * NS_PER_HOUR);
    expect_answer(f, &back, "deny 160 new_network new_country unusual_hour denied_before"); /* what the thief used is not usual now */
    chain_holds(f);
    fixture_free(f);
    arena_done(&memory);
}

static void without_a_decision_beforehand_it_is_proposed(void **state UNUSED) {
    struct fixture *f = a_member();
    struct login_denied x;
    struct diag d = {0};
    int64_t id = number(f, "SELECT max(id) FROM login_seen");
    rules.freeze = false;
    assert_int_equal(room_login_denied(f->r, &rules, STR("sato"), id, &x, &d), 0);
    assert_true(x.deed && !x.frozen);
    assert_int_equal(number(f, "SELECT count(*) FROM deed WHERE state = 'proposed'"), 1);
    fixture_free(f);
    arena_done(&memory);
}

static void the_newest_thirty_are_kept_and_shown(void **state UNUSED) {
    struct fixture *f = a_member();
    struct buf out;
    struct jsonw w;
    struct diag d = {0};
    for (int i = 0; i < 50; i++) {
        const struct login_try t = a_try("sato", "192.0.2.7", CHROME, "cookie-1", T0 + i * NS_PER_MIN);
        took(f, &t, 1);
    }
    assert_int_equal(number(f, "SELECT count(*) FROM login_seen WHERE account = 'sato'"), LOGIN_KEPT_MAX);
    buf_init(&out, 1 << 20);
    jsonw_init(&w, &out);
    assert_int_equal(room_logins_write(f->r, STR("sato"), &w, &d), 0);
    assert_non_null(strstr(buf_z(&out), "\"account\":\"sato\",\"logins\":[{\"id\":62,\"at\":\"2026-11-22T17:52:08.000Z\",\"service\":\"site\",\"address\":\"192.0.2.7\","
                                        "\"country\":\"JP\",\"browser\":\"Chrome on Windows\",\"device\":\"cookie-1\",\"denied\":false}"));
    buf_done(&out);
    fixture_free(f);
    arena_done(&memory);
}

static void who_asks_shows_a_token_and_rules_say_what_is_wrong(void **state UNUSED) {
    static const struct {
        const char *text, *sentence;
    } rows[] = {{"on_failure: perhaps", "on_failure wants"}, {"callers: [{name: x}]", "token_sha256"}, {"networks: [{network: x}]", "a network is wanted"},
                {"networks: [{network: 192.0.2.0/24, place: north}]", "place wants"}, {"not_me: {act: freeze}", "name the driver"}, {"points: {luck: 1}", "unknown key"},
                {"{ask_from: 90, deny_from: 30}", "deny_from"}, {"points: {travel: -1}", "whole numbers"}};
    char why[200];
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        assert_int_equal(read_rules(rows[i].text, why), -ERR_PARSE);
        if (!strstr(why, rows[i].sentence))
            fail_msg("%s: %s", rows[i].text, why);
        arena_done(&memory);
    }
    /* SHA-256 of "0123456789abcdef" */
    use("callers: [{name: site, token_sha256: 9f9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f}]");
    assert_ptr_equal(login_rules_caller(&rules, STR("0123456789abcdef")), &rules.callers[0]);
    assert_null(login_rules_caller(&rules, STR("0123456789abcdeg")));
    assert_null(login_rules_caller(&rules, STR("")));
    arena_done(&memory);
}

UNIT_GROUP(room_login, cmocka_unit_test(what_is_as_ever_is_let_in_and_what_is_new_is_asked), cmocka_unit_test(nobody_is_in_tokyo_and_san_francisco_within_an_hour),
           cmocka_unit_test(an_address_that_asks_for_many_is_asked_and_one_that_attacks_is_refused), cmocka_unit_test(what_cannot_be_judged_is_answered_as_configured),
           cmocka_unit_test(not_me_opens_a_case_once_and_freezes_as_decided_beforehand), cmocka_unit_test(without_a_decision_beforehand_it_is_proposed),
           cmocka_unit_test(the_newest_thirty_are_kept_and_shown), cmocka_unit_test(who_asks_shows_a_token_and_rules_say_what_is_wrong))
