/* A step that no driver reaches: a named person on site is told, a photo comes back and is the step's evidence; killed anywhere, it goes on. */
#include "fixture.h"

#include "room/attachment.h"
#include "room/campaign.h"
#include "room/message.h"
#include "room/plans.h"
#include "room/register.h"
#include "room/run.h"
#include "room/run_priv.h"

#define SUM "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
static const char PLAN[] = "{\"id\":\"p\",\"title\":{\"ja\":\"t\",\"en\":\"t\"},\"start\":\"off\",\"steps\":["
                           "{\"id\":\"off\",\"kind\":\"action\",\"action\":\"isolate_host\",\"words\":{\"ja\":\"外す\",\"en\":\"Isolate\"},\"next\":\"then\"},"
                           "{\"id\":\"then\",\"kind\":\"task\",\"words\":{\"ja\":\"次\",\"en\":\"then\"}}]}";

struct scene {
    struct fixture *f;
    struct room_actor by;
    struct diag d;
};

static struct scene scene(void) {
    struct scene s = {.f = fixture_new()};
    struct story x = {.id = "a1", .revision = 1, .rule = "r", .kind = "malware", .level = "high", .host = "PC-0142", .group_source = "203.0.113.9", .first_ns = T0, .last_ns = T0, .count = 1, .good = -1};
    struct room_playbook p = {.key = STR("p"), .title_ja = STR("t"), .title_en = STR("t"), .source = STR("id: p"), .plan = str_of(PLAN), .form = STR("{}"), .notes = STR("[]"), .origin = "made",
                              .n_steps = 2};
    int64_t playbook, run;
    s.by = fixture_actor(s.f, s.f->handler);
    if (room_registers_load(s.f->r, "content/imports", &s.d) < 0 || room_plans_load(s.f->r, "content", NULL, &s.d) < 0)
        fail_msg("%s", s.d.text);
    put_row(s.f, "organisations", "支店", "{\"name\":\"支店\"}");
    put_row(s.f, "people", "佐藤", "{\"name\":\"佐藤\",\"organisation\":\"支店\",\"mobile\":\"090-0000-0001\"}");
    put_row(s.f, "people", "鈴木", "{\"name\":\"鈴木\",\"organisation\":\"支店\",\"mail\":\"suzuki@example.jp\"}");
    put_row(s.f, "systems", "PC-0142", "{\"name\":\"PC-0142\",\"responsible\":\"佐藤\"}");
    int64_t incident = fold(s.f, &x).incident;
    if (room_playbook_put(s.f->r, &s.by, &p, &playbook, &s.d) < 0 || room_run_start(s.f->r, &s.by, incident, playbook, &run, &s.d) < 0)
        fail_msg("%s", s.d.text);
    return s;
}

static int64_t version(struct scene *s) {
    return number(s->f, "SELECT version FROM task WHERE step = 'off'");
}

static int ask(struct scene *s, const char *target, const char *person) {
    struct room_task_at at = {str_of(target), str_of(person)};
    struct room_task_onsite x = {.text = STR("2階の東側"), .at = &at, .n = 1};
    return room_task_onsite(s->f->r, &s->by, number(s->f, "SELECT id FROM task WHERE step = 'off'"), version(s), &x, &s->d);
}

static void tick(struct scene *s) {
    if (room_runs_tick(s->f->r, &s->d) < 0)
        fail_msg("%s", s->d.text);
}

static void token_of(struct scene *s, char dst[ROOM_MESSAGE_TOKEN_CHARS + 1]) {
    struct sql_stmt *st = NULL;
    assert_int_equal(sql_query(s->f->r->db, &st, NULL, "SELECT token FROM message ORDER BY id DESC LIMIT 1", ""), 0);
    assert_int_equal(sql_step(st, NULL), 1);
    snprintf(dst, ROOM_MESSAGE_TOKEN_CHARS + 1, "%.*s", STR_ARG(sql_str(st, 0)));
    sql_end(st);
}

static void a_photo_comes_back_and_is_the_evidence(void **state UNUSED) {
    struct scene s = scene();
    char token[ROOM_MESSAGE_TOKEN_CHARS + 1];
    struct room_campaign_said done = {.value = STR("done"), .done = -1}, cannot = {.value = STR("cannot"), .words = STR("鍵がない"), .done = -1};
    tick(&s);
    assert_int_equal(number(s.f, "SELECT means = 'no_driver' AND state = 'due' FROM task WHERE step = 'off'"), 1);
    /* nobody in particular, or somebody unknown, is told nothing */
    assert_int_equal(ask(&s, "PC-0142", ""), -EINVAL);
    assert_int_equal(ask(&s, "PC-0142", "だれか"), -EINVAL);
    assert_int_equal(ask(&s, " ", "佐藤"), -EINVAL);
    assert_int_equal(number(s.f, "SELECT count(*) FROM message"), 0);
    assert_int_equal(ask(&s, "PC-0142", "佐藤"), 0);
    assert_int_equal(number(s.f, "SELECT count(*) FROM message WHERE way = 'sms' AND who = '佐藤' AND body LIKE '%電源は切らない%' AND body LIKE '%PC-0142%' AND body LIKE '%2階の東側%'"), 1);
    assert_int_equal(number(s.f, "SELECT state = 'waiting' AND ref = 'campaign:1' AND means IS NULL FROM task WHERE step = 'off'"), 1);
    assert_int_equal(ask(&s, "PC-0142", "佐藤"), -EBUSY); /* once */
    tick(&s);
    assert_int_equal(number(s.f, "SELECT state = 'waiting' FROM task WHERE step = 'off'"), 1);
    token_of(&s, token);
    /* it cannot be done: the step is back with whoever leads, and the other answer still counts */
    assert_int_equal(room_campaign_answer_token(s.f->r, str_of(token), 0, &cannot, &s.d), 0);
    tick(&s);
    tick(&s);
    assert_int_equal(number(s.f, "SELECT state = 'due' AND means = 'onsite_no' FROM task WHERE step = 'off'"), 1);
    /* done without a photo is not done */
    assert_int_equal(room_campaign_answer_token(s.f->r, str_of(token), 0, &done, &s.d), -EINVAL);
    assert_string_equal(s.d.text, "photo");
    done.photo = STR(SUM);
    done.photo_name = STR("photo.jpg");
    done.photo_bytes = 4711;
    assert_int_equal(room_campaign_answer_token(s.f->r, str_of(token), 0, &done, &s.d), 0);
    assert_int_equal(room_campaign_answer_token(s.f->r, str_of(token), 0, &done, &s.d), -EBUSY);
    assert_int_equal(number(s.f, "SELECT count(*) FROM attachment WHERE of = 'target' AND incident_id = 1 AND bytes = 4711 AND digest = '" SUM "'"), 1);
    tick(&s);
    assert_int_equal(number(s.f, "SELECT state = 'done' AND evidence LIKE '%佐藤%photo.jpg%" SUM "%' FROM task WHERE step = 'off'"), 1);
    assert_int_equal(number(s.f, "SELECT count(*) FROM task WHERE step = 'then' AND state = 'due'"), 1);
    tick(&s);
    assert_int_equal(number(s.f, "SELECT count(*) FROM timeline WHERE text_key IN ('event.step_onsite', 'event.step_done', 'event.attached')"), 3);
    fixture_free(s.f);
}

static void what_is_done_otherwise_or_called_off_is_reminded_of_no_more(void **state UNUSED) {
    struct scene s = scene();
    struct room_task_end skip = {.to = STR("failed"), .why = STR("現地に誰もいない")};
    assert_int_equal(ask(&s, "PC-0142", "鈴木"), 0);
    assert_int_equal(room_campaign_end(s.f->r, &s.by, 1, number(s.f, "SELECT version FROM campaign"), &s.d), 0);
    tick(&s);
    assert_int_equal(number(s.f, "SELECT state = 'due' AND means = 'onsite_ended' FROM task WHERE step = 'off'"), 1);
    assert_int_equal(ask(&s, "PC-0142", "佐藤"), 0); /* somebody else */
    struct room_campaign_said cannot = {.value = STR("cannot"), .words = STR("鍵がない"), .done = -1};
    assert_int_equal(room_campaign_answer(s.f->r, &s.by, 2, number(s.f, "SELECT version FROM campaign_target WHERE id = 2"), &cannot, &s.d), 0);
    tick(&s);
    assert_int_equal(room_task_end(s.f->r, &s.by, number(s.f, "SELECT id FROM task WHERE step = 'off'"), version(&s), &skip, &s.d), 0);
    assert_int_equal(number(s.f, "SELECT count(*) FROM campaign WHERE state = 'ended'"), 2);
    fixture_free(s.f);
}

static void who_may_be_told_stands_there(void **state UNUSED) {
    struct scene s = scene();
    struct arena a;
    struct jsonw w;
    struct buf b;
    arena_init(&a, 1 << 20);
    buf_init(&b, 1 << 20);
    jsonw_init(&w, &b);
    assert_int_equal(room_task_onsite_write(s.f->r, 1, &w, &s.d), 0);
    assert_true(str_eq_z(at(&a, buf_str(&b), "kind"), "onsite_isolate"));
    assert_true(str_eq_z(at(&a, buf_str(&b), "targets.0.target"), "PC-0142"));
    assert_true(str_eq_z(at(&a, buf_str(&b), "targets.0.person"), "佐藤"));
    assert_true(str_eq_z(at(&a, buf_str(&b), "people.1.organisation"), "支店"));
    buf_done(&b);
    arena_done(&a);
    fixture_free(s.f);
}

UNIT_GROUP(room_onsite, cmocka_unit_test(a_photo_comes_back_and_is_the_evidence), cmocka_unit_test(what_is_done_otherwise_or_called_off_is_reminded_of_no_more),
           cmocka_unit_test(who_may_be_told_stands_there))
