/* Tips from outside in simulated time: who is called until somebody has taken it, what leaves of a secret one, what was found, who is asked. */
#include "fixture.h"

#include "room/callout.h"
#include "room/campaign.h"
#include "room/hunt.h"
#include "room/tip.h"

static struct fixture *at_night(void) {
    struct fixture *f = fixture_new();
    put_row(f, "roster", "1", "{\"group\":\"当番\",\"first\":\"佐藤\",\"second\":\"鈴木\"}");
    put_row(f, "people", "佐藤", "{\"name\":\"佐藤\",\"mobile\":\"090-0000-0001\"}");
    put_row(f, "people", "田中", "{\"name\":\"田中\",\"mail\":\"tanaka@example.jp\"}");
    return f;
}

static int64_t tip_of(struct fixture *f, const char *text, enum room_tlp tlp) {
    struct room_actor duty = fixture_actor(f, f->administrator);
    struct room_tip_new x = {.from = STR("jpcert"), .sender = STR("JPCERT/CC"), .contact = STR("03"), .channel = "phone", .text = str_of(text), .tlp = tlp, .received_ns = f->now_ns};
    struct diag d = {0};
    int64_t id;
    if (room_tip_add(f->r, &duty, &x, &id, &d) < 0)
        fail_msg("%s", d.text);
    return id;
}

static void tick(struct fixture *f) {
    struct diag d = {0};
    if (room_callouts_tick(f->r, &d) < 0 || room_tips_tick(f->r, &d) < 0)
        fail_msg("%s", d.text);
}

static void a_tip_calls_until_somebody_has_taken_it(void **state UNUSED) {
    struct fixture *f = at_night();
    struct room_actor duty = fixture_actor(f, f->handler);
    int64_t id = tip_of(f, "貴社のサイトが改ざんされています。", TLP_AMBER);
    assert_int_equal(number(f, "SELECT count(*) FROM call WHERE person = '佐藤'"), 1); /* at once, not after five minutes like an alarm of ours */
    assert_int_equal(number(f, "SELECT count(*) FROM message WHERE body LIKE '%T-2026-0001%' AND body LIKE '%改ざんされています%'"), 1);
    f->now_ns += 5 * NS_PER_MIN;
    tick(f);
    assert_int_equal(number(f, "SELECT count(*) FROM call WHERE person = '鈴木'"), 1);
    for (int i = 0; i < 30; i++, f->now_ns += NS_PER_MIN)
        tick(f);
    assert_int_equal(number(f, "SELECT count(*) FROM callout WHERE state = 'nobody'"), 1); /* all rounds of the first */
    int64_t callouts = number(f, "SELECT count(*) FROM callout");
    for (int i = 0; i < 3 * 60; i++, f->now_ns += NS_PER_MIN)
        tick(f);
    assert_true(number(f, "SELECT count(*) FROM callout") >= callouts + 2); /* it is not given up */
    assert_int_equal(room_tip_change(f->r, &duty, id, 1, STR("taken"), STR(""), NULL), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM callout WHERE state = 'calling'"), 0);
    assert_int_equal(number(f, "SELECT taken_at > called_at AND taken_by = 'person:2' FROM tip"), 1);
    callouts = number(f, "SELECT count(*) FROM callout");
    for (int i = 0; i < 60; i++, f->now_ns += NS_PER_MIN)
        tick(f);
    assert_int_equal(number(f, "SELECT count(*) FROM callout"), callouts);
    chain_holds(f);
    fixture_free(f);
}

/* Half asleep, somebody pressed the link. */
static void to_acknowledge_is_not_to_take(void **state UNUSED) {
    struct fixture *f = at_night();
    tip_of(f, "x", TLP_AMBER);
    assert_int_equal(room_callout_answer(f->r, &room_system, 1, STR("佐藤"), STR(""), NULL), 0);
    assert_int_equal(number(f, "SELECT state = 'reached' FROM callout"), 1);
    f->now_ns += 14 * NS_PER_MIN;
    tick(f);
    assert_int_equal(number(f, "SELECT count(*) FROM callout"), 1);
    f->now_ns += NS_PER_MIN;
    tick(f);
    assert_int_equal(number(f, "SELECT count(*) FROM callout"), 2);
    fixture_free(f);
}

/* Nobody is written down as on duty: the slip is there, and the next try comes when somebody is. */
static void with_nobody_on_duty_it_waits_and_calls_later(void **state UNUSED) {
    struct fixture *f = fixture_new();
    tip_of(f, "x", TLP_AMBER);
    assert_int_equal(number(f, "SELECT count(*) FROM callout"), 0);
    put_row(f, "roster", "1", "{\"group\":\"当番\",\"first\":\"佐藤\"}");
    f->now_ns += 16 * NS_PER_MIN;
    tick(f);
    assert_int_equal(number(f, "SELECT count(*) FROM callout"), 1);
    fixture_free(f);
}

static void of_a_secret_one_only_its_number_leaves(void **state UNUSED) {
    struct fixture *f = at_night();
    tip_of(f, "幹部の端末が乗っ取られています。", TLP_AMBER_STRICT);
    assert_int_equal(number(f, "SELECT count(*) FROM message WHERE body LIKE '%T-2026-0001%'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM message WHERE body LIKE '%幹部%' OR subject LIKE '%幹部%' OR body LIKE '%JPCERT%'"), 0);
    fixture_free(f);
}

static void it_becomes_a_case_labelled_like_it(void **state UNUSED) {
    struct fixture *f = at_night();
    struct room_actor duty = fixture_actor(f, f->handler), auditor = fixture_actor(f, f->auditor);
    int64_t id = tip_of(f, "幹部の端末", TLP_AMBER_STRICT), incident = 0, other = 0;
    f->now_ns += 3 * NS_PER_MIN;
    assert_int_equal(room_tip_join(f->r, &auditor, id, 1, &incident, NULL), -ERR_REFUSED);
    incident = 0;
    assert_int_equal(room_tip_join(f->r, &duty, id, 1, &incident, NULL), 0);
    assert_int_equal(number(f, "SELECT kind = 'tip' AND level = 'high' AND tlp = 'AMBER+STRICT' AND person_at IS NOT NULL FROM incident"), 1);
    assert_int_equal(number(f, "SELECT first_trace_at = (SELECT received_at FROM tip) FROM incident"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE params LIKE '%幹部%'"), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM callout WHERE state = 'calling'"), 0);
    assert_int_equal(room_tip_join(f->r, &duty, id, 1, &other, NULL), -ERR_VERSION);
    other = 0;
    assert_int_equal(room_tip_join(f->r, &duty, id, number(f, "SELECT version FROM tip"), &other, NULL), -EBUSY);
    assert_int_equal(number(f, "SELECT count(*) FROM incident"), 1);
    /* what is answered is kept with it, also when it was said by telephone */
    assert_int_equal(room_tip_reply(f->r, &duty, id, STR(""), STR(""), STR("受け取りました"), NULL), 0);
    assert_int_equal(room_tip_reply(f->r, &duty, id, STR("mail"), STR("info@jpcert.example"), STR("調べています"), NULL), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM slip_note WHERE of = 'tip' AND kind = 'replied'"), 2);
    assert_int_equal(number(f, "SELECT count(*) FROM message WHERE address = 'info@jpcert.example' AND incident_id = 1"), 1);
    fixture_free(f);
}

static struct str shown(struct fixture *f, int64_t id, struct buf *b) {
    struct jsonw w;
    struct diag d = {0};
    buf_clear(b);
    jsonw_init(&w, b);
    if (room_tip_write_one(f->r, id, &w, &d) < 0)
        fail_msg("%s", d.text);
    return buf_str(b);
}

static void what_the_hunt_found_stands_on_the_slip(void **state UNUSED) {
    struct fixture *f = at_night();
    struct room_tip_due due;
    struct arena a;
    struct json_value *answer, *result;
    int64_t id = tip_of(f, "hxxp://evil[.]example", TLP_GREEN), hunt, nothing = tip_of(f, "電話で聞いただけ", TLP_AMBER);
    struct str ended = STR("{\"state\":\"done\",\"found\":3,\"first_at\":\"2026-01-02T03:04:05.000Z\",\"last_at\":\"2026-02-02T03:04:05.000Z\"}");
    arena_init(&a, 1 << 20);
    assert_int_equal(room_tip_due(f->r, &a, &due, NULL), 1);
    assert_int_equal(due.id, id);
    assert_str(due.source, "JPCERT/CC");
    assert_int_equal(due.tlp, TLP_GREEN);
    assert_int_equal(json_parse(&a, STR("{\"new\":1,\"known\":0,\"refused_total\":2,\"sample\":[{\"kind\":\"domain-name\",\"value\":\"evil.example\"}]}"), &answer, NULL), 0);
    assert_int_equal(room_tip_drawn(f->r, id, 7, answer, NULL), 0);
    assert_int_equal(room_tip_due(f->r, &a, &due, NULL), 1);
    assert_int_equal(due.id, nothing);
    assert_int_equal(room_tip_drawn(f->r, nothing, 0, NULL, NULL), 0);
    assert_int_equal(room_tip_due(f->r, &a, &due, NULL), 0);
    tick(f);
    assert_int_equal(number(f, "SELECT match_state = 'hunting' AND found IS NULL FROM tip WHERE id = 1"), 1);
    assert_int_equal(number(f, "SELECT match_state = 'none' AND matched_at IS NOT NULL FROM tip WHERE id = 2"), 1);
    struct room_hunt_past h = {.hypothesis = STR("indicators"), .query = STR("T"), .kind = "indicators", .import = 7, .name = STR("T"), .from_ns = TIME_NONE, .to_ns = TIME_NONE};
    assert_int_equal(room_begin(f->r, NULL), 0);
    assert_int_equal(room_end(f->r, room_hunt_begin(f->r, &room_system, &h, &hunt, NULL), NULL), 0);
    tick(f);
    assert_int_equal(number(f, "SELECT match_state = 'hunting' FROM tip WHERE id = 1"), 1);
    f->now_ns += 2 * NS_PER_MIN;
    assert_int_equal(json_parse(&a, ended, &result, NULL), 0);
    assert_int_equal(room_begin(f->r, NULL), 0);
    assert_int_equal(room_end(f->r, room_hunt_end(f->r, &room_system, hunt, result, ended, NULL), NULL), 0);
    tick(f);
    assert_int_equal(number(f, "SELECT match_state = 'done' AND found = 3 AND hunt_id = 1 AND (matched_at - created_at) / 60000000000 = 2 FROM tip WHERE id = 1"), 1);
    struct buf b;
    buf_init(&b, 1 << 20);
    struct str json = shown(f, id, &b);
    assert_true(str_find(json, STR("\"found\":3"), 0) > 0 && str_find(json, STR("\"value\":\"evil.example\""), 0) > 0 && str_find(json, STR("2026-01-02T03:04:05"), 0) > 0);
    buf_done(&b);
    arena_done(&a);
    fixture_free(f);
}

static void systems_it_names_are_proposed_and_their_people_asked(void **state UNUSED) {
    struct fixture *f = at_night();
    struct room_actor duty = fixture_actor(f, f->handler);
    assert_int_equal(room_plans_load(f->r, "content", NULL, NULL), 0);
    put_row(f, "systems", "会員サイト", "{\"name\":\"会員サイト\",\"product\":[\"WordPress\",\"PHP\"],\"version\":\"6.4.2\",\"place\":\"東京DC\",\"responsible\":\"田中\"}");
    put_row(f, "systems", "請求照会", "{\"name\":\"請求照会\",\"product\":[\"ASP\"],\"responsible\":\"佐藤\"}");
    put_row(f, "systems", "掲示板", "{\"name\":\"掲示板\",\"place\":\"クラウド\"}");
    int64_t id = tip_of(f, "ｗｏｒｄｐｒｅｓｓ 6.4.2 の脆弱性が悪用されています。クラウド上のものも対象です。aspect", TLP_GREEN);
    struct buf b;
    struct arena a;
    buf_init(&b, 1 << 20);
    arena_init(&a, 1 << 20);
    struct str json = shown(f, id, &b);
    assert_str(at(&a, json, "systems.0.name"), "会員サイト"); /* full width in the text */
    assert_str(at(&a, json, "systems.0.by"), "product");
    assert_true(str_find(json, STR("\"version_named\":true"), 0) > 0);
    assert_str(at(&a, json, "systems.1.name"), "掲示板");
    assert_str(at(&a, json, "systems.1.by"), "place");
    assert_true(str_find(json, STR("請求照会"), 0) < 0); /* ASP is not in "aspect" */
    int64_t first = number(f, "SELECT id FROM register WHERE name = '会員サイト'"), nobody = number(f, "SELECT id FROM register WHERE name = '掲示板'");
    assert_int_equal(room_tip_ask(f->r, &duty, id, &nobody, 1, STR("確かめてください"), NULL), -EINVAL);
    int64_t both[] = {first, nobody};
    assert_int_equal(room_tip_ask(f->r, &duty, id, both, 2, STR("確かめてください"), NULL), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM message WHERE address = 'tanaka@example.jp' AND body LIKE '%確かめてください%'"), 1);
    struct room_campaign_said s = {.value = STR("affected"), .words = STR("今夜直す"), .done = -1};
    int64_t target = number(f, "SELECT id FROM campaign_target WHERE campaign_id = (SELECT campaign_id FROM tip)");
    assert_int_equal(number(f, "SELECT count(*) FROM campaign_target"), 1); /* nobody answers for the other */
    assert_int_equal(room_campaign_answer(f->r, &duty, target, 1, &s, NULL), 0);
    json = shown(f, id, &b);
    assert_str(at(&a, json, "answers.0.system"), "会員サイト");
    assert_str(at(&a, json, "answers.0.words"), "今夜直す");
    assert_str(at(&a, json, "answers.0.done"), "false"); /* it is affected: asked again until it is settled */
    f->now_ns += 16 * NS_PER_MIN;
    assert_int_equal(room_campaigns_tick(f->r, NULL), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM message WHERE address = 'tanaka@example.jp' AND body LIKE '%確かめてください%'"), 2);
    arena_done(&a);
    buf_done(&b);
    fixture_free(f);
}

static void what_is_no_tip_is_refused(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor duty = fixture_actor(f, f->handler);
    struct room_tip_new good = {.from = STR("police"), .sender = STR(""), .contact = STR(""), .channel = "phone", .text = STR("x"), .tlp = TLP_AMBER, .received_ns = f->now_ns}, x = good;
    int64_t id;
    x.from = STR("neighbour");
    assert_int_equal(room_tip_add(f->r, &duty, &x, &id, NULL), -EINVAL);
    x = good;
    x.text = STR("  ");
    assert_int_equal(room_tip_add(f->r, &duty, &x, &id, NULL), -EINVAL);
    x = good;
    x.received_ns = f->now_ns + NS_PER_MIN;
    assert_int_equal(room_tip_add(f->r, &duty, &x, &id, NULL), -EINVAL);
    assert_int_equal(room_tip_add(f->r, &duty, &good, &id, NULL), 0);
    assert_int_equal(room_tip_change(f->r, &duty, id, 1, STR("closed"), STR(" "), NULL), -EINVAL);
    assert_int_equal(room_tip_change(f->r, &duty, id, 1, STR("closed"), STR("訓練の知らせ"), NULL), 0);
    assert_int_equal(number(f, "SELECT state = 'closed' AND why = '訓練の知らせ' FROM tip"), 1);
    fixture_free(f);
}

UNIT_GROUP(room_tip, cmocka_unit_test(a_tip_calls_until_somebody_has_taken_it), cmocka_unit_test(to_acknowledge_is_not_to_take),
           cmocka_unit_test(with_nobody_on_duty_it_waits_and_calls_later), cmocka_unit_test(of_a_secret_one_only_its_number_leaves),
           cmocka_unit_test(it_becomes_a_case_labelled_like_it), cmocka_unit_test(what_the_hunt_found_stands_on_the_slip),
           cmocka_unit_test(systems_it_names_are_proposed_and_their_people_asked), cmocka_unit_test(what_is_no_tip_is_refused))
