/* Cases like this one: by signs in common and how rare they are; what helped there; what may not be seen is not shown. */
#include "fixture.h"

#include "room/alike.h"
#include "room/readiness.h"

#define STORY(ja_, en_) "\"story\":{\"ja\":\"### 被害を軽くしたこと\\n- " ja_ "\\n- 二つ目\\n### 残る課題\\n- 課題\\n## 教訓\\n- 違う章\",\"en\":\"### What limited the damage\\n- " en_ "\\n### Still open\\n- open\"}"
#define LOGIN "{\"id\":\"p-list\",\"titles\":{\"ja\":\"一覧\",\"en\":\"List\"},\"pack\":{\"factor\":[\"password_reuse\"],\"figures\":[{\"id\":\"a\",\"time\":\"T1\",\"ja\":\"日次\",\"en\":\"daily\"}]}," \
              "\"expect\":{\"noticed\":[{\"kind\":\"list_attack\"},{\"kind\":\"cross_service\"}],\"proposed\":[{\"action\":\"block_source\"}]},\"traced\":[\"login_event\"],\"about\":[]," STORY("速い", "quick") "}"
#define GUESS "{\"id\":\"p-guess\",\"titles\":{\"ja\":\"総当たり\",\"en\":\"Guess\"},\"pack\":{\"factor\":[]},\"expect\":{\"noticed\":[{\"kind\":\"dictionary_attack\"},{\"kind\":\"cross_service\"}]},\"traced\":[\"sshd\"],\"about\":[]}"
#define SITE "{\"id\":\"p-site\",\"titles\":{\"ja\":\"改ざん\",\"en\":\"Site\"},\"pack\":{\"factor\":[\"site_tampered\",\"night\"]},\"expect\":null,\"traced\":[],\"about\":[]}"
#define SLOW "{\"id\":\"p-slow\",\"titles\":{\"ja\":\"停止\",\"en\":\"Slow\"},\"pack\":{\"factor\":[]},\"expect\":{\"noticed\":[{\"kind\":\"enquiries\"}]},\"traced\":[\"kizuki_report\"],\"about\":[\"slow\"]}"

static struct fixture *library(void) {
    const struct room_readiness_pack packs[] = {{STR(GUESS), STR("1")}, {STR(SITE), STR("2")}, {STR(SLOW), STR("3")}, {STR(LOGIN), STR("4")}};
    struct fixture *f = fixture_new();
    struct diag d = {0};
    if (room_readiness_load(f->r, "content/measures", packs, ARRAY_SIZE(packs), &d) < 0)
        fail_msg("%s", d.text);
    return f;
}

static void run(struct fixture *f, const char *sql) {
    struct diag d = {0};
    if (sql_run(f->r->db, &d, sql, "") < 0)
        fail_msg("%s", d.text);
}

static int64_t one(struct fixture *f, const char *id, const char *kind, const char *service, const char *source, int minute) {
    struct story s = {.id = id, .revision = 1, .rule = kind, .kind = kind, .level = "high", .propose = "block_source", .service = service, .group_source = source, .account_pattern = "m#",
                      .account_n = 5, .first_ns = T0 + minute * NS_PER_MIN, .last_ns = T0 + (minute + 1) * NS_PER_MIN, .count = 40, .good = 0};
    f->now_ns = s.last_ns + NS_PER_S;
    return fold(f, &s).incident;
}

struct seen {
    struct fixture *f;
    struct arena a;
    struct buf out;
};

static struct str look(struct seen *x, int64_t incident, const char *path) {
    struct room_actor who = fixture_actor(x->f, x->f->auditor);
    struct jsonw w;
    struct diag d = {0};
    buf_clear(&x->out);
    jsonw_init(&w, &x->out);
    if (room_alike_write(x->f->r, incident, &who, &w, &d) < 0)
        fail_msg("%s", d.text);
    return at(&x->a, buf_str(&x->out), path);
}

static struct seen begin(void) {
    struct seen x = {.f = library()};
    arena_init(&x.a, 1 << 24);
    buf_init(&x.out, 1 << 20);
    return x;
}

static void end(struct seen *x) {
    arena_done(&x->a);
    buf_done(&x->out);
    fixture_free(x->f);
}

static bool holds(const struct seen *x, const char *text) {
    return str_find(buf_str(&x->out), str_of(text), 0) >= 0;
}

/* Two lessons share the way and the block; the kind, which one alone has, decides. What helped is the story's own chapter. */
static void the_lesson_with_the_rarer_sign_comes_first(void **state UNUSED) {
    struct seen x = begin();
    int64_t id = one(x.f, "a0", "list_attack", "members", "203.0.113.1", 0);
    assert_str(look(&x, id, "cases.0.id"), "p-list");
    assert_str(look(&x, id, "cases.0.same.0.what"), "kind");
    assert_str(look(&x, id, "cases.0.same.0.value"), "list_attack");
    assert_str(look(&x, id, "cases.0.helped.0.ja"), "速い");
    assert_str(look(&x, id, "cases.0.helped.0.en"), "quick");
    assert_str(look(&x, id, "cases.0.failed.0.ja"), "課題");
    assert_false(holds(&x, "違う章"));
    assert_false(holds(&x, "p-site") || holds(&x, "p-slow")); /* they share nothing with it */
    assert_str(look(&x, id, "survey.id"), "p-list");
    assert_str(look(&x, id, "times.1.survey.0.ja"), "日次");
    assert_str(look(&x, id, "times.1.id"), "T1");
    int64_t other = one(x.f, "a1", "dictionary_attack", "files", "198.51.100.1", 300);
    assert_int_not_equal(other, id);
    assert_str(look(&x, other, "cases.0.id"), "p-guess");
    end(&x);
}

/* What people report finds its lesson without any rule; a cause a person reported, too. */
static void reports_find_their_lesson(void **state UNUSED) {
    struct seen x = begin();
    int64_t slow = one(x.f, "b0", "enquiries", "members", NULL, 0), site = one(x.f, "b1", "site_tampered", "shop", NULL, 300);
    assert_str(look(&x, slow, "cases.0.id"), "p-slow");
    assert_str(look(&x, site, "cases.0.id"), "p-site");
    assert_true(holds(&x, "\"helped\":[]")); /* it has no story */
    end(&x);
}

/* Own closed cases with what became of their acts; not drills, false alarms and what the reader may not see. */
static void own_cases_tell_what_helped(void **state UNUSED) {
    struct seen x = begin();
    struct diag d = {0};
    int64_t old = one(x.f, "c0", "list_attack", "points", "192.0.2.1", 0), drill = one(x.f, "c1", "list_attack", "files", "192.0.2.2", 500),
            hidden = one(x.f, "c2", "list_attack", "shop", "192.0.2.3", 1000), id = one(x.f, "c3", "list_attack", "points", "203.0.113.9", 2000);
    assert_int_equal(old + drill + hidden + id, 10);
    run(x.f, "UPDATE incident SET state = 'closed', closed_at = 9 WHERE id < 4");
    run(x.f, "UPDATE incident SET drill = 1 WHERE id = 2");
    run(x.f, "UPDATE incident SET need_to_know = 1 WHERE id = 3");
    run(x.f, "UPDATE action SET state = 'ended', tries_after = 0 WHERE incident_id = 1");
    run(x.f, "INSERT INTO task(incident_id, key, step, visit, kind, words_ja, words_en, state, place, why, ended_at) VALUES (1, 'k', 's', 1, 'act', '電話する', 'Call', 'failed', 1, '不在', 5)");
    assert_str(look(&x, id, "cases.0.of"), "case");
    assert_str(look(&x, id, "cases.0.id"), "1");
    assert_str(look(&x, id, "cases.0.helped.0.kind"), "block_source");
    assert_str(look(&x, id, "cases.0.failed.0.ja"), "電話する");
    assert_str(look(&x, id, "cases.0.failed.0.why"), "不在");
    assert_str(look(&x, id, "cases.1.id"), "p-list");
    assert_false(holds(&x, "\"id\":\"2\"") || holds(&x, "\"id\":\"3\""));
    run(x.f, "UPDATE action SET tries_after = 7 WHERE incident_id = 1"); /* they went on trying */
    assert_str(look(&x, id, "cases.0.failed.1.kind"), "block_source");
    run(x.f, "INSERT INTO false_alarm(incident_id, rule_id, service, reason) VALUES (1, 'r', 's', 'x')");
    assert_str(look(&x, id, "cases.0.id"), "p-list");
    struct jsonw w;
    struct room_actor who = fixture_actor(x.f, x.f->auditor);
    jsonw_init(&w, &x.out);
    assert_int_equal(room_alike_write(x.f->r, 99, &who, &w, &d), -ENOENT);
    end(&x);
}

UNIT_GROUP(room_alike, cmocka_unit_test(the_lesson_with_the_rarer_sign_comes_first), cmocka_unit_test(reports_find_their_lesson), cmocka_unit_test(own_cases_tell_what_helped))
