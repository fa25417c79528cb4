#include "room/slip.h"

#include "room/run.h"

int slip_note_put(struct room *r, const struct room_actor *by, const struct slip_note *n, int64_t *ret_id, struct diag *reterr) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_SLIP_NOTE, .tlp = TLP_AMBER, .owner = by->person, .parts = n->parts, .parts_ctx = n->parts_ctx};
    struct str text = n->text.p ? n->text : STR("");
    struct room_row row;
    int e = room_row_load(r, n->of, n->of_id, &row, reterr);
    w.incident = e == 0 ? row.incident : 0;
    return e < 0 ? e
                 : room_write(r, &w, ret_id, reterr, "INSERT INTO slip_note(of, of_id, kind, text, photo, at, message_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", "zizsziI",
                              room_object_to_string(n->of), n->of_id, n->kind, &text, n->photo ? n->photo : "", n->at_ns ? n->at_ns : room_now(r),
                              n->message ? &n->message : NULL);
}

int slip_number(struct room *r, char letter, const char *sql, char dst[16], struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct time_civil c;
    char like[8];
    time_to_civil(room_now(r), TIME_JST_OFFSET_MIN, &c);
    snprintf(like, sizeof like, "%c-%04d-", letter, c.year % 10000);
    int e = sql_query(r->db, &st, reterr, sql, "z", like);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e == 1)
        snprintf(dst, 16, "%s%04lld", like, (long long) (sql_is_null(st, 0) ? 1 : sql_i64(st, 0) + 1));
    return MIN(e, 0);
}

int slip_notes_write(struct room *r, enum room_object of, int64_t id, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT n.id, n.at, n.created_by, n.kind, n.text, n.photo, n.message_id, m.state FROM slip_note n LEFT JOIN message m ON m.id = n.message_id "
                      "WHERE n.of = ?1 AND n.of_id = ?2 ORDER BY n.at, n.id LIMIT 1000",
                      "zi", room_object_to_string(of), id);
    jsonw_key(w, STR("notes"));
    jsonw_array(w);
    while (e >= 0 && (e = sql_step(st, reterr)) == 1) {
        jsonw_object(w);
        jsonw_ki64(w, "id", sql_i64(st, 0));
        jsonw_ktime(w, "at", sql_i64(st, 1));
        room_by_text(r, w, "by", sql_str(st, 2));
        jsonw_kstr(w, "kind", sql_str(st, 3));
        jsonw_kstr(w, "text", sql_str(st, 4));
        jsonw_kstr(w, "photo", sql_str(st, 5));
        jsonw_key(w, STR("message"));
        sql_is_null(st, 6) ? jsonw_null(w) : jsonw_str(w, sql_str(st, 7));
        jsonw_end(w);
    }
    jsonw_end(w);
    return MIN(e, 0);
}

int slip_is_loose(struct room *r, enum room_object of, int64_t id, int64_t version, struct diag *reterr) {
    struct room_row row;
    int e = room_row_load(r, of, id, &row, reterr);
    return e < 0 ? e : row.incident && row.version == version ? diag_set(reterr, -EBUSY, "case") : 0;
}

static int change(struct room *r, const struct room_actor *by, const struct slip_table *t, int64_t id, int64_t version, struct str to, struct str why, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = t->object, .id = id, .version = version};
    char name[ROOM_BY_CAP];
    bool note = str_eq_z(to, "note"), closed = str_eq_z(to, "closed");
    if (!note && !closed && !str_eq_z(to, "taken"))
        return diag_set(err, -EINVAL, "to");
    if ((note || closed) && !str_trim(why).n)
        return diag_set(err, -EINVAL, "why");
    room_actor_format(by, name);
    int e = note ? room_write(r, &w, NULL, err, t->keep, "i", id) : room_write(r, &w, NULL, err, t->set, "issiz", id, &to, &why, room_now(r), name);
    struct slip_note n = {.of = t->object, .of_id = id, .kind = closed ? "closed" : note ? "said" : "taken", .text = why};
    if (e == 0)
        e = slip_note_put(r, by, &n, NULL, err);
    if (e == 0 && !note && t->ended)
        e = t->ended(r, id, err);
    room_changed(r, t->name, id);
    room_changed(r, "now", 0);
    return e;
}

int slip_change(struct room *r, const struct room_actor *by, const struct slip_table *t, int64_t id, int64_t version, struct str to, struct str why, struct diag *reterr) {
    if (why.n > t->text_max)
        return diag_set(reterr, -EINVAL, "why");
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    if (!str_eq_z(to, "note"))
        e = slip_is_loose(r, t->object, id, version, reterr);
    return room_end(r, e == 0 ? change(r, by, t, id, version, to, why, reterr) : e, reterr);
}

static int may_join(struct room *r, const struct room_actor *by, int64_t incident, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = room_may_read(r, by, OBJECT_INCIDENT, incident, err);
    if (e <= 0)
        return e < 0 ? e : diag_set(err, -ENOENT, "there is no such case");
    e = sql_query(r->db, &st, err, "SELECT state = 'open' FROM incident WHERE id = ?1", "i", incident);
    if (e == 0)
        e = sql_step(st, err);
    return e < 0 ? e : sql_i64(st, 0) ? 0 : diag_set(err, -EBUSY, "closed");
}

int slip_case_find(struct room *r, const struct room_actor *by, const struct slip_case *c, int64_t *incident, struct diag *reterr) {
    if (*incident)
        return may_join(r, by, *incident, reterr);
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_INCIDENT, .version = ROOM_ANY_VERSION, .quiet = true};
    struct str kind = c->kind;
    int e = room_incident_open_told(r, by, c->title_key, c->params, c->first_ns, incident, reterr);
    w.id = *incident;
    if (e == 0)
        e = room_write(r, &w, NULL, reterr, "UPDATE incident SET kind = ?2, level = ?3, rule_at = ?4 WHERE id = ?1", "iszi", *incident, &kind, rule_level_to_string(c->level),
                       c->first_ns);
    return e == 0 ? room_run_propose(r, *incident, reterr) : e;
}

void slip_case_write(struct jsonw *w, struct sql_stmt *st, int column) {
    jsonw_key(w, STR("incident"));
    if (sql_is_null(st, column)) {
        jsonw_null(w);
        return;
    }
    jsonw_object(w);
    jsonw_ki64(w, "id", sql_i64(st, column));
    jsonw_kstr(w, "number", sql_str(st, column + 1));
    jsonw_end(w);
}
