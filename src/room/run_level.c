/* Steps that raise the alert level (action raise_level): an act inside the room, beside the block and the lasting acts of run_act.c. What comes up is the same proposal
 * a person makes on the page (level.h), in the transaction in which the step comes up, and the step follows it: decided by whoever may, in force (the effect: the level
 * stands), over at its date, withdrawn or lowered with a reason.
 *
 * Never twice: what waits or stands in the case and is as much is followed, what a tip proposed is put; and a step never lowers what stands.
 * Not here: deciding, and what a level hands out (level.c). */
#include "room/authority.h"
#include "room/level_priv.h"
#include "room/run_priv.h"

#include "base/text.h"

/* The level with this id, or what was put in its place before the decision. */
static int follow(struct running *x, struct room_task *t, int64_t id) {
    static const struct {
        const char *level, *state;
        bool ends;
    } rows[] = {{"proposed", "due", false}, {"asked", "due", false}, {"in_force", "done", true}, {"lowered", "done", true}, {"declined", "skipped", true}};
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    char ref[32];
    size_t i = 0;
    int e = sql_query(x->r->db, &st, x->err,
                      "SELECT id, state, why FROM alert_level WHERE id = ?1 OR decision_id = (SELECT decision_id FROM alert_level WHERE id = ?1) "
                      "ORDER BY state = 'declined', ended_by IS NULL, id DESC LIMIT 1",
                      "i", id);
    if (e == 0)
        e = sql_step(st, x->err);
    while (e == 1 && i < ARRAY_SIZE(rows) && !str_eq_z(sql_str(st, 1), rows[i].level))
        i++;
    if (e <= 0 || i == ARRAY_SIZE(rows))
        return e < 0 ? e : 1;
    snprintf(ref, sizeof ref, "level:%lld", (long long) sql_i64(st, 0));
    if (rows[i].ends)
        e = room_step_acted(x, t, rows[i].state, ref, arena_dup(&x->arena, sql_str(st, 2)));
    else if (strcmp(t->ref, ref) != 0 || (strcmp(t->state, rows[i].state) != 0 && strcmp(t->state, "doing") != 0))
        e = room_task_set(x, t->id, rows[i].state, TIME_NONE, ref, NULL);
    return e < 0 ? e : 1;
}

struct standing {
    int64_t id, version; /* id 0: none */
    bool proposed;       /* by a tip: nobody has put it yet */
    struct str *services;
    size_t n;
};

/* What there is in the case already: in force or asked and as much, or this level proposed by its tip. */
static int find_standing(struct running *x, int64_t rank, struct standing *ret) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    *ret = (struct standing){0};
    int e = sql_query(x->r->db, &st, x->err,
                      "SELECT id, version, state = 'proposed', services FROM alert_level WHERE (incident_id = ?1 OR tip_id IN (SELECT id FROM tip WHERE incident_id = ?1)) AND "
                      "(state IN ('asked','in_force') AND rank >= ?2 OR state = 'proposed' AND rank = ?2) ORDER BY state = 'proposed', state = 'asked', rank DESC, id DESC LIMIT 1",
                      "ii", x->incident, rank);
    if (e == 0)
        e = sql_step(st, x->err);
    if (e <= 0)
        return e;
    *ret = (struct standing){.id = sql_i64(st, 0), .version = sql_i64(st, 1), .proposed = sql_i64(st, 2) != 0};
    struct str services = arena_dup(&x->arena, sql_str(st, 3));
    return services.p ? level_read_services(&x->arena, services, &ret->services, &ret->n, x->err) : -ENOMEM;
}

static bool covers(const struct standing *s, const struct room_level_new *new) {
    size_t k = 0;
    for (size_t i = 0; i < new->n_services; i++) {
        for (k = 0; k < s->n && !str_eq(s->services[k], new->services[i]); k++)
            ;
        if (k == s->n)
            return false;
    }
    return true;
}

static int say_services(struct running *x, const struct json_value *step, struct room_level_new *new) {
    const struct json_value *list = json_get_array(step, "services");
    struct str *at = arena_alloc(&x->arena, LEVEL_SERVICES_MAX * sizeof *at);
    for (const struct json_value *v = list ? list->first : NULL; at && v && new->n_services < LEVEL_SERVICES_MAX; v = v->next)
        at[new->n_services++] = str_trim(v->text);
    new->services = at;
    return at ? 0 : -ENOMEM;
}

/* Where the step names none: those the tip's proposal names, those of the case's findings, the one the case is about. */
static int case_services(struct running *x, const struct standing *s, struct room_level_new *new) {
    struct str *at = arena_alloc(&x->arena, LEVEL_SERVICES_MAX * sizeof *at), one = STR("");
    if (!at)
        return -ENOMEM;
    new->services = at;
    for (; new->n_services < s->n; new->n_services++)
        at[new->n_services] = s->services[new->n_services];
    int e = new->n_services ? 0 : level_services_of(x->r, x->incident, &x->arena, at, LEVEL_SERVICES_MAX, &new->n_services, x->err);
    if (e == 0 && new->n_services == 0)
        e = room_authority_service(x->r, x->incident, &x->arena, &one, x->err);
    if (e == 0 && one.n)
        at[new->n_services++] = one;
    return e;
}

/* > 0: it follows a level. 0 with the reason why it is for a person. */
int room_step_level_look(struct running *x, struct room_task *t, const struct json_value *step, const char **ret_means) {
    struct room_level_new new = {.level = STR(""), .incident = x->incident, .task = t->id};
    struct standing s;
    long long known;
    int64_t until_s, id;
    size_t rank;
    if (sscanf(t->ref, "level:%lld", &known) == 1)
        return follow(x, t, known);
    (void) json_get_str(step, "level", &new.level);
    *ret_means = "no_level"; /* the office has other levels than whoever wrote the playbook */
    if (!room_alert_level(x->r, new.level, &rank))
        return 0;
    int e = say_services(x, step, &new);
    if (e == 0)
        e = find_standing(x, (int64_t) rank, &s);
    if (e < 0)
        return e;
    *ret_means = "level_stands";
    if (s.id && !s.proposed)
        return covers(&s, &new) ? follow(x, t, s.id) : 0;
    if (new.n_services == 0 && (e = case_services(x, &s, &new)) < 0)
        return e;
    *ret_means = "choose_service";
    if (new.n_services == 0)
        return 0;
    if (json_get_i64(step, "until_s", &until_s))
        new.until_ns = room_now(x->r) + until_s * NS_PER_S;
    struct str reason = str_eq(t->ja, t->en) ? t->ja : arena_printf(&x->arena, "%.*s / %.*s", STR_ARG(t->ja), STR_ARG(t->en));
    new.reason = reason.p ? text_first(reason, 1000) : STR("");
    id = s.id;
    e = id ? room_level_put(x->r, &room_system, id, s.version, &new, x->err) : room_level_raise(x->r, &room_system, &new, &id, x->err);
    return e < 0 ? e : follow(x, t, id);
}
