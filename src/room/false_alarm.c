/* What a person called a false alarm: one row for each, kept when it is undone. */
#include "room/action_priv.h"
#include "room/rank.h"

static int standing(struct room *r, int64_t incident, int64_t *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT id FROM false_alarm WHERE incident_id = ?1 AND undone_at IS NULL", "i", incident);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return MIN(e, 0);
}

static int note(struct room *r, const struct room_actor *by, int64_t incident, const char *key, struct str reason, struct diag *err) {
    struct buf params;
    struct jsonw w;
    buf_init(&params, 65536);
    jsonw_init(&w, &params);
    jsonw_object(&w);
    jsonw_kz(&w, "name", by->name);
    jsonw_kstr(&w, "reason", reason);
    jsonw_end(&w);
    int e = room_timeline_tell(r, by, incident, "ciso_csirt", "decision", key, &params, err);
    room_changed(r, "now", 0);
    return e;
}

/* The person's own write of the case: permission, version, open or closed. */
static int turn(struct room *r, const struct room_actor *by, int64_t incident, int64_t version, bool open, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_INCIDENT, .id = incident, .version = version};
    int64_t now = room_now(r);
    return room_write(r, &w, NULL, err, "UPDATE incident SET state = ?2, closed_at = ?3 WHERE id = ?1", "izI", incident, open ? "open" : "closed",
                      open ? NULL : &now);
}

static int mark(struct room *r, const struct room_actor *by, int64_t incident, int64_t version, struct str reason, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_FALSE_ALARM, .tlp = TLP_AMBER, .incident = incident};
    char name[ROOM_BY_CAP];
    int64_t id = 0;
    int e = turn(r, by, incident, version, false, err);
    if (e == 0)
        e = standing(r, incident, &id, err);
    if (e == 0 && id)
        e = diag_set(err, -EBUSY, "false_alarm");
    if (e == 0)
        e = room_write(r, &w, &id, err,
                       "INSERT INTO false_alarm(incident_id, rule_id, service, reason) SELECT id, rule_id, coalesce((SELECT v.value FROM finding f CROSS JOIN "
                       "finding_value v ON v.finding_id = f.id AND v.kind = 'service' WHERE f.incident_id = ?1 GROUP BY v.value ORDER BY "
                       "min(coalesce(v.first_at, f.first_at)), v.value LIMIT 1), ''), ?2 FROM incident WHERE id = ?1",
                       "is", incident, &reason);
    if (e == 0)
        e = room_ledger_person(r, by, incident, err);
    if (e == 0)
        e = room_ledger_decided(r, incident, room_actor_format(by, name), err);
    return e == 0 ? note(r, by, incident, "event.false_alarm", reason, err) : e;
}

int room_false_alarm(struct room *r, const struct room_actor *by, int64_t incident, int64_t version, struct str reason, struct diag *reterr) {
    if (!str_trim(reason).n)
        return diag_set(reterr, -EINVAL, "reason");
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, mark(r, by, incident, version, str_trim(reason), reterr), reterr);
}

static int undo(struct room *r, const struct room_actor *by, int64_t incident, int64_t version, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_UNDO, .object = OBJECT_FALSE_ALARM, .version = ROOM_ANY_VERSION};
    char name[ROOM_BY_CAP];
    int e = turn(r, by, incident, version, true, err);
    if (e == 0)
        e = standing(r, incident, &w.id, err);
    if (e == 0 && !w.id)
        e = diag_set(err, -EBUSY, "no_false_alarm");
    if (e == 0)
        e = room_write(r, &w, NULL, err, "UPDATE false_alarm SET undone_at = ?2, undone_by = ?3 WHERE id = ?1", "iiz", w.id, room_now(r), room_actor_format(by, name));
    return e == 0 ? note(r, by, incident, "event.false_alarm_undone", STR(""), err) : e;
}

int room_false_alarm_undo(struct room *r, const struct room_actor *by, int64_t incident, int64_t version, struct diag *reterr) {
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, undo(r, by, incident, version, reterr), reterr);
}

int room_false_alarm_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT reason, created_at, created_by FROM false_alarm WHERE incident_id = ?1 AND undone_at IS NULL", "i", incident);
    if (e == 0)
        e = sql_step(st, reterr);
    jsonw_key(w, STR("false_alarm"));
    if (e == 1) {
        jsonw_object(w);
        jsonw_kstr(w, "reason", sql_str(st, 0));
        jsonw_ktime(w, "at", sql_i64(st, 1));
        room_by_text(r, w, "by", sql_str(st, 2));
        jsonw_end(w);
    } else {
        jsonw_null(w);
    }
    return MIN(e, 0);
}
