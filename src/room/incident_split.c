/* Taking findings out of a case: what folding got wrong, put right by a person (incident.h says
 * what goes along). One row of the chain is the person's, for each case changed; what follows from
 * it is the system's. */
#include "base/arena.h"
#include "room/action_priv.h"
#include "room/finding_store.h"
#include "room/incident.h"
#include "room/incident_priv.h"
#include "room/scope.h"

#define FINDING_ARENA_MAX ((size_t) 64 << 20)

struct split {
    struct room *r;
    const struct room_actor *by;
    int64_t from, into;
    int64_t rows[ROOM_SPLIT_MAX];
    size_t n, asked;
    struct room_row row; /* of `from`, as it was */
    bool drill, opened;
};

/* ---- what is asked ---- */

static int check_state(struct split *s, int64_t id, bool *ret_drill, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e =
        sql_query(s->r->db, &st, err, "SELECT state, drill FROM incident WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : diag_set(err, -EINVAL, "into");
    *ret_drill = sql_i64(st, 1) != 0;
    return str_eq_z(sql_str(st, 0), "open") ? 0 : diag_set(err, -EBUSY, "closed");
}

static int find_rows(struct split *s, const struct room_split *x, struct diag *err) {
    for (size_t i = 0; i < x->n; i++) {
        struct room_stored f;
        size_t k = 0;
        int e = room_finding_find(s->r, x->findings[i], &f, err);
        if (e < 0)
            return e;
        if (f.id == 0 || f.incident != s->from)
            return diag_set(err, -EINVAL, "findings");
        while (k < s->n && s->rows[k] != f.id)
            k++;
        s->rows[k] = f.id;
        s->n += k == s->n;
    }
    return s->n ? 0 : diag_set(err, -EINVAL, "findings");
}

static int count_findings(struct room *r, int64_t incident, size_t *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT count(*) FROM finding WHERE incident_id = ?1", "i",
                      incident);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1 ? (size_t) sql_i64(st, 0) : 0;
    return e < 0 ? e : 0;
}

/* The person's own write of one case: permission, version, one row of the chain. */
static int sign(struct split *s, int64_t id, int64_t version, struct diag *err) {
    char detail[80];
    int n =
        snprintf(detail, sizeof detail, "{\"findings\":%zu,\"%s\":%lld}", s->asked,
                 id == s->from ? "into" : "from", (long long) (id == s->from ? s->into : s->from));
    struct room_write w = {.by = s->by,
                           .verb = VERB_CHANGE,
                           .object = OBJECT_INCIDENT,
                           .id = id,
                           .version = version,
                           .detail = str_n(detail, (size_t) n)};
    return room_write(s->r, &w, NULL, err, "UPDATE incident SET state = state WHERE id = ?1", "i",
                      id);
}

/* ---- stored findings, read again ---- */

typedef int stored_fn(struct split *s, int64_t row, const struct room_finding *f, struct diag *err);

static int with_finding(struct split *s, int64_t row, stored_fn *fn, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct room_finding f;
    struct arena a;
    int e = sql_query(s->r->db, &st, err, "SELECT json FROM finding WHERE id = ?1", "i", row);
    if (e == 0)
        e = sql_step(st, err);
    if (e < 0)
        return e;
    arena_init(&a, FINDING_ARENA_MAX);
    e = room_finding_parse(&a, sql_str(st, 0), &f, err);
    if (e == 0)
        e = fn(s, row, &f, err);
    arena_done(&a);
    return e;
}

static int put_accounts_into(struct split *s, int64_t row, const struct room_finding *f,
                             struct diag *err) {
    return room_accounts_put(s->r, &room_system, s->into, row, f, err);
}

static int put_accounts_from(struct split *s, int64_t row, const struct room_finding *f,
                             struct diag *err) {
    return room_accounts_put(s->r, &room_system, s->from, row, f, err);
}

/* ---- what goes along ---- */

static int open_new(struct split *s, int64_t row, const struct room_finding *f, struct diag *err) {
    struct room *r = s->r;
    char name[ROOM_BY_CAP];
    struct room_write w = {.by = &room_system,
                           .verb = VERB_CHANGE,
                           .object = OBJECT_INCIDENT,
                           .version = ROOM_ANY_VERSION,
                           .quiet = true};
    int e = room_incident_open(r, &room_system, f, &s->into, err);
    w.id = s->into;
    /* who parted it has seen it */
    if (e == 0)
        e = room_write(r, &w, NULL, err,
                       "UPDATE incident SET tlp = ?2, commander = nullif(?3, 0), person_at = ?4, "
                       "person_by = ?5, drill = ?6 WHERE id = ?1",
                       "iziizi", s->into, room_tlp_to_string(s->row.tlp), s->row.commander,
                       room_now(r), room_actor_format(s->by, name), (int64_t) s->drill);
    s->opened = e == 0;
    return e;
}

/* The moved finding with the earliest evidence. */
static int64_t first_of(struct split *s, struct diag *err, int *e) {
    int64_t best = s->rows[0], best_at = INT64_MAX;
    for (size_t i = 0; *e == 0 && i < s->n; i++) {
        CLEANUP(sql_endp) struct sql_stmt *st = NULL;
        *e = sql_query(s->r->db, &st, err, "SELECT first_at FROM finding WHERE id = ?1", "i",
                       s->rows[i]);
        if (*e == 0)
            *e = sql_step(st, err);
        if (*e == 1 && sql_i64(st, 0) < best_at) {
            best_at = sql_i64(st, 0);
            best = s->rows[i];
        }
        *e = MIN(*e, 0);
    }
    return best;
}

/* An account goes with the finding that named it first; the other side gets it again if it knows it
 * too. */
static int move_accounts(struct split *s, struct diag *err) {
    for (;;) {
        struct sql_stmt *st = NULL;
        int e = sql_query(s->r->db, &st, err,
                          "SELECT a.id, EXISTS (SELECT 1 FROM account b WHERE b.incident_id = ?2 "
                          "AND b.name = a.name AND b.service = a.service) FROM account a JOIN "
                          "finding f ON f.id = a.finding_id WHERE a.incident_id = ?1 AND "
                          "f.incident_id = ?2 LIMIT 1",
                          "ii", s->from, s->into);
        if (e == 0)
            e = sql_step(st, err);
        int64_t id = e == 1 ? sql_i64(st, 0) : 0;
        bool known = e == 1 && sql_i64(st, 1);
        sql_end(st);
        if (e <= 0)
            return e;
        struct room_write w = {.by = &room_system,
                               .verb = known ? VERB_DELETE : VERB_CHANGE,
                               .object = OBJECT_ACCOUNT,
                               .id = id,
                               .version = ROOM_ANY_VERSION};
        e = known ? room_write(s->r, &w, NULL, err, "DELETE FROM account WHERE id = ?1", "i", id)
                  : room_write(s->r, &w, NULL, err,
                               "UPDATE account SET incident_id = ?2 WHERE id = ?1", "ii", id,
                               s->into);
        if (e < 0)
            return e;
    }
}

static int rest_accounts(struct split *s, struct diag *err) {
    int64_t after = 0;
    for (;;) {
        struct sql_stmt *st = NULL;
        int e = sql_query(s->r->db, &st, err,
                          "SELECT id FROM finding WHERE incident_id = ?1 AND id > ?2 AND kind IN "
                          "('success_after','access_after') ORDER BY id LIMIT 1",
                          "ii", s->from, after);
        if (e == 0)
            e = sql_step(st, err);
        after = e == 1 ? sql_i64(st, 0) : 0;
        sql_end(st);
        if (e <= 0)
            return e;
        e = with_finding(s, after, put_accounts_from, err);
        if (e < 0)
            return e;
    }
}

/* Addresses of `from`'s proposals that no finding accuses there any more. */
#define LEAVING                                                                                    \
    "x.state = 'proposed' AND EXISTS (SELECT 1 FROM finding_value v JOIN finding f ON f.id = "     \
    "v.finding_id WHERE v.kind = 'source' AND v.value = x.address AND f.incident_id = ?2) AND "    \
    "NOT EXISTS (SELECT 1 FROM finding_value v JOIN finding f ON f.id = v.finding_id WHERE "       \
    "v.kind = 'source' AND v.value = x.address AND f.incident_id = ?3)"

struct leaving {
    struct split *s;
    int64_t action;
};

static int copy_addresses(void *ctx, struct room *r, int64_t id, struct diag *err) {
    const struct leaving *l = ctx;
    return room_write_part(
        r, err,
        "INSERT INTO action_address(action_id, address, tries, accounts, good, shared, partner, "
        "state, reason, until_at, tries_before) SELECT ?4, address, tries, accounts, good, shared, "
        "partner, state, reason, until_at, tries_before FROM action_address x WHERE x.action_id = "
        "?1 AND " LEAVING,
        "iiii", l->action, l->s->into, l->s->from, id);
}

static int drop_addresses(void *ctx, struct room *r, int64_t id, struct diag *err) {
    const struct leaving *l = ctx;
    return room_write_part(r, err,
                           "DELETE FROM action_address AS x WHERE x.action_id = ?1 AND " LEAVING,
                           "iii", id, l->s->into, l->s->from);
}

static int move_proposal(struct split *s, int64_t action, int64_t leaving, int64_t all,
                         struct diag *err) {
    struct leaving l = {s, action};
    struct room_write w = {.by = &room_system,
                           .verb = VERB_CHANGE,
                           .object = OBJECT_ACTION,
                           .id = action,
                           .version = ROOM_ANY_VERSION};
    int64_t copy = 0;
    room_changed(s->r, "action", action);
    if (leaving == all)
        return room_write(s->r, &w, NULL, err, "UPDATE action SET incident_id = ?2 WHERE id = ?1",
                          "ii", action, s->into);
    struct room_write make = {.by = &room_system,
                              .verb = VERB_CREATE,
                              .object = OBJECT_ACTION,
                              .tlp = TLP_AMBER,
                              .incident = s->into,
                              .parts = copy_addresses,
                              .parts_ctx = &l};
    int e =
        room_write(s->r, &make, &copy, err,
                   "INSERT INTO action(incident_id, kind, state, minutes, rule_id, rule_title, "
                   "rule_kind, finding_id, due_at, why_key, why_params) SELECT ?2, kind, state, "
                   "minutes, rule_id, rule_title, rule_kind, finding_id, due_at, why_key, "
                   "why_params FROM action WHERE id = ?1",
                   "ii", action, s->into);
    w.parts = drop_addresses;
    w.parts_ctx = &l;
    if (e == 0)
        e = room_write(s->r, &w, NULL, err,
                       "UPDATE action SET checked_at = checked_at WHERE id = "
                       "?1",
                       "i", action);
    room_changed(s->r, "action", copy);
    return e;
}

static int move_proposals(struct split *s, struct diag *err) {
    int64_t after = 0;
    for (;;) {
        struct sql_stmt *st = NULL;
        int e =
            sql_query(s->r->db, &st, err,
                      "SELECT a.id, (SELECT count(*) FROM action_address x WHERE x.action_id = "
                      "a.id AND " LEAVING "), (SELECT count(*) FROM action_address x WHERE "
                      "x.action_id = a.id) FROM action a WHERE a.incident_id = ?3 AND a.state = "
                      "'proposed' AND a.id > ?1 ORDER BY a.id LIMIT 1",
                      "iii", after, s->into, s->from);
        if (e == 0)
            e = sql_step(st, err);
        after = e == 1 ? sql_i64(st, 0) : 0;
        int64_t leaving = e == 1 ? sql_i64(st, 1) : 0, all = e == 1 ? sql_i64(st, 2) : 0;
        sql_end(st);
        if (e > 0 && leaving)
            e = move_proposal(s, after, leaving, all, err);
        if (e < 0 || after == 0)
            return e;
    }
}

int room_apart_put(struct room *r, int64_t incident, int64_t other, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct room_write w = {.by = &room_system, .verb = VERB_CREATE, .object = OBJECT_APART, .tlp = TLP_AMBER, .incident = incident};
    int e = sql_query(r->db, &st, reterr, "SELECT 1 FROM apart WHERE (incident_id = ?1 AND other_id = ?2) OR (incident_id = ?2 AND other_id = ?1)", "ii", incident, other);
    if (e == 0)
        e = sql_step(st, reterr);
    return e ? MIN(e, 0) : room_write(r, &w, NULL, reterr, "INSERT INTO apart(incident_id, other_id) VALUES (?1, ?2)", "ii", incident, other);
}

static int note(struct split *s, int64_t at, int64_t other, const char *key, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct buf params;
    struct jsonw w;
    int e = sql_query(s->r->db, &st, err, "SELECT number FROM incident WHERE id = ?1", "i", other);
    if (e == 0)
        e = sql_step(st, err);
    if (e < 0)
        return e;
    buf_init(&params, 4096);
    jsonw_init(&w, &params);
    jsonw_object(&w);
    jsonw_ki64(&w, "n", (int64_t) s->n);
    jsonw_kstr(&w, "number", sql_str(st, 0));
    jsonw_kz(&w, "name", s->by->name);
    jsonw_end(&w);
    return room_timeline_tell(s->r, &room_system, at, "ciso_csirt", "decision", key, &params, err);
}

static int take_out(struct split *s, struct diag *err) {
    int e = 0;
    for (size_t i = 0; e == 0 && i < s->n; i++)
        e = room_finding_assign(s->r, &room_system, s->rows[i], s->into, err);
    if (e == 0)
        e = move_accounts(s, err);
    for (size_t i = 0; e == 0 && i < s->n; i++)
        e = with_finding(s, s->rows[i], put_accounts_into, err);
    if (e == 0)
        e = rest_accounts(s, err);
    if (e == 0)
        e = move_proposals(s, err);
    if (e == 0)
        e = room_apart_put(s->r, s->into, s->from, err);
    if (e == 0)
        e = room_incident_refresh(s->r, &room_system, s->from, err);
    return e;
}

/* Nothing remains: the case becomes part of the other, with everything that stands in it. */
static int split(struct split *s, const struct room_split *x, int64_t version, struct diag *err) {
    size_t all = 0;
    bool other_drill = false;
    int e = room_row_load(s->r, OBJECT_INCIDENT, s->from, &s->row, err);
    s->into = x->into;
    s->asked = x->n;
    /* the door first: a stale or forbidden wish learns that and nothing else */
    if (e == 0)
        e = sign(s, s->from, version, err);
    if (e == 0 && x->into)
        e = x->into == s->from ? diag_set(err, -EINVAL, "into")
                               : sign(s, x->into, x->into_version, err);
    if (e == 0)
        e = count_findings(s->r, s->from, &all, err);
    if (e == 0 && x->n == 0 && x->into)
        s->asked = s->n = all;
    else if (e == 0)
        e = find_rows(s, x, err);
    if (e == 0)
        e = check_state(s, s->from, &s->drill, err);
    if (e == 0 && x->into)
        e = check_state(s, x->into, &other_drill, err);
    if (e == 0 && x->into && other_drill != s->drill)
        e = diag_set(err, -EINVAL, "into");
    if (e == 0 && all == s->n && !x->into)
        e = diag_set(err, -EINVAL, "findings");
    if (e < 0)
        return e;
    if (!x->into) {
        int64_t first = first_of(s, err, &e);
        if (e == 0)
            e = with_finding(s, first, open_new, err);
    }
    if (e == 0)
        e = all == s->n ? room_incident_merge(s->r, &room_system, s->from, s->into, err)
                        : take_out(s, err);
    if (e == 0)
        e = room_incident_refresh(s->r, &room_system, s->into, err);
    if (e == 0 && s->opened)
        e = room_watch_put(s->r, &room_system, s->into, err);
    if (e == 0)
        e = room_ledger_person(s->r, s->by, s->from, err);
    if (e == 0)
        e = note(s, s->from, s->into, "event.findings_parted", err);
    return e == 0 ? note(s, s->into, s->from, "event.findings_taken", err) : e;
}

int room_incident_split(struct room *r, const struct room_actor *by, int64_t id, int64_t version,
                        const struct room_split *x, int64_t *ret_into, struct diag *reterr) {
    struct split s = {.r = r, .by = by, .from = id};
    ASSERT(x->n <= ROOM_SPLIT_MAX);
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = split(&s, x, version, reterr);
    room_changed(r, "now", 0);
    e = room_end(r, e, reterr);
    if (e == 0)
        *ret_into = s.into;
    return e;
}

/* ---- what would go along ---- */

static int count_of(struct split *s, const char *sql, int64_t a, int64_t b, int64_t *ret,
                    struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(s->r->db, &st, err, sql, "ii", a, b);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return MIN(e, 0);
}

/* ?1: the case they go to, ?2: the one they leave. */
static const char accounts_sql[] = "SELECT count(*) FROM account WHERE incident_id = ?1 AND ?2 > 0";
static const char both_sql[] =
    "SELECT count(*) FROM account a JOIN account b ON b.name = a.name AND b.service = a.service "
    "WHERE a.incident_id = ?1 AND b.incident_id = ?2";
static const char addresses_sql[] =
    "SELECT count(DISTINCT x.address) FROM action_address x JOIN action a ON a.id = x.action_id "
    "WHERE a.incident_id = ?1 AND ?2 > 0 AND a.state = 'proposed' AND x.state = 'proposed'";
static const char decided_sql[] = "SELECT count(*) FROM action WHERE incident_id = ?2 AND ?1 > 0 "
                                  "AND state NOT IN ('proposed','expired')";

static int look(struct split *s, struct room_split_try *t, int sign_, struct diag *err) {
    int64_t accounts = 0, both = 0, addresses = 0;
    int e = count_of(s, accounts_sql, s->into, s->from, &accounts, err);
    if (e == 0)
        e = count_of(s, both_sql, s->into, s->from, &both, err);
    if (e == 0)
        e = count_of(s, addresses_sql, s->into, s->from, &addresses, err);
    t->accounts += sign_ * accounts;
    t->accounts_both += sign_ * both;
    t->addresses += sign_ * addresses;
    return e;
}

static int try_it(struct split *s, const struct room_split *x, struct room_split_try *t,
                  struct diag *err) {
    struct room_count sources = {0}, before = {0};
    struct room_split any = *x;
    any.into_version = ROOM_ANY_VERSION;
    int e = 0;
    if (x->into) { /* what it has already does not go along */
        s->into = x->into;
        e = look(s, t, -1, err);
        if (e == 0)
            e = room_count_sources(s->r, x->into, &before, err);
    }
    if (e == 0)
        e = split(s, &any, ROOM_ANY_VERSION, err);
    if (e == 0)
        e = look(s, t, 1, err);
    if (e == 0)
        e = room_count_sources(s->r, s->into, &sources, err);
    t->sources = sources.n - before.n;
    t->findings = (int64_t) s->n;
    if (e == 0)
        e = count_of(s, "SELECT count(*) FROM finding WHERE incident_id = ?2 AND ?1 > 0", s->into,
                     s->from, &t->remain, err);
    if (e == 0)
        e = count_of(s, decided_sql, s->into, s->from, &t->decided, err);
    return e;
}

int room_incident_split_try(struct room *r, const struct room_actor *by, int64_t id,
                            const struct room_split *x, struct room_split_try *ret,
                            struct diag *reterr) {
    struct split s = {.r = r, .by = by, .from = id};
    struct room_split_try t = {0};
    ASSERT(x->n <= ROOM_SPLIT_MAX);
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = try_it(&s, x, &t, reterr);
    e = room_end(r, e == 0 ? -ECANCELED : e, reterr);
    if (e != -ECANCELED)
        return e;
    *ret = t;
    return 0;
}
