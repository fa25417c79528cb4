/* 情報連絡: stages in their order at their true times, how long it lay where, near misses without a case, follow-ups. */
#include "fixture.h"

#include "base/file.h"
#include "room/fact.h"
#include "room/form_case.h"
#include "room/info_report.h"

static int64_t near_miss(struct fixture *f, const struct room_actor *by, int64_t follows) {
    struct room_info_new x = {.kind = STR("near_miss"), .subject = STR("不審な通信に気付き、止めた"), .text = STR(""), .to = STR("所管課"), .aware_ns = f->now_ns, .follows = follows};
    struct diag d = {0};
    int64_t id = 0;
    if (room_info_add(f->r, by, &x, &id, &d) < 0)
        fail_msg("%s", d.text);
    return id;
}

static int to(struct fixture *f, const struct room_actor *by, int64_t id, const char *stage, int64_t at_ns) {
    struct sql_stmt *st = NULL;
    int64_t version = 0;
    if (sql_query(f->r->db, &st, NULL, "SELECT version FROM info_report WHERE id = ?1", "i", id) == 0 && sql_step(st, NULL) == 1)
        version = sql_i64(st, 0);
    sql_end(st);
    return room_info_stage(f->r, by, id, version, str_of(stage), at_ns, STR("電話"), NULL);
}

static void each_stage_has_its_time(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor duty = fixture_actor(f, f->handler), auditor = fixture_actor(f, f->auditor);
    int64_t aware = f->now_ns, id = near_miss(f, &duty, 0);
    assert_int_equal(number(f, "SELECT incident_id IS NULL AND stage = 'draft' FROM info_report"), 1);
    f->now_ns += 8 * NS_PER_HOUR;
    assert_int_equal(to(f, &duty, id, "received", TIME_NONE), -EBUSY);                      /* not sent yet */
    assert_int_equal(to(f, &duty, id, "sent", aware - NS_PER_MIN), -EINVAL);                /* before it was known */
    assert_int_equal(to(f, &duty, id, "sent", f->now_ns + NS_PER_MIN), -EINVAL);            /* in the future */
    assert_int_equal(to(f, &auditor, id, "sent", TIME_NONE), -ERR_REFUSED);
    assert_int_equal(number(f, "SELECT stage = 'draft' AND sent_at IS NULL FROM info_report"), 1);
    assert_int_equal(to(f, &duty, id, "sent", aware + 2 * NS_PER_HOUR), 0);                 /* typed in later, at its true time */
    assert_int_equal(to(f, &duty, id, "received", aware + 3 * NS_PER_HOUR), 0);
    assert_int_equal(to(f, &duty, id, "forwarded", aware + 7 * NS_PER_HOUR), 0);
    struct arena a;
    struct buf b;
    struct jsonw w;
    arena_init(&a, 1 << 20);
    buf_init(&b, 1 << 20);
    jsonw_init(&w, &b);
    assert_int_equal(room_info_write(f->r, id, &w, NULL), 0);
    assert_str(at(&a, buf_str(&b), "operator_s"), "7200");
    assert_str(at(&a, buf_str(&b), "way_s"), "3600");
    assert_str(at(&a, buf_str(&b), "ministry_s"), "14400");
    assert_str(at(&a, buf_str(&b), "office_s"), "3600"); /* still there: until now */
    assert_int_equal(number(f, "SELECT count(*) FROM slip_note WHERE of = 'info_report' AND kind LIKE 'stage_%'"), 3);
    arena_done(&a);
    buf_done(&b);
    chain_holds(f);
    fixture_free(f);
}

static void what_was_sent_is_not_rewritten_but_followed(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor duty = fixture_actor(f, f->handler);
    int64_t id = near_miss(f, &duty, 0), second;
    struct room_info_new x = {.kind = STR("sign"), .subject = STR("別の件名"), .text = STR("本文"), .to = STR(""), .aware_ns = f->now_ns};
    assert_int_equal(room_info_edit(f->r, &duty, id, 1, &x, NULL), 0);
    assert_int_equal(room_info_edit(f->r, &duty, id, 1, &x, NULL), -ERR_VERSION);
    assert_int_equal(to(f, &duty, id, "sent", TIME_NONE), 0);
    assert_int_equal(room_info_edit(f->r, &duty, id, 3, &x, NULL), -EBUSY);
    assert_int_equal(number(f, "SELECT subject = '別の件名' FROM info_report"), 1);
    second = near_miss(f, &duty, id);
    assert_int_equal(number(f, "SELECT follows_id FROM info_report WHERE number = 'J-2026-0002'"), id);
    assert_true(second != id);
    x.subject = STR(" ");
    assert_int_equal(room_info_add(f->r, &duty, &x, &second, NULL), -EINVAL);
    x.subject = STR("a");
    x.follows = 99;
    assert_int_equal(room_info_add(f->r, &duty, &x, &second, NULL), -ENOENT);
    fixture_free(f);
}

static void fact(struct fixture *f, const char *name, const char *value, int64_t version) {
    struct room_actor who = fixture_actor(f, f->handler);
    enum fact_fault fault;
    struct diag d = {0};
    struct room_fact_new x = {.incident = 1, .version = version, .name = str_of(name), .value = str_of(value), .source = STR(""), .state = FACT_CONFIRMED};
    if (room_fact_put(f->r, &who, &x, &fault, &d) < 0)
        fail_msg("%s: %s", name, d.text);
}

static int64_t of_case(struct fixture *f, const struct room_actor *by, int64_t follows, bool final) {
    struct room_info_new x = {.kind = STR("incident"), .subject = STR("会員サイト"), .text = STR(""), .to = STR("所管課"), .aware_ns = f->now_ns, .incident = 1, .follows = follows,
                              .final = final};
    int64_t id = 0;
    assert_int_equal(room_info_add(f->r, by, &x, &id, NULL), 0);
    return id;
}

/* The shipped form over the case's facts: what is sent is sealed, and a supplement says what is otherwise. */
static void of_a_case_it_is_the_form_over_its_facts(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor duty = fixture_actor(f, f->handler);
    struct story s = {.id = "a0", .revision = 1, .rule = "r-stolen", .kind = "success_after", .level = "high", .propose = "", .service = "members", .group_source = "198.51.100.1",
                      .account_pattern = "m#", .account_n = 3, .first_ns = T0, .last_ns = T0 + 30 * NS_PER_S, .count = 60, .good = 0};
    struct arena a;
    struct str text;
    struct buf b;
    struct jsonw w;
    int64_t form;
    fold(f, &s);
    arena_init(&a, 8 << 20);
    assert_int_equal(room_facts_load(f->r, "content/facts.yml", NULL), 0);
    assert_int_equal(file_read(&a, "content/forms/ci-information.yml", 1 << 20, &text, NULL), 0);
    assert_int_equal(room_form_put(f->r, &room_system, text, "ci-information.yml", "shipped", &form, NULL), 0);
    fact(f, "org_name", "例の会社", 0);
    fact(f, "users_affected", "3", 0);
    int64_t first = of_case(f, &duty, 0, false), last;
    assert_int_equal(to(f, &duty, first, "sent", TIME_NONE), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM submission WHERE form = 'ci-information' AND report = 'first' AND id = (SELECT submission_id FROM info_report)"), 1);
    last = of_case(f, &duty, first, true);
    for (int sent = 0; sent < 2; sent++) { /* a draft shows what it would say, a sent one what it said */
        f->now_ns += NS_PER_HOUR;
        fact(f, sent ? "org_name" : "users_affected", sent ? "別の名前" : "2400", 1);
        if (!sent)
            assert_int_equal(to(f, &duty, last, "sent", TIME_NONE), 0);
        buf_init(&b, 1 << 20);
        jsonw_init(&w, &b);
        assert_int_equal(room_info_write(f->r, last, &w, NULL), 0);
        assert_true(str_eq_z(at(&a, buf_str(&b), "part"), "final"));
        assert_true(str_eq_z(at(&a, buf_str(&b), "changes.0.is"), "2400人"));
        assert_true(str_eq_z(at(&a, buf_str(&b), "changes.0.was"), "3人"));
        assert_true(str_find(buf_str(&b), STR("別の名前"), 0) < 0);
        buf_done(&b);
    }
    assert_int_equal(number(f, "SELECT count(*) FROM submission WHERE report = 'follow-up'"), 1);
    arena_done(&a);
    fixture_free(f);
}

UNIT_GROUP(room_info, cmocka_unit_test(each_stage_has_its_time), cmocka_unit_test(what_was_sent_is_not_rewritten_but_followed),
           cmocka_unit_test(of_a_case_it_is_the_form_over_its_facts))
