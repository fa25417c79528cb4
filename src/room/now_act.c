/* What the first page asks of people beside blocks and steps: a decision that was put, a lasting act that was proposed, a tip nobody has taken.
 * Each is settled where it stands; here it says that it waits. */
#include "room/deed_priv.h"
#include "room/now_priv.h"

static int find(struct room *r, const char *sql, int64_t id, struct sql_stmt **ret, struct diag *err) {
    int e = sql_query(r->db, ret, err, sql, "i", id);
    return e == 0 ? sql_step(*ret, err) : e;
}

/* Question and body are texts of the same parameters. */
static void write_texts(struct jsonw *w, const char *question, const char *body, struct buf *params) {
    struct str text = buf_error(params) == 0 ? buf_str(params) : STR("{}");
    room_text_raw(w, "question", str_of(question), text);
    room_text_raw(w, "body", str_of(body), text);
}

int now_decision_write(struct room *r, const struct now_ask *a, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct buf params;
    struct jsonw v;
    char path[64];
    int e = find(r, "SELECT kind, service, risk_do, risk_go_on, state = 'half' FROM decision WHERE id = ?1", a->subject, &st, err);
    if (e <= 0)
        return e;
    buf_init(&params, 16384);
    jsonw_init(&v, &params);
    jsonw_object(&v);
    jsonw_kstr(&v, "kind", sql_str(st, 0));
    room_service_params(r, &v, sql_str(st, 1).n ? sql_str(st, 1) : STR_NULL);
    jsonw_kstr(&v, "risk_do", sql_str(st, 2));
    jsonw_kstr(&v, "risk_go_on", sql_str(st, 3));
    jsonw_kbool(&v, "half", sql_i64(st, 4) != 0);
    jsonw_end(&v);
    write_texts(w, "ask.decision", "ask.decision.body", &params);
    buf_done(&params);
    now_tail_write(a, "asked.authority", "if_unanswered.goes_on", w);
    snprintf(path, sizeof path, "/incidents/%lld/actions", (long long) a->incident);
    now_open_write(w, "button.open_decision", path);
    return 0;
}

int now_deed_write(struct room *r, const struct now_ask *a, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct buf params;
    struct jsonw v;
    char path[96];
    int e = find(r,
                 "SELECT d.kind, d.target, (SELECT count(*) FROM deed x WHERE x.batch = d.batch AND x.state = d.state), d.minutes, d.reason, t.run_id, t.id, "
                 "d.state = 'unsure' FROM deed d LEFT JOIN task t ON t.id = d.task_id WHERE d.id = ?1",
                 a->subject, &st, err);
    if (e <= 0)
        return e;
    const struct room_deed_kind *k = room_deed_kind(sql_str(st, 0));
    struct room_words act = {.ja = str_of(k->ja), .en = str_of(k->en)};
    buf_init(&params, 16384);
    jsonw_init(&v, &params);
    jsonw_object(&v);
    room_words_params(&v, "act", &act);
    jsonw_kstr(&v, "target", sql_str(st, 1));
    jsonw_ki64(&v, "more", sql_i64(st, 2) - 1);
    jsonw_ki64(&v, "s", sql_i64(st, 3) * 60);
    jsonw_kstr(&v, "reason", sql_str(st, 4));
    jsonw_kbool(&v, "unsure", sql_i64(st, 7) != 0);
    jsonw_end(&v);
    write_texts(w, "ask.deed", "ask.deed.body", &params);
    buf_done(&params);
    now_tail_write(a, "asked.authority", "if_unanswered.not_done", w);
    if (sql_is_null(st, 5))
        snprintf(path, sizeof path, "/incidents/%lld/actions", (long long) a->incident);
    else
        snprintf(path, sizeof path, "/runs/%lld?task=%lld", (long long) sql_i64(st, 5), (long long) sql_i64(st, 6));
    now_open_write(w, "button.open_decision", path);
    return 0;
}

int now_tip_write(struct room *r, const struct now_ask *a, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct buf params;
    struct jsonw v;
    char path[64];
    int e = find(r, "SELECT from_kind, sender, text FROM tip WHERE id = ?1", a->subject, &st, err);
    if (e <= 0)
        return e;
    buf_init(&params, 16384);
    jsonw_init(&v, &params);
    jsonw_object(&v);
    jsonw_kstr(&v, "from", sql_str(st, 0));
    jsonw_kstr(&v, "sender", sql_str(st, 1));
    jsonw_kstr(&v, "text", str_to(sql_str(st, 2), 300));
    jsonw_end(&v);
    write_texts(w, "ask.tip", "ask.tip.body", &params);
    buf_done(&params);
    now_tail_write(a, "asked.handlers", "if_unanswered.tip_called", w);
    snprintf(path, sizeof path, "/reports/tips/%lld", (long long) a->subject);
    now_open_write(w, "button.open_tip", path);
    return 0;
}
