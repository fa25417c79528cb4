/* From a finding to an action: which addresses, what speaks against blocking them by itself, and
 * whether that makes a new action or extends one. */
#include "base/mem.h"
#include "room/action_priv.h"

struct planned {
    struct str address;
    int64_t tries, accounts, good; /* -1 = not known */
    const struct room_listed *listed;
    const char *why; /* static code: why it is only proposed; NULL: nothing speaks against it */
};
struct plan {
    struct room *r;
    int64_t incident, finding;
    const struct room_finding *f;
    struct planned *rows; /* of those to be written now */
    size_t n;
    const char *why; /* of the whole action */
};

/* The supervisor starts a hand that died within seconds. An order decided meanwhile waits for it
 * and goes out when it has said what stands; if it does not come, the order expires and a person is
 * asked after all. */
#define HAND_PATIENCE_MS 20000

static const char *hand_objection(const struct room *r) {
    if (r->hand.connected && r->hand.dry_run_known)
        return r->hand.dry_run ? "dry_run" : NULL;
    if (r->hand.acted && room_wall_ms(r) - r->hand.away_ms < HAND_PATIENCE_MS)
        return NULL;
    return r->hand.connected ? "dry_run" : "hand_away";
}

/* Order matters: the first that applies is told. */
static const char *objection(struct room *r, const struct room_finding *f,
                             const struct planned *p) {
    if (p->listed)
        return p->listed->list == LIST_PARTNER ? "partner" : "shared";
    if (r->policy->mode != BLOCK_AUTO)
        return "policy";
    if (hand_objection(r))
        return hand_objection(r);
    if (room_now(r) - f->last_ns > r->policy->recent_ns)
        return "old";
    if (p->good < 0)
        return "good_unknown";
    if (p->good > r->policy->good_accounts_max)
        return "good_accounts";
    return NULL;
}

static struct planned look_at(struct room *r, const struct room_finding *f,
                              const struct room_value *v) {
    struct planned p = {.address = v->value, .tries = v->n, .accounts = -1, .good = -1};
    double d;
    if (v->is_group) {
        p.tries = f->count;
        if (room_finding_measure(f, "accounts", &d) && d >= 0 && d < 1e15)
            p.accounts = (int64_t) d;
        if (room_finding_measure(f, "good_accounts", &d) && d >= 0 && d < 1e15)
            p.good = (int64_t) d;
    }
    p.listed = room_policy_listed(r->policy, v->value);
    p.why = objection(r, f, &p);
    return p;
}

/* Blocked, being blocked, waiting for a person, or settled by one for this case or one it was
 * parted from. */
static int is_settled(struct room *r, int64_t incident, struct str address, bool *ret,
                      struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(
        r->db, &st, err,
        "SELECT 1 FROM action a JOIN action_address x ON x.action_id = a.id WHERE "
        "(a.incident_id = ?1 OR a.incident_id IN (SELECT other_id FROM apart WHERE incident_id = "
        "?1 UNION SELECT incident_id FROM apart WHERE other_id = ?1)) AND x.address = ?2 AND "
        "(x.state IN ('sent','blocked','dry_run','undone') OR (x.state = "
        "'refused' AND x.reason IS NOT NULL) OR (x.state = 'proposed' AND a.state IN "
        "('proposed','rejected'))) LIMIT 1",
        "is", incident, &address);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1;
    return e < 0 ? e : 0;
}

static int put_rows(void *ctx, struct room *r, int64_t action, struct diag *err) {
    const struct plan *plan = ctx;
    int e = 0;
    for (size_t i = 0; e == 0 && i < plan->n; i++) {
        const struct planned *p = &plan->rows[i];
        bool partner = p->listed && p->listed->list == LIST_PARTNER;
        e = room_write_part(
            r, err,
            "INSERT INTO action_address(action_id, address, tries, accounts, good, shared, "
            "partner, state, reason) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9) ON CONFLICT DO UPDATE SET "
            "tries = excluded.tries, accounts = excluded.accounts, good = excluded.good, state = "
            "excluded.state, reason = excluded.reason, until_at = NULL",
            "isIIIsszz", action, &p->address, p->tries < 0 ? NULL : &p->tries,
            p->accounts < 0 ? NULL : &p->accounts, p->good < 0 ? NULL : &p->good,
            p->listed && !partner ? &p->listed->name : NULL, partner ? &p->listed->name : NULL,
            partner ? "refused" : "proposed", p->why);
    }
    return e;
}

static int open_action(struct room *r, int64_t incident, const char *states, int64_t adding,
                       int64_t *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT a.id FROM action a WHERE a.incident_id = ?1 AND a.kind = "
                      "'block_source' AND instr(?2, a.state) > 0 AND (SELECT count(*) FROM "
                      "action_address x WHERE x.action_id = a.id) + ?3 <= ?4 AND (a.state = "
                      "'proposed' OR a.decided_by = 'policy') ORDER BY a.id DESC LIMIT 1",
                      "izii", incident, states, adding, (int64_t) ACTION_ADDRESSES_MAX);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return e < 0 ? e : 0;
}

static void why_params(const struct plan *plan, struct buf *out) {
    const struct planned *p = &plan->rows[0];
    struct room *r = plan->r;
    struct jsonw w;
    for (size_t i = 0; i < plan->n; i++)
        if (plan->rows[i].why == plan->why)
            p = &plan->rows[i];
    jsonw_init(&w, out);
    jsonw_object(&w);
    if (p->why && strcmp(p->why, "good_accounts") == 0) {
        jsonw_ki64(&w, "n", p->good);
        jsonw_ki64(&w, "limit", r->policy->good_accounts_max);
    } else if (p->listed) {
        jsonw_kstr(&w, p->listed->list == LIST_PARTNER ? "partner" : "list", p->listed->name);
    } else if (p->why && strcmp(p->why, "old") == 0) {
        jsonw_ki64(&w, "minutes", (room_now(r) - plan->f->last_ns) / NS_PER_MIN);
    }
    jsonw_end(&w);
}

static int make_action(struct plan *plan, int64_t *ret_id, struct diag *err) {
    struct room *r = plan->r;
    const struct room_finding *f = plan->f;
    struct room_write w = {.by = &room_sensor,
                           .verb = VERB_CREATE,
                           .object = OBJECT_ACTION,
                           .tlp = TLP_AMBER,
                           .incident = plan->incident,
                           .parts = put_rows,
                           .parts_ctx = plan};
    struct buf params;
    struct str none = STR("");
    char key[48] = "";
    int64_t due = room_now(r) + r->policy->decide_within_s * NS_PER_S;
    buf_init(&params, 4096);
    if (plan->why) {
        snprintf(key, sizeof key, "why.%s", plan->why);
        why_params(plan, &params);
    }
    struct str p = buf_str(&params);
    int e = buf_error(&params);
    if (e == 0)
        e = room_write(r, &w, ret_id, err,
                       "INSERT INTO action(incident_id, kind, state, minutes, rule_id, rule_title, "
                       "rule_kind, finding_id, due_at, why_key, why_params) VALUES "
                       "(?1,'block_source','proposed',?2,?3,?4,?5,?6,?7,?8,?9)",
                       "iisssiIzs", plan->incident, (int64_t) r->policy->minutes, &f->rule_id,
                       f->rule_title.p ? &f->rule_title : &none, f->kind.p ? &f->kind : &none,
                       plan->finding, plan->why ? &due : NULL, plan->why ? key : NULL,
                       plan->why ? &p : NULL);
    buf_done(&params);
    return e;
}

static int extend_action(struct plan *plan, int64_t id, struct diag *err) {
    struct room_write w = {.by = &room_sensor,
                           .verb = VERB_CHANGE,
                           .object = OBJECT_ACTION,
                           .id = id,
                           .version = ROOM_ANY_VERSION,
                           .parts = put_rows,
                           .parts_ctx = plan};
    return room_write(plan->r, &w, NULL, err, "UPDATE action SET checked_at = NULL WHERE id = ?1",
                      "i", id);
}

static int64_t count_blockable(const struct plan *plan) {
    int64_t n = 0;
    for (size_t i = 0; i < plan->n; i++)
        n += !(plan->rows[i].listed && plan->rows[i].listed->list == LIST_PARTNER);
    return n;
}

static int propose(struct plan *plan, struct diag *err) {
    struct room *r = plan->r;
    struct room_action a = {.incident = plan->incident};
    int64_t id = 0;
    plan->why = plan->rows[0].why;
    int e = open_action(r, plan->incident, "proposed", (int64_t) plan->n, &id, err);
    if (e < 0)
        return e;
    if (id)
        e = extend_action(plan, id, err);
    else
        e = make_action(plan, &a.id, err);
    if (e == 0 && !id) {
        struct room_action_note x = {.action = &a,
                                     .key = "event.action_proposed",
                                     .kind = "notice",
                                     .lane = "ciso_csirt",
                                     .n = count_blockable(plan),
                                     .minutes = r->policy->minutes,
                                     .until_ns = TIME_NONE};
        e = room_action_note(r, &room_system, &x, err);
    }
    room_changed(r, "action", id ? id : a.id);
    return e;
}

/* By policy: approved at once, ordered in the same transaction. */
static int act(struct plan *plan, struct diag *err) {
    struct room *r = plan->r;
    struct room_action a;
    int64_t id = 0, n = 0;
    plan->why = NULL;
    int e = open_action(r, plan->incident, "in_force sent", (int64_t) plan->n, &id, err);
    bool fresh = id == 0;
    if (e == 0)
        e = fresh ? make_action(plan, &id, err) : extend_action(plan, id, err);
    struct room_write w = {.by = &room_system,
                           .verb = VERB_APPROVE,
                           .object = OBJECT_ACTION,
                           .id = id,
                           .version = ROOM_ANY_VERSION};
    if (e == 0 && fresh)
        e = room_write(r, &w, NULL, err,
                       "UPDATE action SET state = 'sent', decided_at = ?2, decided_by = 'policy' "
                       "WHERE id = ?1",
                       "ii", id, room_now(r));
    if (e == 0 && fresh)
        e = room_ledger_decided(r, plan->incident, "policy", err);
    if (e == 0)
        e = room_action_load(r, id, &a, err);
    if (e == 0)
        e = room_order_make(r, &a, ORDER_BLOCK, "proposed", r->policy->minutes, &n, err);
    if (e == 0 && fresh) {
        struct room_action_note x = {.action = &a,
                                     .key = "event.action_auto",
                                     .kind = "decision",
                                     .lane = "system",
                                     .n = n,
                                     .minutes = r->policy->minutes,
                                     .until_ns = TIME_NONE};
        e = room_action_note(r, &room_system, &x, err);
    }
    room_changed(r, "action", id);
    return e;
}

static bool seen_before(const struct room_finding *f, size_t i) {
    for (size_t k = 0; k < i; k++)
        if (f->values[k].kind == ENTITY_SOURCE && str_eq(f->values[k].value, f->values[i].value))
            return true;
    return false;
}

/* Sources of the finding that nothing was decided about yet. */
static int collect(struct room *r, int64_t incident, const struct room_finding *f,
                   struct planned *rows, size_t *ret_n, struct diag *err) {
    struct ip_prefix parsed;
    size_t n = 0;
    for (size_t i = 0; i < f->n_values && n < ACTION_ADDRESSES_MAX; i++) {
        const struct room_value *v = &f->values[i];
        bool settled = true;
        if (v->kind != ENTITY_SOURCE || ip_prefix_parse(v->value, &parsed) < 0 || seen_before(f, i))
            continue;
        int e = is_settled(r, incident, v->value, &settled, err);
        if (e < 0)
            return e;
        if (!settled)
            rows[n++] = look_at(r, f, v);
    }
    *ret_n = n;
    return 0;
}

/* A proposal shows what is known by now: tries, accounts, and how many sign in well from there. */
struct growth {
    const struct planned *p;
};

static int put_growth(void *ctx, struct room *r, int64_t action, struct diag *err) {
    const struct planned *p = ((const struct growth *) ctx)->p;
    return room_write_part(
        r, err,
        "UPDATE action_address SET tries = max(coalesce(tries, 0), ?3), "
        "accounts = max(coalesce(accounts, 0), coalesce(?4, 0)), good = coalesce(?5, good) "
        "WHERE action_id = ?1 AND address = ?2",
        "isiII", action, &p->address, p->tries, p->accounts < 0 ? NULL : &p->accounts,
        p->good < 0 ? NULL : &p->good);
}

static int find_proposal(struct room *r, int64_t incident, const struct planned *p, int64_t *ret,
                         struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT a.id FROM action a JOIN action_address x ON x.action_id = a.id "
                      "WHERE a.incident_id = ?1 AND a.state = 'proposed' AND x.address = ?2 "
                      "AND (coalesce(x.tries, 0) < ?3 OR coalesce(x.accounts, 0) < ?4 OR x.good IS "
                      "NOT ?5) LIMIT 1",
                      "isiiI", incident, &p->address, p->tries, p->accounts,
                      p->good < 0 ? NULL : &p->good);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return e < 0 ? e : 0;
}

static int grow(struct room *r, int64_t incident, const struct room_finding *f, struct diag *err) {
    int e = 0;
    for (size_t i = 0; e == 0 && i < f->n_values; i++) {
        if (f->values[i].kind != ENTITY_SOURCE || !f->values[i].is_group)
            continue;
        struct planned p = look_at(r, f, &f->values[i]);
        struct growth g = {&p};
        int64_t id = 0;
        e = find_proposal(r, incident, &p, &id, err);
        if (e < 0 || id == 0)
            continue;
        struct room_write w = {.by = &room_sensor,
                               .verb = VERB_CHANGE,
                               .object = OBJECT_ACTION,
                               .id = id,
                               .version = ROOM_ANY_VERSION,
                               .quiet = true,
                               .parts = put_growth,
                               .parts_ctx = &g};
        e = room_write(r, &w, NULL, err, "UPDATE action SET checked_at = checked_at WHERE id = ?1",
                       "i", id);
        room_changed(r, "action", id);
    }
    return e;
}

int room_action_from_finding(struct room *r, int64_t incident, int64_t finding,
                             const struct room_finding *f, struct diag *reterr) {
    struct plan plan = {.r = r, .incident = incident, .finding = finding, .f = f};
    size_t n = 0, n_act = 0;
    /* what lies a day back is no business of a block of an hour */
    if (!str_eq_z(f->propose, "block_source") || room_now(r) - f->last_ns > NS_PER_DAY)
        return 0;
    int e = grow(r, incident, f, reterr);
    if (e < 0)
        return e;
    struct planned *rows = mem_alloc((f->n_values + 1) * 2 * sizeof *rows);
    if (!rows)
        return diag_set(reterr, -ENOMEM, "memory has run out");
    struct planned *ordered = rows + f->n_values + 1;
    e = collect(r, incident, f, rows, &n, reterr);
    for (size_t i = 0; e == 0 && i < n;
         i++) /* first those to be done, then the rest, orders kept */
        if (!rows[i].why)
            ordered[n_act++] = rows[i];
    for (size_t i = 0, k = n_act; e == 0 && i < n; i++)
        if (rows[i].why)
            ordered[k++] = rows[i];
    plan.rows = ordered;
    plan.n = n_act;
    if (e == 0 && n_act)
        e = act(&plan, reterr);
    plan.rows = ordered + n_act;
    plan.n = n - n_act;
    if (e == 0 && plan.n)
        e = propose(&plan, reterr);
    mem_free(rows);
    return e;
}
