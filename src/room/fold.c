#include "room/incident.h"
#include "room/fold.h"

#include "room/finding_store.h"
#include "room/decision.h"
#include "room/asset.h"
#include "room/fold_priv.h"
#include "room/run.h"
#include "room/incident_priv.h"
#include "room/report.h"
#include "room/tightening.h"

#define LOOSE_MAX 1000 /* loose findings one finding brings into its case; more stay listed */

/* What is about something that is watched more closely opens a case from level medium on (tightening.h). */
static bool is_tightened(struct room *r, const struct room_finding *f) {
    return f->level >= LEVEL_MEDIUM && room_tightened(r, f, NULL, NULL) == 1;
}

/* What a rule wants decided by people, and how long they have. Small errors leave days; while nothing is decided the case stays open. */
static const struct {
    const char *propose;
    enum duty_kind kind;
    int64_t within_s; /* 0: as the policy says */
    bool opens;       /* a case, whatever the level of the finding: who is woken goes by the level */
} asks[] = {{"stop", DUTY_STOP, 0, false}, {"prevent", DUTY_PREVENT, 3 * 86400, true}};

static int ask_of(struct str propose) {
    for (int i = 0; i < (int) ARRAY_SIZE(asks); i++)
        if (str_eq_z(propose, asks[i].propose))
            return i;
    return -1;
}

static bool opens(struct room *r, const struct room_finding *f) {
    bool past = f->last_ns < room_now(r) - r->policy->window_ns;
    if (past && !(room_kind_is_success(f->kind) && f->level >= LEVEL_HIGH) &&
        f->level < LEVEL_CRITICAL)
        return false;
    int ask = ask_of(f->propose);
    if (ask >= 0 && asks[ask].opens)
        return true;
    return f->level >= r->policy->open_level || f->count >= r->policy->open_count || is_tightened(r, f);
}

/* Loose findings that belong to the same become part of the case, in whatever order they came. */
static int adopt(struct room *r, const struct room_finding *f, int64_t incident, struct diag *err) {
    int64_t rows[LOOSE_MAX];
    size_t n;
    int e = room_fold_loose(r, f, rows, ARRAY_SIZE(rows), &n, err);
    for (size_t i = 0; e == 0 && i < n; i++)
        e = room_finding_assign(r, &room_sensor, rows[i], incident, err);
    return e;
}

/* The service the case began at, and whether this one was told to have joined. */
static int service_is_new(struct room *r, int64_t incident, struct str service, bool *ret,
                          struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(
        r->db, &st, err,
        "SELECT ?2 <> coalesce((SELECT v.value FROM finding f CROSS JOIN finding_value v ON "
        "v.finding_id = f.id AND v.kind = 'service' WHERE f.incident_id = ?1 GROUP BY v.value "
        "ORDER BY min(coalesce(v.first_at, f.first_at)), v.value LIMIT 1), ?2) "
        "AND NOT EXISTS (SELECT 1 FROM timeline WHERE incident_id = ?1 AND "
        "text_key = 'event.service_joined' AND ref = 'service:' || ?2)",
        "is", incident, &service);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1 && sql_i64(st, 0);
    return e < 0 ? e : 0;
}

static int note_service(struct room *r, const struct room_finding *f, const struct room_value *v,
                        int64_t incident, struct diag *err) {
    struct buf params, ref;
    struct jsonw w;
    int64_t sources = 0;
    for (size_t i = 0; i < f->n_values; i++)
        sources += f->values[i].kind == ENTITY_SOURCE && !f->values[i].is_group;
    buf_init(&params, 65536);
    buf_init(&ref, 65536);
    jsonw_init(&w, &params);
    jsonw_object(&w);
    room_service_params(r, &w, v->value);
    jsonw_ki64(&w, "sources", MAX(sources, 1));
    jsonw_end(&w);
    buf_add(&ref, STR("service:"));
    buf_add(&ref, v->value);
    struct room_entry x = {.incident = incident,
                           .at_ns = v->first_ns != TIME_NONE ? v->first_ns : f->detected_ns,
                           .until_ns = TIME_NONE,
                           .lane = "system",
                           .kind = "notice",
                           .key = "event.service_joined",
                           .params = buf_str(&params),
                           .ref = buf_str(&ref),
                           .precision_s = -1};
    int e = buf_error(&params) ? buf_error(&params) : buf_error(&ref);
    if (e == 0)
        e = room_timeline_put(r, &room_sensor, &x, NULL, err);
    buf_done(&params);
    buf_done(&ref);
    return e;
}

/* Each service but the first is told once. */
static int note_services(struct room *r, const struct room_finding *f, int64_t incident,
                         struct diag *err) {
    int e = 0;
    for (size_t i = 0; e == 0 && i < f->n_values; i++) {
        bool fresh = false;
        if (f->values[i].kind != ENTITY_SERVICE || f->values[i].value.n == 0)
            continue;
        e = service_is_new(r, incident, f->values[i].value, &fresh, err);
        if (e == 0 && fresh)
            e = note_service(r, f, &f->values[i], incident, err);
    }
    return e;
}

/* Tries on each of several services, so that nobody takes their sum for tries on one. */
static void services_params(struct room *r, const struct room_finding *f, struct jsonw *w) {
    jsonw_key(w, STR("services"));
    jsonw_array(w);
    for (size_t i = 0; i < f->n_values; i++) {
        const struct room_value *v = &f->values[i];
        if (v->kind != ENTITY_SERVICE || v->is_group || v->n < 0)
            continue;
        jsonw_object(w);
        jsonw_kz(w, "key", "event.finding_service");
        jsonw_key(w, STR("params"));
        jsonw_object(w);
        room_service_params(r, w, v->value);
        jsonw_ki64(w, "n", v->n);
        jsonw_end(w);
        jsonw_end(w);
    }
    jsonw_end(w);
}

/* Services it lists, each with its number: two or more, or the finding is about one. */
static size_t services_told(const struct room_finding *f) {
    size_t n = 0;
    for (size_t i = 0; i < f->n_values; i++)
        n += f->values[i].kind == ENTITY_SERVICE && !f->values[i].is_group && f->values[i].n >= 0;
    return n;
}

static int note_finding(struct room *r, const struct room_finding *f, int64_t incident,
                        struct diag *err) {
    struct buf params;
    struct jsonw w;
    char ref[16 + FINDING_ID_CHARS];
    struct str service = room_finding_one(f, ENTITY_SERVICE);
    bool several = !service.n && services_told(f) > 1;
    int n = snprintf(ref, sizeof ref, "finding:%.*s", STR_ARG(f->id));
    buf_init(&params, 65536);
    jsonw_init(&w, &params);
    jsonw_object(&w);
    room_rule_params(r, &w, "rule", f->rule_id, f->rule_title);
    jsonw_ki64(&w, "count", f->count);
    if (several)
        services_params(r, f, &w);
    else
        room_service_params(r, &w, service);
    jsonw_end(&w);
    struct room_entry x = {.incident = incident,
                           .at_ns = f->detected_ns,
                           .until_ns = TIME_NONE,
                           .lane = "system",
                           .kind = "notice",
                           .key = several ? "event.finding_services" : "event.finding",
                           .params = buf_str(&params),
                           .ref = str_n(ref, (size_t) n),
                           .precision_s = -1};
    int e = room_timeline_put(r, &room_sensor, &x, NULL, err);
    buf_done(&params);
    return e;
}

/* One line for each rule and service, not one for each of 37 sources. */
static int note_if_new(struct room *r, const struct room_finding *f, int64_t finding,
                       int64_t incident, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct str service = room_finding_one(f, ENTITY_SERVICE);
    struct str none = STR("");
    int e = sql_query(
        r->db, &st, err,
        "SELECT 1 FROM finding f WHERE f.incident_id = ?1 AND +f.rule_id = ?2 AND f.id <> ?3 "
        "AND (?4 = '' OR EXISTS (SELECT 1 FROM finding_value v WHERE v.finding_id = f.id "
        "AND v.kind = 'service' AND v.value = ?4)) LIMIT 1",
        "isis", incident, &f->rule_id, finding, service.n ? &service : &none);
    if (e == 0)
        e = sql_step(st, err);
    return e == 0 ? note_finding(r, f, incident, err) : MIN(e, 0);
}

/* The decision is put to those who may: do it, or go on and say why. */
static int put_ask(struct room *r, int64_t incident, const struct room_finding *f, int ask, struct diag *err) {
    struct room_decision_new d = {.incident = incident, .kind = asks[ask].kind, .service = STR(""), .rule_id = f->rule_id, .risk_do = STR(""), .risk_go_on = STR(""), .within_s = asks[ask].within_s};
    int64_t id;
    for (size_t i = 0; i < f->n_values; i++)
        if (f->values[i].kind == ENTITY_SERVICE && f->values[i].is_group)
            d.service = f->values[i].value;
    return room_decision_propose(r, &room_system, &d, &id, err);
}

/* What the finding brings to its incident, at its first revision there and at each later one. */
static int bring(struct room *r, const struct room_finding *f, struct room_folded *x, bool first,
                 struct diag *err) {
    int e = 0;
    if (first)
        e = note_if_new(r, f, x->finding, x->incident, err);
    if (e == 0 && f->tlp > TLP_AMBER)
        e = room_incident_raise_tlp(r, &room_sensor, x->incident, f->tlp, err);
    if (e == 0)
        e = note_services(r, f, x->incident, err);
    if (e == 0)
        e = room_accounts_put(r, &room_sensor, x->incident, x->finding, f, err);
    if (e == 0)
        e = room_incident_refresh(r, &room_sensor, x->incident, err);
    if (e == 0 && (x->opened || first) && room_kind_is_try(f->kind))
        e = room_watch_put(r, &room_sensor, x->incident, err);
    if (e == 0)
        e = room_action_from_finding(r, x->incident, x->finding, f, err);
    if (e == 0 && x->incident && ask_of(f->propose) >= 0)
        e = put_ask(r, x->incident, f, ask_of(f->propose), err);
    if (e == 0)
        e = room_run_propose(r, x->incident, err);
    room_changed(r, "incident", x->incident);
    return e;
}

/* A later revision may show that two open cases are one. */
static int unite(struct room *r, const struct room_finding *f, struct room_folded *x,
                 struct diag *err) {
    int64_t other = 0;
    int e = room_fold_other(r, f, x->incident, &other, err);
    if (e < 0 || other == 0)
        return e;
    e = room_incident_merge(r, &room_sensor, MAX(other, x->incident), MIN(other, x->incident), err);
    x->incident = MIN(other, x->incident);
    return e;
}

static int find_or_open(struct room *r, const struct room_finding *f, struct room_folded *x,
                        struct diag *err) {
    int e = room_fold_match(r, f, &x->incident, err);
    if (e < 0)
        return e;
    if (x->incident == 0 && opens(r, f)) {
        e = room_incident_open(r, &room_sensor, f, &x->incident, err);
        x->opened = e == 0;
    }
    if (e < 0 || x->incident == 0)
        return e;
    if (e == 0)
        e = room_finding_assign(r, &room_sensor, x->finding, x->incident, err);
    if (e == 0)
        e = adopt(r, f, x->incident, err);
    return e;
}

/* A closed case keeps what belongs to its time. What goes on after it was closed is looked at anew.
 */
static int leave_closed(struct room *r, const struct room_finding *f, struct room_folded *x,
                        bool *ret_open, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT state = 'open', coalesce(closed_at, 0) FROM incident WHERE id = ?1",
                      "i", x->incident);
    if (e == 0)
        e = sql_step(st, err);
    *ret_open = e == 1 && sql_i64(st, 0);
    if (e == 1 && !*ret_open && f->last_ns > sql_i64(st, 1))
        x->incident = 0;
    return e < 0 ? e : 0;
}

int room_fold(struct room *r, const struct room_finding *as_told, struct str json,
              struct room_folded *ret, struct diag *reterr) {
    const struct json_value *rule = room_rule_find(r, as_told->rule_id);
    struct room_finding with_ways = *as_told, *f = &with_ways;
    struct room_stored old;
    struct room_folded x = {0};
    bool first = false, open = true;
    room_finding_set_ways(f, rule ? json_get_array(rule, "tags") : NULL);
    int e = room_finding_find(r, f->id, &old, reterr);
    if (e < 0)
        return e;
    if (old.id && old.revision >= f->revision) {
        *ret = (struct room_folded){.known = true, .finding = old.id, .incident = old.incident};
        return 0;
    }
    e = room_services_put(r, &room_sensor, f, reterr);
    if (e == 0)
        e = room_finding_put(r, &room_sensor, f, json, &old, &x.finding, reterr);
    if (e == 0 && !old.id && str_eq_z(f->kind, "new_asset"))
        e = room_asset_seen(r, f, json, reterr);
    x.incident = old.incident;
    if (e == 0 && x.incident)
        e = leave_closed(r, f, &x, &open, reterr);
    if (e == 0 && f->watched) { /* kept and shown, and nothing follows from it */
        room_changed(r, "now", 0);
        *ret = x;
        return 0;
    }
    if (e == 0 && x.incident == 0) {
        e = find_or_open(r, f, &x, reterr);
        first = open = true;
    } else if (e == 0 && open) {
        e = unite(r, f, &x, reterr);
    }
    if (e == 0 && x.incident && open)
        e = bring(r, f, &x, first, reterr);
    room_changed(r, "now", 0);
    if (e == 0)
        *ret = x;
    return e;
}
