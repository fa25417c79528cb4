/* Which case first, what a false alarm does to its like, and how long people looked. */
#include "fixture.h"

#include "room/incident_priv.h"
#include "room/rank.h"
#include "room/register.h"
#include "room/run.h"

static int64_t opened(struct fixture *f, const char *id, const char *rule, const char *kind, const char *level, const char *service, const char *source) {
    struct story s = {.id = id, .revision = 1, .rule = rule, .kind = kind, .level = level, .service = service, .group_source = source,
                      .first_ns = f->now_ns, .last_ns = f->now_ns, .count = 50, .good = -1};
    return fold(f, &s).incident;
}

static void rules(struct fixture *f) {
    struct diag d = {0};
    if (room_case_rules_load(f->r, "content/cases/rules.yml", &d) < 0)
        fail_msg("%s", d.text);
    if (room_registers_load(f->r, "content/imports", &d) < 0)
        fail_msg("%s", d.text);
}

static struct room_ranked of(struct fixture *f, int64_t incident, size_t *ret_place) {
    struct room_ranking x;
    struct room_ranked found = {0};
    assert_int_equal(room_rank(f->r, &x, NULL), 0);
    for (size_t i = 0; i < x.n; i++)
        if (x.at[i].incident == incident) {
            found = x.at[i];
            *ret_place = i;
        }
    room_ranking_done(&x);
    assert_int_equal(found.incident, incident);
    return found;
}

static void important_services_come_first(void **state UNUSED) {
    struct fixture *f = fixture_new();
    size_t place;
    rules(f);
    rows(f, "systems", (const char *const[]){"会員サイト\timportance=high", "試験機\timportance=low"}, 2);
    int64_t low = opened(f, "a0", "r1", "burst", "high", "試験機", "203.0.113.1");
    int64_t high = opened(f, "a1", "r2", "burst", "high", "会員サイト", "203.0.113.2");
    int64_t unknown = opened(f, "a2", "r3", "burst", "high", "知らない", "203.0.113.3");
    struct room_ranked x = of(f, high, &place);
    assert_int_equal(place, 0);
    assert_int_equal(x.part[RANK_IMPORTANCE], 30);
    assert_string_equal(x.service, "会員サイト");
    assert_int_equal(x.points, 30 + 30 + 10 + 15); /* level, importance, nobody looked, known */
    x = of(f, unknown, &place);
    assert_int_equal(place, 1); /* not judged is not unimportant */
    of(f, low, &place);
    assert_int_equal(place, 2);
    /* a known case is named */
    x = of(f, high, &place);
    assert_non_null(x.known);
    fixture_free(f);
}

static void a_false_alarm_puts_its_like_behind(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor duty = fixture_actor(f, f->handler), auditor = fixture_actor(f, f->auditor);
    struct room_verdict v;
    struct room_row row;
    size_t place;
    rules(f);
    int64_t one = opened(f, "a0", "r1", "burst", "high", "ssh", "203.0.113.1");
    f->now_ns += NS_PER_HOUR;
    assert_int_equal(room_false_alarm(f->r, &duty, one, 1, STR("  "), NULL), -EINVAL);
    assert_int_equal(room_false_alarm(f->r, &auditor, one, 1, STR("監視の試験"), NULL), -ERR_REFUSED);
    assert_int_equal(room_false_alarm(f->r, &duty, one, 7, STR("監視の試験"), NULL), -ERR_VERSION);
    assert_int_equal(room_false_alarm(f->r, &duty, one, 1, STR("監視の試験"), NULL), 0);
    assert_int_equal(number(f, "SELECT state = 'closed' AND decision_at = person_at FROM incident"), 1);
    f->now_ns += 25 * NS_PER_HOUR;
    int64_t same = opened(f, "a1", "r1", "burst", "high", "ssh", "203.0.113.2");
    int64_t elsewhere = opened(f, "a2", "r1", "burst", "high", "vpn", "203.0.113.3");
    int64_t other = opened(f, "a3", "r2", "burst", "high", "web", "203.0.113.4");
    struct room_ranked x = of(f, same, &place);
    assert_int_equal(place, 2);
    assert_int_equal(x.part[RANK_FALSE_ALARM], -40);
    assert_int_equal(x.part[RANK_FALSE_ALARM_RULE], 0);
    x = of(f, elsewhere, &place);
    assert_int_equal(place, 1);
    assert_int_equal(x.part[RANK_FALSE_ALARM_RULE], -15);
    x = of(f, other, &place);
    assert_int_equal(place, 0);
    assert_int_equal(x.alarm, 0);
    /* it was something after all */
    assert_int_equal(room_row_load(f->r, OBJECT_INCIDENT, one, &row, NULL), 0);
    assert_int_equal(room_false_alarm(f->r, &duty, one, row.version, STR("x"), NULL), -EBUSY);
    assert_int_equal(room_false_alarm_undo(f->r, &duty, one, row.version, NULL), 0);
    assert_int_equal(number(f, "SELECT state = 'open' AND closed_at IS NULL FROM incident WHERE id = 1"), 1);
    x = of(f, same, &place);
    assert_int_equal(x.part[RANK_FALSE_ALARM], 0);
    assert_int_equal(number(f, "SELECT count(*) FROM false_alarm WHERE undone_at IS NOT NULL"), 1);
    assert_int_equal(room_false_alarm_undo(f->r, &duty, one, row.version + 1, NULL), -EBUSY);
    assert_int_equal(room_audit_verify(f->r, NULL, 0, &v, NULL), 0);
    assert_int_equal(v.n_faults, 0);
    fixture_free(f);
}

static struct str ranked(struct fixture *f, const struct room_actor *who, struct buf *b) {
    struct room_incident_query q = {.ranked = true, .limit = 50};
    struct jsonw w;
    buf_init(b, 1 << 20);
    jsonw_init(&w, b);
    assert_int_equal(room_incidents_write(f->r, &q, who, &w, NULL), 0);
    return buf_str(b);
}

/* Why it ranks behind is said; not from a case that the reader may not see. */
static void the_list_says_why(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor duty = fixture_actor(f, f->handler), chief = fixture_actor(f, f->administrator);
    struct arena a;
    struct buf b;
    arena_init(&a, 1 << 22);
    rules(f);
    int64_t one = opened(f, "a0", "r1", "burst", "high", "ssh", "203.0.113.1");
    assert_int_equal(room_false_alarm(f->r, &duty, one, 1, STR("監視の試験"), NULL), 0);
    f->now_ns += 25 * NS_PER_HOUR;
    opened(f, "a1", "r1", "burst", "high", "ssh", "203.0.113.2");
    struct str json = ranked(f, &duty, &b);
    assert_true(str_eq_z(at(&a, json, "total"), "1"));
    assert_true(str_eq_z(at(&a, json, "incidents.0.rank.false_alarm.reason"), "監視の試験"));
    assert_true(str_eq_z(at(&a, json, "incidents.0.rank.parts.0.text.key"), "rank.level"));
    buf_done(&b);
    struct room_incident_change c = {.set_commander = true, .commander = f->administrator, .set_need_to_know = true, .need_to_know = true};
    struct room_row row;
    assert_int_equal(room_row_load(f->r, OBJECT_INCIDENT, one, &row, NULL), 0);
    assert_int_equal(room_incident_change(f->r, &chief, one, row.version, &c, NULL), 0);
    json = ranked(f, &duty, &b);
    assert_true(str_eq_z(at(&a, json, "incidents.0.rank.false_alarm"), "null"));
    assert_null(strstr(buf_z(&b), "監視の試験"));
    assert_non_null(strstr(buf_z(&b), "rank.false_alarm"));
    buf_done(&b);
    arena_done(&a);
    fixture_free(f);
}

static void minutes_are_from_opening_to_deciding(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor duty = fixture_actor(f, f->handler);
    struct arena a;
    struct buf b;
    struct jsonw w;
    arena_init(&a, 1 << 22);
    rules(f);
    int64_t one = opened(f, "a0", "r1", "burst", "high", "ssh", "203.0.113.1");
    assert_int_equal(opened(f, "a1", "r1", "burst", "high", "ssh", "203.0.113.1"), one);
    f->now_ns += NS_PER_HOUR; /* nobody looks: that is no time of a person */
    assert_int_equal(room_incident_seen(f->r, &duty, one, NULL), 0);
    f->now_ns += 12 * NS_PER_MIN;
    struct room_row row;
    assert_int_equal(room_row_load(f->r, OBJECT_INCIDENT, one, &row, NULL), 0);
    assert_int_equal(room_false_alarm(f->r, &duty, one, row.version, STR("x"), NULL), 0);
    buf_init(&b, 1 << 16);
    jsonw_init(&w, &b);
    assert_int_equal(room_triage_write(f->r, &w, NULL), 0);
    assert_true(str_eq_z(at(&a, buf_str(&b), "rules.0.minutes"), "12"));
    assert_true(str_eq_z(at(&a, buf_str(&b), "rules.0.findings"), "2"));
    assert_true(str_eq_z(at(&a, buf_str(&b), "rules.0.minutes_a_finding"), "6"));
    assert_true(str_eq_z(at(&a, buf_str(&b), "rules.0.false_alarms"), "1"));
    buf_done(&b);
    arena_done(&a);
    fixture_free(f);
}

/* A case parted from another names it only to who may see it. */
static void another_case_is_named_to_who_may_see_it(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor duty = fixture_actor(f, f->handler), chief = fixture_actor(f, f->administrator);
    struct room_row row;
    struct buf b;
    struct jsonw w;
    int64_t own = 0, one = opened(f, "a0", "r1", "burst", "high", "ssh", "203.0.113.1");
    assert_int_equal(opened(f, "a1", "r1", "burst", "high", "ssh", "203.0.113.1"), one);
    struct str moved[] = {STR("a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1")};
    struct room_split x = {moved, 1, 0, 0};
    assert_int_equal(room_row_load(f->r, OBJECT_INCIDENT, one, &row, NULL), 0);
    assert_int_equal(room_incident_split(f->r, &duty, one, row.version, &x, &own, NULL), 0);
    struct room_incident_change c = {.set_commander = true, .commander = f->administrator, .set_need_to_know = true, .need_to_know = true};
    assert_int_equal(room_row_load(f->r, OBJECT_INCIDENT, own, &row, NULL), 0);
    for (int hidden = 0; hidden < 2; hidden++) {
        if (hidden)
            assert_int_equal(room_incident_change(f->r, &chief, own, row.version, &c, NULL), 0);
        buf_init(&b, 1 << 20);
        jsonw_init(&w, &b);
        jsonw_array(&w);
        assert_int_equal(room_timeline_write(f->r, one, &duty, &w, NULL), 0);
        assert_int_equal(room_incident_write(f->r, one, &duty, NULL, 0, &w, NULL), 0);
        assert_int_equal(room_now_write(f->r, &duty, T0 - NS_PER_DAY, &w, NULL), 0);
        jsonw_end(&w);
        assert_int_equal(strstr(buf_z(&b), "K-2026-0002") != NULL, !hidden);
        assert_non_null(strstr(buf_z(&b), "event.findings_parted"));
        buf_done(&b);
    }
    fixture_free(f);
}

static void what_people_wrote_down_is_asked_when_late(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor duty = fixture_actor(f, f->handler);
    struct arena a;
    struct buf b;
    struct jsonw w;
    int64_t id, one = opened(f, "a0", "r1", "burst", "high", "ssh", "203.0.113.1");
    struct room_task_edit x = {.text = STR("社長へ電話"), .set_due = true, .due_ns = f->now_ns + 3 * NS_PER_HOUR};
    arena_init(&a, 1 << 22);
    assert_int_equal(room_task_put(f->r, &duty, one, 0, 0, &x, &id, NULL), 0);
    for (int late = 0; late < 2; late++) {
        buf_init(&b, 1 << 20);
        jsonw_init(&w, &b);
        f->now_ns += late ? 4 * NS_PER_HOUR : 0;
        assert_int_equal(room_runs_tick(f->r, NULL) < 0, 0);
        assert_int_equal(room_now_write(f->r, &duty, T0 - NS_PER_DAY, &w, NULL), 0);
        assert_true(str_eq_z(at(&a, buf_str(&b), "tasks_late"), late ? "1" : "0"));
        assert_int_equal(strstr(buf_z(&b), "ask.task") != NULL, late);
        buf_done(&b);
    }
    arena_done(&a);
    fixture_free(f);
}

UNIT_GROUP(room_rank, cmocka_unit_test(important_services_come_first), cmocka_unit_test(a_false_alarm_puts_its_like_behind),
           cmocka_unit_test(the_list_says_why), cmocka_unit_test(minutes_are_from_opening_to_deciding),
           cmocka_unit_test(another_case_is_named_to_who_may_see_it), cmocka_unit_test(what_people_wrote_down_is_asked_when_late))
