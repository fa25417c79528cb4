/* See case_times.h. */
#include "event/case_times.h"

#include "base/buf.h"

/* A person's confirmed word comes before what stages say, and these before the decision to reopen. A fact's time is ISO, perhaps with "/PRECISION". */
#define RECOVERED(what)                                                                                                                                   \
    "coalesce((SELECT " what("CAST(strftime('%s', substr(value, 1, 24)) AS INTEGER) * 1000000000", "updated_by") " FROM fact WHERE incident_id = i.id AND " \
    "name = 'recovered_at' AND state = 'confirmed' AND value <> ''), "                                                                                     \
    "(SELECT " what("max(updated_at)", "max(updated_by)") " FROM case_row WHERE incident_id = i.id AND kind = 'stage' HAVING count(*) > 0 AND sum(state <> 'back') = 0), " \
    "(SELECT " what("max(decided_at)", "max(decided_by)") " FROM decision WHERE incident_id = i.id AND kind = 'reopen' AND state = 'decided' AND verdict = 'do'))"
#define TIME_OF(time, by) time
#define BY_OF(time, by) by
/* Whoever looked, answered a call or acknowledged a message was reached. */
#define REACHED                                                                                                                        \
    "(SELECT i.person_at AS at, i.person_by AS by WHERE i.person_at IS NOT NULL UNION ALL "                                            \
    "SELECT c.answered_at, c.person FROM callout o JOIN call c ON c.callout_id = o.id WHERE o.incident_id = i.id AND c.answered_at IS NOT NULL UNION ALL " \
    "SELECT acknowledged_at, who FROM message WHERE incident_id = i.id AND acknowledged_at IS NOT NULL ORDER BY 1 LIMIT 1)"
#define REPORTED                                                                                                                        \
    "(SELECT at, created_by AS by FROM submission WHERE incident_id = i.id UNION ALL "                                                  \
    "SELECT sent_at, updated_by FROM info_report WHERE incident_id = i.id AND sent_at IS NOT NULL ORDER BY 1 LIMIT 1)"

const struct case_time_row CASE_TIMES[CASE_TIME_MAX_] = {
    [CASE_HAPPENED] = {"T0", "first_trace", "最初の痕跡", "first trace", "i.first_trace_at", "''", NULL},
    [CASE_NOTICED] = {"T1", "rule", "気付き", "noticed",
                      "coalesce(i.rule_at, (SELECT min(created_at) FROM person_report WHERE incident_id = i.id), (SELECT min(received_at) FROM tip WHERE incident_id = i.id))",
                      "CASE WHEN i.rule_id <> '' THEN 'rule' ELSE '' END", NULL},
    [CASE_REACHED] = {"T2", "person", "担当者に届く", "a person reached", "(SELECT at FROM " REACHED ")", "(SELECT by FROM " REACHED ")", NULL},
    [CASE_DECIDED] = {"T3", "decision", "判断", "decided", "i.decision_at", "i.decision_by", NULL},
    [CASE_CONTAINED] = {"T4", "contained", "封じ込め", "contained", "i.contained_at", "'hand'",
                        "(SELECT min(coalesce(in_force_at, decided_at, created_at)) FROM action WHERE incident_id = i.id AND state = 'dry_run')"},
    [CASE_REPORTED] = {"T5", "authority_report", "所管省庁などへの報告", "reported to the authority", "(SELECT at FROM " REPORTED ")", "(SELECT by FROM " REPORTED ")", NULL},
    [CASE_PUBLISHED] = {"T6", "published", "公表", "published", "(SELECT min(published_at) FROM publication WHERE incident_id = i.id)",
                        "(SELECT published_by FROM publication WHERE incident_id = i.id AND published_at IS NOT NULL ORDER BY published_at LIMIT 1)",
                        "(SELECT min(created_at) FROM publication WHERE incident_id = i.id)"},
    [CASE_RECOVERED] = {"T7", "recovered", "復旧", "recovered", RECOVERED(TIME_OF), RECOVERED(BY_OF), NULL},
};

int case_time_find(struct str id) {
    for (int i = 0; i < CASE_TIME_MAX_; i++)
        if (str_eq_z(id, CASE_TIMES[i].id))
            return i;
    return -ENOENT;
}

enum { COLUMNS = 3 }; /* entry, by, tried */

int case_times_read(struct sql *db, int64_t incident, bool tried_too, struct arena *a, struct case_times *ret, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct buf q;
    buf_init(&q, 32768);
    for (int i = 0; i < CASE_TIME_MAX_; i++)
        buf_printf(&q, "%s %s, %s, %s", i ? "," : "SELECT", CASE_TIMES[i].entry, CASE_TIMES[i].by, CASE_TIMES[i].tried ? CASE_TIMES[i].tried : "NULL");
    buf_add_z(&q, " FROM incident i WHERE i.id = ?1");
    const char *text = buf_z(&q);
    int e = buf_error(&q) < 0 ? buf_error(&q) : sql_query(db, &st, reterr, text, "i", incident);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e == 0)
        e = diag_set(reterr, -ENOENT, "no case %lld", (long long) incident);
    for (int i = 0; e > 0 && i < CASE_TIME_MAX_; i++) {
        bool real = !sql_is_null(st, COLUMNS * i);
        ret->tried[i] = !real && tried_too && !sql_is_null(st, COLUMNS * i + 2);
        ret->at_ns[i] = real ? sql_i64(st, COLUMNS * i) : ret->tried[i] ? sql_i64(st, COLUMNS * i + 2) : TIME_NONE;
        ret->by[i] = arena_dup(a, sql_str(st, COLUMNS * i + 1));
        if (!ret->by[i].p)
            e = -ENOMEM;
    }
    buf_done(&q);
    return MIN(e, 0);
}

void case_times_say(const struct case_times *t, struct buf *out) {
    for (int i = CASE_NOTICED; i < CASE_TIME_MAX_; i++) {
        buf_printf(out, "%s %s / %s: ", CASE_TIMES[i].id, CASE_TIMES[i].ja, CASE_TIMES[i].en);
        if (t->at_ns[i] == TIME_NONE || t->at_ns[CASE_HAPPENED] == TIME_NONE)
            buf_add_z(out, "-\n");
        else
            buf_printf(out, "%.1f min%s\n", (double) (t->at_ns[i] - t->at_ns[CASE_HAPPENED]) / (double) NS_PER_MIN, t->tried[i] ? " (予行 / tried out)" : "");
    }
}

int case_drill_pack(struct sql *db, int64_t incident, struct arena *a, struct str *ret, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    *ret = STR_NULL;
    int e = sql_query(db, &st, reterr,
                      "SELECT json_extract(u.detail, '$.name') FROM audit u, incident i WHERE i.id = ?1 AND i.drill AND u.object = 'rule' AND u.at <= i.opened_at AND "
                      "u.detail LIKE '{\"op\":\"drill\"%' ORDER BY u.seq DESC LIMIT 1", "i", incident);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e == 1 && !(*ret = arena_dup(a, sql_str(st, 0))).p)
        e = -ENOMEM;
    return MIN(e, 0);
}
