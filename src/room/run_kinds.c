/* What each kind of step does: one row a kind. Where Kizuki has no means, the step stays an instruction to a person and says why (means):
 *
 *   nothing_proposed  an action, but nothing of its kind is proposed in the case
 *   no_driver         an action that Kizuki has no driver for
 *   no_level          it raises the alert level to one the office does not have
 *   level_stands      as high a level stands in the case already, for other services
 *   choose_service    the alert level is to be raised, and the case names no service
 *   choose_target     a driver is there, and the case leaves open to what
 *   undecided         its condition is answered by itself as soon as a value is known (ref "wants:NAME"), or by a person before
 *   onsite_no         who was told on site answered that it cannot be done, or asks
 *   onsite_ended      what was told on site was called off
 *   refused           the hand refused it, or some of it
 *   dry_run           the hand only rehearses
 *   not_seen          it was done, and its effect is not seen
 *   unsure            killed in the middle of what may not be done twice: a person looks
 *   by_person         a notification: nothing is sent by itself; a person sends it from here, or calls
 *   not_sent          a notification that was sent, and did not reach everybody
 *   until_said        waiting without a time: somebody says when it is over
 *   other_playbook    another playbook that is not here, contains itself, or was stopped */
#include "room/run_priv.h"

/* ---- decisions and conditions ---- */

static struct str answer_to(const struct json_value *step, struct str answer, bool *ret_known) {
    const struct json_value *cases = json_get_array(step, "cases");
    struct str value, to = STR_NULL;
    *ret_known = false;
    for (const struct json_value *v = cases ? cases->first : NULL; v; v = v->next)
        if (json_get_str(v, "value", &value) && str_eq(value, answer)) {
            *ret_known = true;
            (void) json_get_str(v, "to", &to);
        }
    return to;
}

static int choose(struct running *x, struct room_task *t, const struct json_value *step, struct str answer, bool *ret_branched) {
    struct str to = STR_NULL;
    bool known = answer.n > 0;
    if (json_get(step, "cases"))
        to = answer_to(step, answer, &known);
    else if (json_get(step, "condition")) {
        known = str_eq_z(answer, "yes") || str_eq_z(answer, "no");
        (void) json_get_str(step, str_eq_z(answer, "yes") ? "yes" : "no", &to);
    }
    if (!known)
        return diag_set(x->err, -EINVAL, "answer");
    *ret_branched = to.n > 0;
    return to.n ? room_step_branch(x, t, to) : 0;
}

/* Asked again each time the branch has been gone through. */
static int ask_again(struct running *x, struct room_task *t, const struct json_value *step) {
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_TASK, .id = t->id, .version = ROOM_ANY_VERSION};
    int64_t due = room_run_due(x->r, x->level, room_now(x->r), 0);
    room_changed(x->r, "task", t->id);
    int e = room_write(x->r, &w, NULL, x->err, "UPDATE task SET state = 'due', answer = NULL, late = 0, due_at = ?2 WHERE id = ?1", "iI", t->id,
                       due == TIME_NONE ? NULL : &due);
    return e < 0 ? e : room_step_condition_again(x, t, step);
}

/* ---- several at once ---- */

static int begin_together(struct running *x, struct room_task *t, const struct json_value *step) {
    const struct json_value *steps = json_get_array(step, "steps");
    struct run_opening here = {t->id, x->opening};
    int e = room_task_set(x, t->id, "waiting", TIME_NONE, NULL, NULL);
    x->opening = &here;
    for (const struct json_value *v = steps ? steps->first : NULL; e == 0 && v; v = v->next) {
        unsigned depth = x->depth; /* beside each other, not one in the other */
        e = room_step_branch(x, t, v->text);
        x->depth = depth;
    }
    x->opening = here.up;
    return e < 0 ? e : room_step_join(x, t->id);
}

/* ---- what Kizuki cannot do itself ---- */

static int begin_notify(struct running *x, struct room_task *t, const struct json_value *step UNUSED) {
    return room_task_set(x, t->id, "due", TIME_NONE, NULL, "by_person");
}

/* What became of the messages of a notification (ref "message:FIRST-LAST"): done when the other side took them all. */
static int look_at_messages(struct running *x, struct room_task *t, const struct json_value *step UNUSED) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    long long first, last;
    char said[32];
    if (sscanf(t->ref, "message:%lld-%lld", &first, &last) != 2)
        return 0;
    int e = sql_query(x->r->db, &st, x->err,
                      "SELECT count(*), count(*) FILTER (WHERE state IN ('sent','acknowledged')), count(*) FILTER (WHERE state IN "
                      "('refused','bounced','unknown','failed')) FROM message WHERE id BETWEEN ?1 AND ?2",
                      "ii", (int64_t) first, (int64_t) last);
    if (e == 0)
        e = sql_step(st, x->err);
    if (e <= 0)
        return e;
    int64_t n = sql_i64(st, 0), sent = sql_i64(st, 1), bad = sql_i64(st, 2);
    if (n > 0 && sent == n) {
        snprintf(said, sizeof said, "%lld", (long long) n);
        e = room_task_note(x, &room_system, t, "event.step_sent", "contact", str_of(said));
        return e == 0 ? room_step_settle(x, t, "done", STR_NULL, STR_NULL) : e;
    }
    if (bad > 0 && strcmp(t->means, "not_sent") != 0)
        return room_task_set(x, t->id, "due", TIME_NONE, NULL, "not_sent");
    return 1;
}

static int begin_wait(struct running *x, struct room_task *t, const struct json_value *step) {
    int64_t wait_s;
    if (json_get_i64(step, "wait_s", &wait_s)) /* it has passed */
        return room_step_settle(x, t, "done", STR_NULL, STR_NULL);
    return room_task_set(x, t->id, "due", TIME_NONE, NULL, "until_said");
}

/* The newest version in use of the playbook the step names, and the run of it that goes on in the case. Each 0: there is none. */
static int find_playbook(struct running *x, struct str cacao, int64_t *ret_playbook, int64_t *ret_run) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(x->r->db, &st, x->err,
                      "SELECT p.id, (SELECT max(run.id) FROM run JOIN playbook q ON q.id = run.playbook_id WHERE run.incident_id = ?2 AND run.state = "
                      "'running' AND q.key = p.key) FROM playbook p WHERE p.active AND json_extract(p.plan, '$.cacao') = ?1 ORDER BY p.number DESC LIMIT 1",
                      "si", &cacao, x->incident);
    if (e == 0)
        e = sql_step(st, x->err);
    *ret_playbook = e == 1 ? sql_i64(st, 0) : 0;
    *ret_run = e == 1 ? sql_i64(st, 1) : 0;
    return MIN(e, 0);
}

/* Would the run wait for itself? Through runs that wait for the one asking. */
static int waits_for_us(struct running *x, int64_t run) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(x->r->db, &st, x->err,
                      "WITH RECURSIVE up(id) AS (SELECT ?1 UNION SELECT t.run_id FROM up JOIN task t ON t.incident_id = ?3 AND t.state = 'waiting' AND t.ref = "
                      "'run:' || up.id) SELECT 1 FROM up WHERE id = ?2",
                      "iii", x->run, run, x->incident);
    return e == 0 ? sql_step(st, x->err) : e;
}

static int begin_playbook(struct running *x, struct room_task *t, const struct json_value *step) {
    struct str cacao = STR("");
    int64_t playbook, run;
    char ref[32];
    (void) json_get_str(step, "playbook", &cacao);
    int e = find_playbook(x, cacao, &playbook, &run);
    snprintf(ref, sizeof ref, "playbook:%lld", (long long) playbook);
    return e < 0 ? e : playbook ? room_task_set(x, t->id, "waiting", TIME_NONE, ref, NULL) : room_task_set(x, t->id, "due", TIME_NONE, NULL, "other_playbook");
}

/* It is begun (by the clock, in a transaction of its own) and followed to its end; where it runs in the case already, that run is followed. */
static int look_at_run(struct running *x, struct room_task *t, const struct json_value *step) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    long long run = 0;
    char ref[32];
    if (strcmp(t->state, "waiting") != 0)
        return 0;
    if (sscanf(t->ref, "run:%lld", &run) != 1) {
        struct str cacao = STR("");
        int64_t playbook, there;
        (void) json_get_str(step, "playbook", &cacao);
        int e = find_playbook(x, cacao, &playbook, &there);
        int self = e == 0 && there ? waits_for_us(x, there) : 0;
        if (e < 0 || self != 0 || playbook == 0)
            return e < 0 || self < 0 ? MIN(e, self) : room_task_set(x, t->id, "due", TIME_NONE, NULL, "other_playbook");
        if (there == 0)
            e = room_run_within(x->r, x->incident, playbook, &there, x->err);
        snprintf(ref, sizeof ref, "run:%lld", (long long) there);
        return e < 0 ? e : room_task_set(x, t->id, "waiting", TIME_NONE, ref, NULL);
    }
    int e = sql_query(x->r->db, &st, x->err, "SELECT state FROM run WHERE id = ?1", "i", (int64_t) run);
    if (e == 0)
        e = sql_step(st, x->err);
    if (e <= 0 || str_eq_z(sql_str(st, 0), "running"))
        return e;
    if (str_eq_z(sql_str(st, 0), "ended"))
        return room_step_settle(x, t, "done", STR_NULL, STR_NULL);
    return room_task_set(x, t->id, "due", TIME_NONE, NULL, "other_playbook"); /* somebody stopped it: what now? */
}

static const struct run_kind kinds[] = {
    {.name = "task", .entry = "action"},
    {.name = "check", .entry = "action"},
    {.name = "evidence", .entry = "action"},
    {.name = "notify", .entry = "contact", .begin = begin_notify, .look = look_at_messages},
    {.name = "wait", .entry = "notice", .begin = begin_wait},
    {.name = "action", .entry = "action", .begin = room_step_act_begin, .look = room_step_act_look},
    {.name = "decision", .entry = "decision", .begin = room_step_condition_begin, .choose = choose, .look = room_step_condition_look},
    {.name = "repeat", .entry = "decision", .begin = room_step_condition_begin, .choose = choose, .look = room_step_condition_look, .joined = ask_again},
    {.name = "together", .entry = "notice", .begin = begin_together},
    {.name = "playbook", .entry = "action", .begin = begin_playbook, .look = look_at_run},
};

const struct run_kind *run_kind_find(const char *name) {
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return &kinds[0];
}
