/* See promise.h. */
#include "room/promise.h"

#include "room/callout.h"
#include "room/room_priv.h"

#define NEAR_NS NS_PER_HOUR /* or a quarter of the time there was, whichever is less */

static int find_open(struct room *r, const struct room_promise_new *x, int64_t *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT id FROM promise WHERE incident_id = ?1 AND of = ?2 AND of_id = ?3 AND state = 'open'", "izi", x->incident, x->of, x->of_id);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return MIN(e, 0);
}

int room_promise_put(struct room *r, const struct room_actor *by, const struct room_promise_new *x, struct diag *reterr) {
    int64_t now = room_now(r), due = x->due_ns, warn = due - MIN(NEAR_NS, MAX(due - now, 0) / 4), id;
    struct str what = x->what;
    int e = find_open(r, x, &id, reterr);
    struct room_write w = {.by = by, .verb = id ? VERB_CHANGE : VERB_CREATE, .object = OBJECT_PROMISE, .id = id, .version = ROOM_ANY_VERSION, .tlp = TLP_AMBER,
                           .incident = x->incident};
    if (e == 0 && id)
        e = room_write(r, &w, NULL, reterr, "UPDATE promise SET due_at = ?2, warn_at = ?3, warned_at = NULL, what = ?4 WHERE id = ?1", "iiis", id, due, warn, &what);
    else if (e == 0)
        e = room_write(r, &w, &id, reterr, "INSERT INTO promise(incident_id, of, of_id, what, state, due_at, warn_at) VALUES (?1, ?2, ?3, ?4, 'open', ?5, ?6)", "izisii",
                       x->incident, x->of, x->of_id, &what, due, warn);
    room_changed(r, "now", 0);
    return e;
}

static int next_open(struct room *r, int64_t incident, const char *of, int64_t of_id, int64_t *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT id FROM promise WHERE incident_id = ?1 AND of = ?2 AND (?3 = 0 OR of_id = ?3) AND state = 'open' LIMIT 1", "izi", incident, of, of_id);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return e;
}

int room_promise_end(struct room *r, const struct room_actor *by, int64_t incident, const char *of, int64_t of_id, const char *state, struct diag *reterr) {
    int64_t id;
    int e;
    while ((e = next_open(r, incident, of, of_id, &id, reterr)) == 1) {
        struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_PROMISE, .id = id, .version = ROOM_ANY_VERSION};
        e = room_write(r, &w, NULL, reterr, "UPDATE promise SET state = ?2, ended_at = ?3 WHERE id = ?1", "izi", id, state, room_now(r));
        if (e < 0)
            return e;
    }
    room_changed(r, "now", 0);
    return e;
}

static int find_near(struct room *r, int64_t *ret_id, int64_t *ret_incident, char text[400], struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct time_civil c;
    int e = sql_query(r->db, &st, err,
                      "SELECT p.id, p.incident_id, p.what, p.due_at, i.number FROM promise p JOIN incident i ON i.id = p.incident_id WHERE p.state = 'open' AND "
                      "p.warn_at <= ?1 AND p.warned_at IS NULL AND i.state = 'open' ORDER BY p.due_at LIMIT 1",
                      "i", room_now(r));
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e;
    *ret_id = sql_i64(st, 0);
    *ret_incident = sql_i64(st, 1);
    time_to_civil(sql_i64(st, 3), TIME_JST_OFFSET_MIN, &c);
    struct str what = sql_str(st, 2);
    snprintf(text, 400, "%.*s %.*s %d/%d %02d:%02d", STR_ARG(sql_str(st, 4)), (int) MIN(what.n, (size_t) 300), what.p, c.month, c.day, c.hour, c.minute);
    return 1;
}

int room_promises_tick(struct room *r, struct diag *reterr) {
    int64_t id, incident;
    char text[400];
    int e = find_near(r, &id, &incident, text, reterr);
    if (e <= 0)
        return e;
    e = room_callout_on_duty(r, incident, str_of(text), reterr);
    if (e == 0)
        e = room_begin(r, reterr);
    if (e < 0)
        return e;
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_PROMISE, .id = id, .version = ROOM_ANY_VERSION, .quiet = true};
    return room_end(r, room_write(r, &w, NULL, reterr, "UPDATE promise SET warned_at = ?2 WHERE id = ?1", "ii", id, room_now(r)), reterr);
}

int room_promises_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT id, of, of_id, what, state, due_at, ended_at FROM promise WHERE incident_id = ?1 ORDER BY state <> 'open', due_at LIMIT 200", "i", incident);
    jsonw_key(w, STR("promises"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, reterr)) == 1) {
        jsonw_object(w);
        jsonw_ki64(w, "id", sql_i64(st, 0));
        jsonw_kstr(w, "of", sql_str(st, 1));
        jsonw_ki64(w, "of_id", sql_i64(st, 2));
        jsonw_kstr(w, "what", sql_str(st, 3));
        jsonw_kstr(w, "state", sql_str(st, 4));
        jsonw_ktime(w, "due", sql_i64(st, 5));
        jsonw_ktime(w, "ended", sql_is_null(st, 6) ? TIME_NONE : sql_i64(st, 6));
        jsonw_kbool(w, "late", str_eq_z(sql_str(st, 4), "open") && sql_i64(st, 5) < room_now(r));
        jsonw_end(w);
        e = 0;
    }
    jsonw_end(w);
    return MIN(e, 0);
}
