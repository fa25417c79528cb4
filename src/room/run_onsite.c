/* Steps that somebody on site does because no driver reaches there: a plain instruction (a kind of campaign with `step`) goes to a named person for
 * each thing, by the ways that person has, and the answer by the link brings a photo. The step waits for it and keeps the photos' sums as its
 * evidence. The instruction and the step are one transaction. Who may decide the act may give the instruction, and nobody else.
 *
 * Not here: telling, reminding and answering (campaign.h), the bytes of photos (attachment.h). */
#include "room/campaign.h"
#include "room/deed_priv.h"
#include "room/directory.h"
#include "room/plans.h"
#include "room/reach.h"
#include "room/run_priv.h"

#define PEOPLE_MAX 500

bool room_task_is_onsite(const struct room_task *t) {
    return str_starts(str_of(t->ref), STR("campaign:"));
}

int64_t room_task_campaign(const struct room_task *t) {
    long long id;
    return sscanf(t->ref, "campaign:%lld", &id) == 1 ? id : 0;
}

/* ---- followed ---- */

/* What came back, as the step keeps it: the names of photos and their sums. */
static int keep_evidence(struct running *x, struct room_task *t, int64_t campaign) {
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_TASK, .id = t->id, .version = ROOM_ANY_VERSION, .quiet = true};
    return room_write(x->r, &w, NULL, x->err,
                      "UPDATE task SET evidence = (SELECT group_concat(t.name || ' ' || t.person || ': ' || coalesce((SELECT group_concat(a.name || ' (SHA-256 ' || a.digest || ')', ' ') "
                      "FROM attachment a WHERE a.incident_id = ?3 AND a.of = 'target' AND a.of_id = t.id), t.words), char(10)) FROM campaign_target t WHERE t.campaign_id = ?2) WHERE id = ?1",
                      "iii", t->id, campaign, t->incident);
}

/* > 0: somebody is at it, or it has just ended. */
int room_step_onsite_look(struct running *x, struct room_task *t) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int64_t campaign = room_task_campaign(t);
    int e = sql_query(x->r->db, &st, x->err,
                      "SELECT c.state, (SELECT count(*) FROM campaign_target t WHERE t.campaign_id = c.id AND t.state <> 'done' AND t.answered_at IS NOT NULL) FROM campaign c WHERE c.id = ?1", "i",
                      campaign);
    if (e == 0)
        e = sql_step(st, x->err);
    if (e <= 0)
        return e;
    if (str_eq_z(sql_str(st, 0), "done")) {
        e = keep_evidence(x, t, campaign);
        if (e == 0)
            e = room_step_acted(x, t, "done", t->ref, STR_NULL);
        return e < 0 ? e : 1;
    }
    bool over = str_eq_z(sql_str(st, 0), "ended"); /* by a person */
    const char *means = over ? "onsite_ended" : sql_i64(st, 1) ? "onsite_no" : NULL;
    if (means && strcmp(t->means, means) != 0)
        e = room_task_set(x, t->id, "due", TIME_NONE, NULL, means);
    return e < 0 ? e : !over;
}

/* ---- told ---- */

static int check(struct room *r, const struct room_task_onsite *x, struct diag *err) {
    struct room_directory *d = NULL;
    int e = x->n && x->n <= TASK_SEND_MAX ? room_directory_open(r, &d, err) : diag_set(err, -EINVAL, "targets");
    for (size_t i = 0; e == 0 && i < x->n; i++)
        if (!str_trim(x->at[i].target).n || x->at[i].target.n > 300)
            e = diag_set(err, -EINVAL, "targets");
        else if (!room_directory_person(d, x->at[i].person)) /* "the people there" do nothing */
            e = diag_set(err, -EINVAL, "person");
    room_directory_close(d);
    return e;
}

static int may_decide(struct running *x, const struct room_task *t, struct str act) {
    struct room_deciding d = {.incident = t->incident, .kind = room_deed_kind(act)->decision};
    if (!act.n)
        return 0;
    int e = room_authority_service(x->r, t->incident, &x->arena, &d.service, x->err);
    return e < 0 ? e : room_authority_check(x->r, x->by, &d, x->err);
}

static int begin(struct running *x, struct room_task *t, const struct campaign_kind *k, const struct room_task_onsite *o) {
    struct room_campaign_target *at = arena_zalloc(&x->arena, o->n * sizeof *at);
    struct room_campaign_new c = {.incident = t->incident, .kind = k->name, .title = t->ja, .text = o->text, .origin = STR("step"), .targets = at, .n_targets = o->n};
    int64_t id = 0;
    char ref[40];
    if (!at)
        return diag_set(x->err, -ENOMEM, "memory has run out");
    for (size_t i = 0; i < o->n; i++)
        at[i] = (struct room_campaign_target){.name = str_trim(o->at[i].target), .person = str_trim(o->at[i].person), .what = STR("")};
    int e = room_campaign_start(x->r, &room_system, &c, &id, x->err);
    snprintf(ref, sizeof ref, "campaign:%lld", (long long) id);
    if (e == 0)
        e = room_task_set(x, t->id, "waiting", TIME_NONE, ref, NULL);
    return e < 0 ? e : room_task_note(x, x->by, t, "event.step_onsite", "contact", at[0].person);
}

static int tell(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_task_onsite *o, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_APPROVE, .object = OBJECT_TASK, .id = id, .version = version};
    struct running x = {.r = r, .by = by, .err = err};
    struct room_task t = {0};
    struct arena a;
    arena_init(&a, 1 << 20);
    int e = room_task_load(r, id, &a, &t, err);
    if (e == 0)
        e = room_write(r, &w, NULL, err, "UPDATE task SET began_at = coalesce(began_at, ?2) WHERE id = ?1", "ii", id, room_now(r));
    if (e == 0 && !t.run)
        e = diag_set(err, -EINVAL, "run");
    if (e == 0 && strcmp(t.state, "due") != 0 && strcmp(t.state, "doing") != 0)
        e = diag_set(err, -EBUSY, "%s", t.state);
    if (e == 0)
        e = check(r, o, err);
    if (e == 0 && t.run)
        e = room_running_load(r, by, t.run, &x, err);
    const struct json_value *step = e == 0 ? room_plan_step(&x, str_of(t.step)) : NULL;
    struct str act = step ? room_step_act_kind(step) : STR("");
    const struct campaign_kind *k = room_onsite_kind(r, act);
    if (e == 0 && !k)
        e = diag_set(err, -ENOENT, "no campaign of content/campaigns says what is told on site");
    if (e == 0)
        e = may_decide(&x, &t, act);
    if (e == 1)
        e = room_task_note(&x, by, &t, "event.step_first_of_two", "decision", STR_NULL);
    else if (e == 0)
        e = begin(&x, &t, k, o);
    if (t.run)
        room_running_done(&x);
    arena_done(&a);
    return e;
}

int room_task_onsite(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_task_onsite *x, struct diag *reterr) {
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = room_end(r, tell(r, by, id, version, x, reterr), reterr);
    if (e == -ERR_REFUSED)
        IGNORE(room_authority_refusal_keep(r, NULL));
    return e;
}

/* ---- what may be told, and to whom ---- */

static void write_words(struct jsonw *w, const char *member, const struct room_said *s) {
    jsonw_key(w, str_of(member));
    jsonw_object(w);
    jsonw_kstr(w, "ja", s->ja);
    jsonw_kstr(w, "en", s->en);
    jsonw_end(w);
}

/* The machines of the case, each with who answers for it. */
static int write_targets(struct room *r, const struct room_directory *d, int64_t incident, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT DISTINCT v.value FROM finding f CROSS JOIN finding_value v ON v.finding_id = f.id AND v.kind = 'host' WHERE f.incident_id = ?1 ORDER BY 1 LIMIT ?2", "ii", incident,
                      (int64_t) TASK_SEND_MAX);
    jsonw_key(w, STR("targets"));
    jsonw_array(w);
    while (e >= 0 && (e = sql_step(st, err)) == 1) {
        const struct directory_system *s = room_directory_system(d, sql_str(st, 0));
        jsonw_object(w);
        jsonw_kstr(w, "target", sql_str(st, 0));
        jsonw_kstr(w, "person", s && s->responsible ? s->responsible->name : STR(""));
        jsonw_end(w);
    }
    jsonw_end(w);
    return MIN(e, 0);
}

static void write_person(const struct directory_person *p, struct str duty, struct jsonw *w) {
    jsonw_object(w);
    jsonw_kstr(w, "name", p->name);
    jsonw_kstr(w, "title", p->title);
    jsonw_kstr(w, "organisation", p->organisation ? p->organisation->name : STR(""));
    jsonw_kstr(w, "duty", duty);
    jsonw_kbool(w, "reached", p->n_ways > 0);
    jsonw_end(w);
}

/* Who is on duty now, in the roster's words; then everybody else. */
static int write_people(struct room *r, struct room_directory *d, struct arena *a, struct jsonw *w, struct diag *err) {
    const struct directory_person *const *all = NULL, *told[64];
    const struct room_duty *duty = NULL;
    size_t n_all = 0, n_told = 0;
    int e = room_duty_get(r, &duty, err);
    jsonw_key(w, STR("people"));
    jsonw_array(w);
    for (size_t g = 0; e == 0 && g < duty->n_groups; g++) {
        struct str *names = NULL;
        size_t n = 0;
        e = room_reach_members(r, duty->groups[g], a, &names, &n, err);
        for (size_t i = 0; e == 0 && i < n; i++) {
            const struct directory_person *p = room_directory_person(d, names[i]);
            if (p && n_told < ARRAY_SIZE(told)) {
                write_person(p, duty->groups[g], w);
                told[n_told++] = p;
            }
        }
    }
    e = e == -ERR_UNSUPPORTED ? 0 : e; /* no calendar: nobody is known to be on duty */
    if (e == 0)
        e = room_directory_members(d, NULL, &all, &n_all, err);
    for (size_t i = 0; e == 0 && i < n_all && i < PEOPLE_MAX; i++) {
        bool twice = false;
        for (size_t k = 0; k < n_told; k++)
            twice = twice || told[k] == all[i];
        if (!twice)
            write_person(all[i], STR(""), w);
    }
    jsonw_end(w);
    return e;
}

int room_task_onsite_write(struct room *r, int64_t id, struct jsonw *w, struct diag *reterr) {
    struct running x = {.r = r, .by = &room_system, .err = reterr};
    struct room_directory *d = NULL;
    struct room_task t = {0};
    struct arena a;
    arena_init(&a, (size_t) 16 << 20);
    int e = room_task_load(r, id, &a, &t, reterr);
    if (e == 0)
        e = t.run ? room_running_load(r, &room_system, t.run, &x, reterr) : diag_set(reterr, -ENOENT, "no step");
    const struct json_value *step = e == 0 ? room_plan_step(&x, str_of(t.step)) : NULL;
    const struct campaign_kind *k = step ? room_onsite_kind(r, room_step_act_kind(step)) : NULL;
    if (e == 0 && !k)
        e = diag_set(reterr, -ENOENT, "nothing is written to be told on site");
    if (e == 0)
        e = room_directory_open(r, &d, reterr);
    if (e == 0) {
        jsonw_object(w);
        jsonw_kstr(w, "kind", k->name);
        write_words(w, "title", &k->title);
        write_words(w, "instruction", &k->ask);
        e = write_targets(r, d, t.incident, w, reterr);
        if (e == 0)
            e = write_people(r, d, &a, w, reterr);
        jsonw_end(w);
    }
    room_directory_close(d);
    if (t.run)
        room_running_done(&x);
    arena_done(&a);
    return e;
}
