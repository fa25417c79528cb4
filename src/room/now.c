#include "room/now.h"

#include "room/action_priv.h"
#include "room/duty_priv.h"
#include "room/level.h"
#include "room/now_priv.h"
#include "room/report.h"
#include "room/scope.h"

#define ASKS_MAX 100
#define CHANGES_MAX 50
#define REPORT_NS (7 * NS_PER_DAY) /* reports due within it stand on the first page */
#define ENDING_NS NS_PER_HOUR /* a block that ends within it is asked about */

static int write_incident_ref(struct room *r, int64_t id, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(
        r->db, &st, err,
        "SELECT number, title_key, title_params, title_plain FROM incident WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, err);
    jsonw_key(w, STR("incident"));
    if (e == 1) {
        jsonw_object(w);
        jsonw_ki64(w, "id", id);
        jsonw_kstr(w, "number", sql_str(st, 0));
        room_text_or_plain(w, "title", st, 1);
        jsonw_end(w);
    } else {
        jsonw_null(w);
    }
    return e < 0 ? e : 0;
}

void now_button_write(struct jsonw *w, const struct now_button *b) {
    jsonw_object(w);
    room_text_raw(w, "label", str_of(b->key), b->params.p ? b->params : STR("{}"));
    jsonw_kz(w, "method", b->method);
    jsonw_kz(w, "path", b->path);
    jsonw_key(w, STR("body"));
    b->body.p ? jsonw_raw(w, b->body) : jsonw_null(w);
    jsonw_kbool(w, "primary", b->primary);
    jsonw_end(w);
}

static void write_head(struct room *r, const struct now_ask *a, struct jsonw *w, struct diag *err,
                       int *e) {
    char id[48];
    snprintf(id, sizeof id, "%s-%lld",
             strcmp(a->kind, "block_source") == 0 || strcmp(a->kind, "task") == 0 ? "action"
             : strcmp(a->kind, "block_ending") == 0                              ? "ending"
                                                                                  : a->kind,
             (long long) a->subject);
    jsonw_kz(w, "id", id);
    jsonw_kz(w, "kind", a->kind);
    jsonw_kz(w, "need", a->need);
    *e = write_incident_ref(r, a->incident, w, err);
    jsonw_ktime(w, "since", a->since_ns);
    jsonw_ktime(w, "due", a->due_ns);
}

void now_tail_write(const struct now_ask *a, const char *asked, const char *if_unanswered, struct jsonw *w) {
    char path[64];
    room_text(w, "asked", asked);
    room_text(w, "if_unanswered", if_unanswered);
    snprintf(path, sizeof path, "/incidents/%lld/%s", (long long) a->incident, a->evidence_tab);
    a->incident ? jsonw_kz(w, "evidence_path", path) : jsonw_kz(w, "evidence_path", NULL);
}

void now_open_write(struct jsonw *w, const char *key, const char *path) {
    struct now_button open = {key, "OPEN", path, STR_NULL, STR_NULL, true};
    jsonw_key(w, STR("buttons"));
    jsonw_array(w);
    now_button_write(w, &open);
    jsonw_end(w);
}

/* Numbers of one action: addresses that would be blocked, held back, tries, accounts. */
struct numbers {
    int64_t n, held, tries, minutes, version, tries_after;
};

static int action_numbers(struct room *r, int64_t action, const char *state, struct numbers *ret,
                          struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(
        r->db, &st, err,
        "SELECT count(*) FILTER (WHERE x.state = ?2), count(*) FILTER (WHERE x.state = 'refused'), "
        "coalesce(sum(x.tries), 0), a.minutes, a.version, coalesce(a.tries_after, 0) FROM action a "
        "JOIN action_address x ON x.action_id = a.id WHERE a.id = ?1",
        "iz", action, state);
    if (e == 0)
        e = sql_step(st, err);
    if (e == 1)
        *ret = (struct numbers){sql_i64(st, 0), sql_i64(st, 1), sql_i64(st, 2),
                                sql_i64(st, 3), sql_i64(st, 4), sql_i64(st, 5)};
    return e < 0 ? e : 0;
}

static int first_service(struct room *r, int64_t incident, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT v.value FROM finding f CROSS JOIN finding_value v ON v.finding_id = f.id "
                      "WHERE f.incident_id = ?1 AND v.kind = 'service' GROUP BY 1 ORDER BY "
                      "min(coalesce(v.first_at, f.first_at)), 1 LIMIT 1",
                      "i", incident);
    if (e == 0)
        e = sql_step(st, err);
    room_service_params(r, w, e == 1 ? sql_str(st, 0) : STR_NULL);
    return MIN(e, 0);
}

static int write_block_text(struct room *r, const struct now_ask *a, const struct numbers *n,
                            struct jsonw *w, struct diag *err) {
    struct room_numbers x = {0};
    int e = room_numbers(r, a->incident, &x, err);
    jsonw_key(w, STR("question"));
    jsonw_object(w);
    jsonw_kz(w, "key", "ask.block_source");
    jsonw_key(w, STR("params"));
    jsonw_object(w);
    jsonw_ki64(w, "n", n->n);
    jsonw_ki64(w, "minutes", n->minutes);
    if (e == 0)
        e = first_service(r, a->incident, w, err);
    jsonw_end(w);
    jsonw_end(w);
    jsonw_key(w, STR("body"));
    jsonw_object(w);
    jsonw_kz(w, "key", "ask.block_source.body");
    jsonw_key(w, STR("params"));
    jsonw_object(w);
    jsonw_ki64(w, "n", n->n);
    jsonw_ki64(w, "tries", n->tries);
    jsonw_ki64(w, "accounts", x.counts.tried.n);
    jsonw_kbool(w, "at_least", x.counts.tried.at_least);
    jsonw_ki64(w, "stolen", x.counts.stolen.n);
    jsonw_ki64(w, "held_back", n->held);
    jsonw_end(w);
    jsonw_end(w);
    return e;
}

static int write_block_ask(struct room *r, const struct now_ask *a, struct jsonw *w, struct diag *err) {
    struct numbers n = {0};
    char approve[64], reject[64], body[80], body2[48], label[80], label2[48];
    int e = action_numbers(r, a->subject, "proposed", &n, err);
    if (e == 0)
        e = write_block_text(r, a, &n, w, err);
    now_tail_write(a, "asked.handlers", "if_unanswered.not_blocked", w);
    snprintf(approve, sizeof approve, "/actions/%lld/approve", (long long) a->subject);
    snprintf(reject, sizeof reject, "/actions/%lld/reject", (long long) a->subject);
    snprintf(body, sizeof body, "{\"version\":%lld,\"minutes\":%lld}", (long long) n.version,
             (long long) n.minutes);
    snprintf(body2, sizeof body2, "{\"version\":%lld}", (long long) n.version);
    snprintf(label, sizeof label, "{\"n\":%lld,\"minutes\":%lld}", (long long) n.n,
             (long long) n.minutes);
    snprintf(label2, sizeof label2, "{\"n\":%lld}", (long long) n.n);
    bool dry = room_hand_state(r).dry_run;
    struct now_button yes = {dry ? "button.block_dry_run" : "button.block",
                         "POST",
                         approve,
                         str_of(label),
                         str_of(body),
                         true};
    struct now_button no = {"button.not_block", "POST", reject, str_of(label2), str_of(body2), false};
    jsonw_key(w, STR("buttons"));
    jsonw_array(w);
    now_button_write(w, &yes);
    now_button_write(w, &no);
    jsonw_end(w);
    return e;
}

static int write_look_text(struct room *r, const struct now_ask *a, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct room_numbers x = {0};
    int e = room_numbers(r, a->incident, &x, err);
    if (e == 0)
        e = sql_query(r->db, &st, err, "SELECT rule_id, rule_title FROM incident WHERE id = ?1",
                      "i", a->incident);
    if (e == 0)
        e = sql_step(st, err);
    room_text(w, "question", "ask.look");
    jsonw_key(w, STR("body"));
    jsonw_object(w);
    jsonw_kz(w, "key", "ask.look.body");
    jsonw_key(w, STR("params"));
    jsonw_object(w);
    if (e == 1)
        room_rule_params(r, w, "rule", sql_str(st, 0), sql_str(st, 1));
    jsonw_ki64(w, "count", x.counts.tries.n);
    jsonw_ki64(w, "at_least_accounts", x.counts.tried.n);
    if (e >= 0)
        e = first_service(r, a->incident, w, err);
    jsonw_end(w);
    jsonw_end(w);
    return e;
}

static int write_look_ask(struct room *r, const struct now_ask *a, struct jsonw *w, struct diag *err) {
    char path[64];
    const struct room_duty *duty;
    int e = write_look_text(r, a, w, err);
    now_tail_write(a, "asked.handlers", room_duty_get(r, &duty, NULL) == 0 && duty->n_groups ? "if_unanswered.duty_called" : "if_unanswered.nobody_called", w);
    snprintf(path, sizeof path, "/incidents/%lld", (long long) a->incident);
    now_open_write(w, "button.open_incident", path);
    return e;
}

static int write_ending_ask(struct room *r, const struct now_ask *a, struct jsonw *w,
                            struct diag *err) {
    struct numbers n = {0};
    char until[TIME_ISO_CAP], params[160], extend[64], body[80], label[48], path[64];
    int e = action_numbers(r, a->subject, "blocked", &n, err);
    time_format_iso(a->due_ns, 3, until);
    snprintf(params, sizeof params, "{\"n\":%lld,\"until\":\"%s\"}", (long long) n.n, until);
    room_text_raw(w, "question", STR("ask.block_ending"), str_of(params));
    snprintf(params, sizeof params, "{\"n\":%lld,\"until\":\"%s\",\"tries_after\":%lld}",
             (long long) n.n, until, (long long) n.tries_after);
    room_text_raw(w, "body", STR("ask.block_ending.body"), str_of(params));
    now_tail_write(a, "asked.handlers", "if_unanswered.block_ends", w);
    snprintf(extend, sizeof extend, "/actions/%lld/extend", (long long) a->subject);
    snprintf(body, sizeof body, "{\"version\":%lld,\"minutes\":%lld}", (long long) n.version,
             (long long) n.minutes);
    snprintf(label, sizeof label, "{\"minutes\":%lld}", (long long) n.minutes);
    snprintf(path, sizeof path, "/incidents/%lld/actions", (long long) a->incident);
    struct now_button yes = {"button.extend", "POST", extend, str_of(label), str_of(body), false};
    struct now_button no = {"button.let_end", "OPEN", path, STR_NULL, STR_NULL, false};
    jsonw_key(w, STR("buttons"));
    jsonw_array(w);
    now_button_write(w, &yes);
    now_button_write(w, &no);
    jsonw_end(w);
    return e;
}

/* "member": {"key", "params": {name and name_en}}. */
static void write_words(struct jsonw *w, const char *member, const char *key, const char *name, const struct room_words *words) {
    jsonw_key(w, str_of(member));
    jsonw_object(w);
    jsonw_kz(w, "key", key);
    jsonw_key(w, STR("params"));
    jsonw_object(w);
    room_words_params(w, name, words);
    jsonw_end(w);
    jsonw_end(w);
}

/* The step of a playbook that is next: one for each run, and none that only says what an ask about its action says. */
static int write_step_ask(struct room *r, const struct now_ask *a, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    char path[96] = "";
    int e = sql_query(r->db, &st, err,
                      "SELECT t.words_ja, t.words_en, p.title_ja, p.title_en, t.run_id FROM task t JOIN run ON run.id = t.run_id "
                      "JOIN playbook p ON p.id = run.playbook_id WHERE t.id = ?1",
                      "i", a->subject);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return MIN(e, 0);
    write_words(w, "question", "ask.step", "step", &(struct room_words){.ja = sql_str(st, 0), .en = sql_str(st, 1)});
    write_words(w, "body", "ask.step.body", "playbook", &(struct room_words){.ja = sql_str(st, 2), .en = sql_str(st, 3)});
    now_tail_write(a, "asked.handlers", "if_unanswered.step_late", w);
    snprintf(path, sizeof path, "/runs/%lld?task=%lld", (long long) sql_i64(st, 4), (long long) a->subject);
    now_open_write(w, "button.open_step", path);
    return 0;
}

/* A report to an authority that runs out. */
static int write_report_ask(struct room *r, const struct now_ask *a, struct jsonw *w, struct diag *err) {
    struct room_words words[2] = {{STR_NULL, STR_NULL}, {STR_NULL, STR_NULL}};
    int e = room_obligation_words(r, a->subject, &words[0], &words[1], err);
    char path[64];
    write_words(w, "question", "ask.report", "report", &words[0]);
    write_words(w, "body", "ask.report.body", "to", &words[1]);
    now_tail_write(a, "asked.handlers", "if_unanswered.report_late", w);
    snprintf(path, sizeof path, "/incidents/%lld/reports", (long long) a->incident);
    now_open_write(w, "button.open_reports", path);
    return e;
}

/* What somebody outside was promised by a time. */
static int write_promise_ask(struct room *r, const struct now_ask *a, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    char path[64], key[40];
    int e = sql_query(r->db, &st, err, "SELECT of, what FROM promise WHERE id = ?1", "i", a->subject);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return MIN(e, 0);
    snprintf(key, sizeof key, "ask.promise.%.*s", STR_ARG(sql_str(st, 0)));
    jsonw_key(w, STR("question"));
    jsonw_object(w);
    jsonw_kz(w, "key", key);
    jsonw_key(w, STR("params"));
    jsonw_object(w);
    jsonw_kstr(w, "what", sql_str(st, 1));
    jsonw_end(w);
    jsonw_end(w);
    room_text(w, "body", "ask.promise.body");
    now_tail_write(a, "asked.handlers", "if_unanswered.promise_late", w);
    snprintf(path, sizeof path, "/incidents/%lld/publish", (long long) a->incident);
    now_open_write(w, "button.open_publish", path);
    return 0;
}

/* Something people wrote down as to be done. */
static int write_task_ask(struct room *r, const struct now_ask *a, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    char path[64];
    int e = sql_query(r->db, &st, err, "SELECT t.words_ja, t.words_en, p.name FROM task t LEFT JOIN person p ON p.id = t.assignee WHERE t.id = ?1", "i", a->subject);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return MIN(e, 0);
    write_words(w, "question", "ask.task", "step", &(struct room_words){.ja = sql_str(st, 0), .en = sql_str(st, 1)});
    jsonw_key(w, STR("body"));
    jsonw_object(w);
    jsonw_kz(w, "key", "ask.task.body");
    jsonw_key(w, STR("params"));
    jsonw_object(w);
    jsonw_key(w, STR("name"));
    sql_is_null(st, 2) ? jsonw_null(w) : jsonw_str(w, sql_str(st, 2));
    jsonw_end(w);
    jsonw_end(w);
    now_tail_write(a, "asked.handlers", "if_unanswered.task_late", w);
    snprintf(path, sizeof path, "/incidents/%lld", (long long) a->incident);
    now_open_write(w, "button.open_incident", path);
    return 0;
}

/* How much is late, in cases the person may see. */
static int write_late(struct room *r, const struct room_actor *who, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int64_t n = 0;
    int e = sql_query(r->db, &st, err, "SELECT t.incident_id, count(*) FROM task t INDEXED BY task_open CROSS JOIN incident i ON i.id = t.incident_id AND i.state = 'open' "
                      "WHERE t.state IN ('waiting','due','doing') AND t.state <> 'waiting' AND t.late GROUP BY 1", "");
    while (e >= 0 && (e = sql_step(st, err)) == 1) {
        e = room_may_read(r, who, OBJECT_INCIDENT, sql_i64(st, 0), err);
        n += e == 1 ? sql_i64(st, 1) : 0;
    }
    jsonw_ki64(w, "tasks_late", n);
    return MIN(e, 0);
}

/* All asks in the order of due times. A case for which a block is proposed does not also ask to be
 * looked at. */
static const char asks_sql[] =
    /* open cases first: closed ones keep what was proposed and never decided */
    "SELECT 1 AS kind, a.id, a.incident_id, a.created_at AS since, a.due_at AS due FROM incident i "
    "CROSS JOIN action a ON a.incident_id = i.id WHERE a.state = 'proposed' AND i.state = 'open' AND "
    "EXISTS (SELECT 1 FROM action_address x WHERE x.action_id = a.id AND x.state = 'proposed') "
    "UNION ALL SELECT 2, i.id, i.id, i.opened_at, i.opened_at + ?2 FROM incident i WHERE i.state = "
    "'open' AND i.person_at IS NULL AND NOT EXISTS (SELECT 1 FROM action a WHERE a.incident_id = "
    "i.id AND a.state = 'proposed') UNION ALL SELECT 3, a.id, a.incident_id, a.until_at - ?3, "
    "a.until_at FROM action a JOIN incident i ON i.id = a.incident_id WHERE a.state = 'in_force' "
    "AND i.state = 'open' AND a.until_at > ?1 AND a.until_at <= ?1 + ?3 "
    "UNION ALL SELECT 4 + t.late, t.id, t.incident_id, t.created_at, t.due_at FROM task t JOIN incident i ON i.id = t.incident_id WHERE "
    "t.state IN ('due','doing') AND i.state = 'open' AND t.id = (SELECT x.id FROM task x WHERE x.run_id = t.run_id AND x.state IN "
    "('due','doing') AND x.ref IS NULL ORDER BY x.due_at IS NULL, x.due_at, x.id LIMIT 1) "
    /* reports that are due within a week, and those near their end */
    "UNION ALL SELECT 6 + (o.warn_at <= ?1), o.id, o.incident_id, o.from_at, o.due_at FROM obligation o JOIN incident i ON i.id = o.incident_id "
    "WHERE o.state = 'to_do' AND o.due_at <= ?1 + ?4 AND i.state = 'open' "
    /* what people wrote is asked for when it is nearly or already late */
    "UNION ALL SELECT 8 + t.late, t.id, t.incident_id, t.created_at, t.due_at FROM task t JOIN incident i ON i.id = t.incident_id WHERE "
    "t.run_id IS NULL AND t.state IN ('due','doing') AND i.state = 'open' AND (t.late OR t.due_at <= ?1 + ?3) "
    /* what somebody outside was promised, when it is near */
    "UNION ALL SELECT 10 + (p.due_at <= ?1), p.id, p.incident_id, p.created_at, p.due_at FROM promise p CROSS JOIN incident i ON i.id = p.incident_id WHERE "
    "p.state = 'open' AND p.warn_at <= ?1 AND i.state = 'open' "
    "UNION ALL SELECT 12, d.id, d.incident_id, d.asked_at, d.due_at FROM decision d INDEXED BY decision_open CROSS JOIN incident i ON i.id = d.incident_id "
    "WHERE d.state <> 'decided' AND i.state = 'open' "
    /* what is proposed together is asked once */
    "UNION ALL SELECT 13, min(d.id), d.incident_id, min(d.created_at), t.due_at FROM deed d INDEXED BY deed_open CROSS JOIN incident i ON i.id = "
    "d.incident_id LEFT JOIN task t ON t.id = d.task_id WHERE d.state IN ('proposed','unsure') AND i.state = 'open' GROUP BY d.batch, d.state "
    "UNION ALL SELECT 14, t.id, 0, t.received_at, t.received_at + ?2 FROM tip t WHERE t.state = 'new' ORDER BY due, since, 2";

struct hours {
    int64_t first_ns; /* start of the oldest */
    int64_t waiting[24];
};

static struct now_ask read_ask(struct sql_stmt *st) {
    static const char *const kinds[] = {"", "block_source", "look", "block_ending", "step", "step", "report", "report", "task", "task", "promise", "promise", "decision", "deed", "tip"};
    static const char *const tabs[] = {"", "actions", "findings", "actions", "timeline", "timeline", "reports", "reports", "timeline", "timeline", "publish", "publish", "actions", "actions", ""};
    int64_t kind = sql_i64(st, 0);
    return (struct now_ask){.kind = kinds[kind],
                        .need = kind == 3 || kind == 4 || kind == 6 || kind == 8 || kind == 10 ? "soon" : "must",
                        .evidence_tab = tabs[kind],
                        .subject = sql_i64(st, 1),
                        .incident = sql_i64(st, 2),
                        .since_ns = sql_i64(st, 3),
                        .due_ns = sql_is_null(st, 4) ? TIME_NONE : sql_i64(st, 4)};
}

static int write_one(struct room *r, const struct now_ask *a, struct jsonw *w, struct diag *err) {
    static const struct {
        const char *kind;
        int (*write)(struct room *, const struct now_ask *, struct jsonw *, struct diag *);
    } rows[] = {{"look", write_look_ask},       {"block_ending", write_ending_ask}, {"step", write_step_ask},
                {"task", write_task_ask},       {"report", write_report_ask},       {"promise", write_promise_ask},
                {"decision", now_decision_write}, {"deed", now_deed_write},         {"tip", now_tip_write}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (strcmp(a->kind, rows[i].kind) == 0)
            return rows[i].write(r, a, w, err);
    return write_block_ask(r, a, w, err);
}

/* Whoever may read what it is about is asked. */
static bool may_be_asked(struct room *r, const struct room_actor *who, const struct now_ask *a, struct diag *err, int *ret_e) {
    struct room_row row;
    *ret_e = a->incident ? room_row_load(r, OBJECT_INCIDENT, a->incident, &row, err) : room_row_load(r, OBJECT_TIP, a->subject, &row, err);
    return *ret_e == 0 && room_may(who, VERB_READ, &row);
}

static int write_asks(struct room *r, const struct room_actor *who, struct hours *h,
                      struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int n = 0;
    int e = sql_query(r->db, &st, err, asks_sql, "iiii", room_now(r), r->policy->person_within_s * NS_PER_S, ENDING_NS, REPORT_NS);
    jsonw_key(w, STR("asks"));
    jsonw_array(w);
    while (e == 0 && n < ASKS_MAX && (e = sql_step(st, err)) == 1) {
        struct now_ask a = read_ask(st);
        if (!may_be_asked(r, who, &a, err, &e))
            continue;
        int64_t hour = (a.since_ns - h->first_ns) / NS_PER_HOUR;
        if (a.since_ns >= h->first_ns && hour < 24)
            h->waiting[hour]++;
        jsonw_object(w);
        write_head(r, &a, w, err, &e);
        if (e == 0)
            e = write_one(r, &a, w, err);
        jsonw_end(w);
        n++;
    }
    jsonw_end(w);
    return MIN(e, 0);
}

static int write_changes(struct room *r, const struct room_actor *who, int64_t since_ns,
                         struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int n = 0;
    int e = sql_query(r->db, &st, err,
                      "SELECT at, text_key, params, plain, by, incident_id FROM timeline WHERE "
                      "created_at > ?1 ORDER BY created_at DESC, id DESC",
                      "i", since_ns);
    jsonw_key(w, STR("changes"));
    jsonw_array(w);
    while (e == 0 && n < CHANGES_MAX && (e = sql_step(st, err)) == 1) {
        struct room_row row;
        e = room_row_load(r, OBJECT_INCIDENT, sql_i64(st, 5), &row, err);
        if (e < 0 || !room_may(who, VERB_READ, &row))
            continue;
        jsonw_object(w);
        jsonw_ktime(w, "at", sql_i64(st, 0));
        e = room_entry_text(r, who, w, "text", st, 1, err);
        room_by_text(r, w, "by", sql_str(st, 4));
        jsonw_ki64(w, "incident_id", sql_i64(st, 5));
        jsonw_end(w);
        n++;
    }
    jsonw_end(w);
    return MIN(e, 0);
}

static int count_levels(struct room *r, const struct room_actor *who, const struct hours *h, int64_t counts[24][LEVEL_MAX_],
                        struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int64_t asked = 0;
    int may = -1;
    int e = sql_query(r->db, &st, err,
                      "SELECT (detected_at - ?1) / ?2, level, count(*), max(id), incident_id FROM finding WHERE "
                      "detected_at >= ?1 AND detected_at < ?1 + 24 * ?2 AND drill = 0 AND NOT EXISTS (SELECT 1 FROM incident i "
                      "WHERE i.id = incident_id AND i.need_to_know) GROUP BY 5, 1, 2",
                      "ii", h->first_ns, NS_PER_HOUR);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        if (sql_i64(st, 4) != asked || may < 0) { /* one answer for all findings of a case */
            asked = sql_i64(st, 4);
            may = asked ? room_may_read(r, who, OBJECT_INCIDENT, asked, err) : room_may_read(r, who, OBJECT_FINDING, sql_i64(st, 3), err);
        }
        e = MIN(may, 0);
        if (may != 1)
            continue;
        int level = rule_level_from_string(sql_str(st, 1));
        int64_t hour = sql_i64(st, 0);
        if (level >= 0 && hour >= 0 && hour < 24)
            counts[hour][level] += sql_i64(st, 2);
        e = 0;
    }
    return e;
}

static int write_strip(struct room *r, const struct room_actor *who, const struct hours *h, struct jsonw *w, struct diag *err) {
    int64_t counts[24][LEVEL_MAX_] = {{0}};
    int e = count_levels(r, who, h, counts, err);
    jsonw_key(w, STR("strip"));
    jsonw_array(w);
    for (int i = 0; i < 24; i++) {
        int64_t events = room_stats_events(r, 23 - i);
        jsonw_object(w);
        jsonw_ktime(w, "hour", h->first_ns + i * NS_PER_HOUR);
        jsonw_key(w, STR("events"));
        events < 0 ? jsonw_null(w) : jsonw_i64(w, events);
        jsonw_ki64(w, "low", counts[i][LEVEL_LOW] + counts[i][LEVEL_INFORMATIONAL]);
        jsonw_ki64(w, "medium", counts[i][LEVEL_MEDIUM]);
        jsonw_ki64(w, "high", counts[i][LEVEL_HIGH]);
        jsonw_ki64(w, "critical", counts[i][LEVEL_CRITICAL]);
        jsonw_ki64(w, "waiting", h->waiting[i]);
        jsonw_end(w);
    }
    jsonw_end(w);
    return e;
}

/* Those for named persons are counted for nobody. */
static int write_open(struct room *r, const struct room_actor *who, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int64_t open = 0, closed_ns = TIME_NONE;
    int e = sql_query(r->db, &st, err, "SELECT id FROM incident WHERE need_to_know = 0 AND state = 'open'", "");
    while (e >= 0 && (e = sql_step(st, err)) == 1) {
        e = room_may_read(r, who, OBJECT_INCIDENT, sql_i64(st, 0), err);
        open += e == 1;
    }
    sql_end(TAKE_PTR(st));
    if (e >= 0)
        e = sql_query(r->db, &st, err, "SELECT id, closed_at FROM incident WHERE closed_at IS NOT NULL AND need_to_know = 0 ORDER BY closed_at DESC", "");
    while (e >= 0 && closed_ns == TIME_NONE && (e = sql_step(st, err)) == 1) {
        e = room_may_read(r, who, OBJECT_INCIDENT, sql_i64(st, 0), err);
        if (e == 1)
            closed_ns = sql_i64(st, 1);
    }
    jsonw_ki64(w, "incidents_open", open);
    jsonw_ktime(w, "last_closed", closed_ns);
    return MIN(e, 0);
}

int room_now_write(struct room *r, const struct room_actor *who, int64_t last_look_ns,
                   struct jsonw *w, struct diag *reterr) {
    int64_t now = room_now(r), total = 0, bad = 0;
    struct hours h = {.first_ns = (now / NS_PER_HOUR - 23) * NS_PER_HOUR};
    jsonw_object(w);
    jsonw_ktime(w, "checked_at", now);
    int e = write_asks(r, who, &h, w, reterr);
    jsonw_key(w, STR("sources_bad"));
    room_sources_bad_write(r, w, &bad, &total);
    jsonw_ki64(w, "sources_bad_total", bad);
    jsonw_ki64(w, "sources_total", total);
    /* who never looked sees the last day */
    if (e == 0)
        e = write_changes(r, who, last_look_ns == TIME_NONE ? now - NS_PER_DAY : last_look_ns, w,
                          reterr);
    jsonw_ktime(w, "last_look", last_look_ns);
    if (e == 0)
        e = write_strip(r, who, &h, w, reterr);
    jsonw_key(w, STR("backfill"));
    room_backfill_write(r, w);
    if (e == 0)
        e = room_level_now_write(r, w, reterr);
    jsonw_key(w, STR("duty"));
    jsonw_null(w);
    if (e == 0)
        e = write_open(r, who, w, reterr);
    if (e == 0)
        e = write_late(r, who, w, reterr);
    jsonw_end(w);
    return e;
}
