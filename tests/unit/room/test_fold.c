/* The story of the first lesson: one campaign against two services is one case. */
#include "fixture.h"

#define MIN_ NS_PER_MIN

static struct str written(struct fixture *f, struct buf *out, int64_t incident) {
    struct jsonw w;
    struct diag d = {0};
    struct room_actor who = fixture_actor(f, f->handler);
    buf_clear(out);
    jsonw_init(&w, out);
    if (room_incident_write(f->r, incident, &who, NULL, 0, &w, &d) < 0)
        fail_msg("%s", d.text);
    return buf_str(out);
}

/* 37 sources, one finding each, as a rule grouped by source tells them. */
static int64_t wave(struct fixture *f) {
    int64_t incident = 0;
    for (int i = 0; i < 37; i++) {
        char id[3], source[24];
        snprintf(id, sizeof id, "%02x", i);
        snprintf(source, sizeof source, "198.51.100.%d", i + 1);
        struct story s = {.id = id,
                          .revision = 1,
                          .rule = "r-list",
                          .kind = "list_attack",
                          .level = "high",
                          .propose = "block_source",
                          .service = "members",
                          .group_source = source,
                          .account_pattern = "m#",
                          .account_from = i * 130,
                          .account_n = 130,
                          .first_ns = T0 + i * NS_PER_S,
                          .last_ns = T0 + 32 * NS_PER_S,
                          .count = 260,
                          .good = 0};
        struct room_folded x = fold(f, &s);
        assert_int_not_equal(x.incident, 0);
        assert_int_equal(x.opened, i == 0);
        assert_true(incident == 0 || incident == x.incident);
        incident = x.incident;
    }
    return incident;
}

static void a_campaign_is_one_case(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct buf out;
    struct arena a;
    arena_init(&a, 1 << 24);
    buf_init(&out, 1 << 22);
    f->now_ns = T0 + 41 * NS_PER_S;
    int64_t id = wave(f);
    assert_int_equal(number(f, "SELECT count(*) FROM incident"), 1);

    /* an hour later the same sources try a second service: the same case */
    struct story second = {.id = "a0",
                           .revision = 1,
                           .rule = "r-list",
                           .kind = "list_attack",
                           .level = "high",
                           .service = "billing",
                           .group_source = "198.51.100.7",
                           .account_pattern = "b#",
                           .account_n = 31,
                           .first_ns = T0 + 61 * MIN_,
                           .last_ns = T0 + 62 * MIN_,
                           .count = 31,
                           .good = -1};
    f->now_ns = T0 + 62 * MIN_;
    assert_int_equal(fold(f, &second).incident, id);

    /* one account was entered, from one of the sources */
    struct story success = {.id = "a1",
                            .revision = 1,
                            .rule = "r-success",
                            .kind = "success_after",
                            .level = "critical",
                            .service = "members",
                            .group_source = "198.51.100.7",
                            .account_pattern = "m#",
                            .account_from = 3,
                            .account_n = 1,
                            .first_ns = T0 + 5 * MIN_,
                            .last_ns = T0 + 5 * MIN_,
                            .count = 1,
                            .good = -1};
    assert_int_equal(fold(f, &success).incident, id);

    /* somebody else guesses passwords of a host: its own case */
    struct story ssh = {.id = "a2",
                        .revision = 1,
                        .rule = "r-brute",
                        .kind = "brute_force",
                        .level = "high",
                        .service = "ssh",
                        .group_source = "203.0.113.9",
                        .account_pattern = "root",
                        .account_n = 1,
                        .first_ns = T0 + 10 * MIN_,
                        .last_ns = T0 + 11 * MIN_,
                        .count = 60,
                        .good = -1};
    struct room_folded other = fold(f, &ssh);
    assert_true(other.opened);
    assert_int_not_equal(other.incident, id);

    /* quiet and alone: no case, but listed */
    struct story quiet = {.id = "a3",
                          .revision = 1,
                          .rule = "r-quiet",
                          .level = "low",
                          .group_source = "203.0.113.77",
                          .first_ns = T0,
                          .last_ns = T0,
                          .count = 2,
                          .good = -1};
    assert_int_equal(fold(f, &quiet).incident, 0);
    assert_int_equal(number(f, "SELECT count(*) FROM finding WHERE incident_id IS NULL"), 1);

    struct str json = written(f, &out, id);
    assert_str(at(&a, json, "title.key"), "title.list_attack");
    assert_str(at(&a, json, "title.params.service"), "members");
    assert_str(at(&a, json, "title.params.stolen"), "1");
    assert_str(at(&a, json, "title.params.services"), "2");
    assert_str(at(&a, json, "level"), "critical");
    assert_str(at(&a, json, "scope.sources.n"), "37");
    assert_str(at(&a, json, "scope.accounts_tried.n"), "4841"); /* 37 * 130 + 31 */
    assert_str(at(&a, json, "scope.accounts_tried.at_least"), "false");
    assert_str(at(&a, json, "scope.accounts_stolen.n"), "1");
    assert_str(at(&a, json, "scope.services.0.name"), "members");
    assert_str(at(&a, json, "scope.services.0.tries.n"), "9620");
    assert_str(at(&a, json, "scope.services.0.success"), "1");
    assert_str(at(&a, json, "scope.services.1.name"), "billing");
    assert_str(at(&a, json, "lanes.0.items.0.kind"), "bars");
    assert_str(at(&a, json, "lanes.0.items.0.text.params.n"), "4810");
    assert_str(at(&a, json, "ledger.0.at"), "2026-11-22T17:03:08.000Z");
    /* told at :49; its rule was true at :40 */
    assert_str(at(&a, json, "ledger.1.at"), "2026-11-22T17:03:49.000Z");
    assert_str(at(&a, json, "ledger.1.gap_s"), "41");
    assert_str(at(&a, json, "looked_back.first_trace"), "2026-11-22T17:03:08.000Z");
    assert_str(at(&a, json, "looked_back.rule_at"), "2026-11-22T17:03:40.000Z");
    assert_str(at(&a, json, "looked_back.rule.id"), "r-list");
    assert_str(at(&a, json, "ledger.2.at"), "null");
    assert_str(at(&a, json, "ledger.5.at"), "null");
    buf_done(&out);
    arena_done(&a);
    fixture_free(f);
}

static void a_finding_told_twice_is_one(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct story s = {.id = "b0",
                      .revision = 1,
                      .rule = "r",
                      .kind = "brute_force",
                      .level = "high",
                      .service = "ssh",
                      .group_source = "203.0.113.9",
                      .account_pattern = "u#",
                      .account_n = 5,
                      .first_ns = T0,
                      .last_ns = T0 + MIN_,
                      .count = 50,
                      .good = -1};
    f->now_ns = T0 + MIN_;
    struct room_folded x = fold(f, &s);
    int64_t rows = number(f, "SELECT count(*) FROM audit");
    assert_true(fold(f, &s).known);
    assert_int_equal(number(f, "SELECT count(*) FROM audit"), rows);
    s.revision = 3;
    s.count = 80;
    s.account_n = 8;
    assert_int_equal(fold(f, &s).incident, x.incident);
    s.revision = 2; /* late, and already known better */
    s.count = 60;
    assert_true(fold(f, &s).known);
    assert_int_equal(number(f, "SELECT count(*) FROM finding"), 1);
    assert_int_equal(number(f, "SELECT count FROM finding"), 80);
    assert_int_equal(number(f, "SELECT count(*) FROM finding_value WHERE kind = 'account'"), 8);
    fixture_free(f);
}

static void cases_that_share_a_source_become_one(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct story a = {.id = "c0",
                      .revision = 1,
                      .rule = "r1",
                      .kind = "spraying",
                      .level = "high",
                      .service = "members",
                      .group_source = "192.0.2.2",
                      .first_ns = T0,
                      .last_ns = T0 + MIN_,
                      .count = 40,
                      .good = -1};
    struct story b = {.id = "c1",
                      .revision = 1,
                      .rule = "r2",
                      .kind = "brute_force",
                      .level = "high",
                      .service = "billing",
                      .group_source = "192.0.2.3",
                      .first_ns = T0 + MIN_,
                      .last_ns = T0 + 2 * MIN_,
                      .count = 40,
                      .good = -1};
    f->now_ns = T0 + 3 * MIN_;
    int64_t first = fold(f, &a).incident, second = fold(f, &b).incident;
    assert_int_not_equal(first, second);
    struct story c = {.id = "c2",
                      .revision = 1,
                      .rule = "r3",
                      .kind = "cross_service",
                      .level = "high",
                      .service = "points",
                      .group_source = "192.0.2.2",
                      .first_ns = T0 + 2 * MIN_,
                      .last_ns = T0 + 3 * MIN_,
                      .count = 40,
                      .good = -1};
    assert_int_equal(fold(f, &c).incident, first);
    c.revision = 2;
    c.sources = "192.0.2.2,192.0.2.3";
    assert_int_equal(fold(f, &c).incident, first);
    assert_int_equal(number(f, "SELECT count(*) FROM incident WHERE state = 'open'"), 1);
    assert_int_equal(number(f, "SELECT merged_into FROM incident WHERE state = 'closed'"), first);
    assert_int_equal(number(f, "SELECT count(*) FROM finding WHERE incident_id = 1"), 3);
    fixture_free(f);
}

/* Findings about a service list everybody who failed: one of them is no link, half of them are one.
 */
static void a_bystander_links_nothing(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct story wave_ = {.id = "c4",
                          .revision = 1,
                          .rule = "r1",
                          .kind = "list_attack",
                          .level = "high",
                          .service = "members",
                          .sources = "192.0.2.1,192.0.2.2,192.0.2.3,198.51.100.99",
                          .first_ns = T0,
                          .last_ns = T0 + MIN_,
                          .count = 400,
                          .good = -1};
    struct story ssh = {.id = "c5",
                        .revision = 1,
                        .rule = "r2",
                        .kind = "brute_force",
                        .level = "high",
                        .service = "ssh",
                        .group_source = "198.51.100.99",
                        .first_ns = T0 + 2 * MIN_,
                        .last_ns = T0 + 3 * MIN_,
                        .count = 40,
                        .good = -1};
    struct story second = {.id = "c6",
                           .revision = 1,
                           .rule = "r1",
                           .kind = "list_attack",
                           .level = "high",
                           .service = "billing",
                           .sources = "192.0.2.1,192.0.2.3,203.0.113.4",
                           .first_ns = T0 + 60 * MIN_,
                           .last_ns = T0 + 61 * MIN_,
                           .count = 100,
                           .good = -1};
    f->now_ns = T0 + 61 * MIN_;
    int64_t id = fold(f, &wave_).incident;
    assert_int_not_equal(fold(f, &ssh).incident, id);
    assert_int_equal(fold(f, &second).incident, id);
    assert_int_equal(
        number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.service_joined'"), 1);
    second.revision = 2;
    assert_int_equal(fold(f, &second).incident, id);
    assert_int_equal(
        number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.service_joined'"), 1);
    fixture_free(f);
}

static void a_closed_case_takes_no_new_attack(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor duty = fixture_actor(f, f->handler);
    struct story s = {.id = "d0",
                      .revision = 1,
                      .rule = "r",
                      .kind = "brute_force",
                      .level = "high",
                      .service = "ssh",
                      .group_source = "203.0.113.9",
                      .first_ns = T0,
                      .last_ns = T0 + MIN_,
                      .count = 50,
                      .good = -1};
    f->now_ns = T0 + 2 * MIN_;
    int64_t id = fold(f, &s).incident;
    struct room_incident_change close = {.set_state = true, .open = false};
    assert_int_equal(room_incident_change(f->r, &duty, id, 1, &close, NULL), 0);
    s.revision = 2; /* what came before the closing still belongs to it */
    assert_int_equal(fold(f, &s).incident, id);
    s.revision = 3;
    s.last_ns = T0 + 9 * MIN_;
    f->now_ns = T0 + 9 * MIN_;
    struct room_folded x = fold(f, &s);
    assert_true(x.opened);
    assert_int_not_equal(x.incident, id);
    fixture_free(f);
}

static void an_indicator_labels_its_case(void **state UNUSED) {
    static const struct {
        const char *told, *want;
    } rows[] = {{"green", "AMBER"}, {"amber+strict", "AMBER+STRICT"}, {"red", "AMBER+STRICT"}, {"clear", "AMBER+STRICT"}};
    struct fixture *f = fixture_new();
    struct story s = {.id = "e7", .rule = "r", .kind = "indicator_entered", .level = "high", .service = "ssh",
                      .group_source = "203.0.113.9", .first_ns = T0, .last_ns = T0 + MIN_, .count = 5, .good = -1};
    f->now_ns = T0 + 2 * MIN_;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct buf json, sql;
        struct room_finding x;
        struct room_folded at;
        struct arena a;
        struct diag d = {0};
        buf_init(&json, 65536);
        buf_init(&sql, 4096);
        arena_init(&a, 1 << 20);
        s.revision = (int) i + 1;
        story_json(&s, &json);
        char *group = strstr(buf_z(&json), "\"group\":{");
        assert_non_null(group);
        struct str head = str_n(buf_z(&json), (size_t) (group - buf_z(&json)) + 9), whole = arena_printf(&a, "%.*s\"kizuki.indicator.tlp\":\"%s\",%s", STR_ARG(head),
                                                                                                    rows[i].told, group + 9);
        assert_int_equal(room_finding_parse(&a, whole, &x, &d), 0);
        assert_int_equal(room_begin(f->r, &d), 0);
        assert_int_equal(room_end(f->r, room_fold(f->r, &x, whole, &at, &d), &d), 0);
        assert_true(at.incident > 0);
        buf_printf(&sql, "SELECT count(*) FROM incident WHERE id = %lld AND tlp = '%s'", (long long) at.incident, rows[i].want);
        assert_int_equal(number(f, buf_z(&sql)), 1);
        buf_done(&json);
        buf_done(&sql);
        arena_done(&a);
    }
    fixture_free(f);
}

static struct str held(struct fixture *f, int64_t closed_since_ns, struct buf *out) {
    size_t n;
    buf_clear(out);
    assert_int_equal(room_holds_write(f->r, closed_since_ns, out, &n, NULL), 0);
    return buf_str(out);
}

static void a_closed_case_holds_for_its_time(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor duty = fixture_actor(f, f->handler);
    struct story s = {.id = "d1", .revision = 1, .rule = "r", .kind = "brute_force", .level = "high", .service = "ssh",
                      .group_source = "203.0.113.9", .first_ns = T0, .last_ns = T0 + MIN_, .count = 50, .good = -1};
    struct room_incident_change close = {.set_state = true, .open = false};
    uint64_t open = 0, closed = 0, later = 0;
    struct buf out;
    buf_init(&out, 65536);
    f->now_ns = T0 + 2 * MIN_;
    int64_t id = fold(f, &s).incident;
    assert_true(held(f, T0 + 900 * MIN_, &out).n > 0); /* open: whatever the time */
    assert_int_equal(room_holds_state(f->r, T0 + 900 * MIN_, &open, NULL), 0);
    assert_int_equal(room_incident_change(f->r, &duty, id, 1, &close, NULL), 0);
    assert_true(held(f, T0 + 2 * MIN_, &out).n > 0);
    assert_true(held(f, INT64_MIN, &out).n > 0);
    assert_int_equal(held(f, T0 + 2 * MIN_ + 1, &out).n, 0);
    assert_int_equal(room_holds_state(f->r, T0 + 2 * MIN_, &closed, NULL), 0);
    assert_int_equal(room_holds_state(f->r, T0 + 2 * MIN_ + 1, &later, NULL), 0);
    assert_true(open == closed && later != closed); /* so that the keeper is told when it ends */
    buf_done(&out);
    fixture_free(f);
}

static void what_lies_far_back_is_listed_only(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct story s = {.id = "e0",
                      .revision = 1,
                      .rule = "r",
                      .kind = "brute_force",
                      .level = "high",
                      .service = "ssh",
                      .group_source = "203.0.113.9",
                      .first_ns = T0 - 30 * NS_PER_DAY,
                      .last_ns = T0 - 30 * NS_PER_DAY,
                      .count = 50,
                      .good = -1};
    assert_int_equal(fold(f, &s).incident, 0);
    s.id = "e1"; /* but an entered account is looked at, however late */
    s.kind = "success_after";
    s.account_pattern = "root";
    s.account_n = 1;
    assert_true(fold(f, &s).opened);
    fixture_free(f);
}

static void addresses_meet_as_what_one_attacker_counts_as(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct story a = {.id = "f0",
                      .revision = 1,
                      .rule = "r1",
                      .kind = "spraying",
                      .level = "high",
                      .service = "members",
                      .group_source = "2001:db8:1:2::/64",
                      .first_ns = T0,
                      .last_ns = T0 + MIN_,
                      .count = 40,
                      .good = -1};
    struct story b = {.id = "f1",
                      .revision = 1,
                      .rule = "r2",
                      .kind = "spraying",
                      .level = "high",
                      .service = "billing",
                      .sources = "2001:DB8:1:2::77",
                      .first_ns = T0,
                      .last_ns = T0 + MIN_,
                      .count = 40,
                      .good = -1};
    f->now_ns = T0 + MIN_;
    int64_t id = fold(f, &a).incident;
    assert_int_equal(fold(f, &b).incident, id);
    fixture_free(f);
}

static void every_registered_service_is_watched(void **state UNUSED) {
    struct fixture *f = fixture_new();
    static const struct room_policy_service services[] = {{.name = {"members", 7}},
                                                          {.name = {"points", 6}}};
    struct buf out;
    struct arena a;
    arena_init(&a, 1 << 24);
    buf_init(&out, 1 << 22);
    f->policy.services = services;
    f->policy.n_services = 2;
    assert_int_equal(room_services_register(f->r, NULL), 0);
    f->now_ns = T0 + 40 * NS_PER_S;
    int64_t id = wave(f);
    struct str json = written(f, &out, id);
    assert_str(at(&a, json, "scope.services.1.name"), "points");
    assert_str(at(&a, json, "scope.services.1.tries.n"), "0");
    assert_str(at(&a, json, "scope.services.1.watch_since"), "2026-11-22T17:03:48.000Z");
    buf_done(&out);
    arena_done(&a);
    fixture_free(f);
}

static void refuses_findings_that_are_none(void **state UNUSED) {
    static const char *const bad[] = {
        "{}",
        "[]",
        "{\"id\":\"zz\"}",
        "nonsense",
        "{\"id\":\"00112233445566778899AABBCCDDEEFF\",\"rule\":{\"id\":\"r\"},\"level\":\"high\","
        "\"state\":"
        "\"open\",\"revision\":1,\"count\":1,\"first\":\"2026-11-22T17:03:08Z\",\"last\":"
        "\"2026-11-22T17:03:08Z\",\"detected\":\"2026-11-22T17:03:08Z\"}",
        "{\"id\":\"00112233445566778899aabbccddeeff\",\"rule\":{\"id\":\"r\"},\"level\":\"loud\","
        "\"state\":"
        "\"open\",\"revision\":1,\"count\":1,\"first\":\"2026-11-22T17:03:08Z\",\"last\":"
        "\"2026-11-22T17:03:08Z\",\"detected\":\"2026-11-22T17:03:08Z\"}",
        "{\"id\":\"00112233445566778899aabbccddeeff\",\"rule\":{\"id\":\"r\"},\"level\":\"high\","
        "\"state\":"
        "\"open\",\"revision\":1,\"count\":1,\"first\":\"yesterday\",\"last\":"
        "\"2026-11-22T17:03:08Z\",\"detected\":\"2026-11-22T17:03:08Z\"}",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct room_finding in;
        struct diag d = {0};
        struct arena a;
        arena_init(&a, 1 << 20);
        assert_int_equal(room_finding_parse(&a, str_of(bad[i]), &in, &d), -ERR_PARSE);
        assert_true(d.text[0]);
        arena_done(&a);
    }
}

UNIT_GROUP(room_fold, cmocka_unit_test(a_campaign_is_one_case),
           cmocka_unit_test(a_finding_told_twice_is_one),
           cmocka_unit_test(cases_that_share_a_source_become_one),
           cmocka_unit_test(a_bystander_links_nothing),
           cmocka_unit_test(a_closed_case_takes_no_new_attack),
           cmocka_unit_test(an_indicator_labels_its_case),
           cmocka_unit_test(a_closed_case_holds_for_its_time),
           cmocka_unit_test(what_lies_far_back_is_listed_only),
           cmocka_unit_test(addresses_meet_as_what_one_attacker_counts_as),
           cmocka_unit_test(every_registered_service_is_watched),
           cmocka_unit_test(refuses_findings_that_are_none))
