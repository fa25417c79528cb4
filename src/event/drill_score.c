/* See drill_score.h. */
#include "event/drill_score.h"

#define REACH                                                                                                                                \
    "SELECT count(DISTINCT who), count(DISTINCT CASE WHEN yes THEN who END) FROM (SELECT c.person AS who, c.answered_at IS NOT NULL AS yes FROM callout o "  \
    "JOIN call c ON c.callout_id = o.id WHERE o.incident_id = ?1 UNION ALL SELECT who, acknowledged_at IS NOT NULL FROM message WHERE incident_id = ?1 AND who <> '')"
#define RECEIPTS                                                                                                                             \
    "SELECT count(*), count(sent_at), count(acknowledged_at), CAST(avg(acknowledged_at - sent_at) / 1000000000 AS INTEGER) FROM message WHERE incident_id = ?1"
#define MOMENTS                                                                                                                              \
    "SELECT (SELECT min(c.at) FROM callout o JOIN call c ON c.callout_id = o.id WHERE o.incident_id = ?1), (SELECT min(started_at) FROM run WHERE incident_id = ?1), " \
    "(SELECT coalesce(sum(deviations), 0) FROM run WHERE incident_id = ?1)"
#define DEPARTED                                                                                                                             \
    "SELECT words_ja, words_en, CASE WHEN state IN ('skipped','failed') THEN state ELSE 'late' END, coalesce(why, '') FROM task WHERE incident_id = ?1 AND "  \
    "(state IN ('skipped','failed') OR (late AND state = 'done')) ORDER BY ended_at, id LIMIT ?2"
/* A department takes part by steps of the procedure and by what its people write down. */
#define LANES                                                                                                                                \
    "SELECT lane, sum(step), sum(done), sum(failed), sum(entry), CAST(avg(took) / 1000000000 AS INTEGER) FROM (SELECT coalesce(lane, '-') AS lane, 1 AS step, state = 'done' AS done, "    \
    "state IN ('skipped','failed') AS failed, 0 AS entry, CASE WHEN state = 'done' THEN ended_at - created_at END AS took FROM task WHERE incident_id = ?1 UNION ALL " \
    "SELECT lane, 0, 0, 0, 1, NULL FROM timeline WHERE incident_id = ?1 AND source = 'person' AND planned = 0) GROUP BY 1 ORDER BY 1 LIMIT ?2"

static int64_t number(struct sql_stmt *st, int column, int64_t otherwise) {
    return sql_is_null(st, column) ? otherwise : sql_i64(st, column);
}

static int read_row(struct sql *db, const char *sql, int64_t incident, int64_t *const to[], size_t n, int64_t otherwise, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(db, &st, err, sql, "i", incident);
    if (e == 0)
        e = sql_step(st, err);
    for (size_t i = 0; e == 1 && i < n; i++)
        *to[i] = number(st, (int) i, otherwise);
    return MIN(e, 0);
}

static int read_departed(struct sql *db, int64_t incident, struct arena *a, struct drill_score *x, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(db, &st, err, DEPARTED, "ii", incident, (int64_t) DRILL_DEPARTED_MAX);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        struct str *to[] = {&x->departed[x->n_departed].ja, &x->departed[x->n_departed].en, &x->departed[x->n_departed].state, &x->departed[x->n_departed].why};
        e = 0;
        for (size_t i = 0; i < ARRAY_SIZE(to); i++)
            if (!(*to[i] = arena_dup(a, sql_str(st, (int) i))).p)
                e = -ENOMEM;
        x->n_departed++;
    }
    return e;
}

static int read_lanes(struct sql *db, int64_t incident, struct arena *a, struct drill_score *x, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(db, &st, err, LANES, "ii", incident, (int64_t) DRILL_LANES_MAX);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        size_t i = x->n_lanes++;
        x->lanes[i].name = arena_dup(a, sql_str(st, 0));
        x->lanes[i].steps = sql_i64(st, 1);
        x->lanes[i].done = sql_i64(st, 2);
        x->lanes[i].failed = sql_i64(st, 3);
        x->lanes[i].entries = sql_i64(st, 4);
        x->lanes[i].step_s = number(st, 5, -1);
        e = x->lanes[i].name.p ? 0 : -ENOMEM;
    }
    return e;
}

int drill_score_read(struct sql *db, int64_t incident, struct arena *a, struct drill_score *ret, struct diag *reterr) {
    *ret = (struct drill_score){0};
    int64_t *const reach[] = {&ret->called, &ret->reached}, *const receipts[] = {&ret->messages, &ret->sent, &ret->receipts, &ret->receipt_s},
                   *const moments[] = {&ret->first_call_ns, &ret->begun_ns, &ret->departures};
    int e = read_row(db, REACH, incident, reach, ARRAY_SIZE(reach), 0, reterr);
    if (e == 0)
        e = read_row(db, RECEIPTS, incident, receipts, ARRAY_SIZE(receipts), -1, reterr);
    if (e == 0)
        e = read_row(db, MOMENTS, incident, moments, ARRAY_SIZE(moments), TIME_NONE, reterr);
    if (e == 0)
        e = read_departed(db, incident, a, ret, reterr);
    return e == 0 ? read_lanes(db, incident, a, ret, reterr) : e;
}
