/* Calling people in simulated time: up a level every five minutes, what ends it, kills, clocks that jump, a list and its superiors. */
#include "fixture.h"

#include "room/register.h"

#include "room/authority.h"
#include "room/callout.h"
#include "room/message.h"

#define MIN_ NS_PER_MIN

static int64_t n_calls(struct fixture *f) {
    return number(f, "SELECT count(*) FROM call");
}

static void tick(struct fixture *f) {
    struct diag d = {0};
    if (room_callouts_tick(f->r, &d) < 0)
        fail_msg("%s", d.text);
}

static void last_person(struct fixture *f, const char *want) {
    struct sql_stmt *st = NULL;
    assert_int_equal(sql_query(f->r->db, &st, NULL, "SELECT person FROM call ORDER BY id DESC LIMIT 1", ""), 0);
    assert_int_equal(sql_step(st, NULL), 1);
    assert_str(sql_str(st, 0), want);
    sql_end(st);
}

/* Kept alive like a kill: the database is all that is left. */
static void restart(struct fixture *f) {
    char path[96];
    struct diag d = {0};
    struct port_clock clock = f->r->clock;
    snprintf(path, sizeof path, "%s/room.db", f->dir);
    room_close(f->r);
    struct room_options o = {.path = path, .clock = &clock, .wall = &clock, .policy = &f->policy, .key = &f->key, .public_key = &f->public_key, .calendar = &f->calendar};
    if (room_open(&o, &f->r, &d) < 0)
        fail_msg("%s", d.text);
}

static struct fixture *at_night(void) {
    struct fixture *f = fixture_new();
    struct story s = {.id = "a0", .revision = 1, .rule = "r-list", .kind = "list_attack", .level = "high", .service = "members", .group_source = "198.51.100.1",
                      .account_pattern = "m#", .account_n = 30, .first_ns = T0, .last_ns = T0 + 30 * NS_PER_S, .count = 60, .good = 0};
    put_row(f, "roster", "1", "{\"group\":\"当番\",\"first\":\"佐藤\",\"second\":\"鈴木\"}");
    put_row(f, "authority", "1", "{\"kind\":\"stop\",\"verb\":\"decide\",\"who\":\"部長\"}");
    put_row(f, "people", "佐藤", "{\"name\":\"佐藤\",\"mobile\":\"090-0000-0001\"}");
    fold(f, &s);
    return f;
}

static void an_alarm_nobody_takes_goes_up_every_five_minutes(void **state UNUSED) {
    struct fixture *f = at_night();
    tick(f);
    assert_int_equal(n_calls(f), 0); /* it has just come */
    f->now_ns += 5 * MIN_;
    tick(f);
    assert_int_equal(n_calls(f), 1);
    last_person(f, "佐藤");
    assert_int_equal(number(f, "SELECT address = '090-0000-0001' AND way = 'mobile' FROM call"), 1);
    f->now_ns += 5 * MIN_ - NS_PER_S;
    tick(f);
    assert_int_equal(n_calls(f), 1);
    f->now_ns += NS_PER_S;
    tick(f);
    tick(f); /* not twice */
    assert_int_equal(n_calls(f), 2);
    last_person(f, "鈴木");
    f->now_ns += 5 * MIN_;
    tick(f);
    last_person(f, "部長");
    f->now_ns += 5 * MIN_;
    tick(f);
    last_person(f, "佐藤"); /* and again from the first */
    assert_int_equal(number(f, "SELECT count(*) FROM callout"), 1);
    struct room_actor duty = fixture_actor(f, f->handler);
    assert_int_equal(room_incident_seen(f->r, &duty, 1, NULL), 0); /* somebody takes it */
    f->now_ns += 5 * MIN_;
    tick(f);
    assert_int_equal(n_calls(f), 4);
    assert_int_equal(number(f, "SELECT state = 'reached' AND next_at IS NULL FROM callout"), 1);
    f->now_ns += 60 * MIN_;
    tick(f);
    assert_int_equal(number(f, "SELECT count(*) FROM callout"), 1); /* it is not called out again */
    fixture_free(f);
}

static void after_three_rounds_it_says_that_nobody_was_reached(void **state UNUSED) {
    struct fixture *f = at_night();
    f->now_ns += 5 * MIN_;
    for (int i = 0; i < 60; i++, f->now_ns += MIN_)
        tick(f);
    assert_int_equal(n_calls(f), 3 * CALLOUT_ROUNDS);
    assert_int_equal(number(f, "SELECT state = 'nobody' FROM callout"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.nobody_reached'"), 1);
    fixture_free(f);
}

/* What the door sends is acknowledged by its link: that is an answer, too. */
static void acknowledging_the_message_answers_the_call(void **state UNUSED) {
    struct fixture *f = at_night();
    f->now_ns += 5 * MIN_;
    tick(f);
    assert_int_equal(number(f, "SELECT way = 'sms' AND address = '090-0000-0001' AND who = '佐藤' FROM message"), 1);
    struct sql_stmt *st = NULL;
    char token[64];
    assert_int_equal(sql_query(f->r->db, &st, NULL, "SELECT token FROM message", ""), 0);
    assert_int_equal(sql_step(st, NULL), 1);
    snprintf(token, sizeof token, "%.*s", STR_ARG(sql_str(st, 0)));
    sql_end(st);
    assert_int_equal(room_message_acknowledge(f->r, str_of(token), NULL), 0);
    f->now_ns += NS_PER_S;
    tick(f);
    assert_int_equal(number(f, "SELECT state = 'reached' FROM callout"), 1);
    assert_int_equal(number(f, "SELECT answered_at IS NOT NULL FROM call"), 1);
    f->now_ns += 20 * MIN_;
    tick(f);
    assert_int_equal(n_calls(f), 1);
    fixture_free(f);
}

/* Signing in by a call: where the account and the number are an administrator's word, and while the call is young. */
static void who_is_called_may_sign_in(void **state UNUSED) {
    struct fixture *f = at_night();
    char token[64] = "", link[ROOM_TOKEN_CHARS + 1], session[ROOM_TOKEN_CHARS + 1];
    struct room_session found;
    struct diag d = {0};
    struct sql_stmt *st = NULL;
    if (room_registers_load(f->r, "content/imports", &d) < 0)
        fail_msg("%s", d.text);
    f->now_ns += 5 * MIN_;
    tick(f);
    put_row(f, "people", "鈴木", "{\"name\":\"鈴木\",\"mobile\":\"090-0000-0002\",\"account\":\"duty\"}");
    f->now_ns += 5 * MIN_;
    tick(f);
    for (int level = 0; level < 2; level++) { /* whose row names no account; and whose does */
        assert_int_equal(sql_query(f->r->db, &st, NULL, "SELECT m.token FROM message m JOIN call c ON c.message_id = m.id WHERE c.level = ?1", "i", (int64_t) level), 0);
        assert_int_equal(sql_step(st, NULL), 1);
        snprintf(token, sizeof token, "%.*s", STR_ARG(sql_str(st, 0)));
        sql_end(st);
        if (level == 0)
            assert_int_equal(room_call_link(f->r, str_of(token), link, &d), 0);
    }
    assert_int_equal(room_call_link(f->r, STR("0"), link, &d), 0);
    assert_int_equal(room_call_link(f->r, str_of(token), link, &d), 1);
    assert_int_equal(room_sign_in(f->r, str_of(link), session, &d), 0);
    assert_int_equal(room_session_find(f->r, str_of(session), &found, &d), 0);
    assert_int_equal(found.person.actor.person, f->handler);
    assert_int_equal(room_sign_in(f->r, str_of(link), session, &d), -ERR_REFUSED); /* once */
    assert_int_equal(number(f, "SELECT count(*) FROM link WHERE created_by = 'system'"), 1);
    /* a colleague changed the number: it opens nothing until an administrator says it is right */
    char by[96];
    snprintf(by, sizeof by, "UPDATE register SET updated_by = 'person:%lld' WHERE kind = 'people'", (long long) f->handler);
    assert_int_equal(sql_run(f->r->db, &d, by, ""), 0);
    assert_int_equal(room_call_link(f->r, str_of(token), link, &d), 0);
    snprintf(by, sizeof by, "UPDATE register SET updated_by = 'person:%lld' WHERE kind = 'people'", (long long) f->administrator);
    assert_int_equal(sql_run(f->r->db, &d, by, ""), 0);
    assert_int_equal(room_call_link(f->r, str_of(token), link, &d), 1);
    f->now_ns += 61 * MIN_;
    assert_int_equal(room_call_link(f->r, str_of(token), link, &d), 0);
    f->now_ns -= 61 * MIN_;
    assert_int_equal(room_call_link(f->r, str_of(token), link, &d), 1);
    assert_int_equal(room_message_acknowledge(f->r, str_of(token), &d), 0); /* pressed: who finds the message later gets nothing */
    assert_int_equal(room_call_link(f->r, str_of(token), link, &d), 0);
    fixture_free(f);
}

static void a_kill_repeats_and_loses_nothing(void **state UNUSED) {
    struct fixture *f = at_night();
    f->now_ns += 5 * MIN_;
    tick(f);
    restart(f);
    tick(f);
    assert_int_equal(n_calls(f), 1);
    f->now_ns += 5 * MIN_;
    restart(f); /* it was down when the time came */
    tick(f);
    assert_int_equal(n_calls(f), 2);
    restart(f);
    tick(f);
    assert_int_equal(n_calls(f), 2);
    fixture_free(f);
}

static void a_clock_that_jumps_calls_one_level(void **state UNUSED) {
    struct fixture *f = at_night();
    f->now_ns += 5 * MIN_;
    tick(f);
    f->now_ns += 6 * 60 * MIN_; /* forward: as after a night's suspension */
    tick(f);
    tick(f);
    assert_int_equal(n_calls(f), 2);
    f->now_ns -= 3 * 60 * MIN_; /* back: it must not sleep for three hours */
    tick(f);
    assert_int_equal(n_calls(f), 2);
    f->now_ns += 5 * MIN_;
    tick(f);
    assert_int_equal(n_calls(f), 3);
    fixture_free(f);
}

static int64_t begin(struct fixture *f, const struct room_callout *x) {
    struct room_actor chief = fixture_actor(f, f->administrator);
    struct diag d = {0};
    int64_t id;
    if (room_callout_start(f->r, &chief, x, &id, &d) < 0)
        fail_msg("%s", d.text);
    return id;
}

static void the_key_person_is_asked_one_question_and_another_stands_in(void **state UNUSED) {
    struct fixture *f = at_night();
    struct room_actor chief = fixture_actor(f, f->administrator);
    struct str who[] = {STR("工場長"), STR("副工場長")};
    assert_int_equal(room_incident_seen(f->r, &chief, 1, NULL), 0); /* the alarm itself was taken */
    struct room_callout x = {.incident = 1, .purpose = "key", .kind = STR(""), .service = STR(""), .group = STR(""), .people = who, .n_people = 2,
                             .text = STR("端末2台が感染"), .question = STR("どのラインを止めますか")};
    int64_t id = begin(f, &x);
    assert_int_equal(n_calls(f), 1);
    last_person(f, "工場長");
    f->now_ns += 5 * MIN_;
    tick(f);
    last_person(f, "副工場長");
    assert_int_equal(room_callout_answer(f->r, &chief, id, STR("副工場長"), STR("第2ライン"), NULL), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM call WHERE answer = '第2ライン' AND person = '副工場長' AND answered_at IS NOT NULL"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.answered' AND params LIKE '%第2ライン%'"), 1);
    f->now_ns += 60 * MIN_;
    tick(f);
    assert_int_equal(n_calls(f), 2);
    assert_int_equal(number(f, "SELECT state = 'reached' FROM callout WHERE purpose = 'key'"), 1);
    fixture_free(f);
}

static void above_the_key_person_somebody_answers(void **state UNUSED) {
    struct fixture *f = at_night();
    struct room_actor chief = fixture_actor(f, f->administrator);
    struct str who[] = {STR("工場長")};
    put_row(f, "organisations", "本社", "{\"name\":\"本社\"}");
    put_row(f, "organisations", "工場", "{\"name\":\"工場\",\"parent\":\"本社\"}");
    put_row(f, "people", "工場長", "{\"name\":\"工場長\",\"organisation\":\"工場\"}");
    put_row(f, "people", "役員", "{\"name\":\"役員\",\"organisation\":\"本社\",\"mobile\":\"090-0000-0002\"}");
    assert_int_equal(room_incident_seen(f->r, &chief, 1, NULL), 0);
    struct room_callout x = {.incident = 1, .purpose = "key", .kind = STR(""), .service = STR(""), .group = STR(""), .people = who, .n_people = 1,
                             .text = STR("端末2台が感染"), .question = STR("どのラインを止めますか")};
    (void) begin(f, &x);
    last_person(f, "工場長");
    f->now_ns += 5 * MIN_;
    tick(f);
    last_person(f, "役員");
    assert_int_equal(n_calls(f), 2);
    fixture_free(f);
}

static enum room_standing deputy_may(struct fixture *f, enum duty_kind kind, int64_t called_ns) {
    struct room_ask ask = {.service = STR("members"), .kind = kind, .called_ns = called_ns, .incident = 1};
    return standing(f, f->handler, &ask);
}

static void who_did_not_answer_is_not_waited_for_a_second_time(void **state UNUSED) {
    struct fixture *f = at_night();
    struct room_actor chief = fixture_actor(f, f->administrator);
    struct room_callout stop = {.incident = 1, .purpose = "decide", .kind = STR("stop"), .service = STR(""), .group = STR(""), .text = STR("閉じてよいか"), .question = STR("")};
    struct room_callout publish = stop;
    publish.kind = STR("publish");
    put_row(f, "authority", "2", "{\"kind\":\"stop\",\"verb\":\"decide\",\"who\":\"次長\",\"order\":\"2\",\"after_min\":\"10\"}");
    put_row(f, "authority", "3", "{\"kind\":\"publish\",\"verb\":\"decide\",\"who\":\"部長\"}");
    put_row(f, "authority", "4", "{\"kind\":\"publish\",\"verb\":\"decide\",\"who\":\"次長\",\"order\":\"2\",\"after_min\":\"5\"}");
    put_row(f, "people", "次長", "{\"name\":\"次長\",\"account\":\"duty\"}");
    assert_int_equal(room_incident_seen(f->r, &chief, 1, NULL), 0);
    int64_t began = f->now_ns, id = begin(f, &stop);
    last_person(f, "部長");
    assert_int_equal(deputy_may(f, DUTY_PUBLISH, TIME_NONE), VERDICT_WAIT);
    f->now_ns += 4 * MIN_;
    assert_int_equal(deputy_may(f, DUTY_PUBLISH, TIME_NONE), VERDICT_WAIT); /* not long enough for what the table asks */
    f->now_ns += MIN_;
    tick(f);
    last_person(f, "次長");
    assert_int_equal(room_callout_answer(f->r, &chief, id, STR("次長"), STR("行く"), NULL), 0);
    assert_int_equal(deputy_may(f, DUTY_STOP, began), VERDICT_WAIT); /* the same decision waits as the table says */
    assert_int_equal(deputy_may(f, DUTY_PUBLISH, TIME_NONE), VERDICT_ALONE);
    (void) begin(f, &publish);
    last_person(f, "次長");
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.silent_passed' AND params LIKE '%部長%次長%'"), 1);
    f->now_ns += 5 * MIN_;
    tick(f);
    last_person(f, "部長"); /* last, but not left out */
    /* there after all: asked first again, and waited for */
    assert_int_equal(room_callout_answer(f->r, &chief, id, STR("部長"), STR("起きた"), NULL), 0);
    assert_int_equal(deputy_may(f, DUTY_PUBLISH, TIME_NONE), VERDICT_WAIT);
    (void) begin(f, &publish);
    last_person(f, "部長");
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.silent_passed'"), 1);
    /* nor is silence of yesterday held against anybody */
    f->now_ns += CALLOUT_SILENT_NS;
    assert_int_equal(deputy_may(f, DUTY_STOP, TIME_NONE), VERDICT_WAIT);
    fixture_free(f);
}

UNIT_GROUP(room_callout, cmocka_unit_test(an_alarm_nobody_takes_goes_up_every_five_minutes), cmocka_unit_test(after_three_rounds_it_says_that_nobody_was_reached),
           cmocka_unit_test(acknowledging_the_message_answers_the_call), cmocka_unit_test(who_is_called_may_sign_in), cmocka_unit_test(a_kill_repeats_and_loses_nothing), cmocka_unit_test(a_clock_that_jumps_calls_one_level),
           cmocka_unit_test(the_key_person_is_asked_one_question_and_another_stands_in), cmocka_unit_test(above_the_key_person_somebody_answers),
           cmocka_unit_test(who_did_not_answer_is_not_waited_for_a_second_time))
