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
    "(SELECT count(*) FROM campaign_target WHERE campaign_id = l.campaign_id AND state = 'done') FROM alert_level l LEFT JOIN incident i ON i.id = l.incident_id LEFT JOIN tip t " \
    "ON t.id = l.tip_id "

static void write_id(struct jsonw *w, const char *key, struct sql_stmt *st, int column) {
    jsonw_key(w, str_of(key));
    sql_is_null(st, column) ? jsonw_null(w) : jsonw_i64(w, sql_i64(st, column));
}

static void write_row(struct room *r, struct jsonw *w, struct sql_stmt *st) {
    static const struct {
        const char *key;
        int column;
    } texts[] = {{"origin", 4}, {"state", 5}, {"reason", 6}, {"why", 7}}, times[] = {{"proposed", 8}, {"until", 9}, {"decided", 10}, {"ended", 11}},
      ids[] = {{"tip", 17}, {"decision", 19}, {"campaign", 20}, {"tightening", 21}}, who[] = {{"by", 12}, {"decided_by", 13}, {"ended_by", 14}};
    jsonw_object(w);
    jsonw_ki64(w, "id", sql_i64(st, 0));
    jsonw_ki64(w, "version", sql_i64(st, 1));
    write_titles(r, w, sql_str(st, 2));
    jsonw_key(w, STR("services"));
    jsonw_raw(w, sql_str(st, 3));
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
    jsonw_end(w);
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
            write_row(r, w, st);
    }
    jsonw_end(w);
    jsonw_end(w);
    return MIN(e, 0);
}
