/* Which case a finding belongs to. Strong links (what the finding accuses) hold for the case's
 * window; weak ones (what is attacked) only together with the way it is attacked, and for a shorter
 * time. Only reads. docs/room.md has the rule in words. */
#include "room/fold_priv.h"

#include "room/finding_store.h"

/* A finding about a service or a user agent lists everybody who failed there, honest people too: a
 * single one of those addresses says nothing, half of them do (match_crowd). */
static bool is_crowd(const struct room_finding *f) {
    bool by_source = false, by_other = false;
    for (size_t i = 0; i < f->n_values; i++) {
        by_source |= f->values[i].is_group && f->values[i].kind == ENTITY_SOURCE;
        by_other |= f->values[i].is_group &&
                    (f->values[i].kind == ENTITY_SERVICE || f->values[i].kind == ENTITY_AGENT);
    }
    return by_other && !by_source;
}

/* Whether this value says who or what the finding is about. A tried account says little:
 * dictionaries of unrelated attackers share "admin". */
static bool accuses(const struct room_finding *f, const struct room_value *v) {
    switch (v->kind) {
    case ENTITY_SOURCE:
        return v->is_group || !is_crowd(f);
    case ENTITY_ACCOUNT:
        return v->is_group || room_kind_is_success(f->kind);
    case ENTITY_DESTINATION: /* several machines that call the same place home */
        return v->is_group;
    case ENTITY_SESSION:
        return true;
    default:
        return false;
    }
}

static bool names(const struct room_finding *f, enum room_entity kind) {
    for (size_t i = 0; i < f->n_values; i++)
        if (f->values[i].kind == kind)
            return true;
    return false;
}

/* What is attacked. A program (user agent) counts where a rule accuses it; a host where no service
 * is named. */
static bool is_target(const struct room_finding *f, const struct room_value *v) {
    return v->value.n && (v->kind == ENTITY_SERVICE || (v->kind == ENTITY_AGENT && v->is_group) ||
                          (v->kind == ENTITY_HOST && !names(f, ENTITY_SERVICE)));
}

#define PARTED                                                                                     \
    "AND i.id <> ?6 AND (?6 = 0 OR NOT EXISTS (SELECT 1 FROM apart p WHERE (p.incident_id = i.id " \
    "AND p.other_id = ?6) OR (p.incident_id = ?6 AND p.other_id = i.id))) "
#define WEIGHTY(f_) f_ ".level IN ('medium','high','critical') "

/* The other side by the same measure: a source that is accused itself, an account that was entered.
 */
static const char by_accused[] =
    "SELECT i.id FROM finding_value v JOIN finding f ON f.id = v.finding_id "
    "JOIN incident i ON i.id = f.incident_id "
    "WHERE v.kind = ?1 AND v.value = ?2 AND i.state = 'open' AND i.drill = ?5 "
    "AND i.last_activity_at >= ?3 AND i.first_trace_at <= ?4 "
    "AND (v.kind <> 'destination' OR v.is_group) "
    "AND (v.kind <> 'account' OR v.is_group OR f.kind IN ('success_after','access_after')) "
    "AND (v.kind <> 'source' OR v.is_group OR NOT EXISTS (SELECT 1 FROM finding_value g "
    "WHERE g.finding_id = f.id AND g.is_group AND g.kind IN ('service','agent'))) " PARTED
    "ORDER BY i.id LIMIT 1";
static const char by_listed[] =
    "SELECT i.id FROM finding_value v JOIN finding f ON f.id = v.finding_id "
    "JOIN incident i ON i.id = f.incident_id "
    "WHERE v.kind = ?1 AND v.value = ?2 AND i.state = 'open' AND i.drill = ?5 "
    "AND i.last_activity_at >= ?3 AND i.first_trace_at <= ?4 " PARTED "ORDER BY i.id LIMIT 1";
/* A host that is itself what the finding is about. */
static const char by_host[] =
    "SELECT i.id FROM finding_value v JOIN finding f ON f.id = v.finding_id "
    "JOIN incident i ON i.id = f.incident_id "
    "WHERE v.kind = ?1 AND v.value = ?2 AND i.state = 'open' AND i.drill = ?5 "
    "AND f.last_at >= ?3 AND f.first_at <= ?4 " PARTED "ORDER BY i.id LIMIT 1";
/* From the cases, not from the value: one service may stand in every finding there is. */
static const char by_way[] =
    "SELECT i.id FROM incident i WHERE i.state = 'open' AND i.drill = ?5 AND i.last_activity_at >= "
    "?3 AND EXISTS (SELECT 1 FROM finding f WHERE f.incident_id = i.id AND f.last_at >= ?3 AND "
    "f.first_at <= ?4 AND " WEIGHTY("f") "AND EXISTS (SELECT 1 FROM finding_value v WHERE "
                                         "v.finding_id = f.id AND v.kind = ?1 AND v.value = ?2 AND "
                                         "(v.kind <> 'agent' OR v.is_group)) "
                                         "AND EXISTS (SELECT 1 FROM finding_value w WHERE "
                                         "w.finding_id = f.id AND w.kind = 'way' AND "
                                         "w.value = ?7)) " PARTED "ORDER BY i.id LIMIT 1";
/* Small errors that grew are a promise of more: their case stays open until somebody has decided, and what follows at the service days later is
 * what they told of. The case itself says how long: it is open. */
#define PRECURSOR_NS (10 * NS_PER_DAY)
static const char by_precursor[] =
    "SELECT i.id FROM incident i WHERE i.state = 'open' AND i.drill = ?5 AND i.last_activity_at >= ?3 AND EXISTS (SELECT 1 FROM finding f WHERE "
    "f.incident_id = i.id AND f.kind = 'precursor' AND f.last_at >= ?3 AND f.first_at <= ?4 AND EXISTS (SELECT 1 FROM finding_value v WHERE v.finding_id = f.id "
    "AND v.kind = ?1 AND v.value = ?2) AND EXISTS (SELECT 1 FROM finding_value w WHERE w.finding_id = f.id AND w.kind = 'way' AND w.value = ?7)) " PARTED
    "ORDER BY i.id LIMIT 1";

/* The same list of accounts, tried from elsewhere: a list stolen once travels from service to
 * service. */
#define LIST_MIN 20 /* accounts; fewer are common names */
static const char by_list[] =
    "SELECT i.id FROM finding_value own JOIN finding_value v ON v.kind = 'account' AND v.value = "
    "own.value JOIN finding f ON f.id = v.finding_id JOIN incident i ON i.id = f.incident_id WHERE "
    "own.finding_id = ?1 AND own.kind = 'account' AND f.kind = 'list_attack' AND i.state = 'open' "
    "AND i.last_activity_at >= ?3 AND i.first_trace_at <= ?4 AND i.drill = ?5 " PARTED
    "GROUP BY i.id HAVING 2 * count(DISTINCT v.value) >= ?2 ORDER BY i.id LIMIT 1";

struct looked_for {
    const char *sql;
    const struct room_value *value;
    int64_t window_ns, but;
    const struct str *way; /* by_way only */
};

static int find_incident(struct room *r, const struct room_finding *f, const struct looked_for *x,
                         int64_t *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    const char *kind = room_entity_to_string(x->value->kind);
    int64_t from = f->first_ns - x->window_ns, until = f->last_ns + x->window_ns;
    int e = x->way ? sql_query(r->db, &st, err, x->sql, "zsiiiis", kind, &x->value->value, from,
                               until, (int64_t) f->drill, x->but, x->way)
                   : sql_query(r->db, &st, err, x->sql, "zsiiii", kind, &x->value->value, from,
                               until, (int64_t) f->drill, x->but);
    if (e == 0)
        e = sql_step(st, err);
    if (e == 1 && (*ret == 0 || sql_i64(st, 0) < *ret))
        *ret = sql_i64(st, 0);
    return e < 0 ? e : 0;
}

/* The incident that knows at least half of the listed sources. */
static int match_crowd(struct room *r, const struct room_finding *f, int64_t but, int64_t *ret,
                       struct diag *err) {
    struct {
        int64_t incident;
        size_t n;
    } seen[16];
    size_t n_seen = 0, n = 0;
    int e = 0;
    if (!is_crowd(f))
        return 0;
    for (size_t i = 0; e == 0 && i < f->n_values; i++) {
        int64_t found = 0;
        size_t k = 0;
        if (f->values[i].kind != ENTITY_SOURCE)
            continue;
        n++;
        struct looked_for x = {by_listed, &f->values[i], r->policy->window_ns, but, NULL};
        e = find_incident(r, f, &x, &found, err);
        while (k < n_seen && seen[k].incident != found)
            k++;
        if (!found || k == ARRAY_SIZE(seen))
            continue;
        if (k == n_seen) {
            seen[n_seen].incident = found;
            seen[n_seen++].n = 0;
        }
        seen[k].n++;
    }
    for (size_t k = 0; k < n_seen; k++)
        if (seen[k].n * 2 >= n)
            *ret = seen[k].incident;
    return e;
}

/* Mostly there is none, and a long list need not be looked up at each telling. */
static int has_list_case(struct room *r, int64_t but, bool *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT 1 FROM incident WHERE state = 'open' AND kind = 'list_attack' AND id "
                      "<> ?1 LIMIT 1",
                      "i", but);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1;
    return e < 0 ? e : 0;
}

/* The incident that knows at least half of the accounts of a list. Only what list attacks try is a
 * list: the words of dictionaries are everybody's. */
static int match_list(struct room *r, const struct room_finding *f, int64_t but, int64_t *ret,
                      struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct room_stored own;
    int64_t n = 0;
    for (size_t i = 0; i < f->n_values; i++)
        n += f->values[i].kind == ENTITY_ACCOUNT && !f->values[i].is_group;
    if (n < LIST_MIN || !str_eq_z(f->kind, "list_attack"))
        return 0;
    bool any = false;
    int e = has_list_case(r, but, &any, err);
    if (e < 0 || !any)
        return e;
    e = room_finding_find(r, f->id, &own, err);
    if (e == 0)
        e = sql_query(r->db, &st, err, by_list, "iiiiii", own.id, n,
                      f->first_ns - r->policy->window_ns, f->last_ns + r->policy->window_ns,
                      (int64_t) f->drill, but);
    if (e == 0)
        e = sql_step(st, err);
    if (e == 1)
        *ret = sql_i64(st, 0);
    return e < 0 ? e : 0;
}

/* The oldest open incident, other than `but`, that accuses the same of this kind. */
static int match_accused(struct room *r, const struct room_finding *f, enum room_entity kind,
                         int64_t but, int64_t *ret, struct diag *err) {
    int e = 0;
    for (size_t i = 0; e == 0 && i < f->n_values; i++) {
        struct looked_for x = {by_accused, &f->values[i], r->policy->window_ns, but, NULL};
        if (x.value->kind == kind && accuses(f, x.value))
            e = find_incident(r, f, &x, ret, err);
    }
    return e;
}

/* The same is attacked in the same way. What a rule calls low or informational accuses nobody: it
 * neither joins by this nor holds a door open for others. */
static int match_way(struct room *r, const struct room_finding *f, int64_t *ret, struct diag *err) {
    int e = 0;
    for (size_t i = 0; e == 0 && f->level >= LEVEL_MEDIUM && i < f->n_values; i++)
        for (size_t k = 0; e == 0 && is_target(f, &f->values[i]) && k < f->n_ways; k++) {
            struct looked_for x = {by_way, &f->values[i], r->policy->service_window_ns, 0,
                                   &f->ways[k]};
            e = find_incident(r, f, &x, ret, err);
            struct looked_for before = {by_precursor, &f->values[i], PRECURSOR_NS, 0, &f->ways[k]};
            if (e == 0 && *ret == 0 && str_eq_z(f->ways[k], "trouble"))
                e = find_incident(r, f, &before, ret, err);
        }
    return e;
}

/* A finding that names no source, account or service, and is about a host. */
static int match_host(struct room *r, const struct room_finding *f, int64_t *ret,
                      struct diag *err) {
    int e = 0;
    if (names(f, ENTITY_SERVICE))
        return 0;
    for (size_t i = 0; i < f->n_values; i++)
        if (accuses(f, &f->values[i]))
            return 0;
    for (size_t i = 0; e == 0 && i < f->n_values; i++) {
        struct looked_for x = {by_host, &f->values[i], r->policy->service_window_ns, 0, NULL};
        if (x.value->kind == ENTITY_HOST && x.value->is_group)
            e = find_incident(r, f, &x, ret, err);
    }
    return e;
}

int room_fold_match(struct room *r, const struct room_finding *f, int64_t *ret,
                    struct diag *reterr) {
    static const enum room_entity strong[] = {ENTITY_SOURCE, ENTITY_SESSION, ENTITY_ACCOUNT, ENTITY_DESTINATION};
    *ret = 0;
    int e = match_crowd(r, f, 0, ret, reterr);
    for (size_t i = 0; e == 0 && *ret == 0 && i < ARRAY_SIZE(strong); i++)
        e = match_accused(r, f, strong[i], 0, ret, reterr);
    if (e == 0 && *ret == 0)
        e = match_list(r, f, 0, ret, reterr);
    if (e == 0 && *ret == 0)
        e = match_way(r, f, ret, reterr);
    if (e == 0 && *ret == 0)
        e = match_host(r, f, ret, reterr);
    return e;
}

int room_fold_other(struct room *r, const struct room_finding *f, int64_t but, int64_t *ret,
                    struct diag *reterr) {
    *ret = 0;
    int e = match_accused(r, f, ENTITY_SOURCE, but, ret, reterr);
    if (e == 0 && *ret == 0)
        e = match_crowd(r, f, but, ret, reterr);
    if (e == 0 && *ret == 0)
        e = match_list(r, f, but, ret, reterr);
    return e;
}

/* Appends rows that are not there yet. */
static int take_rows(struct sql_stmt *st, int64_t *rows, size_t cap, size_t *n, struct diag *err) {
    int e = 0;
    while (*n < cap && (e = sql_step(st, err)) == 1) {
        size_t k = 0;
        while (k < *n && rows[k] != sql_i64(st, 0))
            k++;
        rows[k] = sql_i64(st, 0);
        *n += k == *n;
    }
    return e < 0 ? e : 0;
}

int room_fold_loose(struct room *r, const struct room_finding *f, int64_t *rows, size_t cap,
                    size_t *ret_n, struct diag *reterr) {
    int64_t drill = f->drill, window = r->policy->window_ns, weak = r->policy->service_window_ns;
    int e = 0;
    *ret_n = 0;
    for (size_t i = 0; e == 0 && i < f->n_values; i++) {
        const struct room_value *v = &f->values[i];
        const char *kind = room_entity_to_string(v->kind);
        struct sql_stmt *st = NULL;
        if (v->kind == ENTITY_SOURCE && accuses(f, v)) {
            e = sql_query(r->db, &st, reterr,
                          "SELECT f.id FROM finding_value v JOIN finding f ON f.id = v.finding_id "
                          "WHERE v.kind = ?1 AND v.value = ?2 AND f.incident_id IS NULL "
                          "AND f.last_at >= ?3 AND f.first_at <= ?4 AND f.drill = ?5 ORDER BY f.id",
                          "zsiii", kind, &v->value, f->first_ns - window, f->last_ns + window,
                          drill);
            if (e == 0)
                e = take_rows(st, rows, cap, ret_n, reterr);
            sql_end(st);
        }
        for (size_t k = 0; e == 0 && f->level >= LEVEL_MEDIUM && is_target(f, v) && k < f->n_ways;
             k++) {
            e = sql_query(
                r->db, &st, reterr,
                "SELECT f.id FROM finding f WHERE f.incident_id IS NULL AND f.last_at >= ?3 AND "
                "f.first_at <= ?4 AND f.drill = ?5 AND " WEIGHTY(
                    "f") "AND EXISTS (SELECT 1 FROM "
                         "finding_value v WHERE v.finding_id = f.id AND v.kind = ?1 AND v.value = "
                         "?2 AND "
                         "(v.kind <> 'agent' OR v.is_group)) AND EXISTS (SELECT 1 FROM "
                         "finding_value w "
                         "WHERE w.finding_id = f.id AND w.kind = 'way' AND w.value = ?6) ORDER BY "
                         "f.id",
                "zsiiis", kind, &v->value, f->first_ns - weak, f->last_ns + weak, drill,
                &f->ways[k]);
            if (e == 0)
                e = take_rows(st, rows, cap, ret_n, reterr);
            sql_end(st);
        }
    }
    return e;
}
