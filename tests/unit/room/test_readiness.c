/* Questions of lessons: what the machine answers, what a person attests and when that runs out, and the cells both make. */
#include "fixture.h"

#include "base/buf.h"
#include "room/register.h"
#include "room/readiness.h"

#define PACK                                                                                                                              \
    "{\"id\":\"p-1\",\"titles\":{\"ja\":\"例\",\"en\":\"Example\"},\"pack\":{\"missing\":[{\"cell\":\"told\",\"ja\":\"まだ\",\"en\":\"not yet\"}]}," \
    "\"playbook\":{\"id\":\"proc\"},\"products\":[\"conntrack\",\"fortigate\",\"rsyslog\"],\"expect\":{\"noticed\":[]},\"controls\":{\"controls\":["      \
    "{\"id\":\"nat\",\"ja\":\"一年\",\"en\":\"A year\",\"measure\":\"logs_kept\",\"parameters\":{\"kind\":\"nat\",\"days\":365}},"                       \
    "{\"id\":\"owners\",\"ja\":\"責任者\",\"en\":\"Owners\",\"measure\":\"owners_named\",\"parameters\":{}},"                                         \
    "{\"id\":\"strange\",\"ja\":\"知らない\",\"en\":\"Unknown\",\"measure\":\"no_such_measure\",\"parameters\":{}},"                                  \
    "{\"id\":\"factor\",\"ja\":\"二要素\",\"en\":\"Second factor\",\"attested\":true}]}}"

static const char *const SYSTEMS[] = {"会員サイト\tkind=service\tresponsible=田中", "予約\tkind=service"};

static struct fixture *office(void) {
    struct fixture *f = fixture_new();
    const struct room_readiness_pack packs[] = {{STR(PACK), STR("d1")}};
    struct diag d = {0};
    if (room_registers_load(f->r, "content/imports", &d) < 0 || room_readiness_load(f->r, "content/measures", packs, 1, &d) < 0)
        fail_msg("%s", d.text);
    return f;
}

static void sources(struct fixture *f, const char *json) {
    struct diag d = {0};
    struct str s = str_of(json);
    if (sql_run(f->r->db, &d, "DELETE FROM report WHERE kind = 'sources'", "") < 0 ||
        sql_run(f->r->db, &d, "INSERT INTO report(kind, json, at) VALUES ('sources', ?1, 1)", "s", &s) < 0)
        fail_msg("%s", d.text);
}

static void measure(struct fixture *f) {
    struct diag d = {0};
    if (room_readiness_measure(f->r, &room_system, STR("{\"trace\":null,\"partners\":0}"), &d) < 0)
        fail_msg("%s", d.text);
}

/* The state of a cell, read out of what the page gets. */
static void assert_cell(struct fixture *f, const char *cell, const char *state) {
    struct arena a;
    struct buf b;
    struct jsonw w;
    struct json_value *v;
    struct str s = STR("");
    struct diag d = {0};
    arena_init(&a, 1 << 20);
    buf_init(&b, 1 << 20);
    jsonw_init(&w, &b);
    if (room_readiness_write(f->r, &w, &d) < 0 || json_parse(&a, buf_str(&b), &v, &d) < 0)
        fail_msg("%s", d.text);
    const struct json_value *p = json_get_array(v, "packs")->first;
    const struct json_value *c = json_get_object(json_get_object(p, "cells"), cell);
    assert_non_null(c);
    assert_true(json_get_str(c, "state", &s));
    if (!str_eq_z(s, state))
        fail_msg("%s is %.*s, not %s: %.*s", cell, STR_ARG(s), state, STR_ARG(buf_str(&b)));
    buf_done(&b);
    arena_done(&a);
}

#define ANSWER(key, answer) assert_int_equal(number(f, "SELECT count(*) FROM measured WHERE key = '" key "' AND answer = '" answer "'"), 1)

static void measures_what_stands(void **state) {
    struct fixture *f = office();
    measure(f);
    ANSWER("logs_arrive(nat,,)", "no"); /* of two products of a kind one question */
    ANSWER("logs_kept(nat,365,)", "no");
    ANSWER("owners_named(,,)", "no");
    ANSWER("procedure_run(proc,365,)", "no");
    assert_int_equal(number(f, "SELECT count(*) FROM measured"), 4);
    rows(f, "systems", SYSTEMS, ARRAY_SIZE(SYSTEMS));
    sources(f, "[{\"name\":\"rt-1\",\"kinds\":{\"nat\":\"2026-11-22T17:00:00Z\"},\"first_event\":\"2025-11-01T00:00:00Z\",\"first_seen\":\"2026-11-01T00:00:00Z\",\"last_seen\":\"2026-11-22T17:00:00Z\",\"silent\":false},"
               "{\"name\":\"nat-of-no-such\",\"kinds\":{\"web\":\"2026-11-22T17:00:00Z\"},\"first_seen\":\"2026-11-01T00:00:00Z\",\"last_seen\":\"2026-11-22T17:00:00Z\",\"silent\":true}]");
    measure(f);
    ANSWER("logs_arrive(nat,,)", "yes");
    ANSWER("logs_kept(nat,365,)", "yes");
    assert_int_equal(number(f, "SELECT good * 10 + total FROM measured WHERE key = 'owners_named(,,)' AND lacks = '[\"予約\"]'"), 12);
    /* a source that falls silent, and one that has come for a month only */
    sources(f, "[{\"name\":\"rt-1\",\"kinds\":{\"nat\":\"2026-11-22T17:00:00Z\"},\"first_seen\":\"2026-10-22T00:00:00Z\",\"last_seen\":\"2026-11-22T17:00:00Z\",\"silent\":true}]");
    measure(f);
    ANSWER("logs_arrive(nat,,)", "no");
    ANSWER("logs_kept(nat,365,)", "no");
    assert_int_equal(number(f, "SELECT count(*) FROM readiness"), 1); /* one row a day */
    assert_int_equal(number(f, "SELECT count(*) FROM readiness WHERE date(day * 86400, 'unixepoch') = '2026-11-23'"), 1); /* two in the night there */
    f->now_ns += 10 * NS_PER_HOUR;
    measure(f);
    assert_int_equal(number(f, "SELECT count(*) FROM readiness"), 1); /* noon of the same day */
    fixture_free(f);
}

static int attest(struct fixture *f, const char *control, const char *evidence, int64_t until_ns, bool yes) {
    struct room_actor who = fixture_actor(f, f->handler);
    struct room_attest x = {STR("p-1"), str_of(control), str_of(evidence), yes, until_ns};
    return room_attest(f->r, &who, &x, NULL);
}

static void attests_until_a_date(void **state) {
    struct fixture *f = office();
    assert_cell(f, "prevented", "soon"); /* what this Kizuki cannot measure is not known */
    assert_int_equal(attest(f, "owners", "紙", f->now_ns + NS_PER_DAY, true), -EINVAL); /* a machine answers that */
    assert_int_equal(attest(f, "nothing", "紙", f->now_ns + NS_PER_DAY, true), -ENOENT);
    assert_int_equal(attest(f, "factor", " ", f->now_ns + NS_PER_DAY, true), -EINVAL);
    assert_int_equal(attest(f, "factor", "紙", f->now_ns, true), -EINVAL);
    assert_int_equal(attest(f, "factor", "紙", f->now_ns + 2000 * NS_PER_DAY, true), -EINVAL);
    assert_int_equal(attest(f, "factor", "設定の写し", f->now_ns + 90 * NS_PER_DAY, true), 0);
    f->now_ns += NS_PER_DAY;
    assert_int_equal(number(f, "SELECT count(*) FROM attested WHERE answer = 'yes'"), 1);
    f->now_ns += 70 * NS_PER_DAY;
    assert_int_equal(number(f, "SELECT count(*) FROM measured"), 0); /* what people say is never among what was measured */
    fixture_free(f);
}

static void turns_red_when_it_runs_out(void **state) {
    static const char pack[] = "{\"id\":\"p-2\",\"titles\":{\"ja\":\"例\",\"en\":\"Example\"},\"pack\":{},\"controls\":{\"controls\":[{\"id\":\"a\",\"ja\":\"甲\",\"en\":\"A\",\"attested\":true,\"cell\":\"prevented\"}]}}";
    const struct room_readiness_pack packs[] = {{str_of(pack), STR("d1")}};
    struct fixture *f = fixture_new();
    struct diag d = {0};
    struct room_actor who = fixture_actor(f, f->handler), auditor = fixture_actor(f, f->auditor);
    struct room_attest x = {STR("p-2"), STR("a"), STR("記録"), true, f->now_ns + 90 * NS_PER_DAY};
    assert_int_equal(room_readiness_load(f->r, "content/measures", packs, 1, &d), 0);
    assert_true(room_attest(f->r, &auditor, &x, &d) < 0); /* who checks does not attest */
    assert_cell(f, "prevented", "todo");
    assert_int_equal(room_attest(f->r, &who, &x, &d), 0);
    assert_cell(f, "prevented", "declared");
    f->now_ns += 61 * NS_PER_DAY;
    assert_cell(f, "prevented", "soon");
    f->now_ns += 30 * NS_PER_DAY;
    assert_cell(f, "prevented", "must");
    x.until_ns = f->now_ns + 90 * NS_PER_DAY;
    assert_int_equal(room_attest(f->r, &who, &x, &d), 0);
    assert_cell(f, "prevented", "declared");
    x.yes = false;
    assert_int_equal(room_attest(f->r, &who, &x, &d), 0);
    assert_cell(f, "prevented", "must");
    assert_cell(f, "handled", "none");
    fixture_free(f);
}

static void counts_a_replay_of_this_very_lesson(void **state) {
    static const char pack[] = "{\"id\":\"p-3\",\"titles\":{\"ja\":\"例\",\"en\":\"Example\"},\"pack\":{},\"products\":[\"nginx_access\"],\"expect\":{\"noticed\":[]}}";
    const struct room_readiness_pack packs[] = {{str_of(pack), STR("d1")}};
    struct fixture *f = fixture_new();
    struct diag d = {0};
    struct room_replayed x = {STR("p-3"), STR("d0"), STR("ok"), f->now_ns, 0};
    assert_int_equal(room_readiness_load(f->r, "content/measures", packs, 1, &d), 0);
    sources(f, "[{\"name\":\"x\",\"kinds\":{\"web\":\"2026-11-22T17:00:00Z\"},\"first_seen\":\"2026-11-01T00:00:00Z\",\"last_seen\":\"2026-11-22T17:00:00Z\",\"silent\":false}]");
    measure(f);
    assert_cell(f, "noticed", "todo");
    assert_int_equal(room_replayed_put(f->r, &x, &d), 0);
    assert_cell(f, "noticed", "todo"); /* of another version of the lesson */
    x.digest = STR("d1");
    x.at_ns += NS_PER_S;
    assert_int_equal(room_replayed_put(f->r, &x, &d), 0);
    assert_int_equal(room_replayed_put(f->r, &x, &d), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM replayed"), 2);
    assert_cell(f, "noticed", "ok");
    sources(f, "[]"); /* the rule would ring, and nothing arrives that it could ring for */
    measure(f);
    assert_cell(f, "noticed", "must");
    x.failed = 1;
    x.at_ns += NS_PER_S;
    sources(f, "[{\"name\":\"x\",\"kinds\":{\"web\":\"2026-11-22T17:00:00Z\"},\"first_seen\":\"2026-11-01T00:00:00Z\",\"last_seen\":\"2026-11-22T17:00:00Z\",\"silent\":false}]");
    measure(f);
    assert_int_equal(room_replayed_put(f->r, &x, &d), 0);
    assert_cell(f, "noticed", "must");
    x.pack = STR("other");
    assert_int_equal(room_replayed_put(f->r, &x, &d), -ENOENT);
    fixture_free(f);
}

/* Every row of measure_rows.c is good SQL with its parameters. */
static void asks_every_measure(void **state) {
    struct fixture *f = fixture_new();
    struct diag d = {0};
    struct buf b;
    buf_init(&b, 1 << 20);
    static const char *const asked[] = {
        "login_logs_arrive\",\"parameters\":{\"all_services\":true}", "logs_arrive\",\"parameters\":{\"kind\":\"web\"}", "logs_kept\",\"parameters\":{\"kind\":\"web\",\"days\":30}",
        "detection_delay\",\"parameters\":{\"rule\":\"spraying\",\"at_most_s\":60}", "rules_alive\",\"parameters\":{\"folder\":\"login\"}", "clocks_right\",\"parameters\":{\"at_most_s\":2}",
        "watch_answers\",\"parameters\":{\"days\":31}", "reports_taken\",\"parameters\":{\"kind\":\"mail\",\"days\":90}", "hunts_done\",\"parameters\":{\"days\":31}",
        "trace_test_passes\",\"parameters\":{\"days\":7}", "contracts_have_logs\",\"parameters\":{\"kind\":\"hosting\"}", "contracts_current\",\"parameters\":{}",
        "contracts_answer_at_night\",\"parameters\":{\"kind\":\"hosting\"}", "exceptions_owned\",\"parameters\":{}", "partners_listed\",\"parameters\":{}",
        "authority_settled\",\"parameters\":{\"decision\":\"stop\",\"hours\":\"night\"}", "on_call_reached\",\"parameters\":{\"days\":31,\"within_min\":10}",
        "contacts_checked\",\"parameters\":{\"kind\":\"group\",\"days\":90}", "dependencies_known\",\"parameters\":{}", "owners_named\",\"parameters\":{}",
        "alternatives_exercised\",\"parameters\":{\"days\":365}", "campaign_answered\",\"parameters\":{\"kind\":\"scan\",\"share\":1}",
        "inquiries_answered\",\"parameters\":{\"share\":0.95}", "drill_done\",\"parameters\":{\"days\":365}", "procedure_run\",\"parameters\":{\"playbook\":\"x\",\"days\":365}"};
    struct buf *out = &b;
    buf_printf(out, "{\"id\":\"p\",\"titles\":{},\"pack\":{},\"controls\":{\"controls\":[");
    for (size_t i = 0; i < ARRAY_SIZE(asked); i++)
        buf_printf(out, "%s{\"id\":\"q%zu\",\"ja\":\"問\",\"en\":\"q\",\"measure\":\"%s}", i ? "," : "", i, asked[i]);
    buf_printf(out, "]}}");
    const struct room_readiness_pack packs[] = {{buf_str(&b), STR("d")}};
    assert_int_equal(room_readiness_load(f->r, "content/measures", packs, 1, &d), 0);
    assert_int_equal(f->r->readiness.n_measures, ARRAY_SIZE(asked)); /* a new measure is asked here, too */
    measure(f);
    assert_int_equal(number(f, "SELECT count(*) FROM measured"), ARRAY_SIZE(asked));
    ANSWER("exceptions_owned(,,)", "yes"); /* nothing is hidden */
    ANSWER("partners_listed(,,)", "no");
    buf_done(&b);
    fixture_free(f);
}

UNIT_GROUP(room_readiness, cmocka_unit_test(measures_what_stands), cmocka_unit_test(attests_until_a_date), cmocka_unit_test(turns_red_when_it_runs_out),
           cmocka_unit_test(counts_a_replay_of_this_very_lesson), cmocka_unit_test(asks_every_measure))
