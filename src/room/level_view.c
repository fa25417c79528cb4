/* Levels as pages are shown them. */
#include "room/level_priv.h"

#include "room/slip.h"

static void write_titles(struct room *r, struct jsonw *w, struct str name) {
    size_t rank;
    const struct alert_level *l = room_alert_level(r, name, &rank);
    jsonw_kstr(w, "level", name);
    jsonw_ki64(w, "rank", (int64_t) rank);
    jsonw_kstr(w, "title_ja", l ? l->title.ja : name);
    jsonw_kstr(w, "title_en", l ? l->title.en : name);
}

int room_level_now_write(struct room *r, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT level, until_at, (SELECT count(*) FROM alert_level WHERE state IN ('proposed','asked')) FROM alert_level WHERE state = 'in_force' ORDER BY rank DESC, until_at "
                      "DESC LIMIT 1",
                      "");
    if (e == 0)
        e = sql_step(st, reterr);
    jsonw_key(w, STR("level"));
    if (e == 1) {
        jsonw_object(w);
        write_titles(r, w, sql_str(st, 0));
        jsonw_ktime(w, "until", sql_i64(st, 1));
        jsonw_end(w);
    } else {
        jsonw_null(w);
    }
    return MIN(e, 0);
}

#define COLUMNS                                                                                                                                                        \
    "l.id, l.version, l.level, l.services, l.origin, l.state, l.reason, l.why, l.proposed_at, l.until_at, l.decided_at, l.ended_at, l.created_by, l.decided_by, l.ended_by, " \
    "l.incident_id, i.number, l.tip_id, t.number, l.decision_id, l.campaign_id, l.tightening_id, (SELECT count(*) FROM campaign_target WHERE campaign_id = l.campaign_id), "    \
    "(SELECT count(*) FROM campaign_target WHERE campaign_id = l.campaign_id AND state = 'done'), k.run_id, k.id, k.words_ja, k.words_en FROM alert_level l LEFT JOIN incident i " \
    "ON i.id = l.incident_id LEFT JOIN tip t ON t.id = l.tip_id LEFT JOIN task k ON k.id = l.task_id "

static void write_id(struct jsonw *w, const char *key, struct sql_stmt *st, int column) {
    jsonw_key(w, str_of(key));
    sql_is_null(st, column) ? jsonw_null(w) : jsonw_i64(w, sql_i64(st, column));
}

/* What it would hand out if it were decided now. Of a level that is not there any more: nothing. */
static void write_told(const struct alert_level *level, const struct level_handing *h, struct jsonw *w) {
    jsonw_key(w, STR("told"));
    jsonw_array(w);
    for (size_t i = 0; i < h->n; i++) {
        bool deed = i < level->n_deeds;
        const struct room_said *what = deed ? &level->deeds[i].what : &level->means;
        jsonw_object(w);
        jsonw_kstr(w, "service", deed ? STR("") : h->at[i].name);
        jsonw_kstr(w, "ja", what->ja);
        jsonw_kstr(w, "en", what->en);
        jsonw_kstr(w, "who", deed ? level->deeds[i].who : STR(""));
        jsonw_kstr(w, "person", h->at[i].person);
        jsonw_ki64(w, "within_s", deed ? level->deeds[i].within_ns / NS_PER_S : 0);
        jsonw_end(w);
    }
    jsonw_end(w);
}

/* Its playbook, as far as it is there. */
static int write_playbook(struct room *r, const struct alert_level *level, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT title_ja, title_en FROM playbook WHERE key = ?1 AND active ORDER BY number DESC LIMIT 1", "s", &level->playbook);
    if (e == 0)
        e = sql_step(st, err);
    jsonw_key(w, STR("playbook"));
    if (e == 1) {
        jsonw_object(w);
        jsonw_kstr(w, "ja", sql_str(st, 0));
        jsonw_kstr(w, "en", sql_str(st, 1));
        jsonw_end(w);
    } else {
        jsonw_null(w);
    }
    return MIN(e, 0);
}

/* The level that gives way to it in its case. */
static int write_replaced(struct room *r, int64_t incident, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT level FROM alert_level WHERE incident_id = ?1 AND state = 'in_force' LIMIT 1", "i", incident);
    if (e == 0)
        e = sql_step(st, err);
    jsonw_key(w, STR("replaces"));
    if (e == 1) {
        jsonw_object(w);
        write_titles(r, w, sql_str(st, 0));
        jsonw_end(w);
    } else {
        jsonw_null(w);
    }
    return MIN(e, 0);
}

static int write_would(struct room *r, int64_t id, struct jsonw *w, struct diag *err) {
    struct level_handing h = {.n = 0};
    struct level_row l;
    size_t rank;
    arena_init(&h.a, (size_t) 8 << 20);
    int e = level_load(r, id, &h.a, &l, err);
    const struct alert_level *level = e == 0 ? room_alert_level(r, l.level, &rank) : NULL;
    jsonw_key(w, STR("would"));
    if (e == 0 && level)
        e = level_handing_fill(r, level, &l, &h, err);
    if (e < 0 || !level) {
        jsonw_null(w);
    } else {
        jsonw_object(w);
        jsonw_ktime(w, "until", level_until(r, level, &l));
        jsonw_ki64(w, "factor", level->factor);
        write_told(level, &h, w);
        e = write_playbook(r, level, w, err);
        if (e == 0)
            e = write_replaced(r, l.incident, w, err);
        jsonw_end(w);
    }
    arena_done(&h.a);
    return e;
}

static void write_step(struct jsonw *w, struct sql_stmt *st) {
    jsonw_key(w, STR("step"));
    if (sql_is_null(st, 25)) {
        jsonw_null(w);
        return;
    }
    jsonw_object(w);
    jsonw_ki64(w, "run", sql_i64(st, 24));
    jsonw_ki64(w, "task", sql_i64(st, 25));
    jsonw_kstr(w, "ja", sql_str(st, 26));
    jsonw_kstr(w, "en", sql_str(st, 27));
    jsonw_end(w);
}

static int write_row(struct room *r, struct jsonw *w, struct sql_stmt *st, struct diag *err) {
    static const struct {
        const char *key;
        int column;
    } texts[] = {{"state", 5}, {"reason", 6}, {"why", 7}}, times[] = {{"proposed", 8}, {"until", 9}, {"decided", 10}, {"ended", 11}},
      ids[] = {{"tip", 17}, {"decision", 19}, {"campaign", 20}, {"tightening", 21}}, who[] = {{"by", 12}, {"decided_by", 13}, {"ended_by", 14}};
    jsonw_object(w);
    jsonw_ki64(w, "id", sql_i64(st, 0));
    jsonw_ki64(w, "version", sql_i64(st, 1));
    write_titles(r, w, sql_str(st, 2));
    jsonw_key(w, STR("services"));
    jsonw_raw(w, sql_str(st, 3));
    jsonw_kstr(w, "origin", sql_is_null(st, 25) ? sql_str(st, 4) : STR("playbook"));
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        jsonw_kstr(w, texts[i].key, sql_str(st, texts[i].column));
    for (size_t i = 0; i < ARRAY_SIZE(times); i++)
        room_time_or_null(w, times[i].key, st, times[i].column);
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
        write_id(w, ids[i].key, st, ids[i].column);
    for (size_t i = 0; i < ARRAY_SIZE(who); i++)
        room_by_text(r, w, who[i].key, sql_str(st, who[i].column));
    slip_case_write(w, st, 15);
    jsonw_kstr(w, "tip_number", sql_str(st, 18));
    jsonw_ki64(w, "targets_n", sql_i64(st, 22));
    jsonw_ki64(w, "targets_done", sql_i64(st, 23));
    write_step(w, st);
    bool waits = str_eq_z(sql_str(st, 5), "proposed") || str_eq_z(sql_str(st, 5), "asked");
    int e = waits ? write_would(r, sql_i64(st, 0), w, err) : 0;
    if (!waits) {
        jsonw_key(w, STR("would"));
        jsonw_null(w);
    }
    jsonw_end(w);
    return e;
}

int room_levels_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    jsonw_object(w);
    room_alert_levels_write(r, w);
    int e = room_level_now_write(r, w, reterr);
    if (e == 0)
        e = sql_query(r->db, &st, reterr,
                      "SELECT " COLUMNS "WHERE ?1 = 0 OR l.incident_id = ?1 ORDER BY CASE l.state WHEN 'proposed' THEN 0 WHEN 'asked' THEN 0 WHEN 'in_force' THEN 1 ELSE 2 END, l.rank DESC, "
                      "l.id DESC LIMIT ?2",
                      "ii", incident, (int64_t) LEVELS_LISTED_MAX);
    jsonw_key(w, STR("rows"));
    jsonw_array(w);
    while (e >= 0 && (e = sql_step(st, reterr)) == 1) {
        e = room_may_read(r, who, OBJECT_LEVEL, sql_i64(st, 0), reterr);
        if (e == 1)
            e = write_row(r, w, st, reterr);
    }
    jsonw_end(w);
    jsonw_end(w);
    return MIN(e, 0);
}
