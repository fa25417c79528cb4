/* What happens to a level: proposed, asked, decided and handed out, lowered. See level.h. */
#include "room/level_priv.h"

#include "room/campaign.h"
#include "room/decision.h"
#include "room/directory.h"
#include "room/incident_priv.h"
#include "room/reach.h"
#include "room/run.h"
#include "room/tightening.h"
#include "room/tip.h"

static int no_memory(struct diag *err) {
    return diag_set(err, -ENOMEM, "memory has run out");
}

int level_load(struct room *r, int64_t id, struct arena *a, struct level_row *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT version, incident_id, tip_id, decision_id, campaign_id, tightening_id, until_at, state, level, services, reason FROM alert_level WHERE id = ?1",
                      "i", id);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : diag_set(err, -ENOENT, "no level %lld", (long long) id);
    *ret = (struct level_row){.id = id, .version = sql_i64(st, 0), .incident = sql_i64(st, 1), .tip = sql_i64(st, 2), .decision = sql_i64(st, 3), .campaign = sql_i64(st, 4),
                              .tightening = sql_i64(st, 5), .until_ns = sql_is_null(st, 6) ? 0 : sql_i64(st, 6), .level = arena_dup(a, sql_str(st, 8)),
                              .services = arena_dup(a, sql_str(st, 9)), .reason = arena_dup(a, sql_str(st, 10))};
    snprintf(ret->state, sizeof ret->state, "%.*s", STR_ARG(sql_str(st, 7)));
    return ret->level.p && ret->services.p && ret->reason.p ? 0 : no_memory(err);
}

int level_read_services(struct arena *a, struct str json, struct str **ret, size_t *ret_n, struct diag *err) {
    struct json_value *list = NULL;
    *ret_n = 0;
    *ret = arena_alloc(a, LEVEL_SERVICES_MAX * sizeof **ret);
    int e = *ret ? json_parse(a, json, &list, err) : no_memory(err);
    for (const struct json_value *v = e == 0 ? list->first : NULL; v && *ret_n < LEVEL_SERVICES_MAX; v = v->next)
        (*ret)[(*ret_n)++] = v->text;
    return e;
}

static int note(struct room *r, const struct room_actor *by, const struct level_row *l, const char *key, struct str why, struct diag *err) {
    size_t rank;
    const struct alert_level *level = room_alert_level(r, l->level, &rank);
    struct buf params;
    struct jsonw w;
    char ref[40];
    room_changed(r, "alert_level", l->id);
    room_changed(r, "now", 0);
    if (!l->incident)
        return 0;
    buf_init(&params, 65536);
    jsonw_init(&w, &params);
    jsonw_object(&w);
    jsonw_kstr(&w, "level", level ? level->title.ja : l->level);
    jsonw_kstr(&w, "level_ja", level ? level->title.ja : l->level);
    jsonw_kstr(&w, "level_en", level ? level->title.en : l->level);
    jsonw_kstr(&w, "why", why);
    jsonw_ktime(&w, "until", l->until_ns ? l->until_ns : TIME_NONE);
    jsonw_kz(&w, "name", by->name);
    jsonw_end(&w);
    int len = snprintf(ref, sizeof ref, "level:%lld", (long long) l->id);
    struct room_entry x = {.incident = l->incident, .at_ns = room_now(r), .until_ns = TIME_NONE, .lane = "executive", .kind = "decision", .key = key, .ref = str_n(ref, (size_t) len), .precision_s = -1};
    return room_timeline_entry(r, by, &x, &params, err);
}

/* ---- proposed, asked ---- */

static int check(struct room *r, const struct room_level_new *x, struct diag *err) {
    size_t rank;
    int64_t now = room_now(r);
    if (!room_alert_level(r, x->level, &rank))
        return diag_set(err, -EINVAL, "level");
    if (x->n_services == 0 || x->n_services > LEVEL_SERVICES_MAX)
        return diag_set(err, -EINVAL, "services");
    for (size_t i = 0; i < x->n_services; i++)
        if (!x->services[i].n || x->services[i].n > 300)
            return diag_set(err, -EINVAL, "services");
    if (!str_trim(x->reason).n || x->reason.n > 1000)
        return diag_set(err, -EINVAL, "reason");
    return x->until_ns && (x->until_ns <= now || x->until_ns > now + LEVEL_DAYS_MAX * NS_PER_DAY) ? diag_set(err, -EINVAL, "until") : 0;
}

static int list_json(const struct room_level_new *x, struct buf *b) {
    struct jsonw w;
    jsonw_init(&w, b);
    jsonw_array(&w);
    for (size_t i = 0; i < x->n_services; i++)
        jsonw_str(&w, x->services[i]);
    jsonw_end(&w);
    return buf_error(b);
}

int level_insert(struct room *r, const struct room_actor *by, const struct room_level_new *x, const char *origin, int64_t *ret_id, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_LEVEL, .tlp = TLP_AMBER, .incident = x->incident, .owner = by->person};
    struct buf b;
    size_t rank;
    IGNORE(room_alert_level(r, x->level, &rank) == NULL);
    buf_init(&b, 65536);
    int e = list_json(x, &b);
    struct str services = buf_str(&b);
    if (e == 0)
        e = room_write(r, &w, ret_id, err,
                       "INSERT INTO alert_level(level, services, origin, tip_id, incident_id, reason, state, proposed_at, until_at, rank, sign, task_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'proposed', ?7, ?8, ?9, ?10, ?11)",
                       "sszIIsiIiiI", &x->level, &services, origin, x->tip ? &x->tip : NULL, x->incident ? &x->incident : NULL, &x->reason, room_now(r), x->until_ns ? &x->until_ns : NULL, (int64_t) rank, x->sign,
                       x->task ? &x->task : NULL);
    buf_done(&b);
    struct level_row l = {.id = *ret_id, .incident = x->incident, .level = x->level, .until_ns = x->until_ns};
    return e < 0 ? e : note(r, by, &l, "event.level_proposed", x->reason, err);
}

/* A tip that belongs to no case becomes one: what is decided has to stand somewhere. */
static int case_of(struct room *r, const struct room_actor *by, struct level_row *l, struct diag *err) {
    int64_t version = 0;
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    if (l->incident || !l->tip)
        return l->incident ? 0 : diag_set(err, -EINVAL, "incident");
    int e = sql_query(r->db, &st, err, "SELECT coalesce(incident_id, 0), version FROM tip WHERE id = ?1", "i", l->tip);
    if (e == 0)
        e = sql_step(st, err);
    if (e == 1) {
        l->incident = sql_i64(st, 0);
        version = sql_i64(st, 1);
    }
    sql_end(TAKE_PTR(st));
    return e < 0 ? e : l->incident ? 0 : room_tip_join(r, by, l->tip, version, &l->incident, err);
}

int level_ask(struct room *r, const struct room_actor *by, int64_t id, struct diag *err) {
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_LEVEL, .id = id, .version = ROOM_ANY_VERSION, .quiet = true};
    struct room_decision_new d = {.kind = DUTY_LEVEL, .rule_id = STR(""), .risk_go_on = STR("")};
    struct str *services;
    struct level_row l;
    struct arena a;
    size_t rank, n = 0;
    int64_t decision = 0;
    arena_init(&a, 1 << 20);
    int e = level_load(r, id, &a, &l, err);
    if (e == 0)
        e = case_of(r, by, &l, err);
    if (e == 0)
        e = level_read_services(&a, l.services, &services, &n, err);
    const struct alert_level *level = e == 0 ? room_alert_level(r, l.level, &rank) : NULL;
    if (e == 0) {
        d.incident = l.incident;
        d.service = n ? services[0] : STR("");
        d.risk_do = level ? arena_printf(&a, "%.*s / %.*s: %.*s", STR_ARG(level->title.ja), STR_ARG(level->title.en), STR_ARG(l.reason)) : l.reason;
        e = d.risk_do.p ? room_decision_propose(r, by, &d, &decision, err) : no_memory(err);
    }
    /* one waits for a decision at a time: what waited for it is replaced by what is put now */
    if (e == 0)
        e = room_write(r, &w, NULL, err, "UPDATE alert_level SET state = 'asked', incident_id = ?2, decision_id = ?3 WHERE id = ?1", "iii", id, l.incident, decision);
    struct sql_stmt *st = NULL;
    int64_t older = 0;
    if (e == 0)
        e = sql_query(r->db, &st, err, "SELECT id FROM alert_level WHERE decision_id = ?1 AND state = 'asked' AND id <> ?2 LIMIT 1", "ii", decision, id);
    if (e == 0 && (e = sql_step(st, err)) == 1)
        older = sql_i64(st, 0);
    sql_end(st);
    w.id = older;
    if (e >= 0 && older)
        e = room_write(r, &w, NULL, err, "UPDATE alert_level SET state = 'declined', ended_at = ?2, why = 'another was put' WHERE id = ?1", "ii", older, room_now(r));
    room_changed(r, "alert_level", id);
    arena_done(&a);
    return MIN(e, 0);
}

static int raise_in(struct room *r, const struct room_actor *by, const struct room_level_new *x, int64_t *ret_id, struct diag *err) {
    int e = level_insert(r, by, x, "person", ret_id, err);
    return e < 0 ? e : level_ask(r, by, *ret_id, err);
}

int room_level_raise(struct room *r, const struct room_actor *by, const struct room_level_new *x, int64_t *ret_id, struct diag *reterr) {
    int e = x->incident || x->tip ? check(r, x, reterr) : diag_set(reterr, -EINVAL, "incident");
    if (e < 0 || r->in_tx)
        return e < 0 ? e : raise_in(r, by, x, ret_id, reterr);
    e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, raise_in(r, by, x, ret_id, reterr), reterr);
}

static int put(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_level_new *x, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_LEVEL, .id = id, .version = version};
    struct level_row l;
    struct arena a;
    struct buf b;
    size_t rank;
    IGNORE(room_alert_level(r, x->level, &rank) == NULL);
    arena_init(&a, 1 << 20);
    buf_init(&b, 65536);
    int e = level_load(r, id, &a, &l, err);
    if (e == 0)
        e = list_json(x, &b);
    struct str services = buf_str(&b);
    if (e == 0) /* whoever saw an older version is told that first */
        e = room_write(r, &w, NULL, err, "UPDATE alert_level SET level = ?2, services = ?3, reason = ?4, until_at = ?5, rank = ?6 WHERE id = ?1", "isssIi", id, &x->level, &services, &x->reason,
                       x->until_ns ? &x->until_ns : NULL, (int64_t) rank);
    if (e == 0 && strcmp(l.state, "proposed") != 0)
        e = diag_set(err, -EBUSY, "%s", l.state);
    buf_done(&b);
    arena_done(&a);
    return e < 0 ? e : level_ask(r, by, id, err);
}

int room_level_put(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_level_new *x, struct diag *reterr) {
    int e = check(r, x, reterr);
    if (e < 0 || r->in_tx)
        return e < 0 ? e : put(r, by, id, version, x, reterr);
    e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, put(r, by, id, version, x, reterr), reterr);
}

/* ---- handed out ---- */

/* Whom a level's file names: whoever is on duty of that group, the first of that organisation, or the person; nobody: it is shown, to be called. */
static int who_does(struct room *r, const struct room_directory *d, struct str who, struct arena *a, struct str *ret, struct diag *err) {
    struct str *names = NULL;
    size_t n = 0;
    int e = room_reach_members(r, who, a, &names, &n, err);
    const struct directory_person *p = n ? NULL : room_directory_person(d, who);
    *ret = n ? names[0] : p ? arena_dup(a, p->name) : STR("");
    return e == -ENOENT || e == -EINVAL ? 0 : e;
}

static int add_deeds(struct room *r, const struct room_directory *d, const struct alert_level *level, struct level_handing *h, struct diag *err) {
    int e = 0;
    for (size_t i = 0; e == 0 && i < level->n_deeds; i++) {
        const struct level_deed *x = &level->deeds[i];
        struct room_campaign_target *t = &h->at[h->n++];
        *t = (struct room_campaign_target){.ref = arena_printf(&h->a, "do:%zu", i + 1), .name = x->what.ja, .what = arena_printf(&h->a, "%.*s / %.*s", STR_ARG(x->who), STR_ARG(x->what.en)),
                                           .due_ns = room_now(r) + x->within_ns};
        e = t->ref.p && t->what.p ? who_does(r, d, x->who, &h->a, &t->person, err) : no_memory(err);
    }
    return e;
}

/* Whoever answers for a named service gets the word and says so. */
static int add_services(const struct room_directory *d, const struct alert_level *level, const struct level_row *l, struct level_handing *h, struct diag *err) {
    struct str *services;
    size_t n;
    int e = level_read_services(&h->a, l->services, &services, &n, err);
    for (size_t i = 0; e == 0 && i < n; i++) {
        const struct directory_system *s = room_directory_system(d, services[i]);
        struct room_campaign_target *t = &h->at[h->n++];
        *t = (struct room_campaign_target){.ref = arena_printf(&h->a, "service:%.*s", STR_ARG(services[i])), .name = services[i],
                                           .person = s && s->responsible_name.n ? arena_dup(&h->a, s->responsible_name) : STR(""),
                                           .what = arena_printf(&h->a, "%.*s / %.*s", STR_ARG(level->means.ja), STR_ARG(level->means.en))};
        e = t->ref.p && t->what.p && t->person.p ? 0 : no_memory(err);
    }
    return e;
}

int level_handing_fill(struct room *r, const struct alert_level *level, const struct level_row *l, struct level_handing *h, struct diag *err) {
    struct room_directory *d = NULL;
    int e = room_directory_open(r, &d, err);
    if (e == 0)
        e = add_deeds(r, d, level, h, err);
    if (e == 0)
        e = add_services(d, level, l, h, err);
    room_directory_close(d);
    return e;
}

int64_t level_until(const struct room *r, const struct alert_level *level, const struct level_row *l) {
    return l->until_ns > room_now(r) ? l->until_ns : room_now(r) + level->lasts_ns;
}

static int hand_out(struct room *r, const struct room_actor *by, const struct alert_level *level, const struct level_row *l, int64_t until, int64_t *ret, struct diag *err) {
    struct level_handing x = {.n = 0}, *h = &x;
    arena_init(&h->a, (size_t) 8 << 20);
    int e = level_handing_fill(r, level, l, h, err);
    int64_t due = 0;
    for (size_t i = 0; i < h->n; i++)
        due = MAX(due, h->at[i].due_ns);
    struct room_campaign_new c = {.incident = l->incident, .kind = STR("level"), .text = arena_printf(&h->a, "%.*s: %.*s", STR_ARG(level->title.ja), STR_ARG(l->reason)),
                                  .title = arena_printf(&h->a, "%.*s / %.*s", STR_ARG(level->title.ja), STR_ARG(level->title.en)), .origin = STR("content/levels"),
                                  .due_ns = MIN(due, until), .targets = h->at, .n_targets = h->n};
    if (e == 0)
        e = c.text.p && c.title.p ? room_campaign_start(r, by, &c, ret, err) : no_memory(err);
    arena_done(&h->a);
    return e;
}

static int tighten(struct room *r, const struct room_actor *by, const struct alert_level *level, const struct level_row *l, int64_t until, int64_t *ret, struct diag *err) {
    struct str *services;
    struct arena a;
    size_t n;
    if (level->factor <= 100)
        return 0;
    arena_init(&a, 1 << 20);
    int e = level_read_services(&a, l->services, &services, &n, err);
    struct room_tightening_new x = {.use = "level", .incident = l->incident, .services = services, .n_services = n, .factor = level->factor, .until_ns = until, .reason = l->reason};
    if (e == 0 && n)
        e = room_tightening_start(r, by, &x, ret, err);
    arena_done(&a);
    return e == -ERR_LIMIT ? 0 : e; /* too many are in force: the level itself is not refused for that */
}

static int lower(struct room *r, const struct room_actor *by, const struct level_row *l, struct str why, struct diag *err) {
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_LEVEL, .id = l->id, .version = ROOM_ANY_VERSION, .quiet = true};
    char name[ROOM_BY_CAP];
    int e = room_write(r, &w, NULL, err, "UPDATE alert_level SET state = 'lowered', ended_at = ?2, ended_by = ?3, why = ?4 WHERE id = ?1", "iizs", l->id, room_now(r),
                       room_actor_format(by, name), &why);
    if (e == 0 && l->tightening)
        e = room_tightening_over(r, by, l->tightening, why, err);
    if (e == 0 && l->campaign)
        e = room_campaign_over(r, by, l->campaign, err);
    return e < 0 ? e : note(r, by, l, by->person ? "event.level_lowered" : "event.level_over", why, err);
}

/* The one that stood for the case gives way. */
static int replace(struct room *r, const struct room_actor *by, const struct level_row *l, struct diag *err) {
    struct sql_stmt *st = NULL;
    struct level_row old;
    struct arena a;
    int64_t id = 0;
    int e = sql_query(r->db, &st, err, "SELECT id FROM alert_level WHERE incident_id = ?1 AND state = 'in_force' AND id <> ?2 LIMIT 1", "ii", l->incident, l->id);
    if (e == 0 && (e = sql_step(st, err)) == 1)
        id = sql_i64(st, 0);
    sql_end(st);
    if (e < 0 || !id)
        return MIN(e, 0);
    arena_init(&a, 1 << 20);
    e = level_load(r, id, &a, &old, err);
    if (e == 0)
        e = lower(r, by, &old, l->reason, err);
    arena_done(&a);
    return e;
}

/* What the office wrote down to be done at this level, step by step, for a person to begin. */
static int propose_playbook(struct room *r, const struct alert_level *level, const struct level_row *l, struct diag *err) {
    char why[80];
    int n = snprintf(why, sizeof why, "level:%.*s", STR_ARG(level->name));
    return level->playbook.n ? room_run_propose_key(r, l->incident, level->playbook, str_n(why, (size_t) MIN(n, (int) sizeof why - 1)), err) : 0;
}

static int in_force(struct room *r, const struct room_actor *by, struct level_row *l, struct diag *err) {
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_LEVEL, .id = l->id, .version = ROOM_ANY_VERSION};
    size_t rank;
    const struct alert_level *level = room_alert_level(r, l->level, &rank);
    int64_t now = room_now(r);
    char name[ROOM_BY_CAP];
    if (!level)
        return diag_set(err, -ENOENT, "there is no level '%.*s' any more", (int) MIN(l->level.n, 40u), l->level.p);
    l->until_ns = level_until(r, level, l);
    int e = replace(r, by, l, err);
    if (e == 0)
        e = tighten(r, &room_system, level, l, l->until_ns, &l->tightening, err);
    if (e == 0)
        e = hand_out(r, &room_system, level, l, l->until_ns, &l->campaign, err);
    if (e == 0)
        e = propose_playbook(r, level, l, err);
    if (e == 0)
        e = room_write(r, &w, NULL, err,
                       "UPDATE alert_level SET state = 'in_force', until_at = ?2, decided_at = ?3, decided_by = ?4, campaign_id = ?5, tightening_id = ?6 WHERE id = ?1",
                       "iiizII", l->id, l->until_ns, now, room_actor_format(by, name), l->campaign ? &l->campaign : NULL, l->tightening ? &l->tightening : NULL);
    return e < 0 ? e : note(r, by, l, "event.level_raised", l->reason, err);
}

static int declined(struct room *r, const struct room_actor *by, const struct level_row *l, struct str why, struct diag *err) {
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_LEVEL, .id = l->id, .version = ROOM_ANY_VERSION, .quiet = true};
    char name[ROOM_BY_CAP];
    int e = room_write(r, &w, NULL, err, "UPDATE alert_level SET state = 'declined', ended_at = ?2, ended_by = ?3, why = ?4 WHERE id = ?1", "iizs", l->id, room_now(r),
                       room_actor_format(by, name), &why);
    return e < 0 ? e : note(r, by, l, "event.level_declined", why, err);
}

int room_level_decided(struct room *r, const struct room_actor *by, int64_t decision, bool go_on, int64_t at_ns UNUSED, struct str why, struct diag *reterr) {
    struct sql_stmt *st = NULL;
    struct level_row l;
    struct arena a;
    int64_t id = 0;
    int e = sql_query(r->db, &st, reterr, "SELECT id FROM alert_level WHERE decision_id = ?1 AND state = 'asked'", "i", decision);
    if (e == 0 && (e = sql_step(st, reterr)) == 1)
        id = sql_i64(st, 0);
    sql_end(st);
    if (e < 0 || !id) /* put by hand, without a level: nothing follows */
        return MIN(e, 0);
    arena_init(&a, 1 << 20);
    e = level_load(r, id, &a, &l, reterr);
    if (e == 0)
        e = go_on ? declined(r, by, &l, why, reterr) : in_force(r, by, &l, reterr);
    arena_done(&a);
    return e;
}

/* ---- lowered ---- */

static int end(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct str why, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_LEVEL, .id = id, .version = version};
    struct room_deciding d = {.kind = DUTY_LEVEL};
    struct str *services;
    struct level_row l;
    struct arena a;
    size_t n = 0;
    arena_init(&a, 1 << 20);
    int e = level_load(r, id, &a, &l, err);
    if (e == 0)
        e = room_write(r, &w, NULL, err, "UPDATE alert_level SET why = ?2 WHERE id = ?1", "is", id, &why);
    bool force = e == 0 && strcmp(l.state, "in_force") == 0, asked = e == 0 && strcmp(l.state, "asked") == 0;
    if (e == 0 && !force && !asked && strcmp(l.state, "proposed") != 0)
        e = diag_set(err, -EBUSY, "%s", l.state);
    if (force)
        e = level_read_services(&a, l.services, &services, &n, err);
    if (e == 0 && force) {
        d.incident = l.incident;
        d.service = n ? services[0] : STR("");
        e = room_authority_check(r, by, &d, err);
    }
    struct room_decision_made no = {.go_on = true, .why = why, .at_ns = room_now(r), .person = STR("")};
    if (e == 0)
        e = force ? lower(r, by, &l, why, err) : asked ? room_decision_make(r, by, l.decision, ROOM_ANY_VERSION, &no, err) : declined(r, by, &l, why, err);
    arena_done(&a);
    return e;
}

int room_level_end(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct str why, struct diag *reterr) {
    if (!str_trim(why).n || why.n > 1000)
        return diag_set(reterr, -EINVAL, "why");
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    int done = end(r, by, id, version, why, reterr); /* 1: the first of two who have to agree */
    e = room_end(r, MIN(done, 0), reterr);
    if (e == -ERR_REFUSED)
        IGNORE(room_authority_refusal_keep(r, NULL));
    return e;
}

static int over(struct room *r, struct diag *err) {
    int64_t ids[16];
    struct sql_stmt *st = NULL;
    size_t n = 0;
    int e = sql_query(r->db, &st, err, "SELECT id FROM alert_level WHERE state = 'in_force' AND until_at <= ?1 ORDER BY id LIMIT 16", "i", room_now(r));
    while (e >= 0 && (e = sql_step(st, err)) == 1)
        ids[n++] = sql_i64(st, 0);
    sql_end(st);
    for (size_t i = 0; e == 0 && i < n; i++) {
        struct level_row l;
        struct arena a;
        arena_init(&a, 1 << 20);
        e = room_begin(r, err);
        if (e == 0) {
            e = level_load(r, ids[i], &a, &l, err);
            e = room_end(r, e == 0 ? lower(r, &room_system, &l, STR(""), err) : e, err);
        }
        arena_done(&a);
    }
    return e;
}

int room_levels_tick(struct room *r, struct diag *reterr) {
    if (r->plans.n_levels == 0)
        return 0;
    int e = over(r, reterr);
    return e < 0 ? e : level_signs_tick(r, reterr);
}
