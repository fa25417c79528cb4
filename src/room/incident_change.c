/* Changes a person makes to a case: the first look at it, state, level, TLP, commander, title. Each
 * is one write with its row in the chain; a stale version is refused by write.c. */
#include "room/decision.h"
#include "room/incident.h"

#include "room/action_priv.h"
#include "room/person.h"
#include "room/recovery.h"

int room_ledger_person(struct room *r, const struct room_actor *by, int64_t incident,
                       struct diag *reterr) {
    struct sql_stmt *st = NULL;
    struct room_write w = {.by = by,
                           .verb = VERB_OPEN,
                           .object = OBJECT_INCIDENT,
                           .id = incident,
                           .version = ROOM_ANY_VERSION,
                           .quiet = true};
    struct buf params;
    char name[ROOM_BY_CAP];
    int e = sql_query(r->db, &st, reterr, "SELECT person_at FROM incident WHERE id = ?1", "i",
                      incident);
    if (e == 0)
        e = sql_step(st, reterr);
    bool wanted = e == 1 && sql_is_null(st, 0);
    sql_end(st);
    if (e < 0 || !wanted || by->person == 0)
        return MIN(e, 0);
    e = room_write(r, &w, NULL, reterr,
                   "UPDATE incident SET person_at = ?2, person_by = ?3 WHERE id = ?1", "iiz",
                   incident, room_now(r), room_actor_format(by, name));
    buf_init(&params, 4096);
    buf_add(&params, STR("{\"name\":"));
    json_quote(&params, str_of(by->name));
    buf_add(&params, STR("}"));
    struct room_entry x = {.incident = incident,
                           .at_ns = room_now(r),
                           .until_ns = TIME_NONE,
                           .lane = "ciso_csirt",
                           .kind = "notice",
                           .key = "event.person_opened",
                           .params = buf_str(&params),
                           .precision_s = -1};
    if (e == 0)
        e = room_timeline_put(r, &room_system, &x, NULL, reterr);
    buf_done(&params);
    room_changed(r, "incident", incident);
    room_changed(r, "now", 0);
    return e;
}

int room_incident_seen(struct room *r, const struct room_actor *by, int64_t id,
                       struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct room_row row;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT 1 FROM incident WHERE id = ?1 AND person_at IS NULL", "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e <= 0)
        return e;
    e = room_row_load(r, OBJECT_INCIDENT, id, &row, reterr);
    if (e < 0 || !room_may(by, VERB_OPEN, &row))
        return e; /* an auditor's look is no response */
    e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, room_ledger_person(r, by, id, reterr), reterr);
}

static int note_change(struct room *r, const struct room_actor *by, int64_t id, const char *key,
                       const char *field, struct diag *err) {
    struct buf params;
    struct jsonw w;
    buf_init(&params, 4096);
    jsonw_init(&w, &params);
    jsonw_object(&w);
    if (field)
        jsonw_kz(&w, "field", field);
    jsonw_kz(&w, "name", by->name);
    jsonw_end(&w);
    return room_timeline_tell(r, &room_system, id, "ciso_csirt", "decision", key, &params, err);
}

int room_incident_raise_tlp(struct room *r, const struct room_actor *by, int64_t id, enum room_tlp tlp, struct diag *reterr) {
    struct room_row row;
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_INCIDENT, .id = id, .version = ROOM_ANY_VERSION};
    int e = room_row_load(r, OBJECT_INCIDENT, id, &row, reterr);
    if (e < 0 || row.tlp >= tlp)
        return MIN(e, 0);
    e = room_write(r, &w, NULL, reterr, "UPDATE incident SET tlp = ?2 WHERE id = ?1", "iz", id, room_tlp_to_string(tlp));
    return e < 0 ? e : note_change(r, by, id, "event.incident_changed", "tlp", reterr);
}

static int note_changes(struct room *r, const struct room_actor *by, int64_t id,
                        const struct room_incident_change *c, struct diag *err) {
    int e = 0;
    if (c->set_state)
        e = note_change(r, by, id, c->open ? "event.incident_reopened" : "event.incident_closed",
                        NULL, err);
    if (e == 0 && c->set_level)
        e = note_change(r, by, id, "event.incident_changed", "level", err);
    if (e == 0 && c->set_tlp)
        e = note_change(r, by, id, "event.incident_changed", "tlp", err);
    if (e == 0 && c->set_commander)
        e = note_change(r, by, id, "event.incident_changed", "commander", err);
    if (e == 0 && c->set_title)
        e = note_change(r, by, id, "event.incident_changed", "title", err);
    if (e == 0 && c->set_need_to_know)
        e = note_change(r, by, id, "event.incident_changed", "need_to_know", err);
    if (e == 0 && c->set_day_one)
        e = note_change(r, by, id, "event.incident_changed", "day_one", err);
    return e;
}

/* After the change: a case that is for those who are named has somebody who can name them. */
static int check_known(struct room *r, int64_t id, struct diag *err) {
    struct room_row row;
    int e = room_row_load(r, OBJECT_INCIDENT, id, &row, err);
    return e == 0 && row.need_to_know && !row.commander ? diag_set(err, -EINVAL, "need_to_know") : e;
}

static int check_commander(struct room *r, int64_t id, struct diag *err) {
    struct room_person p;
    if (id == 0)
        return 0;
    int e = room_person_load(r, id, &p, err);
    if (e == -ENOENT || (e == 0 && !p.active))
        e = diag_set(err, -EINVAL, "commander");
    return e;
}

int room_incident_change(struct room *r, const struct room_actor *by, int64_t id, int64_t version,
                         const struct room_incident_change *c, struct diag *reterr) {
    struct room_write w = {
        .by = by, .verb = VERB_CHANGE, .object = OBJECT_INCIDENT, .id = id, .version = version};
    int64_t now = room_now(r);
    char name[ROOM_BY_CAP];
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    if (c->set_state && !c->open)
        e = room_safety_check(r, id, reterr);
    if (e == 0 && c->set_state && !c->open)
        e = room_prevent_check(r, id, reterr);
    if (e == 0 && c->set_commander)
        e = check_commander(r, c->commander, reterr);
    if (e == 0)
        e = room_write(
            r, &w, NULL, reterr,
            "UPDATE incident SET state = coalesce(?2, state), "
            "closed_at = CASE ?2 WHEN 'closed' THEN ?3 WHEN 'open' THEN NULL ELSE closed_at END, "
            "merged_into = CASE ?2 WHEN 'open' THEN NULL ELSE merged_into END, "
            "level = coalesce(?4, level), level_set = CASE WHEN ?4 IS NULL THEN level_set ELSE 1 "
            "END, "
            "tlp = coalesce(?5, tlp), commander = CASE WHEN ?6 THEN nullif(?7, 0) ELSE commander "
            "END, "
            "title_plain = CASE WHEN ?8 THEN ?9 ELSE title_plain END, "
            "need_to_know = CASE WHEN ?10 THEN ?11 ELSE need_to_know END, day_one = coalesce(?12, day_one) WHERE id = ?1",
            "izizziiisiiz", id, c->set_state ? (c->open ? "open" : "closed") : NULL, now,
            c->set_level ? rule_level_to_string(c->level) : NULL,
            c->set_tlp ? room_tlp_to_string(c->tlp) : NULL, (int64_t) c->set_commander,
            c->commander, (int64_t) c->set_title, &c->title,
            (int64_t) c->set_need_to_know, (int64_t) c->need_to_know,
            c->set_day_one ? (c->day_one_detection ? "detection" : "occurrence") : NULL);
    if (e == 0)
        e = check_known(r, id, reterr);
    if (e == 0)
        e = room_ledger_person(r, by, id, reterr);
    if (e == 0 && c->set_state && !c->open)
        e = room_ledger_decided(r, id, room_actor_format(by, name), reterr);
    if (e == 0)
        e = note_changes(r, by, id, c, reterr);
    room_changed(r, "incident", id);
    room_changed(r, "now", 0);
    return room_end(r, e, reterr);
}
