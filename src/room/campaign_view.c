/* What pages are told of campaigns. */
#include "room/campaign_priv.h"

enum { SHOWN_MAX = 200, POINTS_MAX = 60 };

static void write_time(struct jsonw *w, const char *key, struct sql_stmt *st, int column) {
    jsonw_ktime(w, key, sql_is_null(st, column) ? TIME_NONE : sql_i64(st, column));
}

/* The share done over time: at most POINTS_MAX steps, each with how many were done then. */
static int write_points(struct room *r, int64_t id, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int64_t n = 0, at = 0;
    int e = sql_query(r->db, &st, err,
                      "SELECT at, sum(more) OVER (ORDER BY at, target_id, n ROWS UNBOUNDED PRECEDING), count(*) OVER () FROM (SELECT x.target_id, x.n, x.at, x.done_n - "
                      "coalesce((SELECT y.done_n FROM campaign_answer y WHERE y.target_id = x.target_id AND y.n = x.n - 1), 0) AS more FROM campaign_answer x JOIN "
                      "campaign_target t ON t.id = x.target_id WHERE t.campaign_id = ?1) ORDER BY at, target_id, n",
                      "i", id);
    jsonw_key(w, STR("share"));
    jsonw_array(w);
    while (e >= 0 && (e = sql_step(st, err)) == 1) {
        int64_t all = sql_i64(st, 2), every = MAX((all + POINTS_MAX - 1) / POINTS_MAX, (int64_t) 1);
        at = sql_i64(st, 0);
        if (++n % every && n != all)
            continue;
        jsonw_object(w);
        jsonw_ktime(w, "at", at);
        jsonw_ki64(w, "done", sql_i64(st, 1));
        jsonw_end(w);
    }
    jsonw_end(w);
    return MIN(e, 0);
}

static int write_head(struct room *r, struct sql_stmt *st, struct jsonw *w, struct diag *err) {
    struct campaign_count n = {0};
    int e = campaign_count(r, sql_i64(st, 0), &n, err);
    jsonw_ki64(w, "id", sql_i64(st, 0));
    jsonw_ki64(w, "version", sql_i64(st, 1));
    jsonw_key(w, STR("incident"));
    sql_is_null(st, 2) ? jsonw_null(w) : jsonw_i64(w, sql_i64(st, 2));
    jsonw_kstr(w, "kind", sql_str(st, 3));
    jsonw_kstr(w, "title", sql_str(st, 4));
    jsonw_kstr(w, "text", sql_str(st, 5));
    jsonw_kstr(w, "origin", sql_str(st, 6));
    jsonw_kstr(w, "state", sql_str(st, 7));
    jsonw_ki64(w, "round", sql_i64(st, 8));
    jsonw_ktime(w, "started", sql_i64(st, 9));
    jsonw_ktime(w, "due", sql_i64(st, 10));
    write_time(w, "next", st, 11);
    write_time(w, "ended", st, 12);
    jsonw_kbool(w, "overdue", str_eq_z(sql_str(st, 7), "running") && sql_i64(st, 10) <= room_now(r));
    room_by_text(r, w, "by", sql_str(st, 13));
    jsonw_ki64(w, "targets_n", n.targets);
    jsonw_ki64(w, "targets_done", n.done);
    jsonw_ki64(w, "n", n.n);
    jsonw_ki64(w, "done", n.done_n);
    return e < 0 ? e : write_points(r, sql_i64(st, 0), w, err);
}

#define COLUMNS "id, version, incident_id, kind, title, body, origin, state, round, started_at, due_at, next_at, ended_at, created_by"

int room_campaigns_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int n = 0;
    int e = sql_query(r->db, &st, reterr, "SELECT " COLUMNS " FROM campaign WHERE ?1 = 0 OR incident_id = ?1 ORDER BY state <> 'running', id DESC", "i", incident);
    jsonw_object(w);
    jsonw_key(w, STR("campaigns"));
    jsonw_array(w);
    while (e >= 0 && n < SHOWN_MAX && (e = sql_step(st, reterr)) == 1) {
        e = room_may_read(r, who, OBJECT_CAMPAIGN, sql_i64(st, 0), reterr);
        if (e != 1)
            continue;
        n++;
        jsonw_object(w);
        e = write_head(r, st, w, reterr);
        jsonw_end(w);
    }
    jsonw_end(w);
    room_campaign_kinds_write(r, w);
    jsonw_end(w);
    return MIN(e, 0);
}

static int write_targets(struct room *r, int64_t id, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT t.id, t.version, t.name, t.person, t.what, t.n, t.done_n, t.state, t.value, t.words, t.answered_at, t.answered_by, t.how, t.due_at, t.deed_id, "
                      "coalesce(x.way, ''), coalesce(x.address, ''), x.at, coalesce(m.state, '') FROM campaign_target t LEFT JOIN campaign_told x ON x.id = (SELECT max(id) FROM "
                      "campaign_told WHERE campaign_id = t.campaign_id AND person = t.person AND up = 0) LEFT JOIN message m ON m.id = x.message_id WHERE t.campaign_id = ?1 "
                      "ORDER BY t.state = 'done', t.id",
                      "i", id);
    jsonw_key(w, STR("targets"));
    jsonw_array(w);
    while (e >= 0 && (e = sql_step(st, err)) == 1) {
        jsonw_object(w);
        jsonw_ki64(w, "id", sql_i64(st, 0));
        jsonw_ki64(w, "version", sql_i64(st, 1));
        jsonw_kstr(w, "name", sql_str(st, 2));
        jsonw_kstr(w, "person", sql_str(st, 3));
        jsonw_kstr(w, "what", sql_str(st, 4));
        jsonw_ki64(w, "n", sql_i64(st, 5));
        jsonw_ki64(w, "done", sql_i64(st, 6));
        jsonw_kstr(w, "state", sql_str(st, 7));
        jsonw_kstr(w, "value", sql_str(st, 8));
        jsonw_kstr(w, "words", sql_str(st, 9));
        write_time(w, "answered", st, 10);
        jsonw_key(w, STR("answered_by"));
        if (sql_is_null(st, 10))
            jsonw_null(w);
        else
            room_by_text(r, w, NULL, sql_str(st, 11));
        jsonw_kstr(w, "how", sql_str(st, 12));
        write_time(w, "due", st, 13);
        jsonw_key(w, STR("deed"));
        sql_is_null(st, 14) ? jsonw_null(w) : jsonw_i64(w, sql_i64(st, 14));
        jsonw_kstr(w, "way", sql_str(st, 15));
        jsonw_kstr(w, "address", sql_str(st, 16));
        write_time(w, "told", st, 17);
        jsonw_kstr(w, "message", sql_str(st, 18));
        jsonw_end(w);
    }
    jsonw_end(w);
    return MIN(e, 0);
}

int room_campaign_write(struct room *r, int64_t id, const struct room_actor *who, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = room_may_read(r, who, OBJECT_CAMPAIGN, id, reterr);
    if (e <= 0)
        return e < 0 ? e : diag_set(reterr, -ENOENT, "no campaign %lld", (long long) id);
    e = sql_query(r->db, &st, reterr, "SELECT " COLUMNS " FROM campaign WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e <= 0)
        return e < 0 ? e : diag_set(reterr, -ENOENT, "no campaign %lld", (long long) id);
    jsonw_object(w);
    e = write_head(r, st, w, reterr);
    if (e == 0)
        e = write_targets(r, id, w, reterr);
    jsonw_end(w);
    return e;
}
