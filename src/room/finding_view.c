/* Findings as the pages show them: one, those of a case, and the evidence behind them. Only reads. */
#include "room/finding.h"

#include "base/hash.h"
#include "room/finding_store.h"
#include "room/room_priv.h"

#define VALUES_SHOWN 20 /* of each kind; all are counted, and kept */

static void copy_or_null(struct jsonw *w, const char *key, const struct json_value *v,
                         enum json_type type) {
    jsonw_key(w, str_of(key));
    if (v && v->type == type && type == JSON_STRING && v->text.n)
        jsonw_str(w, v->text);
    else if (v && v->type == type && type == JSON_NUMBER)
        jsonw_raw(w, v->text);
    else
        jsonw_null(w);
}

static void write_position(struct jsonw *w, const struct json_value *v) {
    jsonw_object(w);
    copy_or_null(w, "n", json_get(v, "spool"), JSON_NUMBER);
    copy_or_null(w, "file", json_get(v, "file"), JSON_STRING);
    copy_or_null(w, "line", json_get(v, "line"), JSON_NUMBER);
    jsonw_end(w);
}

/* Who told us an indicator that is for persons (RED) is for no page of findings. */
static bool is_kept_back(const struct json_value *group, const struct json_value *v) {
    struct str tlp;
    return json_get_str(group, "kizuki.indicator.tlp", &tlp) && str_eq_icase(tlp, STR("red")) &&
           str_eq_z(v->key, "kizuki.indicator.source");
}

static void write_pairs(struct jsonw *w, const char *key, const struct json_value *o,
                        enum json_type type) {
    jsonw_key(w, str_of(key));
    jsonw_array(w);
    for (const struct json_value *v = o ? o->first : NULL; v; v = v->next) {
        if (is_kept_back(o, v))
            continue;
        jsonw_object(w);
        jsonw_kstr(w, "name", v->key);
        jsonw_key(w, STR("value"));
        if (type == JSON_STRING)
            jsonw_str(w, v->type == JSON_STRING ? v->text : STR(""));
        else if (v->type == JSON_NUMBER)
            jsonw_raw(w, v->text);
        else
            jsonw_null(w);
        jsonw_end(w);
    }
    jsonw_end(w);
}

static void write_values(struct jsonw *w, const struct json_value *o) {
    jsonw_key(w, STR("values"));
    jsonw_array(w);
    for (const struct json_value *v = o ? o->first : NULL; v; v = v->next) {
        const struct json_value *listed = json_get_array(v, "listed");
        bool at_least = false;
        int64_t distinct = 0;
        unsigned n = 0;
        (void) json_get_bool(v, "at_least", &at_least);
        (void) json_get_i64(v, "distinct", &distinct);
        jsonw_object(w);
        jsonw_kstr(w, "name", v->key);
        jsonw_ki64(w, "n_distinct", distinct);
        jsonw_kbool(w, "at_least", at_least);
        jsonw_key(w, STR("listed"));
        jsonw_array(w);
        for (const struct json_value *x = listed ? listed->first : NULL; x && n < VALUES_SHOWN;
             x = x->next, n++) {
            struct str value = STR("");
            (void) json_get_str(x, "value", &value);
            jsonw_object(w);
            jsonw_kstr(w, "value", value);
            copy_or_null(w, "n", json_get(x, "count"), JSON_NUMBER);
            copy_or_null(w, "first", json_get(x, "first"), JSON_STRING);
            jsonw_end(w);
        }
        jsonw_end(w);
        jsonw_end(w);
    }
    jsonw_end(w);
}

static void write_stored(const struct json_value *root, struct jsonw *w) {
    const struct json_value *evidence = json_get_array(root, "evidence");
    write_pairs(w, "group", json_get_object(root, "group"), JSON_STRING);
    write_pairs(w, "measures", json_get_object(root, "measures"), JSON_NUMBER);
    write_values(w, json_get_object(root, "values"));
    jsonw_key(w, STR("evidence"));
    jsonw_array(w);
    unsigned shown = 0;
    for (const struct json_value *v = evidence ? evidence->first : NULL; v && shown < VALUES_SHOWN;
         v = v->next, shown++)
        write_position(w, v);
    jsonw_end(w);
    jsonw_ki64(w, "evidence_n", evidence ? evidence->n : 0);
}

#define FINDING_COLUMNS                                                                            \
    "fid, revision, state, rule_id, rule_title, level, kind, propose, count, first_at, last_at, "  \
    "detected_at, incident_id, drill, tlp, version, json, id, created_at"

static void opt_str(struct jsonw *w, const char *key, struct str s) {
    jsonw_key(w, str_of(key));
    s.n ? jsonw_str(w, s) : jsonw_null(w);
}

static int write_finding(struct room *r, struct sql_stmt *st, struct arena *a, struct jsonw *w,
                         struct diag *err) {
    struct json_value *root;
    arena_reset(a);
    int e = json_parse(a, sql_str(st, 16), &root, err);
    if (e < 0)
        return diag_prefix(err, "stored finding %.*s", STR_ARG(sql_str(st, 0)));
    jsonw_object(w);
    jsonw_kstr(w, "id", sql_str(st, 0));
    jsonw_ki64(w, "revision", sql_i64(st, 1));
    jsonw_kstr(w, "state", sql_str(st, 2));
    room_rule_ref(r, w, "rule", sql_str(st, 3), sql_str(st, 4));
    jsonw_kstr(w, "level", sql_str(st, 5));
    opt_str(w, "kind", sql_str(st, 6));
    opt_str(w, "propose", sql_str(st, 7));
    jsonw_ki64(w, "count", sql_i64(st, 8));
    jsonw_ktime(w, "first", sql_i64(st, 9));
    jsonw_ktime(w, "last", sql_i64(st, 10));
    jsonw_ktime(w, "detected", sql_i64(st, 11));
    write_stored(root, w);
    jsonw_key(w, STR("incident_id"));
    sql_is_null(st, 12) ? jsonw_null(w) : jsonw_i64(w, sql_i64(st, 12));
    jsonw_kbool(w, "drill", sql_i64(st, 13) == 1);
    jsonw_kbool(w, "watched", sql_i64(st, 13) == FINDING_WATCHED);
    jsonw_kbool(w, "past", sql_i64(st, 10) < sql_i64(st, 18) - NS_PER_HOUR);
    jsonw_kstr(w, "tlp", sql_str(st, 14));
    jsonw_kz(w, "info_class", "attack");
    jsonw_ki64(w, "version", sql_i64(st, 15));
    jsonw_end(w);
    return 0;
}

int room_findings_write(struct room *r, int64_t incident, int64_t limit, int64_t before,
                        struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    CLEANUP(sql_endp) struct sql_stmt *count = NULL;
    struct arena a;
    arena_init(&a, (size_t) 64 << 20);
    int e = sql_query(
        r->db, &st, reterr,
        "SELECT " FINDING_COLUMNS " FROM finding WHERE incident_id IS nullif(?1, 0) "
        "AND (?3 = 0 OR id < ?3) ORDER BY CASE WHEN ?1 THEN -detected_at ELSE -id END, id DESC "
        "LIMIT ?2",
        "iii", incident, limit, before);
    jsonw_object(w);
    jsonw_key(w, STR("findings"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, reterr)) == 1)
        e = write_finding(r, st, &a, w, reterr);
    jsonw_end(w);
    if (e == 0)
        e = sql_query(r->db, &count, reterr,
                      "SELECT count(*) FROM finding WHERE incident_id IS nullif(?1, 0)", "i",
                      incident);
    if (e == 0)
        e = sql_step(count, reterr);
    jsonw_ki64(w, "total", e == 1 ? sql_i64(count, 0) : 0);
    jsonw_end(w);
    arena_done(&a);
    return e < 0 ? e : 0;
}

int room_evidence(struct room *r, int64_t incident, struct str fid, struct room_position *dst,
                  size_t cap, size_t *ret_n, int64_t *ret_total, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(
        r->db, &st, reterr,
        "SELECT json_extract(x.value, '$.spool') AS n, min(f.fid) FROM finding f, "
        "json_each(f.json, '$.evidence') x WHERE f.incident_id = ?1 AND (?2 IS NULL OR f.fid = ?2) "
        "AND n IS NOT NULL GROUP BY n ORDER BY n",
        "is", incident, &fid);
    *ret_n = 0;
    *ret_total = 0;
    while (e == 0 && (e = sql_step(st, reterr)) == 1) {
        e = 0;
        if ((*ret_total)++ >= (int64_t) cap)
            continue;
        dst[*ret_n].spool_n = sql_i64(st, 0);
        snprintf(dst[*ret_n].finding, sizeof dst[*ret_n].finding, "%.*s", STR_ARG(sql_str(st, 1)));
        ++*ret_n;
    }
    return e;
}

/* An open case holds, and a closed one that was closed since then. */
#define HOLDS "f.incident_id IN (SELECT id FROM incident WHERE state = 'open' OR coalesce(closed_at, ?1) >= ?1)"

int room_holds_state(struct room *r, int64_t closed_since_ns, uint64_t *ret_state, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT count(*), coalesce(sum(f.evidence_n), 0), coalesce(sum(f.incident_id), 0) FROM finding f WHERE " HOLDS,
                      "i", closed_since_ns);
    if (e == 0 && (e = sql_step(st, reterr)) == 1) {
        *ret_state = hash_mix(hash_mix((uint64_t) sql_i64(st, 0), (uint64_t) sql_i64(st, 1)), (uint64_t) sql_i64(st, 2));
        e = 0;
    }
    return e;
}

int room_holds_write(struct room *r, int64_t closed_since_ns, struct buf *out, size_t *ret_n, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    *ret_n = 0;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT json_extract(x.value, '$.spool') AS n, min(f.incident_id) FROM finding f, "
                      "json_each(f.json, '$.evidence') x WHERE " HOLDS " AND n IS NOT NULL GROUP BY n ORDER BY n",
                      "i", closed_since_ns);
    while (e == 0 && (e = sql_step(st, reterr)) == 1) {
        buf_printf(out, "%lld %lld\n", (long long) sql_i64(st, 0), (long long) sql_i64(st, 1));
        ++*ret_n;
        e = 0;
    }
    return e < 0 ? e : buf_error(out) ? diag_set(reterr, buf_error(out), "what cases hold is too much") : 0;
}
