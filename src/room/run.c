/* Steps that come up and steps that end (run.h). Everything here happens inside the caller's transaction, and everything it needs to go on later
 * stands in the rows of task. Depth of recursion is that of branches within branches and of steps that end by themselves. */
#include "room/run.h"

#include "room/run_priv.h"
#include "room/lane.h"

#define DEPTH_MAX 200
#define PLAN_BYTES_MAX ((size_t) 64 << 20)

void room_runs_use(struct room *r, const struct room_run_defaults *d) {
    r->runs = d;
}

int64_t room_run_due(const struct room *r, enum rule_level level, int64_t now_ns, int64_t within_s) {
    const struct room_run_due *d = r->runs ? &r->runs->due[level] : NULL;
    if (within_s > 0)
        return now_ns + within_s * NS_PER_S / 100 * (d && d->set ? d->percent : 100);
    return d && d->set && d->otherwise_s > 0 ? now_ns + d->otherwise_s * NS_PER_S : TIME_NONE;
}

/* ---- loading ---- */

int room_running_load(struct room *r, const struct room_actor *by, int64_t run, struct running *ret, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct json_value *plan = NULL;
    *ret = (struct running){.r = r, .by = by, .run = run, .err = reterr};
    arena_init(&ret->arena, PLAN_BYTES_MAX);
    int e = sql_query(r->db, &st, reterr,
                      "SELECT run.incident_id, p.plan, i.level FROM run JOIN playbook p ON p.id = run.playbook_id "
                      "JOIN incident i ON i.id = run.incident_id WHERE run.id = ?1",
                      "i", run);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e <= 0)
        return e < 0 ? e : diag_set(reterr, -ENOENT, "no run %lld", (long long) run);
    ret->incident = sql_i64(st, 0);
    int level = rule_level_from_string(sql_str(st, 2));
    ret->level = level < 0 ? LEVEL_MEDIUM : (enum rule_level) level;
    struct str text = arena_dup(&ret->arena, sql_str(st, 1));
    e = text.p ? json_parse(&ret->arena, text, &plan, reterr) : -ENOMEM;
    ret->plan = plan;
    return e;
}

void room_running_done(struct running *x) {
    arena_done(&x->arena);
}

const struct json_value *room_plan_step(const struct running *x, struct str id) {
    const struct json_value *steps = json_get_array(x->plan, "steps");
    struct str s;
    for (const struct json_value *v = steps ? steps->first : NULL; v; v = v->next)
        if (json_get_str(v, "id", &s) && str_eq(s, id))
            return v;
    return NULL;
}

static void copy(char *dst, size_t cap, struct str s) {
    snprintf(dst, cap, "%.*s", STR_ARG(s));
}

int room_task_load(struct room *r, int64_t id, struct arena *a, struct room_task *ret, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT version, incident_id, run_id, parent_id, after_id, visit, wake_at, due_at, state, kind, step, branch, ref, lane, late, "
                      "words_ja, words_en, place, means FROM task WHERE id = ?1",
                      "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e <= 0)
        return e < 0 ? e : diag_set(reterr, -ENOENT, "no task %lld", (long long) id);
    *ret = (struct room_task){.id = id,
                              .version = sql_i64(st, 0),
                              .incident = sql_i64(st, 1),
                              .run = sql_i64(st, 2),
                              .parent = sql_i64(st, 3),
                              .after = sql_i64(st, 4),
                              .visit = sql_i64(st, 5),
                              .wake_ns = sql_is_null(st, 6) ? TIME_NONE : sql_i64(st, 6),
                              .due_ns = sql_is_null(st, 7) ? TIME_NONE : sql_i64(st, 7),
                              .late = sql_i64(st, 14) != 0,
                              .place = sql_i64(st, 17)};
    copy(ret->state, sizeof ret->state, sql_str(st, 8));
    copy(ret->kind, sizeof ret->kind, sql_str(st, 9));
    copy(ret->step, sizeof ret->step, sql_str(st, 10));
    copy(ret->branch, sizeof ret->branch, sql_str(st, 11));
    copy(ret->ref, sizeof ret->ref, sql_str(st, 12));
    copy(ret->lane, sizeof ret->lane, sql_str(st, 13));
    copy(ret->means, sizeof ret->means, sql_str(st, 18));
    ret->ja = arena_dup(a, sql_str(st, 15));
    ret->en = arena_dup(a, sql_str(st, 16));
    return ret->ja.p && ret->en.p ? 0 : -ENOMEM;
}

bool room_task_is_open(const struct room_task *t) {
    return strcmp(t->state, "due") == 0 || strcmp(t->state, "doing") == 0 || strcmp(t->state, "waiting") == 0;
}

/* One number, 0 when there is none. */
static int count(struct running *x, const char *sql, int64_t a, int64_t b, int64_t *ret) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(x->r->db, &st, x->err, sql, "ii", a, b);
    if (e == 0)
        e = sql_step(st, x->err);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return MIN(e, 0);
}

/* ---- what is said of it ---- */

/* An answer of a decision in two languages is "Japanese, a space, English"; what is not, is the same in both. */
static struct room_words two_words(struct str s) {
    size_t at = s.n;
    while (at > 0 && s.p[at - 1] >= ' ' && s.p[at - 1] <= '~')
        at--;
    while (at > 0 && at < s.n && s.p[at] != ' ') /* a word may end in ASCII */
        at++;
    if (at == 0 || at >= s.n)
        return (struct room_words){.ja = s, .en = s};
    return (struct room_words){.ja = str_to(s, at), .en = str_from(s, at + 1)};
}

int room_task_note(struct running *x, const struct room_actor *by, const struct room_task *t, const char *key, const char *kind,
                   struct str said) {
    struct room_words words = {.ja = t->ja, .en = t->en};
    const char *lane = room_lane_is_own(str_of(t->lane)) ? t->lane : room_lane_from_string(str_of(t->lane));
    struct buf params;
    struct jsonw w;
    char ref[32];
    int n = snprintf(ref, sizeof ref, "task:%lld", (long long) t->id);
    buf_init(&params, 65536);
    jsonw_init(&w, &params);
    jsonw_object(&w);
    room_words_params(&w, "step", &words);
    jsonw_kz(&w, "name", by->person ? by->name : NULL);
    if (said.n) {
        struct room_words two = two_words(said);
        room_words_params(&w, "said", &two);
    } else {
        jsonw_key(&w, STR("said"));
        jsonw_null(&w);
    }
    jsonw_end(&w);
    struct room_entry entry = {.incident = t->incident, .at_ns = room_now(x->r), .until_ns = TIME_NONE, .lane = lane ? lane : "ciso_csirt", .kind = kind, .key = key, .ref = str_n(ref, (size_t) n), .precision_s = -1};
    room_changed(x->r, "task", t->id);
    return room_timeline_entry(x->r, by, &entry, &params, x->err);
}

int room_task_set(struct running *x, int64_t id, const char *state, int64_t wake_ns, const char *ref, const char *means) {
    struct room_write w = {
        .by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_TASK, .id = id, .version = ROOM_ANY_VERSION, .quiet = true};
    room_changed(x->r, "task", id);
    return room_write(x->r, &w, NULL, x->err,
                      "UPDATE task SET state = ?2, wake_at = ?3, ref = coalesce(?4, ref), means = ?5 WHERE id = ?1", "izIzz", id, state,
                      wake_ns == TIME_NONE ? NULL : &wake_ns, ref, means);
}

/* ---- a step comes up ---- */

struct coming {
    const struct json_value *step;
    struct str id, kind, branch;
    int64_t parent, after, visit, wake_ns, due_ns;
};

static int put_task(struct running *x, const struct coming *c, int64_t *ret_id) {
    struct room_write w = {.by = &room_system, .verb = VERB_CREATE, .object = OBJECT_TASK, .tlp = TLP_AMBER, .incident = x->incident};
    const struct json_value *words = json_get_object(c->step, "words");
    struct str ja = STR(""), en = STR(""), lane = STR_NULL;
    char key[160];
    int64_t place;
    (void) json_get_str(words, "ja", &ja);
    (void) json_get_str(words, "en", &en);
    (void) json_get_str(c->step, "lane", &lane);
    snprintf(key, sizeof key, "run:%lld:%.*s:%lld", (long long) x->run, STR_ARG(c->id), (long long) c->visit);
    int e = count(x, "SELECT coalesce(max(place), 0) + 1 FROM task WHERE incident_id = ?1 AND ?2", x->incident, 1, &place);
    if (e < 0)
        return e;
    return room_write(x->r, &w, ret_id, x->err,
                      "INSERT INTO task(incident_id, run_id, key, step, visit, parent_id, after_id, branch, kind, lane, words_ja, words_en, state, place, "
                      "due_at, wake_at) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16)",
                      "iizsiIIssssszIII", x->incident, x->run, key, &c->id, c->visit, c->parent ? &c->parent : NULL,
                      c->after ? &c->after : NULL, c->branch.n ? &c->branch : NULL, &c->kind, lane.p ? &lane : NULL, &ja, &en,
                      c->wake_ns == TIME_NONE ? "due" : "waiting", &place, c->due_ns == TIME_NONE ? NULL : &c->due_ns,
                      c->wake_ns == TIME_NONE ? NULL : &c->wake_ns);
}

static int visits(struct running *x, struct str step, int64_t *ret_visit) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(x->r->db, &st, x->err, "SELECT count(*), coalesce(sum(step = ?2), 0) FROM task WHERE run_id = ?1", "is", x->run, &step);
    if (e == 0)
        e = sql_step(st, x->err);
    if (e == 1 && sql_i64(st, 0) >= RUN_TASKS_MAX)
        return diag_set(x->err, -ERR_LIMIT, "a run of more than %d steps; a loop in its playbook does not end", RUN_TASKS_MAX);
    *ret_visit = e == 1 ? sql_i64(st, 1) + 1 : 1;
    return MIN(e, 0);
}

int room_step_enter(struct running *x, struct str step, int64_t parent, struct str branch, int64_t after) {
    struct coming c = {.step = room_plan_step(x, step), .id = step, .branch = branch, .parent = parent, .after = after, .due_ns = TIME_NONE,
                       .wake_ns = TIME_NONE};
    int64_t within_s = 0, wait_s = 0, id = 0;
    struct room_task t;
    struct str next;
    if (++x->depth > DEPTH_MAX)
        return diag_set(x->err, -ERR_LIMIT, "more than %d steps that end by themselves follow each other", DEPTH_MAX);
    if (!c.step || !json_get_str(c.step, "kind", &c.kind))
        return diag_set(x->err, -ERR_CORRUPT, "the plan of run %lld has no step '%.*s'", (long long) x->run, STR_ARG(step));
    if (str_eq_z(c.kind, "start")) /* nothing to do, nothing to see */
        return json_get_str(c.step, "next", &next) ? room_step_enter(x, next, parent, branch, after) : 0;
    (void) json_get_i64(c.step, "within_s", &within_s);
    (void) json_get_i64(c.step, "wait_s", &wait_s);
    c.due_ns = room_run_due(x->r, x->level, room_now(x->r) + wait_s * NS_PER_S, within_s);
    if (wait_s > 0)
        c.wake_ns = room_now(x->r) + wait_s * NS_PER_S;
    int e = visits(x, step, &c.visit);
    if (e == 0)
        e = put_task(x, &c, &id);
    if (e == 0)
        e = room_task_load(x->r, id, &x->arena, &t, x->err);
    room_changed(x->r, "task", id);
    const struct run_kind *k = run_kind_find(t.kind);
    return e == 0 && wait_s == 0 && k->begin ? k->begin(x, &t, c.step) : e;
}

int room_step_branch(struct running *x, const struct room_task *t, struct str to) {
    return room_step_enter(x, to, t->id, to, t->id);
}

/* ---- a step ends ---- */

static int end_run(struct running *x) {
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_RUN, .id = x->run, .version = ROOM_ANY_VERSION};
    const struct json_value *title = json_get_object(x->plan, "title");
    struct room_task as_note = {.incident = x->incident};
    char by[ROOM_BY_CAP];
    (void) json_get_str(title, "ja", &as_note.ja);
    (void) json_get_str(title, "en", &as_note.en);
    int e = room_write(x->r, &w, NULL, x->err, "UPDATE run SET state = 'ended', ended_at = ?2, ended_by = ?3 WHERE id = ?1", "iiz", x->run,
                       room_now(x->r), room_actor_format(x->by, by));
    room_changed(x->r, "run", x->run);
    return e == 0 ? room_task_note(x, &room_system, &as_note, "event.run_ended", "notice", STR_NULL) : e;
}

int room_step_join(struct running *x, int64_t task) {
    struct room_task parent;
    int64_t open = 0;
    for (const struct run_opening *o = x->opening; o; o = o->up)
        if (o->task == task)
            return 0;
    int e = count(x,
                  "SELECT count(*) FROM task WHERE run_id = ?1 AND coalesce(parent_id, 0) = ?2 AND state IN ('waiting','due','doing')",
                  x->run, task, &open);
    if (e < 0 || open > 0)
        return e;
    if (task == 0)
        return end_run(x);
    e = room_task_load(x->r, task, &x->arena, &parent, x->err);
    if (e < 0 || !room_task_is_open(&parent))
        return e;
    const struct run_kind *k = run_kind_find(parent.kind);
    const struct json_value *step = room_plan_step(x, str_of(parent.step));
    return k->joined ? k->joined(x, &parent, step) : room_step_settle(x, &parent, "done", STR_NULL, STR_NULL);
}

int room_step_leave(struct running *x, const struct room_task *t, bool failed) {
    const struct json_value *step = room_plan_step(x, str_of(t->step));
    struct str to = STR_NULL;
    if (!step)
        return diag_set(x->err, -ERR_CORRUPT, "the plan of run %lld has no step '%s'", (long long) x->run, t->step);
    if (!failed || !json_get_str(step, "failed", &to))
        (void) json_get_str(step, "next", &to);
    return to.n ? room_step_enter(x, to, t->parent, arena_dup(&x->arena, str_of(t->branch)), t->id) : room_step_join(x, t->parent);
}

int room_step_settle(struct running *x, struct room_task *t, const char *state, struct str note, struct str why) {
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_TASK, .id = t->id, .version = ROOM_ANY_VERSION};
    bool failed = strcmp(state, "failed") == 0;
    int e = room_write(x->r, &w, NULL, x->err,
                       "UPDATE task SET state = ?2, ended_at = ?3, ended_by = 'system', wake_at = NULL, note = coalesce(?4, note), "
                       "why = coalesce(?5, why) WHERE id = ?1",
                       "iziss", t->id, state, room_now(x->r), note.p ? &note : NULL, why.p ? &why : NULL);
    room_changed(x->r, "task", t->id);
    return e == 0 ? room_step_leave(x, t, failed) : e;
}
