/* Conditions the room answers itself: read whole or not at all, undecided while a value is not known; steps that go on by them. */
#include "fixture.h"

#include "room/condition.h"
#include "room/fact.h"
#include "room/run.h"
#include "room/run_priv.h"

static int values(void *ctx UNUSED, struct str name, struct str *ret) {
    static const struct {
        const char *name, *value;
    } known[] = {{"accounts", "18"}, {"level", "critical"}, {"kinds", "login\ntampering"}, {"none", ""}};
    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (str_eq_z(name, known[i].name)) {
            *ret = str_of(known[i].value);
            return 1;
        }
    return str_eq_z(name, "later") ? 0 : str_eq_z(name, "broken") ? -EIO : -ENOENT;
}

static void what_cannot_be_read_whole_decides_nothing(void **state UNUSED) {
    static const struct {
        const char *text;
        enum condition_truth truth;
        const char *wants;
    } rows[] = {
        {"accounts >= 18", CONDITION_TRUE, ""},
        {"accounts > 18", CONDITION_FALSE, ""},
        {"[__accounts__:value == 18]", CONDITION_TRUE, ""},
        {"$$accounts$$ != 18", CONDITION_FALSE, ""},
        {"level = 'Critical' AND (accounts < 3 or accounts>=3)", CONDITION_TRUE, ""},
        {"not level = high", CONDITION_TRUE, ""},
        {"NOT NOT accounts = 1", CONDITION_FALSE, ""},
        {"kinds = tampering and kinds = login and kinds != mail", CONDITION_TRUE, ""},
        {"none = ''", CONDITION_TRUE, ""},
        {"later = yes", CONDITION_UNDECIDED, "later"},
        {"later = yes or accounts = 18", CONDITION_TRUE, ""}, /* decided whatever it will be */
        {"later = yes and accounts = 1", CONDITION_FALSE, ""},
        {"accounts = 18 and not later = yes", CONDITION_UNDECIDED, "later"},
        {"a or b and c", CONDITION_NONE, ""},
        {"まだ続いているか", CONDITION_NONE, ""},
        {"is it going on?", CONDITION_NONE, ""},
        {"accounts >= 18 and something else", CONDITION_NONE, ""},
        {"accounts = 18 and unknown = 1", CONDITION_NONE, ""},
        {"accounts > many", CONDITION_NONE, ""},
        {"level > 3", CONDITION_NONE, ""},
        {"(accounts = 18", CONDITION_NONE, ""},
        {"accounts = 18)", CONDITION_NONE, ""},
        {"(accounts = 18]", CONDITION_NONE, ""},
        {"accounts = '18", CONDITION_NONE, ""},
        {"accounts =", CONDITION_NONE, ""},
        {"", CONDITION_NONE, ""},
        {"((((((((((((((((((((((accounts = 18))))))))))))))))))))))", CONDITION_NONE, ""},
    };
    const struct condition_source from = {NULL, values};
    enum condition_truth truth;
    struct str wants;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        assert_int_equal(condition_judge(str_of(rows[i].text), &from, &truth, &wants), 0);
        if (truth != rows[i].truth || !str_eq_z(wants, rows[i].wants))
            fail_msg("'%s': %d, wants '%.*s'", rows[i].text, (int) truth, STR_ARG(wants));
    }
    assert_int_equal(condition_judge(STR("broken = 1"), &from, &truth, &wants), -EIO);
}

#define STEP(id, kind, more) "{\"id\":\"" id "\",\"kind\":\"" kind "\",\"words\":{\"ja\":\"" id "\",\"en\":\"" id "\"}" more "}"
static const char PLAN[] = "{\"id\":\"p\",\"title\":{\"ja\":\"t\",\"en\":\"t\"},\"start\":\"many\",\"steps\":[" STEP("many", "decision", ",\"condition\":\"accounts >= 2 and level = 'high'\",\"yes\":\"close\",\"next\":\"how\"") ","
    STEP("close", "task", "") "," STEP("how", "decision", ",\"asks\":\"form\",\"next\":\"ours\"") "," STEP("ours", "decision", ",\"condition\":\"__form__:value = 'login'\",\"yes\":\"known\",\"next\":\"leak\"") ","
    STEP("known", "task", "") "," STEP("leak", "decision", ",\"condition\":\"attack_kind = login\",\"yes\":\"tell\",\"next\":\"calm\"") "," STEP("tell", "task", "") ","
    STEP("calm", "repeat", ",\"condition\":\"findings >= 2\",\"yes\":\"again\",\"next\":\"stop\"") "," STEP("again", "task", "") ","
    STEP("stop", "decision", ",\"authority\":\"stop\",\"condition\":\"accounts >= 0\",\"yes\":\"end\"") "," STEP("end", "task", "") "]}";

static int64_t is(struct fixture *f, const char *step, const char *that) {
    char sql[300];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM task WHERE step = '%s' AND %s", step, that);
    return number(f, sql);
}

static void end_step(struct fixture *f, const struct room_actor *by, const char *step, const char *answer) {
    char sql[200];
    struct room_task_end x = {.to = STR("done"), .answer = answer ? str_of(answer) : STR("")};
    struct diag d = {0};
    snprintf(sql, sizeof sql, "SELECT id FROM task WHERE step = '%s' AND state IN ('due','doing')", step);
    int64_t id = number(f, sql);
    snprintf(sql, sizeof sql, "SELECT version FROM task WHERE id = %lld", (long long) id);
    if (room_task_end(f->r, by, id, number(f, sql), &x, &d) < 0)
        fail_msg("%s: %s", step, d.text);
}

static void a_run_goes_on_by_what_is_known(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct story s = {.id = "a1", .revision = 1, .rule = "r", .kind = "list_attack", .level = "high", .service = "members", .sources = "198.51.100.7", .first_ns = T0, .last_ns = T0 + NS_PER_MIN, .count = 60,
                      .good = -1}, more = {.id = "b2", .revision = 1, .rule = "r2", .kind = "list_attack", .level = "high", .service = "members", .sources = "198.51.100.7", .first_ns = T0, .last_ns = T0 + NS_PER_MIN,
                      .count = 60, .good = -1};
    struct room_actor by = fixture_actor(f, f->handler);
    struct room_playbook p = {.key = STR("p"), .title_ja = STR("t"), .title_en = STR("t"), .source = STR("id: p"), .plan = str_of(PLAN), .form = STR("{}"), .notes = STR("[]"), .origin = "made", .n_steps = 10};
    struct diag d = {0};
    int64_t playbook, run;
    if (room_facts_load(f->r, "content/facts.yml", &d) < 0)
        fail_msg("%s", d.text);
    int64_t incident = fold(f, &s).incident;
    if (room_playbook_put(f->r, &by, &p, &playbook, &d) < 0 || room_run_start(f->r, &by, incident, playbook, &run, &d) < 0)
        fail_msg("%s", d.text);
    /* measured: no account was entered, so nothing is to be closed; the next step asks a person for a variable */
    assert_int_equal(is(f, "many", "state = 'done' AND answer = 'no' AND ended_by = 'system'"), 1);
    assert_int_equal(is(f, "close", "1"), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.step_false' AND params LIKE '%accounts >= 2%'"), 1);
    end_step(f, &by, "how", "Login");
    assert_int_equal(is(f, "ours", "state = 'waiting' AND answer = 'yes'"), 1);
    end_step(f, &by, "known", NULL);
    /* a fact that is not confirmed decides nothing: it is waited for, and a person may answer */
    assert_int_equal(is(f, "leak", "state = 'due' AND means = 'undecided' AND ref = 'wants:attack_kind'"), 1);
    struct room_fact_new fact = {.incident = incident, .name = STR("attack_kind"), .value = STR("login"), .source = STR("t"), .state = FACT_UNCONFIRMED};
    enum fact_fault fault;
    assert_int_equal(room_fact_put(f->r, &by, &fact, &fault, &d), 0);
    assert_int_equal(room_runs_tick(f->r, &d), 0);
    assert_int_equal(is(f, "leak", "state = 'due'"), 1);
    fact.state = FACT_CONFIRMED;
    fact.version = number(f, "SELECT version FROM fact");
    assert_int_equal(room_fact_put(f->r, &by, &fact, &fault, &d), 0);
    assert_int_equal(room_runs_tick(f->r, &d), 0);
    assert_int_equal(is(f, "leak", "state = 'waiting' AND answer = 'yes'"), 1);
    assert_int_equal(is(f, "tell", "state = 'due'"), 1);
    fold(f, &more);
    end_step(f, &by, "tell", NULL);
    /* a repetition is asked again after its round, once a second and not in a circle */
    assert_int_equal(is(f, "again", "state = 'due'"), 1);
    end_step(f, &by, "again", NULL);
    assert_int_equal(is(f, "again", "1"), 1);
    assert_int_equal(room_runs_tick(f->r, &d), 0);
    assert_int_equal(is(f, "again", "1"), 2);
    assert_int_equal(room_runs_tick(f->r, &d), 0);
    assert_int_equal(is(f, "again", "1"), 2);
    assert_int_equal(is(f, "calm", "state = 'waiting' AND answer = 'yes'"), 1);
    fixture_free(f);
}

static void an_authority_is_a_person_s(void **state UNUSED) {
    static const char plan[] = "{\"id\":\"q\",\"title\":{\"ja\":\"t\",\"en\":\"t\"},\"start\":\"stop\",\"steps\":[" STEP("stop", "decision", ",\"authority\":\"stop\",\"condition\":\"accounts >= 0\",\"yes\":\"end\"") "," STEP("end", "task", "") "]}";
    struct fixture *f = fixture_new();
    struct story s = {.id = "a1", .revision = 1, .rule = "r", .kind = "list_attack", .level = "high", .service = "members", .sources = "198.51.100.7", .first_ns = T0, .last_ns = T0, .count = 60, .good = -1};
    struct room_actor by = fixture_actor(f, f->handler);
    struct room_playbook p = {.key = STR("q"), .title_ja = STR("t"), .title_en = STR("t"), .source = STR("id: q"), .plan = str_of(plan), .form = STR("{}"), .notes = STR("[]"), .origin = "made", .n_steps = 2};
    struct diag d = {0};
    int64_t playbook, run, incident = fold(f, &s).incident;
    if (room_playbook_put(f->r, &by, &p, &playbook, &d) < 0 || room_run_start(f->r, &by, incident, playbook, &run, &d) < 0)
        fail_msg("%s", d.text);
    assert_int_equal(room_runs_tick(f->r, &d), 0);
    assert_int_equal(is(f, "stop", "state = 'due' AND means IS NULL AND answer IS NULL"), 1);
    fixture_free(f);
}

static void the_last_answer_counts(void **state UNUSED) {
    static const char plan[] = "{\"id\":\"q\",\"title\":{\"ja\":\"t\",\"en\":\"t\"},\"start\":\"how\",\"steps\":[" STEP("how", "decision", ",\"asks\":\"form\",\"next\":\"how2\"") ","
        STEP("how2", "decision", ",\"asks\":\"form\",\"next\":\"ours\"") "," STEP("ours", "decision", ",\"condition\":\"form = login\",\"yes\":\"end\",\"next\":\"end\"") "," STEP("end", "task", "") "]}";
    struct fixture *f = fixture_new();
    struct story s = {.id = "a1", .revision = 1, .rule = "r", .kind = "list_attack", .level = "high", .service = "members", .sources = "198.51.100.7", .first_ns = T0, .last_ns = T0, .count = 60, .good = -1};
    struct room_actor by = fixture_actor(f, f->handler);
    struct room_playbook p = {.key = STR("q"), .title_ja = STR("t"), .title_en = STR("t"), .source = STR("id: q"), .plan = str_of(plan), .form = STR("{}"), .notes = STR("[]"), .origin = "made", .n_steps = 4};
    struct diag d = {0};
    int64_t playbook, run, incident = fold(f, &s).incident;
    if (room_playbook_put(f->r, &by, &p, &playbook, &d) < 0 || room_run_start(f->r, &by, incident, playbook, &run, &d) < 0)
        fail_msg("%s", d.text);
    end_step(f, &by, "how", "mail");
    f->now_ns += NS_PER_MIN;
    end_step(f, &by, "how2", "login"); /* now it is known better */
    assert_int_equal(is(f, "ours", "answer = 'yes'"), 1);
    fixture_free(f);
}

UNIT_GROUP(room_condition, cmocka_unit_test(the_last_answer_counts), cmocka_unit_test(what_cannot_be_read_whole_decides_nothing), cmocka_unit_test(a_run_goes_on_by_what_is_known), cmocka_unit_test(an_authority_is_a_person_s))
