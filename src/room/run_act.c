/* Steps that act: a block follows the action the rules proposed (action.h); every other act is proposed as a lasting act (deed.h) when the step
 * comes up, with its targets taken from the case, and followed row by row; the alert level is the room's own (run_level.c). The proposal and the step are one transaction, and the act knows the
 * step it is of, so that nothing is proposed twice, however often the room dies.
 *
 * Never here: approving. Who may decide, the rehearsal, what is kept before and the look at the effect are those of the act itself. */
#include "room/deed_priv.h"
#include "room/run_priv.h"

/* What playbooks call an act; any other word is a kind as its driver names it. */
struct str room_step_act_kind(const struct json_value *step) {
    static const struct {
        const char *said, *kind;
    } words[] = {{"close_site", "site_close"}, {"freeze_account", "account_freeze"}, {"isolate_host", "host_isolate"}, {"cut_traffic", "net_cut"}};
    struct str kind = STR("");
    (void) json_get_str(step, "action", &kind);
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (str_eq_z(kind, words[i].said))
            return str_of(words[i].kind);
    return kind;
}

/* ---- a block ---- */

/* What became of the newest action of this kind in the case; 0: there is none. */
static int look_at_block(struct running *x, struct room_task *t, struct str kind) {
    static const struct {
        const char *action, *state, *means; /* of an action; of the task then, and why it is by hand */
        bool ends;
    } rows[] = {
        {"proposed", "due", NULL, false},     {"sent", "waiting", NULL, false}, {"dry_run", "due", "dry_run", false},
        {"refused", "due", "refused", false}, {"in_force", "done", NULL, true}, {"ended", "done", NULL, true},
        {"undone", "done", NULL, true},       {"rejected", "skipped", NULL, true},
    };
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    char ref[32];
    size_t i = 0;
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
    if (rows[i].ends)
        e = room_step_acted(x, t, rows[i].state, ref, arena_dup(&x->arena, sql_str(st, 2)));
    else if (strcmp(t->ref, ref) != 0 || (strcmp(t->state, rows[i].state) != 0 && strcmp(t->state, "doing") != 0))
        e = room_task_set(x, t->id, rows[i].state, TIME_NONE, ref, rows[i].means);
    return e < 0 ? e : 1;
}

/* The step has ended with its act; a person's no skips it, with their reason. */
int room_step_acted(struct running *x, struct room_task *t, const char *state, const char *ref, struct str reason) {
    bool skipped = strcmp(state, "skipped") == 0;
    struct str why = skipped ? reason : STR_NULL;
    int e = room_task_set(x, t->id, t->state, TIME_NONE, ref, NULL);
    if (e == 0)
        e = room_task_note(x, &room_system, t, skipped ? "event.step_skipped" : "event.step_done", "action", why);
    return e == 0 ? room_step_settle(x, t, state, STR_NULL, why) : e;
}

/* ---- a lasting act ---- */

/* The act of this step: its own, else one of the kind that is open in the case because a person was quicker. 0: there is none. */
static int find_deed(struct running *x, const struct room_task *t, struct str kind, int64_t *ret_id) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    long long known = 0;
    if (sscanf(t->ref, "deed:%lld", &known) == 1) {
        *ret_id = known;
        return 1;
    }
    int e = sql_query(x->r->db, &st, x->err,
                      "SELECT id FROM deed WHERE incident_id = ?1 AND kind = ?2 AND (task_id = ?3 OR state IN ('proposed','sent','in_force','unsure')) "
                      "ORDER BY coalesce(task_id, 0) = ?3 DESC, id DESC LIMIT 1",
                      "isi", x->incident, &kind, t->id);
    if (e == 0)
        e = sql_step(st, x->err);
    *ret_id = e == 1 ? sql_i64(st, 0) : 0;
    return e;
}

/* The rows of a batch together, the most pressing first: what the step is then, and why it is by hand. */
static int look_at_deed(struct running *x, struct room_task *t, int64_t id) {
    static const struct {
        const char *state, *means;
        bool ends;
    } is[] = {{"due", "unsure", false},   {"due", "dry_run", false}, {"due", NULL, false},    {"waiting", NULL, false},
              {"due", "not_seen", false}, {"due", "refused", false}, {"skipped", NULL, true}, {"done", NULL, true}};
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    char ref[32];
    int e = sql_query(x->r->db, &st, x->err,
                      "SELECT sum(d.state = 'unsure'), sum(d.state = 'proposed' AND d.why = 'dry_run'), sum(d.state = 'proposed'), "
                      "sum(d.state IN ('sent','undoing')), sum(d.state = 'in_force' AND d.seen = 0), sum(d.state = 'refused'), "
                      "min(d.state = 'rejected'), 1, min(d.id), max(CASE WHEN d.state = 'rejected' THEN d.kept END) "
                      "FROM deed d WHERE d.batch = (SELECT batch FROM deed WHERE id = ?1)",
                      "i", id);
    if (e == 0)
        e = sql_step(st, x->err);
    if (e <= 0 || sql_is_null(st, 8))
        return e < 0 ? e : 1;
    size_t i = 0;
    while (i < ARRAY_SIZE(is) - 1 && sql_i64(st, (int) i) == 0)
        i++;
    snprintf(ref, sizeof ref, "deed:%lld", (long long) sql_i64(st, 8));
    if (is[i].ends)
        e = room_step_acted(x, t, is[i].state, ref, arena_dup(&x->arena, sql_str(st, 9)));
    else if (strcmp(t->ref, ref) != 0 || strcmp(t->means, is[i].means ? is[i].means : "") != 0 ||
             (strcmp(t->state, is[i].state) != 0 && strcmp(t->state, "doing") != 0))
        e = room_task_set(x, t->id, is[i].state, TIME_NONE, ref, is[i].means);
    return e < 0 ? e : 1;
}

/* 1: it is proposed and followed. 0 with the reason why a person has to. */
static int propose_deed(struct running *x, struct room_task *t, struct str kind, const char **ret_means) {
    struct room_deed_new new = {.task = t->id};
    int64_t id;
    int e = room_deed_aim(x->r, x->incident, kind, &x->arena, &new, ret_means, x->err);
    if (e != 0)
        return MIN(e, 0);
    e = room_deed_propose(x->r, &room_system, &new, &id, x->err);
    return e < 0 ? e : look_at_deed(x, t, id);
}

/* > 0: it follows something. */
static int look(struct running *x, struct room_task *t, const struct json_value *step, struct str kind, const char **ret_means) {
    int64_t deed = 0;
    *ret_means = "nothing_proposed";
    if (str_eq_z(kind, "raise_level"))
        return room_step_level_look(x, t, step, ret_means);
    if (str_eq_z(kind, "block_source"))
        return look_at_block(x, t, kind);
    int e = find_deed(x, t, kind, &deed);
    return e < 0 ? e : deed ? look_at_deed(x, t, deed) : propose_deed(x, t, kind, ret_means);
}

int room_step_act_begin(struct running *x, struct room_task *t, const struct json_value *step) {
    struct str kind = room_step_act_kind(step);
    const char *means = "no_driver";
    int e = kind.n ? look(x, t, step, kind, &means) : 0;
    return e != 0 ? MIN(e, 0) : room_task_set(x, t->id, "due", TIME_NONE, NULL, means);
}

/* Once a second: a driver may have come, or a person may have proposed it. */
int room_step_act_look(struct running *x, struct room_task *t, const struct json_value *step) {
    struct str kind = room_step_act_kind(step);
    const char *means = "no_driver";
    int e = room_task_is_onsite(t) ? room_step_onsite_look(x, t) : 0;
    if (e != 0)
        return MIN(e, 0);
    e = kind.n ? look(x, t, step, kind, &means) : 0;
    return e != 0 || strcmp(t->means, means) == 0 || room_task_is_onsite(t) ? MIN(e, 0) : room_task_set(x, t->id, t->state, TIME_NONE, NULL, means);
}
