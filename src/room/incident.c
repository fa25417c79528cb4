/* Opening and recounting incidents (joining: incident_merge.c). What a case shows of itself is derived from
 * its findings; what a person set (level, title, commander) is never overwritten. */
#include "room/incident.h"

#include "base/mem.h"
#include "room/finding_store.h"
#include "room/incident_priv.h"

/* The first of these that any finding has names the case. */
static const char *const kinds[] = {"list_attack", "spraying",      "dictionary_attack",
                                    "brute_force", "slow",          "cross_service",
                                    "burst",       "success_after", "access_after"};

static int next_number(struct room *r, int64_t opened_ns, char dst[24], struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct time_civil c;
    char like[12];
    time_to_civil(opened_ns, TIME_JST_OFFSET_MIN, &c);
    snprintf(like, sizeof like, "K-%04d-", c.year % 10000);
    int e = sql_query(r->db, &st, err,
                      /* numbers grow with ids; a text 'K-2026-10000' sorts before 'K-2026-9999' */
                      "SELECT CAST(substr(number, 8) AS INTEGER) FROM incident WHERE substr(number, 1, 7) = ?1 "
                      "ORDER BY id DESC LIMIT 1",
                      "z", like);
    if (e == 0)
        e = sql_step(st, err);
    if (e >= 0)
        snprintf(dst, 24, "%s%04lld", like, e == 1 ? (long long) sql_i64(st, 0) + 1 : 1LL);
    return e < 0 ? e : 0;
}

static int note_opened(struct room *r, const struct room_actor *by, int64_t id, int64_t now, const char *number, const struct room_finding *f, struct diag *err) {
    struct buf params;
    struct jsonw j;
    buf_init(&params, 65536);
    jsonw_init(&j, &params);
    jsonw_object(&j);
    if (f)
        room_rule_params(r, &j, "rule", f->rule_id, f->rule_title);
    else
        jsonw_kz(&j, "name", by->name);
    jsonw_kz(&j, "number", number);
    jsonw_end(&j);
    struct room_entry x = {.incident = id, .at_ns = now, .until_ns = TIME_NONE, .lane = f ? "system" : "ciso_csirt", .kind = "notice",
                           .key = f ? "event.incident_opened" : "event.incident_opened_by", .params = buf_str(&params), .precision_s = -1};
    int e = room_timeline_put(r, by, &x, NULL, err);
    buf_done(&params);
    return e;
}

int room_incident_open(struct room *r, const struct room_actor *by, const struct room_finding *f,
                       int64_t *ret_id, struct diag *reterr) {
    struct room_write w = {
        .by = by, .verb = VERB_CREATE, .object = OBJECT_INCIDENT, .tlp = TLP_AMBER};
    struct str none = STR(""), *kind = f->kind.p ? &(struct str){f->kind.p, f->kind.n} : &none;
    char number[24];
    int64_t now = room_now(r), id = 0;
    int e = next_number(r, now, number, reterr);
    if (e == 0)
        e = room_write(r, &w, &id, reterr,
                       "INSERT INTO incident(number, kind, level, opened_at, first_trace_at, "
                       "last_activity_at, rule_at, rule_id, rule_title, drill) VALUES "
                       "(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
                       "zsziiiissi", number, kind, rule_level_to_string(f->level), now, f->first_ns,
                       f->last_ns, f->detected_ns, &f->rule_id,
                       f->rule_title.p ? &f->rule_title : &none, (int64_t) f->drill);
    if (e == 0)
        e = note_opened(r, by, id, now, number, f, reterr);
    if (e == 0)
        *ret_id = id;
    return e;
}

int room_incident_open_told(struct room *r, const struct room_actor *by, const char *title_key, struct str params, int64_t first_ns, int64_t *ret_id,
                            struct diag *reterr) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_INCIDENT, .tlp = TLP_AMBER};
    char number[24];
    int64_t now = room_now(r), id = 0;
    int e = next_number(r, now, number, reterr);
    if (e == 0)
        e = room_write(r, &w, &id, reterr,
                       "INSERT INTO incident(number, level, title_key, title_params, opened_at, first_trace_at, last_activity_at) VALUES (?1,'medium',?2,?3,?4,?5,?4)", "zzsii",
                       number, title_key, &params, now, first_ns);
    if (e == 0)
        e = note_opened(r, by, id, now, number, NULL, reterr);
    if (e == 0)
        *ret_id = id;
    return e;
}

/* Derived columns of one incident. */
struct derived {
    int64_t first_ns, accused_ns, last_ns, rule_ns, stolen, services, sources;
    int level;
    const char *kind;
    char *service, *host;       /* heap or NULL */
    char *rule_id, *rule_title; /* that noticed it; heap */
};

static int derive_findings(struct room *r, int64_t id, struct derived *d, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    size_t best = ARRAY_SIZE(kinds);
    int e = sql_query(
        r->db, &st, err,
        "SELECT kind, level, min(first_at), max(last_at), min(CASE WHEN "
        "by_source THEN first_at END) FROM finding  WHERE incident_id = ?1 GROUP BY kind, level",
        "i", id);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        for (size_t i = 0; i < best; i++)
            if (str_eq_z(sql_str(st, 0), kinds[i]))
                best = i;
        d->level = MAX(d->level, rule_level_from_string(sql_str(st, 1)));
        d->first_ns = MIN(d->first_ns, sql_i64(st, 2));
        d->last_ns = MAX(d->last_ns, sql_i64(st, 3));
        if (!sql_is_null(st, 4))
            d->accused_ns = MIN(d->accused_ns, sql_i64(st, 4));
        e = 0;
    }
    /* a finding about a service begins with the first honest mistake in its window */
    if (d->accused_ns != INT64_MAX)
        d->first_ns = d->accused_ns;
    d->kind = best < ARRAY_SIZE(kinds) ? kinds[best] : "";
    return e;
}

/* When it was noticed, and by which rule: the first finding that opens cases reached us. Not when
 * its rule became true (a log may come hours late: lookback in incident_view.c), except in a
 * replay, whose clock runs so fast that the way to us would count as minutes. */
static int derive_rule(struct room *r, int64_t id, struct derived *d, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT CASE WHEN ?2 THEN detected_at ELSE created_at END AS noticed_at, "
                      "rule_id, rule_title FROM finding WHERE incident_id = ?1 ORDER BY CASE level "
                      "WHEN 'critical' THEN 4 WHEN 'high' THEN 3 WHEN 'medium' THEN 2 WHEN 'low' "
                      "THEN 1 ELSE 0 END >= ?3 DESC, noticed_at, id LIMIT 1",
                      "iii", id, (int64_t) r->replay, (int64_t) r->policy->open_level);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e;
    d->rule_ns = sql_i64(st, 0);
    d->rule_id = str_dup(sql_str(st, 1));
    d->rule_title = str_dup(sql_str(st, 2));
    return d->rule_id && d->rule_title ? 0 : diag_set(err, -ENOMEM, "memory has run out");
}

/* How many different values of one kind, and the one seen first. */
static int derive_values(struct room *r, int64_t id, const char *kind, int64_t *ret_n,
                         char **ret_first, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT v.value FROM finding f CROSS JOIN finding_value v ON v.finding_id = f.id "
                      "WHERE f.incident_id = ?1 AND v.kind = ?2 GROUP BY v.value ORDER BY "
                      "min(coalesce(v.first_at, f.first_at)), v.value",
                      "iz", id, kind);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        if ((*ret_n)++ == 0 && ret_first) {
            *ret_first = str_dup(sql_str(st, 0));
            if (!*ret_first)
                return diag_set(err, -ENOMEM, "memory has run out");
        }
        e = 0;
    }
    return e;
}

static int count_stolen(struct room *r, int64_t id, int64_t *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e =
        sql_query(r->db, &st, err, "SELECT count(*) FROM account WHERE incident_id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return e < 0 ? e : 0;
}

static void write_title(struct room *r, const struct derived *d, struct buf *out) {
    struct jsonw w;
    jsonw_init(&w, out);
    jsonw_object(&w);
    room_service_params(r, &w, str_of(d->service));
    jsonw_kz(&w, "host", d->host);
    if (d->kind[0]) {
        jsonw_ki64(&w, "services", d->services);
        jsonw_ki64(&w, "stolen", d->stolen);
        jsonw_ki64(&w, "sources", d->sources);
    } else {
        room_rule_params(r, &w, "title", str_of(d->rule_id), str_of(d->rule_title));
    }
    jsonw_end(&w);
}

static int store_derived(struct room *r, const struct room_actor *by, int64_t id,
                         const struct derived *d, struct diag *err) {
    struct room_write w = {.by = by,
                           .verb = VERB_CHANGE,
                           .object = OBJECT_INCIDENT,
                           .id = id,
                           .version = ROOM_ANY_VERSION,
                           .quiet = true};
    struct sql_stmt *st = NULL;
    struct buf params;
    char key[48];
    bool same = false;
    buf_init(&params, 65536);
    snprintf(key, sizeof key, "title.%s", d->kind[0] ? d->kind : "finding");
    int e =
        sql_query(r->db, &st, err,
                  "SELECT title_key, title_params, level, kind, first_trace_at, last_activity_at, "
                  "rule_at, stolen_n, level_set, rule_id, rule_title FROM incident WHERE id = ?1",
                  "i", id);
    if (e == 0)
        e = sql_step(st, err);
    const char *level = rule_level_to_string((enum rule_level) d->level);
    if (e == 1) {
        write_title(r, d, &params);
        same = str_eq_z(sql_str(st, 0), key) && str_eq(sql_str(st, 1), buf_str(&params)) &&
               (sql_i64(st, 8) || str_eq_z(sql_str(st, 2), level)) &&
               str_eq_z(sql_str(st, 3), d->kind) && sql_i64(st, 4) == d->first_ns &&
               sql_i64(st, 5) == d->last_ns && sql_i64(st, 6) == d->rule_ns &&
               sql_i64(st, 7) == d->stolen && str_eq_z(sql_str(st, 9), d->rule_id);
    }
    sql_end(st);
    e = e < 0 ? e : buf_error(&params);
    struct str p = buf_str(&params);
    if (e == 0 && !same)
        e = room_write(
            r, &w, NULL, err,
            "UPDATE incident SET title_key = ?2, title_params = ?3, level = CASE WHEN "
            "level_set THEN level ELSE ?4 END, kind = ?5, first_trace_at = ?6, "
            "last_activity_at = ?7, rule_at = ?8, stolen_n = ?9, rule_id = ?10, rule_title = "
            "?11 WHERE id = ?1",
            "izszziiiizz", id, key, &p, level, d->kind, d->first_ns, d->last_ns, d->rule_ns,
            d->stolen, d->rule_id, d->rule_title);
    buf_done(&params);
    return e;
}

static int note_stolen(struct room *r, const struct room_actor *by, int64_t id, int64_t before,
                       int64_t now_stolen, struct diag *err) {
    char params[48];
    if (now_stolen <= before)
        return 0;
    int n = snprintf(params, sizeof params, "{\"n\":%lld}", (long long) now_stolen);
    struct room_entry x = {.incident = id,
                           .at_ns = room_now(r),
                           .until_ns = TIME_NONE,
                           .lane = "system",
                           .kind = "notice",
                           .key = "event.accounts_stolen",
                           .params = str_n(params, (size_t) n),
                           .precision_s = -1};
    return room_timeline_put(r, by, &x, NULL, err);
}

static int stored_stolen(struct room *r, int64_t id, int64_t *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT stolen_n FROM incident WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return e < 0 ? e : 0;
}

int room_incident_refresh(struct room *r, const struct room_actor *by, int64_t incident,
                          struct diag *reterr) {
    room_numbers_stale(r, incident);
    struct derived d = {
        .first_ns = INT64_MAX, .accused_ns = INT64_MAX, .last_ns = INT64_MIN, .rule_ns = INT64_MAX};
    struct room_count sources = {0};
    int64_t before = 0, hosts = 0;
    int e = derive_findings(r, incident, &d, reterr);
    if (e == 0 && d.first_ns == INT64_MAX)
        return 0; /* everything moved to another case */
    if (e == 0)
        e = derive_rule(r, incident, &d, reterr);
    if (e == 0)
        e = derive_values(r, incident, "service", &d.services, &d.service, reterr);
    if (e == 0)
        e = derive_values(r, incident, "host", &hosts, &d.host, reterr);
    if (e == 0)
        e = room_count_sources(r, incident, &sources, reterr);
    d.sources = sources.n;
    if (e == 0)
        e = count_stolen(r, incident, &d.stolen, reterr);
    if (e == 0)
        e = stored_stolen(r, incident, &before, reterr);
    if (e == 0)
        e = store_derived(r, by, incident, &d, reterr);
    if (e == 0)
        e = note_stolen(r, by, incident, before, d.stolen, reterr);
    mem_free(d.service);
    mem_free(d.host);
    mem_free(d.rule_id);
    mem_free(d.rule_title);
    return e;
}
