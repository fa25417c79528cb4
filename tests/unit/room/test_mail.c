/* Mails people reported: who gets an answer, what belongs together, and that a report on a case is the case's. */
#include "fixture.h"

#include "room/incident_priv.h"
#include "room/hunt_mail.h"
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
    chain_holds(f);
    fixture_free(f);
}

/* ---- what the logs are asked ---- */

static const char suspicious[] =
    "{\"from_address\":\"info@bank.example\",\"return_path\":\"<b\\\"ounce@Evil.Example>\",\"subject\":\"請求書\",\"message_id\":\"abc.1@evil.example\","
    "\"links\":[{\"url\":\"https://www.bank.example/\",\"host\":\"www.bank.example\",\"differs\":false},{\"url\":\"u\",\"host\":\"evil.example\",\"differs\":true},"
    "{\"url\":\"v\",\"host\":\"EVIL.example\",\"differs\":true},{\"url\":\"w\",\"host\":\"x\\\") or (\\\\\",\"differs\":false},{\"url\":\"y\",\"host\":\"a”) or b\",\"differs\":false},"
    "{\"url\":\"z\",\"host\":\"203.0.113.7\",\"differs\":false}],\"files\":[{\"sha256\":\"aa11\"},{\"sha256\":\"bb22\"}],"
    "\"received\":[\"from mx (mx [198.51.100.9]) by us ([10.1.2.3])\",\"from x ([198.51.100.9]) by mx; Fri, 20 Nov 2026 10:00:00 +0900\"]}";

static void begin(struct fixture *f, const char *reporter, const char *mail) {
    struct arena a;
    struct json_value *v;
    struct diag d = {0};
    arena_init(&a, 1 << 20);
    if (json_parse(&a, str_of(mail), &v, &d) < 0)
        fail_msg("%s", d.text);
    assert_int_equal(room_begin(f->r, &d), 0);
    int e = room_hunt_mail_begin(f->r, 1, str_of(reporter), v, &d);
    if (room_end(f->r, e, &d) < 0)
        fail_msg("%s", d.text);
    arena_done(&a);
}

static void asked(struct fixture *f, const char *name, const char *value, const char *query) {
    struct sql_stmt *st = NULL;
    struct str n = str_of(name);
    assert_int_equal(sql_query(f->r->db, &st, NULL, "SELECT json_extract(q.value, '$.value'), json_extract(q.value, '$.query') FROM hunt h, json_each(h.result, '$.asked') q WHERE "
                               "json_extract(q.value, '$.name') = ?1 ORDER BY h.id DESC", "s", &n), 0);
    if (sql_step(st, NULL) != 1)
        fail_msg("%s was not asked", name);
    assert_str(sql_str(st, 0), value);
    assert_str(sql_str(st, 1), query);
    sql_end(st);
}

#define OURS " and not event.dataset:kizuki.mail"

static void the_logs_are_asked_as_soon_as_it_is_reported(void **state UNUSED) {
    struct fixture *f = fixture_new();
    begin(f, "taro@example.jp", suspicious);
    assert_int_equal(number(f, "SELECT count(*) FROM hunt WHERE state = 'running' AND json_extract(result, '$.kind') = 'mail' AND created_by = 'system'"), 1);
    asked(f, "same", "abc.1@evil.example", "(email.message_id:(\"abc.1@evil.example\" or \"<abc.1@evil.example>\"))" OURS);
    /* a quotation mark in a value does not end it */
    asked(f, "sender", "info@bank.example", "(email.from.address:(\"info@bank.example\" or \"b\\\"ounce@Evil.Example\"))" OURS);
    asked(f, "domain", "evil.example", "((\"evil.example\")) and email.from.address:*@evil.example" OURS);
    asked(f, "link.0", "evil.example", "(url.domain:(\"evil.example\") or dns.question.name:(\"evil.example\") or destination.domain:(\"evil.example\") or "
                                       "tls.client.server_name:(\"evil.example\"))" OURS);
    asked(f, "link.1", "www.bank.example", "(url.domain:(\"www.bank.example\") or dns.question.name:(\"www.bank.example\") or destination.domain:(\"www.bank.example\") or "
                                           "tls.client.server_name:(\"www.bank.example\"))" OURS);
    asked(f, "link.2", "x\") or (\\", "(url.domain:(\"x\\\") or (\\\\\") or dns.question.name:(\"x\\\") or (\\\\\") or destination.domain:(\"x\\\") or (\\\\\") or "
                                         "tls.client.server_name:(\"x\\\") or (\\\\\"))" OURS);
    /* ” ends a quotation and cannot be written in one: left out */
    assert_int_equal(number(f, "SELECT count(*) FROM hunt h, json_each(h.result, '$.asked') q WHERE json_extract(q.value, '$.name') = 'link.3'"), 0);
    asked(f, "link.4", "203.0.113.7", "(destination.ip:(\"203.0.113.7\") or url.domain:(\"203.0.113.7\"))" OURS);
    asked(f, "files", "", "((\"aa11\" or \"bb22\"))" OURS);
    /* only public ones, each once, and no time of day */
    asked(f, "way", "198.51.100.9", "(source.ip:(\"198.51.100.9\") or destination.ip:(\"198.51.100.9\"))" OURS);
    fixture_free(f);
}

static void our_own_domain_is_not_looked_for(void **state UNUSED) {
    struct fixture *f = fixture_new();
    begin(f, "taro@example.jp", "{\"from_address\":\"boss@EXAMPLE.jp\"}");
    asked(f, "sender", "boss@EXAMPLE.jp", "(email.from.address:(\"boss@EXAMPLE.jp\"))" OURS);
    assert_int_equal(number(f, "SELECT count(*) FROM hunt h, json_each(h.result, '$.asked') q"), 1);
    /* of nothing nothing is asked */
    begin(f, "taro@example.jp", "{\"from_address\":\"\",\"subject\":\"x\"}");
    assert_int_equal(number(f, "SELECT count(*) FROM hunt"), 1);
    fixture_free(f);
}

static void hunt_ends(struct fixture *f, int64_t id, const char *json) {
    struct arena a;
    struct json_value *v;
    struct diag d = {0};
    arena_init(&a, 1 << 20);
    assert_int_equal(json_parse(&a, str_of(json), &v, &d), 0);
    assert_int_equal(room_begin(f->r, &d), 0);
    int e = room_hunt_end(f->r, &room_system, id, v, str_of(json), &d);
    if (room_end(f->r, e, &d) < 0)
        fail_msg("%s", d.text);
    arena_done(&a);
}

static void numbers_of_mails_lead_to_their_recipients(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_hunt_due due;
    struct room_hunt_past other = {.hypothesis = STR("x"), .query = STR("x"), .kind = "query", .name = STR(""), .from_ns = TIME_NONE, .to_ns = TIME_NONE};
    struct diag d = {0};
    struct arena a;
    int64_t id;
    arena_init(&a, 1 << 20);
    assert_int_equal(room_begin(f->r, &d), 0);
    assert_int_equal(room_end(f->r, room_hunt_begin(f->r, &room_system, &other, &id, &d), &d), 0);
    begin(f, "taro@example.jp", suspicious);
    /* somebody may have opened it: it goes before what was begun earlier */
    assert_int_equal(room_hunt_due(f->r, &a, &due, &d), 1);
    assert_int_equal(due.id, 2);
    assert_true(str_starts(due.asked, STR("[{\"name\":\"same\"")));
    hunt_ends(f, 2, "{\"state\":\"done\",\"found\":3,\"first_at\":\"2026-11-20T01:00:00Z\",\"last_at\":\"2026-11-20T02:00:00Z\",\"parts\":["
                    "{\"name\":\"same\",\"first_at\":\"2026-11-20T01:00:00Z\",\"last_at\":\"2026-11-20T02:00:00Z\",\"mails\":{\"values\":[{\"value\":\"4XyZ\"},{\"value\":\"5Ab\"}]}},"
                    "{\"name\":\"link.0\",\"first_at\":\"2026-01-01T00:00:00Z\",\"last_at\":\"2026-11-21T00:00:00Z\",\"mails\":{\"values\":[{\"value\":\"no\"}]}}]}");
    assert_int_equal(room_hunt_due(f->r, &a, &due, &d), 1);
    assert_int_equal(due.id, 3);
    asked(f, "same", "", "(email.local_id:(\"4XyZ\" or \"5Ab\")) and email.to.address:*");
    assert_int_equal(due.from_ns, INT64_C(1795136400) * NS_PER_S - NS_PER_HOUR);
    assert_int_equal(due.to_ns, INT64_C(1795140000) * NS_PER_S + 5 * NS_PER_DAY);
    /* and there it ends */
    hunt_ends(f, 3, "{\"state\":\"done\",\"found\":1,\"parts\":[{\"name\":\"same\",\"first_at\":\"2026-11-20T01:00:00Z\",\"last_at\":\"2026-11-20T02:00:00Z\",\"mails\":{\"values\":"
                    "[{\"value\":\"4XyZ\"}]}}]}");
    assert_int_equal(number(f, "SELECT count(*) FROM hunt"), 3);
    assert_int_equal(number(f, "SELECT count(*) FROM hunt WHERE json_extract(result, '$.mail') = 1 AND json_extract(result, '$.step') IN (1, 2) AND json_extract(result, '$.asked') IS NOT NULL"), 2);
    assert_int_equal(room_hunt_due(f->r, &a, &due, &d), 1);
    assert_int_equal(due.id, 1);
    arena_done(&a);
    fixture_free(f);
}

static void what_was_asked_about_a_mail_is_its_case_s(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor who = fixture_actor(f, f->handler);
    struct room_verdict v;
    struct diag d = {0};
    int64_t id = 0;
    assert_int_equal(report(f, "k1", "s1", "taro@example.jp", true, ""), 0);
    assert_int_equal(report(f, "k2", "s1", "hana@example.jp", true, ""), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM hunt WHERE json_extract(result, '$.mail') = 1"), 1); /* once for the same mail */
    assert_int_equal(room_may_read(f->r, &who, OBJECT_HUNT, 1, &d), 1);
    assert_int_equal(attach(f, f->handler, 1, 1, &id), 0);
    assert_int_equal(sql_script(f->r->db, "UPDATE incident SET need_to_know = 1", &d), 0);
    assert_int_equal(room_may_read(f->r, &who, OBJECT_HUNT, 1, &d), 0);
    assert_int_equal(sql_script(f->r->db, "UPDATE incident SET need_to_know = 0", &d), 0);
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
        cmocka_unit_test(the_logs_are_asked_as_soon_as_it_is_reported),
        cmocka_unit_test(our_own_domain_is_not_looked_for),
        cmocka_unit_test(numbers_of_mails_lead_to_their_recipients),
        cmocka_unit_test(what_was_asked_about_a_mail_is_its_case_s),
    };
    return cmocka_run_group_tests_name("room/mail", tests, NULL, NULL);
}
