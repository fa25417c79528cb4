/* Notices and requests to named recipients with what became of each; who told whom what; promises of both. */
#include "fixture.h"

#include "base/file.h"
#include "room/contact.h"
#include "room/fact.h"
#include "room/message.h"
#include "room/outgoing.h"
#include "room/promise.h"
#include "room/publication.h"

static struct fixture *with_texts(void) {
    static const char *const files[] = {"person-notice", "provider-request"};
    struct fixture *f = fixture_new();
    struct diag d = {0};
    struct arena a;
    struct story s = {.id = "a0", .revision = 1, .rule = "r-stolen", .kind = "success_after", .level = "high", .propose = "", .service = "members",
                      .group_source = "198.51.100.1", .account_pattern = "m#", .account_n = 3, .first_ns = T0, .last_ns = T0 + 30 * NS_PER_S, .count = 60, .good = 0};
    fold(f, &s);
    arena_init(&a, 1 << 20);
    int e = room_facts_load(f->r, "content/facts.yml", &d);
    if (e == 0)
        e = room_case_rules_load(f->r, "content/cases/rules.yml", &d);
    for (size_t i = 0; e == 0 && i < ARRAY_SIZE(files); i++) {
        char path[80];
        struct str text;
        int64_t id;
        snprintf(path, sizeof path, "content/publications/%s.yml", files[i]);
        e = file_read(&a, path, 1 << 18, &text, &d);
        if (e == 0)
            e = room_statement_put(f->r, &room_system, text, files[i], "shipped", &id, &d);
    }
    arena_done(&a);
    if (e < 0)
        fail_msg("%u:%u %s", d.line, d.column, d.text);
    return f;
}

static void know(struct fixture *f, const char *name, enum fact_state state, const char *value) {
    struct room_actor who = fixture_actor(f, f->handler);
    enum fact_fault fault;
    char sql[200];
    snprintf(sql, sizeof sql, "SELECT coalesce(max(version), 0) FROM fact WHERE name = '%s'", name);
    struct room_fact_new x = {.incident = 1, .version = number(f, sql), .name = str_of(name), .value = str_of(value), .source = STR("聞き取り"), .state = state};
    assert_int_equal(room_fact_put(f->r, &who, &x, &fault, NULL), 0);
}

static void a_list_is_read_as_people_have_it(void **state UNUSED) {
    static const struct {
        const char *text;
        int code;
        size_t n;
        const char *name, *address, *postal; /* of the last */
    } rows[] = {
        {"氏名,メール,住所\n佐藤,a@example.jp,\"東京都, 港区 \"\"1\"\"\"\n", 0, 1, "佐藤", "a@example.jp", "東京都, 港区 \"1\""},
        {"佐藤\ta@example.jp\t\n鈴木\t\t大阪市\n", 0, 2, "鈴木", "", "大阪市"},
        {"佐藤;a@example.jp\r\n\r\n", 0, 1, "佐藤", "a@example.jp", ""},
        {"佐藤,a@example.jp,\"一行目\n二行目\"\n鈴木,b@example.jp", 0, 2, "鈴木", "b@example.jp", ""},
        {"佐藤,no mail\n", -EINVAL, 0, NULL, NULL, NULL},
        {"佐藤,a@b@c\n", -EINVAL, 0, NULL, NULL, NULL},
        {",a@example.jp\n", -EINVAL, 0, NULL, NULL, NULL},
        {"佐藤,\"a@example.jp", 0, 1, "佐藤", "a@example.jp", ""}, /* never closed */
        {"", 0, 0, NULL, NULL, NULL},
    };
    struct arena a;
    arena_init(&a, 1 << 22);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct room_recipient_new *to;
        struct diag d = {0};
        size_t n;
        int e = room_outgoing_read_list(&a, str_of(rows[i].text), &to, &n, &d);
        if (e != rows[i].code || (e == 0 && n != rows[i].n))
            fail_msg("%zu: %d, %zu: %s", i, e, n, d.text);
        if (rows[i].name) {
            assert_true(str_eq_z(to[n - 1].name, rows[i].name));
            assert_true(str_eq_z(to[n - 1].address, rows[i].address));
            assert_true(str_eq_z(to[n - 1].postal, rows[i].postal));
        }
    }
    arena_done(&a);
}

static int64_t batch(struct fixture *f, const char *statement, const char *list, const char *given, int64_t due_ns) {
    struct room_actor who = fixture_actor(f, f->handler);
    struct room_outgoing_new x = {.incident = 1, .statement = str_of(statement), .title = STR(""), .due_ns = due_ns};
    struct room_recipient_new *to;
    struct json_value *doc = NULL;
    struct arena a;
    int64_t id = 0;
    struct diag d = {0};
    arena_init(&a, 1 << 22);
    assert_int_equal(room_outgoing_read_list(&a, str_of(list), &to, &x.n_to, NULL), 0);
    x.to = to;
    assert_int_equal(json_parse(&a, str_of(given), &doc, NULL), 0);
    x.given = doc;
    if (room_outgoing_add(f->r, &who, &x, &id, &d) < 0)
        fail_msg("%s", d.text);
    arena_done(&a);
    return id;
}

static int send(struct fixture *f, int64_t id, int64_t person, const struct fact_spec **leak, struct diag *d) {
    struct room_actor who = fixture_actor(f, person);
    char sql[80];
    snprintf(sql, sizeof sql, "SELECT version FROM outgoing WHERE id = %lld", (long long) id);
    return room_outgoing_send(f->r, &who, id, number(f, sql), leak, d);
}

static int change(struct fixture *f, int64_t id, struct room_recipient_change c) {
    struct room_actor who = fixture_actor(f, f->handler);
    char sql[80];
    snprintf(sql, sizeof sql, "SELECT version FROM recipient WHERE id = %lld", (long long) id);
    return room_recipient_change(f->r, &who, id, number(f, sql), &c, NULL);
}

static struct str shown(struct fixture *f, struct arena *a, int64_t id) {
    struct jsonw w;
    struct buf b;
    struct diag d = {0};
    buf_init(&b, 8 << 20);
    jsonw_init(&w, &b);
    if (room_outgoing_write(f->r, id, &w, &d) < 0)
        fail_msg("%s", d.text);
    struct str s = arena_dup(a, buf_str(&b));
    buf_done(&b);
    return s;
}

static bool has(struct str s, const char *what) {
    return str_find(s, str_of(what), 0) >= 0;
}

static int tried(void *ctx, struct str frame UNUSED) {
    ++*(int *) ctx;
    return 0;
}

/* The door has taken the nth message on its first try. */
static void taken(struct fixture *f, int64_t message) {
    struct json_value *o;
    struct arena a;
    char json[80];
    arena_init(&a, 1 << 16);
    snprintf(json, sizeof json, "{\"id\":\"m%lld.1\",\"state\":\"sent\"}", (long long) message);
    assert_int_equal(json_parse(&a, str_of(json), &o, NULL), 0);
    assert_int_equal(room_message_outcome(f->r, o, NULL), 0);
    arena_done(&a);
}

static void each_recipient_has_what_became_of_it(void **state UNUSED) {
    struct fixture *f = with_texts();
    const struct fact_spec *leak;
    struct diag d = {0};
    struct arena a;
    struct buf letters;
    int n = 0;
    arena_init(&a, 16 << 20);
    put_row(f, "authority", "1", "{\"kind\":\"publish\",\"verb\":\"decide\",\"who\":\"duty\"}");
    know(f, "org_name", FACT_CONFIRMED, "株式会社〔例〕");
    know(f, "summary", FACT_CONFIRMED, "<b>名簿</b>が漏れました。");
    know(f, "cause", FACT_WITHHELD, "設定の誤り");
    int64_t id = batch(f, "person-notice", "佐藤,a@example.jp\n鈴木,b@example.jp\n田中,,東京都<港区>\n", "{}", TIME_NONE);
    assert_true(has(shown(f, &a, id), "〔宛名〕 様") && !has(shown(f, &a, id), "設定の誤り") && !has(shown(f, &a, id), "原因は調査中"));
    assert_int_equal(send(f, id, f->administrator, &leak, &d), -ERR_REFUSED); /* a notice is decided like a publication */
    assert_int_equal(number(f, "SELECT count(*) FROM message WHERE address LIKE '%@example.jp'"), 0);
    assert_int_equal(send(f, id, f->handler, &leak, &d), 0);
    assert_int_equal(send(f, id, f->handler, &leak, &d), -EBUSY); /* once */
    assert_int_equal(number(f, "SELECT count(*) FROM message WHERE body LIKE '%佐藤 様%' AND body LIKE '%名簿%' AND address = 'a@example.jp' AND incident_id = 1"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM message WHERE body LIKE '%鈴木%' AND body LIKE '%佐藤%'"), 0);
    int64_t first = number(f, "SELECT message_id FROM recipient WHERE id = 1"), second = number(f, "SELECT message_id FROM recipient WHERE id = 2");
    assert_int_equal(room_messages_poll(f->r, STR("https://x"), tried, &n, &d), 0);
    assert_true(n >= 2);
    taken(f, first);
    taken(f, second);
    char answer[80];
    snprintf(answer, sizeof answer, "m%lld.1.x@host", (long long) second);
    assert_int_equal(room_message_answered(f->r, str_of(answer), true, &d), 0); /* came back to the mailbox */
    struct str v = shown(f, &a, id);
    assert_true(has(v, "\"counts\":{\"bounced\":1,\"sent\":1,\"to_print\":1}"));
    buf_init(&letters, 1 << 20);
    assert_int_equal(room_outgoing_letters(f->r, id, &letters, &d), 0);
    assert_true(has(buf_str(&letters), "鈴木 様") && has(buf_str(&letters), "東京都&lt;港区&gt;") && has(buf_str(&letters), "&lt;b&gt;名簿") && !has(buf_str(&letters), "佐藤"));
    assert_int_equal(change(f, 2, (struct room_recipient_change){.address = STR("c@example.jp")}), 0); /* sent again, elsewhere */
    assert_int_equal(change(f, 3, (struct room_recipient_change){.letter = true}), 0);
    v = shown(f, &a, id);
    assert_true(has(v, "\"counts\":{\"letter\":1,\"sending\":1,\"sent\":1}") && has(v, "\"tries\":2"));
    assert_int_equal(number(f, "SELECT count(*) FROM message WHERE address IN ('b@example.jp','c@example.jp') AND body LIKE '%鈴木 様%'"), 2);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.outgoing_sent' AND params LIKE '%\"n\":2%'"), 1);
    struct room_actor auditor = fixture_actor(f, f->auditor);
    struct room_recipient_change again = {.again = true};
    assert_int_equal(room_recipient_change(f->r, &auditor, 1, number(f, "SELECT version FROM recipient WHERE id = 1"), &again, NULL), -ERR_REFUSED);
    /* somebody reads English, and nobody wrote it */
    int64_t other = batch(f, "person-notice", "Smith,s@example.com,,en\n", "{}", TIME_NONE);
    assert_int_equal(send(f, other, f->handler, &leak, &d), -EINVAL);
    assert_true(strncmp(d.text, "en ", 3) == 0);
    CLEANUP(mem_freep) struct room_verdict *verdict = mem_zalloc(sizeof *verdict);
    assert_int_equal(room_audit_verify(f->r, NULL, 0, verdict, NULL), 0);
    assert_int_equal(verdict->n_faults, 0);
    buf_done(&letters);
    arena_done(&a);
    fixture_free(f);
}

static void a_request_goes_in_both_languages_and_its_answer_is_awaited(void **state UNUSED) {
    static const char given[] = "{\"address\":\"198.51.100.7\",\"port\":\"443/tcp\",\"at\":\"2026-11-23 02:03:08\",\"zone\":\"UTC+09:00\",\"evidence\":\"Nov 23 02:03:08 sshd: Failed password\"}";
    struct fixture *f = with_texts();
    const struct fact_spec *leak;
    struct diag d = {0};
    know(f, "remarks", FACT_WITHHELD, "内部の申告者");
    int64_t due = f->now_ns + 4 * NS_PER_HOUR, id = batch(f, "provider-request", "○○通信,abuse@example.net\n", given, due);
    assert_int_equal(send(f, id, f->handler, &leak, &d), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM message WHERE body LIKE '%■ 発信元 IP アドレス%198.51.100.7%' AND body LIKE '%## Source address%198.51.100.7%' AND body LIKE "
                               "'%UTC+09:00%' AND body LIKE '%Failed password%'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM promise WHERE of = 'outgoing' AND state = 'open'"), 1);
    f->now_ns = due + NS_PER_MIN;
    assert_int_equal(change(f, 1, (struct room_recipient_change){.answer = STR("停止しました")}), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM promise WHERE of = 'outgoing' AND state = 'kept'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.outgoing_answered'"), 1);
    int64_t telling = batch(f, "provider-request", "○○通信,abuse@example.net\n", "{\"wish\":\"内部の申告者によると…\"}", TIME_NONE);
    assert_int_equal(send(f, telling, f->handler, &leak, &d), -EINVAL);
    assert_true(leak && str_eq_z(leak->name, "remarks"));
    fixture_free(f);
}

static int mail_comes(struct fixture *f, const char *subject, const char *reply_to, const char *from, const char *text, bool human) {
    struct outgoing_mail x = {str_of(subject), str_of(reply_to), str_of(from), str_of(text), STR(""), human};
    return room_outgoing_answered(f->r, &x, NULL);
}

static void an_answer_finds_its_request_by_the_slip(void **state UNUSED) {
    struct fixture *f = with_texts();
    const struct fact_spec *leak;
    struct diag d = {0};
    struct arena a;
    char subject[400], reply[60];
    int n = 0;
    arena_init(&a, 1 << 20);
    int64_t id = batch(f, "provider-request", "○○通信,abuse@example.net\n△△回線,noc@example.org\n", "{\"address\":\"198.51.100.7\"}", f->now_ns + NS_PER_HOUR);
    assert_int_equal(send(f, id, f->handler, &leak, &d), 0);
    assert_int_equal(number(f, "SELECT count(DISTINCT substr(subject, instr(subject, '[Q-'))) FROM message WHERE subject LIKE '%[Q-_-__________]'"), 2);
    assert_int_equal(room_messages_poll(f->r, STR("https://x"), tried, &n, &d), 0);
    struct sql_stmt *st;
    assert_int_equal(sql_query(f->r->db, &st, NULL, "SELECT 'AW: Re: ' || m.subject || ' (#4711)', m.id FROM recipient t JOIN message m ON m.id = t.message_id WHERE t.id = 2", ""), 0);
    assert_int_equal(sql_step(st, NULL), 1);
    snprintf(subject, sizeof subject, "%.*s", STR_ARG(sql_str(st, 0)));
    taken(f, sql_i64(st, 1));
    sql_end(st);
    assert_int_equal(mail_comes(f, "Re: [Q-2-0000000000]", "", "x@evil.example", "止めました", true), 0); /* a slip nobody could know */
    assert_int_equal(mail_comes(f, "Re: [Q-", "", "x@evil.example", "止めました", true), 0);
    assert_int_equal(mail_comes(f, subject, "", "ticket@example.org", "We have received it", false), 1);
    assert_int_equal(number(f, "SELECT answered_at IS NULL AND answer = '' FROM recipient WHERE id = 2"), 1); /* a machine has answered nothing */
    assert_int_equal(number(f, "SELECT count(*) FROM message WHERE state = 'acknowledged'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM promise WHERE of = 'outgoing' AND state = 'open'"), 1);
    assert_int_equal(mail_comes(f, subject, "", "sato@example.org", "止めました。\n", true), 1);
    assert_int_equal(number(f, "SELECT answer = 'sato@example.org:' || char(10) || '止めました。' AND answered_at IS NOT NULL FROM recipient WHERE id = 2"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM promise WHERE of = 'outgoing' AND state = 'kept'"), 1);
    assert_int_equal(mail_comes(f, subject, "", "sato@example.org", "止めました。", true), 1); /* the same once more */
    assert_int_equal(mail_comes(f, subject, "", "sato@example.org", "記録を送ります。", true), 1);
    assert_int_equal(number(f, "SELECT answer LIKE 'sato@example.org:%止めました。%sato@example.org:%記録を送ります。' FROM recipient WHERE id = 2"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.outgoing_answered'"), 2);
    /* without the slip: only from where the request went */
    snprintf(reply, sizeof reply, "m%lld.1.x@host", (long long) number(f, "SELECT message_id FROM recipient WHERE id = 1"));
    assert_int_equal(mail_comes(f, "Re: お願い", reply, "else@example.net", "はい", true), 0);
    assert_int_equal(mail_comes(f, "Re: お願い", reply, "Abuse@Example.net", "はい", true), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM recipient WHERE answered_at IS NOT NULL"), 2);
    arena_done(&a);
    fixture_free(f);
}

static void who_told_whom_what_is_kept_with_what_was_promised(void **state UNUSED) {
    struct fixture *f = with_texts();
    struct room_actor who = fixture_actor(f, f->handler);
    struct room_contact x = {.kind = STR("ministry"), .outlet = STR("○○省"), .person = STR("担当課"), .how = STR("電話"), .by = STR("課長"), .asked = STR(""), .said = STR("4812人です"),
                             .material = STR("是正報告書 第1版"), .approved = STR(""), .promised = STR("原因の報告"), .at_ns = f->now_ns, .due_ns = f->now_ns + NS_PER_DAY};
    struct room_contact press = {.kind = STR("press"), .outlet = STR("○○新聞"), .person = STR(""), .how = STR("電話"), .by = STR(""), .asked = STR("何件ですか"), .said = STR(""),
                                 .material = STR(""), .approved = STR(""), .promised = STR(""), .at_ns = f->now_ns, .due_ns = TIME_NONE};
    struct room_contact bad = x;
    struct jsonw w;
    struct buf b;
    int64_t one, two;
    know(f, "persons_affected", FACT_WITHHELD, "4812");
    assert_int_equal(room_contact_add(f->r, &who, 1, &x, &one, NULL), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM promise WHERE of = 'contact' AND state = 'open' AND what LIKE '%○○省%'"), 1);
    assert_int_equal(room_contact_add(f->r, &who, 1, &press, &two, NULL), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.contact_asked'"), 1);
    bad.kind = STR("friend");
    assert_int_equal(room_contact_add(f->r, &who, 1, &bad, &two, NULL), -EINVAL);
    bad = x;
    bad.promised = STR("");
    assert_int_equal(room_contact_add(f->r, &who, 1, &bad, &two, NULL), -EINVAL); /* a time, and nothing promised by it */
    struct room_contact answer = {.said = STR("調査中です"), .approved = STR("広報課長"), .due_ns = TIME_NONE};
    assert_int_equal(room_contact_change(f->r, &who, 2, 1, &answer, false, NULL), 0);
    assert_int_equal(number(f, "SELECT asked = '何件ですか' AND said = '調査中です' AND approved = '広報課長' FROM contact WHERE id = 2"), 1);
    assert_int_equal(room_contact_change(f->r, &who, 2, 1, &answer, false, NULL), -ERR_VERSION);
    struct room_contact nothing = {.due_ns = TIME_NONE};
    assert_int_equal(room_contact_change(f->r, &who, 1, 1, &nothing, true, NULL), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM promise WHERE of = 'contact' AND state = 'kept'"), 1);
    buf_init(&b, 1 << 20);
    jsonw_init(&w, &b);
    assert_int_equal(room_contacts_write(f->r, 1, &w, NULL), 0);
    assert_true(has(buf_str(&b), "\"tells\":\"persons_affected\"")); /* it was said: kept, and marked */
    buf_done(&b);
    fixture_free(f);
}

UNIT_GROUP(room_outgoing, cmocka_unit_test(a_list_is_read_as_people_have_it), cmocka_unit_test(each_recipient_has_what_became_of_it),
           cmocka_unit_test(a_request_goes_in_both_languages_and_its_answer_is_awaited),
           cmocka_unit_test(an_answer_finds_its_request_by_the_slip), cmocka_unit_test(who_told_whom_what_is_kept_with_what_was_promised))
