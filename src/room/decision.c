/* See decision.h. */
#include "room/decision.h"

#include "room/action_priv.h"
#include "room/callout.h"
#include "room/incident_priv.h"
#include "room/publication.h"
#include "room/level.h"
#include "room/means.h"

struct decision_row {
    int64_t id, incident, version, asked_ns;
    enum duty_kind kind;
    char state[10];
    struct str service;
};

static int load(struct room *r, int64_t id, struct arena *a, struct decision_row *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT incident_id, version, asked_at, kind, state, service FROM decision WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : diag_set(err, -ENOENT, "no decision %lld", (long long) id);
    int kind = duty_kind_from_string(sql_str(st, 3));
    *ret = (struct decision_row){.id = id, .incident = sql_i64(st, 0), .version = sql_i64(st, 1), .asked_ns = sql_i64(st, 2),
                                 .kind = kind < 0 ? DUTY_STOP : (enum duty_kind) kind, .service = arena_dup(a, sql_str(st, 5))};
    snprintf(ret->state, sizeof ret->state, "%.*s", STR_ARG(sql_str(st, 4)));
    return ret->service.p ? 0 : -ENOMEM;
}

static int note(struct room *r, const struct room_actor *by, const struct decision_row *d, const char *key, const struct room_decision_made *m,
                struct diag *err) {
    struct buf params;
    struct jsonw w;
    buf_init(&params, 32768);
    jsonw_init(&w, &params);
    jsonw_object(&w);
    jsonw_kz(&w, "kind", duty_kind_to_string(d->kind));
    jsonw_kstr(&w, "service", d->service);
    if (m) {
        jsonw_kstr(&w, "name", m->person.n ? m->person : str_of(by->name));
        jsonw_kstr(&w, "why", m->why);
        jsonw_ki64(&w, "minutes", MAX(m->at_ns - d->asked_ns, 0) / NS_PER_MIN);
    }
    jsonw_end(&w);
    struct room_entry entry = {.incident = d->incident, .at_ns = m ? m->at_ns : room_now(r), .until_ns = TIME_NONE, .lane = m ? "executive" : "ciso_csirt", .kind = "decision", .key = key, .precision_s = m && m->person.n ? 60 : -1};
    room_changed(r, "now", 0);
    return room_timeline_entry(r, by, &entry, &params, err);
}

/* ---- putting it ---- */

static int open_one(struct room *r, const struct room_decision_new *x, int64_t *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT id FROM decision WHERE incident_id = ?1 AND kind = ?2 AND state <> 'decided' ORDER BY id DESC LIMIT 1", "iz",
                      x->incident, duty_kind_to_string(x->kind));
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return MIN(e, 0);
}

static int propose(struct room *r, const struct room_actor *by, const struct room_decision_new *x, int64_t *ret_id, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_DECISION, .tlp = TLP_AMBER, .incident = x->incident, .owner = by->person};
    struct decision_row d = {.incident = x->incident, .kind = x->kind, .service = x->service};
    struct arena a;
    int64_t now = room_now(r);
    arena_init(&a, 1 << 20);
    int e = open_one(r, x, ret_id, err);
    if (e == 0 && !*ret_id && !d.service.n)
        e = room_authority_service(r, x->incident, &a, &d.service, err);
    if (e == 0 && !*ret_id) {
        e = room_write(r, &w, ret_id, err,
                       "INSERT INTO decision(incident_id, kind, service, state, rule_id, asked_at, due_at, risk_do, risk_go_on) "
                       "VALUES (?1, ?2, ?3, 'proposed', ?4, ?5, ?6, ?7, ?8)",
                       "izssiiss", x->incident, duty_kind_to_string(x->kind), &d.service, &x->rule_id, now,
                       now + (x->within_s ? x->within_s : r->policy->decide_within_s) * NS_PER_S,
                       &x->risk_do, &x->risk_go_on);
        if (e == 0)
            e = note(r, by, &d, "event.decision_put", NULL, err);
    }
    arena_done(&a);
    return e;
}

int room_prevent_check(struct room *r, int64_t incident, struct diag *reterr) {
    const struct room_decision_new x = {.incident = incident, .kind = DUTY_PREVENT};
    int64_t id;
    int e = open_one(r, &x, &id, reterr);
    return e == 0 && id ? diag_set(reterr, -EBUSY, "prevent") : e;
}

int room_decision_propose(struct room *r, const struct room_actor *by, const struct room_decision_new *x, int64_t *ret_id, struct diag *reterr) {
    if (r->in_tx)
        return propose(r, by, x, ret_id, reterr);
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, propose(r, by, x, ret_id, reterr), reterr);
}

/* ---- deciding it ---- */

/* The case as it stands: what a reader a year later wants to know was known. */
static int snapshot(struct room *r, const struct decision_row *d, struct buf *out, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct jsonw w;
    int e = sql_query(r->db, &st, err,
                      "SELECT level, stolen_n, contained_n, first_trace_at, last_activity_at, (SELECT count(*) FROM finding WHERE incident_id = ?1), "
                      "(SELECT max(id) FROM timeline WHERE incident_id = ?1), (SELECT count(*) FROM action WHERE incident_id = ?1 AND state = 'in_force') "
                      "FROM incident WHERE id = ?1",
                      "i", d->incident);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : -ENOENT;
    jsonw_init(&w, out);
    jsonw_object(&w);
    jsonw_ktime(&w, "at", room_now(r));
    jsonw_kstr(&w, "level", sql_str(st, 0));
    jsonw_ki64(&w, "accounts_stolen", sql_i64(st, 1));
    jsonw_ki64(&w, "contained", sql_i64(st, 2));
    jsonw_ktime(&w, "first_trace", sql_is_null(st, 3) ? TIME_NONE : sql_i64(st, 3));
    jsonw_ktime(&w, "last_activity", sql_i64(st, 4));
    jsonw_ki64(&w, "findings", sql_i64(st, 5));
    jsonw_ki64(&w, "timeline_last", sql_i64(st, 6));
    jsonw_ki64(&w, "in_force", sql_i64(st, 7));
    if (d->kind == DUTY_STOP) {
        jsonw_key(&w, STR("sides"));
        e = room_decision_sides_write(r, d->incident, d->service, STR(""), &w, err);
    }
    jsonw_end(&w);
    return e < 0 ? e : buf_error(out);
}

/* Who was called to decide need not be called any more; who is to be told is told. */
static int after(struct room *r, const struct decision_row *d, struct diag *err) {
    struct sql_stmt *st = NULL;
    int64_t ids[50];
    size_t n = 0;
    int e = sql_query(r->db, &st, err, "SELECT id FROM callout WHERE incident_id = ?1 AND purpose = 'decide' AND kind = ?2 AND state = 'calling' LIMIT 50", "iz",
                      d->incident, duty_kind_to_string(d->kind));
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        ids[n++] = sql_i64(st, 0);
        e = 0;
    }
    sql_end(st);
    for (size_t i = 0; e == 0 && i < n; i++) {
        struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_CALLOUT, .id = ids[i], .version = ROOM_ANY_VERSION};
        e = room_write(r, &w, NULL, err, "UPDATE callout SET state = 'reached', ended_at = ?2, next_at = NULL WHERE id = ?1", "ii", ids[i], room_now(r));
    }
    return e;
}

static int tell(struct room *r, const struct decision_row *d, const struct room_decision_made *m, struct arena *a, struct diag *err) {
    struct room_authority *x = arena_zalloc(a, sizeof *x);
    struct room_ask ask = {.service = d->service, .kind = d->kind, .called_ns = TIME_NONE};
    struct str names[DUTY_WHO_MAX];
    size_t n = 0;
    int64_t id;
    int e = x ? room_may_decide(r, &room_system, &ask, a, x, err) : -ENOMEM;
    for (; e == 0 && n < x->answer.n[DUTY_TOLD]; n++)
        names[n] = x->answer.who[DUTY_TOLD][n].who.text;
    if (e < 0 || n == 0)
        return e;
    struct str text = arena_printf(a, "%s %.*s: %s", duty_kind_to_string(d->kind), STR_ARG(d->service), m->go_on ? "go on" : "do");
    struct room_callout c = {.incident = d->incident, .purpose = "all", .kind = STR(""), .service = d->service, .group = STR(""), .people = names, .n_people = n,
                             .text = text, .question = STR("")};
    return text.p ? room_callout_start(r, &room_system, &c, &id, err) : -ENOMEM;
}

/* What follows from a decision of a kind, in its transaction. */
static int follow(struct room *r, const struct room_actor *by, const struct decision_row *d, const struct room_decision_made *m, struct diag *err) {
    static const struct {
        enum duty_kind kind;
        int (*fn)(struct room *r, const struct room_actor *by, int64_t decision, bool go_on, int64_t at_ns, struct str why, struct diag *err);
    } follows[] = {{DUTY_PUBLISH, room_publication_decided}, {DUTY_LEVEL, room_level_decided}, {DUTY_SPEND, room_means_decided}, {DUTY_RANSOM, room_means_decided}};
    int e = 0;
    for (size_t i = 0; e == 0 && i < ARRAY_SIZE(follows); i++)
        if (follows[i].kind == d->kind)
            e = follows[i].fn(r, by, d->id, m->go_on, m->at_ns, m->why, err);
    return e;
}

static int write_made(struct room *r, const struct room_actor *by, const struct decision_row *d, const struct room_decision_made *m, struct arena *a,
                      struct diag *err) {
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_DECISION, .id = d->id, .version = ROOM_ANY_VERSION, .quiet = true};
    struct buf known;
    char name[ROOM_BY_CAP];
    buf_init(&known, 65536);
    int e = snapshot(r, d, &known, err);
    struct str k = buf_str(&known);
    if (e == 0)
        e = room_write(r, &w, NULL, err,
                       "UPDATE decision SET state = 'decided', verdict = ?2, decided_at = ?3, decided_by = ?4, known = ?5, why = ?6 WHERE id = ?1", "izizss", d->id,
                       m->go_on ? "go_on" : "do", m->at_ns, room_actor_format(by, name), &k, &m->why);
    buf_done(&known);
    if (e == 0)
        e = room_ledger_decided(r, d->incident, name, err);
    if (e == 0)
        e = note(r, by, d, m->go_on ? "event.decided_go_on" : "event.decided_do", m, err);
    if (e == 0)
        e = follow(r, by, d, m, err);
    if (e == 0)
        e = after(r, d, err);
    return e == 0 ? tell(r, d, m, a, err) : e;
}

static int make(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_decision_made *m, struct arena *a,
                struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_APPROVE, .object = OBJECT_DECISION, .id = id, .version = version};
    struct decision_row d;
    int e = room_write(r, &w, NULL, err, "UPDATE decision SET due_at = NULL WHERE id = ?1", "i", id); /* the door first */
    if (e == 0)
        e = load(r, id, a, &d, err);
    if (e == 0 && strcmp(d.state, "decided") == 0)
        e = diag_set(err, -EBUSY, "decided");
    if (e == 0 && m->go_on && !str_trim(m->why).n)
        e = diag_set(err, -EINVAL, "why");
    if (e == 0 && d.kind == DUTY_PUBLISH && !m->go_on)
        e = room_publication_ready(r, id, err);
    if (e < 0)
        return e;
    if (d.kind == DUTY_RANSOM)
        e = room_means_may_decide(r, id, m->go_on, err);
    if (e < 0)
        return e;
    /* to pay or to speak with who attacks is never one person's */
    struct room_deciding x = {.incident = d.incident, .service = d.service, .kind = d.kind, .two = d.kind == DUTY_RANSOM && !m->go_on, .refrain = m->go_on};
    e = room_authority_check(r, by, &x, err);
    if (e == 1) {
        struct room_write half = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_DECISION, .id = id, .version = ROOM_ANY_VERSION, .quiet = true};
        e = room_write(r, &half, NULL, err, "UPDATE decision SET state = 'half' WHERE id = ?1", "i", id);
        room_changed(r, "incident", d.incident);
        return e < 0 ? e : 1;
    }
    return e == 0 ? write_made(r, by, &d, m, a, err) : e;
}

int room_decision_make(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_decision_made *m, struct diag *reterr) {
    struct arena a;
    bool within = r->in_tx;
    int e = within ? 0 : room_begin(r, reterr);
    if (e < 0)
        return e;
    arena_init(&a, (size_t) 64 << 20);
    int made = make(r, by, id, version, m, &a, reterr);
    e = within ? MIN(made, 0) : room_end(r, MIN(made, 0), reterr);
    if (e == -ERR_REFUSED && !within)
        IGNORE(room_authority_refusal_keep(r, NULL));
    arena_done(&a);
    return e < 0 ? e : made;
}

int room_decision_enter(struct room *r, const struct room_actor *by, int64_t id, const struct room_decision_made *m, struct diag *reterr) {
    struct decision_row d;
    struct arena a;
    arena_init(&a, (size_t) 64 << 20);
    int e = load(r, id, &a, &d, reterr);
    if (e == 0 && strcmp(d.state, "decided") == 0)
        e = diag_set(reterr, -EBUSY, "decided");
    if (e == 0)
        e = write_made(r, by, &d, m, &a, reterr);
    arena_done(&a);
    return e;
}

/* ---- pages ---- */

int room_decisions_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT id, version, kind, service, state, verdict, rule_id, asked_at, due_at, decided_at, decided_by, known, risk_do, risk_go_on, why "
                      "FROM decision WHERE incident_id = ?1 ORDER BY state = 'decided', id DESC LIMIT 100",
                      "i", incident);
    jsonw_object(w);
    jsonw_key(w, STR("decisions"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, reterr)) == 1) {
        bool decided = !sql_is_null(st, 9);
        jsonw_object(w);
        jsonw_ki64(w, "id", sql_i64(st, 0));
        jsonw_ki64(w, "version", sql_i64(st, 1));
        jsonw_kstr(w, "kind", sql_str(st, 2));
        jsonw_kstr(w, "service", sql_str(st, 3));
        jsonw_kstr(w, "state", sql_str(st, 4));
        jsonw_key(w, STR("verdict"));
        decided ? jsonw_str(w, sql_str(st, 5)) : jsonw_null(w);
        jsonw_kstr(w, "rule_id", sql_str(st, 6));
        jsonw_ktime(w, "asked", sql_i64(st, 7));
        jsonw_ktime(w, "due", sql_is_null(st, 8) ? TIME_NONE : sql_i64(st, 8));
        jsonw_ktime(w, "decided", decided ? sql_i64(st, 9) : TIME_NONE);
        jsonw_ki64(w, "waited_s", ((decided ? sql_i64(st, 9) : room_now(r)) - sql_i64(st, 7)) / NS_PER_S);
        room_by_text(r, w, "by", sql_str(st, 10));
        jsonw_key(w, STR("known"));
        jsonw_raw(w, sql_str(st, 11));
        jsonw_kstr(w, "risk_do", sql_str(st, 12));
        jsonw_kstr(w, "risk_go_on", sql_str(st, 13));
        jsonw_kstr(w, "why", sql_str(st, 14));
        jsonw_key(w, STR("authority"));
        struct room_deciding x = {.incident = incident, .service = sql_str(st, 3)};
        int kind = duty_kind_from_string(sql_str(st, 2));
        x.kind = kind < 0 ? DUTY_STOP : (enum duty_kind) kind;
        if (decided) {
            jsonw_null(w);
            e = 0;
        } else {
            e = room_authority_incident_write(r, who, &x, w, reterr);
        }
        jsonw_key(w, STR("sides"));
        if (decided || x.kind != DUTY_STOP)
            jsonw_null(w);
        else if (e == 0)
            e = room_decision_sides_write(r, incident, x.service, sql_str(st, 6), w, reterr);
        jsonw_key(w, STR("policies"));
        if (e == 0)
            e = room_policies_write(r, x.kind, w, reterr);
        else
            jsonw_null(w);
        jsonw_end(w);
    }
    jsonw_end(w);
    jsonw_end(w);
    return MIN(e, 0);
}
