/* What the room would propose as facts: what it has measured, what stands in the registers, what the last case said. */
#include "event/case_times.h"
#include "room/directory.h"
#include "room/fact.h"
#include "room/finding_in.h"
#include "room/policy.h"
#include "room/room_priv.h"
#include "room/scope.h"

struct looking {
    struct room *r;
    struct arena *a;
    int64_t incident;
    const struct room_actor *who;
    struct diag *err;
    struct sql_stmt *row;          /* of the case; NULL: not read yet */
    struct room_directory *people; /* likewise */
    struct room_counts counts;
    bool counted;
    struct fact_proposal *to;
    const struct fact_spec *spec;
};

static int keep(struct looking *x, struct str value) {
    x->to->value = arena_dup(x->a, value);
    return x->to->value.p ? 0 : -ENOMEM;
}

/* ---- of the case ---- */

static int of_column(struct looking *x, int column) {
    int e = 0;
    if (!x->row) {
        e = sql_query(x->r->db, &x->row, x->err, "SELECT number, title_plain FROM incident WHERE id = ?1", "i", x->incident);
        if (e == 0)
            e = sql_step(x->row, x->err);
        if (e <= 0)
            return e < 0 ? e : diag_set(x->err, -ENOENT, "no such case");
    }
    return sql_is_null(x->row, column) ? 0 : keep(x, sql_str(x->row, column));
}

static int of_time(struct looking *x, enum case_time i) {
    char line[FACT_TIME_CAP];
    struct case_times t;
    int e = case_times_read(x->r->db, x->incident, false, x->a, &t, x->err);
    return e < 0 || t.at_ns[i] == TIME_NONE ? e : keep(x, str_of(fact_time_format(t.at_ns[i], 0, line)));
}

static int number_of(struct looking *x) { return of_column(x, 0); }
static int title_of(struct looking *x) { return of_column(x, 1); }
static int first_trace_of(struct looking *x) { return of_time(x, CASE_HAPPENED); }
static int rule_of(struct looking *x) { return of_time(x, CASE_NOTICED); }
static int person_of(struct looking *x) { return of_time(x, CASE_REACHED); }
static int contained_of(struct looking *x) { return of_time(x, CASE_CONTAINED); }

/* ---- how far it reaches ---- */

static int of_count(struct looking *x, const struct room_count *c) {
    char line[24];
    int e = x->counted ? 0 : room_count_all(x->r, x->incident, &x->counts, x->err);
    x->counted = e == 0;
    if (e < 0 || (c->n == 0 && !c->at_least))
        return e; /* nought is said by a person, not by us */
    snprintf(line, sizeof line, "%lld", (long long) c->n);
    x->to->at_least = c->at_least;
    return keep(x, str_of(line));
}

static int stolen_of(struct looking *x) { return of_count(x, &x->counts.stolen); }
static int tried_of(struct looking *x) { return of_count(x, &x->counts.tried); }

/* One a line, as many as a value holds. */
static int of_values(struct looking *x, enum room_entity kind) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct buf b;
    int e = sql_query(x->r->db, &st, x->err,
                      "SELECT DISTINCT v.value FROM finding f CROSS JOIN finding_value v ON v.finding_id = f.id AND v.kind = ?2 WHERE f.incident_id = ?1 AND "
                      "(?3 = 0 OR f.by_source OR NOT EXISTS (SELECT 1 FROM finding g WHERE g.incident_id = ?1 AND g.by_source)) ORDER BY 1",
                      "izi", x->incident, room_entity_to_string(kind), (int64_t) (kind == ENTITY_SOURCE));
    buf_init(&b, x->spec->max);
    while (e == 0 && (e = sql_step(st, x->err)) == 1) {
        struct str v = sql_str(st, 0);
        const struct room_words *title = kind == ENTITY_SERVICE ? room_policy_title(x->r->policy, v) : NULL;
        v = title && title->ja.p ? title->ja : v;
        e = 0;
        if (b.n + v.n + 1 > x->spec->max) {
            x->to->at_least = true;
            break;
        }
        if (b.n)
            buf_add_byte(&b, '\n');
        buf_add(&b, v);
    }
    if (e == 0)
        e = buf_error(&b);
    if (e == 0)
        e = keep(x, buf_str(&b));
    buf_done(&b);
    return e;
}

static int services_of(struct looking *x) { return of_values(x, ENTITY_SERVICE); }
static int sources_of(struct looking *x) { return of_values(x, ENTITY_SOURCE); }

/* ---- of a flood ---- */

#define FLOODS "FROM finding f WHERE f.incident_id = ?1 AND f.kind LIKE 'ddos\\_%' ESCAPE '\\' AND f.drill IS NOT 2"

/* The types of the common form, by what the rules call them; several may have been seen, one a line. */
static int flood_kinds(struct looking *x) {
    static const struct {
        const char *kind, *means;
    } rows[] = {{"ddos_direct", "T1498.001"}, {"ddos_reflected", "T1498.002"}, {"ddos_web", "T1499"}};
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    char line[64] = "";
    int e = sql_query(x->r->db, &st, x->err, "SELECT DISTINCT f.kind " FLOODS " ORDER BY 1", "i", x->incident);
    while (e == 0 && (e = sql_step(st, x->err)) == 1) {
        e = 0;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
            if (str_eq_z(sql_str(st, 0), rows[i].kind))
                snprintf(line + strlen(line), sizeof line - strlen(line), "%s%s", line[0] ? "\n" : "", rows[i].means);
    }
    return e < 0 || !line[0] ? e : keep(x, str_of(line));
}

/* What was counted, not what the line can carry: the mean over the flood, or the minute at the last telling where that is more. */
static int flood_volume(struct looking *x) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    char line[100];
    int e = sql_query(x->r->db, &st, x->err,
                      "SELECT max(max(json_extract(f.json, '$.measures.connections') / 60.0, f.count * 1e9 / max(f.last_at - f.first_at, 1000000000))), "
                      "max(json_extract(f.json, '$.measures.sources')), sum(f.count) " FLOODS,
                      "i", x->incident);
    if (e == 0)
        e = sql_step(st, x->err);
    if (e <= 0 || sql_is_null(st, 0))
        return e < 0 ? e : 0;
    snprintf(line, sizeof line, "毎秒%lld接続以上（1分に%lldか所から、合計%lld接続）", (long long) sql_i64(st, 0), (long long) sql_i64(st, 1), (long long) sql_i64(st, 2));
    x->to->at_least = true;
    return keep(x, str_of(line));
}

static int flood_time(struct looking *x, const char *sql) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    char line[FACT_TIME_CAP];
    int e = sql_query(x->r->db, &st, x->err, sql, "i", x->incident);
    if (e == 0)
        e = sql_step(st, x->err);
    return e <= 0 || sql_is_null(st, 0) ? MIN(e, 0) : keep(x, str_of(fact_time_format(sql_i64(st, 0), 0, line)));
}

static int flood_from(struct looking *x) { return flood_time(x, "SELECT min(f.first_at) " FLOODS); }

/* Only once all have ended. */
static int flood_until(struct looking *x) {
    return flood_time(x, "SELECT CASE WHEN min(f.state = 'end') THEN max(f.last_at) END " FLOODS);
}

/* ---- of the registers ---- */

/* The top of the own tree, or of all where none is marked as own; by its kind. */
static int organisation(struct looking *x, const char *kind, const struct directory_organisation **ret) {
    const struct directory_organisation *const *all;
    int e = x->people ? 0 : room_directory_open(x->r, &x->people, x->err);
    if (e < 0)
        return e;
    size_t n = room_directory_organisations(x->people, &all);
    *ret = NULL;
    for (size_t i = 0; i < n && !*ret; i++)
        if (str_eq_z(all[i]->kind, kind))
            *ret = all[i];
    return 0;
}

static int of_own(struct looking *x, size_t offset) {
    const struct directory_organisation *o;
    int e = organisation(x, "own", &o);
    while (e == 0 && o && o->parent)
        o = o->parent;
    return e < 0 || !o ? e : keep(x, *(const struct str *) (const void *) ((const char *) o + offset));
}

static int own_name(struct looking *x) { return of_own(x, offsetof(struct directory_organisation, name)); }
static int own_phone(struct looking *x) { return of_own(x, offsetof(struct directory_organisation, phone)); }
static int own_mail(struct looking *x) { return of_own(x, offsetof(struct directory_organisation, mail)); }
static int own_emergency(struct looking *x) { return of_own(x, offsetof(struct directory_organisation, emergency_phone)); }

static int ministry_of(struct looking *x) {
    const struct directory_organisation *o;
    int e = organisation(x, "ministry", &o);
    return e < 0 || !o ? e : keep(x, o->name);
}

/* ---- of the last case that said it, of those this person may read ---- */

static int before(struct looking *x) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int64_t from = 0;
    int e = sql_query(x->r->db, &st, x->err,
                      "SELECT f.incident_id, f.value FROM fact f JOIN incident i ON i.id = f.incident_id WHERE f.name = ?1 AND f.state = 'confirmed' AND "
                      "f.incident_id <> ?2 AND NOT i.need_to_know AND i.tlp <> 'RED' ORDER BY f.updated_at DESC, f.id DESC LIMIT 1",
                      "si", &x->spec->name, x->incident);
    if (e == 0)
        e = sql_step(st, x->err);
    if (e <= 0)
        return e;
    from = sql_i64(st, 0);
    e = room_may_read(x->r, x->who, OBJECT_INCIDENT, from, x->err);
    if (e == 1) {
        x->to->from = STR("before");
        return keep(x, sql_str(st, 1));
    }
    return e;
}

static const struct {
    const char *name;
    int (*look)(struct looking *x);
} froms[] = {
    {"incident.number", number_of},
    {"incident.title", title_of},
    {"incident.first_trace", first_trace_of},
    {"incident.rule", rule_of},
    {"incident.person", person_of},
    {"incident.contained", contained_of},
    {"scope.accounts_stolen", stolen_of},
    {"scope.accounts_tried", tried_of},
    {"scope.services", services_of},
    {"scope.sources", sources_of},
    {"ddos.kind", flood_kinds},
    {"ddos.volume", flood_volume},
    {"ddos.from", flood_from},
    {"ddos.until", flood_until},
    {"organisation.name", own_name},
    {"organisation.phone", own_phone},
    {"organisation.mail", own_mail},
    {"organisation.emergency_phone", own_emergency},
    {"organisation.ministry", ministry_of},
};

bool fact_from_known(struct str name) {
    for (size_t i = 0; i < ARRAY_SIZE(froms); i++)
        if (str_eq_z(name, froms[i].name))
            return true;
    return name.n == 0;
}

static int look(struct looking *x) {
    int e = x->spec->keep ? before(x) : 0;
    for (size_t i = 0; e == 0 && !x->to->value.n && i < ARRAY_SIZE(froms); i++)
        if (str_eq_z(x->spec->from, froms[i].name)) {
            x->to->from = x->spec->from;
            e = froms[i].look(x);
        }
    if (e == 0 && x->to->value.n > x->spec->max)
        x->to->value = STR("");
    return e;
}

int room_facts_propose(struct room *r, struct arena *a, int64_t incident, const struct room_actor *who, struct fact_proposal **ret,
                       struct diag *reterr) {
    struct looking x = {.r = r, .a = a, .incident = incident, .who = who, .err = reterr};
    struct fact_proposal *all = arena_zalloc(a, MAX(r->facts.n, (size_t) 1) * sizeof *all);
    int e = all ? 0 : -ENOMEM;
    for (size_t i = 0; e == 0 && i < r->facts.n; i++) {
        all[i] = (struct fact_proposal){.value = STR(""), .from = STR("")};
        x.to = &all[i];
        x.spec = &r->facts.at[i];
        e = look(&x);
    }
    sql_end(x.row);
    room_directory_close(x.people);
    *ret = all;
    return e;
}
