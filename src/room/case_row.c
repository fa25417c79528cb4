/* See case_row.h. */
#include "room/case_row.h"

#include "room/incident_priv.h"
#include "room/message.h"
#include "room/room_priv.h"

#include <errno.h>

#define FIELD_BYTES_MAX 4000
#define DOC_BYTES_MAX ((size_t) 4 << 20)

struct wanted { /* who reaches this state has to say this */
    const char *state, *field;
};
static const struct row_kind {
    const char *name;
    const char *states[6]; /* the first is where it begins */
    const char *fields[CASE_ROW_FIELDS];
    struct wanted wants[4]; /* state NULL: always */
} kinds[] = {
    {"copy", {"to_ask", "asked", "answered", "destroyed", "kept"}, {"what", "address", "proof", "answer", "why"}, {{NULL, "what"}, {"destroyed", "proof"}, {"kept", "why"}}},
    {"stage", {"down", "started", "limited", "back"}, {"expected", "why"}, {{0}}},
    {"safety", {"confirmed", "excepted"}, {"why"}, {{"excepted", "why"}}},
    {"item", {"held", "handed", "returned", "destroyed"},
     {"device", "taken_by", "how", "taken_at", "sha256", "hashed", "file", "bytes", "place", "clock", "photo", "sealed", "why"},
     {{NULL, "taken_by"}, {NULL, "how"}, {"destroyed", "why"}}},
};

static const struct row_kind *kind_of(struct str name) {
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (str_eq_z(name, kinds[i].name))
            return &kinds[i];
    return NULL;
}

static const char *state_of(const struct row_kind *k, struct str name) {
    for (size_t i = 0; i < ARRAY_SIZE(k->states) && k->states[i]; i++)
        if (str_eq_z(name, k->states[i]))
            return k->states[i];
    return NULL;
}

static bool is_hash(struct str s) {
    bool good = s.n == 64;
    for (size_t i = 0; i < s.n; i++)
        good &= (s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f');
    return good;
}

static int check_fields(const struct row_kind *k, const struct json_value *fields, struct diag *err) {
    for (const struct json_value *v = fields ? fields->first : NULL; v; v = v->next) {
        size_t i = 0;
        while (i < CASE_ROW_FIELDS && k->fields[i] && !str_eq_z(v->key, k->fields[i]))
            i++;
        bool known = i < CASE_ROW_FIELDS && k->fields[i];
        if (!known || v->type != JSON_STRING || v->text.n > FIELD_BYTES_MAX)
            return diag_set(err, -EINVAL, "%.*s", STR_ARG(v->key));
        if ((str_eq_z(v->key, "sha256") || str_eq_z(v->key, "photo")) && v->text.n && !is_hash(v->text))
            return diag_set(err, -EINVAL, "%.*s", STR_ARG(v->key)); /* 64 small hexadecimal digits */
    }
    return 0;
}

static int check_wanted(const struct row_kind *k, const char *state, const struct json_value *fields, struct diag *err) {
    for (size_t i = 0; i < ARRAY_SIZE(k->wants) && k->wants[i].field; i++) {
        struct str v = STR("");
        const struct wanted *x = &k->wants[i];
        if (x->state && strcmp(x->state, state) != 0)
            continue;
        (void) json_get_str(fields, x->field, &v);
        if (!str_trim(v).n)
            return diag_set(err, -EINVAL, "%s", x->field);
    }
    return 0;
}

/* ---- the document: fields, and the past ---- */

struct past_entry {
    int64_t at_ns;
    const char *by, *state;
    struct str from, to, note;
    bool sealed;
};

static void write_past(struct jsonw *w, const struct past_entry *x) {
    jsonw_object(w);
    jsonw_ktime(w, "at", x->at_ns);
    jsonw_kz(w, "by", x->by);
    jsonw_kz(w, "state", x->state);
    jsonw_kstr(w, "from", x->from);
    jsonw_kstr(w, "to", x->to);
    jsonw_kbool(w, "sealed", x->sealed);
    jsonw_kstr(w, "note", x->note);
    jsonw_end(w);
}

/* Fields of `old` with those of `changed` put over them. */
static void write_fields(struct jsonw *w, const struct row_kind *k, const struct json_value *old, const struct json_value *changed) {
    jsonw_object(w);
    for (size_t i = 0; i < CASE_ROW_FIELDS && k->fields[i]; i++) {
        struct str v;
        if ((changed && json_get_str(changed, k->fields[i], &v)) || (old && json_get_str(old, k->fields[i], &v)))
            jsonw_kstr(w, k->fields[i], v);
    }
    jsonw_end(w);
}

static int write_doc(struct buf *out, const struct row_kind *k, const struct json_value *old, const struct json_value *changed, const struct past_entry *x) {
    const struct json_value *past = old ? json_get_array(old, "past") : NULL;
    struct jsonw w;
    jsonw_init(&w, out);
    jsonw_object(&w);
    jsonw_key(&w, STR("fields"));
    write_fields(&w, k, old ? json_get_object(old, "fields") : NULL, changed);
    jsonw_key(&w, STR("past"));
    jsonw_array(&w);
    for (const struct json_value *v = past ? past->first : NULL; v; v = v->next)
        jsonw_value(&w, v);
    write_past(&w, x);
    jsonw_end(&w);
    jsonw_end(&w);
    return buf_error(out);
}

static int tell(struct room *r, const struct room_actor *by, int64_t incident, const struct row_kind *k, struct str name, const struct past_entry *x, struct diag *err) {
    struct jsonw w;
    struct buf b;
    buf_init(&b, 32768);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    jsonw_kz(&w, "what", k->name);
    jsonw_kstr(&w, "name", name);
    jsonw_kz(&w, "state", x->state);
    jsonw_kstr(&w, "to", x->to);
    jsonw_kstr(&w, "note", x->note);
    jsonw_end(&w);
    struct room_entry entry = {.incident = incident, .at_ns = x->at_ns, .until_ns = TIME_NONE, .lane = "ciso_csirt", .kind = "notice", .key = "event.case_row", .precision_s = -1};
    return room_timeline_entry(r, by, &entry, &b, err);
}

/* ---- adding ---- */

static int is_there(struct room *r, const struct room_case_row_new *x, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct str kind = x->kind, key = x->key;
    int e = sql_query(r->db, &st, err, "SELECT 1 FROM case_row WHERE incident_id = ?1 AND kind = ?2 AND key = ?3 AND ?3 <> ''", "iss", x->incident, &kind, &key);
    return e < 0 ? e : sql_step(st, err);
}

static int add(struct room *r, const struct room_actor *by, const struct room_case_row_new *x, int64_t *ret_id, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_CASE_ROW, .tlp = TLP_AMBER, .incident = x->incident, .owner = by->person};
    const struct row_kind *k = kind_of(x->kind);
    const char *first = !k ? NULL : x->state.n ? state_of(k, x->state) : k->states[0];
    struct str kind = x->kind, key = x->key, name = str_trim(x->name), doc;
    struct past_entry past = {.at_ns = room_now(r), .by = by->name, .state = first, .from = STR(""), .to = STR(""), .note = STR("")};
    struct buf b;
    if (!first || !name.n)
        return diag_set(err, -EINVAL, k ? first ? "name" : "state" : "kind");
    int e = check_fields(k, x->fields, err);
    if (e == 0)
        e = check_wanted(k, first, x->fields, err);
    if (e == 0 && (e = is_there(r, x, err)) == 1)
        e = diag_set(err, -EEXIST, "there is one already");
    if (e < 0)
        return e;
    buf_init(&b, DOC_BYTES_MAX);
    e = write_doc(&b, k, NULL, x->fields, &past);
    doc = buf_str(&b);
    if (e == 0)
        e = room_write(r, &w, ret_id, err, "INSERT INTO case_row(incident_id, kind, key, name, state, due_at, doc) VALUES (?1, ?2, ?3, ?4, ?5, nullif(?6, ?7), ?8)",
                       "isssziis", x->incident, &kind, &key, &name, first, x->due_ns, (int64_t) TIME_NONE, &doc);
    if (e == 0)
        e = tell(r, by, x->incident, k, name, &past, err);
    buf_done(&b);
    return e;
}

int room_case_row_add(struct room *r, const struct room_actor *by, const struct room_case_row_new *x, int64_t *ret_id, struct diag *reterr) {
    if (r->in_tx)
        return add(r, by, x, ret_id, reterr);
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, add(r, by, x, ret_id, reterr), reterr);
}

/* ---- changing ---- */

struct case_row {
    int64_t incident;
    const struct row_kind *kind;
    struct str name;
    char state[16];
    const struct json_value *doc;
    int64_t due_ns;
};

static int load(struct room *r, int64_t id, struct arena *a, struct case_row *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct json_value *doc;
    int e = sql_query(r->db, &st, err, "SELECT incident_id, kind, name, state, doc, due_at FROM case_row WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : diag_set(err, -ENOENT, "there is no such row");
    *ret = (struct case_row){.incident = sql_i64(st, 0), .kind = kind_of(sql_str(st, 1)), .name = arena_dup(a, sql_str(st, 2)),
                             .due_ns = sql_is_null(st, 5) ? TIME_NONE : sql_i64(st, 5)};
    snprintf(ret->state, sizeof ret->state, "%.*s", STR_ARG(sql_str(st, 3)));
    struct str text = arena_dup(a, sql_str(st, 4));
    e = text.p && ret->name.p ? json_parse(a, text, &doc, err) : -ENOMEM;
    ret->doc = e == 0 ? doc : NULL;
    return e == 0 && !ret->kind ? -ERR_CORRUPT : e;
}

/* A thing goes from one hand into another: both are named. */
static int check_hands(const struct case_row *x, const char *state, const struct room_case_row_change *c, struct diag *err) {
    bool moves = strcmp(x->kind->name, "item") == 0 && (strcmp(state, "handed") == 0 || strcmp(state, "returned") == 0);
    if (moves && (!str_trim(c->from).n || !str_trim(c->to).n))
        return diag_set(err, -EINVAL, c->from.n ? "to" : "from");
    const struct json_value *past = json_get_array(x->doc, "past");
    return past && past->n >= CASE_ROW_PAST_MAX ? diag_set(err, -ERR_LIMIT, "a row keeps %d changes", CASE_ROW_PAST_MAX) : 0;
}

static int check_change(struct arena *a, const struct case_row *x, const char *state, const struct room_case_row_change *c, struct diag *err) {
    struct json_value *merged;
    struct jsonw w;
    struct buf b;
    int e = check_fields(x->kind, c->fields, err);
    if (e == 0)
        e = check_hands(x, state, c, err);
    if (e < 0)
        return e;
    buf_init(&b, DOC_BYTES_MAX);
    jsonw_init(&w, &b);
    write_fields(&w, x->kind, json_get_object(x->doc, "fields"), c->fields);
    struct str text = buf_error(&b) ? STR_NULL : arena_dup(a, buf_str(&b));
    buf_done(&b);
    e = text.p ? json_parse(a, text, &merged, err) : -ENOMEM;
    return e < 0 ? e : check_wanted(x->kind, state, merged, err);
}

static int change(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_case_row_change *c, struct arena *a, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_CASE_ROW, .id = id, .version = version};
    struct case_row x;
    struct buf b;
    int e = load(r, id, a, &x, err);
    const char *state = e < 0 ? NULL : c->state.n ? state_of(x.kind, c->state) : state_of(x.kind, str_of(x.state));
    if (e == 0 && !state)
        e = diag_set(err, -EINVAL, "state");
    if (e == 0)
        e = check_change(a, &x, state, c, err);
    if (e < 0)
        return e;
    struct past_entry past = {.at_ns = c->at_ns == TIME_NONE ? room_now(r) : c->at_ns, .by = by->name, .state = state, .from = c->from.p ? c->from : STR(""),
                              .to = c->to.p ? c->to : STR(""), .note = c->note.p ? c->note : STR(""), .sealed = c->sealed};
    buf_init(&b, DOC_BYTES_MAX);
    e = write_doc(&b, x.kind, x.doc, c->fields, &past);
    struct str doc = buf_str(&b);
    if (e == 0)
        e = room_write(r, &w, NULL, err, "UPDATE case_row SET state = ?2, due_at = nullif(?3, ?4), doc = ?5 WHERE id = ?1", "iziis", id, state,
                       c->set_due ? c->due_ns : x.due_ns, (int64_t) TIME_NONE, &doc);
    if (e == 0)
        e = tell(r, by, x.incident, x.kind, x.name, &past, err);
    buf_done(&b);
    return e;
}

int room_case_row_change(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_case_row_change *c, struct diag *reterr) {
    struct arena a;
    arena_init(&a, 4 * DOC_BYTES_MAX);
    int e = room_begin(r, reterr);
    if (e == 0)
        e = room_end(r, change(r, by, id, version, c, &a, reterr), reterr);
    arena_done(&a);
    return e;
}

/* ---- asking a copy back ---- */

static int ask(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct str way, struct str text, struct arena *a, struct diag *err) {
    struct room_case_row_change c = {.state = STR("asked"), .note = text, .at_ns = TIME_NONE};
    struct case_row x;
    struct str address = STR("");
    int64_t message;
    int e = load(r, id, a, &x, err);
    if (e == 0 && strcmp(x.kind->name, "copy") != 0)
        e = diag_set(err, -EINVAL, "kind");
    if (e == 0)
        (void) json_get_str(json_get_object(x.doc, "fields"), "address", &address);
    if (e == 0 && !address.n)
        e = diag_set(err, -EINVAL, "address");
    if (e < 0)
        return e;
    struct room_message_new m = {.way = way, .address = address, .who = x.name, .subject = STR(""), .text = text, .vars = STR(""), .incident = x.incident, .ask = true,
                                 .reply_to = STR("")};
    e = change(r, by, id, version, &c, a, err); /* the door first: whoever saw another version asks nobody */
    return e < 0 ? e : room_message_add(r, by, &m, &message, err);
}

int room_case_row_ask(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct str way, struct str text, struct diag *reterr) {
    struct arena a;
    arena_init(&a, 4 * DOC_BYTES_MAX);
    int e = room_begin(r, reterr);
    if (e == 0)
        e = room_end(r, ask(r, by, id, version, way, text, &a, reterr), reterr);
    arena_done(&a);
    return e;
}

/* ---- telling ---- */

int room_case_rows_write(struct room *r, int64_t incident, struct str kind, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT id, version, kind, key, name, state, due_at, doc, created_at FROM case_row WHERE incident_id = ?1 AND (?2 = '' OR kind = ?2) ORDER BY id LIMIT 2000",
                      "is", incident, &kind);
    jsonw_key(w, STR("rows"));
    jsonw_array(w);
    while (e >= 0 && (e = sql_step(st, reterr)) == 1) {
        jsonw_object(w);
        jsonw_ki64(w, "id", sql_i64(st, 0));
        jsonw_ki64(w, "version", sql_i64(st, 1));
        jsonw_kstr(w, "kind", sql_str(st, 2));
        jsonw_kstr(w, "key", sql_str(st, 3));
        jsonw_kstr(w, "name", sql_str(st, 4));
        jsonw_kstr(w, "state", sql_str(st, 5));
        jsonw_ktime(w, "due", sql_is_null(st, 6) ? TIME_NONE : sql_i64(st, 6));
        jsonw_key(w, STR("doc"));
        jsonw_raw(w, sql_str(st, 7));
        jsonw_ktime(w, "at", sql_i64(st, 8));
        jsonw_end(w);
    }
    jsonw_end(w);
    return MIN(e, 0);
}
