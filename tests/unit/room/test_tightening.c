/* What is watched more closely: begins, opens cases from a lower level, is reviewed, ends by itself; the watch after recovery. */
#include "fixture.h"

#include "room/tightening.h"

static struct story weak(const char *id, const char *service, int64_t at) {
    return (struct story){.id = id, .revision = 1, .rule = "r-burst", .kind = "burst", .level = "medium", .service = service, .group_source = "203.0.113.77",
                          .first_ns = at, .last_ns = at, .count = 20, .good = -1};
}

static void tick(struct fixture *f) {
    struct diag d = {0};
    if (room_tightenings_tick(f->r, &d) < 0)
        fail_msg("%s", d.text);
}

static int64_t boost(struct fixture *f, const char *service, int64_t for_ns) {
    struct room_actor duty = fixture_actor(f, f->handler);
    struct str services[] = {str_of(service)};
    struct room_tightening_new x = {.use = "boost", .services = services, .n_services = 1, .reason = STR("JPCERT/CC からの情報"), .until_ns = f->now_ns + for_ns};
    struct diag d = {0};
    int64_t id = 0;
    if (room_tightening_start(f->r, &duty, &x, &id, &d) < 0)
        fail_msg("%s", d.text);
    return id;
}

static void a_weak_finding_opens_a_case_while_its_service_is_watched(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct story s = weak("a1", "members", f->now_ns);
    assert_int_equal(fold(f, &s).incident, 0);
    boost(f, "members", 2 * NS_PER_DAY);
    f->now_ns += NS_PER_HOUR;
    s = weak("a2", "billing", f->now_ns);
    s.group_source = "203.0.113.78";
    assert_int_equal(fold(f, &s).incident, 0); /* another service */
    s = weak("a3", "members", f->now_ns);
    s.group_source = "203.0.113.79";
    assert_int_not_equal(fold(f, &s).incident, 0);
    f->now_ns += 2 * NS_PER_DAY;
    s = weak("a4", "members", f->now_ns);
    s.group_source = "203.0.113.80";
    assert_int_equal(fold(f, &s).incident, 0); /* after its end, though nobody ended it yet */
    tick(f);
    assert_int_equal(number(f, "SELECT state = 'ended' AND ended_at IS NOT NULL FROM tightening"), 1);
    fixture_free(f);
}

static void it_is_reviewed_and_ends_and_says_why(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor duty = fixture_actor(f, f->handler), auditor = fixture_actor(f, f->auditor);
    struct diag d = {0};
    uint64_t before, after;
    bool any;
    int64_t id = boost(f, "members", 10 * NS_PER_DAY), now = f->now_ns;
    assert_int_equal(number(f, "SELECT (review_at - from_at) * 2 = until_at - from_at FROM tightening"), 1); /* half way */
    assert_int_equal(room_tightening_review(f->r, &duty, id, 1, now, 0, STR("x"), &d), -EINVAL);
    assert_int_equal(room_tightening_review(f->r, &duty, id, 1, now + 20 * NS_PER_DAY, 0, STR(" "), &d), -EINVAL); /* why */
    assert_int_equal(room_tightening_review(f->r, &auditor, id, 1, now + 20 * NS_PER_DAY, 0, STR("x"), &d), -ERR_REFUSED);
    assert_int_equal(room_tightenings_state(f->r, &before, &any, &d), 0);
    assert_int_equal(room_tightening_review(f->r, &duty, id, 1, now + 20 * NS_PER_DAY, 0, STR("続いている"), &d), 0);
    assert_int_equal(room_tightenings_state(f->r, &after, &any, &d), 0);
    assert_true(any && before != after); /* the sensor hears of it */
    assert_int_equal(room_tightening_review(f->r, &duty, id, 1, now + 30 * NS_PER_DAY, 0, STR("x"), &d), -ERR_VERSION);
    f->now_ns += 11 * NS_PER_DAY;
    tick(f);
    assert_int_equal(number(f, "SELECT state = 'in_force' FROM tightening"), 1);
    assert_int_equal(room_tightening_end(f->r, &duty, id, 2, STR("収まった"), &d), 0);
    assert_int_equal(room_tightening_end(f->r, &duty, id, 3, STR("収まった"), &d), -EBUSY);
    fixture_free(f);
}

static void after_recovery_the_same_kind_is_watched_for_eight_weeks(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor duty = fixture_actor(f, f->handler);
    struct diag d = {0};
    struct story s = weak("a1", "members", f->now_ns);
    int64_t id = 0;
    s.level = "high";
    int64_t incident = fold(f, &s).incident;
    assert_int_not_equal(incident, 0);
    assert_int_equal(room_tightening_watch(f->r, &duty, incident, 0, &id, &d), 0);
    assert_int_equal(number(f, "SELECT services = '[\"members\"]' AND kinds = '[\"burst\"]' AND use = 'watch' AND until_at - from_at = 56 * 86400000000000 FROM tightening"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.tightened'"), 1);
    struct room_incident_change close = {.set_state = true, .open = false};
    IGNORE(room_incident_change(f->r, &duty, incident, number(f, "SELECT version FROM incident"), &close, NULL));
    f->now_ns += 21 * NS_PER_DAY; /* the third week */
    s = weak("a2", "members", f->now_ns);
    s.group_source = "203.0.113.90";
    int64_t again = fold(f, &s).incident;
    assert_int_not_equal(again, 0);
    s = weak("a3", "members", f->now_ns);
    s.kind = "web_scan"; /* another kind is judged as ever */
    s.rule = "r-scan";
    s.group_source = "203.0.113.91";
    f->now_ns += 2 * NS_PER_HOUR;
    s.first_ns = s.last_ns = f->now_ns;
    assert_int_equal(fold(f, &s).incident, 0);
    fixture_free(f);
}

static void it_needs_targets_a_reason_and_an_end(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor duty = fixture_actor(f, f->handler);
    struct str services[] = {STR("members")};
    struct diag d = {0};
    int64_t id;
    struct room_tightening_new good = {.use = "boost", .services = services, .n_services = 1, .reason = STR("x"), .until_ns = f->now_ns + NS_PER_DAY}, x = good;
    x.n_services = 0;
    assert_int_equal(room_tightening_start(f->r, &duty, &x, &id, &d), -EINVAL);
    x = good;
    x.reason = STR("");
    assert_int_equal(room_tightening_start(f->r, &duty, &x, &id, &d), -EINVAL);
    x = good;
    x.factor = 100; /* tightens nothing */
    assert_int_equal(room_tightening_start(f->r, &duty, &x, &id, &d), -EINVAL);
    x = good;
    x.until_ns = f->now_ns + 400 * NS_PER_DAY;
    assert_int_equal(room_tightening_start(f->r, &duty, &x, &id, &d), -EINVAL);
    for (int i = 0; i < TIGHTENING_OPEN_MAX; i++)
        assert_int_equal(room_tightening_start(f->r, &duty, &good, &id, &d), 0);
    assert_int_equal(room_tightening_start(f->r, &duty, &good, &id, &d), -ERR_LIMIT);
    fixture_free(f);
}

UNIT_GROUP(room_tightening, cmocka_unit_test(a_weak_finding_opens_a_case_while_its_service_is_watched),
           cmocka_unit_test(it_is_reviewed_and_ends_and_says_why),
           cmocka_unit_test(after_recovery_the_same_kind_is_watched_for_eight_weeks),
           cmocka_unit_test(it_needs_targets_a_reason_and_an_end))
