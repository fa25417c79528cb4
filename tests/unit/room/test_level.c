/* Alert levels in simulated time: proposed by tips and cases, decided by who may, handed out, over at their date. */
#include "fixture.h"

#include "room/library.h"

#include "room/campaign.h"
#include "room/decision.h"
#include "room/level.h"
#include "room/plans.h"
#include "room/register.h"
#include "room/run.h"
#include "room/tightening.h"
#include "room/tip.h"

static const char *const PEOPLE[] = {"田中\tmail=tanaka@example.jp", "当番\tmail=duty@example.jp", "duty\tmail=d@example.jp\taccount=duty"};
static const char *const SYSTEMS[] = {"会員サイト\tkind=service\tproduct=WordPress\tresponsible=田中"};
static const char *const AUTHORITY[] = {"a1\tkind=level\tverb=decide\twho=duty"};

static void a_case(struct fixture *f, const char *id, const char *level, const char *source) {
    struct story s = {.id = id, .revision = 1, .rule = "r-list", .kind = "list_attack", .level = level, .propose = "", .service = "members", .group_source = source, .account_pattern = "m#",
                      .account_n = 30, .first_ns = T0, .last_ns = T0 + 30 * NS_PER_S, .count = 60, .good = 0};
    fold(f, &s);
}

static struct fixture *office(void) {
    struct fixture *f = fixture_new();
    struct diag d = {0};
    if (room_plans_load(f->r, "content", NULL, &d) < 0)
        fail_msg("%s", d.text);
    if (room_registers_load(f->r, "content/imports", &d) < 0)
        fail_msg("%s", d.text);
    rows(f, "people", PEOPLE, ARRAY_SIZE(PEOPLE));
    rows(f, "systems", SYSTEMS, ARRAY_SIZE(SYSTEMS));
    rows(f, "authority", AUTHORITY, ARRAY_SIZE(AUTHORITY));
    return f;
}

static void tick(struct fixture *f) {
    struct diag d = {0};
    if (room_levels_tick(f->r, &d) < 0 || room_tightenings_tick(f->r, &d) < 0)
        fail_msg("%s", d.text);
}

static int decide(struct fixture *f, int64_t person, bool go_on, const char *why) {
    struct room_actor who = fixture_actor(f, person);
    struct room_decision_made m = {.go_on = go_on, .why = str_of(why), .at_ns = f->now_ns, .person = STR("")};
    return room_decision_make(f->r, &who, number(f, "SELECT max(id) FROM decision WHERE kind = 'level'"), number(f, "SELECT version FROM decision WHERE kind = 'level' ORDER BY id DESC LIMIT 1"),
                              &m, NULL);
}

static void a_tip_proposes_one_and_who_may_decides_it(void **state UNUSED) {
    struct fixture *f = office();
    struct room_actor duty = fixture_actor(f, f->handler), auditor = fixture_actor(f, f->auditor);
    struct room_tip_new t = {.from = STR("jpcert"), .sender = STR(""), .contact = STR(""), .channel = "phone", .text = STR("WordPress の脆弱性が悪用されています。"), .tlp = TLP_GREEN, .received_ns = f->now_ns};
    int64_t tip;
    struct diag d = {0};
    assert_int_equal(room_tip_add(f->r, &duty, &t, &tip, NULL), 0);
    tick(f);
    tick(f); /* once */
    assert_int_equal(number(f, "SELECT count(*) FROM alert_level WHERE state = 'proposed' AND level = 'caution' AND origin = 'tip' AND services LIKE '%会員サイト%'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM incident"), 0); /* a proposal alone makes no case */
    struct str services[] = {STR("会員サイト"), STR("受付")};
    struct room_level_new x = {.level = STR("caution"), .services = services, .n_services = 2, .reason = STR("脆弱性の悪用")};
    assert_int_equal(room_level_put(f->r, &auditor, 1, 1, &x, NULL), -ERR_REFUSED);
    x.n_services = 0;
    assert_int_equal(room_level_put(f->r, &duty, 1, 1, &x, NULL), -EINVAL);
    x.n_services = 2;
    x.until_ns = f->now_ns + 10 * NS_PER_DAY;
    if (room_level_put(f->r, &duty, 1, number(f, "SELECT version FROM alert_level"), &x, &d) < 0)
        fail_msg("%s", d.text);
    assert_int_equal(number(f, "SELECT count(*) FROM incident i JOIN tip t ON t.incident_id = i.id"), 1); /* what is decided stands in a case */
    assert_int_equal(number(f, "SELECT count(*) FROM decision WHERE kind = 'level' AND state = 'proposed' AND service = '会員サイト'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM tightening"), 0); /* nothing happens before it is decided */
    assert_int_equal(decide(f, f->administrator, false, ""), -ERR_REFUSED);
    assert_int_equal(number(f, "SELECT state = 'asked' FROM alert_level"), 1);
    assert_int_equal(decide(f, f->handler, false, ""), 0);
    assert_int_equal(number(f, "SELECT state = 'in_force' FROM alert_level"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM tightening WHERE use = 'level' AND factor = 200 AND services LIKE '%受付%' AND until_at = (SELECT until_at FROM alert_level)"), 1);
    /* its three things to do and two services, each with whoever answers for it; the word goes out at once and is acknowledged */
    assert_int_equal(number(f, "SELECT count(*) FROM campaign_target WHERE campaign_id = (SELECT campaign_id FROM alert_level)"), 5);
    assert_int_equal(number(f, "SELECT count(*) FROM campaign_target WHERE person = '田中' AND ref = 'service:会員サイト' AND what LIKE '%監視を強める%'"), 1);
    assert_int_equal(number(f, "SELECT due_at FROM campaign_target WHERE ref = 'do:1'"), f->now_ns + NS_PER_HOUR);
    assert_int_equal(number(f, "SELECT count(*) FROM message WHERE address = 'tanaka@example.jp' AND body LIKE '%会員サイト%'"), 1);
    f->now_ns += 10 * NS_PER_DAY;
    tick(f);
    assert_int_equal(number(f, "SELECT state = 'lowered' FROM alert_level"), 1); /* by itself */
    assert_int_equal(number(f, "SELECT state = 'ended' FROM tightening"), 1);
    assert_int_equal(number(f, "SELECT state = 'ended' FROM campaign"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key IN ('event.level_raised','event.level_over')"), 2);
    tick(f);
    assert_int_equal(number(f, "SELECT count(*) FROM alert_level"), 1);
    chain_holds(f);
    fixture_free(f);
}

static void cases_propose_and_what_was_declined_is_not_proposed_again(void **state UNUSED) {
    struct fixture *f = office();
    a_case(f, "a0", "high", "198.51.100.1");
    tick(f);
    tick(f);
    assert_int_equal(number(f, "SELECT count(*) FROM alert_level WHERE level = 'caution' AND state = 'asked' AND origin = 'cases' AND services = '[\"members\"]'"), 1);
    assert_int_equal(decide(f, f->handler, true, "訓練の事案"), 0);
    tick(f);
    assert_int_equal(number(f, "SELECT count(*) FROM alert_level WHERE state = 'declined' AND why = '訓練の事案'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM alert_level"), 1);
    a_case(f, "b0", "critical", "203.0.113.9"); /* something newer */
    tick(f);
    assert_int_equal(number(f, "SELECT count(*) FROM alert_level WHERE level = 'serious' AND state = 'asked'"), 1);
    assert_int_equal(decide(f, f->handler, false, ""), 0);
    tick(f);
    assert_int_equal(number(f, "SELECT count(*) FROM alert_level"), 2); /* a lower one is not proposed beside it */
    fixture_free(f);
}

static void a_person_raises_it_further_and_lowers_it(void **state UNUSED) {
    struct fixture *f = office();
    struct room_actor duty = fixture_actor(f, f->handler), chief = fixture_actor(f, f->administrator);
    struct str services[] = {STR("members")};
    struct room_level_new x = {.level = STR("caution"), .incident = 1, .services = services, .n_services = 1, .reason = STR("攻撃が続く")};
    int64_t id;
    struct room_playbook bcp = {.key = STR("cyber-bcp"), .title_ja = STR("t"), .title_en = STR("t"), .source = STR("id: cyber-bcp"), .plan = STR("{\"id\":\"cyber-bcp\"}"), .form = STR("{}"),
                                .notes = STR("[]"), .origin = "made", .n_steps = 1};
    int64_t playbook;
    assert_int_equal(room_playbook_put(f->r, &duty, &bcp, &playbook, NULL), 0);
    a_case(f, "a0", "high", "198.51.100.1");
    assert_int_equal(room_level_raise(f->r, &duty, &x, &id, NULL), 0);
    assert_int_equal(decide(f, f->handler, false, ""), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM run"), 0);
    x.level = STR("serious");
    assert_int_equal(room_level_raise(f->r, &duty, &x, &id, NULL), 0);
    x.level = STR("bcp"); /* put before the first was decided: it takes its place */
    assert_int_equal(room_level_raise(f->r, &duty, &x, &id, NULL), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM alert_level WHERE state = 'asked' AND level = 'bcp'"), 1);
    assert_int_equal(decide(f, f->handler, false, ""), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM alert_level WHERE state = 'in_force' AND level = 'bcp'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM alert_level WHERE state = 'lowered' AND level = 'caution'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM tightening WHERE state = 'in_force'"), 1);
    /* its playbook stands there to be begun, once, and does not displace what the case's own kind proposes */
    assert_int_equal(number(f, "SELECT count(*) FROM run WHERE state = 'proposed' AND reason = 'level:bcp'"), 1);
    struct buf b;
    struct jsonw w;
    struct arena a;
    arena_init(&a, 1 << 20);
    buf_init(&b, 1 << 20);
    jsonw_init(&w, &b);
    assert_int_equal(room_levels_write(f->r, 0, &duty, &w, NULL), 0);
    assert_true(str_eq_z(at(&a, buf_str(&b), "level.level"), "bcp"));
    assert_true(str_eq_z(at(&a, buf_str(&b), "rows.0.state"), "in_force"));
    buf_done(&b);
    arena_done(&a);
    int64_t version = number(f, "SELECT version FROM alert_level WHERE state = 'in_force'");
    assert_int_equal(room_level_end(f->r, &duty, id, version, STR(" "), NULL), -EINVAL);
    assert_int_equal(room_level_end(f->r, &duty, id, version - 1, STR("収まった"), NULL), -ERR_VERSION);
    assert_int_equal(room_level_end(f->r, &chief, id, version, STR("収まった"), NULL), -ERR_REFUSED); /* may not decide it */
    assert_int_equal(room_level_end(f->r, &duty, id, version, STR("収まった"), NULL), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM alert_level WHERE state = 'in_force'"), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM tightening WHERE state = 'in_force'"), 0);
    assert_int_equal(room_level_end(f->r, &duty, id, version + 1, STR("もう一度"), NULL), -EBUSY);
    fixture_free(f);
}

/* ---- by a step of a playbook ---- */

#define RAISE(more) "{\"id\":\"p\",\"title\":{\"ja\":\"t\",\"en\":\"t\"},\"start\":\"up\",\"steps\":[{\"id\":\"up\",\"kind\":\"action\",\"action\":\"raise_level\"," more \
    ",\"words\":{\"ja\":\"上げる\",\"en\":\"raise it\"}}]}"

static void runs(struct fixture *f, const char *key, const char *plan, int64_t incident) {
    struct room_actor duty = fixture_actor(f, f->handler);
    struct room_playbook p = {.key = str_of(key), .title_ja = STR("t"), .title_en = STR("t"), .source = str_of(plan), .plan = str_of(plan), .form = STR("{}"), .notes = STR("[]"),
                              .origin = "made", .n_steps = 1};
    struct diag d = {0};
    int64_t id;
    if (room_playbook_put(f->r, &duty, &p, &id, &d) < 0 || room_run_start(f->r, &duty, incident, id, &id, &d) < 0)
        fail_msg("%s", d.text);
}

static void follows(struct fixture *f) {
    struct diag d = {0};
    if (room_runs_tick(f->r, &d) < 0)
        fail_msg("%s", d.text);
}

static void seen(struct fixture *f, const char *path, const char *value) {
    struct room_actor duty = fixture_actor(f, f->handler);
    struct arena a;
    struct buf b;
    struct jsonw w;
    arena_init(&a, 1 << 20);
    buf_init(&b, 1 << 20);
    jsonw_init(&w, &b);
    assert_int_equal(room_levels_write(f->r, 0, &duty, &w, NULL), 0);
    struct str got = at(&a, buf_str(&b), path);
    if (!str_eq_z(got, value))
        fail_msg("%s is '%.*s', not '%s'", path, STR_ARG(got), value);
    buf_done(&b);
    arena_done(&a);
}

static void a_step_proposes_what_the_page_does_and_follows_it(void **state UNUSED) {
    struct fixture *f = office();
    struct room_actor duty = fixture_actor(f, f->handler);
    a_case(f, "a0", "high", "198.51.100.1");
    runs(f, "p", RAISE("\"level\":\"caution\",\"services\":[\"会員サイト\"],\"until_s\":7200"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM alert_level WHERE state = 'asked' AND level = 'caution' AND services = '[\"会員サイト\"]' AND incident_id = 1 AND reason = '上げる / raise it'"), 1);
    assert_int_equal(number(f, "SELECT until_at FROM alert_level"), f->now_ns + 2 * NS_PER_HOUR);
    assert_int_equal(number(f, "SELECT count(*) FROM decision WHERE kind = 'level' AND state = 'proposed' AND service = '会員サイト'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM task WHERE step = 'up' AND state = 'due' AND ref = 'level:1' AND means IS NULL"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.level_proposed' AND ref = 'level:1'"), 1);
    /* what it would do is told, and nothing of it is done */
    seen(f, "rows.0.origin", "playbook");
    seen(f, "rows.0.step.en", "raise it");
    seen(f, "rows.0.would.factor", "200");
    seen(f, "rows.0.would.told.0.who", "当番");
    seen(f, "rows.0.would.told.0.within_s", "3600");
    seen(f, "rows.0.would.told.3.service", "会員サイト");
    seen(f, "rows.0.would.told.3.person", "田中");
    assert_int_equal(number(f, "SELECT (SELECT count(*) FROM tightening) + (SELECT count(*) FROM campaign) + (SELECT count(*) FROM message)"), 0);
    int64_t audit = number(f, "SELECT count(*) FROM audit");
    follows(f);
    follows(f);
    assert_int_equal(number(f, "SELECT count(*) FROM audit"), audit); /* looked at, not written again */
    assert_int_equal(decide(f, f->administrator, false, ""), -ERR_REFUSED);
    assert_int_equal(decide(f, f->handler, false, ""), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM campaign_target WHERE person = '田中' AND ref = 'service:会員サイト'"), 1); /* as it was told */
    follows(f);
    assert_int_equal(number(f, "SELECT count(*) FROM task WHERE step = 'up' AND state = 'done'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key IN ('event.step_done', 'event.level_raised')"), 2);
    assert_int_equal(number(f, "SELECT deviations FROM run WHERE state = 'ended'"), 0);
    /* as much stands there: the next step that asks for it follows that */
    runs(f, "q", RAISE("\"level\":\"caution\""), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM alert_level"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM task WHERE state = 'done' AND ref = 'level:1'"), 2);
    assert_int_equal(room_level_end(f->r, &duty, 1, number(f, "SELECT version FROM alert_level"), STR("収まった"), NULL), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM alert_level WHERE state = 'lowered' AND why = '収まった'"), 1);
    fixture_free(f);
}

static void what_a_step_put_is_withdrawn_or_gives_way(void **state UNUSED) {
    struct fixture *f = office();
    struct room_actor duty = fixture_actor(f, f->handler), chief = fixture_actor(f, f->administrator);
    struct str services[] = {STR("members")};
    struct room_level_new x = {.level = STR("serious"), .incident = 1, .services = services, .n_services = 1, .reason = STR("続く")};
    int64_t id;
    a_case(f, "a0", "high", "198.51.100.1");
    runs(f, "p", RAISE("\"level\":\"caution\""), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM alert_level WHERE state = 'asked' AND services = '[\"members\"]'"), 1); /* of the case's findings */
    int64_t version = number(f, "SELECT version FROM alert_level");
    assert_int_equal(room_level_end(f->r, &chief, 1, version, STR("誤り"), NULL), -ERR_REFUSED);
    assert_int_equal(room_level_end(f->r, &duty, 1, version - 1, STR("誤り"), NULL), -ERR_VERSION);
    assert_int_equal(number(f, "SELECT count(*) FROM alert_level WHERE state = 'asked'"), 1);
    assert_int_equal(room_level_end(f->r, &duty, 1, version, STR("誤り"), NULL), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM decision WHERE state = 'decided' AND verdict = 'go_on' AND why = '誤り'"), 1);
    follows(f);
    assert_int_equal(number(f, "SELECT count(*) FROM task WHERE state = 'skipped' AND why = '誤り' AND ref = 'level:1'"), 1);
    /* a person puts a higher one before the next is decided: the step follows that */
    runs(f, "q", RAISE("\"level\":\"caution\""), 1);
    assert_int_equal(room_level_raise(f->r, &duty, &x, &id, NULL), 0);
    follows(f);
    assert_int_equal(number(f, "SELECT count(*) FROM task WHERE state = 'due' AND ref = 'level:3'"), 1);
    assert_int_equal(decide(f, f->handler, false, ""), 0);
    follows(f);
    assert_int_equal(number(f, "SELECT count(*) FROM task WHERE state = 'done' AND ref = 'level:3'"), 1);
    /* it stands for other services: nothing is lowered for a step, a person says */
    runs(f, "r", RAISE("\"level\":\"caution\",\"services\":[\"受付\"]"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM task WHERE state = 'due' AND means = 'level_stands'"), 1);
    runs(f, "s", RAISE("\"level\":\"alarm\""), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM task WHERE state = 'due' AND means = 'no_level'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM alert_level"), 3);
    chain_holds(f);
    fixture_free(f);
}

static void what_a_tip_proposed_is_put_by_the_step(void **state UNUSED) {
    struct fixture *f = office();
    struct room_actor duty = fixture_actor(f, f->handler);
    struct room_tip_new t = {.from = STR("jpcert"), .sender = STR(""), .contact = STR(""), .channel = "phone", .text = STR("WordPress の脆弱性が悪用されています。"), .tlp = TLP_GREEN, .received_ns = f->now_ns};
    int64_t tip, incident = 0;
    assert_int_equal(room_tip_add(f->r, &duty, &t, &tip, NULL), 0);
    tick(f);
    assert_int_equal(room_tip_join(f->r, &duty, tip, number(f, "SELECT version FROM tip"), &incident, NULL), 0);
    runs(f, "p", RAISE("\"level\":\"caution\""), incident);
    assert_int_equal(number(f, "SELECT count(*) FROM alert_level WHERE state = 'asked' AND origin = 'tip' AND services = '[\"会員サイト\"]'"), 1); /* those the tip is about */
    assert_int_equal(number(f, "SELECT count(*) FROM alert_level"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM task WHERE ref = 'level:1' AND state = 'due'"), 1);
    fixture_free(f);
}

UNIT_GROUP(room_level, cmocka_unit_test(a_step_proposes_what_the_page_does_and_follows_it), cmocka_unit_test(what_a_step_put_is_withdrawn_or_gives_way),
           cmocka_unit_test(what_a_tip_proposed_is_put_by_the_step), cmocka_unit_test(a_tip_proposes_one_and_who_may_decides_it), cmocka_unit_test(cases_propose_and_what_was_declined_is_not_proposed_again),
           cmocka_unit_test(a_person_raises_it_further_and_lowers_it))
