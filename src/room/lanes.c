#include "room/lanes.h"

#include "base/mem.h"
#include "room/incident_priv.h"
#include "room/timeline.h"

#define BARS_MAX 120 /* bars a lane can still show */
#define LANE_ITEMS_MAX 500

static int write_items(struct room *r, int64_t incident, const char *lane, struct jsonw *w,
                       struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e =
        sql_query(r->db, &st, err,
                  "SELECT at, until_at, kind, planned, precision_s, text_key, params, plain, ref "
                  "FROM timeline WHERE incident_id = ?1 AND lane = ?2 ORDER BY at, id LIMIT ?3",
                  "izi", incident, lane, (int64_t) LANE_ITEMS_MAX);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        jsonw_object(w);
        jsonw_ktime(w, "at", sql_i64(st, 0));
        jsonw_ktime(w, "until", sql_is_null(st, 1) ? TIME_NONE : sql_i64(st, 1));
        jsonw_kstr(w, "kind", sql_str(st, 2));
        jsonw_kbool(w, "planned", sql_i64(st, 3) != 0);
        jsonw_key(w, STR("precision_s"));
        sql_is_null(st, 4) ? jsonw_null(w) : jsonw_i64(w, sql_i64(st, 4));
        jsonw_key(w, STR("need"));
        jsonw_null(w);
        room_text_or_plain(w, "text", st, 5);
        jsonw_key(w, STR("ref"));
        sql_is_null(st, 8) ? jsonw_null(w) : jsonw_str(w, sql_str(st, 8));
        jsonw_end(w);
        e = 0;
    }
    return e;
}

/* Decisions somebody is waited for, in the lane of those who take them. */
static int write_waiting(struct room *r, int64_t incident, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e =
        sql_query(r->db, &st, err,
                  "SELECT a.id, coalesce(a.due_at, a.created_at), a.minutes, (SELECT count(*) FROM "
                  "action_address x WHERE x.action_id = a.id AND x.state = 'proposed') FROM action "
                  "a WHERE a.incident_id = ?1 AND a.state = 'proposed' ORDER BY a.id",
                  "i", incident);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        char ref[32], params[80];
        snprintf(ref, sizeof ref, "action:%lld", (long long) sql_i64(st, 0));
        snprintf(params, sizeof params, "{\"n\":%lld,\"minutes\":%lld,\"service\":null}",
                 (long long) sql_i64(st, 3), (long long) sql_i64(st, 2));
        jsonw_object(w);
        jsonw_ktime(w, "at", sql_i64(st, 1));
        jsonw_ktime(w, "until", TIME_NONE);
        jsonw_kz(w, "kind", "decision");
        jsonw_kbool(w, "planned", true);
        jsonw_key(w, STR("precision_s"));
        jsonw_null(w);
        jsonw_kz(w, "need", "must");
        room_text_raw(w, "text", STR("ask.block_source"), str_of(params));
        jsonw_kz(w, "ref", ref);
        jsonw_end(w);
        e = 0;
    }
    return e;
}

struct bars {
    int64_t from_ns, step_ns, values[BARS_MAX], n, total;
};

static int64_t step_for(int64_t span_ns) {
    static const int64_t steps[] = {30, 60, 300, 900, 1800, 3600, 10800, 21600, 86400};
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
        if (span_ns / (steps[i] * NS_PER_S) < BARS_MAX)
            return steps[i] * NS_PER_S;
    return (span_ns / BARS_MAX / (86400 * NS_PER_S) + 1) * 86400 * NS_PER_S;
}

/* When each account of a service was tried for the first time: what findings about this service
 * alone list; only those that accuse a source, where there are any. */
static const char first_tries[] =
    "SELECT min(a.first_at) AS at FROM finding f CROSS JOIN finding_value a ON a.finding_id = f.id "
    "AND a.kind = 'account' WHERE f.incident_id = ?1 AND a.first_at IS NOT NULL "
    "AND f.kind NOT IN ('success_after','access_after') AND (?2 = '' OR (EXISTS (SELECT 1 "
    "FROM finding_value s WHERE s.finding_id = f.id AND s.kind = 'service' AND s.value = ?2) "
    "AND NOT EXISTS (SELECT 1 FROM finding_value s WHERE s.finding_id = f.id AND s.kind = "
    "'service' "
    "AND s.value <> ?2))) AND (f.by_source OR NOT EXISTS (SELECT 1 FROM finding b "
    "WHERE b.incident_id = ?1 AND b.by_source AND b.kind NOT IN ('success_after','access_after'))) "
    "GROUP BY a.value ORDER BY at";

#define TIMES_MAX 1000000

static int read_times(struct room *r, int64_t incident, struct str service, int64_t **ret,
                      size_t *ret_n, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    size_t cap = 0;
    int e = sql_query(r->db, &st, err, first_tries, "is", incident, &service);
    while (e == 0 && *ret_n < TIMES_MAX && (e = sql_step(st, err)) == 1) {
        e = mem_grow((void **) ret, &cap, *ret_n + 1, TIMES_MAX, sizeof **ret);
        if (e < 0)
            return diag_set(err, e, "memory has run out");
        (*ret)[(*ret_n)++] = sql_i64(st, 0);
    }
    return MIN(e, 0);
}

static int fill_bars(struct room *r, int64_t incident, struct str service, struct bars *b,
                     struct diag *err) {
    int64_t *times = NULL;
    size_t n = 0;
    *b = (struct bars){0};
    int e = read_times(r, incident, service, &times, &n, err);
    if (e == 0 && n) {
        b->from_ns = times[0];
        b->total = (int64_t) n;
        b->step_ns = step_for(times[n - 1] - times[0]);
        b->n = (times[n - 1] - times[0]) / b->step_ns + 1;
        for (size_t i = 0; i < n; i++)
            b->values[MIN((times[i] - times[0]) / b->step_ns, BARS_MAX - 1)]++;
        b->n = MIN(b->n, BARS_MAX);
    }
    mem_free(times);
    return e;
}

static int write_bars(struct room *r, int64_t incident, struct str service, bool at_least,
                      struct jsonw *w, struct diag *err) {
    struct bars b;
    int e = fill_bars(r, incident, service, &b, err);
    if (e < 0 || b.total == 0)
        return e;
    jsonw_object(w);
    jsonw_ktime(w, "at", b.from_ns);
    jsonw_ktime(w, "until", b.from_ns + b.n * b.step_ns);
    jsonw_kz(w, "kind", "bars");
    jsonw_kbool(w, "planned", false);
    jsonw_key(w, STR("precision_s"));
    jsonw_null(w);
    jsonw_key(w, STR("need"));
    jsonw_null(w);
    jsonw_key(w, STR("text"));
    jsonw_object(w);
    jsonw_kz(w, "key", "lane.accounts");
    jsonw_key(w, STR("params"));
    jsonw_object(w);
    jsonw_ki64(w, "n", b.total);
    jsonw_kbool(w, "at_least", at_least); /* accounts beyond the lists have no time */
    room_service_params(r, w, service);
    jsonw_end(w);
    jsonw_end(w);
    jsonw_key(w, STR("values"));
    jsonw_array(w);
    for (int64_t i = 0; i < b.n; i++)
        jsonw_i64(w, b.values[i]);
    jsonw_end(w);
    jsonw_ki64(w, "step_s", b.step_ns / NS_PER_S);
    jsonw_key(w, STR("ref"));
    jsonw_null(w);
    jsonw_end(w);
    return 0;
}

static int add_bars(struct room *r, int64_t incident, struct str service, bool at_least,
                    struct buf *out, struct diag *err) {
    struct jsonw w;
    size_t before = out->n;
    if (before)
        buf_add_byte(out, ',');
    jsonw_init(&w, out);
    int e = write_bars(r, incident, service, at_least, &w, err);
    if (out->n == before + (before != 0)) /* nothing to draw */
        out->n = before;
    return e;
}

int room_attacker_write(struct room *r, int64_t incident, bool at_least, struct buf *out,
                        struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int n = 0;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT v.value FROM finding f CROSS JOIN finding_value v ON v.finding_id = f.id "
                      "AND v.kind = 'service' WHERE f.incident_id = ?1 GROUP BY 1 "
                      "ORDER BY min(coalesce(v.first_at, f.first_at)), 1 LIMIT 8",
                      "i", incident);
    while (e == 0 && (e = sql_step(st, reterr)) == 1) {
        e = add_bars(r, incident, sql_str(st, 0), at_least, out, reterr);
        n++;
    }
    return e == 0 && n == 0 ? add_bars(r, incident, STR(""), at_least, out, reterr) : e;
}

int room_lanes_write(struct room *r, int64_t incident, struct str attacker, struct jsonw *w,
                     struct diag *reterr) {
    const char *lane;
    int e = 0;
    jsonw_key(w, STR("lanes"));
    jsonw_array(w);
    for (size_t i = 0; e == 0 && (lane = room_lane_at(i)); i++) {
        jsonw_object(w);
        jsonw_kz(w, "code", lane);
        jsonw_key(w, STR("items"));
        jsonw_array(w);
        if (strcmp(lane, "attacker") == 0 && attacker.n)
            jsonw_raw(w, attacker);
        if (e == 0)
            e = write_items(r, incident, lane, w, reterr);
        if (e == 0 && strcmp(lane, "ciso_csirt") == 0)
            e = write_waiting(r, incident, w, reterr);
        jsonw_end(w);
        jsonw_end(w);
    }
    jsonw_end(w);
    return e;
}
