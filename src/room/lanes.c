#include "room/lanes.h"

#include "base/mem.h"
#include "room/gap.h"
#include "room/incident_priv.h"
#include "room/timeline.h"

#define BARS_MAX 120 /* bars a lane can still show */
#define ITEMS_MAX 4000 /* of one case: more cannot be told apart in a picture */
#define GAPS_MAX 200

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
        jsonw_key(w, STR("side"));
        jsonw_null(w);
        jsonw_key(w, STR("actor"));
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
    jsonw_key(w, STR("side"));
    jsonw_null(w);
    jsonw_key(w, STR("actor"));
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

/* ---- the lanes ---- */

struct drawn {
    struct room_lane lane;
    struct buf items;
    struct jsonw w;
    struct room_act *acts; /* what counts as somebody acting */
    size_t n, n_acts, cap;
};
struct drawing {
    struct room *r;
    const struct room_actor *who;
    int64_t incident;
    struct drawn lanes[ROOM_LANES_MAX];
    size_t n_lanes;
};

static bool among(const struct str *words, size_t n, struct str s) {
    for (size_t i = 0; i < n; i++)
        if (str_eq(words[i], s))
            return true;
    return false;
}

/* 5: text key, 10: source, 2: kind, 3: planned */
static bool is_act(const struct room_gap_rules *g, struct sql_stmt *st) {
    int kind = room_entry_kind_from_string(sql_str(st, 2));
    struct str key = sql_str(st, 5);
    if (kind < 0 || sql_i64(st, 3))
        return false;
    if (str_eq_z(sql_str(st, 10), "person"))
        return g->by_person & 1u << kind;
    return (g->by_machine & 1u << kind && !among(g->but_not, g->n_but_not, key)) || among(g->also, g->n_also, key);
}

static int side_of(struct sql_stmt *st, int column) {
    return sql_is_null(st, column) ? 0 : str_eq_z(sql_str(st, column), "after") ? 1 : -1;
}

static int add_act(struct drawn *d, struct sql_stmt *st, struct diag *err) {
    int e = mem_grow((void **) &d->acts, &d->cap, d->n_acts + 1, ITEMS_MAX, sizeof *d->acts);
    if (e < 0)
        return diag_set(err, e, "memory has run out");
    d->acts[d->n_acts++] = room_act_of(sql_i64(st, 0), sql_is_null(st, 1) ? TIME_NONE : sql_i64(st, 1), sql_is_null(st, 4) ? -1 : sql_i64(st, 4),
                                       side_of(st, 11));
    return 0;
}

static int write_item(struct drawing *x, struct jsonw *w, struct sql_stmt *st, struct diag *err) {
    jsonw_object(w);
    jsonw_ktime(w, "at", sql_i64(st, 0));
    jsonw_ktime(w, "until", sql_is_null(st, 1) ? TIME_NONE : sql_i64(st, 1));
    jsonw_kstr(w, "kind", sql_str(st, 2));
    jsonw_kbool(w, "planned", sql_i64(st, 3) != 0);
    jsonw_key(w, STR("precision_s"));
    sql_is_null(st, 4) ? jsonw_null(w) : jsonw_i64(w, sql_i64(st, 4));
    jsonw_key(w, STR("side"));
    sql_is_null(st, 11) ? jsonw_null(w) : jsonw_str(w, sql_str(st, 11));
    jsonw_key(w, STR("actor"));
    sql_is_null(st, 12) ? jsonw_null(w) : jsonw_str(w, sql_str(st, 12));
    jsonw_key(w, STR("need"));
    jsonw_null(w);
    int e = room_entry_text(x->r, x->who, w, "text", st, 5, err);
    jsonw_key(w, STR("ref"));
    sql_is_null(st, 8) ? jsonw_null(w) : jsonw_str(w, sql_str(st, 8));
    jsonw_end(w);
    return e;
}

static struct drawn *lane_of(struct drawing *x, struct str code) {
    for (size_t i = 0; i < x->n_lanes; i++)
        if (str_eq_z(code, x->lanes[i].lane.code))
            return &x->lanes[i];
    return NULL;
}

/* One question for all lanes, however many a case has. */
static int read_items(struct drawing *x, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(x->r->db, &st, err,
                      "SELECT at, until_at, kind, planned, precision_s, text_key, params, plain, ref, lane, source, side, actor "
                      "FROM timeline WHERE incident_id = ?1 ORDER BY at, id LIMIT ?2",
                      "ii", x->incident, (int64_t) ITEMS_MAX);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        struct drawn *d = lane_of(x, sql_str(st, 9));
        e = 0;
        if (!d)
            continue;
        e = write_item(x, &d->w, st, err);
        d->n++;
        if (e == 0 && is_act(&x->r->case_rules.gaps, st))
            e = add_act(d, st, err);
    }
    return e;
}

/* ---- gaps ---- */

static void write_gap(struct jsonw *w, const char *lane, const char *name, const struct room_gap *g) {
    jsonw_object(w);
    jsonw_kz(w, "lane", lane); /* null: in no lane at all */
    jsonw_kz(w, "lane_name", name && name[0] ? name : NULL);
    jsonw_ktime(w, "from", g->from_ns);
    jsonw_ktime(w, "to", g->to_ns);
    jsonw_ki64(w, "minutes", g->counted_s / 60);
    jsonw_kbool(w, "open", g->open);
    jsonw_kbool(w, "at_least", g->at_least);
    jsonw_ki64(w, "perhaps", g->perhaps);
    jsonw_end(w);
}

static int span_of(struct room *r, int64_t incident, struct room_gap_span *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT min(coalesce(rule_at, opened_at), opened_at), closed_at, level FROM incident WHERE id = ?1", "i", incident);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e;
    int level = rule_level_from_string(sql_str(st, 2));
    *ret = (struct room_gap_span){.from_ns = sql_i64(st, 0), .to_ns = sql_is_null(st, 1) ? room_now(r) : sql_i64(st, 1), .open = sql_is_null(st, 1),
                                  .at_least_s = r->case_rules.gaps.at_least_s[MAX(level, 0)], .leave_nights_out = r->case_rules.gaps.leave_nights_out};
    return 0;
}

/* Lanes that have nothing in them were asked for nothing: they are no gap. */
static int write_gaps(struct drawing *x, struct jsonw *w, struct diag *err) {
    const struct room_gap_rules *g = &x->r->case_rules.gaps;
    struct room_gap gaps[GAPS_MAX];
    struct room_gap_span s = {0};
    struct room_act *all = NULL;
    size_t cap = 0, n_all = 0;
    int e = span_of(x->r, x->incident, &s, err);
    jsonw_key(w, STR("gaps"));
    jsonw_array(w);
    for (size_t i = 0; e == 0 && i < x->n_lanes; i++) {
        struct drawn *d = &x->lanes[i];
        if (d->n == 0 || among(g->lanes_not, g->n_lanes_not, str_of(d->lane.code)))
            continue;
        e = d->n_acts ? mem_grow((void **) &all, &cap, n_all + d->n_acts, ROOM_LANES_MAX * ITEMS_MAX, sizeof *all) : 0;
        if (e == 0 && d->n_acts)
            memcpy(all + n_all, d->acts, d->n_acts * sizeof *all);
        n_all += e == 0 ? d->n_acts : 0;
        size_t n = room_gaps(d->acts, d->n_acts, &s, gaps, GAPS_MAX);
        for (size_t k = 0; e == 0 && k < n; k++)
            write_gap(w, d->lane.code, d->lane.name, &gaps[k]);
    }
    size_t n = e == 0 ? room_gaps(all, n_all, &s, gaps, GAPS_MAX) : 0;
    for (size_t k = 0; k < n; k++)
        write_gap(w, NULL, NULL, &gaps[k]);
    jsonw_end(w);
    jsonw_key(w, STR("gap_rule"));
    jsonw_object(w);
    jsonw_ki64(w, "minutes", s.at_least_s / 60);
    jsonw_kbool(w, "nights", !s.leave_nights_out);
    jsonw_end(w);
    mem_free(all);
    return e == -ENOMEM ? diag_set(err, e, "memory has run out") : e;
}

static void write_lane(struct drawn *d, struct str attacker, struct jsonw *w) {
    bool attack = strcmp(d->lane.code, "attacker") == 0;
    jsonw_object(w);
    jsonw_kz(w, "code", d->lane.code);
    jsonw_kz(w, "name", d->lane.name[0] ? d->lane.name : NULL);
    jsonw_key(w, STR("items"));
    jsonw_array(w);
    if (attack && attacker.n)
        jsonw_raw(w, attacker);
    if (d->items.n > 1) /* behind its own bracket, which stays open */
        jsonw_raw(w, str_from(buf_str(&d->items), 1));
    jsonw_end(w);
    jsonw_end(w);
}

static int list_lanes(struct drawing *x, struct diag *err) {
    struct room_lane lanes[ROOM_LANES_MAX];
    int e = room_lanes_list(x->r, x->incident, lanes, &x->n_lanes, err);
    for (size_t i = 0; e == 0 && i < x->n_lanes; i++) {
        struct drawn *d = &x->lanes[i];
        d->lane = lanes[i];
        buf_init(&d->items, 16 << 20);
        jsonw_init(&d->w, &d->items);
        jsonw_array(&d->w);
    }
    return e;
}

int room_lanes_write(struct room *r, int64_t incident, const struct room_actor *who, struct str attacker, struct jsonw *w,
                     struct diag *reterr) {
    struct drawing *x = mem_zalloc(sizeof *x);
    if (!x)
        return diag_set(reterr, -ENOMEM, "memory has run out");
    x->r = r;
    x->who = who;
    x->incident = incident;
    int e = list_lanes(x, reterr);
    if (e == 0)
        e = read_items(x, reterr);
    struct drawn *csirt = e == 0 ? lane_of(x, STR("ciso_csirt")) : NULL;
    if (csirt)
        e = write_waiting(r, incident, &csirt->w, reterr);
    jsonw_key(w, STR("lanes"));
    jsonw_array(w);
    for (size_t i = 0; e == 0 && i < x->n_lanes; i++) {
        e = buf_error(&x->lanes[i].items);
        write_lane(&x->lanes[i], attacker, w);
    }
    jsonw_end(w);
    if (e == 0)
        e = write_gaps(x, w, reterr);
    for (size_t i = 0; i < x->n_lanes; i++) {
        buf_done(&x->lanes[i].items);
        mem_free(x->lanes[i].acts);
    }
    mem_free(x);
    return e;
}
