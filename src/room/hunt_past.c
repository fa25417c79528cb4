/* Hunts over what is kept, as rows: begun by a person, or by the system for an import of indicators; run one after the other
 * by kizuki-search, which keeps how far it is; ended with what came of it. What distinguishes them from a search that was
 * kept stands in `result` ("kind"): the hash of older rows must not change. */
#include "room/hunt.h"

#include "base/time.h"
#include "room/hunt_mail.h"
#include "room/room_priv.h"
#include "room/write.h"

#define KIND "json_extract(result, '$.kind')"

int room_hunt_begin(struct room *r, const struct room_actor *by, const struct room_hunt_past *h, int64_t *ret_id, struct diag *reterr) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_HUNT, .tlp = TLP_AMBER, .owner = by->person};
    struct str hypothesis = h->hypothesis, query = h->query, json;
    struct buf b;
    struct jsonw j;
    buf_init(&b, 65536);
    jsonw_init(&j, &b);
    jsonw_object(&j);
    jsonw_kz(&j, "kind", h->kind);
    jsonw_ki64(&j, "import", h->import);
    jsonw_kstr(&j, "name", h->name);
    if (h->copy.n)
        jsonw_kstr(&j, "copy", h->copy);
    if (h->mail) {
        jsonw_ki64(&j, "mail", h->mail);
        jsonw_ki64(&j, "step", h->step);
        jsonw_key(&j, STR("asked"));
        jsonw_raw(&j, h->asked);
    }
    jsonw_end(&j);
    json = buf_str(&b);
    int e = buf_error(&b);
    if (e == 0)
        e = room_write(r, &w, ret_id, reterr,
                       "INSERT INTO hunt(hypothesis, query, state, found, from_at, to_at, result) VALUES (?1, ?2, 'running', 0, nullif(?3, ?5), nullif(?4, ?5), ?6)",
                       "ssiiis", &hypothesis, &query, h->from_ns, h->to_ns, (int64_t) TIME_NONE, &json);
    buf_done(&b);
    return e;
}

int room_hunt_due(struct room *r, struct arena *a, struct room_hunt_due *ret, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT id, created_at, query, " KIND ", coalesce(json_extract(result, '$.import'), 0), from_at, to_at, coalesce(json_extract(result, '$.asked'), ''), "
                      "coalesce(json_extract(result, '$.copy'), '') "
                      "FROM hunt WHERE state = 'running' AND " KIND " IS NOT NULL ORDER BY " KIND " = 'mail' DESC, id LIMIT 1", "");
    if (e == 0)
        e = sql_step(st, reterr);
    if (e != 1)
        return e;
    *ret = (struct room_hunt_due){.id = sql_i64(st, 0), .created_ns = sql_i64(st, 1), .query = arena_dup(a, sql_str(st, 2)), .kind = arena_dup(a, sql_str(st, 3)),
                                  .import = sql_i64(st, 4), .from_ns = sql_is_null(st, 5) ? TIME_NONE : sql_i64(st, 5),
                                  .to_ns = sql_is_null(st, 6) ? TIME_NONE : sql_i64(st, 6), .asked = arena_dup(a, sql_str(st, 7)),
                                  .copy = arena_dup(a, sql_str(st, 8))};
    return ret->query.p && ret->kind.p && ret->asked.p && ret->copy.p ? 1 : -ENOMEM;
}

/* What it was stays beside what came of it. */
static int merge(struct room *r, int64_t id, struct str result, struct buf *out, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT json_patch(?2, json_object('kind', " KIND ", 'import', json_extract(result, '$.import'), 'name', "
                                       "json_extract(result, '$.name'), 'mail', json_extract(result, '$.mail'), 'step', json_extract(result, '$.step'), "
                                       "'asked', json_extract(result, '$.asked'), 'copy', json_extract(result, '$.copy'))) FROM hunt WHERE id = ?1", "is", id, &result);
    if (e == 0)
        e = sql_step(st, err);
    if (e == 1)
        buf_add(out, sql_str(st, 0));
    return e < 0 ? e : e == 0 ? diag_set(err, -ENOENT, "there is no such hunt") : buf_error(out);
}

int room_hunt_end(struct room *r, const struct room_actor *by, int64_t id, const struct json_value *result, struct str json, struct diag *reterr) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_HUNT, .id = id, .version = ROOM_ANY_VERSION};
    struct str state = STR("failed"), merged;
    int64_t found = 0;
    struct buf b;
    (void) json_get_str(result, "state", &state);
    (void) json_get_i64(result, "found", &found);
    buf_init(&b, 4 << 20);
    int e = merge(r, id, json, &b, reterr);
    merged = buf_str(&b);
    if (e == 0)
        e = room_write(r, &w, NULL, reterr,
                       "UPDATE hunt SET state = ?2, found = ?3, first_at = nullif(?4, ?6), last_at = nullif(?5, ?6), result = ?7 WHERE id = ?1",
                       "isiiiis", id, &state, found, room_hunt_time(result, "first_at"), room_hunt_time(result, "last_at"), (int64_t) TIME_NONE, &merged);
    buf_done(&b);
    return e < 0 ? e : room_hunt_mail_ended(r, id, result, reterr);
}

int room_hunt_is_running(struct room *r, int64_t id, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT state = 'running' AND " KIND " IS NOT NULL FROM hunt WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    return e < 0 ? e : e == 0 ? diag_set(reterr, -ENOENT, "there is no such hunt") : sql_i64(st, 0) != 0;
}

int room_hunt_has_import(struct room *r, int64_t import, struct str copy, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT 1 FROM hunt WHERE " KIND " = 'indicators' AND json_extract(result, '$.import') = ?1 "
                                          "AND coalesce(json_extract(result, '$.copy'), '') = ?2 LIMIT 1", "is", import, &copy);
    return e < 0 ? e : sql_step(st, reterr);
}

int room_hunt_result(struct room *r, int64_t id, struct arena *a, struct str *ret, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT result FROM hunt WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e == 1)
        *ret = arena_dup(a, sql_str(st, 0));
    return e < 0 ? e : e == 0 ? diag_set(reterr, -ENOENT, "there is no such hunt") : ret->p ? 0 : -ENOMEM;
}

/* How many findings of ours name it, whatever rule made them, in cases that may be seen. */
int room_indicator_hits(struct room *r, const struct room_actor *who, struct str value, int64_t *ret_n, int64_t *ret_last_ns, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT sum(f.count), max(f.last_at), max(f.id) FROM finding f WHERE f.kind LIKE 'indicator%' AND f.drill = 0 AND EXISTS "
                      "(SELECT 1 FROM json_each(f.json, '$.group') g WHERE g.value = ?1) GROUP BY f.incident_id", "s", &value);
    *ret_n = 0;
    *ret_last_ns = TIME_NONE;
    while (e >= 0 && (e = sql_step(st, reterr)) == 1) {
        e = room_may_read(r, who, OBJECT_FINDING, sql_i64(st, 2), reterr);
        if (e != 1)
            continue;
        *ret_n += sql_i64(st, 0);
        *ret_last_ns = MAX(*ret_last_ns, sql_i64(st, 1));
    }
    return MIN(e, 0);
}
