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
 * honest people too. So numbers come from the former wherever there are any. */
#define ACCUSES                                                                                    \
    "EXISTS (SELECT 1 FROM finding_value g WHERE g.finding_id = f.id AND g.is_group AND g.kind = " \
    "'source')"

static const char *field_of(enum room_entity kind) {
    return kind == ENTITY_SOURCE    ? "kizuki.source.net source.ip"
           : kind == ENTITY_ACCOUNT ? "user.name"
                                    : "";
}

static int accused(struct room *r, int64_t incident, bool *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT 1 FROM finding f WHERE f.incident_id = ?1 AND " NOT_SUCCESS
                      " AND " ACCUSES " LIMIT 1",
                      "i", incident);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1;
    return e < 0 ? e : 0;
}

/* The largest "distinct" any finding tells, and whether any list was cut. */
static int told_distinct(struct room *r, int64_t incident, enum room_entity kind,
                         bool only_accusing, struct room_count *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(
        r->db, &st, err,
        "SELECT max(json_extract(v.value, '$.distinct')), "
        "max(json_extract(v.value, '$.at_least') OR json_extract(v.value, '$.distinct') > "
        "json_array_length(v.value, '$.listed')) "
        "FROM finding f, json_each(f.json, '$.values') v WHERE f.incident_id = ?1 "
        "AND instr(?2, v.key) > 0 AND " NOT_SUCCESS " AND (?3 = 0 OR " ACCUSES ")",
        "izi", incident, field_of(kind), (int64_t) only_accusing);
    if (e == 0)
        e = sql_step(st, err);
    if (e == 1)
        *ret = (struct room_count){sql_i64(st, 0), sql_i64(st, 1) != 0};
    return e < 0 ? e : 0;
}

int room_count_values(struct room *r, int64_t incident, enum room_entity kind,
                      struct room_count *ret, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct room_count told = {0};
    bool by_source = false;
    int e = accused(r, incident, &by_source, reterr);
    bool grouped = by_source && kind == ENTITY_SOURCE;
    if (e == 0 && !grouped)
        e = told_distinct(r, incident, kind, by_source, &told, reterr);
    if (e == 0)
        e = sql_query(
            r->db, &st, reterr,
            "SELECT count(DISTINCT v.value) FROM finding f JOIN finding_value v "
            "ON v.finding_id = f.id WHERE f.incident_id = ?1 AND v.kind = ?2 AND " NOT_SUCCESS
            " AND (?3 = 0 OR " ACCUSES ") AND (?4 = 0 OR v.is_group)",
            "izii", incident, room_entity_to_string(kind), (int64_t) by_source, (int64_t) grouped);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e == 1)
        *ret = (struct room_count){MAX(told.n, sql_i64(st, 0)), told.at_least};
    return e < 0 ? e : 0;
}

int room_count_stolen(struct room *r, int64_t incident, struct room_count *ret,
                      struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e =
        sql_query(r->db, &st, reterr,
                  "SELECT count(*), (SELECT max(json_extract(v.value, '$.at_least') OR "
                  "json_extract(v.value, '$.distinct') > json_array_length(v.value, '$.listed')) "
                  "FROM finding f, json_each(f.json, '$.values') v WHERE f.incident_id = ?1 AND "
                  "v.key = 'user.name' AND f.kind IN ('success_after','access_after') AND f.level "
                  "IN ('high','critical')) "
                  "FROM account WHERE incident_id = ?1",
                  "i", incident);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e == 1)
        *ret = (struct room_count){sql_i64(st, 0), sql_i64(st, 1) != 0};
    return e < 0 ? e : 0;
}

int room_count_tries(struct room *r, int64_t incident, struct room_count *ret,
                     struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT max(n), count(*) FROM (SELECT sum(f.count) AS n FROM finding f "
                      "WHERE f.incident_id = ?1 AND " NOT_SUCCESS " GROUP BY f.rule_id)",
                      "i", incident);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e == 1)
        *ret = (struct room_count){sql_i64(st, 0), sql_i64(st, 1) > 1};
    return e < 0 ? e : 0;
}

int room_source_tries(struct room *r, int64_t incident, struct str source, int64_t *ret,
                      struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(
        r->db, &st, reterr,
        "SELECT max(n) FROM (SELECT sum(t) AS n FROM (SELECT f.rule_id, "
        "max(CASE WHEN v.is_group THEN f.count ELSE coalesce(v.n, 0) END) AS t "
        "FROM finding f JOIN finding_value v ON v.finding_id = f.id WHERE f.incident_id = ?1 "
        "AND v.kind = 'source' AND v.value = ?2 AND " NOT_SUCCESS " GROUP BY f.id) "
        "GROUP BY rule_id)",
        "is", incident, &source);
    if (e == 0)
        e = sql_step(st, reterr);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return e < 0 ? e : 0;
}

/* Tries on one service: findings about the service tell their whole count, others the service's
 * part of it. */
static int service_tries(struct room *r, int64_t incident, struct str service,
                         struct room_count *ret, bool *ret_known, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(
        r->db, &st, err,
        "SELECT max(n), count(*) FROM (SELECT sum(t) AS n FROM (SELECT f.rule_id, "
        "max(CASE WHEN v.is_group THEN f.count ELSE v.n END) AS t "
        "FROM finding f JOIN finding_value v ON v.finding_id = f.id WHERE f.incident_id = ?1 "
        "AND v.kind = 'service' AND v.value = ?2 AND " NOT_SUCCESS " GROUP BY f.id) "
        "WHERE t IS NOT NULL GROUP BY rule_id)",
        "is", incident, &service);
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
    int e = service_tries(r, incident, name, &tries, &known, err);
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
        "SELECT s.name, (SELECT since_at FROM watch x WHERE x.incident_id = ?1 AND "
        "x.service_id = s.id), (SELECT count(*) FROM account a WHERE a.incident_id = ?1 "
        "AND a.service = s.name), EXISTS (SELECT 1 FROM finding f JOIN finding_value v ON "
        "v.finding_id = f.id WHERE f.incident_id = ?1 AND v.kind = 'service' AND "
        "v.value = s.name) AS hit FROM service s WHERE hit OR EXISTS (SELECT 1 FROM watch x "
        "WHERE x.incident_id = ?1 AND x.service_id = s.id) ORDER BY hit DESC, s.id LIMIT 200",
        "i", incident);
    jsonw_key(w, STR("services"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, err)) == 1)
        e = write_service(r, incident, st, w, err);
    jsonw_end(w);
    return e;
}

/* Which kinds of page were opened, by how many accounts. */
static int write_seen_pages(struct room *r, int64_t incident, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    const struct room_words *seen[64];
    int64_t accounts[64], last[64];
    size_t n = 0;
    int e = sql_query(
        r->db, &st, err,
        "SELECT f.id, p.value, coalesce((SELECT s.value FROM finding_value s "
        "WHERE s.finding_id = f.id AND s.kind = 'service' LIMIT 1), '') FROM finding f "
        "JOIN finding_value p ON p.finding_id = f.id AND p.kind = 'path' "
        "WHERE f.incident_id = ?1 AND f.kind = 'access_after' ORDER BY f.id, p.value LIMIT 5000",
        "i", incident);
    jsonw_key(w, STR("seen_pages"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        const struct room_words *shows =
            room_policy_page(r->policy, sql_str(st, 2), sql_str(st, 1));
        size_t i = 0;
        e = 0;
        while (i < n && seen[i] != shows)
            i++;
        if (!shows || i == ARRAY_SIZE(seen))
            continue;
        if (i == n) {
            seen[n] = shows;
            last[n] = 0;
            accounts[n++] = 0;
        }
        accounts[i] += last[i] != sql_i64(st, 0); /* one such finding is one account's session */
        last[i] = sql_i64(st, 0);
    }
    for (size_t i = 0; i < n; i++) {
        jsonw_object(w);
        jsonw_key(w, STR("kind_text"));
        jsonw_object(w);
        jsonw_kz(w, "key", "page_kind.configured");
        jsonw_key(w, STR("params"));
        jsonw_object(w);
        room_words_params(w, "kind", seen[i]);
        jsonw_end(w);
        jsonw_end(w);
        jsonw_ki64(w, "accounts", accounts[i]);
        jsonw_end(w);
    }
    jsonw_end(w);
    return e;
}

int room_scope_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) {
    struct room_count tried = {0}, stolen = {0}, tries = {0}, sources = {0};
    int e = room_count_values(r, incident, ENTITY_ACCOUNT, &tried, reterr);
    if (e == 0)
        e = room_count_stolen(r, incident, &stolen, reterr);
    if (e == 0)
        e = room_count_tries(r, incident, &tries, reterr);
    if (e == 0)
        e = room_count_values(r, incident, ENTITY_SOURCE, &sources, reterr);
    jsonw_object(w);
    jsonw_ktime(w, "counted_at", room_now(r));
    room_count_write(w, "accounts_tried", &tried);
    room_count_write(w, "accounts_stolen", &stolen);
    room_count_write(w, "tries", &tries);
    room_count_write(w, "sources", &sources);
    if (e == 0)
        e = write_services(r, incident, w, reterr);
    if (e == 0)
        e = write_seen_pages(r, incident, w, reterr);
    jsonw_end(w);
    return e;
}
