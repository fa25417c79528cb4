#include "room/timeline.h"

#include "room/incident_priv.h"

#define ENTRIES_MAX 2000 /* a page shows no more */

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
        "text_key, params, plain, by, source, ref, beside, side, day, day_from, actor) "
        "VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,nullif(?14,0),?15,nullif(?16,0),?17,?18)",
        "iiIIzzizsszzsizizs", x->incident, x->at_ns, x->until_ns == TIME_NONE ? NULL : &x->until_ns,
        x->precision_s < 0 ? NULL : &x->precision_s, x->lane, x->kind, (int64_t) x->planned,
        plain ? NULL : x->key, plain ? NULL : &params, &x->plain, name,
        by->person ? "person" : "system", &x->ref, x->beside, x->beside ? (x->after ? "after" : "before") : NULL,
        x->day, x->day ? (x->day_of_detection ? "detection" : "occurrence") : NULL, &x->actor);
}

int room_timeline_entry(struct room *r, const struct room_actor *by, struct room_entry *x, struct buf *params, struct diag *reterr) {
    int e = buf_error(params);
    x->params = buf_str(params);
    if (e == 0)
        e = room_timeline_put(r, by, x, NULL, reterr);
    buf_done(params);
    x->params = STR_NULL;
    room_changed(r, "incident", x->incident);
    return e;
}

int room_timeline_tell(struct room *r, const struct room_actor *by, int64_t incident, const char *lane, const char *kind, const char *key, struct buf *params,
                       struct diag *reterr) {
    struct room_entry x = {.incident = incident, .at_ns = room_now(r), .until_ns = TIME_NONE, .lane = lane, .kind = kind, .key = key, .precision_s = -1};
    return room_timeline_entry(r, by, &x, params, reterr);
}

/* ---- days of a case ---- */

int room_day_one(struct room *r, int64_t incident, struct room_day_one *ret, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT day_one IS 'detection', coalesce(first_trace_at, opened_at), coalesce(rule_at, opened_at) "
                      "FROM incident WHERE id = ?1", "i", incident);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e <= 0)
        return e < 0 ? e : diag_set(reterr, -ENOENT, "no incident %lld", (long long) incident);
    *ret = (struct room_day_one){sql_i64(st, 0) != 0, sql_i64(st, 1), sql_i64(st, 2)};
    return 0;
}

int64_t room_day_start(const struct room_day_one *d, int64_t day) {
    int64_t zone = TIME_JST_OFFSET_MIN * NS_PER_MIN, first = d->detection ? d->detection_ns : d->occurrence_ns;
    int64_t midnight = (first + zone) / NS_PER_DAY * NS_PER_DAY - zone;
    return midnight + (day > 0 ? day - 1 : day) * NS_PER_DAY;
}

/* ---- a person's words ---- */

static int place_by_day(struct room *r, const struct room_note *x, struct room_entry *n, struct diag *err) {
    struct room_day_one d;
    int e = room_day_one(r, x->incident, &d, err);
    if (e < 0)
        return e;
    n->day = x->day;
    n->day_of_detection = d.detection;
    n->at_ns = room_day_start(&d, x->day);
    n->precision_s = 86400;
    return 0;
}

/* It stands next to the other in the order of time: nothing else is known of it. */
static int place_beside(struct room *r, const struct room_actor *by, const struct room_note *x, struct room_entry *n, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct room_row row;
    int e = room_row_load(r, OBJECT_TIMELINE, x->beside, &row, err);
    if (e == -ENOENT || (e == 0 && (row.incident != x->incident || !room_may(by, VERB_READ, &row))))
        return diag_set(err, -EINVAL, "beside");
    if (e == 0)
        e = sql_query(r->db, &st, err, "SELECT at, coalesce(until_at, at) FROM timeline WHERE id = ?1", "i", x->beside);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e;
    n->beside = x->beside;
    n->after = x->after;
    n->at_ns = x->after ? sql_i64(st, 1) + 1 : sql_i64(st, 0) - 1;
    n->precision_s = -1;
    return 0;
}

static int add_note(struct room *r, const struct room_actor *by, const struct room_note *x, int64_t *ret_id, struct diag *err) {
    struct room_entry n = {.incident = x->incident, .at_ns = x->at_ns, .until_ns = TIME_NONE, .lane = x->lane, .kind = x->kind,
                           .plain = x->text, .precision_s = x->precision_s, .actor = x->actor};
    int e = x->day ? place_by_day(r, x, &n, err) : x->beside ? place_beside(r, by, x, &n, err) : 0;
    if (e == 0)
        e = room_timeline_put(r, by, &n, ret_id, err);
    if (e == 0)
        e = room_ledger_person(r, by, x->incident, err);
    room_changed(r, "incident", x->incident);
    return e;
}

int room_note_add(struct room *r, const struct room_actor *by, const struct room_note *x, int64_t *ret_id, struct diag *reterr) {
    int kind = room_entry_kind_from_string(str_of(x->kind));
    if (kind < 0 || kind == ENTRY_FORCE || kind == ENTRY_HANDOVER)
        return diag_set(reterr, -EINVAL, "kind");
    if ((kind == ENTRY_OUTSIDE) != (x->actor.n > 0))
        return diag_set(reterr, -EINVAL, "actor");
    if (x->day < -3650 || x->day > 3650 || (x->day && x->beside))
        return diag_set(reterr, -EINVAL, "day");
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, add_note(r, by, x, ret_id, reterr), reterr);
}

int room_timeline_add(struct room *r, const struct room_actor *by, int64_t incident,
                      struct str text, int64_t at_ns, int64_t precision_s, const char *lane,
                      int64_t *ret_id, struct diag *reterr) {
    struct room_note x = {.incident = incident, .text = text, .at_ns = at_ns, .precision_s = precision_s, .lane = lane, .kind = "action"};
    return room_note_add(r, by, &x, ret_id, reterr);
}

/* ---- telling ---- */

static bool names_another(struct str key) {
    return str_eq_z(key, "event.findings_parted") || str_eq_z(key, "event.findings_taken") || str_eq_z(key, "event.incident_merged") ||
           str_eq_z(key, "event.incident_unmerged") || str_eq_z(key, "event.incident_unmerged_out");
}

int room_entry_text(struct room *r, const struct room_actor *who, struct jsonw *w, const char *member, struct sql_stmt *st, int column,
                    struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *other = NULL;
    struct str key = sql_str(st, column), params = sql_str(st, column + 1);
    if (!names_another(key)) {
        room_text_or_plain(w, member, st, column);
        return 0;
    }
    int e = sql_query(r->db, &other, reterr, "SELECT json_set(?1, '$.number', NULL), (SELECT id FROM incident WHERE number = json_extract(?1, '$.number'))", "s", &params);
    if (e == 0)
        e = sql_step(other, reterr);
    int may = e == 1 && !sql_is_null(other, 1) ? room_may_read(r, who, OBJECT_INCIDENT, sql_i64(other, 1), reterr) : e < 0 ? e : 0;
    if (may >= 0)
        room_text_raw(w, member, key, may ? params : sql_str(other, 0));
    return MIN(may, 0);
}

#define TIMELINE_COLUMNS                                                                           \
    "id, at, until_at, precision_s, lane, kind, planned, text_key, params, plain, by, source, "    \
    "ref, tlp, version, incident_id, beside, side, day, day_from, actor, created_at"

static void integer_or_null(struct jsonw *w, const char *key, struct sql_stmt *st, int column) {
    jsonw_key(w, str_of(key));
    sql_is_null(st, column) ? jsonw_null(w) : jsonw_i64(w, sql_i64(st, column));
}

static void text_or_null(struct jsonw *w, const char *key, struct sql_stmt *st, int column) {
    jsonw_key(w, str_of(key));
    sql_is_null(st, column) ? jsonw_null(w) : jsonw_str(w, sql_str(st, column));
}

static int write_entry(struct room *r, struct sql_stmt *st, const struct room_actor *who, const struct room_lane *lanes, size_t n_lanes, struct jsonw *w,
                       struct diag *err) {
    jsonw_object(w);
    jsonw_ki64(w, "id", sql_i64(st, 0));
    jsonw_ktime(w, "at", sql_i64(st, 1));
    jsonw_ktime(w, "until", sql_is_null(st, 2) ? TIME_NONE : sql_i64(st, 2));
    integer_or_null(w, "precision_s", st, 3);
    jsonw_kstr(w, "lane", sql_str(st, 4));
    jsonw_key(w, STR("lane_name"));
    room_lane_name_write(lanes, n_lanes, sql_str(st, 4), w);
    jsonw_kstr(w, "kind", sql_str(st, 5));
    jsonw_kbool(w, "planned", sql_i64(st, 6) != 0);
    int e = room_entry_text(r, who, w, "text", st, 7, err);
    room_by_text(r, w, "by", sql_str(st, 10));
    jsonw_kstr(w, "source", sql_str(st, 11));
    text_or_null(w, "ref", st, 12);
    integer_or_null(w, "beside", st, 16);
    text_or_null(w, "side", st, 17);
    integer_or_null(w, "day", st, 18);
    text_or_null(w, "day_from", st, 19);
    text_or_null(w, "actor", st, 20);
    jsonw_ktime(w, "written", sql_i64(st, 21));
    jsonw_kstr(w, "tlp", sql_str(st, 13));
    jsonw_kz(w, "info_class", "response");
    jsonw_ki64(w, "version", sql_i64(st, 14));
    jsonw_end(w);
    return e;
}

int room_timeline_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) {
    struct room_lane lanes[ROOM_LANES_MAX];
    struct room_row row;
    size_t n_lanes, n = 0;
    int loaded = room_row_load(r, OBJECT_INCIDENT, incident, &row, reterr);
    if (loaded == 0)
        loaded = room_lanes_list(r, incident, lanes, &n_lanes, reterr);
    if (loaded < 0)
        return loaded;
    enum room_tlp of_case = row.tlp;
    row.object = OBJECT_TIMELINE;
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT " TIMELINE_COLUMNS " FROM timeline WHERE incident_id = ?1 "
                      "ORDER BY at DESC, id DESC",
                      "i", incident);
    jsonw_object(w);
    jsonw_key(w, STR("entries"));
    jsonw_array(w);
    /* whoever sees one lane sees as many of its entries as another sees of all */
    while (e == 0 && n < ENTRIES_MAX && (e = sql_step(st, reterr)) == 1) {
        int tlp = room_tlp_from_string(sql_str(st, 13));
        snprintf(row.lane, sizeof row.lane, "%.*s", STR_ARG(sql_str(st, 4)));
        row.tlp = MAX(of_case, tlp < 0 ? TLP_RED : (enum room_tlp) tlp);
        bool may = room_may(who, VERB_READ, &row);
        e = may ? write_entry(r, st, who, lanes, n_lanes, w, reterr) : 0;
        n += may;
    }
    jsonw_end(w);
    jsonw_end(w);
    return e;
}

int room_timeline_write_one(struct room *r, int64_t id, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct room_lane lanes[ROOM_LANES_MAX];
    size_t n_lanes;
    int e = sql_query(r->db, &st, reterr, "SELECT " TIMELINE_COLUMNS " FROM timeline WHERE id = ?1",
                      "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e <= 0)
        return e < 0 ? e : -ENOENT;
    e = room_lanes_list(r, sql_i64(st, 15), lanes, &n_lanes, reterr);
    if (e == 0)
        e = write_entry(r, st, &room_system, lanes, n_lanes, w, reterr);
    return e;
}
