#include "room/joint.h"

#include "base/mem.h"
#include "room/person.h"
#include "room/room_priv.h"

/* ---- writing ---- */

static const char *const states[] = {"normal", "limited", "stopped", "recovering", "recovered"};

static bool is_state(struct str s) {
    for (size_t i = 0; i < ARRAY_SIZE(states); i++)
        if (str_eq_z(s, states[i]))
            return true;
    return false;
}

int room_party_change(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_party_change *c,
                      struct diag *reterr) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_PARTY, .id = id, .version = version};
    struct room_row row;
    if (c->set_state && c->state.n && !is_state(c->state))
        return diag_set(reterr, -EINVAL, "state");
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = room_row_load(r, OBJECT_PARTY, id, &row, reterr);
    if (e == 0)
        e = room_write(r, &w, NULL, reterr,
                       "UPDATE incident_party SET state = CASE WHEN ?2 THEN ?3 ELSE state END, words = CASE WHEN ?4 THEN ?5 ELSE words END, "
                       "recovery_at = CASE WHEN ?6 THEN ?7 ELSE recovery_at END, until_at = CASE WHEN ?8 THEN ?9 ELSE until_at END WHERE id = ?1",
                       "iisisiIiI", id, (int64_t) c->set_state, c->state.n ? &c->state : NULL, (int64_t) c->set_words, c->words.n ? &c->words : NULL,
                       (int64_t) c->set_recovery, c->recovery_ns == TIME_NONE ? NULL : &c->recovery_ns, (int64_t) c->set_until,
                       c->until_ns == TIME_NONE ? NULL : &c->until_ns);
    room_changed(r, "incident", e == 0 ? row.incident : 0);
    return room_end(r, e, reterr);
}

static int put_joint(struct room *r, const struct room_actor *by, int64_t incident, int64_t version, struct str words, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_JOINT, .tlp = TLP_AMBER, .incident = incident};
    int e = sql_query(r->db, &st, err, "SELECT id FROM joint WHERE incident_id = ?1", "i", incident);
    if (e == 0)
        e = sql_step(st, err);
    if (e < 0)
        return e;
    if (e == 0)
        return room_write(r, &w, NULL, err, "INSERT INTO joint(incident_id, words) VALUES (?1, ?2)", "is", incident, &words);
    w.verb = VERB_CHANGE;
    w.id = sql_i64(st, 0);
    w.version = version;
    return room_write(r, &w, NULL, err, "UPDATE joint SET words = ?2 WHERE id = ?1", "is", w.id, &words);
}

int room_joint_put(struct room *r, const struct room_actor *by, int64_t incident, int64_t version, struct str words, struct diag *reterr) {
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = put_joint(r, by, incident, version, words, reterr);
    room_changed(r, "incident", incident);
    return room_end(r, e, reterr);
}

/* ---- telling ---- */

static void time_or_null(struct jsonw *w, const char *key, struct sql_stmt *st, int column) {
    jsonw_ktime(w, key, sql_is_null(st, column) ? TIME_NONE : sql_i64(st, column));
}

static void text_or_null(struct jsonw *w, const char *key, struct sql_stmt *st, int column) {
    jsonw_key(w, str_of(key));
    sql_is_null(st, column) ? jsonw_null(w) : jsonw_str(w, sql_str(st, column));
}

static int write_grants(struct room *r, int64_t incident, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT g.id, g.person_id, p.name, g.role, g.lane, g.until_at, l.name FROM role_grant g JOIN person p ON p.id = g.person_id "
                      "LEFT JOIN lane l ON 'own:' || l.id = g.lane WHERE g.incident_id = ?1 ORDER BY g.id", "i", incident);
    jsonw_key(w, STR("grants"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        jsonw_object(w);
        jsonw_ki64(w, "id", sql_i64(st, 0));
        jsonw_ki64(w, "person", sql_i64(st, 1));
        jsonw_kstr(w, "name", sql_str(st, 2));
        jsonw_kstr(w, "role", sql_str(st, 3));
        text_or_null(w, "lane", st, 4);
        text_or_null(w, "lane_name", st, 6);
        time_or_null(w, "until", st, 5);
        jsonw_end(w);
        e = 0;
    }
    jsonw_end(w);
    return e;
}

static int write_parties(struct room *r, int64_t incident, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT x.id, x.organisation_id, coalesce(o.name, ''), x.version, x.until_at, x.state, x.words, x.recovery_at, x.updated_at, "
                      "x.updated_by FROM incident_party x LEFT JOIN register o ON o.id = x.organisation_id WHERE x.incident_id = ?1 ORDER BY x.id", "i", incident);
    jsonw_key(w, STR("parties"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        jsonw_object(w);
        jsonw_ki64(w, "id", sql_i64(st, 0));
        jsonw_ki64(w, "organisation", sql_i64(st, 1));
        jsonw_kstr(w, "name", sql_str(st, 2));
        jsonw_ki64(w, "version", sql_i64(st, 3));
        time_or_null(w, "until", st, 4);
        text_or_null(w, "state", st, 5);
        text_or_null(w, "words", st, 6);
        time_or_null(w, "recovery", st, 7);
        jsonw_ktime(w, "updated", sql_i64(st, 8));
        room_by_text(r, w, "by", sql_str(st, 9));
        jsonw_end(w);
        e = 0;
    }
    jsonw_end(w);
    return e;
}

static int write_joint(struct room *r, int64_t incident, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT words, version, updated_at, updated_by FROM joint WHERE incident_id = ?1", "i", incident);
    if (e == 0)
        e = sql_step(st, err);
    jsonw_key(w, STR("joint"));
    if (e == 1) {
        jsonw_object(w);
        jsonw_kstr(w, "words", sql_str(st, 0));
        jsonw_ki64(w, "version", sql_i64(st, 1));
        jsonw_ktime(w, "updated", sql_i64(st, 2));
        room_by_text(r, w, "by", sql_str(st, 3));
        jsonw_end(w);
    } else {
        jsonw_null(w);
    }
    return MIN(e, 0);
}

/* Why this person reads the case: by name before by organisation before by a role that holds everywhere. */
static const char *why_of(const struct room_actor *a, const struct room_row *row, const char **ret_lane) {
    struct room_row lane = *row;
    *ret_lane = NULL;
    if (row->commander == a->person)
        return "commander";
    for (size_t i = 0; i < a->n_grants; i++)
        if (a->grants[i].incident == row->incident) {
            *ret_lane = a->grants[i].lane[0] ? a->grants[i].lane : NULL;
            return "named";
        }
    if (room_may(a, VERB_READ, row)) {
        struct room_actor alone = {.role = a->role, .also = a->also, .person = a->person};
        return room_may(&alone, VERB_READ, row) ? "role" : "organisation";
    }
    lane.object = OBJECT_TIMELINE;
    return room_may(a, VERB_READ, &lane) ? "organisation" : NULL;
}

/* Two questions for all persons. */
static int write_seen_by(struct room *r, const struct room_row *row, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    CLEANUP(sql_endp) struct sql_stmt *gr = NULL;
    struct room_actor *a = mem_zalloc(sizeof *a);
    int e = a ? sql_query(r->db, &st, err, "SELECT id, name, coalesce(roles, role) FROM person WHERE active ORDER BY id LIMIT 2000", "") : -ENOMEM;
    if (e == 0)
        e = sql_query(r->db, &gr, err, "SELECT person_id, role, coalesce(organisation_id, 0), coalesce(incident_id, 0), coalesce(lane, '') FROM role_grant WHERE "
                      "coalesce(until_at, ?1) >= ?1 AND (incident_id IS NULL OR incident_id = ?2) ORDER BY person_id, id", "ii", room_now(r), row->incident);
    int more = e == 0 ? sql_step(gr, err) : e;
    jsonw_key(w, STR("seen_by"));
    jsonw_array(w);
    while (e == 0 && more >= 0 && (e = sql_step(st, err)) == 1) {
        const char *lane;
        unsigned roles = room_roles_from_string(sql_str(st, 2));
        *a = (struct room_actor){.person = sql_i64(st, 0), .role = room_roles_first(roles), .also = roles};
        for (; more == 1 && sql_i64(gr, 0) <= a->person; more = sql_step(gr, err)) {
            int role = room_role_from_string(sql_str(gr, 1));
            if (sql_i64(gr, 0) < a->person || role < 0 || a->n_grants == ROOM_GRANTS_MAX)
                continue;
            struct room_grant *g = &a->grants[a->n_grants++];
            *g = (struct room_grant){.role = (enum room_role) role, .organisation = sql_i64(gr, 2), .incident = sql_i64(gr, 3)};
            snprintf(g->lane, sizeof g->lane, "%.*s", STR_ARG(sql_str(gr, 4)));
        }
        const char *why = why_of(a, row, &lane);
        e = 0;
        if (!why)
            continue;
        jsonw_object(w);
        jsonw_ki64(w, "person", a->person);
        jsonw_kstr(w, "name", sql_str(st, 1));
        jsonw_kz(w, "why", why);
        jsonw_kz(w, "lane", lane);
        jsonw_end(w);
    }
    jsonw_end(w);
    mem_free(a);
    return e < 0 ? e : MIN(more, 0);
}

int room_sharing_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) {
    struct room_row row;
    int e = room_row_load(r, OBJECT_INCIDENT, incident, &row, reterr);
    if (e < 0)
        return e;
    jsonw_object(w);
    jsonw_kbool(w, "need_to_know", row.need_to_know);
    jsonw_key(w, STR("commander"));
    row.commander ? jsonw_i64(w, row.commander) : jsonw_null(w);
    e = write_grants(r, incident, w, reterr);
    if (e == 0)
        e = write_parties(r, incident, w, reterr);
    if (e == 0)
        e = write_joint(r, incident, w, reterr);
    if (e == 0)
        e = write_seen_by(r, &row, w, reterr);
    jsonw_end(w);
    return e;
}

/* ---- what was read ---- */

int room_seen_upto(struct room *r, int64_t person, int64_t incident, int64_t *ret, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT entry FROM seen WHERE person_id = ?1 AND incident_id = ?2", "ii", person, incident);
    if (e == 0)
        e = sql_step(st, reterr);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return MIN(e, 0);
}

static int put_seen(struct room *r, const struct room_actor *by, int64_t incident, int64_t entry, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_SEEN, .tlp = TLP_AMBER, .incident = incident, .owner = by->person, .version = ROOM_ANY_VERSION};
    int e = sql_query(r->db, &st, err, "SELECT id, entry FROM seen WHERE person_id = ?1 AND incident_id = ?2", "ii", by->person, incident);
    if (e == 0)
        e = sql_step(st, err);
    if (e < 0 || (e == 1 && sql_i64(st, 1) >= entry))
        return MIN(e, 0);
    if (e == 0)
        return room_write(r, &w, NULL, err, "INSERT INTO seen(incident_id, person_id, entry) VALUES (?1, ?2, ?3)", "iii", incident, by->person, entry);
    w.verb = VERB_CHANGE;
    w.id = sql_i64(st, 0);
    return room_write(r, &w, NULL, err, "UPDATE seen SET entry = ?2 WHERE id = ?1", "ii", w.id, entry);
}

int room_seen(struct room *r, const struct room_actor *by, int64_t incident, int64_t entry, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT 1 FROM timeline WHERE id = ?1 AND incident_id = ?2", "ii", entry, incident);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e <= 0)
        return e < 0 ? e : diag_set(reterr, -EINVAL, "entry");
    sql_end(TAKE_PTR(st));
    e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, put_seen(r, by, incident, entry, reterr), reterr);
}

int room_unread_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    char by[ROOM_BY_CAP];
    int64_t upto = 0;
    int e = room_seen_upto(r, who->person, incident, &upto, reterr);
    if (e == 0)
        e = sql_query(r->db, &st, reterr, "SELECT count(*), max(id) FROM timeline WHERE incident_id = ?1 AND id > ?2 AND by <> ?3", "iiz", incident, upto, room_actor_format(who, by));
    if (e == 0)
        e = sql_step(st, reterr);
    jsonw_key(w, STR("unread"));
    jsonw_object(w);
    jsonw_ki64(w, "n", e == 1 ? sql_i64(st, 0) : 0);
    jsonw_ki64(w, "upto", upto);
    jsonw_kbool(w, "first", upto == 0);
    jsonw_end(w);
    return MIN(e, 0);
}
