/* The blast radius of a lasting act, before somebody decides it: who is using it now, counted in the logs by a kept query (content/scopes with
 * `radius`), which of them are partners; what stops and what replaces it, from the registers of units to cut, systems and alternatives.
 *
 * The count is begun in the transaction that proposes the act and ends when the searcher answers; until then, and where it cannot be, that is said
 * and no number stands there. Nothing is estimated. */
#include "base/limits.h"
#include "room/decision.h"
#include "room/deed_priv.h"
#include "room/directory.h"
#include "room/register_priv.h"
#include "room/scope_run.h"

#define NAMES_MAX 20

void room_scopes_use(struct room *r, const struct scope_spec *specs, size_t n) {
    r->scope_specs = specs;
    r->n_scope_specs = n;
}

/* ---- services behind targets ---- */

struct services {
    struct str at[ROOM_DEED_TARGETS_MAX];
    size_t n;
};

static bool has(const struct services *x, struct str name) {
    for (size_t i = 0; i < x->n; i++)
        if (str_eq(x->at[i], name))
            return true;
    return false;
}

static void take(struct services *x, struct arena *a, struct str name) {
    struct str s = arena_dup(a, str_trim(name));
    if (s.n && x->n < ARRAY_SIZE(x->at) && !has(x, s))
        x->at[x->n++] = s;
}

/* What a unit's row says stops; else the system of that name; else, for what closes a service, the one the case is about. */
static int find_services(struct room *r, int64_t incident, const struct str *targets, size_t n, struct arena *a, struct services *ret, struct diag *err) {
    struct register_rows units, systems;
    int e = register_rows_load(r, STR("cut_units"), &units, err);
    if (e < 0)
        return e;
    e = register_rows_load(r, STR("systems"), &systems, err);
    for (size_t i = 0; e == 0 && i < n; i++) {
        const struct register_row *u = register_rows_find(&units, targets[i]), *s = register_rows_find(&systems, targets[i]);
        struct str list = u && u->active ? register_value(u->values, STR("stops")) : STR(""), line;
        while (list.n && str_split(&list, '\n', &line))
            take(ret, a, line);
        if (!(u && u->active) && s && s->active)
            take(ret, a, s->name);
    }
    if (e == 0)
        register_rows_done(&systems);
    register_rows_done(&units);
    struct str service = STR("");
    if (e == 0 && ret->n == 0)
        e = room_authority_service(r, incident, a, &service, err);
    take(ret, a, service);
    return e;
}

/* ---- counted ---- */

static const struct scope_spec *spec_of(const struct room *r, struct str kind) {
    for (size_t i = 0; i < r->n_scope_specs; i++)
        if (scope_spec_radius(&r->scope_specs[i], kind) > 0)
            return &r->scope_specs[i];
    return NULL;
}

static struct str values_json(struct arena *a, const struct scope_ask *ask, const struct str *at, size_t n) {
    struct buf b;
    struct jsonw w;
    buf_init(&b, 1 << 20);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    jsonw_key(&w, ask->name);
    jsonw_array(&w);
    for (size_t i = 0; i < n; i++)
        jsonw_str(&w, at[i]);
    jsonw_end(&w);
    jsonw_end(&w);
    struct str s = buf_error(&b) ? STR_NULL : arena_dup(a, buf_str(&b));
    buf_done(&b);
    return s;
}

static int begin(struct room *r, const struct scope_spec *s, const struct room_deed_new *x, int64_t deed, struct arena *a, struct diag *err) {
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_DEED, .id = deed, .version = ROOM_ANY_VERSION, .quiet = true};
    struct room_scope_new run = {.incident = x->incident, .from_ns = room_now(r) - scope_spec_radius(s, x->kind), .to_ns = room_now(r), .spec = s};
    struct services services = {.n = 0};
    struct json_value *values = NULL;
    struct buf question;
    int64_t id;
    bool of_service = str_eq_z(s->asks[0].from, "service");
    int e = of_service ? find_services(r, x->incident, x->targets, x->n_targets, a, &services, err) : 0;
    if (e < 0 || (of_service && services.n == 0)) /* nobody knows what would stop: the page says so */
        return e;
    run.values = values_json(a, &s->asks[0], of_service ? services.at : x->targets, of_service ? services.n : x->n_targets);
    e = run.values.p ? json_parse(a, run.values, &values, err) : -ENOMEM;
    buf_init(&question, 1 << 20);
    struct diag why = {0};
    int asked = e == 0 ? scope_question(a, s, values, &question, &run.query, &why) : e;
    run.question = buf_str(&question);
    if (asked == 0 && e == 0)
        e = room_scope_begin(r, &room_system, &run, &id, err);
    if (asked == 0 && e == 0)
        e = room_write(r, &w, NULL, err, "UPDATE deed SET scope_run_id = ?2 WHERE id = ?1", "ii", deed, id);
    buf_done(&question);
    return e < 0 ? e : asked == -EINVAL ? 0 : MIN(asked, 0); /* a target that is no value of such a query */
}

int room_deed_measure(struct room *r, const struct room_deed_new *x, int64_t deed, struct diag *reterr) {
    const struct scope_spec *s = spec_of(r, x->kind);
    struct arena a;
    if (!s || r->replay)
        return 0;
    arena_init(&a, (size_t) 16 << 20);
    int e = begin(r, s, x, deed, &a, reterr);
    arena_done(&a);
    return e;
}

/* ---- told ---- */

/* Those on the operator's lists among the addresses counted, by name; the list of the count may be cut, then there may be more. */
static void write_listed(const struct room *r, const struct json_value *result, enum room_list list, const char *member, struct jsonw *w) {
    const struct json_value *values = json_get_array(result, "values");
    struct str names[NAMES_MAX];
    size_t n = 0;
    for (const struct json_value *v = values ? values->first : NULL; v; v = v->next) {
        const struct json_value *one = json_get_array(v, "value");
        const struct room_listed *l = one && one->first && one->first->type == JSON_STRING ? room_policy_listed(r->policy, one->first->text) : NULL;
        size_t i = 0;
        if (!l || l->list != list)
            continue;
        while (i < n && !str_eq(names[i], l->name))
            i++;
        if (i == n && n < NAMES_MAX)
            names[n++] = l->name;
    }
    jsonw_key(w, str_of(member));
    jsonw_array(w);
    for (size_t i = 0; i < n; i++)
        jsonw_str(w, names[i]);
    jsonw_end(w);
}

static void write_both(const struct json_value *spec, const char *member, struct jsonw *w) {
    const struct json_value *v = json_get_object(spec, member);
    struct str s;
    for (int i = 0; i < 2; i++) {
        char key[32];
        snprintf(key, sizeof key, "%s_%s", member, i ? "en" : "ja");
        jsonw_kstr(w, key, v && json_get_str(v, i ? "en" : "ja", &s) ? s : STR(""));
    }
}

static int write_measured(struct room *r, int64_t deed, struct arena *a, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct json_value *spec = NULL, *result = NULL;
    bool at_least = false;
    int e = sql_query(r->db, &st, err, "SELECT s.id, s.state, s.number, json_remove(s.spec, '$.source'), s.result, s.from_at, s.to_at FROM deed d JOIN scope_run s ON s.id = d.scope_run_id WHERE d.id = ?1",
                      "i", deed);
    if (e == 0)
        e = sql_step(st, err);
    jsonw_key(w, STR("measured"));
    if (e <= 0) {
        jsonw_null(w);
        return e;
    }
    struct str spec_text = arena_dup(a, sql_str(st, 3)), result_text = arena_dup(a, sql_str(st, 4));
    e = spec_text.p && result_text.p ? json_parse(a, spec_text, &spec, err) : -ENOMEM;
    if (e == 0)
        e = json_parse(a, result_text, &result, err);
    if (e < 0) {
        jsonw_null(w);
        return e;
    }
    (void) json_get_bool(result, "at_least", &at_least);
    jsonw_object(w);
    jsonw_ki64(w, "run", sql_i64(st, 0));
    jsonw_kstr(w, "state", sql_str(st, 1));
    jsonw_ki64(w, "number", sql_i64(st, 2));
    jsonw_kbool(w, "at_least", at_least);
    write_both(spec, "title", w);
    write_both(spec, "unit", w);
    jsonw_ktime(w, "from", sql_i64(st, 5));
    jsonw_ktime(w, "to", sql_i64(st, 6));
    write_listed(r, result, LIST_PARTNER, "partners", w);
    write_listed(r, result, LIST_SHARED, "shared", w);
    jsonw_end(w);
    return 0;
}

static int write_unit(struct room *r, const struct str *targets, size_t n, struct jsonw *w, struct diag *err) {
    static const char *const words[] = {"instead", "reopen", "responsible", "note"};
    struct register_rows units;
    int e = register_rows_load(r, STR("cut_units"), &units, err);
    jsonw_key(w, STR("units"));
    jsonw_array(w);
    for (size_t i = 0; e == 0 && i < MIN(n, (size_t) NAMES_MAX); i++) {
        const struct register_row *u = register_rows_find(&units, targets[i]);
        if (!u || !u->active)
            continue;
        jsonw_object(w);
        jsonw_kstr(w, "name", u->name);
        for (size_t k = 0; k < ARRAY_SIZE(words); k++)
            jsonw_kstr(w, words[k], register_value(u->values, str_of(words[k])));
        jsonw_end(w);
    }
    jsonw_end(w);
    if (e == 0)
        register_rows_done(&units);
    return e;
}

static int write_services(struct room *r, const struct services *x, struct jsonw *w, struct diag *err) {
    CLEANUP(room_directory_closep) struct room_directory *d = NULL;
    int e = x->n ? room_directory_open(r, &d, err) : 0;
    jsonw_key(w, STR("services"));
    jsonw_array(w);
    for (size_t i = 0; e == 0 && i < MIN(x->n, (size_t) NAMES_MAX); i++) {
        jsonw_object(w);
        jsonw_kstr(w, "name", x->at[i]);
        e = room_decision_stop_write(r, d, x->at[i], w, err);
        jsonw_end(w);
    }
    jsonw_end(w);
    return e;
}

static int targets_of(struct room *r, struct str batch, struct arena *a, struct str *at, size_t *ret_n, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT target FROM deed WHERE batch = ?1 ORDER BY id LIMIT ?2", "si", &batch, (int64_t) ROOM_DEED_TARGETS_MAX);
    *ret_n = 0;
    while (e >= 0 && (e = sql_step(st, err)) == 1) {
        at[*ret_n] = arena_dup(a, sql_str(st, 0));
        if (!at[(*ret_n)++].p)
            return -ENOMEM;
    }
    return MIN(e, 0);
}

int room_deed_radius_write(struct room *r, int64_t deed, int64_t incident, struct str kind, struct str batch, struct jsonw *w, struct diag *reterr) {
    struct str targets[ROOM_DEED_TARGETS_MAX];
    struct services services = {.n = 0};
    struct arena a;
    size_t n = 0;
    enum deed_at aim = room_deed_kind(kind)->aim;
    bool stops = aim == DEED_AT_SERVICE || aim == DEED_AT_THE_ONE || aim == DEED_AT_HOSTS;
    arena_init(&a, (size_t) 16 << 20);
    int e = targets_of(r, batch, &a, targets, &n, reterr);
    if (e == 0 && stops)
        e = find_services(r, aim == DEED_AT_HOSTS ? 0 : incident, targets, n, &a, &services, reterr);
    jsonw_object(w);
    if (e == 0)
        e = write_measured(r, deed, &a, w, reterr);
    if (e == 0)
        e = write_unit(r, targets, n, w, reterr);
    if (e == 0)
        e = write_services(r, &services, w, reterr);
    jsonw_end(w);
    arena_done(&a);
    return e;
}
