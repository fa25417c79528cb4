/* Money inside and above what was approved, switching over and back, the clock of an expert who was called, and a ransom nobody decides alone. */
#include "fixture.h"

#include "base/file.h"
#include "base/text.h"
#include "room/campaign.h"
#include "room/deed.h"
#include "room/decision.h"
#include "room/fact.h"
#include "room/means.h"
#include "room/message.h"
#include "room/obligation.h"
#include "room/plans.h"
#include "room/register.h"

static const char *const ORGANISATIONS[] = {"支店A", "支店B"};
static const char *const PEOPLE[] = {"田中\torganisation=支店A\tmail=tanaka@example.jp", "duty\tmail=d@example.jp\taccount=duty"};
static const char *const SYSTEMS[] = {"会員サイト\tkind=service\tresponsible=田中", "予約\tkind=service"};
static const char *const CONTRACTS[] = {"調査\tsupplier=調査社\tcalls=forensics\thours=平日9:00-17:30\tdesk_phone=03-1\tnight_phone=03-2\tnight_response=yes\tmail=dfir@example.jp\tmobile=090-9\tsystems=会員サイト",
                                        "回線\tcalls=line\thours=24時間365日\tdesk_phone=03-9"};
static const char *const APPROVALS[] = {"調査の費用\tcontract=調査\tceiling=50万円\tby=社長", "切れた承認\tceiling=９００，０００\tuntil=2020-01-01"};
static const char *const ALTERNATIVES[] = {"電話で受ける\tservice=会員サイト\tinstruction=受付簿を出す|電話で受ける\tbranches=支店A|支店B\tminutes=30"};
static const char *const AUTHORITY[] = {"a\tkind=spend\tverb=decide\twho=duty", "b\tkind=ransom\tverb=decide\twho=duty"};

static struct fixture *office(void) {
    struct fixture *f = fixture_new();
    struct diag d = {0};
    struct story s = {.id = "a0", .revision = 1, .rule = "r-list", .kind = "list_attack", .level = "high", .propose = "", .service = "会員サイト", .group_source = "198.51.100.1",
                      .account_pattern = "m#", .account_n = 30, .first_ns = T0, .last_ns = T0 + 30 * NS_PER_S, .count = 60, .good = 0};
    if (room_plans_load(f->r, "content", NULL, &d) < 0 || room_registers_load(f->r, "content/imports", &d) < 0)
        fail_msg("%s", d.text);
    rows(f, "organisations", ORGANISATIONS, ARRAY_SIZE(ORGANISATIONS));
    rows(f, "people", PEOPLE, ARRAY_SIZE(PEOPLE));
    rows(f, "systems", SYSTEMS, ARRAY_SIZE(SYSTEMS));
    rows(f, "contracts", CONTRACTS, ARRAY_SIZE(CONTRACTS));
    rows(f, "approvals", APPROVALS, ARRAY_SIZE(APPROVALS));
    rows(f, "alternatives", ALTERNATIVES, ARRAY_SIZE(ALTERNATIVES));
    rows(f, "authority", AUTHORITY, ARRAY_SIZE(AUTHORITY));
    fold(f, &s);
    return f;
}

static int add(struct fixture *f, struct room_means_new x, int64_t *id) {
    struct room_actor duty = fixture_actor(f, f->handler);
    x.incident = 1;
    return room_means_add(f->r, &duty, &x, id, NULL);
}

static int64_t version(struct fixture *f, int64_t id) {
    char sql[80];
    snprintf(sql, sizeof sql, "SELECT version FROM means WHERE id = %lld", (long long) id);
    return number(f, sql);
}

static int step(struct fixture *f, int64_t id, struct room_means_step x) {
    struct room_actor duty = fixture_actor(f, f->handler);
    return room_means_step(f->r, &duty, id, version(f, id), &x, NULL);
}

static int decide(struct fixture *f, int64_t person, const char *kind, bool go_on, struct diag *d) {
    struct room_actor who = fixture_actor(f, person);
    struct room_decision_made m = {.go_on = go_on, .why = STR("方針"), .at_ns = f->now_ns, .person = STR("")};
    char sql[100];
    snprintf(sql, sizeof sql, "SELECT max(id) FROM decision WHERE kind = '%s'", kind);
    int64_t id = number(f, sql);
    snprintf(sql, sizeof sql, "SELECT version FROM decision WHERE id = %lld", (long long) id);
    return room_decision_make(f->r, &who, id, number(f, sql), &m, d);
}

static void inside_what_was_approved_it_goes_at_once(void **state UNUSED) {
    struct fixture *f = office();
    int64_t first, second, third;
    struct room_means_new x = {.kind = "spend", .name = STR("端末3台の調査"), .of = STR("調査"), .yen = 300000};
    assert_int_equal(add(f, x, &first), 0);
    assert_int_equal(number(f, "SELECT state = 'within' AND decision_id IS NULL FROM means"), 1);
    x.name = STR("追加の2台");
    assert_int_equal(add(f, x, &second), 0); /* 300,000 + 300,000 > 500,000 */
    assert_int_equal(number(f, "SELECT count(*) FROM means WHERE id = 2 AND state = 'asked' AND decision_id = (SELECT id FROM decision WHERE kind = 'spend' AND state = 'proposed')"), 1);
    x.yen = 200000;
    assert_int_equal(add(f, x, &third), 0); /* what was only asked has used up nothing */
    assert_int_equal(number(f, "SELECT state = 'within' FROM means WHERE id = 3"), 1);
    x.of = STR("回線"); /* another contract: the only approval for it is over */
    x.yen = 1000;
    assert_int_equal(add(f, x, &third), 0);
    assert_int_equal(number(f, "SELECT state = 'asked' FROM means WHERE id = 4"), 1);
    x.yen = 0;
    assert_int_equal(add(f, x, &third), -EINVAL);
    assert_int_equal(decide(f, f->handler, "spend", false, NULL), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM means WHERE state = 'approved'"), 2);
    assert_int_equal(step(f, second, (struct room_means_step){.to = STR("settled"), .at_ns = TIME_NONE, .yen = 280000}), 0);
    assert_int_equal(step(f, second, (struct room_means_step){.to = STR("settled"), .at_ns = TIME_NONE, .yen = -1}), -EBUSY);
    struct buf b;
    struct jsonw w;
    struct arena a;
    struct room_actor duty = fixture_actor(f, f->handler);
    arena_init(&a, 1 << 20);
    buf_init(&b, 1 << 20);
    jsonw_init(&w, &b);
    assert_int_equal(room_means_write(f->r, 1, &duty, &w, NULL), 0);
    assert_true(str_eq_z(at(&a, buf_str(&b), "spent"), "781000"));
    assert_true(str_eq_z(at(&a, buf_str(&b), "without.0"), "予約")); /* told before the night */
    assert_true(str_eq_z(at(&a, buf_str(&b), "vendors.0.name"), "調査"));
    buf_done(&b);
    arena_done(&a);
    fixture_free(f);
}

static void switching_over_and_back_are_timed_steps(void **state UNUSED) {
    struct fixture *f = office();
    int64_t id, began = f->now_ns;
    struct room_means_new x = {.kind = "switch", .name = STR("ない手段")};
    assert_int_equal(add(f, x, &id), -ENOENT);
    x.name = STR("電話で受ける");
    assert_int_equal(add(f, x, &id), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM campaign_target WHERE campaign_id = (SELECT campaign_id FROM means) AND what LIKE '%受付簿%'"), 2);
    assert_int_equal(number(f, "SELECT count(*) FROM message WHERE address = 'tanaka@example.jp' AND body LIKE '%受付簿%'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM task WHERE incident_id = 1"), 2); /* a line each */
    assert_int_equal(number(f, "SELECT min(due_at) FROM task"), began + 30 * NS_PER_MIN);
    f->now_ns += 25 * NS_PER_MIN;
    assert_int_equal(step(f, id, (struct room_means_step){.to = STR("back"), .at_ns = TIME_NONE}), -EBUSY);
    assert_int_equal(step(f, id, (struct room_means_step){.to = STR("switched"), .at_ns = began - NS_PER_MIN}), -EINVAL); /* before it was said */
    assert_int_equal(step(f, id, (struct room_means_step){.to = STR("switched"), .at_ns = began + 20 * NS_PER_MIN}), 0); /* its true time */
    assert_int_equal(step(f, id, (struct room_means_step){.to = STR("back_asked"), .at_ns = TIME_NONE}), 0);
    assert_int_equal(number(f, "SELECT kind = 'switch_back' FROM campaign WHERE id = (SELECT back_campaign_id FROM means)"), 1);
    f->now_ns += NS_PER_HOUR;
    assert_int_equal(step(f, id, (struct room_means_step){.to = STR("back"), .at_ns = TIME_NONE}), 0);
    assert_int_equal(number(f, "SELECT done_at FROM means"), began + 20 * NS_PER_MIN);
    assert_int_equal(number(f, "SELECT back_at FROM means"), f->now_ns);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.means_switch'"), 4);
    fixture_free(f);
}

static void what_is_cut_for_an_sms_is_cut_between_characters(void **state UNUSED) {
    struct fixture *f = office();
    struct sql_stmt *st = NULL;
    char words[302] = "a";
    int64_t id;
    for (int i = 0; i < 100; i++)
        memcpy(words + 1 + 3 * i, "あ", 4);
    assert_int_equal(add(f, (struct room_means_new){.kind = "vendor", .name = STR("調査"), .of = str_of(words)}, &id), 0);
    assert_int_equal(sql_query(f->r->db, &st, NULL, "SELECT body FROM message WHERE way = 'sms'", ""), 0);
    assert_int_equal(sql_step(st, NULL), 1);
    assert_true(text_is_utf8(sql_str(st, 0)) && str_find(sql_str(st, 0), STR("あ\n{{link}}"), 0) > 0);
    sql_end(st);
    fixture_free(f);
}

static void a_ceiling_is_what_is_written(void **state UNUSED) {
    static const struct {
        const char *row;
        int64_t yen; /* 0: none */
    } all[] = {{"調査の費用\tcontract=調査\tceiling=50万円", 500000},       {"調査の費用\tcontract=調査\tceiling=50万5千円", 505000}, {"調査の費用\tcontract=調査\tceiling=50万5,000円", 505000},
               {"調査の費用\tcontract=調査\tceiling=1億2,000万円", 120000000}, {"調査の費用\tcontract=調査\tceiling=３千万円", 30000000}, {"調査の費用\tcontract=調査\tceiling=500,000", 500000},
               {"調査の費用\tcontract=調査\tceiling=1.5億円", 0}};
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        struct fixture *f = office();
        struct room_means_new x = {.kind = "spend", .name = STR("採取"), .of = STR("調査"), .yen = all[i].yen + 1};
        int64_t id;
        rows(f, "approvals", &all[i].row, 1);
        assert_int_equal(add(f, x, &id), 0);
        x.yen = MAX(all[i].yen, 1);
        assert_int_equal(add(f, x, &id), 0);
        if (number(f, "SELECT state = 'asked' FROM means WHERE id = 1") != 1 || number(f, "SELECT state = 'within' FROM means WHERE id = 2") != (all[i].yen > 0))
            fail_msg("%s", all[i].row);
        fixture_free(f);
    }
}

static void the_clock_of_an_expert_runs_until_one_answers(void **state UNUSED) {
    struct fixture *f = office();
    int64_t id;
    struct room_means_new x = {.kind = "vendor", .name = STR("調査"), .of = STR(" ")};
    assert_int_equal(add(f, x, &id), -EINVAL);
    x.of = STR("端末3台のメモリを採ってほしい");
    assert_int_equal(add(f, x, &id), 0);
    /* the request goes by mail and by SMS; whichever is acknowledged first counts */
    assert_int_equal(number(f, "SELECT count(*) FROM message WHERE way = 'sms' AND address = '090-9' AND body LIKE '%メモリ%{{link}}%'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM means m JOIN message g ON g.id = m.message_id AND g.way = 'mail' JOIN message h ON h.id = json_extract(m.doc, '$.sms') AND h.way = 'sms'"), 1);
    /* a Monday holiday, two at night: the telephone answered at night */
    assert_int_equal(number(f, "SELECT count(*) FROM means WHERE json_extract(doc, '$.phone') = '03-2' AND json_extract(doc, '$.reach') = 'night'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM message WHERE address = 'dfir@example.jp' AND token IS NOT NULL AND id = (SELECT message_id FROM means)"), 1);
    f->now_ns += 12 * NS_PER_MIN;
    assert_int_equal(step(f, id, (struct room_means_step){.to = STR("answered"), .at_ns = TIME_NONE, .words = STR("40分で着く")}), 0);
    assert_int_equal(number(f, "SELECT (done_at - asked_at) / 60000000000 FROM means"), 12);
    fixture_free(f);
}

static void what_was_decided_beforehand_binds(void **state UNUSED) {
    static const char *const two[] = {"停止は二人で\tsubject=stop\tbinds=two\ttext=二人で", "支出の心得\tsubject=spend\tbinds=read\ttext=領収書"}, *const never[] = {"止めない\tsubject=stop\tbinds=never\ttext=x"};
    struct fixture *f = office();
    struct room_actor duty = fixture_actor(f, f->handler);
    struct room_decision_new x = {.incident = 1, .kind = DUTY_STOP, .service = STR(""), .rule_id = STR(""), .risk_do = STR(""), .risk_go_on = STR("")};
    struct diag d = {0};
    int64_t id;
    rows(f, "policies", two, ARRAY_SIZE(two));
    assert_int_equal(room_decision_propose(f->r, &duty, &x, &id, NULL), 0);
    struct buf b;
    struct jsonw w;
    buf_init(&b, 1 << 20);
    jsonw_init(&w, &b);
    assert_int_equal(room_decisions_write(f->r, 1, &duty, &w, NULL), 0);
    assert_true(str_find(buf_str(&b), STR("\"verdict\":\"two\""), 0) >= 0 && str_find(buf_str(&b), STR("\"policies\":[{\"name\":\"停止は二人で\",\"text\":\"二人で\",\"binds\":\"two\""), 0) >= 0);
    buf_done(&b);
    assert_int_equal(decide(f, f->handler, "stop", false, &d), 1); /* nobody wrote who stops: by role one was enough */
    assert_int_equal(decide(f, f->handler, "stop", false, &d), -ERR_REFUSED); /* the same person is no second */
    assert_int_equal(decide(f, f->administrator, "stop", false, &d), 0);
    assert_int_equal(number(f, "SELECT verdict = 'do' FROM decision WHERE kind = 'stop'"), 1);
    rows(f, "policies", never, ARRAY_SIZE(never));
    assert_int_equal(room_decision_propose(f->r, &duty, &x, &id, NULL), 0);
    assert_int_equal(decide(f, f->administrator, "stop", false, &d), -ERR_REFUSED);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.authority_refused'"), 2);
    assert_int_equal(decide(f, f->administrator, "stop", true, &d), 0); /* not to stop is open */
    x.kind = DUTY_SPEND; /* one that is only to be read binds nothing */
    assert_int_equal(room_decision_propose(f->r, &duty, &x, &id, NULL), 0);
    assert_int_equal(decide(f, f->handler, "spend", false, &d), 0);
    fixture_free(f);
}

static void a_second_person_allows_what_one_may_not(void **state UNUSED) {
    static const char *const whats[] = {"legal", "police", "insurer", "sanctions"};
    static const char *const both[] = {"c\tkind=ransom\tverb=decide\twho=社長"}, *const president[] = {"社長\tmail=p@example.jp\taccount=chief"};
    struct fixture *f = office();
    struct str contacts[] = {STR("pay-us@evil.example")};
    struct room_means_new x = {.kind = "ransom", .name = STR("50 BTC の要求"), .contacts = contacts, .n_contacts = 1};
    struct diag d = {0};
    int64_t id;
    rows(f, "people", president, 1);
    rows(f, "authority", both, 1);
    assert_int_equal(add(f, x, &id), 0);
    for (size_t i = 0; i < ARRAY_SIZE(whats); i++)
        assert_int_equal(step(f, id, (struct room_means_step){.to = STR("advice"), .what = str_of(whats[i]), .at_ns = TIME_NONE, .words = STR("人命に関わる")}), 0);
    assert_int_equal(decide(f, f->handler, "ransom", false, &d), 1);
    assert_int_equal(room_means_forbids(f->r, contacts[0], NULL), 1); /* one alone opens nothing */
    assert_int_equal(decide(f, f->handler, "ransom", false, &d), -ERR_REFUSED);
    assert_int_equal(decide(f, f->administrator, "ransom", false, &d), 0);
    assert_int_equal(number(f, "SELECT state = 'allowed' AND why = '方針' FROM means"), 1);
    assert_int_equal(room_means_forbids(f->r, contacts[0], NULL), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM agreement WHERE kind = 'ransom'"), 2);
    fixture_free(f);
}

static void a_ransom_is_refused_and_never_decided_alone(void **state UNUSED) {
    static const char *const whats[] = {"legal", "police", "insurer", "sanctions"};
    struct fixture *f = office();
    struct room_actor duty = fixture_actor(f, f->handler);
    struct str contacts[] = {STR("Pay-Us@evil.example")};
    struct room_means_new x = {.kind = "ransom", .name = STR("50 BTC の要求"), .contacts = contacts, .n_contacts = 1};
    struct room_message_new m = {.way = STR("mail"), .address = STR("pay-us@EVIL.example"), .text = STR("話したい"), .incident = 1};
    struct str target[] = {STR("pay-us@evil.example")};
    struct room_deed_new deed = {.incident = 1, .minutes = 60, .kind = STR("account_freeze"), .driver = STR("none"), .params = STR("{}"), .reason = STR("x"), .targets = target, .n_targets = 1};
    struct diag d = {0};
    int64_t id, n;
    assert_int_equal(add(f, x, &id), 0);
    assert_int_equal(room_begin(f->r, NULL), 0);
    assert_int_equal(room_end(f->r, room_message_add(f->r, &duty, &m, &n, NULL), NULL), -EPERM); /* refused by default, before anybody decided */
    assert_int_equal(room_deed_propose(f->r, &duty, &deed, &n, NULL), -EPERM);
    assert_int_equal(decide(f, f->handler, "ransom", false, &d), -EPERM);
    assert_string_equal(d.text, "legal police insurer sanctions");
    assert_int_equal(step(f, id, (struct room_means_step){.to = STR("advice"), .what = STR("police"), .at_ns = TIME_NONE, .words = STR(" ")}), -EINVAL);
    for (size_t i = 0; i < ARRAY_SIZE(whats); i++)
        assert_int_equal(step(f, id, (struct room_means_step){.to = STR("advice"), .what = str_of(whats[i]), .at_ns = TIME_NONE, .words = STR("払わないこと")}), 0);
    assert_int_equal(decide(f, f->handler, "ransom", false, &d), 1); /* the table lets one decide; this is never one's own */
    assert_int_equal(decide(f, f->handler, "ransom", false, &d) < 0 || number(f, "SELECT state = 'asked' FROM means") == 1, 1);
    assert_int_equal(number(f, "SELECT state = 'asked' FROM means"), 1);
    assert_int_equal(decide(f, f->handler, "ransom", true, &d), 0); /* not to pay may be decided at once */
    assert_int_equal(number(f, "SELECT state = 'refused' AND why = '方針' FROM means"), 1);
    assert_int_equal(room_begin(f->r, NULL), 0);
    assert_int_equal(room_end(f->r, room_message_add(f->r, &duty, &m, &n, NULL), NULL), -EPERM); /* and stays refused */
    m.address = STR("ally@example.jp");
    assert_int_equal(room_begin(f->r, NULL), 0);
    assert_int_equal(room_end(f->r, room_message_add(f->r, &duty, &m, &n, NULL), NULL), 0);
    fixture_free(f);
}

static void the_insurers_clock_runs_from_the_contracts_hours(void **state UNUSED) {
    struct fixture *f = office();
    struct room_actor duty = fixture_actor(f, f->handler);
    static const char *const facts[][2] = {{"insured", "yes"}, {"became_aware", "2026-11-22T17:03:08Z"}, {"insurer_hours", "48"}};
    struct arena a;
    struct str text;
    int64_t id;
    struct diag d = {0};
    arena_init(&a, 1 << 20);
    assert_int_equal(room_facts_load(f->r, "content/facts.yml", NULL), 0);
    assert_int_equal(file_read(&a, "content/obligations/insurer.yml", 1 << 20, &text, NULL), 0);
    if (room_obligation_put(f->r, &room_system, text, "insurer.yml", "shipped", &id, &d) < 0)
        fail_msg("%s", d.text);
    for (size_t i = 0; i < ARRAY_SIZE(facts); i++) {
        enum fact_fault fault;
        struct room_fact_new x = {.incident = 1, .name = str_of(facts[i][0]), .value = str_of(facts[i][1]), .source = STR(""), .state = FACT_CONFIRMED};
        if (room_fact_put(f->r, &duty, &x, &fault, &d) < 0)
            fail_msg("%s: %s", facts[i][0], d.text);
        assert_int_equal(number(f, "SELECT count(*) FROM obligation WHERE key = 'insurer' AND due_at IS NOT NULL"), i == 2); /* no hours, no clock */
    }
    assert_int_equal(number(f, "SELECT due_at - from_at FROM obligation WHERE key = 'insurer'"), 48 * NS_PER_HOUR);
    arena_done(&a);
    fixture_free(f);
}

UNIT_GROUP(room_means, cmocka_unit_test(inside_what_was_approved_it_goes_at_once), cmocka_unit_test(switching_over_and_back_are_timed_steps),
           cmocka_unit_test(what_is_cut_for_an_sms_is_cut_between_characters), cmocka_unit_test(a_ceiling_is_what_is_written), cmocka_unit_test(the_clock_of_an_expert_runs_until_one_answers), cmocka_unit_test(a_ransom_is_refused_and_never_decided_alone),
           cmocka_unit_test(what_was_decided_beforehand_binds), cmocka_unit_test(a_second_person_allows_what_one_may_not),
           cmocka_unit_test(the_insurers_clock_runs_from_the_contracts_hours))
