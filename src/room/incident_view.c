/* Incidents as the pages read them: the head, the ledger of times, and the sum of the other files.
 */
#include "room/incident.h"

#include "event/case_times.h"
#include "room/incident_priv.h"
#include "room/joint.h"
#include "room/lanes.h"
#include "room/publication.h"
#include "room/rank.h"
#include "room/scope.h"
#include "room/timeline.h"

#define INCIDENT_COLUMNS                                                                           \
    "i.id, i.number, i.title_key, i.title_params, i.title_plain, i.level, i.tlp, i.state, "        \
    "i.merged_into, i.commander, i.opened_at, i.closed_at, i.first_trace_at, i.last_activity_at, " \
    "i.kind, i.version, i.drill, i.rule_at, i.rule_id, i.rule_title, i.person_at, i.person_by, "   \
    "i.decision_at, i.decision_by, i.contained_at, i.contained_n, i.dry_run_n, "                   \
    "(SELECT name FROM person WHERE id = i.commander), "                                           \
    "(SELECT count(*) FROM finding WHERE incident_id = i.id)"
enum {
    C_ID,
    C_NUMBER,
    C_TITLE_KEY,
    C_TITLE_PARAMS,
    C_TITLE_PLAIN,
    C_LEVEL,
    C_TLP,
    C_STATE,
    C_MERGED,
    C_COMMANDER,
    C_OPENED,
    C_CLOSED,
    C_FIRST,
    C_LAST,
    C_KIND,
    C_VERSION,
    C_DRILL,
    C_RULE_AT,
    C_RULE_ID,
    C_RULE_TITLE,
    C_PERSON_AT,
    C_PERSON_BY,
    C_DECISION_AT,
    C_DECISION_BY,
    C_CONTAINED_AT,
    C_CONTAINED_N,
    C_DRY_RUN_N,
    C_COMMANDER_NAME,
    C_FINDINGS
};

static int64_t time_at(struct sql_stmt *st, int column) {
    return sql_is_null(st, column) ? TIME_NONE : sql_i64(st, column);
}

static int count_waiting(struct room *r, int64_t id, int64_t *ret, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(
        r->db, &st, reterr,
        "SELECT (SELECT count(*) FROM action WHERE incident_id = ?1 AND state = 'proposed') + "
        "(SELECT count(*) FROM incident WHERE id = ?1 AND state = 'open' AND person_at IS NULL)",
        "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return e < 0 ? e : 0;
}

static int write_services(struct room *r, int64_t id, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT v.value FROM finding f CROSS JOIN finding_value v ON v.finding_id = f.id "
                      "WHERE f.incident_id = ?1 AND v.kind = 'service' GROUP BY 1 ORDER BY "
                      "min(coalesce(v.first_at, f.first_at)), 1 LIMIT 50",
                      "i", id);
    jsonw_key(w, STR("services"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        jsonw_str(w, sql_str(st, 0));
        e = 0;
    }
    jsonw_end(w);
    return e;
}

static int write_counts(struct room *r, struct sql_stmt *st, struct jsonw *w, struct diag *err) {
    struct room_numbers numbers = {0};
    int64_t id = sql_i64(st, C_ID), waiting = 0;
    int e = room_numbers(r, id, &numbers, err);
    if (e == 0)
        e = count_waiting(r, id, &waiting, err);
    jsonw_key(w, STR("counts"));
    jsonw_object(w);
    jsonw_ki64(w, "findings", sql_i64(st, C_FINDINGS));
    room_count_write(w, "sources", &numbers.counts.sources);
    room_count_write(w, "accounts_tried", &numbers.counts.tried);
    room_count_write(w, "accounts_stolen", &numbers.counts.stolen);
    jsonw_end(w);
    jsonw_ki64(w, "waiting", waiting);
    return e;
}

/* The members of a summary, inside an open object. */
static int write_summary(struct room *r, struct sql_stmt *st, const struct room_ranked *rank, const struct room_actor *who, struct jsonw *w,
                         struct diag *err) {
    int into = sql_is_null(st, C_MERGED) ? 0 : room_may_read(r, who, OBJECT_INCIDENT, sql_i64(st, C_MERGED), err);
    if (into < 0)
        return into;
    jsonw_ki64(w, "id", sql_i64(st, C_ID));
    jsonw_kstr(w, "number", sql_str(st, C_NUMBER));
    room_text_or_plain(w, "title", st, C_TITLE_KEY);
    jsonw_kstr(w, "level", sql_str(st, C_LEVEL));
    jsonw_kstr(w, "tlp", sql_str(st, C_TLP));
    jsonw_kz(w, "info_class", "victim");
    jsonw_kstr(w, "state", sql_str(st, C_STATE));
    jsonw_key(w, STR("merged_into"));
    into ? jsonw_i64(w, sql_i64(st, C_MERGED)) : jsonw_null(w);
    jsonw_key(w, STR("commander"));
    if (sql_is_null(st, C_COMMANDER)) {
        jsonw_null(w);
    } else {
        jsonw_object(w);
        jsonw_ki64(w, "id", sql_i64(st, C_COMMANDER));
        jsonw_kstr(w, "name", sql_str(st, C_COMMANDER_NAME));
        jsonw_end(w);
    }
    jsonw_ktime(w, "opened", sql_i64(st, C_OPENED));
    jsonw_ktime(w, "closed", time_at(st, C_CLOSED));
    jsonw_ktime(w, "first_trace", time_at(st, C_FIRST));
    jsonw_ktime(w, "last_activity", sql_i64(st, C_LAST));
    jsonw_key(w, STR("kind"));
    sql_str(st, C_KIND).n ? jsonw_str(w, sql_str(st, C_KIND)) : jsonw_null(w);
    int e = write_services(r, sql_i64(st, C_ID), w, err);
    if (e == 0)
        e = write_counts(r, st, w, err);
    jsonw_ki64(w, "version", sql_i64(st, C_VERSION));
    jsonw_kbool(w, "drill", sql_i64(st, C_DRILL) != 0);
    return e == 0 ? room_rank_write(r, rank, who, w, err) : e;
}

static int readable(struct room *r, int64_t id, const struct room_actor *who, bool *ret,
                    struct diag *err) {
    struct room_row row;
    int e = room_row_load(r, OBJECT_INCIDENT, id, &row, err);
    *ret = e == 0 && room_may(who, VERB_READ, &row);
    return e;
}

/* With a text for all cases and one for those of a state: only so the second has its index. */
#define OF_STATE "i.state = ?1"
#define OF_ALL "?1 = 'all'"
#define BY_STATE " INDEXED BY incident_by_state_id"
#define MATCHES                                                                                    \
    " AND (?2 = '' OR i.number = ?2 OR instr(i.title_plain, ?2) > 0 "  \
    "OR EXISTS (SELECT 1 FROM finding f CROSS JOIN finding_value v ON v.finding_id = f.id "              \
    "WHERE f.incident_id = i.id AND v.value = ?2) OR EXISTS (SELECT 1 FROM account a "             \
    "WHERE a.incident_id = i.id AND a.name = ?2))"

/* Somebody whose roles hold everywhere reads all that is neither red nor for named persons; of the rest each is asked. */
static bool sees_most(const struct room_actor *who) {
    struct room_row plain = {.object = OBJECT_INCIDENT, .id = -1, .incident = -1, .tlp = TLP_AMBER_STRICT, .info_class = CLASS_VICTIM};
    return room_may(who, VERB_READ, &plain);
}

static int count_unreadable(struct room *r, struct str state, struct str q, const struct room_actor *who, int64_t *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    const char *text = sees_most(who) ? "SELECT i.id FROM incident i WHERE (i.need_to_know OR i.tlp = 'RED') AND (?1 = 'all' OR i.state = ?1)" MATCHES
                                      : "SELECT i.id FROM incident i WHERE (?1 = 'all' OR i.state = ?1)" MATCHES;
    int e = sql_query(r->db, &st, err, text, "ss", &state, &q);
    *ret = 0;
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        bool may = false;
        e = readable(r, sql_i64(st, 0), who, &may, err);
        *ret += !may;
    }
    return e;
}

static int count_matching(struct room *r, struct str state, struct str q, int64_t *ret,
                          struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    const char *text = str_eq_z(state, "all") ? "SELECT count(*) FROM incident i WHERE " OF_ALL MATCHES
                                              : "SELECT count(*) FROM incident i" BY_STATE " WHERE " OF_STATE MATCHES;
    int e = sql_query(r->db, &st, err, text, "ss", &state, &q);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return e < 0 ? e : 0;
}

/* One statement for all rows, in the order of the ranking. */
static int write_ranked(struct room *r, const struct room_ranking *x, int64_t limit, const struct room_actor *who, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct buf ids;
    struct jsonw list;
    int64_t n = 0;
    buf_init(&ids, 1 << 20);
    jsonw_init(&list, &ids);
    jsonw_array(&list);
    for (size_t i = 0; i < x->n; i++)
        jsonw_i64(&list, x->at[i].incident);
    jsonw_end(&list);
    struct str json = buf_str(&ids);
    int e = buf_error(&ids);
    if (e == 0)
        e = sql_query(r->db, &st, err, "SELECT " INCIDENT_COLUMNS ", j.key FROM json_each(?1) j CROSS JOIN incident i ON i.id = j.value ORDER BY j.key", "s", &json);
    while (e == 0 && n < limit && (e = sql_step(st, err)) == 1) {
        bool may = false;
        e = readable(r, sql_i64(st, C_ID), who, &may, err);
        if (e < 0 || !may)
            continue;
        jsonw_object(w);
        e = write_summary(r, st, &x->at[sql_i64(st, C_FINDINGS + 1)], who, w, err);
        jsonw_end(w);
        n++;
    }
    buf_done(&ids);
    return MIN(e, 0);
}

static int write_by_rank(struct room *r, int64_t limit, const struct room_actor *who, struct jsonw *w, struct diag *err) {
    struct room_ranking x;
    struct str open = STR("open"), none = STR("");
    int64_t total = 0, unreadable = 0;
    int e = room_rank(r, &x, err);
    if (e < 0)
        return e;
    jsonw_object(w);
    jsonw_key(w, STR("incidents"));
    jsonw_array(w);
    e = write_ranked(r, &x, limit, who, w, err);
    jsonw_end(w);
    room_ranking_done(&x);
    if (e == 0)
        e = count_matching(r, open, none, &total, err);
    if (e == 0)
        e = count_unreadable(r, open, none, who, &unreadable, err);
    jsonw_ki64(w, "total", total - unreadable);
    jsonw_end(w);
    return e;
}

int room_incidents_write(struct room *r, const struct room_incident_query *q,
                         const struct room_actor *who, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct str state = q->state.n ? q->state : STR("open"), text = q->q.n ? q->q : STR("");
    int64_t total = 0, n = 0, unreadable = 0;
    if (q->ranked)
        return write_by_rank(r, q->limit, who, w, reterr);
    int e = count_matching(r, state, text, &total, reterr);
    if (e == 0)
        e = count_unreadable(r, state, text, who, &unreadable, reterr);
    total -= unreadable;
    if (e == 0)
        e = sql_query(r->db, &st, reterr,
                      str_eq_z(state, "all")
                          ? "SELECT " INCIDENT_COLUMNS " FROM incident i WHERE " OF_ALL MATCHES " AND i.id < ?3 ORDER BY i.id DESC"
                          : "SELECT " INCIDENT_COLUMNS " FROM incident i" BY_STATE " WHERE " OF_STATE MATCHES " AND i.id < ?3 ORDER BY i.id DESC",
                      "ssi", &state, &text, q->before ? q->before : INT64_MAX);
    jsonw_object(w);
    jsonw_key(w, STR("incidents"));
    jsonw_array(w);
    while (e == 0 && n < q->limit && (e = sql_step(st, reterr)) == 1) {
        bool may = false;
        e = readable(r, sql_i64(st, C_ID), who, &may, reterr);
        if (e < 0 || !may)
            continue;
        jsonw_object(w);
        e = write_summary(r, st, NULL, who, w, reterr);
        jsonw_end(w);
        n++;
    }
    jsonw_end(w);
    jsonw_ki64(w, "total", total);
    jsonw_end(w);
    return e;
}

/* One row of the ledger. `by` is a stored actor, "rule" for the rule of the params, or "" for none.
 */
struct ledger {
    struct jsonw *w;
    struct room *r;
    int64_t before_ns;
};

static void ledger_row(struct ledger *l, const char *code, int64_t at_ns, struct str by,
                       const char *key, struct str params, int64_t goal_s) {
    char standard[40];
    struct jsonw *w = l->w;
    jsonw_object(w);
    jsonw_kz(w, "code", code);
    jsonw_ktime(w, "at", at_ns);
    if (str_eq_z(by, "rule") && at_ns != TIME_NONE)
        room_text_raw(w, "by", STR("by.rule"), params);
    else
        room_by_text(l->r, w, "by", at_ns == TIME_NONE ? STR_NULL : by);
    snprintf(standard, sizeof standard, "ledger.%s", code);
    room_text_raw(w, "text", str_of(key ? key : standard), params.p ? params : STR("{}"));
    jsonw_key(w, STR("goal_s"));
    goal_s ? jsonw_i64(w, goal_s) : jsonw_null(w);
    jsonw_key(w, STR("gap_s"));
    if (at_ns != TIME_NONE && l->before_ns != TIME_NONE && at_ns >= l->before_ns)
        jsonw_double(w, (double) ((at_ns - l->before_ns) / NS_PER_MS) / 1000.0);
    else
        jsonw_null(w);
    jsonw_end(w);
    if (at_ns != TIME_NONE)
        l->before_ns = at_ns;
}

/* Which words say it, what they name, and in what time it should be; rows of CASE_TIMES. */
static int write_ledger(struct room *r, struct sql_stmt *st, struct jsonw *w, struct diag *err) {
    struct ledger l = {w, r, TIME_NONE};
    struct case_times t;
    struct arena a;
    arena_init(&a, 1 << 16);
    int e = case_times_read(r->db, sql_i64(st, C_ID), sql_i64(st, C_DRILL) != 0, &a, &t, err);
    struct buf rule;
    struct jsonw params;
    char n[48];
    bool dry = sql_is_null(st, C_CONTAINED_AT) && sql_i64(st, C_DRY_RUN_N) > 0;
    buf_init(&rule, 65536);
    jsonw_init(&params, &rule);
    jsonw_object(&params);
    room_rule_params(r, &params, "rule", sql_str(st, C_RULE_ID), sql_str(st, C_RULE_TITLE));
    jsonw_kstr(&params, "rule_id", sql_str(st, C_RULE_ID));
    jsonw_end(&params);
    snprintf(n, sizeof n, "{\"n\":%lld}",
             (long long) sql_i64(st, dry ? C_DRY_RUN_N : C_CONTAINED_N));
    const int64_t goals[CASE_TIME_MAX_] = {[CASE_NOTICED] = 60, [CASE_REACHED] = r->policy->person_within_s, [CASE_DECIDED] = r->policy->decide_within_s, [CASE_CONTAINED] = 60};
    const struct str told[CASE_TIME_MAX_] = {[CASE_NOTICED] = buf_str(&rule), [CASE_CONTAINED] = str_of(n)};
    jsonw_key(w, STR("ledger"));
    jsonw_array(w);
    for (int i = 0; e == 0 && i < CASE_TIME_MAX_; i++)
        ledger_row(&l, CASE_TIMES[i].key, t.at_ns[i], t.by[i], i == CASE_CONTAINED && dry ? "ledger.contained_dry_run" : NULL, told[i], goals[i]);
    jsonw_end(w);
    buf_done(&rule);
    arena_done(&a);
    return e;
}

/* What is found by looking back, whenever we were told: where it began in our own logs, and the
 * first rule that could have fired, quiet ones too. */
static int write_looked_back(struct room *r, struct sql_stmt *incident, struct jsonw *w,
                             struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int64_t id = sql_i64(incident, C_ID);
    int e = sql_query(r->db, &st, err,
                      "SELECT detected_at, rule_id, rule_title FROM finding WHERE incident_id = ?1 "
                      "ORDER BY detected_at, id LIMIT 1",
                      "i", id);
    if (e == 0)
        e = sql_step(st, err);
    jsonw_key(w, STR("looked_back"));
    jsonw_object(w);
    jsonw_ktime(w, "first_trace", time_at(incident, C_FIRST));
    jsonw_ktime(w, "rule_at", e == 1 ? sql_i64(st, 0) : TIME_NONE);
    if (e == 1) {
        room_rule_ref(r, w, "rule", sql_str(st, 1), sql_str(st, 2));
    } else {
        jsonw_key(w, STR("rule"));
        jsonw_null(w);
    }
    jsonw_end(w);
    return MIN(e, 0);
}

/* Open cases a person parted this one from, so that it can be taken back while both are open. */
static int write_parted(struct room *r, int64_t id, const struct room_actor *who, struct jsonw *w,
                        struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT i.id, i.number, i.version, i.title_key, i.title_params, "
                      "i.title_plain FROM apart a JOIN incident i ON i.id = CASE a.incident_id "
                      "WHEN ?1 THEN a.other_id ELSE a.incident_id END WHERE ?1 IN (a.incident_id, "
                      "a.other_id) AND i.state = 'open' ORDER BY i.id LIMIT 50",
                      "i", id);
    jsonw_key(w, STR("parted"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        bool may = false;
        e = readable(r, sql_i64(st, 0), who, &may, err);
        if (e < 0 || !may)
            continue;
        jsonw_object(w);
        jsonw_ki64(w, "id", sql_i64(st, 0));
        jsonw_kstr(w, "number", sql_str(st, 1));
        jsonw_ki64(w, "version", sql_i64(st, 2));
        room_text_or_plain(w, "title", st, 3);
        jsonw_end(w);
    }
    jsonw_end(w);
    return MIN(e, 0);
}

static void write_viewers(const struct room_viewer *v, size_t n, const struct room_actor *who,
                          struct jsonw *w) {
    jsonw_key(w, STR("viewers"));
    jsonw_array(w);
    for (size_t i = 0; i < n; i++) {
        jsonw_object(w);
        jsonw_kz(w, "name", v[i].name);
        jsonw_ktime(w, "since", v[i].since_ns);
        jsonw_kbool(w, "me", v[i].person == who->person);
        jsonw_end(w);
    }
    jsonw_end(w);
}

static int write_numbers(struct room *r, int64_t id, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT (SELECT count(*) FROM action WHERE incident_id = ?1 AND state IN "
                      "('proposed','sent','in_force','dry_run')), count(*), "
                      "coalesce(sum(evidence_n), 0) FROM finding WHERE incident_id = ?1",
                      "i", id);
    if (e == 0)
        e = sql_step(st, err);
    if (e == 1) {
        jsonw_ki64(w, "actions_open", sql_i64(st, 0));
        jsonw_ki64(w, "findings_n", sql_i64(st, 1));
        jsonw_ki64(w, "evidence_n", sql_i64(st, 2));
    }
    return e < 0 ? e : 0;
}

static int write_day_one(struct room *r, int64_t id, struct jsonw *w, struct diag *err) {
    struct room_day_one d = {0};
    int e = room_day_one(r, id, &d, err);
    jsonw_key(w, STR("day_one"));
    jsonw_object(w);
    jsonw_kz(w, "from", d.detection ? "detection" : "occurrence");
    jsonw_ktime(w, "at", room_day_start(&d, 1));
    jsonw_end(w);
    return e;
}

int room_incident_write(struct room *r, int64_t id, const struct room_actor *who,
                        const struct room_viewer *viewers, size_t n_viewers, struct jsonw *w,
                        struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct room_numbers numbers = {0};
    int e = sql_query(r->db, &st, reterr,
                      "SELECT " INCIDENT_COLUMNS " FROM incident i WHERE i.id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e <= 0)
        return e < 0 ? e : diag_set(reterr, -ENOENT, "no incident %lld", (long long) id);
    jsonw_object(w);
    e = write_summary(r, st, NULL, who, w, reterr);
    if (e == 0)
        e = room_false_alarm_write(r, id, w, reterr);
    if (e == 0)
        e = room_unread_write(r, id, who, w, reterr);
    if (e == 0)
        e = write_ledger(r, st, w, reterr);
    if (e == 0)
        e = write_looked_back(r, st, w, reterr);
    if (e == 0)
        e = write_parted(r, id, who, w, reterr);
    if (e == 0)
        e = room_merges_write(r, id, who, w, reterr);
    if (e == 0)
        e = write_day_one(r, id, w, reterr);
    if (e == 0)
        e = room_numbers(r, id, &numbers, reterr);
    if (e == 0)
        e = room_lanes_write(r, id, who, numbers.attacker, w, reterr);
    jsonw_key(w, STR("tasks"));
    jsonw_null(w);
    jsonw_key(w, STR("scope"));
    e == 0 ? jsonw_raw(w, numbers.scope) : jsonw_null(w);
    write_viewers(viewers, n_viewers, who, w);
    if (e == 0)
        e = write_numbers(r, id, w, reterr);
    jsonw_ktime(w, "now", room_now(r));
    jsonw_end(w);
    return e;
}
