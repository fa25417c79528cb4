/* Steps with a condition that the room can answer (condition.h): from what is measured in the case, from confirmed facts, and from answers that
 * steps of the run gave to variables. It is answered as soon as it can be, in the transaction in which the step comes up or by the clock; until then
 * the step says what is wanted, and a person may answer all the same. A step that asks for an authority is a person's, whatever its condition. */
#include "room/condition.h"
#include "room/fact.h"
#include "room/run_priv.h"

static const struct {
    const char *name, *sql; /* ?1 the case, ?2 the time; one column */
} measures[] = {
    {"accounts", "SELECT count(*) FROM account WHERE incident_id = ?1 AND ?2 > 0"},
    {"accounts_hour", "SELECT count(*) FROM account WHERE incident_id = ?1 AND success_at > ?2 - 3600000000000"},
    {"findings", "SELECT count(*) FROM finding WHERE incident_id = ?1 AND ?2 > 0"},
    {"hosts", "SELECT count(DISTINCT v.value) FROM finding f CROSS JOIN finding_value v ON v.finding_id = f.id AND v.kind = 'host' WHERE f.incident_id = ?1 AND ?2 > 0"},
    {"sources", "SELECT count(DISTINCT v.value) FROM finding f CROSS JOIN finding_value v ON v.finding_id = f.id AND v.kind = 'source' WHERE f.incident_id = ?1 AND ?2 > 0"},
    {"level", "SELECT level FROM incident WHERE id = ?1 AND ?2 > 0"},
    {"kind", "SELECT kind FROM incident WHERE id = ?1 AND ?2 > 0"},
    {"in_force", "SELECT (SELECT count(*) FROM action WHERE incident_id = ?1 AND state = 'in_force') + (SELECT count(*) FROM deed WHERE incident_id = ?1 AND state = 'in_force' AND ?2 > 0)"},
    {"minutes", "SELECT (?2 - created_at) / 60000000000 FROM incident WHERE id = ?1"},
};

static int measured(struct running *x, const char *sql, struct str *ret) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(x->r->db, &st, x->err, sql, "ii", x->incident, room_now(x->r));
    if (e == 0)
        e = sql_step(st, x->err);
    if (e != 1)
        return MIN(e, 0);
    *ret = arena_dup(&x->arena, sql_str(st, 0));
    return ret->p ? 1 : -ENOMEM;
}

/* What was answered last to a step that asks for it: several may, and one more than once. */
static int answered(struct running *x, struct str name, struct str *ret) {
    const struct json_value *steps = json_get_array(x->plan, "steps");
    struct str asks, id;
    bool known = false;
    int64_t last = 0;
    for (const struct json_value *v = steps ? steps->first : NULL; v; v = v->next) {
        CLEANUP(sql_endp) struct sql_stmt *st = NULL;
        if (!json_get_str(v, "asks", &asks) || !str_eq(asks, name) || !json_get_str(v, "id", &id))
            continue;
        known = true;
        int e = sql_query(x->r->db, &st, x->err,
                          "SELECT answer, ended_at FROM task WHERE run_id = ?1 AND step = ?2 AND answer IS NOT NULL AND state <> 'withdrawn' AND coalesce(ended_at, 1) >= ?3 "
                          "ORDER BY ended_at DESC, id DESC LIMIT 1",
                          "isi", x->run, &id, last);
        if (e == 0)
            e = sql_step(st, x->err);
        if (e < 0)
            return e;
        if (e == 1) {
            last = MAX(sql_i64(st, 1), 1);
            *ret = arena_dup(&x->arena, sql_str(st, 0));
            if (!ret->p)
                return -ENOMEM;
        }
    }
    return last ? 1 : known ? 0 : -ENOENT;
}

static int value_of(void *ctx, struct str name, struct str *ret) {
    struct running *x = ctx;
    struct room_fact fact;
    char z[FACT_NAME_BYTES_MAX + 1];
    int e = answered(x, name, ret);
    if (e != -ENOENT)
        return e;
    for (size_t i = 0; i < ARRAY_SIZE(measures); i++)
        if (str_eq_z(name, measures[i].name))
            return measured(x, measures[i].sql, ret);
    if (!room_fact_specs(x->r) || name.n > FACT_NAME_BYTES_MAX)
        return -ENOENT;
    snprintf(z, sizeof z, "%.*s", STR_ARG(name));
    e = room_fact_get(x->r, &x->arena, x->incident, z, &fact, NULL);
    if (e < 0)
        return e == -EINVAL ? -ENOENT : e;
    *ret = fact.value;
    return fact.id && fact.state == FACT_CONFIRMED && fact.value.n; /* what nobody has confirmed decides nothing */
}

static int judge(struct running *x, const struct json_value *step, enum condition_truth *ret, struct str *ret_wants, struct str *ret_text) {
    const struct condition_source from = {x, value_of};
    struct str authority;
    *ret = CONDITION_NONE;
    return !json_get_str(step, "condition", ret_text) || json_get_str(step, "authority", &authority) ? 0 : condition_judge(*ret_text, &from, ret, ret_wants);
}

static int answer(struct running *x, struct room_task *t, const struct json_value *step, bool yes, struct str text) {
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_TASK, .id = t->id, .version = ROOM_ANY_VERSION};
    const struct run_kind *k = run_kind_find(t->kind);
    const char *said = yes ? "yes" : "no";
    bool branched = false;
    int e = room_write(x->r, &w, NULL, x->err, "UPDATE task SET state = 'waiting', answer = ?2, ended_at = ?3, ended_by = 'system', means = NULL, ref = '' WHERE id = ?1", "izi", t->id, said,
                       room_now(x->r));
    if (e == 0)
        e = room_task_note(x, &room_system, t, yes ? "event.step_true" : "event.step_false", "decision", text);
    if (e == 0)
        e = k->choose(x, t, step, str_of(said), &branched);
    if (e == 0 && !branched)
        e = room_task_set(x, t->id, "done", TIME_NONE, NULL, NULL);
    return e < 0 || branched ? e : room_step_leave(x, t, false);
}

/* When it comes up: answered at once, watched until it can be, or a person's. */
int room_step_condition_begin(struct running *x, struct room_task *t, const struct json_value *step) {
    enum condition_truth truth;
    struct str wants, text = STR("");
    char ref[32];
    int e = judge(x, step, &truth, &wants, &text);
    if (e < 0 || truth == CONDITION_NONE)
        return e;
    if (truth != CONDITION_UNDECIDED)
        return answer(x, t, step, truth == CONDITION_TRUE, text);
    snprintf(ref, sizeof ref, "wants:%.*s", (int) MIN(wants.n, 24u), wants.p);
    return room_task_set(x, t->id, "due", TIME_NONE, ref, "undecided");
}

/* By the clock, while it is undecided. */
int room_step_condition_look(struct running *x, struct room_task *t, const struct json_value *step) {
    enum condition_truth truth;
    struct str wants, text = STR("");
    if (strcmp(t->means, "undecided") != 0 || (strcmp(t->state, "due") != 0 && strcmp(t->state, "doing") != 0))
        return 0;
    int e = judge(x, step, &truth, &wants, &text);
    return e < 0 || truth == CONDITION_NONE || truth == CONDITION_UNDECIDED ? e : answer(x, t, step, truth == CONDITION_TRUE, text);
}

/* After a round of a repetition: watched from the next second on, so that no round follows itself within one. */
int room_step_condition_again(struct running *x, struct room_task *t, const struct json_value *step) {
    enum condition_truth truth;
    struct str wants, text;
    int e = judge(x, step, &truth, &wants, &text);
    return e < 0 || truth == CONDITION_NONE ? e : room_task_set(x, t->id, "due", TIME_NONE, NULL, "undecided");
}
