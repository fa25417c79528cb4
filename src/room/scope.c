/* Numbers of an incident: unions over what its findings collected. What was not kept makes a number
 * "at least"; nothing is estimated. */
#include "room/scope.h"

#include "room/action_priv.h"

/* Tries are told by rules that overlap. Within one rule no event is counted twice, so the rule that
 * saw most is the number; other rules may have seen other events, hence the least when there are
 * several. */
#define NOT_SUCCESS "f.kind NOT IN ('success_after','access_after')"

void room_count_write(struct jsonw *w, const char *member, const struct room_count *c) {
    if (member)
        jsonw_key(w, str_of(member));
    jsonw_object(w);
    jsonw_ki64(w, "n", c->n);
    jsonw_kbool(w, "at_least", c->at_least);
    jsonw_end(w);
}

/* Findings about one source accuse it; findings about a service list everybody who failed there,
 * honest people too. So numbers come from the former (by_source) wherever there are any. */
static int accused(struct room *r, int64_t incident, bool *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT 1 FROM finding f WHERE f.incident_id = ?1 AND " NOT_SUCCESS
                      " AND f.by_source LIMIT 1",
                      "i", incident);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1;
    return e < 0 ? e : 0;
}

/* The largest number of different values any finding tells, and whether any list was cut. */
static int told_distinct(struct room *r, int64_t incident, const char *kind, bool by_source,
                         struct room_count *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e =
        sql_query(r->db, &st, err,
                  "SELECT max(t.n), max(t.cut) FROM finding f JOIN finding_told t "
                  "ON t.finding_id = f.id AND t.kind = ?2 WHERE f.incident_id = ?1 AND " NOT_SUCCESS
                  " AND (?3 = 0 OR f.by_source)",
                  "izi", incident, kind, (int64_t) by_source);
    if (e == 0)
        e = sql_step(st, err);
    if (e == 1)
        *ret = (struct room_count){sql_i64(st, 0), sql_i64(st, 1) != 0};
    return e < 0 ? e : 0;
}

static int count_values(struct room *r, int64_t incident, enum room_entity entity, bool by_source,
                        struct room_count *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct room_count told = {0};
    const char *kind = room_entity_to_string(entity);
    bool groups = by_source && entity == ENTITY_SOURCE;
    int e = groups ? 0 : told_distinct(r, incident, kind, by_source, &told, err);
    if (e == 0)
        e = sql_query(
            r->db, &st, err,
            "SELECT count(DISTINCT v.value) FROM finding f CROSS JOIN finding_value v "
            "ON v.finding_id = f.id AND v.kind = ?2 WHERE f.incident_id = ?1 AND " NOT_SUCCESS
            " AND (?3 = 0 OR f.by_source) AND (?4 = 0 OR v.is_group)",
            "izii", incident, kind, (int64_t) by_source, (int64_t) groups);
    if (e == 0)
        e = sql_step(st, err);
    if (e == 1)
        *ret = (struct room_count){MAX(told.n, sql_i64(st, 0)), told.at_least};
    return e < 0 ? e : 0;
}

static int count_stolen(struct room *r, int64_t incident, struct room_count *ret,
                        struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT count(*), (SELECT max(t.cut) FROM finding f JOIN finding_told t "
                      "ON t.finding_id = f.id AND t.kind = 'account' WHERE f.incident_id = ?1 AND "
                      "f.kind = 'success_after' AND f.level IN ('high','critical')) "
                      "FROM account WHERE incident_id = ?1",
                      "i", incident);
    if (e == 0)
        e = sql_step(st, err);
    if (e == 1)
        *ret = (struct room_count){sql_i64(st, 0), sql_i64(st, 1) != 0};
    return e < 0 ? e : 0;
}

static int count_tries(struct room *r, int64_t incident, bool by_source, struct room_count *ret,
                       struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT max(n), count(*) FROM (SELECT sum(f.count) AS n FROM finding f "
                      "WHERE f.incident_id = ?1 AND " NOT_SUCCESS
                      " AND (?2 = 0 OR f.by_source) GROUP BY f.rule_id)",
                      "ii", incident, (int64_t) by_source);
    if (e == 0)
        e = sql_step(st, err);
    if (e == 1)
        *ret = (struct room_count){sql_i64(st, 0), sql_i64(st, 1) > 1};
    return e < 0 ? e : 0;
}

int room_count_all(struct room *r, int64_t incident, struct room_counts *ret, struct diag *reterr) {
    bool by_source = false;
    int e = accused(r, incident, &by_source, reterr);
    *ret = (struct room_counts){0};
    if (e == 0)
        e = count_values(r, incident, ENTITY_SOURCE, by_source, &ret->sources, reterr);
    if (e == 0)
        e = count_values(r, incident, ENTITY_ACCOUNT, by_source, &ret->tried, reterr);
    if (e == 0)
        e = count_stolen(r, incident, &ret->stolen, reterr);
    if (e == 0)
        e = count_tries(r, incident, by_source, &ret->tries, reterr);
    return e;
}

int room_count_sources(struct room *r, int64_t incident, struct room_count *ret,
                       struct diag *reterr) {
    bool by_source = false;
    int e = accused(r, incident, &by_source, reterr);
    return e < 0 ? e : count_values(r, incident, ENTITY_SOURCE, by_source, ret, reterr);
}

int room_source_tries(struct room *r, int64_t incident, struct str source, int64_t *ret,
                      struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e =
        sql_query(r->db, &st, reterr,
                  "SELECT max(n) FROM (SELECT sum(t) AS n FROM (SELECT f.rule_id, max(CASE WHEN "
                  "v.is_group THEN f.count ELSE coalesce(v.n, 0) END) AS t FROM finding f CROSS JOIN "
                  "finding_value v ON v.finding_id = f.id WHERE f.incident_id = ?1 AND v.kind = "
                  "'source' AND v.value = ?2 AND " NOT_SUCCESS " GROUP BY f.id) GROUP BY rule_id)",
                  "is", incident, &source);
    if (e == 0)
        e = sql_step(st, reterr);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return e < 0 ? e : 0;
}

/* Tries on one service: the service's part of what findings that accuse a source count. Where there
 * are none, the whole count of findings about the service, honest people's mistakes included. */
static int service_tries(struct room *r, int64_t incident, struct str service, bool by_source,
                         struct room_count *ret, bool *ret_known, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT max(n), count(*) FROM (SELECT sum(t) AS n FROM (SELECT f.rule_id, "
                      "max(CASE WHEN v.is_group THEN f.count ELSE v.n END) AS t FROM finding f "
                      "CROSS JOIN finding_value v ON v.finding_id = f.id WHERE f.incident_id = ?1 AND "
                      "v.kind = 'service' AND v.value = ?2 AND " NOT_SUCCESS
                      " AND f.by_source = ?3 GROUP BY f.id) WHERE t IS NOT NULL GROUP BY rule_id)",
                      "isi", incident, &service, (int64_t) by_source);
    if (e == 0)
        e = sql_step(st, err);
    if (e == 1) {
        *ret_known = sql_i64(st, 1) > 0;
        *ret = (struct room_count){sql_i64(st, 0), sql_i64(st, 1) > 1};
    }
    return e < 0 ? e : 0;
}

static int write_service(struct room *r, int64_t incident, struct sql_stmt *st, struct jsonw *w,
                         struct diag *err) {
    struct room_count tries = {0};
    bool known = false, watched = !sql_is_null(st, 1);
    struct str name = sql_str(st, 0);
    int e = service_tries(r, incident, name, true, &tries, &known, err);
    if (e == 0 && !known)
        e = service_tries(r, incident, name, false, &tries, &known, err);
    jsonw_object(w);
    jsonw_kstr(w, "name", name);
    room_words_write(w, "title", "titles", room_policy_title(r->policy, name));
    jsonw_key(w, STR("tries"));
    /* nobody tried a service that is only watched: that is counted, and it is nought */
    if (known || watched)
        room_count_write(w, NULL, &tries);
    else
        jsonw_null(w);
    jsonw_ki64(w, "success", sql_i64(st, 2));
    jsonw_ktime(w, "watch_since", watched ? sql_i64(st, 1) : TIME_NONE);
    jsonw_end(w);
    return e;
}

static int write_services(struct room *r, int64_t incident, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(
        r->db, &st, err,
        "SELECT s.name, (SELECT since_at FROM watch x WHERE x.incident_id = ?1 AND x.service_id = "
        "s.id), (SELECT count(*) FROM account a WHERE a.incident_id = ?1 AND a.service = s.name), "
        "EXISTS (SELECT 1 FROM finding f CROSS JOIN finding_value v ON v.finding_id = f.id WHERE "
        "f.incident_id = ?1 AND v.kind = 'service' AND v.value = s.name) AS hit FROM service s "
        "WHERE hit OR EXISTS (SELECT 1 FROM watch x WHERE x.incident_id = ?1 AND x.service_id = "
        "s.id) ORDER BY hit DESC, s.id LIMIT 200",
        "i", incident);
    jsonw_key(w, STR("services"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, err)) == 1)
        e = write_service(r, incident, st, w, err);
    jsonw_end(w);
    return e;
}

/* Which kinds of page were opened, by how many accounts: of the accounts' own pages. */
struct seen_pages {
    struct room *r;
    const struct room_words *kinds[64];
    int64_t accounts[64], last[64];
    size_t n;
};

static void see_page(void *ctx, int64_t account, struct str service, struct str path) {
    struct seen_pages *x = ctx;
    const struct room_words *shows = room_policy_page(x->r->policy, service, path);
    size_t i = 0;
    while (i < x->n && x->kinds[i] != shows)
        i++;
    if (!shows || i == ARRAY_SIZE(x->kinds))
        return;
    if (i == x->n) {
        x->kinds[x->n] = shows;
        x->last[x->n] = 0;
        x->accounts[x->n++] = 0;
    }
    x->accounts[i] += x->last[i] != account;
    x->last[i] = account;
}

static int write_seen_pages(struct room *r, int64_t incident, struct jsonw *w, struct diag *err) {
    struct seen_pages x = {.r = r};
    int e = room_accounts_pages(r, incident, see_page, &x, err);
    jsonw_key(w, STR("seen_pages"));
    jsonw_array(w);
    for (size_t i = 0; i < x.n; i++) {
        jsonw_object(w);
        jsonw_key(w, STR("kind_text"));
        jsonw_object(w);
        jsonw_kz(w, "key", "page_kind.configured");
        jsonw_key(w, STR("params"));
        jsonw_object(w);
        room_words_params(w, "kind", x.kinds[i]);
        jsonw_end(w);
        jsonw_end(w);
        jsonw_ki64(w, "accounts", x.accounts[i]);
        jsonw_end(w);
    }
    jsonw_end(w);
    return e;
}

int room_scope_write(struct room *r, int64_t incident, const struct room_counts *c, struct jsonw *w,
                     struct diag *reterr) {
    jsonw_object(w);
    jsonw_ktime(w, "counted_at", room_now(r));
    room_count_write(w, "accounts_tried", &c->tried);
    room_count_write(w, "accounts_stolen", &c->stolen);
    room_count_write(w, "tries", &c->tries);
    room_count_write(w, "sources", &c->sources);
    int e = write_services(r, incident, w, reterr);
    if (e == 0)
        e = write_seen_pages(r, incident, w, reterr);
    jsonw_end(w);
    return e;
}
