/* See fact.h. */
#include "room/fact.h"

#include "base/file.h"
#include "base/limits.h"
#include "room/incident_priv.h"

static const char *const states[FACT_STATE_MAX_] = {"unconfirmed", "confirmed", "withheld"};

const char *fact_state_to_string(enum fact_state s) {
    return states[s];
}

int fact_state_from_string(struct str s) {
    for (int i = 0; i < FACT_STATE_MAX_; i++)
        if (str_eq_z(s, states[i]))
            return i;
    return -EINVAL;
}

int room_facts_load(struct room *r, const char *path, struct diag *reterr) {
    struct str text;
    arena_reset(&r->facts_arena);
    r->facts = (struct fact_specs){0};
    int e = file_read(&r->facts_arena, path, YAML_BYTES_MAX, &text, reterr);
    char *name = e == 0 ? arena_dup_z(&r->facts_arena, str_of(path)) : NULL;
    if (e == 0)
        e = name ? fact_specs_parse(&r->facts_arena, text, name, &r->facts, reterr) : -ENOMEM;
    for (size_t i = 0; e == 0 && i < r->facts.n; i++)
        if (!fact_from_known(r->facts.at[i].from))
            e = diag_set_at(reterr, -ERR_PARSE, path, 1, 0, "fact '%.*s': nothing is proposed from '%.*s'", STR_ARG(r->facts.at[i].name),
                            STR_ARG(r->facts.at[i].from));
    return e;
}

const struct fact_specs *room_fact_specs(const struct room *r) {
    return &r->facts;
}

/* ---- reading ---- */

#define COLUMNS "name, id, version, updated_at, state, value, source, updated_by"

static int take_row(struct arena *a, struct sql_stmt *st, struct room_fact *f) {
    int state = fact_state_from_string(sql_str(st, 4));
    f->id = sql_i64(st, 1);
    f->version = sql_i64(st, 2);
    f->at_ns = sql_i64(st, 3);
    f->state = state < 0 ? FACT_WITHHELD : (enum fact_state) state;
    f->value = arena_dup(a, sql_str(st, 5));
    f->source = arena_dup(a, sql_str(st, 6));
    f->by = arena_dup(a, sql_str(st, 7));
    return f->value.p && f->source.p && f->by.p ? 0 : -ENOMEM;
}

static struct room_fact none(const struct fact_spec *s) {
    return (struct room_fact){.spec = s, .at_ns = TIME_NONE, .value = STR(""), .source = STR(""), .by = STR("")};
}

static int get(struct room *r, struct arena *a, int64_t incident, const struct fact_spec *s, struct room_fact *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    *ret = none(s);
    int e = sql_query(r->db, &st, err, "SELECT " COLUMNS " FROM fact WHERE incident_id = ?1 AND name = ?2", "is", incident, &s->name);
    if (e == 0)
        e = sql_step(st, err);
    return e == 1 ? take_row(a, st, ret) : e;
}

int room_fact_get(struct room *r, struct arena *a, int64_t incident, const char *name, struct room_fact *ret, struct diag *reterr) {
    const struct fact_spec *s = fact_spec_find(&r->facts, str_of(name));
    return s ? get(r, a, incident, s, ret, reterr) : diag_set(reterr, -EINVAL, "there is no fact '%s'", name);
}

int room_facts_get(struct room *r, struct arena *a, int64_t incident, struct room_fact **ret, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct room_fact *all = arena_alloc(a, MAX(r->facts.n, (size_t) 1) * sizeof *all);
    if (!all)
        return -ENOMEM;
    for (size_t i = 0; i < r->facts.n; i++)
        all[i] = none(&r->facts.at[i]);
    int e = sql_query(r->db, &st, reterr, "SELECT " COLUMNS " FROM fact WHERE incident_id = ?1", "i", incident);
    while (e == 0 && (e = sql_step(st, reterr)) == 1) {
        const struct fact_spec *s = fact_spec_find(&r->facts, sql_str(st, 0));
        e = s ? take_row(a, st, &all[s - r->facts.at]) : 0; /* of a file that had more facts: kept, not shown */
    }
    *ret = all;
    return e;
}

struct str room_fact_told(const struct room_fact *f) {
    return f->id && f->state == FACT_CONFIRMED ? f->value : STR("");
}

/* ---- writing ---- */

struct putting {
    const struct room_fact_new *x;
    const struct room_actor *by;
};

/* The version is the one the row is about to have. */
static int put_past(void *ctx, struct room *r, int64_t id, struct diag *reterr) {
    const struct putting *p = ctx;
    char by[ROOM_BY_CAP];
    return room_write_part(r, reterr,
                           "INSERT INTO fact_past(fact_id, version, value, state, source, at, by) SELECT ?1, version + 1, ?2, ?3, ?4, ?5, ?6 FROM fact "
                           "WHERE id = ?1",
                           "iszsiz", id, &p->x->value, states[p->x->state], &p->x->source, room_now(r), room_actor_format(p->by, by));
}

static int note(struct room *r, const struct room_actor *by, const struct fact_spec *s, const struct room_fact_new *x, struct diag *err) {
    struct buf params;
    struct jsonw w;
    int64_t t, precision;
    buf_init(&params, 65536);
    jsonw_init(&w, &params);
    jsonw_object(&w);
    jsonw_kstr(&w, "fact", s->title.en.n ? s->title.en : s->title.ja);
    if (s->title.ja.n)
        jsonw_kstr(&w, "fact_ja", s->title.ja);
    if (s->title.en.n)
        jsonw_kstr(&w, "fact_en", s->title.en);
    jsonw_kstr(&w, "name", str_of(by->name));
    if (s->kind == FACT_TIME && fact_time_parse(x->value, &t, &precision) == 0)
        jsonw_ktime(&w, "at", t);
    else
        jsonw_kstr(&w, "value", x->value);
    jsonw_end(&w);
    return room_timeline_tell(r, by, x->incident, "ciso_csirt", "decision", s->kind == FACT_TIME ? "event.fact_time" : "event.fact", &params, err);
}

static int write_it(struct room *r, const struct room_actor *by, const struct fact_spec *s, const struct room_fact *old, struct room_fact_new *x,
                    struct diag *err) {
    struct putting putting = {x, by};
    struct room_write w = {.by = by, .verb = old->id ? VERB_CHANGE : VERB_CREATE, .object = OBJECT_FACT, .id = old->id, .version = x->version,
                           .tlp = TLP_AMBER, .incident = x->incident, .owner = by->person, .parts = put_past, .parts_ctx = &putting};
    const char *state = states[x->state];
    if (!old->id && x->version)
        return diag_set(err, -ENOENT, "nothing was entered yet");
    int e = old->id ? room_write(r, &w, NULL, err, "UPDATE fact SET value = ?2, state = ?3, source = ?4 WHERE id = ?1", "iszs", old->id, &x->value, state,
                                 &x->source)
                    : room_write(r, &w, NULL, err, "INSERT INTO fact(incident_id, name, value, state, source) VALUES (?1, ?2, ?3, ?4, ?5)", "isszs",
                                 x->incident, &s->name, &x->value, state, &x->source);
    bool changed = !old->id || old->state != FACT_CONFIRMED || !str_eq(old->value, x->value);
    if (e == 0 && s->noted && x->state == FACT_CONFIRMED && changed)
        e = note(r, by, s, x, err);
    if (e == 0)
        e = room_ledger_person(r, by, x->incident, err);
    if (e == 0)
        e = room_obligations_refresh(r, x->incident, err);
    return e;
}

static int proposed(struct room *r, const struct room_actor *by, const struct fact_spec *s, struct arena *a, struct room_fact_new *x, struct diag *err) {
    struct fact_proposal *all;
    int e = room_facts_propose(r, a, x->incident, by, &all, err);
    if (e < 0)
        return e;
    const struct fact_proposal *p = &all[s - r->facts.at];
    if (!p->value.n)
        return diag_set(err, -ENOENT, "nothing is proposed for '%.*s'", STR_ARG(s->name));
    x->value = p->value;
    x->source = arena_printf(a, "from:%.*s", STR_ARG(p->from));
    return x->source.p ? 0 : -ENOMEM;
}

static int put(struct room *r, const struct room_actor *by, const struct room_fact_new *given, struct arena *a, enum fact_fault *ret_fault,
               struct diag *err) {
    const struct fact_spec *s = fact_spec_find(&r->facts, given->name);
    struct room_fact_new x = *given;
    struct room_fact old;
    if (!s)
        return diag_set(err, -ENOENT, "there is no fact '%.*s'", STR_ARG(given->name));
    int e = get(r, a, x.incident, s, &old, err);
    if (e == 0 && x.take)
        e = proposed(r, by, s, a, &x, err);
    if (e < 0)
        return e;
    enum fact_fault fault = fact_value_read(a, s, x.value, room_now(r), &x.value);
    if (fault == FACT_EMPTY && x.state != FACT_CONFIRMED) /* not known, or not to be told without having been written down */
        fault = FACT_FINE;
    *ret_fault = fault;
    if (fault != FACT_FINE)
        return diag_set(err, -EINVAL, "%s", fact_fault_to_string(fault));
    return x.value.p ? write_it(r, by, s, &old, &x, err) : -ENOMEM;
}

int room_fact_put(struct room *r, const struct room_actor *by, const struct room_fact_new *x, enum fact_fault *ret_fault, struct diag *reterr) {
    struct arena a;
    bool own = !r->in_tx;
    *ret_fault = FACT_FINE;
    int e = own ? room_begin(r, reterr) : 0;
    if (e < 0)
        return e;
    arena_init(&a, (size_t) 64 << 20);
    e = put(r, by, x, &a, ret_fault, reterr);
    arena_done(&a);
    return own ? room_end(r, e, reterr) : e;
}

/* ---- pages ---- */

static void write_value(struct jsonw *w, const struct fact_spec *s, struct str value) {
    int64_t t = TIME_NONE, precision = 0;
    jsonw_kstr(w, "value", value);
    bool is_time = s->kind == FACT_TIME && fact_time_parse(value, &t, &precision) == 0;
    jsonw_ktime(w, "at", is_time ? t : TIME_NONE);
    jsonw_key(w, STR("precision_s"));
    is_time && precision ? jsonw_i64(w, precision) : jsonw_null(w);
}

static void write_source(struct jsonw *w, struct str source) {
    jsonw_key(w, STR("source"));
    if (!source.n) {
        jsonw_null(w);
        return;
    }
    if (str_starts(source, STR("from:"))) {
        char key[100];
        snprintf(key, sizeof key, "fact.from.%.*s", STR_ARG(str_from(source, 5)));
        jsonw_object(w);
        jsonw_kz(w, "key", key);
        jsonw_key(w, STR("params"));
        jsonw_object(w);
        jsonw_end(w);
    } else {
        jsonw_object(w);
        jsonw_kstr(w, "plain", source);
    }
    jsonw_end(w);
}

static void write_spec(struct jsonw *w, const struct fact_spec *s) {
    jsonw_kstr(w, "name", s->name);
    jsonw_kstr(w, "group", s->group);
    jsonw_kz(w, "kind", fact_kind_to_string(s->kind));
    jsonw_ki64(w, "max", s->max);
    fact_words_write(w, "titles", &s->title);
    fact_words_write(w, "hint", &s->hint);
    fact_words_write(w, "unit", &s->unit);
    jsonw_key(w, STR("choices"));
    jsonw_array(w);
    for (size_t i = 0; i < s->n_choices; i++) {
        jsonw_object(w);
        jsonw_kstr(w, "value", s->choices[i].value);
        fact_words_write(w, "titles", &s->choices[i].title);
        jsonw_end(w);
    }
    jsonw_end(w);
}

static void write_fact(struct room *r, struct jsonw *w, const struct room_fact *f, const struct fact_proposal *p) {
    jsonw_object(w);
    write_spec(w, f->spec);
    jsonw_ki64(w, "version", f->version);
    jsonw_kz(w, "state", f->id ? fact_state_to_string(f->state) : "unknown");
    write_value(w, f->spec, f->value);
    write_source(w, f->source);
    room_by_text(r, w, "by", f->by);
    jsonw_ktime(w, "changed", f->at_ns);
    jsonw_key(w, STR("proposal"));
    if (p->value.n && !str_eq(p->value, f->value)) {
        jsonw_object(w);
        write_value(w, f->spec, p->value);
        struct str from = p->from;
        char line[100];
        snprintf(line, sizeof line, "from:%.*s", STR_ARG(from));
        write_source(w, str_of(line));
        jsonw_kbool(w, "at_least", p->at_least);
        jsonw_end(w);
    } else {
        jsonw_null(w);
    }
    jsonw_end(w);
}

int room_facts_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) {
    struct fact_proposal *proposals;
    struct room_fact *all;
    struct arena a;
    arena_init(&a, (size_t) 64 << 20);
    int e = room_facts_get(r, &a, incident, &all, reterr);
    if (e == 0)
        e = room_facts_propose(r, &a, incident, who, &proposals, reterr);
    jsonw_object(w);
    jsonw_key(w, STR("groups"));
    jsonw_array(w);
    for (size_t i = 0; e == 0 && i < r->facts.n_groups; i++) {
        jsonw_object(w);
        jsonw_kstr(w, "name", r->facts.groups[i].name);
        fact_words_write(w, "titles", &r->facts.groups[i].title);
        jsonw_end(w);
    }
    jsonw_end(w);
    jsonw_key(w, STR("facts"));
    jsonw_array(w);
    for (size_t i = 0; e == 0 && i < r->facts.n; i++)
        write_fact(r, w, &all[i], &proposals[i]);
    jsonw_end(w);
    jsonw_end(w);
    arena_done(&a);
    return e;
}

int room_fact_versions_write(struct room *r, int64_t incident, struct str name, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    const struct fact_spec *s = fact_spec_find(&r->facts, name);
    if (!s)
        return diag_set(reterr, -ENOENT, "there is no fact '%.*s'", STR_ARG(name));
    int e = sql_query(r->db, &st, reterr,
                      "SELECT p.version, p.value, p.state, p.source, p.at, p.by FROM fact f JOIN fact_past p ON p.fact_id = f.id WHERE f.incident_id = ?1 AND "
                      "f.name = ?2 ORDER BY p.version DESC LIMIT 200",
                      "is", incident, &name);
    jsonw_object(w);
    jsonw_key(w, STR("versions"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, reterr)) == 1) {
        jsonw_object(w);
        jsonw_ki64(w, "version", sql_i64(st, 0));
        write_value(w, s, sql_str(st, 1));
        jsonw_kstr(w, "state", sql_str(st, 2));
        write_source(w, sql_str(st, 3));
        jsonw_ktime(w, "changed", sql_i64(st, 4));
        room_by_text(r, w, "by", sql_str(st, 5));
        jsonw_end(w);
        e = 0;
    }
    jsonw_end(w);
    jsonw_end(w);
    return e;
}
