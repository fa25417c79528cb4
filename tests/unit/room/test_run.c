/* Playbooks run in the room: killed at every write of a run, it goes on where it was and does nothing twice. */
#include "fixture.h"
#include "torture.h"

#include "base/file.h"
#include "room/deed.h"
#include "room/message.h"
#include "room/run.h"
#include "room/run_priv.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#define STEP(id, kind, more) "{\"id\":\"" id "\",\"kind\":\"" kind "\",\"words\":{\"ja\":\"" id "\",\"en\":\"" id "\"}" more "}"
static const char PLAN[] =
    "{\"id\":\"p\",\"title\":{\"ja\":\"t\",\"en\":\"t\"},\"start\":\"first\",\"steps\":["
    STEP("first", "task", ",\"next\":\"both\"") "," STEP("both", "together", ",\"steps\":[\"left\",\"right\"],\"next\":\"ask\"") ","
    STEP("left", "check", ",\"next\":\"tell\"") "," STEP("tell", "notify", "") ","
    STEP("right", "decision", ",\"cases\":[{\"value\":\"a\",\"to\":\"deep\"},{\"value\":\"b\"}]") "," STEP("deep", "action", ",\"action\":\"close_site\"") ","
    STEP("ask", "repeat", ",\"condition\":\"c\",\"yes\":\"round\",\"next\":\"calm\"") "," STEP("round", "task", "") ","
    STEP("calm", "wait", ",\"wait_s\":30,\"next\":\"keep\"") "," STEP("keep", "evidence", ",\"next\":\"last\"") "," STEP("last", "task", "") "]}";

static const struct {
    const char *step, *answer;
} acts[] = {{"first", NULL}, {"left", NULL}, {"tell", NULL}, {"right", "a"}, {"deep", NULL}, {"ask", "yes"}, {"round", NULL}, {"ask", "no"}, {"calm", NULL}, {"keep", NULL}, {"last", NULL}};

static int64_t prepare(struct fixture *f) {
    struct story s = {.id = "a1", .revision = 1, .rule = "r", .kind = "list_attack", .level = "high", .service = "members", .sources = "198.51.100.7",
                      .first_ns = T0, .last_ns = T0 + NS_PER_MIN, .count = 60, .good = -1};
    struct room_actor by = fixture_actor(f, f->handler);
    struct room_playbook p = {.key = STR("p"), .title_ja = STR("t"), .title_en = STR("t"), .source = STR("id: p"), .plan = str_of(PLAN), .form = STR("{}"),
                              .notes = STR("[]"), .origin = "made", .n_steps = 11};
    struct diag d = {0};
    int64_t incident = fold(f, &s).incident, id = 0;
    assert_int_not_equal(incident, 0);
    if (room_playbook_put(f->r, &by, &p, &id, &d) < 0)
        fail_msg("%s", d.text);
    return incident;
}

static int64_t open_task(struct fixture *f, const char *step, int64_t *ret_version) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    if (sql_query(f->r->db, &st, NULL, "SELECT id, version FROM task WHERE step = ?1 AND state IN ('due','doing','waiting') AND answer IS NULL", "z", step) < 0 ||
        sql_step(st, NULL) != 1)
        return 0;
    *ret_version = sql_i64(st, 1);
    return sql_i64(st, 0);
}

static int take(void *ctx UNUSED, struct str frame UNUSED) {
    return 0;
}

/* The door took everything that was given to it; or, wanted NULL, what was given stays with it. */
static int deliver(struct fixture *f, const char *wanted) {
    struct diag d = {0};
    int e = room_messages_poll(f->r, STR("https://x"), take, NULL, &d);
    for (;;) {
        struct sql_stmt *st = NULL;
        char json[160] = "";
        struct arena a;
        struct json_value *v;
        if (e == 0)
            e = sql_query(f->r->db, &st, &d, "SELECT id, tries FROM message WHERE state = 'sending' ORDER BY id LIMIT 1", "");
        if (e == 0 && (e = sql_step(st, &d)) == 1)
            snprintf(json, sizeof json, "{\"id\":\"m%lld.%lld\",\"state\":\"%s\"}", (long long) sql_i64(st, 0), (long long) sql_i64(st, 1), wanted);
        sql_end(st);
        if (e <= 0)
            return e;
        arena_init(&a, 1 << 16);
        e = json_parse(&a, str_of(json), &v, &d);
        if (e == 0)
            e = room_message_outcome(f->r, v, &d);
        arena_done(&a);
        if (e < 0)
            return e;
    }
}

/* A notification leaves as two messages, and ends when both were taken. */
static int tell(struct fixture *f, const struct room_actor *by) {
    const struct room_task_send people[] = {{STR("A"), STR("a@x")}, {STR("B"), STR("b@x")}};
    struct room_task_end x = {.to = STR("sent"), .note = STR("come"), .way = STR("mail"), .send = people, .n_send = 2};
    struct diag d = {0};
    int64_t version, id = open_task(f, "tell", &version);
    if (id == 0 || (number(f, "SELECT count(*) FROM message") == 0 && room_task_end(f->r, by, id, version, &x, &d) < 0))
        return -1;
    return deliver(f, "sent") < 0 ? -1 : room_runs_tick(f->r, &d);
}

/* A driver that closes a site: what it did stands in a file and outlives the room, and it does nothing twice. */
struct driver {
    struct fixture *f;
    char order[40]; /* of the apply it was given last */
};

static int64_t done_outside(struct fixture *f, int64_t add) {
    char path[120], text[24];
    struct arena a;
    struct str had = STR("0");
    int64_t n = 0;
    snprintf(path, sizeof path, "%s/outside", f->dir);
    arena_init(&a, 4096);
    if (file_read(&a, path, 20, &had, NULL) == 0)
        IGNORE(str_to_i64(had, &n));
    arena_done(&a);
    if (add) {
        n += add;
        int len = snprintf(text, sizeof text, "%lld", (long long) n);
        assert_int_equal(file_write_atomic(path, str_n(text, (size_t) len), 0600, NULL), 0);
    }
    return n;
}

static int ordered(void *ctx, struct str note) {
    struct driver *v = ctx;
    static const char KEY[] = "\"order_id\":\"";
    const char *at = memmem(note.p, note.n, KEY, sizeof KEY - 1);
    if (!at || !memmem(note.p, note.n, "\"type\":\"apply\"", 14))
        return 0;
    snprintf(v->order, sizeof v->order, "%.32s", at + sizeof KEY - 1);
    if (done_outside(v->f, 0) == 0)
        (void) done_outside(v->f, 1);
    return 0;
}

static int answers(struct fixture *f, const char *format, const char *what) {
    char json[600];
    struct diag d = {0};
    int n = snprintf(json, sizeof json, format, what);
    return room_driver_message(f->r, 0, str_n(json, (size_t) n), &d);
}

/* The step proposed the closing by itself; a person approves it, the driver does it, the step ends with it. */
static int close_site(struct fixture *f, const struct room_actor *by) {
    static const char STANDS[] = "{\"address\":\"www\",\"kind\":\"site_close\",\"state\":\"standing\",\"effect\":true}";
    struct driver v = {.f = f};
    struct diag d = {0};
    room_driver_connected(f->r, 0, "web", true);
    int e = answers(f, "{\"blocks\":[%s],\"dry_run\":false,\"kinds\":[\"site_close\"],\"targets\":[\"www\"],\"any_target\":false}", done_outside(f, 0) ? STANDS : "");
    if (e == 0)
        e = room_runs_tick(f->r, &d);
    int64_t id = number(f, "SELECT max(id) FROM deed"), version = number(f, "SELECT max(version) FROM deed");
    if (e == 0 && number(f, "SELECT count(*) FROM deed WHERE state = 'proposed'"))
        e = room_deed_approve(f->r, by, id, version, STR("a picture"), &d);
    if (e == 0)
        e = room_driver_poll(f->r, 0, ordered, &v, &d);
    if (e == 0 && v.order[0])
        e = answers(f, "{\"order_id\":\"%s\",\"ok\":true,\"results\":[{\"address\":\"www\",\"state\":\"blocked\"}]}", v.order);
    return e == 0 ? room_runs_tick(f->r, &d) : e;
}

/* What has not been done yet, up to the end; what fails stops it, as a person would see. */
static int play(struct fixture *f, int64_t incident) {
    struct room_actor by = fixture_actor(f, f->handler);
    struct diag d = {0};
    int64_t id, version;
    if (number(f, "SELECT count(*) FROM run") == 0 && room_run_start(f->r, &by, incident, 1, &id, &d) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(acts); i++) {
        /* how often this step has been answered already tells whether its turn is over */
        char sql[240];
        int64_t before = 0;
        for (size_t k = 0; k < i; k++)
            before += strcmp(acts[k].step, acts[i].step) == 0;
        snprintf(sql, sizeof sql, "SELECT count(*) FROM timeline WHERE text_key IN ('event.step_done','event.step_decided','event.step_sent') AND json_extract(params, '$.step') = '%s'", acts[i].step);
        if (number(f, sql) > before)
            continue;
        id = open_task(f, acts[i].step, &version);
        if (strcmp(acts[i].step, "calm") == 0) { /* by the clock */
            f->now_ns += NS_PER_MIN;
            if (room_runs_tick(f->r, &d) < 0)
                return -1;
            continue;
        }
        if (strcmp(acts[i].step, "deep") == 0) {
            if (close_site(f, &by) < 0)
                return -1;
            continue;
        }
        if (strcmp(acts[i].step, "tell") == 0) {
            if (tell(f, &by) < 0)
                return -1;
            continue;
        }
        struct room_task_end x = {.to = STR("done"), .evidence = STR("e"), .answer = acts[i].answer ? str_of(acts[i].answer) : STR_NULL};
        if (id == 0 || room_task_end(f->r, &by, id, version, &x, &d) < 0)
            return -1;
    }
    return 0;
}

/* Everything a run leaves, without ids that a death in between does not change either. */
static struct str outcome(struct fixture *f, struct arena *a) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    assert_int_equal(sql_query(f->r->db, &st, NULL,
                               "SELECT (SELECT state || deviations FROM run) || (SELECT group_concat(json_array(id, key, state, answer, after_id, parent_id)) "
                               "FROM (SELECT * FROM task ORDER BY id)) || (SELECT group_concat(json_array(text_key, params)) FROM (SELECT * FROM timeline "
                               "WHERE text_key LIKE 'event.step%' OR text_key LIKE 'event.run%' ORDER BY id)) || (SELECT count(*) FROM hand_order) || (SELECT group_concat(json_array(id, state, kept, seen, task_id)) FROM deed) || (SELECT group_concat(json_array(id, address, state, tries)) FROM message)",
                               ""),
                     0);
    assert_int_equal(sql_step(st, NULL), 1);
    return arena_dup(a, sql_str(st, 0));
}

/* The database as it was before the run, so that it is made once and not for each death. */
static void put_back(struct fixture *f, struct str before) {
    char path[120];
    static const char *const ends[] = {"-wal", "-shm", ""};
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        snprintf(path, sizeof path, "%s/room.db%s", f->dir, ends[i]);
        if (unlink(path) < 0)
            assert_int_equal(errno, ENOENT);
    }
    assert_int_equal(file_write_atomic(path, before, 0600, NULL), 0);
}

static void killed_at_every_point(void **state UNUSED) {
    struct arena a;
    struct str alone = STR_NULL;
    unsigned kills = 0;
    struct fixture *f = fixture_new();
    int64_t incident = prepare(f), began_ns = f->now_ns;
    struct port_clock clock = {f, fixture_now};
    char path[96];
    snprintf(path, sizeof path, "%s/room.db", f->dir);
    struct room_options o = {.path = path, .clock = &clock, .wall = &clock, .policy = &f->policy, .key = &f->key, .public_key = &f->public_key};
    struct str before;
    struct diag d = {0};
    room_close(f->r);
    f->r = NULL;
    arena_init(&a, 64 << 20);
    assert_int_equal(file_read(&a, path, 32 << 20, &before, &d), 0);
    for (unsigned at = 0;; at += at && !torture_all() ? 3 : 1) { /* 0: left alone; ./dev soak load_torture dies at each */
        int status = 0;
        f->now_ns = began_ns;
        put_back(f, before);
        (void) done_outside(f, -done_outside(f, 0));
        if (at) {
            /* a database is opened by whoever writes it: never across a fork */
            pid_t child = fork();
            if (child == 0) {
                if (room_open(&o, &f->r, &d) < 0)
                    _exit(3);
                room_points_left = at;
                _exit(play(f, incident) < 0 ? 4 : 0);
            }
            assert_int_equal(waitpid(child, &status, 0), child);
            bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
            if (!killed && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
                fail_msg("the run failed by itself: %d", status);
            kills += killed;
        }
        if (room_open(&o, &f->r, &d) < 0)
            fail_msg("%s", d.text);
        assert_int_equal(play(f, incident), 0);
        struct str left = outcome(f, &a);
        if (at == 0)
            alone = left;
        else if (!str_eq(left, alone))
            fail_msg("killed at point %u:\n%.*s\nleft alone:\n%.*s", at, STR_ARG(left), STR_ARG(alone));
        assert_int_equal(number(f, "SELECT count(*) FROM run WHERE state = 'ended'"), 1);
        assert_int_equal(number(f, "SELECT count(*) FROM deed WHERE state = 'in_force'"), 1);
        assert_int_equal(done_outside(f, 0), 1);
        chain_holds(f);
        if (at && !WIFSIGNALED(status))
            break; /* behind the last point */
        room_close(f->r);
        f->r = NULL;
    }
    fixture_free(f);
    arena_done(&a);
    print_message("# killed %u times\n", kills);
    assert_true(kills > 30);
}

static void who_was_not_reached_stays_to_be_told(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor by = fixture_actor(f, f->handler);
    struct diag d = {0};
    int64_t incident = prepare(f), id, version;
    const struct room_task_send people[] = {{STR("A"), STR("a@x")}};
    struct room_task_end x = {.to = STR("done")};
    assert_int_equal(room_run_start(f->r, &by, incident, 1, &id, &d), 0);
    id = open_task(f, "first", &version);
    assert_int_equal(room_task_end(f->r, &by, id, version, &x, &d), 0);
    id = open_task(f, "left", &version);
    assert_int_equal(room_task_end(f->r, &by, id, version, &x, &d), 0);
    id = open_task(f, "tell", &version);
    x = (struct room_task_end){.to = STR("sent"), .way = STR("mail"), .send = people, .n_send = 1};
    assert_int_equal(room_task_end(f->r, &by, id, version, &x, &d), -EINVAL); /* no text */
    assert_int_equal(number(f, "SELECT count(*) FROM message"), 0);
    x.note = STR("come");
    assert_int_equal(room_task_end(f->r, &by, id, version, &x, &d), 0);
    assert_int_equal(deliver(f, "refused"), 0);
    assert_int_equal(room_runs_tick(f->r, &d), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM task WHERE step = 'tell' AND state = 'due' AND means = 'not_sent'"), 1);
    int64_t rows = number(f, "SELECT count(*) FROM audit");
    assert_int_equal(room_runs_tick(f->r, &d), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM audit"), rows); /* looked at, not written again */
    assert_int_equal(room_message_again(f->r, &by, 1, &d), 0);
    assert_int_equal(deliver(f, "sent"), 0);
    assert_int_equal(room_runs_tick(f->r, &d), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM task WHERE step = 'tell' AND state = 'done'"), 1);
    fixture_free(f);
}


static void a_decision_is_for_who_may_and_the_late_one_is_called(void **state UNUSED) {
    static const char CLOSE[] = "{\"id\":\"p\",\"title\":{\"ja\":\"t\",\"en\":\"t\"},\"start\":\"stop\",\"steps\":["
        STEP("stop", "decision", ",\"authority\":\"stop\",\"within_s\":300,\"cases\":[{\"value\":\"a\"},{\"value\":\"b\"}]") "]}";
    struct fixture *f = fixture_new();
    int64_t incident = prepare(f), id, version;
    struct room_actor duty = fixture_actor(f, f->handler), chief = fixture_actor(f, f->administrator);
    struct room_playbook p = {.key = STR("q"), .title_ja = STR("t"), .title_en = STR("t"), .source = STR("id: q"), .plan = str_of(CLOSE), .form = STR("{}"),
                              .notes = STR("[]"), .origin = "made", .n_steps = 1};
    struct room_task_end x = {.to = STR("done"), .answer = STR("a")};
    struct diag d = {0};
    put_row(f, "people", "chief", "{\"name\":\"chief\",\"mobile\":\"090-1111-2222\"}");
    put_row(f, "authority", "1", "{\"service\":\"members\",\"kind\":\"stop\",\"verb\":\"decide\",\"who\":\"chief\"}");
    assert_int_equal(room_playbook_put(f->r, &duty, &p, &id, &d), 0);
    assert_int_equal(room_run_start(f->r, &duty, incident, id, &id, &d), 0);
    f->now_ns += 6 * NS_PER_MIN;
    assert_int_equal(room_runs_tick(f->r, &d), 0);
    assert_int_equal(room_runs_tick(f->r, &d), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM callout WHERE purpose = 'decide' AND kind = 'stop' AND text = 'stop'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.step_late'"), 1);
    id = open_task(f, "stop", &version);
    assert_int_equal(room_task_end(f->r, &duty, id, version, &x, &d), -ERR_REFUSED);
    assert_non_null(strstr(d.text, "chief"));
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.authority_refused'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM task WHERE state = 'due' AND answer IS NULL"), 1);
    assert_int_equal(room_task_end(f->r, &chief, id, version, &x, &d), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM run WHERE state = 'ended'"), 1);
    fixture_free(f);
}

static void a_loop_without_an_end_is_refused(void **state UNUSED) {
    static const char ROUND[] = "{\"id\":\"p\",\"title\":{},\"start\":\"a\",\"steps\":[" STEP("a", "together", ",\"next\":\"a\"") "]}";
    struct fixture *f = fixture_new();
    int64_t incident = prepare(f), id = 0;
    struct room_actor by = fixture_actor(f, f->handler);
    struct room_playbook p = {.key = STR("q"), .title_ja = STR("t"), .title_en = STR("t"), .source = STR("id: q"), .plan = str_of(ROUND), .form = STR("{}"),
                              .notes = STR("[]"), .origin = "made", .n_steps = 1};
    struct diag d = {0};
    assert_int_equal(room_playbook_put(f->r, &by, &p, &id, &d), 0);
    assert_int_equal(room_run_start(f->r, &by, incident, id, &id, &d), -ERR_LIMIT);
    assert_int_equal(number(f, "SELECT count(*) FROM task"), 0);
    fixture_free(f);
}

UNIT_GROUP(room_run, cmocka_unit_test(killed_at_every_point), cmocka_unit_test(who_was_not_reached_stays_to_be_told),
           cmocka_unit_test(a_decision_is_for_who_may_and_the_late_one_is_called), cmocka_unit_test(a_loop_without_an_end_is_refused))
