/* Decisions with what was known, and codes on paper. */
#include "fixture.h"

#include "room/decision.h"
#include "room/incident.h"
#include "room/register.h"
#include "room/sheet.h"

static struct fixture *with_case(const char *propose) {
    struct fixture *f = fixture_new();
    struct story s = {.id = "a0", .revision = 1, .rule = "r-stolen", .kind = "success_after", .level = "high", .propose = propose, .service = "members",
                      .group_source = "198.51.100.1", .account_pattern = "m#", .account_n = 3, .first_ns = T0, .last_ns = T0 + 30 * NS_PER_S, .count = 60, .good = 0};
    fold(f, &s);
    return f;
}

static int decide(struct fixture *f, int64_t person, bool go_on, const char *why, struct diag *d) {
    struct room_actor who = fixture_actor(f, person);
    struct room_decision_made m = {.go_on = go_on, .why = str_of(why), .at_ns = f->now_ns, .person = STR("")};
    return room_decision_make(f->r, &who, 1, number(f, "SELECT version FROM decision WHERE id = 1"), &m, d);
}

static void a_rule_puts_stopping_and_waiting_is_measured(void **state UNUSED) {
    struct fixture *f = with_case("stop");
    struct diag d = {0};
    assert_int_equal(number(f, "SELECT count(*) FROM decision WHERE kind = 'stop' AND rule_id = 'r-stolen' AND service = 'members'"), 1);
    struct story again = {.id = "a0", .revision = 2, .rule = "r-stolen", .kind = "success_after", .level = "high", .propose = "stop", .service = "members",
                          .group_source = "198.51.100.1", .account_pattern = "m#", .account_n = 4, .first_ns = T0, .last_ns = T0 + 40 * NS_PER_S, .count = 70, .good = 0};
    fold(f, &again);
    assert_int_equal(number(f, "SELECT count(*) FROM decision"), 1); /* put once */
    f->now_ns += 7 * NS_PER_MIN;
    put_row(f, "authority", "1", "{\"kind\":\"stop\",\"verb\":\"decide\",\"who\":\"duty\"}");
    put_row(f, "authority", "2", "{\"kind\":\"stop\",\"verb\":\"tell\",\"who\":\"社長\"}");
    assert_int_equal(decide(f, f->administrator, true, "様子を見る", &d), -ERR_REFUSED);
    assert_int_equal(decide(f, f->handler, true, "  ", &d), -EINVAL); /* to go on wants a reason */
    assert_int_equal(decide(f, f->handler, true, "会員の大半が使う時間のため", &d), 0);
    assert_int_equal(decide(f, f->handler, false, "", &d), -EBUSY);
    assert_int_equal(number(f, "SELECT verdict = 'go_on' AND decided_at - asked_at FROM decision") != 0, 1);
    assert_int_equal(number(f, "SELECT decided_at - asked_at FROM decision") / NS_PER_MIN, 7);
    assert_int_equal(number(f, "SELECT json_extract(known, '$.findings') FROM decision"), 1);
    assert_int_equal(number(f, "SELECT decision_at IS NOT NULL FROM incident WHERE id = 1"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.decided_go_on' AND params LIKE '%大半%'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM call WHERE person = '社長'"), 1); /* who is to be told is told */
    fixture_free(f);
}

static void small_errors_keep_a_case_open_until_somebody_decides(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct diag d = {0};
    struct story s = {.id = "e0", .revision = 1, .rule = "r-errors", .kind = "precursor", .level = "medium", .propose = "prevent", .service = "members",
                      .first_ns = T0, .last_ns = T0 + 30 * NS_PER_S, .count = 12, .good = 0};
    fold(f, &s); /* of level medium: it opens a case because it asks for a decision */
    assert_int_equal(number(f, "SELECT count(*) FROM incident WHERE state = 'open'"), 1);
    assert_int_equal(number(f, "SELECT due_at - asked_at FROM decision WHERE kind = 'prevent' AND rule_id = 'r-errors'"), 3 * NS_PER_DAY);
    struct room_actor who = fixture_actor(f, f->handler);
    struct room_incident_change shut = {.set_state = true, .open = false};
    int64_t version = number(f, "SELECT version FROM incident WHERE id = 1");
    assert_int_equal(room_incident_change(f->r, &who, 1, version, &shut, &d), -EBUSY);
    assert_string_equal(d.text, "prevent");
    f->now_ns += 4 * NS_PER_DAY; /* past its time it is not closed either */
    assert_int_equal(room_incident_change(f->r, &who, 1, version, &shut, &d), -EBUSY);
    assert_int_equal(decide(f, f->handler, true, " ", &d), -EINVAL); /* to wait wants a reason */
    assert_int_equal(decide(f, f->handler, true, "部品は来週届く。毎朝数を見る", &d), 0);
    assert_int_equal(room_incident_change(f->r, &who, 1, number(f, "SELECT version FROM incident WHERE id = 1"), &shut, &d), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM incident WHERE state = 'open'"), 0);
    fixture_free(f);
}

static void trouble_told_by_machines_and_by_people_is_one_case(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct story machine = {.id = "b0", .revision = 1, .rule = "r-ends", .kind = "exhaustion", .level = "high", .service = "counter", .first_ns = T0, .last_ns = T0 + 30 * NS_PER_S, .count = 12, .good = 0};
    struct story people = {.id = "b1", .revision = 1, .rule = "r-calls", .kind = "enquiries", .level = "high", .service = "counter", .first_ns = T0 + NS_PER_MIN, .last_ns = T0 + 5 * NS_PER_MIN, .count = 3, .good = 0};
    fold(f, &machine);
    fold(f, &people);
    assert_int_equal(number(f, "SELECT count(*) FROM incident"), 1);
    fixture_free(f);
}

/* What small errors told of comes days later and is theirs; a machine that was only busy tells of nothing. */
static void what_small_errors_told_of_joins_them_days_later(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct story errors = {.id = "e0", .revision = 1, .rule = "r-errors", .kind = "precursor", .level = "medium", .propose = "prevent", .service = "counter", .first_ns = T0, .last_ns = T0 + 30 * NS_PER_S, .count = 12, .good = 0};
    struct story busy = {.id = "e1", .revision = 1, .rule = "r-full", .kind = "resource_danger", .level = "high", .service = "desk", .first_ns = T0, .last_ns = T0 + 30 * NS_PER_S, .count = 12, .good = 0};
    struct story calls = {.id = "e2", .revision = 1, .rule = "r-calls", .kind = "enquiries", .level = "high", .service = "counter", .first_ns = T0 + 5 * NS_PER_DAY, .last_ns = T0 + 5 * NS_PER_DAY + NS_PER_MIN, .count = 3, .good = 0};
    fold(f, &errors);
    fold(f, &busy);
    assert_int_equal(number(f, "SELECT count(*) FROM incident"), 2);
    f->now_ns = T0 + 5 * NS_PER_DAY + 2 * NS_PER_MIN;
    fold(f, &calls);
    assert_int_equal(number(f, "SELECT count(*) FROM incident"), 2);
    assert_int_equal(number(f, "SELECT count(DISTINCT incident_id) FROM finding WHERE kind IN ('precursor','enquiries')"), 1);
    calls.id = "e3";
    calls.service = "desk";
    fold(f, &calls);
    assert_int_equal(number(f, "SELECT count(*) FROM incident"), 3);
    fixture_free(f);
}

static void both_sides_stand_side_by_side(void **state UNUSED) {
    struct fixture *f = with_case("stop");
    struct arena a;
    struct buf out;
    struct jsonw w;
    struct diag d = {0};
    if (room_registers_load(f->r, "content/imports", &d) < 0)
        fail_msg("%s", d.text);
    put_row(f, "systems", "members", "{\"name\":\"members\",\"kind\":\"service\",\"importance\":\"high\"}");
    put_row(f, "systems", "予約", "{\"name\":\"予約\",\"kind\":\"service\",\"depends\":\"members\"}");
    put_row(f, "systems", "別のもの", "{\"name\":\"別のもの\",\"kind\":\"service\"}");
    put_row(f, "alternatives", "電話で受ける", "{\"name\":\"電話で受ける\",\"service\":\"members\",\"minutes\":\"30\"}");
    put_row(f, "alternatives", "ほか", "{\"name\":\"ほか\",\"service\":\"別のもの\"}");
    arena_init(&a, 1 << 20);
    buf_init(&out, 1 << 20);
    jsonw_init(&w, &out);
    struct room_actor who = fixture_actor(f, f->handler);
    if (room_decisions_write(f->r, 1, &who, &w, &d) < 0)
        fail_msg("%s", d.text);
    struct str json = buf_str(&out);
    assert_str(at(&a, json, "decisions.0.sides.stop.importance"), "high");
    assert_non_null(strstr(json.p, "\"stops\":[\"予約\"],\"instead\":[{\"name\":\"電話で受ける\",\"minutes\":\"30\",\"exercised\":\"\"}]"));
    assert_str(at(&a, json, "decisions.0.sides.go_on.criterion.id"), "r-stolen");
    assert_int_equal(number(f, "SELECT count(*) FROM account WHERE incident_id = 1"), 3);
    assert_non_null(strstr(json.p, "\"accounts\":3,\"accounts_hour\":3"));
    /* an hour later they are no longer what just happened */
    f->now_ns += 2 * NS_PER_HOUR;
    buf_clear(&out);
    jsonw_init(&w, &out);
    assert_int_equal(room_decisions_write(f->r, 1, &who, &w, &d), 0);
    json = buf_str(&out);
    assert_non_null(strstr(json.p, "\"accounts\":3,\"accounts_hour\":0"));
    /* what was known keeps both sides; what is decided is weighed no longer */
    assert_int_equal(decide(f, f->handler, true, "会員の大半が使う時間のため", &d), 0);
    assert_int_equal(number(f, "SELECT json_extract(known, '$.sides.stop.stops[0]') = '予約' AND json_extract(known, '$.sides.go_on.accounts') = 3 FROM decision"), 1);
    buf_done(&out);
    arena_done(&a);
    fixture_free(f);
}

static struct str code_at(struct fixture *f, struct arena *a, struct buf *out, int line) {
    struct jsonw w;
    char path[64];
    buf_clear(out);
    jsonw_init(&w, out);
    assert_int_equal(room_sheets_write(f->r, 1, &w, NULL), 0);
    snprintf(path, sizeof path, "sheets.0.lines.%d.code", line);
    return at(a, buf_str(out), path);
}

static enum room_code enter(struct fixture *f, struct str code, int64_t at_ns) {
    struct room_actor chief = fixture_actor(f, f->administrator);
    enum room_code c;
    int64_t incident;
    struct diag d = {0};
    if (room_code_enter(f->r, &chief, code, at_ns, STR("紙で決めた"), &c, &incident, &d) < 0)
        fail_msg("%s", d.text);
    return c;
}

static void a_code_puts_the_decision_at_its_true_time_once(void **state UNUSED) {
    struct fixture *f = with_case("");
    struct room_actor chief = fixture_actor(f, f->administrator);
    struct arena a;
    struct buf out;
    int64_t id, at_night;
    struct diag d = {0};
    arena_init(&a, 1 << 24);
    buf_init(&out, 1 << 20);
    assert_int_equal(room_sheet_make(f->r, &chief, 1, &id, &d), -ENOENT); /* nobody is written down */
    put_row(f, "authority", "1", "{\"kind\":\"stop\",\"verb\":\"decide\",\"who\":\"部長\"}");
    assert_int_equal(room_sheet_make(f->r, &chief, 1, &id, &d), 0);
    struct str act = code_at(f, &a, &out, 0);
    char first[32], second[32];
    snprintf(first, sizeof first, "%.*s", STR_ARG(act));
    snprintf(second, sizeof second, "%.*s", STR_ARG(code_at(f, &a, &out, 1)));
    assert_string_not_equal(first, second);
    at_night = f->now_ns + 90 * NS_PER_MIN;
    f->now_ns += 9 * NS_PER_HOUR; /* the morning after: mail works again */
    assert_int_equal(enter(f, str_of(first), f->now_ns + NS_PER_MIN), CODE_TIME); /* not yet happened */
    assert_int_equal(enter(f, str_of(first), T0 - NS_PER_HOUR), CODE_TIME);       /* before it was printed */
    assert_int_equal(enter(f, STR("AAAA-BBBB-CCCC-DDDD"), at_night), CODE_MISTYPED);
    assert_int_equal(enter(f, str_of(first), at_night), CODE_DONE);
    assert_int_equal(number(f, "SELECT verdict = 'do' AND state = 'decided' FROM decision"), 1);
    assert_true(number(f, "SELECT at FROM timeline WHERE text_key = 'event.decided_do'") == at_night);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.decided_do' AND params LIKE '%部長%' AND precision_s = 60"), 1);
    assert_int_equal(enter(f, str_of(first), at_night), CODE_USED);
    buf_done(&out);
    arena_done(&a);
    fixture_free(f);
}

static void a_lost_page_is_void_and_another_is_printed(void **state UNUSED) {
    struct fixture *f = with_case("");
    struct room_actor chief = fixture_actor(f, f->administrator);
    struct arena a;
    struct buf out;
    int64_t id;
    char lost[32], fresh[32];
    arena_init(&a, 1 << 24);
    buf_init(&out, 1 << 20);
    put_row(f, "authority", "1", "{\"kind\":\"stop\",\"verb\":\"decide\",\"who\":\"部長\"}");
    assert_int_equal(room_sheet_make(f->r, &chief, 1, &id, NULL), 0);
    snprintf(lost, sizeof lost, "%.*s", STR_ARG(code_at(f, &a, &out, 0)));
    assert_int_equal(room_sheet_void(f->r, &chief, id, 1, NULL), 0);
    assert_int_equal(room_sheet_make(f->r, &chief, 1, &id, NULL), 0);
    snprintf(fresh, sizeof fresh, "%.*s", STR_ARG(code_at(f, &a, &out, 0)));
    assert_string_not_equal(lost, fresh);
    f->now_ns += NS_PER_MIN;
    assert_int_equal(enter(f, str_of(lost), f->now_ns), CODE_VOID);
    assert_int_equal(number(f, "SELECT count(*) FROM decision"), 0);
    assert_int_equal(enter(f, str_of(fresh), f->now_ns), CODE_DONE);
    buf_done(&out);
    arena_done(&a);
    fixture_free(f);
}

/* The lines are in the database; who can write them but has not the key cannot make a code for what they say. */
static void a_code_is_for_what_its_line_said(void **state UNUSED) {
    struct fixture *f = with_case("");
    struct room_actor chief = fixture_actor(f, f->administrator);
    struct arena a;
    struct buf out;
    int64_t id;
    char code[32];
    arena_init(&a, 1 << 24);
    buf_init(&out, 1 << 20);
    put_row(f, "authority", "1", "{\"kind\":\"stop\",\"verb\":\"decide\",\"who\":\"部長\"}");
    assert_int_equal(room_sheet_make(f->r, &chief, 1, &id, NULL), 0);
    snprintf(code, sizeof code, "%.*s", STR_ARG(code_at(f, &a, &out, 0)));
    assert_int_equal(sql_script(f->r->db, "UPDATE sheet_line SET verdict = 'go_on' WHERE id = 1", NULL), 0);
    f->now_ns += NS_PER_MIN;
    assert_int_equal(enter(f, str_of(code), f->now_ns), CODE_UNKNOWN);
    buf_done(&out);
    arena_done(&a);
    fixture_free(f);
}

UNIT_GROUP(room_decision, cmocka_unit_test(small_errors_keep_a_case_open_until_somebody_decides),
           cmocka_unit_test(trouble_told_by_machines_and_by_people_is_one_case), cmocka_unit_test(what_small_errors_told_of_joins_them_days_later),
           cmocka_unit_test(a_rule_puts_stopping_and_waiting_is_measured), cmocka_unit_test(both_sides_stand_side_by_side), cmocka_unit_test(a_code_puts_the_decision_at_its_true_time_once),
           cmocka_unit_test(a_lost_page_is_void_and_another_is_printed), cmocka_unit_test(a_code_is_for_what_its_line_said))
