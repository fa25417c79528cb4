#include "room/rank.h"

#include "base/mem.h"
#include "room/incident_priv.h"
#include "room/register_priv.h"

#include <stdlib.h>

static const char *const parts[RANK_PART_MAX_] = {"rank.level", "rank.importance", "rank.stolen", "rank.unseen", "rank.known", "rank.false_alarm", "rank.false_alarm_rule"};

/* ---- reading ---- */

struct ranking {
    struct room *r;
    struct room_ranking *ret;
    struct map by_id;      /* "12" -> struct room_ranked */
    struct register_rows systems;
};

static const struct room_known_case *known_of(const struct room *r, struct str kind) {
    for (size_t i = 0; i < r->case_rules.n_known; i++)
        for (size_t k = 0; k < r->case_rules.known[i].n_kinds; k++)
            if (str_eq(r->case_rules.known[i].kinds[k], kind))
                return &r->case_rules.known[i];
    return NULL;
}

#define ALARMS_LIKE "FROM false_alarm a WHERE a.undone_at IS NULL AND a.rule_id = i.rule_id AND a.incident_id <> i.id"

static int read_cases(struct ranking *x, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(x->r->db, &st, err,
                      "SELECT i.id, i.level, i.kind, i.stolen_n, i.person_at IS NULL, "
                      "(SELECT max(a.id) " ALARMS_LIKE " AND EXISTS (SELECT 1 FROM finding f CROSS JOIN finding_value v ON v.finding_id = f.id AND "
                      "v.kind = 'service' AND v.value = a.service WHERE f.incident_id = i.id)), (SELECT max(a.id) " ALARMS_LIKE ") "
                      "FROM incident i INDEXED BY incident_by_state_id WHERE i.state = 'open' ORDER BY i.id DESC LIMIT ?1",
                      "i", (int64_t) RANKED_MAX);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        struct room_ranked *k = &x->ret->at[x->ret->n++];
        union map_value *v;
        char key[24];
        int level = rule_level_from_string(sql_str(st, 1)), n = snprintf(key, sizeof key, "%lld", (long long) sql_i64(st, 0));
        bool same = !sql_is_null(st, 5);
        *k = (struct room_ranked){.incident = sql_i64(st, 0), .level = (enum rule_level) MAX(level, 0), .known = known_of(x->r, sql_str(st, 2)),
                                  .stolen = sql_i64(st, 3), .alarm = same ? sql_i64(st, 5) : sql_i64(st, 6)};
        const struct room_rank_rules *p = &x->r->case_rules.rank;
        k->part[RANK_LEVEL] = p->level[k->level];
        k->part[RANK_STOLEN] = k->stolen ? p->stolen : 0;
        k->part[RANK_UNSEEN] = sql_i64(st, 4) ? p->unseen : 0;
        k->part[RANK_KNOWN] = k->known ? p->known : 0;
        k->part[RANK_FALSE_ALARM] = same ? p->false_alarm : 0;
        k->part[RANK_FALSE_ALARM_RULE] = !same && k->alarm ? p->false_alarm_rule : 0;
        e = map_add(&x->by_id, str_n(key, (size_t) n), &v, NULL);
        if (e == 0)
            v->ptr = k;
    }
    return e;
}

/* The most important service of each; a service that is in no register, or that nobody judged, is of unknown importance. */
static int read_services(struct ranking *x, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(x->r->db, &st, err,
                      "SELECT DISTINCT i.id, v.value FROM incident i INDEXED BY incident_by_state_id CROSS JOIN finding f ON f.incident_id = i.id CROSS JOIN "
                      "finding_value v ON v.finding_id = f.id AND v.kind = 'service' WHERE i.state = 'open' ORDER BY i.id DESC, v.value", "");
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        char key[24];
        int n = snprintf(key, sizeof key, "%lld", (long long) sql_i64(st, 0));
        struct room_ranked *k = map_get(&x->by_id, str_n(key, (size_t) n));
        const struct register_row *row = register_rows_find(&x->systems, sql_str(st, 1));
        enum room_importance is = row && row->active ? room_importance_from_string(register_value(row->values, STR("importance"))) : IMPORTANCE_UNKNOWN;
        int64_t points = x->r->case_rules.rank.importance[is];
        e = 0;
        if (!k || (k->service[0] && points <= k->part[RANK_IMPORTANCE]))
            continue;
        k->part[RANK_IMPORTANCE] = points;
        k->importance = is;
        snprintf(k->service, sizeof k->service, "%.*s", STR_ARG(sql_str(st, 1)));
    }
    return e;
}

static int by_points(const void *a, const void *b) {
    const struct room_ranked *x = a, *y = b;
    if (x->points != y->points)
        return x->points < y->points ? 1 : -1;
    return x->incident < y->incident ? 1 : -1;
}

int room_rank(struct room *r, struct room_ranking *ret, struct diag *reterr) {
    struct ranking x = {.r = r, .ret = ret};
    *ret = (struct room_ranking){.at = mem_zalloc(RANKED_MAX * sizeof *ret->at)};
    if (!ret->at)
        return diag_set(reterr, -ENOMEM, "memory has run out");
    map_init(&x.by_id, RANKED_MAX, 0);
    int e = register_rows_load(r, STR("systems"), &x.systems, reterr);
    if (e == 0)
        e = read_cases(&x, reterr);
    if (e == 0)
        e = read_services(&x, reterr);
    for (size_t i = 0; i < ret->n; i++)
        for (int k = 0; k < RANK_PART_MAX_; k++)
            ret->at[i].points += ret->at[i].part[k];
    if (ret->n)
        qsort(ret->at, ret->n, sizeof *ret->at, by_points);
    register_rows_done(&x.systems);
    map_done(&x.by_id);
    if (e < 0)
        room_ranking_done(ret);
    return e;
}

void room_ranking_done(struct room_ranking *x) {
    mem_free(x->at);
    *x = (struct room_ranking){0};
}

/* ---- telling ---- */

static void write_part(const struct room_ranked *x, enum room_rank_part part, struct jsonw *w) {
    jsonw_object(w);
    jsonw_key(w, STR("text"));
    jsonw_object(w);
    jsonw_kz(w, "key", parts[part]);
    jsonw_key(w, STR("params"));
    jsonw_object(w);
    if (part == RANK_LEVEL)
        jsonw_kz(w, "level", rule_level_to_string(x->level));
    if (part == RANK_IMPORTANCE) {
        jsonw_kz(w, "importance", room_importance_to_string(x->importance));
        jsonw_kz(w, "service", x->service[0] ? x->service : NULL);
    }
    if (part == RANK_STOLEN)
        jsonw_ki64(w, "n", x->stolen);
    if (part == RANK_KNOWN)
        room_words_params(w, "known", &x->known->title);
    jsonw_end(w);
    jsonw_end(w);
    jsonw_ki64(w, "points", x->part[part]);
    jsonw_end(w);
}

static int write_alarm(struct room *r, int64_t id, const struct room_actor *who, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT a.incident_id, i.number, a.reason FROM false_alarm a JOIN incident i ON i.id = a.incident_id WHERE a.id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, err);
    int may = e == 1 ? room_may_read(r, who, OBJECT_INCIDENT, sql_i64(st, 0), err) : 0;
    jsonw_key(w, STR("false_alarm"));
    if (may == 1) {
        jsonw_object(w);
        jsonw_ki64(w, "incident", sql_i64(st, 0));
        jsonw_kstr(w, "number", sql_str(st, 1));
        jsonw_kstr(w, "reason", sql_str(st, 2));
        jsonw_end(w);
    } else {
        jsonw_null(w);
    }
    return e < 0 ? e : MIN(may, 0);
}

int room_rank_write(struct room *r, const struct room_ranked *x, const struct room_actor *who, struct jsonw *w, struct diag *reterr) {
    jsonw_key(w, STR("rank"));
    if (!x || !r->case_rules.rank.set) {
        jsonw_null(w);
        return 0;
    }
    jsonw_object(w);
    jsonw_ki64(w, "points", x->points);
    jsonw_key(w, STR("parts"));
    jsonw_array(w);
    for (int k = 0; k < RANK_PART_MAX_; k++)
        if (x->part[k])
            write_part(x, (enum room_rank_part) k, w);
    jsonw_end(w);
    int e = 0;
    if (x->alarm) {
        e = write_alarm(r, x->alarm, who, w, reterr);
    } else {
        jsonw_key(w, STR("false_alarm"));
        jsonw_null(w);
    }
    jsonw_end(w);
    return e;
}

/* ---- how long people looked ---- */

#define LATEST 200 /* decided cases */

int room_triage_write(struct room *r, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int64_t cases = 0;
    int e = sql_query(r->db, &st, reterr,
                      "WITH looked AS MATERIALIZED (SELECT id, rule_id, rule_title, decision_at - person_at AS took FROM incident INDEXED BY incident_by_decision "
                      "WHERE decision_at IS NOT NULL AND person_at IS NOT NULL AND decision_at >= person_at AND need_to_know = 0 AND tlp <> 'RED' "
                      "ORDER BY decision_at DESC LIMIT ?1) "
                      "SELECT rule_id, max(rule_title), count(*), sum((SELECT count(*) FROM finding f WHERE f.incident_id = looked.id)), "
                      "sum((SELECT count(*) FROM false_alarm a WHERE a.incident_id = looked.id AND a.undone_at IS NULL)), sum(took) "
                      "FROM looked GROUP BY rule_id ORDER BY sum(took) DESC, rule_id LIMIT 50", "i", (int64_t) LATEST);
    jsonw_object(w);
    jsonw_key(w, STR("rules"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, reterr)) == 1) {
        int64_t n = sql_i64(st, 3);
        double minutes = (double) (sql_i64(st, 5) / NS_PER_S) / 60.0;
        jsonw_object(w);
        room_rule_ref(r, w, "rule", sql_str(st, 0), sql_str(st, 1));
        jsonw_ki64(w, "cases", sql_i64(st, 2));
        jsonw_ki64(w, "findings", n);
        jsonw_ki64(w, "false_alarms", sql_i64(st, 4));
        jsonw_key(w, STR("minutes"));
        jsonw_double(w, minutes);
        jsonw_key(w, STR("minutes_a_finding"));
        n ? jsonw_double(w, minutes / (double) n) : jsonw_null(w);
        jsonw_end(w);
        cases += sql_i64(st, 2);
        e = 0;
    }
    jsonw_end(w);
    jsonw_ki64(w, "cases", cases);
    jsonw_end(w);
    return e;
}
