#include "room/timeline.h"

#include "room/incident_priv.h"

int room_timeline_put(struct room *r, const struct room_actor *by, const struct room_entry *x,
                      int64_t *ret_id, struct diag *reterr) {
    struct room_write w = {.by = by,
                           .verb = VERB_CREATE,
                           .object = OBJECT_TIMELINE,
                           .tlp = TLP_AMBER,
                           .incident = x->incident,
                           .lane = x->lane,
                           .owner = by->person};
    char name[ROOM_BY_CAP];
    struct str params = x->params.p ? x->params : STR("{}");
    bool plain = x->plain.p != NULL;
    room_actor_format(by, name);
    return room_write(
        r, &w, ret_id, reterr,
        "INSERT INTO timeline(incident_id, at, until_at, precision_s, lane, kind, planned, "
        "text_key, params, plain, by, source, ref) "
        "VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)",
        "iiIIzzizsszzs", x->incident, x->at_ns, x->until_ns == TIME_NONE ? NULL : &x->until_ns,
        x->precision_s < 0 ? NULL : &x->precision_s, x->lane, x->kind, (int64_t) x->planned,
        plain ? NULL : x->key, plain ? NULL : &params, &x->plain, name,
        by->person ? "person" : "system", &x->ref);
}

static const char *const lanes[] = {"attacker", "system",           "ciso_csirt", "it_ops",
                                    "business", "public_relations", "executive",  "external"};

const char *room_lane_from_string(struct str s) {
    for (size_t i = 0; i < ARRAY_SIZE(lanes); i++)
        if (str_eq_z(s, lanes[i]))
            return lanes[i];
    return NULL;
}

const char *room_lane_at(size_t i) {
    return i < ARRAY_SIZE(lanes) ? lanes[i] : NULL;
}

int room_timeline_add(struct room *r, const struct room_actor *by, int64_t incident,
                      struct str text, int64_t at_ns, int64_t precision_s, const char *lane,
                      int64_t *ret_id, struct diag *reterr) {
    struct room_entry x = {.incident = incident,
                           .at_ns = at_ns,
                           .until_ns = TIME_NONE,
                           .lane = lane,
                           .kind = "action",
                           .plain = text,
                           .precision_s = precision_s};
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = room_timeline_put(r, by, &x, ret_id, reterr);
    if (e == 0)
        e = room_ledger_person(r, by, incident, reterr);
    room_changed(r, "incident", incident);
    return room_end(r, e, reterr);
}

#define TIMELINE_COLUMNS                                                                           \
    "id, at, until_at, precision_s, lane, kind, planned, text_key, params, plain, by, source, "    \
    "ref, tlp, version"

static void write_entry(struct room *r, struct sql_stmt *st, struct jsonw *w) {
    jsonw_object(w);
    jsonw_ki64(w, "id", sql_i64(st, 0));
    jsonw_ktime(w, "at", sql_i64(st, 1));
    jsonw_ktime(w, "until", sql_is_null(st, 2) ? TIME_NONE : sql_i64(st, 2));
    jsonw_key(w, STR("precision_s"));
    sql_is_null(st, 3) ? jsonw_null(w) : jsonw_i64(w, sql_i64(st, 3));
    jsonw_kstr(w, "lane", sql_str(st, 4));
    jsonw_kstr(w, "kind", sql_str(st, 5));
    jsonw_kbool(w, "planned", sql_i64(st, 6) != 0);
    room_text_or_plain(w, "text", st, 7);
    room_by_text(r, w, "by", sql_str(st, 10));
    jsonw_kstr(w, "source", sql_str(st, 11));
    jsonw_key(w, STR("ref"));
    sql_is_null(st, 12) ? jsonw_null(w) : jsonw_str(w, sql_str(st, 12));
    jsonw_kstr(w, "tlp", sql_str(st, 13));
    jsonw_kz(w, "info_class", "response");
    jsonw_ki64(w, "version", sql_i64(st, 14));
    jsonw_end(w);
}

int room_timeline_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) {
    struct room_row row;
    int loaded = room_row_load(r, OBJECT_INCIDENT, incident, &row, reterr);
    if (loaded < 0)
        return loaded;
    enum room_tlp of_case = row.tlp;
    row.object = OBJECT_TIMELINE;
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT " TIMELINE_COLUMNS " FROM timeline WHERE incident_id = ?1 "
                      "ORDER BY at DESC, id DESC LIMIT 2000",
                      "i", incident);
    jsonw_object(w);
    jsonw_key(w, STR("entries"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, reterr)) == 1) {
        int tlp = room_tlp_from_string(sql_str(st, 13));
        snprintf(row.lane, sizeof row.lane, "%.*s", STR_ARG(sql_str(st, 4)));
        row.tlp = MAX(of_case, tlp < 0 ? TLP_RED : (enum room_tlp) tlp);
        if (room_may(who, VERB_READ, &row))
            write_entry(r, st, w);
        e = 0;
    }
    jsonw_end(w);
    jsonw_end(w);
    return e;
}

int room_timeline_write_one(struct room *r, int64_t id, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT " TIMELINE_COLUMNS " FROM timeline WHERE id = ?1",
                      "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e == 1)
        write_entry(r, st, w);
    return e < 0 ? e : e == 1 ? 0 : -ENOENT;
}
