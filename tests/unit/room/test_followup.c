/* What is done about lessons and gaps: owned until a date, told and told again, measured when somebody says it is done, and believed only then. */
#include "fixture.h"

#include "base/buf.h"
#include "room/campaign.h"
#include "room/followup.h"
#include "room/message.h"
#include "room/plans.h"
#include "room/readiness.h"
#include "room/register.h"

#define PACK                                                                                                                                        \
    "{\"id\":\"p\",\"titles\":{\"ja\":\"例\",\"en\":\"Example\"},\"pack\":{\"short\":\"A-9\",\"lessons\":[{\"id\":\"owners\",\"ja\":\"責任者\",\"en\":\"owners\",\"by\":\"control/owners\"},"    \
    "{\"id\":\"drilled\",\"ja\":\"訓練\",\"en\":\"drilled\",\"by\":\"step/close\"},{\"id\":\"told\",\"ja\":\"人が見る\",\"en\":\"seen by a person\"}]},"                                     \
    "\"playbook\":{\"id\":\"proc\"},\"controls\":{\"controls\":[{\"id\":\"owners\",\"ja\":\"責任者\",\"en\":\"Owners\",\"measure\":\"owners_named\",\"parameters\":{}},"                   \
    "{\"id\":\"factor\",\"ja\":\"二要素\",\"en\":\"Second factor\",\"attested\":true,\"cell\":\"prevented\"},{\"id\":\"loose\",\"ja\":\"どこにも\",\"en\":\"nowhere\",\"attested\":true}]}}"

static const char *const SYSTEMS[] = {"会員サイト\tkind=service\tresponsible=田中", "予約\tkind=service"};
static const char *const MENDED[] = {"会員サイト\tkind=service\tresponsible=田中", "予約\tkind=service\tresponsible=佐藤"};

static struct fixture *office(void) {
    struct fixture *f = fixture_new();
    const struct room_readiness_pack packs[] = {{STR(PACK), STR("d1")}};
    struct diag d = {0};
    if (room_registers_load(f->r, "content/imports", &d) < 0 || room_readiness_load(f->r, "content/measures", packs, 1, &d) < 0 || room_plans_load(f->r, "content", NULL, &d) < 0)
        fail_msg("%s", d.text);
    put_row(f, "people", "佐藤", "{\"name\":\"佐藤\",\"mail\":\"sato@example.jp\"}");
    rows(f, "systems", SYSTEMS, ARRAY_SIZE(SYSTEMS));
    return f;
}

static void measure(struct fixture *f) {
    struct diag d = {0};
    if (room_readiness_measure(f->r, &room_system, STR("{\"trace\":null,\"partners\":0}"), &d) < 0)
        fail_msg("%s", d.text);
}

static int64_t add(struct fixture *f, const char *lesson, const char *question, int64_t due, int want) {
    struct room_actor who = fixture_actor(f, f->handler);
    struct room_followup_new x = {.pack = STR("p"), .lesson = str_of(lesson), .question = str_of(question), .words = STR("責任者を書く"), .person = STR("佐藤"), .due_ns = due};
    struct diag d = {0};
    int64_t id = 0;
    int e = room_followup_add(f->r, &who, &x, &id, &d);
    if (e != want)
        fail_msg("%d: %s", e, d.text);
    return id;
}

static int done(struct fixture *f, int64_t id, const char *evidence, int64_t until) {
    struct room_actor who = fixture_actor(f, f->handler);
    return room_followup_done(f->r, &who, id, -1, str_of(evidence), until, NULL);
}

static void assert_state(struct fixture *f, int64_t id, const char *state) {
    char sql[200];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM followup WHERE id = %lld AND state = '%s'", (long long) id, state);
    if (number(f, sql) != 1)
        fail_msg("%lld is not %s", (long long) id, state);
}

static struct str text_of(struct fixture *f, struct buf *b) {
    struct jsonw w;
    struct diag d = {0};
    buf_clear(b);
    jsonw_init(&w, b);
    jsonw_object(&w);
    jsonw_key(&w, STR("readiness"));
    if (room_readiness_write(f->r, &w, &d) < 0 || room_followups_write(f->r, STR(""), &w, &d) < 0)
        fail_msg("%s", d.text);
    jsonw_end(&w);
    return buf_str(b);
}

static bool says(struct fixture *f, const char *what) {
    struct buf b;
    buf_init(&b, 1 << 20);
    bool found = str_find(text_of(f, &b), str_of(what), 0) >= 0;
    buf_done(&b);
    return found;
}

static void a_gap_is_owned_and_not_believed(void **state) {
    struct fixture *f = office();
    measure(f);
    add(f, "", "no_such(,,)", f->now_ns + NS_PER_DAY, -EINVAL);
    add(f, "", "owners_named(,,)", f->now_ns, -EINVAL);
    int64_t id = add(f, "", "owners_named(,,)", f->now_ns + 10 * NS_PER_DAY, 0);
    add(f, "", "owners_named(,,)", f->now_ns + 10 * NS_PER_DAY, -EEXIST);
    assert_int_equal(number(f, "SELECT count(*) FROM message WHERE address = 'sato@example.jp'"), 1);
    assert_true(says(f, "\"todo\":{\"id\":1,\"person\":\"佐藤\""));
    assert_int_equal(done(f, id, " ", TIME_NONE), -EINVAL);
    assert_int_equal(done(f, id, "台帳に書いた", TIME_NONE), 0);
    assert_state(f, id, "said");
    measure(f); /* it is not so */
    assert_state(f, id, "open");
    assert_int_equal(number(f, "SELECT count(*) FROM followup WHERE result = 'no' AND checked_at IS NOT NULL"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM campaign WHERE state = 'running'"), 1); /* told anew */
    rows(f, "systems", MENDED, ARRAY_SIZE(MENDED));
    measure(f); /* mended, though nobody said so */
    assert_state(f, id, "closed");
    assert_int_equal(number(f, "SELECT count(*) FROM campaign WHERE state = 'running'"), 0);
    fixture_free(f);
}

static void owners_are_told_on_the_day(void **state) {
    struct fixture *f = office();
    int64_t due = f->now_ns + 10 * NS_PER_DAY, id = add(f, "owners", "", due, 0);
    struct room_campaign_said s = {.value = STR("done"), .words = STR("書いた"), .done = -1};
    f->now_ns += 8 * NS_PER_DAY;
    assert_int_equal(room_campaigns_tick(f->r, NULL), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM campaign_told WHERE up = 0"), 2); /* a week after the first */
    f->now_ns = due;
    assert_int_equal(room_campaigns_tick(f->r, NULL), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM campaign_told WHERE up = 0"), 3);
    assert_true(says(f, "\"late\":1") || says(f, "\"late\":true"));
    struct room_actor chief = fixture_actor(f, f->administrator);
    assert_int_equal(room_campaign_answer(f->r, &chief, 1, -1, &s, NULL), 0);
    assert_int_equal(room_followups_tick(f->r, NULL), 1);
    assert_state(f, id, "said");
    assert_int_equal(room_followups_tick(f->r, NULL), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM followup WHERE said = '書いた'"), 1);
    fixture_free(f);
}

static void a_result_feeds_its_cell(void **state) {
    struct fixture *f = office();
    int64_t drilled = add(f, "drilled", "", f->now_ns + 10 * NS_PER_DAY, 0), told = add(f, "told", "", f->now_ns + 10 * NS_PER_DAY, 0);
    assert_int_equal(number(f, "SELECT count(*) FROM followup WHERE question = 'procedure_run(proc,365,)' AND lesson = 'drilled'"), 1);
    add(f, "drilled", "", f->now_ns + 10 * NS_PER_DAY, -EEXIST);
    add(f, "no-such", "", f->now_ns + 10 * NS_PER_DAY, -ENOENT);
    assert_true(says(f, "\"kind\":\"lesson\",\"id\":\"drilled\",\"words\":{\"ja\":\"責任者を書く\",\"en\":\"責任者を書く\"},\"state\":\"todo\""));
    assert_int_equal(done(f, told, "写真", TIME_NONE), 0);
    assert_int_equal(done(f, drilled, "訓練した", TIME_NONE), 0);
    measure(f);
    assert_state(f, told, "closed"); /* a person judges that */
    assert_state(f, drilled, "open"); /* no run of the procedure is known */
    assert_true(says(f, "\"id\":\"told\",\"words\":{\"ja\":\"責任者を書く\",\"en\":\"責任者を書く\"},\"state\":\"declared\"")); /* never as if it was measured */
    f->now_ns += 11 * NS_PER_DAY;
    assert_true(says(f, "\"id\":\"drilled\",\"words\":{\"ja\":\"責任者を書く\",\"en\":\"責任者を書く\"},\"state\":\"must\""));
    assert_true(says(f, "\"lessons\":{\"all\":3,\"owned\":2,\"late\":1,\"shown\":1}"));
    fixture_free(f);
}

static void what_people_attest_is_attested(void **state) {
    struct fixture *f = office();
    int64_t id = add(f, "", "attested:p/factor", f->now_ns + 10 * NS_PER_DAY, 0);
    assert_int_equal(done(f, id, "設定の写し", TIME_NONE), -EINVAL); /* until when it holds */
    assert_int_equal(done(f, id, "設定の写し", f->now_ns + 90 * NS_PER_DAY), 0);
    measure(f);
    assert_state(f, id, "closed");
    assert_int_equal(number(f, "SELECT count(*) FROM attested WHERE control = 'factor' AND answer = 'yes'"), 1);
    assert_true(says(f, "\"others\":[{\"kind\":\"attested\",\"id\":\"loose\"")); /* what the lesson puts into no cell counts in none */
    struct buf b;
    buf_init(&b, 1 << 20);
    assert_int_equal(room_followups_csv(f->r, STR("p"), &b, NULL), 0);
    assert_true(str_find(buf_str(&b), STR("責任者を書く"), 0) > 0);
    buf_done(&b);
    struct room_actor auditor = fixture_actor(f, f->auditor), who = fixture_actor(f, f->handler);
    assert_true(room_followup_drop(f->r, &auditor, id, -1, STR("x"), NULL) < 0);
    assert_int_equal(room_followup_drop(f->r, &who, id, -1, STR(""), NULL), -EINVAL);
    assert_int_equal(room_followup_drop(f->r, &who, id, -1, STR("別の方法にした"), NULL), 0);
    fixture_free(f);
}

UNIT_GROUP(room_followup, cmocka_unit_test(a_gap_is_owned_and_not_believed), cmocka_unit_test(owners_are_told_on_the_day), cmocka_unit_test(a_result_feeds_its_cell),
           cmocka_unit_test(what_people_attest_is_attested))
