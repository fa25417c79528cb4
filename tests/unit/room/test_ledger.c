/* The ledger of times: every row is measured, none is typed; and what is found by looking back. */
#include "fixture.h"

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
    for (int row_ = 5; row_ < 8; row_++) { /* nobody measures these yet, so nobody says them */
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

UNIT_GROUP(room_ledger, cmocka_unit_test(late_logs_are_noticed_late),
           cmocka_unit_test(who_acts_was_reached),
           cmocka_unit_test(what_was_done_for_one_half_counts),
           cmocka_unit_test(a_services_tries_are_the_attackers))
