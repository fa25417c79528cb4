/* See tightening.h. Lists are JSON arrays of texts in their columns; a person reads them in the chain, SQL looks into them. */
#include "room/tightening.h"

#include "base/hash.h"
#include "room/finding.h"
#include "room/incident_priv.h"

#define FACTOR_DEFAULT 200

static int no_memory(struct diag *err) {
    return diag_set(err, -ENOMEM, "memory has run out");
}

static struct str list_json(struct arena *a, const struct str *at, size_t n) {
    struct buf b;
    struct jsonw w;
    buf_init(&b, 256 * 1024);
    jsonw_init(&w, &b);
    jsonw_array(&w);
    for (size_t i = 0; i < n; i++)
        jsonw_str(&w, at[i]);
    jsonw_end(&w);
    struct str s = buf_error(&b) ? STR_NULL : arena_dup(a, buf_str(&b));
    buf_done(&b);
    return s;
}

static int good_list(const struct str *at, size_t n, const char *what, struct diag *err) {
    if (n > TIGHTENING_TARGETS_MAX)
        return diag_set(err, -EINVAL, "%s", what);
    for (size_t i = 0; i < n; i++)
        if (!at[i].n || at[i].n > 300)
            return diag_set(err, -EINVAL, "%s", what);
    return 0;
}

static int note(struct room *r, const struct room_actor *by, int64_t incident, int64_t id, const char *key, struct str reason, int64_t until, struct diag *err) {
    struct buf params;
    struct jsonw w;
    char ref[40];
    room_changed(r, "tightening", id);
    room_changed(r, "now", 0);
    if (!incident)
        return 0;
    buf_init(&params, 16384);
    jsonw_init(&w, &params);
    jsonw_object(&w);
    jsonw_kstr(&w, "reason", reason);
    jsonw_ktime(&w, "until", until);
    jsonw_kz(&w, "name", by->name);
    jsonw_end(&w);
    int len = snprintf(ref, sizeof ref, "tightening:%lld", (long long) id);
    struct room_entry x = {.incident = incident, .at_ns = room_now(r), .until_ns = TIME_NONE, .lane = "it_ops", .kind = "action", .key = key, .ref = str_n(ref, (size_t) len), .precision_s = -1};
    return room_timeline_entry(r, by, &x, &params, err);
}

/* ---- begun ---- */

static int check(const struct room_tightening_new *x, int64_t factor, int64_t now, int64_t until, int64_t review, struct diag *err) {
    int e = good_list(x->services, x->n_services, "services", err);
    if (e == 0)
        e = good_list(x->hosts, x->n_hosts, "hosts", err);
    if (e == 0)
        e = good_list(x->kinds, x->n_kinds, "kinds", err);
    if (e == 0)
        e = good_list(x->sets, x->n_sets, "sets", err);
    if (e == 0)
        e = good_list(x->sources, x->n_sources, "sources", err);
    if (e < 0)
        return e;
    if (x->n_services + x->n_hosts + x->n_sets == 0)
        return diag_set(err, -EINVAL, "services");
    if (!str_trim(x->reason).n || x->reason.n > 1000)
        return diag_set(err, -EINVAL, "reason");
    if (factor <= 100 || factor > TIGHTENING_FACTOR_MAX)
        return diag_set(err, -EINVAL, "factor");
    if (until <= now || until > now + TIGHTENING_DAYS_MAX * NS_PER_DAY)
        return diag_set(err, -EINVAL, "until");
    return review <= now || review > until ? diag_set(err, -EINVAL, "review") : 0;
}

static int count_open(struct room *r, int64_t *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT count(*) FROM tightening WHERE state = 'in_force'", "");
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return MIN(e, 0);
}

static int start(struct room *r, const struct room_actor *by, const struct room_tightening_new *x, int64_t *ret_id, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_TIGHTENING, .tlp = TLP_AMBER, .incident = x->incident, .owner = by->person};
    int64_t now = room_now(r), factor = x->factor ? x->factor : FACTOR_DEFAULT, until = x->until_ns ? x->until_ns : now + TIGHTENING_WATCH_DAYS * NS_PER_DAY;
    int64_t review = x->review_ns ? x->review_ns : now + (until - now) / 2, open = 0;
    struct arena a;
    int e = check(x, factor, now, until, review, err);
    if (e == 0)
        e = count_open(r, &open, err);
    if (e == 0 && open >= TIGHTENING_OPEN_MAX)
        e = diag_set(err, -ERR_LIMIT, "at most %d are in force at once; end one that is no longer wanted", TIGHTENING_OPEN_MAX);
    if (e < 0)
        return e;
    arena_init(&a, (size_t) 4 << 20);
    struct str services = list_json(&a, x->services, x->n_services), hosts = list_json(&a, x->hosts, x->n_hosts), kinds = list_json(&a, x->kinds, x->n_kinds);
    struct str sets = list_json(&a, x->sets, x->n_sets), sources = list_json(&a, x->sources, x->n_sources);
    e = services.p && hosts.p && kinds.p && sets.p && sources.p ? 0 : no_memory(err);
    if (e == 0)
        e = room_write(r, &w, ret_id, err,
                       "INSERT INTO tightening(incident_id, use, services, hosts, kinds, sets, sources, factor, reason, from_at, until_at, review_at) VALUES (?1, ?2, ?3, ?4, "
                       "?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
                       "IzsssssisIii", x->incident ? &x->incident : NULL, x->use, &services, &hosts, &kinds, &sets, &sources, factor, &x->reason, &now, until, review);
    arena_done(&a);
    return e < 0 ? e : note(r, by, x->incident, *ret_id, "event.tightened", x->reason, until, err);
}

int room_tightening_start(struct room *r, const struct room_actor *by, const struct room_tightening_new *x, int64_t *ret_id, struct diag *reterr) {
    if (r->in_tx)
        return start(r, by, x, ret_id, reterr);
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, start(r, by, x, ret_id, reterr), reterr);
}

/* ---- after recovery ---- */

static int collect(struct room *r, const char *sql, int64_t incident, struct arena *a, struct str *dst, size_t *ret_n, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, sql, "i", incident);
    *ret_n = 0;
    while (e >= 0 && *ret_n < TIGHTENING_TARGETS_MAX && (e = sql_step(st, err)) == 1) {
        dst[*ret_n] = arena_dup(a, sql_str(st, 0));
        if (!dst[(*ret_n)++].p)
            return no_memory(err);
    }
    return MIN(e, 0);
}

int room_tightening_watch(struct room *r, const struct room_actor *by, int64_t incident, int64_t days, int64_t *ret_id, struct diag *reterr) {
    static const char services_sql[] = "SELECT DISTINCT v.value FROM finding f JOIN finding_value v ON v.finding_id = f.id WHERE f.incident_id = ?1 AND v.kind = 'service' AND v.value <> '' ORDER BY 1";
    static const char hosts_sql[] = "SELECT DISTINCT v.value FROM finding f JOIN finding_value v ON v.finding_id = f.id WHERE f.incident_id = ?1 AND v.kind = 'host' AND v.is_group = 1 AND v.value <> '' ORDER BY 1";
    static const char kinds_sql[] = "SELECT DISTINCT kind FROM finding WHERE incident_id = ?1 AND kind <> '' ORDER BY 1";
    struct str services[TIGHTENING_TARGETS_MAX], hosts[TIGHTENING_TARGETS_MAX], kinds[TIGHTENING_TARGETS_MAX];
    struct room_tightening_new x = {.use = "watch", .incident = incident, .services = services, .hosts = hosts, .kinds = kinds, .reason = STR("復旧後の重点監視 / watch after recovery")};
    struct arena a;
    if (days < 0 || days > TIGHTENING_DAYS_MAX)
        return diag_set(reterr, -EINVAL, "days");
    arena_init(&a, (size_t) 1 << 20);
    int e = collect(r, services_sql, incident, &a, services, &x.n_services, reterr);
    if (e == 0)
        e = collect(r, hosts_sql, incident, &a, hosts, &x.n_hosts, reterr);
    if (e == 0)
        e = collect(r, kinds_sql, incident, &a, kinds, &x.n_kinds, reterr);
    if (e == 0 && x.n_services + x.n_hosts == 0)
        e = diag_set(reterr, -ENOENT, "no finding of the case names a service or a host");
    x.until_ns = room_now(r) + (days ? days : TIGHTENING_WATCH_DAYS) * NS_PER_DAY;
    if (e == 0)
        e = room_tightening_start(r, by, &x, ret_id, reterr);
    arena_done(&a);
    return e;
}

/* ---- reviewed, ended ---- */

struct tightening_row {
    int64_t incident;
    bool in_force;
};

static int load(struct room *r, int64_t id, struct tightening_row *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT incident_id, state = 'in_force' FROM tightening WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : diag_set(err, -ENOENT, "no tightening %lld", (long long) id);
    *ret = (struct tightening_row){sql_i64(st, 0), sql_i64(st, 1) != 0};
    return 0;
}

/* Asked after the write: whoever saw an older version is told that first. */
static int still(const struct tightening_row *t, struct diag *err) {
    return t->in_force ? 0 : diag_set(err, -EBUSY, "ended");
}

int room_tightening_review(struct room *r, const struct room_actor *by, int64_t id, int64_t version, int64_t until_ns, int64_t review_ns, struct str why, struct diag *reterr) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_TIGHTENING, .id = id, .version = version};
    struct tightening_row t;
    int64_t now = room_now(r);
    int64_t review = review_ns ? review_ns : now + (until_ns - now) / 2;
    if (until_ns <= now || until_ns > now + TIGHTENING_DAYS_MAX * NS_PER_DAY)
        return diag_set(reterr, -EINVAL, "until");
    if (review <= now || review > until_ns)
        return diag_set(reterr, -EINVAL, "review");
    if (!str_trim(why).n || why.n > 1000)
        return diag_set(reterr, -EINVAL, "reason");
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = load(r, id, &t, reterr);
    if (e == 0)
        e = room_write(r, &w, NULL, reterr, "UPDATE tightening SET until_at = ?2, review_at = ?3, reviewed = ?4 WHERE id = ?1", "iiis", id, until_ns, review, &why);
    if (e == 0)
        e = still(&t, reterr);
    if (e == 0)
        e = note(r, by, t.incident, id, "event.tightening_reviewed", why, until_ns, reterr);
    return room_end(r, e, reterr);
}

/* In the caller's transaction. */
static int end(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct str why, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_TIGHTENING, .id = id, .version = version};
    struct tightening_row t;
    int64_t now = room_now(r);
    int e = load(r, id, &t, err);
    if (e == 0)
        e = room_write(r, &w, NULL, err, "UPDATE tightening SET state = 'ended', ended_at = ?2, ended_why = ?3 WHERE id = ?1", "iis", id, now, &why);
    if (e == 0)
        e = still(&t, err);
    return e < 0 ? e : note(r, by, t.incident, id, by->person ? "event.tightening_ended" : "event.tightening_over", why, now, err);
}

int room_tightening_end(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct str why, struct diag *reterr) {
    if (!str_trim(why).n || why.n > 1000)
        return diag_set(reterr, -EINVAL, "reason");
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, end(r, by, id, version, why, reterr), reterr);
}

int room_tightening_over(struct room *r, const struct room_actor *by, int64_t id, struct str why, struct diag *reterr) {
    struct tightening_row t = {0};
    int e = load(r, id, &t, reterr);
    return e < 0 || !t.in_force ? e : end(r, by->person ? by : &room_system, id, ROOM_ANY_VERSION, why, reterr);
}

int room_tightenings_tick(struct room *r, struct diag *reterr) {
    int64_t ids[TIGHTENING_OPEN_MAX];
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    size_t n = 0;
    int e = sql_query(r->db, &st, reterr, "SELECT id FROM tightening WHERE state = 'in_force' AND until_at <= ?1 ORDER BY id LIMIT ?2", "ii", room_now(r), (int64_t) TIGHTENING_OPEN_MAX);
    while (e >= 0 && (e = sql_step(st, reterr)) == 1)
        ids[n++] = sql_i64(st, 0);
    sql_end(TAKE_PTR(st));
    for (size_t i = 0; e == 0 && i < n; i++) {
        e = room_begin(r, reterr);
        if (e == 0)
            e = room_end(r, end(r, &room_system, ids[i], ROOM_ANY_VERSION, STR(""), reterr), reterr);
    }
    return e;
}

/* ---- what it does ---- */

int room_tightened(struct room *r, const struct room_finding *f, int64_t *ret_id, struct diag *reterr) {
    int e = 0;
    for (size_t i = 0; e == 0 && i < f->n_values; i++) {
        CLEANUP(sql_endp) struct sql_stmt *st = NULL;
        const struct room_value *v = &f->values[i];
        bool service = v->kind == ENTITY_SERVICE;
        if ((!service && v->kind != ENTITY_HOST) || !v->value.n)
            continue;
        e = sql_query(r->db, &st, reterr,
                      "SELECT t.id FROM tightening t WHERE t.state = 'in_force' AND t.from_at <= ?1 AND t.until_at > ?1 AND (t.kinds = '[]' OR EXISTS (SELECT 1 FROM json_each(t.kinds) "
                      "WHERE value = ?3)) AND EXISTS (SELECT 1 FROM json_each(CASE WHEN ?4 THEN t.services ELSE t.hosts END) WHERE value = ?2) ORDER BY t.id LIMIT 1",
                      "issi", f->last_ns, &v->value, &f->kind, (int64_t) service);
        if (e == 0)
            e = sql_step(st, reterr);
        if (e == 1 && ret_id)
            *ret_id = sql_i64(st, 0);
    }
    return e;
}

static void write_list(struct jsonw *w, const char *key, struct sql_stmt *st, int column) {
    jsonw_key(w, str_of(key));
    jsonw_raw(w, sql_str(st, column));
}

int room_tightenings_order(struct room *r, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT id, services, hosts, kinds, sets, factor, from_at, until_at FROM tightening WHERE state = 'in_force' AND until_at > ?1 ORDER BY id", "i", room_now(r));
    jsonw_key(w, STR("tightenings"));
    jsonw_array(w);
    while (e >= 0 && (e = sql_step(st, reterr)) == 1) {
        jsonw_object(w);
        jsonw_ki64(w, "id", sql_i64(st, 0));
        write_list(w, "services", st, 1);
        write_list(w, "hosts", st, 2);
        write_list(w, "kinds", st, 3);
        write_list(w, "sets", st, 4);
        jsonw_ki64(w, "factor", sql_i64(st, 5));
        jsonw_ktime(w, "from", sql_i64(st, 6));
        jsonw_ktime(w, "until", sql_i64(st, 7));
        jsonw_end(w);
    }
    jsonw_end(w);
    return MIN(e, 0);
}

int room_tightenings_state(struct room *r, uint64_t *ret, bool *ret_any, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    uint8_t digest[SHA256_BYTES];
    struct buf b;
    struct jsonw w;
    int e = sql_query(r->db, &st, reterr, "SELECT 1 FROM tightening LIMIT 1", "");
    if (e == 0)
        e = sql_step(st, reterr);
    *ret_any = e == 1;
    *ret = 0;
    if (e <= 0)
        return e;
    buf_init(&b, (size_t) 8 << 20);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    e = room_tightenings_order(r, &w, reterr);
    jsonw_end(&w);
    sha256_of(buf_str(&b), digest);
    memcpy(ret, digest, sizeof *ret);
    buf_done(&b);
    return e;
}

/* ---- pages ---- */

/* Findings of the variants (tighten.h of src/detect: ID~f200, ID~h200) about what it names, while it was in force. */
static int write_noticed(struct room *r, int64_t id, const struct room_actor *who, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int64_t n = 0;
    int e = sql_query(r->db, &st, err,
                      "SELECT DISTINCT f.id FROM tightening t JOIN finding f ON f.detected_at < coalesce(t.ended_at, t.until_at) AND f.last_at >= t.from_at AND f.drill = 0 AND "
                      "(f.rule_id LIKE '%~f' || t.factor OR f.rule_id LIKE '%~h' || t.factor) JOIN finding_value v ON v.finding_id = f.id AND v.kind IN ('service', 'host') WHERE "
                      "t.id = ?1 AND (t.kinds = '[]' OR EXISTS (SELECT 1 FROM json_each(t.kinds) WHERE value = f.kind)) AND EXISTS (SELECT 1 FROM json_each(CASE v.kind WHEN "
                      "'service' THEN t.services ELSE t.hosts END) WHERE value = v.value) LIMIT 1000",
                      "i", id);
    while (e >= 0 && (e = sql_step(st, err)) == 1) {
        e = room_may_read(r, who, OBJECT_FINDING, sql_i64(st, 0), err);
        n += e == 1;
    }
    jsonw_ki64(w, "noticed", n);
    return MIN(e, 0);
}

int room_tightenings_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT id, version, incident_id, use, services, hosts, kinds, sets, sources, factor, reason, state, from_at, until_at, review_at, reviewed, ended_at, ended_why, "
                      "created_by FROM tightening WHERE ?1 = 0 OR incident_id = ?1 ORDER BY state <> 'in_force', until_at, id DESC",
                      "i", incident), n = 0;
    jsonw_key(w, STR("tightenings"));
    jsonw_array(w);
    while (e >= 0 && n < 200 && (e = sql_step(st, reterr)) == 1) {
        e = room_may_read(r, who, OBJECT_TIGHTENING, sql_i64(st, 0), reterr);
        if (e != 1)
            continue;
        n++; /* of those the reader may see */
        jsonw_object(w);
        jsonw_ki64(w, "id", sql_i64(st, 0));
        jsonw_ki64(w, "version", sql_i64(st, 1));
        jsonw_key(w, STR("incident"));
        sql_is_null(st, 2) ? jsonw_null(w) : jsonw_i64(w, sql_i64(st, 2));
        jsonw_kstr(w, "use", sql_str(st, 3));
        write_list(w, "services", st, 4);
        write_list(w, "hosts", st, 5);
        write_list(w, "kinds", st, 6);
        write_list(w, "sets", st, 7);
        write_list(w, "sources", st, 8);
        jsonw_ki64(w, "factor", sql_i64(st, 9));
        jsonw_kstr(w, "reason", sql_str(st, 10));
        jsonw_kstr(w, "state", sql_str(st, 11));
        jsonw_ktime(w, "from", sql_i64(st, 12));
        jsonw_ktime(w, "until", sql_i64(st, 13));
        jsonw_ktime(w, "review", sql_i64(st, 14));
        jsonw_kbool(w, "review_due", str_eq_z(sql_str(st, 11), "in_force") && sql_i64(st, 14) <= room_now(r));
        jsonw_kstr(w, "reviewed", sql_str(st, 15));
        jsonw_ktime(w, "ended", sql_is_null(st, 16) ? TIME_NONE : sql_i64(st, 16));
        jsonw_kstr(w, "ended_why", sql_str(st, 17));
        room_by_text(r, w, "by", sql_str(st, 18));
        e = write_noticed(r, sql_i64(st, 0), who, w, reterr);
        jsonw_end(w);
    }
    jsonw_end(w);
    return MIN(e, 0);
}
