#include "room/hunt.h"

#include "base/time.h"
#include "room/room_priv.h"
#include "room/write.h"

#define HUNTS_TOLD 200

#define COLUMNS                                                                                    \
    "id, version, hypothesis, query, from_at, to_at, state, found, first_at, last_at, created_at, created_by, "                                      \
    "json_extract(result, '$.kind'), json_extract(result, '$.import'), json_extract(result, '$.name'), json_extract(result, '$.mail'), json_extract(result, '$.copy')"

int64_t room_hunt_time(const struct json_value *v, const char *key) {
    struct str s;
    int64_t t;
    int offset;
    return json_get_str(v, key, &s) && time_parse_iso(s, &t, &offset) > 0 ? t : TIME_NONE;
}

int room_hunt_add(struct room *r, const struct room_actor *by, const struct room_hunt *h, int64_t *ret_id,
                  struct diag *reterr) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_HUNT, .tlp = TLP_AMBER, .owner = by->person};
    struct str query, state;
    int64_t found = 0, times[] = {room_hunt_time(h->result, "from"), room_hunt_time(h->result, "to"), room_hunt_time(h->result, "first_at"),
                                  room_hunt_time(h->result, "last_at")};
    struct str json = h->json, hypothesis = h->hypothesis;
    if (!json_get_str(h->result, "query", &query) || !json_get_str(h->result, "state", &state) ||
        !json_get_i64(h->result, "found", &found))
        return diag_set(reterr, -ERR_PARSE, "a search without its query, state or count");
    return room_write(r, &w, ret_id, reterr,
                      "INSERT INTO hunt(hypothesis, query, state, found, from_at, to_at, first_at, last_at, result) "
                      "VALUES (?1, ?2, ?3, ?4, nullif(?5, ?9), nullif(?6, ?9), nullif(?7, ?9), nullif(?8, ?9), ?10)",
                      "sssiiiiiis", &hypothesis, &query, &state, found, times[0], times[1], times[2], times[3],
                      (int64_t) TIME_NONE, &json);
}

static void write_row(struct room *r, struct jsonw *w, struct sql_stmt *st) {
    jsonw_object(w);
    jsonw_ki64(w, "id", sql_i64(st, 0));
    jsonw_ki64(w, "version", sql_i64(st, 1));
    jsonw_kstr(w, "hypothesis", sql_str(st, 2));
    jsonw_kstr(w, "query", sql_str(st, 3));
    room_time_or_null(w, "from", st, 4);
    room_time_or_null(w, "to", st, 5);
    jsonw_kstr(w, "state", sql_str(st, 6));
    jsonw_ki64(w, "found", sql_i64(st, 7));
    room_time_or_null(w, "first_at", st, 8);
    room_time_or_null(w, "last_at", st, 9);
    jsonw_ktime(w, "at", sql_i64(st, 10));
    room_by_text(r, w, "by", sql_str(st, 11));
    jsonw_kstr(w, "kind", sql_is_null(st, 12) ? STR("search") : sql_str(st, 12));
    jsonw_key(w, STR("import"));
    if (sql_i64(st, 13))
        jsonw_i64(w, sql_i64(st, 13));
    else
        jsonw_null(w);
    jsonw_kstr(w, "name", sql_str(st, 14));
    jsonw_key(w, STR("mail"));
    if (sql_i64(st, 15))
        jsonw_i64(w, sql_i64(st, 15));
    else
        jsonw_null(w);
    jsonw_kstr(w, "copy", sql_str(st, 16));
    jsonw_end(w);
}

int room_hunt_write(struct room *r, int64_t id, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT " COLUMNS " FROM hunt WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e == 1)
        write_row(r, w, st);
    return e == 0 ? diag_set(reterr, -ENOENT, "there is no such hunt") : MIN(e, 0);
}

int room_hunts_write(struct room *r, const struct room_actor *who, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT " COLUMNS " FROM hunt ORDER BY id DESC", ""), n = 0;
    jsonw_object(w);
    jsonw_key(w, STR("hunts"));
    jsonw_array(w);
    while (e >= 0 && n < HUNTS_TOLD && (e = sql_step(st, reterr)) == 1)
        if ((e = room_may_read(r, who, OBJECT_HUNT, sql_i64(st, 0), reterr)) == 1) {
            write_row(r, w, st);
            n++; /* of those the reader may see */
        }
    jsonw_end(w);
    jsonw_end(w);
    return MIN(e, 0);
}
