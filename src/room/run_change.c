/* What people do with runs, and what the clock does. Each function here is one transaction. */
#include "room/authority.h"
#include "room/callout.h"
#include "room/campaign.h"
#include "room/message.h"
#include "room/run_priv.h"

/* ---- beginning ---- */

static int one(struct room *r, struct diag *err, const char *sql, int64_t a, int64_t b, int64_t *ret) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, sql, "ii", a, b);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return MIN(e, 0);
}

static int run_note(struct running *x, const struct room_actor *by, const char *key, struct str why) {
    const struct json_value *title = json_get_object(x->plan, "title");
    struct room_task t = {.incident = x->incident, .ja = STR(""), .en = STR("")};
    (void) json_get_str(title, "ja", &t.ja);
    (void) json_get_str(title, "en", &t.en);
    room_changed(x->r, "run", x->run);
    return room_task_note(x, by, &t, key, "decision", why);
}

/* The run is running: its first step comes up. */
static int begin(struct room *r, const struct room_actor *by, int64_t run, struct diag *err) {
    struct running x;
    struct str start = STR("");
    int e = room_running_load(r, by, run, &x, err);
    if (e == 0)
        e = run_note(&x, by, "event.run_started", STR_NULL);
    if (e == 0 && by->person)
        e = room_ledger_person(r, by, x.incident, err);
    (void) json_get_str(x.plan, "start", &start);
    if (e == 0)
        e = room_step_enter(&x, start, 0, STR_NULL, 0);
    room_running_done(&x);
    return e;
}

static int start(struct room *r, const struct room_actor *by, int64_t incident, int64_t playbook, int64_t *ret_id, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_RUN, .tlp = TLP_AMBER, .incident = incident, .owner = by->person};
    int64_t there = 0, id = 0, running = 0;
    char name[ROOM_BY_CAP];
    int e = one(r, err, "SELECT count(*) FROM playbook WHERE id = ?1 AND ?2", playbook, 1, &there);
    if (e == 0 && !there)
        e = diag_set(err, -EINVAL, "playbook");
    if (e == 0)
        e = one(r, err,
                "SELECT run.id FROM run JOIN playbook p ON p.id = run.playbook_id WHERE run.incident_id = ?1 AND run.state = 'running' AND "
                "p.key = (SELECT key FROM playbook WHERE id = ?2)",
                incident, playbook, &running);
    if (e == 0 && running)
        e = diag_set(err, -EBUSY, "running");
    if (e == 0)
        e = one(r, err, "SELECT id FROM run WHERE incident_id = ?1 AND playbook_id = ?2 AND state = 'proposed'", incident, playbook, &id);
    if (e < 0)
        return e;
    if (id) {
        w = (struct room_write){.by = by, .verb = VERB_CHANGE, .object = OBJECT_RUN, .id = id, .version = ROOM_ANY_VERSION};
        e = room_write(r, &w, NULL, err, "UPDATE run SET state = 'running', started_at = ?2, started_by = ?3 WHERE id = ?1", "iiz", id, room_now(r),
                       room_actor_format(by, name));
    } else {
        e = room_write(r, &w, &id, err,
                       "INSERT INTO run(incident_id, playbook_id, state, started_at, started_by) VALUES (?1, ?2, 'running', ?3, ?4)", "iiiz",
                       incident, playbook, room_now(r), room_actor_format(by, name));
    }
    *ret_id = id;
    return e == 0 ? begin(r, by, id, err) : e;
}

int room_run_within(struct room *r, int64_t incident, int64_t playbook, int64_t *ret_id, struct diag *reterr) {
    return start(r, &room_system, incident, playbook, ret_id, reterr);
}

int room_run_start(struct room *r, const struct room_actor *by, int64_t incident, int64_t playbook, int64_t *ret_id, struct diag *reterr) {
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, start(r, by, incident, playbook, ret_id, reterr), reterr);
}

static int change(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct str to, struct str why, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    static const struct {
        const char *to, *from, *key;
        bool reason;
    } ways[] = {{"running", "proposed", NULL, false}, {"declined", "proposed", "event.run_declined", true}, {"stopped", "running", "event.run_stopped", true}};
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_RUN, .id = id, .version = version};
    struct running x;
    char name[ROOM_BY_CAP];
    size_t i = 0;
    while (i < ARRAY_SIZE(ways) && !str_eq_z(to, ways[i].to))
        i++;
    if (i == ARRAY_SIZE(ways))
        return diag_set(err, -EINVAL, "to");
    if (ways[i].reason && str_trim(why).n == 0)
        return diag_set(err, -EINVAL, "why");
    int e = sql_query(r->db, &st, err, "SELECT state FROM run WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : diag_set(err, -ENOENT, "no run %lld", (long long) id);
    bool fits = str_eq_z(sql_str(st, 0), ways[i].from);
    char state[12];
    snprintf(state, sizeof state, "%.*s", STR_ARG(sql_str(st, 0)));
    bool begins = !ways[i].reason;
    /* the door first: a stale or forbidden wish learns that, not the state */
    e = room_write(r, &w, NULL, err,
                   begins ? "UPDATE run SET state = ?2, started_at = ?3, started_by = ?4 WHERE id = ?1"
                          : "UPDATE run SET state = ?2, ended_at = ?3, ended_by = ?4, reason = ?5 WHERE id = ?1",
                   begins ? "isiz" : "isizs", id, &to, room_now(r), room_actor_format(by, name), &why);
    if (e == 0 && !fits)
        e = diag_set(err, -EBUSY, "%s", state);
    if (e < 0 || begins)
        return e < 0 ? e : begin(r, by, id, err);
    e = room_running_load(r, by, id, &x, err);
    if (e == 0)
        e = run_note(&x, by, ways[i].key, why);
    for (int64_t open = 1; e == 0 && open;) { /* what was still to do is no longer asked for */
        e = one(r, err, "SELECT id FROM task WHERE run_id = ?1 AND state IN ('waiting','due','doing') AND ?2 LIMIT 1", id, 1, &open);
        if (e == 0 && open)
            e = room_task_set(&x, open, "withdrawn", TIME_NONE, NULL, NULL);
    }
    room_running_done(&x);
    return e;
}

int room_run_change(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct str to, struct str why,
                    struct diag *reterr) {
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, change(r, by, id, version, to, why, reterr), reterr);
}

/* ---- proposing ---- */

static bool rule_fits(struct str pattern, struct str rule) {
    if (pattern.n && pattern.p[pattern.n - 1] == '*')
        return str_starts(rule, str_to(pattern, pattern.n - 1));
    return str_eq(pattern, rule);
}

/* The first row of the table that fits the kind of the case or one of its rules. */
static const struct room_run_use *find_use(struct room *r, int64_t incident, struct diag *err, int *ret_e) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    const struct room_run_use *best = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT DISTINCT i.kind, f.rule_id, f.kind FROM incident i LEFT JOIN finding f ON f.incident_id = i.id WHERE i.id = ?1 AND i.state = 'open'",
                      "i", incident);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        for (size_t i = 0; i < r->runs->n_uses; i++) {
            const struct room_run_use *u = &r->runs->uses[i];
            bool fits = u->kind.n ? str_eq(u->kind, sql_str(st, 0)) || str_eq(u->kind, sql_str(st, 2)) : rule_fits(u->rule, sql_str(st, 1));
            if (fits && (!best || u < best))
                best = u;
        }
        e = 0;
    }
    *ret_e = e;
    return best;
}

int room_run_propose(struct room *r, int64_t incident, struct diag *reterr) {
    struct room_write w = {.by = &room_system, .verb = VERB_CREATE, .object = OBJECT_RUN, .tlp = TLP_AMBER, .incident = incident};
    int64_t decided = 0, playbook = 0, id = 0, same = 0;
    char reason[160];
    int e = r->runs && r->runs->n_uses ? one(r, reterr, "SELECT count(*) FROM run WHERE incident_id = ?1 AND state <> 'proposed' AND coalesce(reason, '') NOT LIKE 'level:%' AND ?2", incident, 1, &decided) : 1;
    if (e != 0 || decided)
        return MIN(e, 0);
    const struct room_run_use *u = find_use(r, incident, reterr, &e);
    if (e == 0 && u)
        e = room_playbook_find(r, u->playbook, &playbook, reterr);
    if (e < 0 || playbook == 0)
        return e;
    /* what the first finding looked like is not yet what the case is: while nobody has begun it, the proposal follows */
    e = one(r, reterr, "SELECT id FROM run WHERE incident_id = ?1 AND coalesce(reason, '') NOT LIKE 'level:%' AND ?2 LIMIT 1", incident, 1, &id);
    if (e == 0 && id)
        e = one(r, reterr, "SELECT count(*) FROM run JOIN playbook p ON p.id = run.playbook_id JOIN playbook q ON q.id = ?2 AND q.key = p.key WHERE run.id = ?1", id, playbook, &same);
    if (e < 0 || same)
        return e;
    int n = snprintf(reason, sizeof reason, "%s:%.*s", u->kind.n ? "kind" : "rule", STR_ARG(u->kind.n ? u->kind : u->rule));
    struct str why = str_n(reason, (size_t) MIN(n, (int) sizeof reason - 1));
    w.id = id;
    w.version = ROOM_ANY_VERSION;
    w.verb = id ? VERB_CHANGE : VERB_CREATE;
    e = id ? room_write(r, &w, NULL, reterr, "UPDATE run SET playbook_id = ?2, reason = ?3 WHERE id = ?1", "iis", id, playbook, &why)
           : room_write(r, &w, &id, reterr, "INSERT INTO run(incident_id, playbook_id, state, reason) VALUES (?1, ?2, 'proposed', ?3)", "iis", incident,
                        playbook, &why);
    room_changed(r, "run", e == 0 ? id : 0);
    return e;
}

int room_run_propose_key(struct room *r, int64_t incident, struct str key, struct str why, struct diag *reterr) {
    struct room_write w = {.by = &room_system, .verb = VERB_CREATE, .object = OBJECT_RUN, .tlp = TLP_AMBER, .incident = incident};
    int64_t playbook = 0, there = 0, id = 0;
    int e = room_playbook_find(r, key, &playbook, reterr);
    if (e == 0 && playbook)
        e = one(r, reterr,
                "SELECT count(*) FROM run JOIN playbook p ON p.id = run.playbook_id WHERE run.incident_id = ?1 AND run.state IN ('proposed','running') AND p.key = (SELECT key FROM playbook "
                "WHERE id = ?2)",
                incident, playbook, &there);
    if (e < 0 || !playbook || there)
        return e;
    e = room_write(r, &w, &id, reterr, "INSERT INTO run(incident_id, playbook_id, state, reason) VALUES (?1, ?2, 'proposed', ?3)", "iis", incident, playbook, &why);
    room_changed(r, "run", e == 0 ? id : 0);
    return e;
}

/* ---- ending a task ---- */

/* Nothing that came up after it has been begun: it is withdrawn. Branches of a task are no followers of it but when it is taken back itself. */
static int withdraw_after(struct running *x, int64_t id, bool branches, unsigned depth) {
    for (;;) {
        CLEANUP(sql_endp) struct sql_stmt *st = NULL;
        int e = sql_query(x->r->db, &st, x->err,
                          "SELECT id, state, kind, ended_by, answer IS NOT NULL, ref, words_ja FROM task WHERE after_id = ?1 AND state <> 'withdrawn' AND "
                          "(?2 OR coalesce(parent_id, 0) <> ?1) LIMIT 1",
                          "ii", id, (int64_t) branches);
        if (e == 0)
            e = sql_step(st, x->err);
        if (e <= 0)
            return e;
        int64_t next = sql_i64(st, 0);
        struct str state = sql_str(st, 1);
        bool ended = str_eq_z(state, "done") || str_eq_z(state, "skipped") || str_eq_z(state, "failed");
        bool machine = str_eq_z(sql_str(st, 3), "system") && !str_eq_z(sql_str(st, 2), "action");
        if (depth > 50 || str_eq_z(state, "doing") || (ended && !machine) || sql_i64(st, 4) || str_starts(sql_str(st, 5), STR("message:")) || str_starts(sql_str(st, 5), STR("campaign:")))
            return diag_set(x->err, -EBUSY, "followed");
        e = withdraw_after(x, next, true, depth + 1);
        if (e == 0)
            e = room_task_set(x, next, "withdrawn", TIME_NONE, NULL, NULL);
        if (e < 0)
            return e;
    }
}

/* What ended because this ended goes on: the run, and the steps whose branch this was the end of. */
static int reopen(struct running *x, const struct room_task *t) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct room_task parent;
    int e = sql_query(x->r->db, &st, x->err, "SELECT state FROM run WHERE id = ?1", "i", x->run);
    if (e == 0)
        e = sql_step(st, x->err);
    bool ended = e == 1 && str_eq_z(sql_str(st, 0), "ended");
    e = e == 1 && (ended || str_eq_z(sql_str(st, 0), "running")) ? 0 : e < 0 ? e : diag_set(x->err, -EBUSY, "run_over");
    for (int64_t up = t->parent; e == 0 && up; up = parent.parent) {
        e = room_task_load(x->r, up, &x->arena, &parent, x->err);
        if (e < 0 || room_task_is_open(&parent))
            break;
        e = withdraw_after(x, up, false, 0);
        if (e == 0)
            e = room_task_set(x, up, "waiting", TIME_NONE, NULL, NULL);
    }
    if (e == 0 && ended) {
        struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_RUN, .id = x->run, .version = ROOM_ANY_VERSION};
        e = room_write(x->r, &w, NULL, x->err, "UPDATE run SET state = 'running', ended_at = NULL, ended_by = NULL WHERE id = ?1", "i", x->run);
        room_changed(x->r, "run", x->run);
    }
    return e;
}

static int deviate(struct running *x) {
    struct room_write w = {
        .by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_RUN, .id = x->run, .version = ROOM_ANY_VERSION, .quiet = true};
    room_changed(x->r, "run", x->run);
    return room_write(x->r, &w, NULL, x->err, "UPDATE run SET deviations = deviations + 1 WHERE id = ?1", "i", x->run);
}

enum ending { TO_DOING, TO_DONE, TO_SKIPPED, TO_FAILED, TO_DUE, TO_SENT, TO_MAX_ };
static const struct {
    const char *to, *event;
    bool ends, reason;
} endings[TO_MAX_] = {{"doing", NULL, false, false},
                      {"done", "event.step_done", true, false},
                      {"skipped", "event.step_skipped", true, true},
                      {"failed", "event.step_failed", true, true},
                      {"due", "event.step_undone", false, true},
                      {"sent", NULL, false, false}};

/* What must be said for this ending: -EINVAL and its name. */
static int check_said(const struct room_task *t, const struct json_value *step, enum ending to, const struct room_task_end *x, struct diag *err) {
    bool acted = strcmp(t->kind, "action") == 0 && to == TO_DONE; /* the machine says when its own is done */
    if ((endings[to].reason || x->otherwise || acted) && str_trim(x->why).n == 0)
        return diag_set(err, -EINVAL, "why");
    if (to == TO_DONE && strcmp(t->kind, "evidence") == 0 && str_trim(x->evidence).n == 0)
        return diag_set(err, -EINVAL, "evidence");
    if (to == TO_DONE && strcmp(t->kind, "decision") == 0 && str_trim(x->answer).n == 0)
        return diag_set(err, -EINVAL, "answer");
    if (to == TO_SENT && (strcmp(t->kind, "notify") != 0 || x->n_send == 0 || x->n_send > TASK_SEND_MAX || !x->way.n || str_trim(x->note).n == 0))
        return diag_set(err, -EINVAL, "send");
    if (to == TO_DONE && step && strcmp(t->kind, "together") == 0)
        return diag_set(err, -EBUSY, "branches");
    return 0;
}

static int write_end(struct room *r, const struct room_actor *by, const struct room_task *t, int64_t version, enum ending to, bool approves,
                     const struct room_task_end *x, struct diag *err) {
    struct room_write w = {.by = by, .verb = approves ? VERB_APPROVE : VERB_CHANGE, .object = OBJECT_TASK, .id = t->id, .version = version};
    int64_t now = room_now(r);
    char name[ROOM_BY_CAP];
    room_actor_format(by, name);
    if (to == TO_DOING)
        return room_write(r, &w, NULL, err, "UPDATE task SET state = 'doing', began_at = ?2, assignee = ?3 WHERE id = ?1", "iiI", t->id, now,
                          by->person ? &by->person : NULL);
    if (to == TO_SENT)
        return room_write(r, &w, NULL, err, "UPDATE task SET state = 'waiting', means = NULL, note = ?2, began_at = ?3 WHERE id = ?1", "isi", t->id,
                          &x->note, now);
    if (to == TO_DUE)
        return room_write(r, &w, NULL, err,
                          "UPDATE task SET state = 'due', ended_at = NULL, ended_by = NULL, answer = NULL, why = ?2 WHERE id = ?1", "is", t->id,
                          &x->why);
    return room_write(r, &w, NULL, err,
                      "UPDATE task SET state = ?2, ended_at = ?3, ended_by = ?4, answer = ?5, note = ?6, why = ?7, evidence = ?8 WHERE id = ?1",
                      "izizssss", t->id, endings[to].to, now, name, x->answer.n ? &x->answer : NULL, x->note.n ? &x->note : NULL,
                      x->why.n ? &x->why : NULL, x->evidence.n ? &x->evidence : NULL);
}

/* A message for each, in the transaction of the step: a crash finds all of them or none. */
static int send_all(struct running *x, const struct room_task *t, const struct room_task_end *said) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int64_t first = 0, last = 0;
    char subject[256], ref[48];
    int e = sql_query(x->r->db, &st, x->err, "SELECT number FROM incident WHERE id = ?1", "i", t->incident);
    if (e == 0)
        e = sql_step(st, x->err);
    if (e <= 0)
        return e;
    snprintf(subject, sizeof subject, "[%.*s] %.*s", STR_ARG(sql_str(st, 0)), STR_ARG(str_to(t->ja, 200)));
    e = 0;
    for (size_t i = 0; e == 0 && i < said->n_send; i++) {
        struct room_message_new m = {.way = said->way, .address = said->send[i].address, .who = said->send[i].who, .subject = str_of(subject),
                                     .text = said->note, .incident = t->incident, .ask = true, .reply_to = STR("")};
        e = room_message_add(x->r, x->by, &m, &last, x->err);
        first = first ? first : last;
    }
    snprintf(ref, sizeof ref, "message:%lld-%lld", (long long) first, (long long) last);
    return e == 0 ? room_task_set(x, t->id, "waiting", TIME_NONE, ref, NULL) : e;
}

/* What follows in the run. */
static int follow(struct running *x, struct room_task *t, const struct json_value *step, enum ending to, const struct room_task_end *said) {
    const struct run_kind *k = run_kind_find(t->kind);
    bool branched = false;
    int e = 0;
    if (to == TO_SENT)
        return send_all(x, t, said);
    if (to == TO_DUE) {
        e = withdraw_after(x, t->id, true, 0);
        return e == 0 ? reopen(x, t) : e;
    }
    if (!endings[to].ends)
        return 0;
    if (to == TO_SKIPPED || said->otherwise || (to == TO_DONE && strcmp(t->kind, "action") == 0))
        e = deviate(x);
    if (e == 0 && to == TO_DONE && k->choose) {
        /* waiting for its branches, should there be any: they may end at once */
        e = room_task_set(x, t->id, "waiting", TIME_NONE, NULL, NULL);
        if (e == 0)
            e = k->choose(x, t, step, said->answer, &branched);
        if (e == 0 && !branched)
            e = room_task_set(x, t->id, "done", TIME_NONE, NULL, NULL);
    }
    return e < 0 || branched ? e : room_step_leave(x, t, to == TO_FAILED);
}

static int note_end(struct running *x, const struct room_actor *by, const struct room_task *t, enum ending to, const struct room_task_end *said) {
    const struct run_kind *k = run_kind_find(t->kind);
    bool decided = to == TO_DONE && k->choose;
    const char *key = decided ? "event.step_decided" : said->otherwise && to == TO_DONE ? "event.step_otherwise" : endings[to].event;
    struct str words = decided ? said->answer : endings[to].reason || said->otherwise ? said->why : said->note;
    char name[ROOM_BY_CAP];
    int e = room_ledger_person(x->r, by, t->incident, x->err);
    if (e == 0 && key)
        e = room_task_note(x, by, t, key, endings[to].ends ? k->entry : "notice", words);
    if (e == 0 && decided)
        e = room_ledger_decided(x->r, t->incident, room_actor_format(by, name), x->err);
    room_changed(x->r, "task", t->id);
    return e;
}

/* A step that asks for an authority is ended by who has it: 0, 1 (the first of two; the step stays), or -ERR_REFUSED. Words that are no kind of
 * decision in the table of authority are for people to read. */
static int may_decide(struct running *x, const struct room_actor *by, const struct room_task *t, struct str authority) {
    struct room_deciding d = {.incident = t->incident};
    struct arena mem;
    int kind = duty_kind_from_string(authority);
    if (kind < 0)
        return 0;
    d.kind = (enum duty_kind) kind;
    arena_init(&mem, 1 << 20);
    int e = room_authority_service(x->r, t->incident, &mem, &d.service, x->err);
    if (e == 0)
        e = room_authority_check(x->r, by, &d, x->err);
    arena_done(&mem);
    return e;
}

static int first_of_two(struct running *x, const struct room_actor *by, const struct room_task *t) {
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_TASK, .id = t->id, .version = ROOM_ANY_VERSION};
    int e = room_write(x->r, &w, NULL, x->err,
                       "UPDATE task SET state = 'due', ended_at = NULL, ended_by = NULL, answer = NULL, note = NULL, why = NULL WHERE id = ?1", "i",
                       t->id);
    return e == 0 ? room_task_note(x, by, t, "event.step_first_of_two", "decision", STR_NULL) : e;
}

static int end_task(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_task_end *said, struct diag *err) {
    struct running x = {.r = r, .by = by, .err = err};
    struct room_task t;
    const struct json_value *step = NULL;
    struct str authority;
    struct arena a;
    int to = 0;
    while (to < TO_MAX_ && !str_eq_z(said->to, endings[to].to))
        to++;
    if (to == TO_MAX_)
        return diag_set(err, -EINVAL, "to");
    arena_init(&a, 1 << 20);
    int e = room_task_load(r, id, &a, &t, err);
    if (e == 0 && t.run)
        e = room_running_load(r, by, t.run, &x, err);
    if (e == 0 && t.run)
        step = room_plan_step(&x, str_of(t.step));
    bool approves = step && to == TO_DONE && json_get_str(step, "authority", &authority);
    if (e == 0) /* the door first: a stale or forbidden wish learns that, not the state */
        e = write_end(r, by, &t, version, (enum ending) to, approves, said, err);
    bool fits = to == TO_DUE ? !room_task_is_open(&t) || strcmp(t.state, "doing") == 0 : strcmp(t.state, "due") == 0 || strcmp(t.state, "doing") == 0;
    if (e == 0 && to == TO_DUE && strcmp(t.state, "waiting") == 0 && step && run_kind_find(t.kind)->choose)
        fits = true; /* a decision taken back while its branches are open */
    if (e == 0 && (!fits || strcmp(t.state, "withdrawn") == 0))
        e = diag_set(err, -EBUSY, "%s", t.state);
    if (e == 0)
        e = check_said(&t, step, (enum ending) to, said, err);
    if (e == 0 && approves)
        e = may_decide(&x, by, &t, authority);
    bool first = e == 1;
    if (first)
        e = first_of_two(&x, by, &t);
    else if (e == 0)
        e = note_end(&x, by, &t, (enum ending) to, said);
    if (e == 0 && endings[to].ends && !first && room_task_is_onsite(&t)) /* it was done otherwise: nobody is reminded of it any more */
        e = room_campaign_over(r, by, room_task_campaign(&t), err);
    if (e == 0 && t.run && !first)
        e = follow(&x, &t, step, (enum ending) to, said);
    if (t.run)
        room_running_done(&x);
    arena_done(&a);
    return e;
}

int room_task_end(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_task_end *x, struct diag *reterr) {
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = room_end(r, end_task(r, by, id, version, x, reterr), reterr);
    if (e == -ERR_REFUSED)
        IGNORE(room_authority_refusal_keep(r, NULL)); /* it stands in the chain by now; the case has it, too */
    return e;
}

/* ---- tasks people write ---- */

/* Asked for before: 0 when it was not. */
static int find_by_key(struct room *r, const char *key, int64_t incident, int64_t *ret_id, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT id FROM task WHERE key = ?1 AND incident_id = ?2", "zi", key, incident);
    if (e == 0)
        e = sql_step(st, err);
    *ret_id = e == 1 ? sql_i64(st, 0) : 0;
    return MIN(e, 0);
}

static int put_task(struct room *r, const struct room_actor *by, int64_t incident, int64_t id, int64_t version, const struct room_task_edit *x,
                    int64_t *ret_id, struct diag *err) {
    struct room_write w = {.by = by, .verb = id ? VERB_CHANGE : VERB_CREATE, .object = OBJECT_TASK, .id = id, .version = version, .tlp = TLP_AMBER,
                           .incident = incident, .owner = by->person};
    int64_t person = 1, level = 0, is_step = 0;
    char key[128] = "";
    int e = x->set_assignee && x->assignee ? one(r, err, "SELECT count(*) FROM person WHERE id = ?1 AND active = ?2", x->assignee, 1, &person) : 0;
    if (e == 0 && !person)
        return diag_set(err, -EINVAL, "assignee");
    if (e == 0 && id)
        e = one(r, err, "SELECT run_id IS NOT NULL FROM task WHERE id = ?1 AND ?2", id, 1, &is_step);
    if (e == 0 && is_step && x->text.p)
        return diag_set(err, -EINVAL, "text");
    if (x->key.n)
        snprintf(key, sizeof key, "hand:%lld:%.*s", (long long) incident, (int) MIN(x->key.n, 64u), x->key.p);
    if (e == 0 && !id && key[0] && (e = find_by_key(r, key, incident, ret_id, err)) == 0 && *ret_id)
        return 0;
    if (e == 0 && !id)
        e = one(r, err,
                "SELECT CASE level WHEN 'critical' THEN 4 WHEN 'high' THEN 3 WHEN 'medium' THEN 2 WHEN 'low' THEN 1 ELSE 0 END FROM incident WHERE "
                "id = ?1 AND ?2",
                incident, 1, &level);
    if (e < 0)
        return e;
    int64_t due = x->set_due ? x->due_ns : id ? TIME_NONE : room_run_due(r, (enum rule_level) level, room_now(r), 0);
    *ret_id = id;
    if (id == 0)
        e = room_write(r, &w, ret_id, err,
                       "INSERT INTO task(incident_id, key, step, visit, kind, lane, words_ja, words_en, state, place, assignee, due_at) VALUES "
                       "(?1, ?7, '', 1, 'task', ?2, ?3, ?3, 'due', CASE WHEN ?4 > 0 THEN ?4 ELSE (SELECT coalesce(max(place), 0) + 1 FROM task WHERE "
                       "incident_id = ?1) END, ?5, ?6)",
                       "izsiIIz", incident, x->lane, &x->text, x->place, x->assignee ? &x->assignee : NULL, due == TIME_NONE ? NULL : &due,
                       key[0] ? key : NULL);
    else
        e = room_write(r, &w, NULL, err,
                       "UPDATE task SET words_ja = coalesce(?2, words_ja), words_en = coalesce(?2, words_en), assignee = CASE WHEN ?3 THEN ?4 ELSE "
                       "assignee END, due_at = CASE WHEN ?5 THEN ?6 ELSE due_at END, late = CASE WHEN ?5 THEN 0 ELSE late END, place = CASE WHEN ?7 > 0 "
                       "THEN ?7 ELSE place END, lane = coalesce(?8, lane) WHERE id = ?1",
                       "isiIiIiz", id, x->text.p ? &x->text : NULL, (int64_t) x->set_assignee, x->assignee ? &x->assignee : NULL,
                       (int64_t) x->set_due, due == TIME_NONE ? NULL : &due, x->place, x->lane);
    room_changed(r, "task", *ret_id);
    room_changed(r, "incident", incident);
    return e;
}

int room_task_put(struct room *r, const struct room_actor *by, int64_t incident, int64_t id, int64_t version, const struct room_task_edit *x,
                  int64_t *ret_id, struct diag *reterr) {
    if (r->in_tx)
        return put_task(r, by, incident, id, version, x, ret_id, reterr);
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, put_task(r, by, incident, id, version, x, ret_id, reterr), reterr);
}

/* ---- the clock ---- */

static int woken(struct running *x, struct room_task *t) {
    const struct json_value *step = room_plan_step(x, str_of(t->step));
    const struct run_kind *k = run_kind_find(t->kind);
    int e = room_task_set(x, t->id, "due", TIME_NONE, NULL, NULL);
    return e == 0 && k->begin && step ? k->begin(x, t, step) : e;
}

static int looked(struct running *x, struct room_task *t) {
    const struct json_value *step = room_plan_step(x, str_of(t->step));
    const struct run_kind *k = run_kind_find(t->kind);
    int e = step && k->look ? k->look(x, t, step) : step && room_task_is_onsite(t) ? room_step_onsite_look(x, t) : 0;
    return MIN(e, 0);
}

/* Who stands in is called when a step is late: who may decide it, else who is on duty; in the transaction that says that it is late, and not
 * while somebody is being called for the case already. */
static int call_deputy(struct running *x, const struct room_task *t) {
    const struct json_value *step = t->run ? room_plan_step(x, str_of(t->step)) : NULL;
    struct room_callout c = {.incident = t->incident, .purpose = "take", .text = t->ja, .question = STR(""), .kind = STR(""), .service = STR(""),
                             .group = STR("")};
    struct str authority = STR("");
    int64_t id, calling = 0;
    int e = step ? one(x->r, x->err, "SELECT count(*) FROM callout WHERE incident_id = ?1 AND state = 'calling' AND ?2", t->incident, 1, &calling) : 1;
    if (e != 0 || calling)
        return MIN(e, 0);
    (void) json_get_str(step, "authority", &authority);
    if (duty_kind_from_string(authority) >= 0) {
        c.purpose = "decide";
        c.kind = authority;
        e = room_authority_service(x->r, t->incident, &x->arena, &c.service, x->err);
    }
    if (e == 0)
        e = room_callout_start(x->r, &room_system, &c, &id, x->err);
    return e == -ENOENT ? 0 : MIN(e, 0); /* nobody is written down: the case says that it is late */
}

static int late(struct running *x, struct room_task *t) {
    struct room_write w = {
        .by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_TASK, .id = t->id, .version = ROOM_ANY_VERSION, .quiet = true};
    int e = room_write(x->r, &w, NULL, x->err, "UPDATE task SET late = 1 WHERE id = ?1", "i", t->id);
    if (e == 0)
        e = call_deputy(x, t);
    return e == 0 ? room_task_note(x, &room_system, t, "event.step_late", "notice", STR_NULL) : e;
}

/* One task, in a transaction of its own: a fault in one run stops no other. */
static int treat(struct room *r, int64_t id, int (*what)(struct running *, struct room_task *), struct diag *err) {
    struct running x = {.r = r, .by = &room_system, .err = err};
    struct room_task t;
    struct arena a;
    int e = room_begin(r, err);
    if (e < 0)
        return e;
    arena_init(&a, 1 << 20);
    e = room_task_load(r, id, &a, &t, err);
    if (e == 0 && t.run)
        e = room_running_load(r, &room_system, t.run, &x, err);
    if (e == 0)
        e = what(&x, &t);
    e = room_end(r, e, err);
    if (t.run)
        room_running_done(&x);
    arena_done(&a);
    return e;
}

int room_runs_tick(struct room *r, struct diag *reterr) {
    static const struct {
        const char *find;
        int (*what)(struct running *, struct room_task *);
    } rows[] = {
        {"SELECT id FROM task WHERE state = 'waiting' AND wake_at <= ?1 AND id > ?2 ORDER BY id LIMIT 1", woken},
        {"SELECT id FROM task WHERE state IN ('waiting','due','doing') AND (kind IN ('action','playbook') OR ref LIKE 'message:%' OR ref LIKE 'campaign:%' OR means = 'undecided') AND run_id IS NOT NULL AND ?1 AND id > ?2 ORDER BY id LIMIT 1", looked},
        {"SELECT id FROM task WHERE state IN ('due','doing') AND due_at < ?1 AND late = 0 AND id > ?2 ORDER BY id LIMIT 1", late},
    };
    int first = 0;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        for (int64_t id = 0;;) {
            int e = one(r, reterr, rows[i].find, room_now(r), id, &id);
            if (e == 0 && id)
                e = treat(r, id, rows[i].what, reterr);
            if (e < 0 && first == 0)
                first = e;
            if (id == 0)
                break;
        }
    return first;
}
