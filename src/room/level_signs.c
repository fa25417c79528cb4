/* What proposes a level: tips from outside, and how many open cases of which level there are (content/levels, proposed_by). Each sign is a
 * reason that is told, and is used once: what was declined is not proposed again until something newer gives the sign. */
#include "room/level_priv.h"

#include "room/tip.h"

/* Services the case's findings name. */
int level_services_of(struct room *r, int64_t incident, struct arena *a, struct str *dst, size_t cap, size_t *n, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT DISTINCT v.value FROM finding f CROSS JOIN finding_value v ON v.finding_id = f.id WHERE f.incident_id = ?1 AND v.kind = 'service' AND v.value <> '' "
                      "ORDER BY 1 LIMIT ?2",
                      "ii", incident, (int64_t) cap);
    while (e >= 0 && (e = sql_step(st, err)) == 1)
        if (!(dst[(*n)++] = arena_dup(a, sql_str(st, 0))).p)
            return diag_set(err, -ENOMEM, "memory has run out");
    return MIN(e, 0);
}

static int propose(struct room *r, const struct room_level_new *x, const char *origin, struct diag *err) {
    int64_t id;
    int e = room_begin(r, err);
    if (e < 0)
        return e;
    e = level_insert(r, &room_system, x, origin, &id, err);
    if (e == 0 && x->incident) /* a tip's waits until somebody puts it: that makes a case of the tip */
        e = level_ask(r, &room_system, id, err);
    return room_end(r, e, err);
}

/* Whether it was said already: as much waits or stands, or was declined or lowered about this case, or when nothing newer had come. */
static int settled(struct room *r, int64_t rank, int64_t newest, bool *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT 1 FROM alert_level WHERE rank >= ?1 AND (state IN ('asked','in_force') OR sign >= ?2 OR incident_id >= ?2) LIMIT 1", "ii", rank, newest);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1;
    return MIN(e, 0);
}

/* ---- open cases ---- */

/* The newest cases of this level or above, as many as the sign wants; those few may know of count for nobody. */
static int read_cases(struct room *r, const struct level_sign *s, int64_t *ret_n, int64_t *ret_newest, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT count(*), max(id) FROM (SELECT id FROM incident WHERE state = 'open' AND need_to_know = 0 AND tlp <> 'RED' AND drill = 0 AND (level = 'critical' OR level = "
                      "?1 OR ?1 = 'medium' AND level = 'high') ORDER BY id DESC LIMIT ?2)",
                      "si", &s->at, s->cases);
    if (e == 0)
        e = sql_step(st, err);
    if (e == 1) {
        *ret_n = sql_i64(st, 0);
        *ret_newest = sql_is_null(st, 1) ? 0 : sql_i64(st, 1);
    }
    return MIN(e, 0);
}

static int propose_cases(struct room *r, size_t at, const struct level_sign *s, int64_t newest, struct diag *err) {
    struct str services[LEVEL_SERVICES_MAX];
    struct arena a;
    arena_init(&a, 1 << 20);
    struct room_level_new x = {.level = r->plans.levels[at].name, .incident = newest, .services = services, .sign = newest,
                               .reason = arena_printf(&a, "%.*s: %lld+", STR_ARG(s->at), (long long) s->cases)};
    int e = x.reason.p ? level_services_of(r, newest, &a, services, LEVEL_SERVICES_MAX, &x.n_services, err) : diag_set(err, -ENOMEM, "memory has run out");
    if (e == 0)
        e = propose(r, &x, "cases", err);
    arena_done(&a);
    return e;
}

/* The highest whose sign is there. */
static int by_cases(struct room *r, struct diag *err) {
    int e = 0;
    for (size_t i = r->plans.n_levels; e == 0 && i-- > 0;) {
        const struct alert_level *l = &r->plans.levels[i];
        for (size_t k = 0; e == 0 && k < l->n_signs; k++) {
            int64_t n = 0, newest = 0;
            bool done = false;
            if (l->signs[k].tip)
                continue;
            e = read_cases(r, &l->signs[k], &n, &newest, err);
            if (e < 0 || n < l->signs[k].cases)
                continue;
            e = settled(r, (int64_t) i + 1, newest, &done, err);
            return e < 0 || done ? e : propose_cases(r, i, &l->signs[k], newest, err);
        }
    }
    return e;
}

/* ---- tips ---- */

static int propose_tip(struct room *r, const struct alert_level *l, int64_t tip, struct str number, struct str text, struct diag *err) {
    struct str services[LEVEL_SERVICES_MAX];
    struct arena a;
    arena_init(&a, (size_t) 64 << 20);
    struct room_level_new x = {.level = l->name, .tip = tip, .services = services, .reason = number};
    int e = room_tip_names(r, text, &a, services, LEVEL_SERVICES_MAX, &x.n_services, err);
    if (e == 0)
        e = propose(r, &x, "tip", err);
    arena_done(&a);
    return e;
}

static int by_tips(struct room *r, struct diag *err) {
    const struct alert_level *l = NULL;
    for (size_t i = 0; !l && i < r->plans.n_levels; i++)
        for (size_t k = 0; !l && k < r->plans.levels[i].n_signs; k++)
            if (r->plans.levels[i].signs[k].tip)
                l = &r->plans.levels[i];
    if (!l)
        return 0;
    struct sql_stmt *st = NULL;
    struct str number = STR(""), text = STR("");
    struct arena a;
    int64_t tip = 0;
    arena_init(&a, 1 << 20);
    int e = sql_query(r->db, &st, err,
                      "SELECT t.id, t.number, t.text FROM tip t WHERE t.state IN ('new','taken','case') AND t.received_at > ?1 AND NOT EXISTS (SELECT 1 FROM alert_level l WHERE "
                      "l.tip_id = t.id) ORDER BY t.id LIMIT 1",
                      "i", room_now(r) - LEVEL_TIP_HOURS * NS_PER_HOUR);
    if (e == 0 && (e = sql_step(st, err)) == 1) {
        tip = sql_i64(st, 0);
        number = arena_dup(&a, sql_str(st, 1));
        text = arena_dup(&a, sql_str(st, 2));
    }
    sql_end(st);
    if (e >= 0 && tip)
        e = number.p && text.p ? propose_tip(r, l, tip, number, text, err) : diag_set(err, -ENOMEM, "memory has run out");
    arena_done(&a);
    return MIN(e, 0);
}

int level_signs_tick(struct room *r, struct diag *err) {
    int e = by_tips(r, err);
    return e < 0 ? e : by_cases(r, err);
}
