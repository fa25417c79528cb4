/* The ledger of times: every row is measured, none is typed; and what is found by looking back. */
#include "fixture.h"

#include "event/drill_score.h"

#define MIN_ NS_PER_MIN

static struct story attack(const char *id, const char *rule, const char *level, const char *source,
                           int minute) {
    return (struct story){.id = id,
                          .revision = 1,
                          .rule = rule,
                          .kind = "list_attack",
                          .level = level,
                          .propose = "block_source",
                          .service = "members",
                          .group_source = source,
                          .account_pattern = "m#",
                          .account_n = 5,
                          .first_ns = T0 + minute * MIN_,
                          .last_ns = T0 + (minute + 1) * MIN_,
                          .count = 40,
                          .good = 0};
}

struct seen {
    struct fixture *f;
    struct buf out;
    struct arena a;
};

static struct str look(struct seen *x, int64_t incident, const char *path) {
    struct jsonw w;
    struct diag d = {0};
    struct room_actor who = fixture_actor(x->f, x->f->auditor);
    buf_clear(&x->out);
    jsonw_init(&w, &x->out);
    if (room_incident_write(x->f->r, incident, &who, NULL, 0, &w, &d) < 0)
        fail_msg("%s", d.text);
    return at(&x->a, buf_str(&x->out), path);
}

static struct seen open_eyes(void) {
    struct seen x = {.f = fixture_new()};
    buf_init(&x.out, 1 << 20);
    arena_init(&x.a, 1 << 24);
    return x;
}

static void close_eyes(struct seen *x) {
    arena_done(&x->a);
    buf_done(&x->out);
    fixture_free(x->f);
}

/* Logs that came three hours late: noticed is when we were told, not when we could have known. */
static void late_logs_are_noticed_late(void **state UNUSED) {
    struct seen x = open_eyes();
    struct story quiet = attack("a0", "r-burst", "medium", "203.0.113.1", 0);
    struct story loud = attack("a1", "r-list", "high", "203.0.113.2", 5);
    struct story sooner = attack("a2", "r-early", "high", "203.0.113.3", 2);
    x.f->now_ns = T0 + 180 * MIN_;
    assert_int_equal(fold(x.f, &quiet).incident, 0);
    x.f->now_ns += MIN_;
    int64_t id = fold(x.f, &loud).incident;
    assert_str(look(&x, id, "ledger.0.at"), "2026-11-22T17:03:08.000Z");
    assert_str(look(&x, id, "ledger.1.at"), "2026-11-22T20:04:08.000Z");
    assert_str(look(&x, id, "ledger.1.text.params.rule"), "r-list");
    assert_str(look(&x, id, "looked_back.rule_at"), "2026-11-22T17:04:08.000Z");
    assert_str(look(&x, id, "looked_back.rule.id"), "r-burst");
    /* a rule that was true sooner and is told later changes neither time nor name of what noticed
     * it */
    x.f->now_ns += MIN_;
    assert_int_equal(fold(x.f, &sooner).incident, id);
    assert_str(look(&x, id, "ledger.1.at"), "2026-11-22T20:04:08.000Z");
    assert_str(look(&x, id, "ledger.1.text.params.rule"), "r-list");
    /* in a replay the way from sensor to room is stretched with the clock: what counts is the
     * story's own time */
    x.f->r->replay = true;
    sooner.revision = 2;
    assert_int_equal(fold(x.f, &sooner).incident, id);
    assert_str(look(&x, id, "ledger.1.at"), "2026-11-22T17:06:08.000Z");
    assert_str(look(&x, id, "ledger.1.text.params.rule"), "r-early");
    close_eyes(&x);
}

/* Whoever acts on a case was reached, also where he never opened it (the first page has buttons).
 */
static void who_acts_was_reached(void **state UNUSED) {
    struct seen x = open_eyes();
    struct story s = attack("b0", "r-list", "high", "203.0.113.1", 0);
    struct room_actor duty = fixture_actor(x.f, x.f->handler);
    struct room_row row;
    struct diag d = {0};
    x.f->now_ns = T0 + 2 * MIN_;
    int64_t id = fold(x.f, &s).incident, note = 0;
    assert_str(look(&x, id, "ledger.2.at"), "null");
    x.f->now_ns += MIN_;
    assert_int_equal(room_row_load(x.f->r, OBJECT_ACTION, 1, &row, NULL), 0);
    assert_int_equal(room_action_reject(x.f->r, &duty, 1, row.version, STR_NULL, &d), 0);
    assert_str(look(&x, id, "ledger.2.at"), "2026-11-22T17:06:08.000Z");
    assert_str(look(&x, id, "ledger.2.by.params.name"), "duty");
    assert_str(look(&x, id, "ledger.3.at"), "2026-11-22T17:06:08.000Z");
    /* the second neither looks nor decides first */
    struct room_actor chief = fixture_actor(x.f, x.f->administrator);
    x.f->now_ns += MIN_;
    assert_int_equal(
        room_timeline_add(x.f->r, &chief, id, STR("later"), x.f->now_ns, -1, "business", &note, &d),
        0);
    assert_str(look(&x, id, "ledger.2.by.params.name"), "duty");

    struct story other = attack("b1", "r-list", "high", "192.0.2.1", 5);
    other.service = "points";
    x.f->now_ns = T0 + 7 * MIN_;
    int64_t id2 = fold(x.f, &other).incident;
    assert_int_not_equal(id2, id);
    assert_int_equal(room_timeline_add(x.f->r, &chief, id2, STR("phoned"), x.f->now_ns, -1,
                                       "business", &note, &d),
                     0);
    assert_str(look(&x, id2, "ledger.2.by.params.name"), "chief");
    assert_str(look(&x, id2, "ledger.3.at"), "null"); /* a note decides nothing, closing does */
    struct room_incident_change close = {.set_state = true, .open = false};
    x.f->now_ns += MIN_;
    assert_int_equal(room_incident_change(x.f->r, &duty, id2, 1, &close, &d), 0);
    assert_str(look(&x, id2, "ledger.3.at"), "2026-11-22T17:11:08.000Z");
    assert_str(look(&x, id2, "ledger.3.by.params.name"), "duty");
    for (int row_ = 5; row_ < 8; row_++) { /* nothing was sent, published or brought back, so nobody says so */
        char path[24];
        snprintf(path, sizeof path, "ledger.%d.at", row_);
        assert_str(look(&x, id2, path), "null");
    }
    close_eyes(&x);
}

/* Two cases become one: what was done first for either was done for it. */
static void what_was_done_for_one_half_counts(void **state UNUSED) {
    struct seen x = open_eyes();
    struct story a = attack("c0", "r", "high", "203.0.113.1", 0);
    struct story b = attack("c1", "r", "high", "192.0.2.1", 1);
    struct room_actor duty = fixture_actor(x.f, x.f->handler);
    struct diag d = {0};
    b.service = "points";
    x.f->now_ns = T0 + 3 * MIN_;
    int64_t first = fold(x.f, &a).incident, second = fold(x.f, &b).incident;
    assert_int_not_equal(first, second);
    assert_int_equal(room_incident_seen(x.f->r, &duty, second, &d), 0);
    x.f->now_ns += MIN_;
    assert_int_equal(room_incident_seen(x.f->r, &duty, first, &d), 0);
    b.revision = 2;
    b.sources = "203.0.113.1";
    assert_int_equal(fold(x.f, &b).incident, first);
    assert_str(look(&x, first, "ledger.2.at"), "2026-11-22T17:06:08.000Z");
    close_eyes(&x);
}

/* Tries on a service are those of who is accused, not of everybody who failed there. */
static void a_services_tries_are_the_attackers(void **state UNUSED) {
    struct seen x = open_eyes();
    struct story all = attack("d0", "r-service", "high", NULL, 0);
    struct story one = attack("d1", "r-address", "high", "203.0.113.1", 0);
    all.sources = "203.0.113.1,198.51.100.9";
    all.count = 59;
    x.f->now_ns = T0 + 2 * MIN_;
    int64_t id = fold(x.f, &all).incident;
    assert_str(look(&x, id, "scope.services.0.tries.n"), "59"); /* nobody is accused yet */
    assert_int_equal(fold(x.f, &one).incident, id);
    x.f->r->numbers[0].incident = 0; /* counted seldom: now, for the test */
    assert_str(look(&x, id, "scope.services.0.tries.n"), "40");
    close_eyes(&x);
}

static void run(struct fixture *f, const char *sql) {
    struct diag d = {0};
    if (sql_run(f->r->db, &d, sql, "") < 0)
        fail_msg("%s", d.text);
}

/* T2 and T5 to T7 out of the entries they come from; what is only tried out stands for the real thing in a drill alone. */
static void each_time_comes_from_its_entry(void **state UNUSED) {
    static const struct {
        const char *entry;
        enum case_time at;
        int minute; /* -1: it is not one */
    } rows[] = {
        {"INSERT INTO callout(incident_id, purpose, text, state, started_at, chain) VALUES (1, 'take', 'x', 'reached', 0, '[]')", CASE_REACHED, -1},
        {"INSERT INTO call(callout_id, person, way, address, level, at, answered_at) VALUES (1, 'Sato', 'phone', '', 0, 0, %m9)", CASE_REACHED, 9},
        {"UPDATE incident SET person_at = %m8, person_by = 'person:1'", CASE_REACHED, 8},
        {"INSERT INTO info_report(incident_id, number, kind, subject, text, addressee, aware_at, part, stage) VALUES (1, 'I-1', 'incident', '', '', '', 0, 'first', 'draft')", CASE_REPORTED, -1},
        {"UPDATE info_report SET stage = 'sent', sent_at = %m30", CASE_REPORTED, 30},
        {"INSERT INTO submission(incident_id, obligation, report, form, addressee, how, at, doc, digest, blank, note) VALUES (1, '', '', '', '', '', %m25, '', '', '', '')", CASE_REPORTED, 25},
        {"INSERT INTO publication(incident_id, number, state, stage, statement, own, doc, digest, en, why, created_at) VALUES (1, 1, 'draft', 'first', '', '{}', '', '', 0, '', %m40)", CASE_PUBLISHED, -1},
        {"UPDATE publication SET published_at = %m50", CASE_PUBLISHED, 50},
        {"INSERT INTO case_row(incident_id, kind, key, name, state, doc, updated_at) VALUES (1, 'stage', 'a', 'a', 'back', '{}', %m90), (1, 'stage', 'b', 'b', 'down', '{}', %m95)", CASE_RECOVERED, -1},
        {"UPDATE case_row SET state = 'back'", CASE_RECOVERED, 95},
        {"INSERT INTO fact(incident_id, name, value, state) VALUES (1, 'recovered_at', '2026-11-22T18:23:08.000Z/60', 'unconfirmed')", CASE_RECOVERED, 95},
        {"UPDATE fact SET state = 'confirmed'", CASE_RECOVERED, 80}, /* 17:03:08 and 80 minutes */
    };
    struct seen x = open_eyes();
    struct story a = attack("e0", "r", "high", "203.0.113.1", 0);
    struct case_times t;
    char sql[512];
    x.f->now_ns = T0 + 3 * MIN_;
    assert_int_equal(fold(x.f, &a).incident, 1);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        size_t n = 0;
        for (const char *p = rows[i].entry; *p; p++) { /* %m9: nine minutes after T0 */
            char *end;
            n += p[0] == '%' && p[1] == 'm' ? (size_t) snprintf(sql + n, sizeof sql - n, "%lld", (long long) (T0 + strtol(p + 2, &end, 10) * MIN_)) : 1;
            if (p[0] == '%' && p[1] == 'm')
                p = end - 1;
            else
                sql[n - 1] = *p;
        }
        sql[n] = 0;
        run(x.f, sql);
        assert_int_equal(case_times_read(x.f->r->db, 1, false, &x.a, &t, NULL), 0);
        if (t.at_ns[rows[i].at] != (rows[i].minute < 0 ? TIME_NONE : T0 + rows[i].minute * MIN_))
            fail_msg("%s: %lld min", sql, (long long) ((t.at_ns[rows[i].at] - T0) / MIN_));
        assert_false(t.tried[rows[i].at]);
    }
    char tried[120];
    snprintf(tried, sizeof tried, "UPDATE action SET state = 'dry_run', decided_at = %lld; UPDATE publication SET published_at = NULL", (long long) (T0 + 7 * MIN_));
    assert_int_equal(sql_script(x.f->r->db, tried, NULL), 0);
    assert_int_equal(case_times_read(x.f->r->db, 1, false, &x.a, &t, NULL), 0);
    assert_true(t.at_ns[CASE_CONTAINED] == TIME_NONE && t.at_ns[CASE_PUBLISHED] == TIME_NONE);
    assert_int_equal(case_times_read(x.f->r->db, 1, true, &x.a, &t, NULL), 0);
    assert_true(t.tried[CASE_CONTAINED] && t.at_ns[CASE_CONTAINED] == T0 + 7 * MIN_ && t.at_ns[CASE_PUBLISHED] == T0 + 40 * MIN_);
    assert_int_equal(case_times_read(x.f->r->db, 2, true, &x.a, &t, NULL), -ENOENT);
    close_eyes(&x);
}

/* Of a drill: persons once, receipts, departures by step, departments by steps and entries. */
static void a_drill_is_scored_by_what_people_did(void **state UNUSED) {
    static const char *const rows[] = {
        "INSERT INTO callout(incident_id, purpose, text, state, started_at, chain) VALUES (1, 'take', 'x', 'reached', 0, '[]')",
        "INSERT INTO call(callout_id, person, way, address, level, at, answered_at) VALUES (1, 'Sato', 'phone', '', 0, 100, NULL), (1, 'Sato', 'sms', '', 1, 200, 300), (1, 'Ito', 'phone', '', 0, 50, NULL)",
        "INSERT INTO message(incident_id, way, address, who, subject, body, vars, state, next_at, until_at, sent_at, acknowledged_at, reply_to) VALUES (1, 'mail', 'i', 'Ito', '', '', '{}', 'acknowledged', 0, 0, 1000000000, 61000000000, ''), "
        "(1, 'mail', 'k', 'Kato', '', '', '{}', 'sent', 0, 0, 5, NULL, ''), (1, 'mail', 'm', 'Mori', '', '', '{}', 'failed', 0, 0, NULL, NULL, '')",
        "INSERT INTO task(incident_id, key, step, visit, kind, lane, words_ja, words_en, state, place, why, created_at, ended_at) VALUES (1, 'a', 'a', 1, 'act', 'it_ops', '止める', 'stop', 'done', 1, NULL, 0, 60000000000), "
        "(1, 'b', 'b', 1, 'act', 'it_ops', '写す', 'copy', 'skipped', 2, '権限なし', 0, 1), (1, 'c', 'c', 1, 'act', 'executive', '決める', 'decide', 'due', 3, NULL, 0, NULL)",
        "INSERT INTO timeline(incident_id, at, lane, kind, plain, by, source) VALUES (1, 1, 'public_relations', 'notice', 'x', 'person:1', 'person')"};
    struct seen x = open_eyes();
    struct story a = attack("f1", "r", "high", "203.0.113.1", 0);
    struct drill_score d;
    x.f->now_ns = T0 + 3 * MIN_;
    assert_int_equal(fold(x.f, &a).incident, 1);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        run(x.f, rows[i]);
    assert_int_equal(drill_score_read(x.f->r->db, 1, &x.a, &d, NULL), 0);
    assert_int_equal(d.called, 4);
    assert_int_equal(d.reached, 2);
    assert_true(d.messages == 3 && d.sent == 2 && d.receipts == 1 && d.receipt_s == 60 && d.first_call_ns == 50 && d.begun_ns == TIME_NONE);
    assert_int_equal(d.n_departed, 1);
    assert_str(d.departed[0].why, "権限なし");
    assert_int_equal(d.n_lanes, 3);
    assert_str(d.lanes[0].name, "executive");
    assert_true(d.lanes[0].steps == 1 && d.lanes[0].done == 0 && d.lanes[0].step_s == -1);
    assert_true(d.lanes[1].steps == 2 && d.lanes[1].done == 1 && d.lanes[1].failed == 1 && d.lanes[1].step_s == 60);
    assert_str(d.lanes[2].name, "public_relations");
    assert_true(d.lanes[2].steps == 0 && d.lanes[2].entries == 1);
    close_eyes(&x);
}

/* The lesson a drill told is the last one begun before its case. */
static void a_drill_knows_its_lesson(void **state UNUSED) {
    struct seen x = open_eyes();
    struct room_actor by = fixture_actor(x.f, x.f->administrator);
    struct story a = attack("f0", "r", "high", "203.0.113.1", 0);
    static const char *const orders[] = {"{\"op\":\"drill\",\"name\":\"one\"}", "{\"op\":\"drill\",\"name\":\"two\"}", "{\"op\":\"drill_end\"}", "{\"op\":\"except\",\"name\":\"three\"}"};
    struct str pack;
    x.f->now_ns = T0 + MIN_;
    for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
        assert_int_equal(room_begin(x.f->r, NULL), 0);
        assert_int_equal(room_end(x.f->r, room_record(x.f->r, &by, VERB_CHANGE, OBJECT_RULE, str_of(orders[i]), NULL), NULL), 0);
    }
    x.f->now_ns += MIN_;
    assert_int_equal(fold(x.f, &a).incident, 1);
    assert_int_equal(case_drill_pack(x.f->r->db, 1, &x.a, &pack, NULL), 0);
    assert_null(pack.p); /* no drill */
    run(x.f, "UPDATE incident SET drill = 1");
    assert_int_equal(case_drill_pack(x.f->r->db, 1, &x.a, &pack, NULL), 0);
    assert_str(pack, "two");
    close_eyes(&x);
}

UNIT_GROUP(room_ledger, cmocka_unit_test(late_logs_are_noticed_late),
           cmocka_unit_test(who_acts_was_reached),
           cmocka_unit_test(what_was_done_for_one_half_counts),
           cmocka_unit_test(a_services_tries_are_the_attackers), cmocka_unit_test(each_time_comes_from_its_entry), cmocka_unit_test(a_drill_knows_its_lesson), cmocka_unit_test(a_drill_is_scored_by_what_people_did))
