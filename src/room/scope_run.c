/* See scope_run.h. */
#include "room/scope_run.h"

#include "base/mem.h"
#include "room/directory.h"
#include "room/incident_priv.h"
#include "room/room_priv.h"

#define RUNS_TOLD 100
#define OFFERS_TOLD 200

/* ---- beginning ---- */

/* What a reader needs of the file later, whatever became of it. */
static int write_words(const struct scope_spec *s, struct buf *out) {
    struct jsonw w;
    jsonw_init(&w, out);
    jsonw_object(&w);
    scope_spec_write(s, &w);
    jsonw_ki64(&w, "account_field", scope_person_field(s, "account"));
    jsonw_ki64(&w, "device_field", scope_person_field(s, "device"));
    jsonw_kstr(&w, "source", s->source);
    jsonw_end(&w);
    return buf_error(out);
}

int room_scope_begin(struct room *r, const struct room_actor *by, const struct room_scope_new *x, int64_t *ret_id, struct diag *reterr) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_SCOPE, .tlp = TLP_AMBER, .incident = x->incident, .owner = by->person};
    struct str name = x->spec->name, spec, values = x->values, query = x->query, question = x->question;
    struct buf b;
    buf_init(&b, 8 << 20);
    int e = write_words(x->spec, &b);
    spec = buf_str(&b);
    bool own = !r->in_tx;
    if (e == 0 && own)
        e = room_begin(r, reterr);
    if (e == 0)
        e = room_write(r, &w, ret_id, reterr,
                       "INSERT INTO scope_run(incident_id, name, spec, asked, query, question, from_at, to_at, state, number, result) "
                       "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'running', 0, '{}')",
                       "isssssii", x->incident, &name, &spec, &values, &query, &question, x->from_ns, x->to_ns);
    if (own && r->in_tx)
        e = room_end(r, e, reterr);
    buf_done(&b);
    return e;
}

int room_scope_due(struct room *r, struct arena *a, struct room_scope_due *ret, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT id, created_at, from_at, to_at, question FROM scope_run WHERE state = 'running' ORDER BY id LIMIT 1", "");
    if (e == 0)
        e = sql_step(st, reterr);
    if (e != 1)
        return e;
    *ret = (struct room_scope_due){sql_i64(st, 0), sql_i64(st, 1), sql_i64(st, 2), sql_i64(st, 3), arena_dup(a, sql_str(st, 4))};
    return ret->question.p ? 1 : -ENOMEM;
}

/* ---- persons ---- */

struct persons {
    struct room_directory *d;
    const struct directory_person *const *all;
    size_t n;
    const struct directory_person *seen[1024];
    size_t n_seen;
    int64_t unknown;
};

static bool is_account_of(const struct directory_person *p, struct str account) {
    if (str_eq_icase(p->account_name, account))
        return true;
    for (size_t i = 0; i < p->n_ways; i++) {
        struct str to = p->ways[i].to;
        ptrdiff_t at = str_find(to, STR("@"), 0);
        if (p->ways[i].kind == WAY_MAIL && (str_eq_icase(to, account) || (at > 0 && str_eq_icase(str_to(to, (size_t) at), account))))
            return true;
    }
    return false;
}

static const struct directory_person *person_of(const struct persons *x, struct str account, struct str device) {
    for (size_t i = 0; account.n && i < x->n; i++)
        if (is_account_of(x->all[i], account))
            return x->all[i];
    const struct directory_system *s = device.n ? room_directory_system(x->d, device) : NULL;
    return s ? s->responsible : NULL;
}

static struct str value_at(const struct json_value *row, int64_t i) {
    const struct json_value *list = json_get_array(row, "value"), *v = list ? list->first : NULL;
    for (; v && i > 0; i--)
        v = v->next;
    return v && i == 0 && v->type == JSON_STRING ? v->text : STR("");
}

static void count_person(struct persons *x, const struct directory_person *p) {
    size_t i = 0;
    while (p && i < x->n_seen && x->seen[i] != p)
        i++;
    if (!p)
        x->unknown++;
    else if (i == x->n_seen && i < ARRAY_SIZE(x->seen))
        x->seen[x->n_seen++] = p;
}

/* Members "persons", "unknown", "who": of each row the person, or null. */
static int write_persons(struct room *r, const struct json_value *spec, const struct json_value *result, struct jsonw *w, struct diag *err) {
    const struct json_value *values = json_get_array(result, "values");
    struct persons *x = mem_zalloc(sizeof *x);
    int64_t account = -1, device = -1;
    (void) json_get_i64(spec, "account_field", &account);
    (void) json_get_i64(spec, "device_field", &device);
    int e = x ? room_directory_open(r, &x->d, err) : -ENOMEM;
    if (e == 0)
        e = room_directory_members(x->d, NULL, &x->all, &x->n, err);
    jsonw_key(w, STR("who"));
    jsonw_array(w);
    for (const struct json_value *v = e == 0 && values ? values->first : NULL; v; v = v->next) {
        bool open = false;
        (void) json_get_bool(v, "open", &open);
        const struct directory_person *p = open ? NULL : person_of(x, value_at(v, account), value_at(v, device));
        count_person(x, p);
        if (p)
            jsonw_str(w, p->name);
        else
            jsonw_null(w);
    }
    jsonw_end(w);
    jsonw_ki64(w, "persons", x ? (int64_t) x->n_seen : 0);
    jsonw_ki64(w, "unknown", x ? x->unknown : 0);
    if (x)
        room_directory_close(x->d);
    mem_free(x);
    return e;
}

/* ---- ending ---- */

struct ending {
    int64_t incident;
    const struct json_value *spec;
    struct arena a;
};

static int load_ending(struct room *r, int64_t id, struct ending *x, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct json_value *spec;
    int e = sql_query(r->db, &st, err, "SELECT incident_id, spec FROM scope_run WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : diag_set(err, -ENOENT, "there is no such count");
    x->incident = sql_i64(st, 0);
    struct str text = arena_dup(&x->a, sql_str(st, 1));
    e = text.p ? json_parse(&x->a, text, &spec, err) : -ENOMEM;
    x->spec = e == 0 ? spec : NULL;
    return e;
}

static int tell(struct room *r, const struct ending *x, int64_t id, int64_t number, bool at_least, struct diag *err) {
    static const char *const words[] = {"title", "unit"};
    struct buf b;
    struct jsonw w;
    struct str s;
    buf_init(&b, 16384);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    jsonw_ki64(&w, "run", id);
    jsonw_ki64(&w, "number", number);
    jsonw_kstr(&w, "at_least", at_least ? STR("≧") : STR(""));
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        const struct json_value *both = json_get_object(x->spec, words[i]);
        if (both && json_get_str(both, "ja", &s))
            jsonw_kstr(&w, words[i], s);
        for (const struct json_value *v = both ? both->first : NULL; v; v = v->next) {
            char key[32];
            s = v->text;
            snprintf(key, sizeof key, "%s_%.*s", words[i], STR_ARG(v->key));
            jsonw_kstr(&w, key, s);
        }
    }
    jsonw_end(&w);
    return room_timeline_tell(r, &room_system, x->incident, "ciso_csirt", "notice", "event.scope_counted", &b, err);
}

static int write_end(struct room *r, const struct room_actor *by, int64_t id, const struct json_value *result, struct str json, struct ending *x, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_SCOPE, .id = id, .version = ROOM_ANY_VERSION};
    struct str state = STR("failed"), all;
    struct jsonw j;
    struct buf b;
    bool persons = false, at_least = false;
    int64_t number = 0;
    (void) json_get_str(result, "state", &state);
    (void) json_get_i64(result, "distinct", &number);
    (void) json_get_bool(result, "at_least", &at_least);
    int e = load_ending(r, id, x, err);
    if (e < 0)
        return e;
    (void) json_get_bool(x->spec, "persons", &persons);
    buf_init(&b, 4 << 20);
    jsonw_init(&j, &b);
    if (persons && str_eq_z(state, "done")) {
        jsonw_object(&j);
        for (const struct json_value *v = result->first; v; v = v->next) {
            jsonw_key(&j, v->key);
            jsonw_value(&j, v);
        }
        e = write_persons(r, x->spec, result, &j, err);
        jsonw_end(&j);
    } else {
        buf_add(&b, json);
    }
    all = buf_str(&b);
    if (e == 0)
        e = buf_error(&b);
    if (e == 0)
        e = room_write(r, &w, NULL, err, "UPDATE scope_run SET state = ?2, number = ?3, result = ?4, ended_at = ?5 WHERE id = ?1", "isisi", id, &state, number, &all,
                       room_now(r));
    buf_done(&b);
    if (e == 0 && str_eq_z(state, "done"))
        e = tell(r, x, id, number, at_least, err);
    room_changed(r, "incident", x->incident);
    return e;
}

int room_scope_end(struct room *r, const struct room_actor *by, int64_t id, const struct json_value *result, struct str json, struct diag *reterr) {
    struct ending x = {0};
    arena_init(&x.a, 16 << 20);
    int e = room_begin(r, reterr);
    if (e == 0)
        e = room_end(r, write_end(r, by, id, result, json, &x, reterr), reterr);
    arena_done(&x.a);
    return e;
}

bool room_scope_is_of(struct room *r, int64_t id, int64_t *ret_incident) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, NULL, "SELECT incident_id FROM scope_run WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, NULL);
    if (e == 1)
        *ret_incident = sql_i64(st, 0);
    return e == 1;
}

int room_scope_is_running(struct room *r, int64_t id, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT state = 'running' FROM scope_run WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    return e < 0 ? e : e == 0 ? diag_set(reterr, -ENOENT, "there is no such count") : sql_i64(st, 0) != 0;
}

/* ---- telling ---- */

#define COLUMNS                                                                                                                     \
    "id, version, name, json_remove(spec, '$.source'), asked, query, from_at, to_at, state, number, created_at, created_by, ended_at, "

static void write_row(struct room *r, struct jsonw *w, struct sql_stmt *st) {
    jsonw_object(w);
    jsonw_ki64(w, "id", sql_i64(st, 0));
    jsonw_ki64(w, "version", sql_i64(st, 1));
    jsonw_kstr(w, "name", sql_str(st, 2));
    jsonw_key(w, STR("spec"));
    jsonw_raw(w, sql_str(st, 3));
    jsonw_key(w, STR("asked"));
    jsonw_raw(w, sql_str(st, 4));
    jsonw_kstr(w, "query", sql_str(st, 5));
    jsonw_ktime(w, "from", sql_i64(st, 6));
    jsonw_ktime(w, "to", sql_i64(st, 7));
    jsonw_kstr(w, "state", sql_str(st, 8));
    jsonw_ki64(w, "number", sql_i64(st, 9));
    jsonw_ktime(w, "at", sql_i64(st, 10));
    room_by_text(r, w, "by", sql_str(st, 11));
    jsonw_ktime(w, "ended", sql_is_null(st, 12) ? TIME_NONE : sql_i64(st, 12));
    jsonw_key(w, STR("result"));
    jsonw_raw(w, sql_str(st, 13));
    jsonw_end(w);
}

int room_scope_runs_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT " COLUMNS "json_remove(result, '$.values', '$.who') FROM scope_run WHERE incident_id = ?1 ORDER BY id DESC LIMIT ?2", "ii", incident,
                      (int64_t) RUNS_TOLD);
    jsonw_key(w, STR("runs"));
    jsonw_array(w);
    while (e >= 0 && (e = sql_step(st, reterr)) == 1)
        write_row(r, w, st);
    jsonw_end(w);
    return MIN(e, 0);
}

int room_scope_run_write(struct room *r, int64_t id, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT " COLUMNS "result FROM scope_run WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e == 1)
        write_row(r, w, st);
    return e == 0 ? diag_set(reterr, -ENOENT, "there is no such count") : MIN(e, 0);
}

int room_scope_list(struct room *r, int64_t id, char *name, size_t cap, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT json_extract(result, '$.list.name') FROM scope_run WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e < 0)
        return e;
    struct str s = e == 1 && !sql_is_null(st, 0) ? sql_str(st, 0) : STR("");
    bool good = s.n > 0 && s.n < cap;
    for (size_t i = 0; i < s.n; i++) /* it came over a socket and becomes part of a path */
        good &= (s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '-' || (s.p[i] == '.' && i + 4 == s.n);
    if (!good)
        return diag_set(reterr, -ENOENT, "this count has no list");
    snprintf(name, cap, "%.*s", STR_ARG(s));
    return 0;
}

int room_scope_offers_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) {
    static const char *const kinds[] = {"source", "account", "service", "host"};
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct sql_stmt *of = NULL;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT v.kind, v.value, count(*) AS n FROM finding f CROSS JOIN finding_value v ON v.finding_id = f.id WHERE f.incident_id = ?1 AND v.kind IN "
                      "('source','account','service','host') GROUP BY v.kind, v.value ORDER BY v.kind, n DESC, v.value",
                      "i", incident);
    int more = e == 0 ? sql_step(st, reterr) : e;
    jsonw_key(w, STR("offers"));
    jsonw_object(w);
    const char *order[] = {kinds[1], kinds[3], kinds[2], kinds[0]}; /* as sorted */
    for (size_t k = 0; k < ARRAY_SIZE(order); k++) {
        size_t n = 0;
        jsonw_key(w, str_of(order[k]));
        jsonw_array(w);
        for (; more == 1 && str_eq_z(sql_str(st, 0), order[k]); more = sql_step(st, reterr))
            if (n++ < OFFERS_TOLD)
                jsonw_str(w, sql_str(st, 1));
        jsonw_end(w);
    }
    jsonw_end(w);
    e = more < 0 ? more : sql_query(r->db, &of, reterr, "SELECT first_trace_at, last_activity_at FROM incident WHERE id = ?1", "i", incident);
    if (e == 0)
        e = sql_step(of, reterr);
    jsonw_ktime(w, "first_trace", e == 1 && !sql_is_null(of, 0) ? sql_i64(of, 0) : TIME_NONE);
    jsonw_ktime(w, "last_activity", e == 1 && !sql_is_null(of, 1) ? sql_i64(of, 1) : TIME_NONE);
    sql_end(of);
    return MIN(e, 0);
}

/* ---- files people add ---- */

static int find_file(struct room *r, struct str name, int64_t *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT id FROM scope_file WHERE name = ?1", "s", &name);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return MIN(e, 0);
}

static int put_file(struct room *r, const struct room_actor *by, const struct scope_spec *spec, int64_t *ret_id, struct diag *err) {
    struct str name = spec->name, source = spec->source;
    int64_t id;
    int e = find_file(r, name, &id, err);
    struct room_write w = {.by = by, .verb = id ? VERB_CHANGE : VERB_CREATE, .object = OBJECT_SCOPE_FILE, .id = id, .version = ROOM_ANY_VERSION, .tlp = TLP_AMBER, .owner = by->person};
    if (e == 0 && id)
        e = room_write(r, &w, ret_id, err, "UPDATE scope_file SET source = ?2, active = 1 WHERE id = ?1", "is", id, &source);
    else if (e == 0)
        e = room_write(r, &w, ret_id, err, "INSERT INTO scope_file(name, source, active) VALUES (?1, ?2, 1)", "ss", &name, &source);
    return e;
}

int room_scope_file_put(struct room *r, const struct room_actor *by, const struct scope_spec *spec, int64_t *ret_id, struct diag *reterr) {
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, put_file(r, by, spec, ret_id, reterr), reterr);
}

int room_scope_file_end(struct room *r, const struct room_actor *by, int64_t id, struct diag *reterr) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_SCOPE_FILE, .id = id, .version = ROOM_ANY_VERSION};
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, room_write(r, &w, NULL, reterr, "UPDATE scope_file SET active = 0 WHERE id = ?1", "i", id), reterr);
}

int room_scope_specs(struct room *r, struct arena *a, const struct scope_spec *shipped, size_t n, const struct scope_spec **ret, size_t *ret_n,
                     struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct scope_spec *all = arena_zalloc(a, 2 * SCOPES_MAX * sizeof *all);
    if (!all)
        return -ENOMEM;
    if (n)
        memcpy(all, shipped, n * sizeof *all);
    int e = sql_query(r->db, &st, reterr, "SELECT id, source FROM scope_file WHERE active ORDER BY name LIMIT ?1", "i", (int64_t) SCOPES_MAX);
    while (e >= 0 && (e = sql_step(st, reterr)) == 1) {
        struct str source = arena_dup(a, sql_str(st, 1));
        if (!source.p)
            return -ENOMEM;
        if (scope_spec_read(a, source, "", &all[n], NULL) < 0 || scope_spec_find(all, n, all[n].name))
            continue;
        all[n].own = true;
        all[n++].id = sql_i64(st, 0);
    }
    *ret = all;
    *ret_n = n;
    return MIN(e, 0);
}
