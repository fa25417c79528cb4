/* Mails people reported: who gets an answer, what belongs together, and that a report on a case is the case's. */
#include "fixture.h"

#include "room/incident_priv.h"
#include "room/mail_report.h"
#include "room/message.h"

static int report(struct fixture *f, const char *key, const char *same, const char *from, bool answer, const char *more) {
    char text[1024];
    struct arena a;
    struct json_value *v;
    struct diag d = {0};
    snprintf(text, sizeof text,
             "{\"key\":\"%s\",\"same\":\"%s\",\"answer\":%s,\"mail\":{\"from_address\":\"%s\",\"subject\":\"Fwd: 請求\",\"message_id\":\"%s@example.jp\"%s,\"inner\":"
             "[{\"from_address\":\"info@bank.example\",\"subject\":\"請求書\"}]}}",
             key, same, answer ? "true" : "false", from, key, more);
    arena_init(&a, 1 << 20);
    assert_int_equal(json_parse(&a, str_of(text), &v, &d), 0);
    int e = room_mail_take(f->r, v, str_of(text), STR("mail"), &d);
    arena_done(&a);
    return e;
}

static int attach(struct fixture *f, int64_t person, int64_t id, int64_t version, int64_t *incident) {
    struct room_actor who = fixture_actor(f, person);
    struct diag d = {0};
    return room_mail_attach(f->r, &who, id, version, incident, &d);
}

static bool is_listed(struct fixture *f, int64_t person, const char *subject) {
    struct room_actor who = fixture_actor(f, person);
    struct buf b;
    struct jsonw w;
    struct diag d = {0};
    buf_init(&b, 1 << 20);
    jsonw_init(&w, &b);
    assert_int_equal(room_mails_write(f->r, &who, &w, &d), 0);
    bool found = str_find(buf_str(&b), str_of(subject), 0) >= 0;
    buf_done(&b);
    return found;
}

static int64_t other_case(struct fixture *f) {
    struct story s = {.id = "a0", .revision = 1, .rule = "r-list", .kind = "list_attack", .level = "high", .service = "members", .group_source = "198.51.100.1",
                      .account_pattern = "m#", .account_n = 30, .first_ns = T0, .last_ns = T0 + 30 * NS_PER_S, .count = 60, .good = 0};
    return fold(f, &s).incident;
}

static void the_reporter_is_answered_at_once(void **state UNUSED) {
    struct fixture *f = fixture_new();
    assert_int_equal(report(f, "k1", "s1", "taro@example.jp", true, ""), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM message WHERE address = 'taro@example.jp' AND subject LIKE 'Re: Fwd: 請求 [R-1]' AND reply_to = 'k1@example.jp'"), 1);
    assert_int_equal(number(f, "SELECT body LIKE '%R-1%' AND body LIKE '%しないでください%' AND body LIKE '%Do not:%' FROM message"), 1);
    /* the same file again, after a kill, is the same report */
    assert_int_equal(report(f, "k1", "s1", "taro@example.jp", true, ""), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM mail_report"), 1);
    /* the same mail from another person: folded, answered with the number of the first */
    assert_int_equal(report(f, "k2", "s1", "hana@example.jp", true, ""), 0);
    assert_int_equal(number(f, "SELECT folded_into FROM mail_report WHERE key = 'k2'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM message WHERE address = 'hana@example.jp' AND subject LIKE '%[R-1]'"), 1);
    /* a robot is not */
    assert_int_equal(report(f, "k3", "s3", "robot@example.jp", false, ""), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM message"), 2);
    /* nor is anybody without end: two programs that answer one another must stop */
    for (int i = 0; i < 30; i++) {
        char key[8];
        snprintf(key, sizeof key, "l%d", i);
        assert_int_equal(report(f, key, key, "loop@example.jp", true, ""), 0);
    }
    assert_int_equal(number(f, "SELECT count(*) FROM message WHERE address = 'loop@example.jp'"), ROOM_MAIL_ANSWERS_AN_HOUR);
    f->now_ns += NS_PER_HOUR + NS_PER_S;
    assert_int_equal(report(f, "later", "later", "loop@example.jp", true, ""), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM message WHERE address = 'loop@example.jp'"), ROOM_MAIL_ANSWERS_AN_HOUR + 1);
    fixture_free(f);
}

static void what_is_no_report_is_refused(void **state UNUSED) {
    static const char *const texts[] = {"{}", "{\"key\":\"k\",\"same\":\"s\",\"answer\":true,\"mail\":[]}",
                                        "{\"key\":\"k\",\"same\":\"s\",\"answer\":1,\"mail\":{\"from_address\":\"a\",\"subject\":\"\",\"message_id\":\"\"}}",
                                        "{\"key\":1,\"same\":\"s\",\"answer\":true,\"mail\":{\"from_address\":\"a\",\"subject\":\"\",\"message_id\":\"\"}}"};
    struct fixture *f = fixture_new();
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct arena a;
        struct json_value *v;
        struct diag d = {0};
        arena_init(&a, 1 << 20);
        assert_int_equal(json_parse(&a, str_of(texts[i]), &v, &d), 0);
        assert_int_equal(room_mail_take(f->r, v, str_of(texts[i]), STR("mail"), &d), -ERR_PARSE);
        arena_done(&a);
    }
    assert_int_equal(number(f, "SELECT count(*) FROM mail_report"), 0);
    fixture_free(f);
}

static int taken(void *ctx UNUSED, struct str frame UNUSED) {
    return 0;
}

/* Two messages of ours are on their way. */
static void send_two(struct fixture *f) {
    struct room_message_new m = {.way = STR("mail"), .address = STR("a@example.jp"), .text = STR("x"), .ask = true};
    struct diag d = {0};
    int64_t id;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(room_begin(f->r, &d), 0);
        assert_int_equal(room_end(f->r, room_message_add(f->r, &room_system, &m, &id, &d), &d), 0);
    }
    assert_int_equal(room_messages_poll(f->r, STR("https://kizuki.example.jp"), taken, NULL, &d), 0);
}

static void an_answer_to_ours_is_no_report(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct diag d = {0};
    send_two(f);
    assert_int_equal(report(f, "k1", "s1", "a@example.jp", true, ",\"in_reply_to\":\"m1.1.abc@kizuki\""), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM message WHERE id = 1 AND state = 'acknowledged' AND acknowledged_how = 'answer'"), 1);
    /* a machine's word about the second, which holds ours within */
    const char *bounce = "{\"key\":\"k2\",\"same\":\"s2\",\"answer\":false,\"mail\":{\"from_address\":\"\",\"subject\":\"failed\",\"message_id\":\"z\",\"report\":true,\"inner\":"
                         "[{\"from_address\":\"k@example.jp\",\"subject\":\"x\",\"message_id\":\"m2.1.abc@kizuki\"}]}}";
    struct arena a;
    struct json_value *v;
    arena_init(&a, 1 << 20);
    assert_int_equal(json_parse(&a, str_of(bounce), &v, &d), 0);
    assert_int_equal(room_mail_take(f->r, v, str_of(bounce), STR("mail"), &d), 0);
    arena_done(&a);
    assert_int_equal(number(f, "SELECT count(*) FROM message WHERE id = 2 AND state = 'bounced'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM mail_report"), 0);
    /* an answer to a mail that was never ours is a report like any other */
    assert_int_equal(report(f, "k3", "s3", "a@example.jp", true, ",\"in_reply_to\":\"m99.1.abc@kizuki\""), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM mail_report"), 1);
    fixture_free(f);
}

static void a_report_is_put_on_a_case(void **state UNUSED) {
    struct fixture *f = fixture_new();
    int64_t mine = 0, none = 0, folded = 0, closed;
    struct diag d = {0};
    assert_int_equal(report(f, "k1", "s1", "taro@example.jp", true, ""), 0);
    assert_int_equal(report(f, "k2", "s1", "hana@example.jp", true, ""), 0);
    assert_int_equal(report(f, "k3", "s3", "jiro@example.jp", true, ""), 0);
    /* an auditor may not, and nothing stays behind */
    assert_int_equal(attach(f, f->auditor, 1, 1, &none), -ERR_REFUSED);
    assert_int_equal(number(f, "SELECT count(*) FROM incident"), 0);
    f->now_ns += 7 * NS_PER_MIN;
    assert_int_equal(attach(f, f->handler, 1, 1, &mine), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM incident WHERE title_key = 'title.mail_report' AND json_extract(title_params, '$.n') = 2"), 1);
    assert_int_equal(number(f, "SELECT incident_id = (SELECT id FROM incident) FROM mail_report WHERE id = 1"), 1);
    /* on the time line when it was reported, not when it was put there; T2 is when a person did it */
    assert_int_equal(number(f, "SELECT at FROM timeline WHERE ref = 'mail:1' AND source = 'person'"), T0);
    assert_int_equal(number(f, "SELECT first_trace_at FROM incident"), T0);
    assert_int_equal(number(f, "SELECT person_at FROM incident"), f->now_ns);
    /* two who saw the same version: one */
    assert_int_equal(attach(f, f->administrator, 1, 1, &mine), -ERR_VERSION);
    /* one that is part of another has no case of its own */
    assert_int_equal(attach(f, f->handler, 2, 1, &folded), -EINVAL);
    assert_int_equal(attach(f, f->handler, 99, 1, &folded), -ENOENT);
    /* a closed case takes none */
    closed = other_case(f);
    assert_int_equal(sql_script(f->r->db, "UPDATE incident SET state = 'closed' WHERE title_key <> 'title.mail_report'", &d), 0);
    assert_int_equal(attach(f, f->handler, 3, 1, &closed), -EBUSY);
    assert_int_equal(number(f, "SELECT incident_id IS NULL FROM mail_report WHERE id = 3"), 1);
    fixture_free(f);
}

static void who_may_not_read_the_case_does_not_see_the_mail(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct diag d = {0};
    int64_t id = 0;
    assert_int_equal(report(f, "k1", "s1", "taro@example.jp", true, ""), 0);
    assert_true(is_listed(f, f->handler, "請求書"));
    assert_false(is_listed(f, f->auditor, "請求書"));
    assert_int_equal(attach(f, f->handler, 1, 1, &id), 0);
    assert_true(is_listed(f, f->handler, "請求書"));
    assert_int_equal(sql_script(f->r->db, "UPDATE incident SET need_to_know = 1", &d), 0);
    assert_false(is_listed(f, f->handler, "請求書"));
    assert_false(is_listed(f, f->administrator, "請求書"));
    assert_int_equal(sql_script(f->r->db, "UPDATE incident SET need_to_know = 0, tlp = 'RED'", &d), 0);
    struct room_row row;
    assert_int_equal(room_row_load(f->r, OBJECT_MAIL, 1, &row, &d), 0);
    assert_int_equal(row.tlp, TLP_RED);
    assert_false(is_listed(f, f->handler, "請求書"));
    assert_true(is_listed(f, f->administrator, "請求書"));
    fixture_free(f);
}

static void two_cases_become_one_with_their_mails_and_messages(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct diag d = {0};
    struct room_message_new m = {.way = STR("mail"), .address = STR("a@example.jp"), .text = STR("x")};
    int64_t into = other_case(f), from = 0, message;
    assert_int_equal(report(f, "k1", "s1", "taro@example.jp", true, ""), 0);
    assert_int_equal(attach(f, f->handler, 1, 1, &from), 0);
    m.incident = from;
    assert_int_equal(room_begin(f->r, &d), 0);
    assert_int_equal(room_end(f->r, room_message_add(f->r, &room_system, &m, &message, &d), &d), 0);
    assert_int_equal(room_begin(f->r, &d), 0);
    assert_int_equal(room_end(f->r, room_incident_merge(f->r, &room_system, from, into, &d), &d), 0);
    assert_int_equal(number(f, "SELECT incident_id FROM mail_report WHERE id = 1"), into);
    assert_int_equal(number(f, "SELECT count(*) FROM message WHERE incident_id IS NOT NULL"), 1);
    assert_int_equal(number(f, "SELECT incident_id FROM message WHERE incident_id IS NOT NULL"), into);
    /* the chain still holds over the rows that moved, and over those written before a mail could belong to a case */
    struct room_verdict v;
    assert_int_equal(room_audit_verify(f->r, NULL, 0, &v, &d), 0);
    assert_int_equal(v.n_faults, 0);
    fixture_free(f);
}

int unit_room_mail(void);
int unit_room_mail(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reporter_is_answered_at_once),
        cmocka_unit_test(what_is_no_report_is_refused),
        cmocka_unit_test(an_answer_to_ours_is_no_report),
        cmocka_unit_test(a_report_is_put_on_a_case),
        cmocka_unit_test(who_may_not_read_the_case_does_not_see_the_mail),
        cmocka_unit_test(two_cases_become_one_with_their_mails_and_messages),
    };
    return cmocka_run_group_tests_name("room/mail", tests, NULL, NULL);
}
