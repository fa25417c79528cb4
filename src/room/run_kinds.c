/* What each kind of step does: one row a kind. Where Kizuki has no means, the step stays an instruction to a person and says why (means):
 *
 *   nothing_proposed  an action, but nothing of its kind is proposed in the case
 *   no_driver         an action that Kizuki has no driver for
 *   refused           the hand refused it
 *   dry_run           the hand only rehearses
 *   by_person         a notification: nothing is sent by itself; a person sends it from here, or calls
 *   not_sent          a notification that was sent, and did not reach everybody
 *   until_said        waiting without a time: somebody says when it is over
 *   other_playbook    another playbook: begun by a person */
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
static int ask_again(struct running *x, struct room_task *t, const struct json_value *step UNUSED) {
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_TASK, .id = t->id, .version = ROOM_ANY_VERSION};
    int64_t due = room_run_due(x->r, x->level, room_now(x->r), 0);
    room_changed(x->r, "task", t->id);
    return room_write(x->r, &w, NULL, x->err, "UPDATE task SET state = 'due', answer = NULL, late = 0, due_at = ?2 WHERE id = ?1", "iI", t->id,
                      due == TIME_NONE ? NULL : &due);
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

/* ---- actions ---- */

/* What became of the newest action of this kind in the case; 0: there is none. */
static int look_at_action(struct running *x, struct room_task *t, const struct json_value *step) {
    static const struct {
        const char *action, *state, *means; /* of an action; of the task then, and why it is by hand */
        bool ends;
    } rows[] = {
        {"proposed", "due", NULL, false},     {"sent", "waiting", NULL, false}, {"dry_run", "due", "dry_run", false},
        {"refused", "due", "refused", false}, {"in_force", "done", NULL, true}, {"ended", "done", NULL, true},
        {"undone", "done", NULL, true},       {"rejected", "skipped", NULL, true},
    };
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct str kind = STR("");
    char ref[32];
    size_t i = 0;
    (void) json_get_str(step, "action", &kind);
    int e = sql_query(x->r->db, &st, x->err,
                      "SELECT a.id, a.state, (SELECT json_extract(l.params, '$.reason') FROM timeline l WHERE l.incident_id = a.incident_id AND "
                      "l.text_key = 'event.action_rejected' AND l.ref = 'action:' || a.id ORDER BY l.id DESC LIMIT 1) "
                      "FROM action a WHERE a.incident_id = ?1 AND a.kind = ?2 ORDER BY a.id DESC LIMIT 1",
                      "is", x->incident, &kind);
    if (e == 0)
        e = sql_step(st, x->err);
    if (e <= 0)
        return e;
    while (i < ARRAY_SIZE(rows) && !str_eq_z(sql_str(st, 1), rows[i].action))
        i++;
    if (i == ARRAY_SIZE(rows))
        return 1;
    snprintf(ref, sizeof ref, "action:%lld", (long long) sql_i64(st, 0));
    if (rows[i].ends) {
        bool skipped = strcmp(rows[i].state, "skipped") == 0;
        struct str why = skipped ? arena_dup(&x->arena, sql_str(st, 2)) : STR_NULL;
        e = room_task_set(x, t->id, t->state, TIME_NONE, ref, NULL);
        if (e == 0)
            e = room_task_note(x, &room_system, t, skipped ? "event.step_skipped" : "event.step_done", "action", why);
        e = e == 0 ? room_step_settle(x, t, rows[i].state, STR_NULL, why) : e;
    } else if (strcmp(t->ref, ref) != 0 || (strcmp(t->state, rows[i].state) != 0 && strcmp(t->state, "doing") != 0)) {
        e = room_task_set(x, t->id, rows[i].state, TIME_NONE, ref, rows[i].means);
    }
    return e < 0 ? e : 1;
}

static int begin_action(struct running *x, struct room_task *t, const struct json_value *step) {
    struct str kind = STR("");
    int e = json_get_str(step, "action", &kind) ? look_at_action(x, t, step) : 0;
    if (e != 0)
        return MIN(e, 0);
    return room_task_set(x, t->id, "due", TIME_NONE, NULL, str_eq_z(kind, "block_source") ? "nothing_proposed" : "no_driver");
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

static int begin_playbook(struct running *x, struct room_task *t, const struct json_value *step) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct str cacao = STR("");
    char ref[32] = "";
    (void) json_get_str(step, "playbook", &cacao);
    int e = sql_query(x->r->db, &st, x->err,
                      "SELECT id FROM playbook WHERE active AND json_extract(plan, '$.cacao') = ?1 ORDER BY number DESC LIMIT 1", "s", &cacao);
    if (e == 0)
        e = sql_step(st, x->err);
    if (e == 1)
        snprintf(ref, sizeof ref, "playbook:%lld", (long long) sql_i64(st, 0));
    return e < 0 ? e : room_task_set(x, t->id, "due", TIME_NONE, ref[0] ? ref : NULL, "other_playbook");
}

static const struct run_kind kinds[] = {
    {.name = "task", .entry = "action"},
    {.name = "check", .entry = "action"},
    {.name = "evidence", .entry = "action"},
    {.name = "notify", .entry = "contact", .begin = begin_notify, .look = look_at_messages},
    {.name = "wait", .entry = "notice", .begin = begin_wait},
    {.name = "action", .entry = "action", .begin = begin_action, .look = look_at_action},
    {.name = "decision", .entry = "decision", .choose = choose},
    {.name = "repeat", .entry = "decision", .choose = choose, .joined = ask_again},
    {.name = "together", .entry = "notice", .begin = begin_together},
    {.name = "playbook", .entry = "action", .begin = begin_playbook},
};

const struct run_kind *run_kind_find(const char *name) {
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return &kinds[0];
}
