/* See authority.h. What the rows say is src/duty's; here: who asks, since when the others have been called, what was refused. */
#include "room/authority.h"

#include "room/callout.h"
#include "room/duty_priv.h"
#include "room/incident_priv.h"
#include "room/register_priv.h"

static const char *const verdicts[VERDICT_MAX_] = {"no_table", "alone", "ask", "two", "wait", "not", "policy"};

const char *room_standing_to_string(enum room_standing v) {
    ASSERT((unsigned) v < VERDICT_MAX_);
    return verdicts[v];
}

static enum room_standing judge(const struct duty_answer *x, struct str me, const struct room_ask *ask, int64_t now, int64_t *ret_from) {
    const struct duty_who *w = duty_answer_find(x, DUTY_DECIDES, me);
    *ret_from = TIME_NONE;
    if (!x->told_of)
        return VERDICT_NO_TABLE;
    if (!w)
        return VERDICT_NOT;
    if (w->after_min > 0) {
        *ret_from = ask->called_ns == TIME_NONE ? TIME_NONE : ask->called_ns + w->after_min * NS_PER_MIN;
        if (*ret_from == TIME_NONE || now < *ret_from)
            return VERDICT_WAIT;
    }
    if (x->two)
        return VERDICT_TWO;
    bool others = x->n[DUTY_ASKED] > (duty_answer_find(x, DUTY_ASKED, me) ? 1u : 0u);
    return others && !ask->asked ? VERDICT_ASK : VERDICT_ALONE;
}

/* What was decided beforehand about this kind; what forbids goes before what wants two. */
static int bind(struct room *r, const struct room_ask *ask, struct arena *a, struct room_authority *x, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    x->policy = STR("");
    if (ask->refrain)
        return 0;
    int e = sql_query(r->db, &st, err,
                      "SELECT name, json_extract(vals, '$.binds') = 'never' FROM register WHERE kind = 'policies' AND active AND json_extract(vals, '$.subject') = ?1 AND "
                      "json_extract(vals, '$.binds') IN ('never', 'two') ORDER BY 2 DESC, id LIMIT 1",
                      "z", duty_kind_to_string(ask->kind));
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e;
    x->policy = arena_dup(a, sql_str(st, 0));
    x->answer.two = true;
    if (sql_i64(st, 1))
        x->verdict = VERDICT_POLICY;
    else if (x->verdict == VERDICT_NO_TABLE || x->verdict == VERDICT_ALONE)
        x->verdict = VERDICT_TWO;
    return x->policy.p ? 0 : -ENOMEM;
}

int room_may_decide(struct room *r, const struct room_actor *who, const struct room_ask *ask, struct arena *a, struct room_authority *ret,
                    struct diag *reterr) {
    const struct room_duty *d;
    *ret = (struct room_authority){.from_ns = TIME_NONE, .policy = STR("")};
    int e = room_duty_get(r, &d, reterr);
    if (e == -ERR_UNSUPPORTED)
        return bind(r, ask, a, ret, reterr); /* no calendar: no table */
    if (e < 0)
        return e;
    struct duty_name service = room_duty_name(a, ask->service), me = room_duty_person(a, d, who);
    if (!service.key.p || !me.key.p)
        return diag_set(reterr, -ENOMEM, "memory has run out");
    e = duty_authority_ask(a, &d->authority, service.key, ask->kind, room_now(r), &ret->answer, reterr);
    if (e == 0 && ask->incident)
        e = room_callout_silent(r, ask->incident, ask->kind, a, &ret->answer, reterr);
    if (e == 0)
        ret->verdict = judge(&ret->answer, me.key, ask, room_now(r), &ret->from_ns);
    return e == 0 ? bind(r, ask, a, ret, reterr) : e;
}

/* ---- one decision about one case ---- */

int room_authority_service(struct room *r, int64_t incident, struct arena *a, struct str *ret, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct register_rows systems = {0};
    int best = -1;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT DISTINCT v.value FROM finding f CROSS JOIN finding_value v ON v.finding_id = f.id AND v.kind = 'service' "
                      "WHERE f.incident_id = ?1 ORDER BY v.value LIMIT 100",
                      "i", incident);
    *ret = STR("");
    if (e == 0)
        e = register_rows_load(r, STR("systems"), &systems, reterr);
    while (e >= 0 && ret->p && (e = sql_step(st, reterr)) == 1) {
        const struct register_row *row = register_rows_find(&systems, sql_str(st, 0));
        enum room_importance is = row && row->active ? room_importance_from_string(register_value(row->values, STR("importance"))) : IMPORTANCE_UNKNOWN;
        if ((int) is > best)
            *ret = arena_dup(a, sql_str(st, 0));
        best = MAX(best, (int) is);
    }
    register_rows_done(&systems);
    return e < 0 ? e : ret->p ? 0 : -ENOMEM;
}

static int one_number(struct room *r, int64_t *ret, struct diag *err, const char *sql, int64_t incident, const char *kind, int64_t since) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, sql, "izi", incident, kind, since);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1 && !sql_is_null(st, 0) ? sql_i64(st, 0) : TIME_NONE;
    return MIN(e, 0);
}

/* Since when those who decide this have been called, and whether those to be asked were. */
static int case_ask(struct room *r, const struct room_deciding *x, struct room_ask *ret, struct diag *err) {
    int64_t asked;
    const char *kind = duty_kind_to_string(x->kind);
    *ret = (struct room_ask){.service = x->service, .kind = x->kind, .incident = x->incident, .refrain = x->refrain};
    int e = one_number(r, &ret->called_ns, err,
                       "SELECT min(started_at) FROM callout WHERE incident_id = ?1 AND kind = ?2 AND purpose = 'decide' AND started_at >= ?3",
                       x->incident, kind, room_now(r) - NS_PER_DAY);
    if (e == 0)
        e = one_number(r, &asked, err, "SELECT max(at) FROM consult WHERE incident_id = ?1 AND kind = ?2 AND at >= ?3", x->incident, kind,
                       room_now(r) - NS_PER_DAY);
    ret->asked = e == 0 && asked != TIME_NONE;
    return e;
}

int room_authority_incident_write(struct room *r, const struct room_actor *who, const struct room_deciding *x, struct jsonw *w,
                                  struct diag *reterr) {
    struct room_ask ask;
    int e = case_ask(r, x, &ask, reterr);
    return e == 0 ? room_authority_write(r, who, &ask, w, reterr) : e;
}

static void join_names(const struct room_duty *d, const struct duty_answer *x, char *dst, size_t cap) {
    size_t n = 0;
    dst[0] = 0;
    for (size_t i = 0; i < x->n[DUTY_DECIDES] && i < 4 && n + 1 < cap; i++) {
        const struct duty_who *w = &x->who[DUTY_DECIDES][i];
        struct str phone = d ? room_duty_phone(d, w->who.key) : STR("");
        int k = snprintf(dst + n, cap - n, "%s%.*s%s%.*s", n ? ", " : "", (int) MIN(w->who.text.n, 100u), w->who.text.p, phone.n ? " " : "",
                         (int) MIN(phone.n, 40u), phone.n ? phone.p : "");
        n += k > 0 ? (size_t) k : 0;
    }
    size_t end = MIN(n, cap - 1);
    while (end && n >= cap && ((unsigned char) dst[end] & 0xc0) == 0x80) /* not in the middle of a character */
        dst[end--] = 0;
}

static int refuse(struct room *r, const struct room_actor *by, const struct room_deciding *x, const struct room_authority *a, const char *verdict,
                  struct diag *err) {
    struct room_authority_refusal *f = &r->authority_refusal;
    *f = (struct room_authority_refusal){.set = true, .by = *by, .incident = x->incident, .kind = duty_kind_to_string(x->kind), .verdict = verdict,
                                         .from_ns = a->from_ns};
    snprintf(f->service, sizeof f->service, "%.*s", (int) MIN(x->service.n, sizeof f->service - 1), x->service.n ? x->service.p : "");
    snprintf(f->policy, sizeof f->policy, "%.*s", (int) MIN(a->policy.n, sizeof f->policy - 1), a->policy.n ? a->policy.p : "");
    if (a->verdict != VERDICT_POLICY) /* nobody may what was decided against beforehand */
        join_names(r->duty, &a->answer, f->who, sizeof f->who);
    r->refusal = (struct room_refusal){true, *by, VERB_APPROVE, {.object = x->action ? OBJECT_ACTION : OBJECT_DECISION, .id = x->action, .incident = x->incident, .tlp = TLP_AMBER}};
    return diag_set(err, -ERR_REFUSED, "%s may not decide '%s' now; who may: %s", by->name, f->kind, f->who[0] ? f->who : "nobody in the table at this hour");
}

/* The first of two is taken down; the second must be another person who may decide. */
static int agree(struct room *r, const struct room_actor *by, const struct room_deciding *x, const struct room_authority *a, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_AGREEMENT, .tlp = TLP_AMBER, .incident = x->incident, .owner = by->person};
    const char *kind = duty_kind_to_string(x->kind);
    int e = sql_query(r->db, &st, err,
                      "SELECT owner, second FROM agreement WHERE incident_id = ?1 AND action_id IS ?2 AND kind = ?3 AND at >= ?4 ORDER BY id DESC LIMIT 1", "iIzi",
                      x->incident, x->action ? &x->action : NULL, kind, room_now(r) - NS_PER_DAY);
    if (e == 0)
        e = sql_step(st, err);
    if (e < 0)
        return e;
    bool second = e == 1 && !sql_i64(st, 1); /* two that agreed are done with: the next decision of the kind wants two again */
    if (second && sql_i64(st, 0) == by->person)
        return refuse(r, by, x, a, "same_person", err);
    e = room_write(r, &w, NULL, err, "INSERT INTO agreement(incident_id, action_id, kind, service, at, second) VALUES (?1, ?2, ?3, ?4, ?5, ?6)", "iIzsii",
                   x->incident, x->action ? &x->action : NULL, kind, &x->service, room_now(r), (int64_t) second);
    return e < 0 ? e : !second;
}

int room_authority_check(struct room *r, const struct room_actor *by, const struct room_deciding *x, struct diag *reterr) {
    struct room_authority a;
    struct room_ask ask;
    struct arena mem;
    r->authority_refusal.set = false;
    if (!by->person) /* the operator's policy, which stands in kizuki.yml */
        return 0;
    arena_init(&mem, (size_t) 64 << 20);
    int e = case_ask(r, x, &ask, reterr);
    if (e == 0)
        e = room_may_decide(r, by, &ask, &mem, &a, reterr);
    if (e == 0)
        switch (a.verdict) {
        case VERDICT_NO_TABLE:
        case VERDICT_ALONE:
            e = x->two ? agree(r, by, x, &a, reterr) : 0;
            break;
        case VERDICT_TWO:
            e = agree(r, by, x, &a, reterr);
            break;
        case VERDICT_ASK:
        case VERDICT_WAIT:
        case VERDICT_NOT:
        case VERDICT_POLICY:
        case VERDICT_MAX_:
            e = refuse(r, by, x, &a, verdicts[a.verdict], reterr);
            break;
        }
    arena_done(&mem);
    return e;
}

bool room_authority_is_refused(const struct room *r) {
    return r->authority_refusal.set;
}

bool room_authority_refused(struct room *r, struct jsonw *w) {
    const struct room_authority_refusal *f = &r->authority_refusal;
    if (!f->set)
        return false;
    jsonw_kz(w, "kind", f->kind);
    jsonw_kz(w, "service", f->service);
    jsonw_kz(w, "verdict", f->verdict);
    jsonw_kz(w, "policy", f->policy);
    jsonw_kz(w, "who", f->who);
    jsonw_ktime(w, "from", f->from_ns);
    return true;
}

int room_authority_refusal_keep(struct room *r, struct diag *reterr) {
    struct room_authority_refusal f = r->authority_refusal;
    struct buf params;
    struct jsonw w;
    if (!f.set || f.kept || !f.incident)
        return 0;
    buf_init(&params, 4096);
    jsonw_init(&w, &params);
    jsonw_object(&w);
    jsonw_kz(&w, "name", f.by.name);
    jsonw_kz(&w, "kind", f.kind);
    jsonw_kz(&w, "who", f.who);
    jsonw_end(&w);
    struct room_entry entry = {.incident = f.incident, .at_ns = room_now(r), .until_ns = TIME_NONE, .lane = "ciso_csirt", .kind = "decision",
                               .key = "event.authority_refused", .params = buf_str(&params), .precision_s = -1};
    int e = buf_error(&params);
    if (e == 0)
        e = room_begin(r, reterr);
    if (e == 0) {
        e = room_timeline_put(r, &room_system, &entry, NULL, reterr);
        room_changed(r, "incident", f.incident);
        e = room_end(r, e, reterr);
    }
    buf_done(&params);
    r->authority_refusal = f;
    r->authority_refusal.kept = true;
    return e;
}

int room_consult_add(struct room *r, const struct room_actor *by, int64_t incident, enum duty_kind kind, struct str person, struct str answer,
                     struct diag *reterr) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_CONSULT, .tlp = TLP_AMBER, .incident = incident, .owner = by->person};
    struct buf params;
    struct jsonw j;
    buf_init(&params, 16384);
    jsonw_init(&j, &params);
    jsonw_object(&j);
    jsonw_kz(&j, "name", by->name);
    jsonw_kstr(&j, "person", person);
    jsonw_kz(&j, "kind", duty_kind_to_string(kind));
    jsonw_kstr(&j, "answer", answer);
    jsonw_end(&j);
    struct room_entry entry = {.incident = incident, .at_ns = room_now(r), .until_ns = TIME_NONE, .lane = "executive", .kind = "contact",
                               .key = "event.consulted", .params = buf_str(&params), .precision_s = -1};
    int e = buf_error(&params);
    if (e == 0)
        e = room_begin(r, reterr);
    if (e == 0) {
        e = room_write(r, &w, NULL, reterr, "INSERT INTO consult(incident_id, kind, person, answer, at) VALUES (?1, ?2, ?3, ?4, ?5)", "izssi", incident,
                       duty_kind_to_string(kind), &person, &answer, room_now(r));
        if (e == 0)
            e = room_timeline_put(r, by, &entry, NULL, reterr);
        room_changed(r, "incident", incident);
        e = room_end(r, e, reterr);
    }
    buf_done(&params);
    return e;
}

/* ---- lending ---- */

static int lend(struct room *r, const struct room_actor *by, const struct room_lend *l, int64_t *ret_id, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_LEND, .tlp = TLP_AMBER, .owner = by->person};
    int64_t now = room_now(r);
    const char *kind = l->kind < 0 ? "all" : duty_kind_to_string((enum duty_kind) l->kind);
    int e = 0;
    for (int k = l->kind < 0 ? 0 : l->kind; e == 0 && k < (l->kind < 0 ? DUTY_KIND_MAX_ : l->kind + 1); k++) {
        struct room_deciding x = {.service = l->service, .kind = (enum duty_kind) k};
        struct room_ask ask = {.service = l->service, .kind = (enum duty_kind) k, .called_ns = TIME_NONE, .asked = true};
        struct room_authority a;
        struct arena mem;
        arena_init(&mem, (size_t) 64 << 20);
        r->authority_refusal.set = false;
        e = room_may_decide(r, by, &ask, &mem, &a, err);
        if (e == 0 && a.verdict != VERDICT_ALONE && !(l->kind < 0 && a.verdict == VERDICT_NO_TABLE))
            e = refuse(r, by, &x, &a, verdicts[a.verdict], err);
        arena_done(&mem);
    }
    return e < 0 ? e
                 : room_write(r, &w, ret_id, err,
                              "INSERT INTO lend(service, kind, person, grp, why, from_at, until_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", "szsssii",
                              &l->service, kind, &l->person, &l->group, &l->why, now, now + l->hours * NS_PER_HOUR);
}

int room_lend_add(struct room *r, const struct room_actor *by, const struct room_lend *l, int64_t *ret_id, struct diag *reterr) {
    if (!l->person.n == !l->group.n || l->hours < 1 || l->hours > ROOM_LEND_HOURS_MAX)
        return diag_set(reterr, -EINVAL, "lend to a person or a group, for 1 to %d hours", ROOM_LEND_HOURS_MAX);
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    room_changed(r, "registers", 0);
    return room_end(r, lend(r, by, l, ret_id, reterr), reterr);
}

int room_lend_return(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct diag *reterr) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_LEND, .id = id, .version = version};
    char name[ROOM_BY_CAP];
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = room_write(r, &w, NULL, reterr, "UPDATE lend SET returned_at = ?2, returned_by = ?3 WHERE id = ?1", "iiz", id, room_now(r),
                   room_actor_format(by, name));
    room_changed(r, "registers", 0);
    return room_end(r, e, reterr);
}
