/* Lanes, times as exactly as they are known, and stretches in which nobody acted. */
#include "fixture.h"

#include "room/case_rules.h"
#include "room/gap.h"
#include "room/grant.h"

#define MIN_ NS_PER_MIN

static struct room_gap_span span(int64_t minutes) {
    return (struct room_gap_span){.from_ns = T0, .to_ns = T0 + minutes * MIN_, .open = true, .at_least_s = 30 * 60};
}

static struct room_act at_minute(int64_t m) {
    return room_act_of(T0 + m * MIN_, TIME_NONE, -1, 0);
}

static void gaps_lie_between_acts(void **state UNUSED) {
    struct room_act acts[] = {at_minute(100), at_minute(10), at_minute(-20), at_minute(500)};
    struct room_gap_span s = span(140);
    struct room_gap g[8];
    assert_int_equal(room_gaps(acts, 4, &s, g, 8), 2); /* what is to come ends none */
    assert_int_equal(g[0].from_ns, T0 + 10 * MIN_);
    assert_int_equal(g[0].counted_s, 90 * 60);
    assert_false(g[0].open || g[0].at_least);
    assert_int_equal(g[1].counted_s, 40 * 60);
    assert_true(g[1].open);
    /* nobody at all */
    assert_int_equal(room_gaps(NULL, 0, &s, g, 8), 1);
    assert_int_equal(g[0].counted_s, 140 * 60);
    /* exactly as long as it must be, and a second less */
    struct room_act edge[] = {at_minute(30)};
    s = span(59);
    assert_int_equal(room_gaps(edge, 1, &s, g, 8), 1);
    edge[0] = room_act_of(T0 + 30 * MIN_ - NS_PER_S, TIME_NONE, -1, 0);
    assert_int_equal(room_gaps(edge, 1, &s, g, 8), 0);
    /* no rule, no gap */
    s.at_least_s = 0;
    assert_int_equal(room_gaps(NULL, 0, &s, g, 8), 0);
}

static void an_hour_is_as_wide_as_it_was_told(void **state UNUSED) {
    struct room_act acts[] = {room_act_of(T0 + 60 * MIN_, TIME_NONE, 3600, 0)}; /* somewhere in 60..120 */
    struct room_gap_span s = span(200);
    struct room_gap g[8];
    assert_int_equal(room_gaps(acts, 1, &s, g, 8), 2);
    assert_int_equal(g[0].counted_s, 60 * 60);
    assert_int_equal(g[1].counted_s, 80 * 60);
    assert_true(g[0].at_least && g[1].at_least);
    /* about: on both sides of what was said */
    struct room_act about[] = {room_act_of(T0 + 100 * MIN_, TIME_NONE, 7200, 0)};
    assert_int_equal(room_gaps(about, 1, &s, g, 8), 2);
    assert_int_equal(g[0].to_ns, T0 + 40 * MIN_);
    assert_int_equal(g[1].from_ns, T0 + 160 * MIN_);
    /* a stretch of acting: no gap within */
    struct room_act lasting[] = {room_act_of(T0, T0 + 190 * MIN_, -1, 0), at_minute(50)};
    assert_int_equal(room_gaps(lasting, 2, &s, g, 8), 0);
}

static void what_has_no_time_ends_no_gap(void **state UNUSED) {
    struct room_act acts[] = {at_minute(10), room_act_of(T0 + 10 * MIN_ + 1, TIME_NONE, -1, 1), at_minute(100)};
    struct room_gap_span s = span(150);
    struct room_gap g[8];
    assert_int_equal(room_gaps(acts, 3, &s, g, 8), 2);
    assert_int_equal(g[0].counted_s, 90 * 60);
    assert_int_equal(g[0].perhaps, 1);
    assert_int_equal(g[1].perhaps, 1);
    struct room_act before[] = {room_act_of(T0 + 40 * MIN_, TIME_NONE, -1, -1), at_minute(100)};
    assert_int_equal(room_gaps(before, 2, &s, g, 8), 2);
    assert_int_equal(g[0].perhaps, 1);
    assert_int_equal(g[1].perhaps, 0); /* it was over by then */
}

/* T0 is 02:03 in Japan: 3 h 57 min of the night are left. */
static void nights_may_be_left_out(void **state UNUSED) {
    struct room_gap_span s = span(6 * 60);
    struct room_gap g[8];
    s.leave_nights_out = true;
    assert_int_equal(room_gaps(NULL, 0, &s, g, 8), 1);
    assert_int_equal(g[0].counted_s, (6 * 60 - 237) * 60 + 8);
    s = span(3 * 24 * 60);
    s.leave_nights_out = true;
    assert_int_equal(room_gaps(NULL, 0, &s, g, 8), 1);
    assert_int_equal(g[0].counted_s, 3 * 16 * 3600);
}

/* ---- in a case ---- */

static int64_t one_case(struct fixture *f) {
    struct diag d = {0};
    struct story s = {.id = "a0", .revision = 1, .rule = "r", .kind = "brute_force", .level = "high", .service = "ssh", .group_source = "203.0.113.9",
                      .first_ns = T0 - NS_PER_DAY, .last_ns = T0, .count = 50, .good = -1};
    if (room_case_rules_load(f->r, "content/cases/rules.yml", &d) < 0)
        fail_msg("%s", d.text);
    return fold(f, &s).incident;
}

static struct str shown(struct fixture *f, int64_t id, struct buf *b) {
    struct room_actor chief = fixture_actor(f, f->administrator);
    struct jsonw w;
    buf_init(b, 1 << 20);
    jsonw_init(&w, b);
    assert_int_equal(room_incident_write(f->r, id, &chief, NULL, 0, &w, NULL), 0);
    return buf_str(b);
}

static int note(struct fixture *f, struct room_note x, int64_t *ret) {
    struct room_actor duty = fixture_actor(f, f->handler);
    x.text = x.text.p ? x.text : STR("x");
    x.kind = x.kind ? x.kind : "action";
    return room_note_add(f->r, &duty, &x, ret, NULL);
}

static void the_machine_does_not_act(void **state UNUSED) {
    struct fixture *f = fixture_new();
    int64_t id = one_case(f), entry;
    struct arena a;
    struct buf b;
    arena_init(&a, 1 << 22);
    f->now_ns = T0 + 90 * MIN_;
    struct str json = shown(f, id, &b);
    /* the system wrote notices, nobody did anything: one gap without a lane, and it goes on */
    assert_true(str_eq_z(at(&a, json, "gaps.0.lane"), "null"));
    assert_true(str_eq_z(at(&a, json, "gaps.0.minutes"), "90"));
    assert_true(str_eq_z(at(&a, json, "gaps.0.open"), "true"));
    assert_true(str_eq_z(at(&a, json, "gap_rule.minutes"), "30"));
    buf_done(&b);
    /* management was told after an hour; the provider stopped it for us: both act, in lanes of their own */
    assert_int_equal(note(f, (struct room_note){.incident = id, .lane = "executive", .at_ns = T0 + 60 * MIN_, .precision_s = -1, .kind = "contact"}, &entry), 0);
    assert_int_equal(note(f, (struct room_note){.incident = id, .lane = "outsourcer", .at_ns = T0 + 10 * MIN_, .precision_s = -1, .kind = "outside",
                                                .actor = STR("回線事業者")}, &entry), 0);
    json = shown(f, id, &b);
    static const char *const want[][2] = {{"ciso_csirt", "90"}, {"outsourcer", "80"}, {"executive", "60"}, {"executive", "30"}, {"null", "50"}};
    for (size_t i = 0; i < ARRAY_SIZE(want); i++) { /* who writes them has looked, at last */
        char lane[24], minutes[24];
        snprintf(lane, sizeof lane, "gaps.%zu.lane", i);
        snprintf(minutes, sizeof minutes, "gaps.%zu.minutes", i);
        assert_true(str_eq_z(at(&a, json, lane), want[i][0]));
        assert_true(str_eq_z(at(&a, json, minutes), want[i][1]));
    }
    assert_true(str_eq_z(at(&a, json, "lanes.5.items.0.actor"), "回線事業者"));
    buf_done(&b);
    arena_done(&a);
    fixture_free(f);
}

static void a_day_is_told_from_the_first_one(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor duty = fixture_actor(f, f->handler);
    int64_t id = one_case(f), one, two, before;
    struct room_incident_change c = {.set_day_one = true, .day_one_detection = true};
    /* it began on the 22nd at 02:03 and was noticed on the 23rd, in Japan */
    assert_int_equal(note(f, (struct room_note){.incident = id, .lane = "executive", .day = 3}, &one), 0);
    assert_int_equal(room_incident_change(f->r, &duty, id, 1, &c, NULL), 0);
    assert_int_equal(note(f, (struct room_note){.incident = id, .lane = "executive", .day = 3}, &two), 0);
    assert_int_equal(note(f, (struct room_note){.incident = id, .lane = "executive", .day = -11}, &before), 0);
    char sql[200];
    snprintf(sql, sizeof sql, "SELECT (SELECT at FROM timeline WHERE id = %lld) - (SELECT at FROM timeline WHERE id = %lld)", (long long) two, (long long) one);
    assert_int_equal(number(f, sql), NS_PER_DAY);
    snprintf(sql, sizeof sql, "SELECT (SELECT at FROM timeline WHERE id = %lld) - (SELECT at FROM timeline WHERE id = %lld)", (long long) two, (long long) before);
    assert_int_equal(number(f, sql), 13 * NS_PER_DAY);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE day = 3 AND day_from = 'occurrence' AND precision_s = 86400"), 1);
    assert_int_equal((number(f, "SELECT at FROM timeline WHERE day = 3 AND day_from = 'occurrence'") / NS_PER_HOUR + 9) % 24, 0);
    assert_int_equal(note(f, (struct room_note){.incident = id, .lane = "executive", .day = 4000}, &one), -EINVAL);
    fixture_free(f);
}

static void what_was_before_stands_before(void **state UNUSED) {
    struct fixture *f = fixture_new();
    int64_t id = one_case(f), middle, before, after;
    struct room_verdict v;
    assert_int_equal(note(f, (struct room_note){.incident = id, .lane = "it_ops", .at_ns = T0 + MIN_, .precision_s = -1}, &middle), 0);
    assert_int_equal(note(f, (struct room_note){.incident = id, .lane = "it_ops", .beside = middle, .after = true}, &after), 0);
    assert_int_equal(note(f, (struct room_note){.incident = id, .lane = "business", .beside = middle}, &before), 0);
    char sql[300];
    snprintf(sql, sizeof sql, "SELECT group_concat(id, '') = '%lld%lld%lld' FROM (SELECT id FROM timeline WHERE id >= %lld AND source = 'person' ORDER BY at)", (long long) before,
             (long long) middle, (long long) after, (long long) middle);
    assert_int_equal(number(f, sql), 1);
    /* not beside what is not there, or another case's */
    assert_int_equal(note(f, (struct room_note){.incident = id, .lane = "it_ops", .beside = 9999}, &after), -EINVAL);
    assert_int_equal(note(f, (struct room_note){.incident = id, .lane = "it_ops", .kind = "outside"}, &after), -EINVAL);
    assert_int_equal(note(f, (struct room_note){.incident = id, .lane = "it_ops", .actor = STR("a")}, &after), -EINVAL);
    assert_int_equal(note(f, (struct room_note){.incident = id, .lane = "it_ops", .kind = "force"}, &after), -EINVAL);
    assert_int_equal(room_audit_verify(f->r, NULL, 0, &v, NULL), 0);
    assert_int_equal(v.n_faults, 0);
    fixture_free(f);
}

static void a_case_has_lanes_of_its_own(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor duty = fixture_actor(f, f->handler), chief = fixture_actor(f, f->administrator);
    int64_t id = one_case(f), lane, entry, person;
    char code[ROOM_LANE_CAP], dst[ROOM_LANE_CAP];
    struct arena a;
    struct buf b;
    struct jsonw w;
    arena_init(&a, 1 << 22);
    assert_int_equal(room_lane_add(f->r, &duty, id, STR("回線事業者"), STR("outsourcer"), &lane, NULL), 0);
    assert_int_equal(room_lane_add(f->r, &duty, id, STR("回線事業者"), STR("outsourcer"), &entry, NULL), -EEXIST);
    assert_int_equal(room_lane_add(f->r, &duty, id, STR("攻撃"), STR("attacker"), &entry, NULL), -EINVAL);
    snprintf(code, sizeof code, "own:%lld", (long long) lane);
    assert_int_equal(room_lane_of(f->r, id, str_of(code), dst, NULL), 0);
    assert_int_equal(room_lane_of(f->r, id + 1, str_of(code), dst, NULL), -EINVAL);
    assert_int_equal(room_lane_of(f->r, id, STR("own:99"), dst, NULL), -EINVAL);
    assert_int_equal(note(f, (struct room_note){.incident = id, .lane = code, .at_ns = T0, .precision_s = -1}, &entry), 0);
    assert_int_equal(note(f, (struct room_note){.incident = id, .lane = "outsourcer", .at_ns = T0, .precision_s = -1}, &entry), 0);
    /* a supplier of that lane sees and writes that lane, and no other of its kind */
    assert_int_equal(room_person_add(f->r, &room_system, STR("supplier"), ROLE_REPORTER, STR("ja"), &person, NULL), 0);
    struct room_grant g = {.role = ROLE_SUPPLIER, .incident = id};
    snprintf(g.lane, sizeof g.lane, "%s", code);
    assert_int_equal(room_grant_add(f->r, &chief, person, &g, &entry, NULL), 0);
    struct room_actor supplier = fixture_actor(f, person);
    buf_init(&b, 1 << 20);
    jsonw_init(&w, &b);
    assert_int_equal(room_timeline_write(f->r, id, &supplier, &w, NULL), 0);
    assert_true(str_eq_z(at(&a, buf_str(&b), "entries.0.lane_name"), "回線事業者"));
    assert_null(strstr(buf_z(&b), "\"lane\":\"outsourcer\""));
    struct room_note x = {.incident = id, .text = STR("直した"), .lane = "outsourcer", .kind = "action", .at_ns = T0, .precision_s = -1};
    assert_int_equal(room_note_add(f->r, &supplier, &x, &entry, NULL), -ERR_REFUSED);
    x.lane = code;
    assert_int_equal(room_note_add(f->r, &supplier, &x, &entry, NULL), 0);
    buf_done(&b);
    arena_done(&a);
    fixture_free(f);
}

UNIT_GROUP(room_lanes, cmocka_unit_test(gaps_lie_between_acts), cmocka_unit_test(an_hour_is_as_wide_as_it_was_told),
           cmocka_unit_test(what_has_no_time_ends_no_gap), cmocka_unit_test(nights_may_be_left_out), cmocka_unit_test(the_machine_does_not_act),
           cmocka_unit_test(a_day_is_told_from_the_first_one), cmocka_unit_test(what_was_before_stands_before),
           cmocka_unit_test(a_case_has_lanes_of_its_own))
