/* Runs and tasks as pages show them. */
#include "room/run_priv.h"

#define TASK_COLUMNS                                                                                                                          \
    "t.id, t.version, t.incident_id, t.run_id, t.step, t.visit, t.parent_id, t.branch, t.kind, t.lane, t.words_ja, t.words_en, t.state, "      \
    "t.place, t.assignee, t.due_at, t.wake_at, t.began_at, t.ended_at, t.ended_by, t.answer, t.note, t.why, t.evidence, t.ref, t.means, "      \
    "t.late, a.name, t.after_id"
#define TASK_FROM " FROM task t LEFT JOIN person a ON a.id = t.assignee "

static void text_or_null(struct jsonw *w, const char *member, struct sql_stmt *st, int column) {
    jsonw_key(w, str_of(member));
    sql_is_null(st, column) ? jsonw_null(w) : jsonw_str(w, sql_str(st, column));
}

static void number_or_null(struct jsonw *w, const char *member, struct sql_stmt *st, int column) {
    jsonw_key(w, str_of(member));
    sql_is_null(st, column) ? jsonw_null(w) : jsonw_i64(w, sql_i64(st, column));
}

static void time_or_null(struct jsonw *w, const char *member, struct sql_stmt *st, int column) {
    jsonw_ktime(w, member, sql_is_null(st, column) ? TIME_NONE : sql_i64(st, column));
}

static void words(struct jsonw *w, const char *member, struct str ja, struct str en) {
    jsonw_key(w, str_of(member));
    jsonw_object(w);
    jsonw_kstr(w, "ja", ja);
    jsonw_kstr(w, "en", en);
    jsonw_end(w);
}

static void write_task(struct room *r, struct sql_stmt *st, struct jsonw *w) {
    jsonw_object(w);
    jsonw_ki64(w, "id", sql_i64(st, 0));
    jsonw_ki64(w, "version", sql_i64(st, 1));
    jsonw_ki64(w, "incident", sql_i64(st, 2));
    number_or_null(w, "run", st, 3);
    jsonw_kstr(w, "step", sql_str(st, 4));
    jsonw_ki64(w, "visit", sql_i64(st, 5));
    number_or_null(w, "parent", st, 6);
    number_or_null(w, "after", st, 28);
    text_or_null(w, "branch", st, 7);
    jsonw_kstr(w, "kind", sql_str(st, 8));
    text_or_null(w, "lane", st, 9);
    words(w, "words", sql_str(st, 10), sql_str(st, 11));
    jsonw_kstr(w, "state", sql_str(st, 12));
    jsonw_ki64(w, "place", sql_i64(st, 13));
    jsonw_key(w, STR("assignee"));
    if (sql_is_null(st, 14)) {
        jsonw_null(w);
    } else {
        jsonw_object(w);
        jsonw_ki64(w, "id", sql_i64(st, 14));
        jsonw_kstr(w, "name", sql_str(st, 27));
        jsonw_end(w);
    }
    time_or_null(w, "due", st, 15);
    time_or_null(w, "wake", st, 16);
    time_or_null(w, "began_at", st, 17);
    time_or_null(w, "ended_at", st, 18);
    room_by_text(r, w, "ended_by", sql_str(st, 19));
    text_or_null(w, "answer", st, 20);
    text_or_null(w, "note", st, 21);
    text_or_null(w, "why", st, 22);
    text_or_null(w, "evidence", st, 23);
    text_or_null(w, "ref", st, 24);
    text_or_null(w, "means", st, 25);
    jsonw_kbool(w, "late", sql_i64(st, 26) != 0);
    jsonw_end(w);
}

static int write_tasks(struct room *r, struct jsonw *w, const char *sql, int64_t id, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, sql, "i", id);
    jsonw_key(w, STR("tasks"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        write_task(r, st, w);
        e = 0;
    }
    jsonw_end(w);
    return e;
}

#define RUN_COLUMNS                                                                                                                           \
    "run.id, run.version, run.incident_id, run.playbook_id, p.key, p.number, p.title_ja, p.title_en, run.state, run.reason, run.deviations, "  \
    "run.started_at, run.ended_at, p.n_steps, (SELECT count(*) FROM task WHERE run_id = run.id AND kind <> 'together' AND (answer IS NOT NULL OR state IN ('done','skipped','failed'))), "    \
    "(SELECT count(*) FROM task WHERE run_id = run.id AND state IN ('due','doing')), run.started_by, p.plan"
#define RUN_FROM " FROM run JOIN playbook p ON p.id = run.playbook_id "

static void write_run(struct room *r, struct sql_stmt *st, struct jsonw *w) {
    jsonw_ki64(w, "id", sql_i64(st, 0));
    jsonw_ki64(w, "version", sql_i64(st, 1));
    jsonw_ki64(w, "incident", sql_i64(st, 2));
    jsonw_ki64(w, "playbook", sql_i64(st, 3));
    jsonw_kstr(w, "key", sql_str(st, 4));
    jsonw_ki64(w, "number", sql_i64(st, 5));
    words(w, "titles", sql_str(st, 6), sql_str(st, 7));
    jsonw_kstr(w, "state", sql_str(st, 8));
    text_or_null(w, "reason", st, 9);
    jsonw_ki64(w, "deviations", sql_i64(st, 10));
    time_or_null(w, "started_at", st, 11);
    time_or_null(w, "ended_at", st, 12);
    jsonw_ki64(w, "steps", sql_i64(st, 13));
    jsonw_ki64(w, "ended", sql_i64(st, 14));
    jsonw_ki64(w, "open", sql_i64(st, 15));
    room_by_text(r, w, "started_by", sql_str(st, 16));
}

int room_tasks_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    jsonw_object(w);
    int e = write_tasks(r, w,
                        "SELECT " TASK_COLUMNS TASK_FROM "WHERE t.incident_id = ?1 AND t.state <> 'withdrawn' AND t.kind <> 'together' "
                        "ORDER BY t.state IN ('done','skipped','failed'), t.place, t.id LIMIT 1000",
                        incident, reterr);
    if (e == 0)
        e = sql_query(r->db, &st, reterr, "SELECT " RUN_COLUMNS RUN_FROM "WHERE run.incident_id = ?1 ORDER BY run.id LIMIT 100", "i", incident);
    jsonw_key(w, STR("runs"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, reterr)) == 1) {
        jsonw_object(w);
        write_run(r, st, w);
        jsonw_end(w);
        e = 0;
    }
    jsonw_end(w);
    jsonw_end(w);
    return e;
}

int room_task_write(struct room *r, int64_t id, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT " TASK_COLUMNS TASK_FROM "WHERE t.id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e <= 0)
        return e < 0 ? e : diag_set(reterr, -ENOENT, "no task %lld", (long long) id);
    write_task(r, st, w);
    return 0;
}

int room_run_write(struct room *r, int64_t id, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT " RUN_COLUMNS RUN_FROM "WHERE run.id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e <= 0)
        return e < 0 ? e : diag_set(reterr, -ENOENT, "no run %lld", (long long) id);
    jsonw_object(w);
    write_run(r, st, w);
    jsonw_key(w, STR("plan"));
    jsonw_raw(w, sql_str(st, 17));
    e = write_tasks(r, w, "SELECT " TASK_COLUMNS TASK_FROM "WHERE t.run_id = ?1 AND t.state <> 'withdrawn' ORDER BY t.id LIMIT 5000", id, reterr);
    jsonw_end(w);
    return e;
}
