/* See register.h. Here: files that were read, what they would do, doing and undoing it. */
#include "room/register_priv.h"

enum { SHOWN = 200, LATEST = 10 };

static const struct json_value *rows_of(const struct json_value *doc) {
    return json_get_array(doc, "rows");
}

static struct str text_of(const struct json_value *v, const char *key) {
    struct str s = STR("");
    (void) json_get_str(v, key, &s);
    return s;
}

static const struct json_value *values_of(const struct json_value *row) {
    const struct json_value *v = json_get_object(row, "values");
    static const struct json_value none = {.type = JSON_OBJECT};
    return v ? v : &none;
}

static struct str name_of(const struct json_value *row, struct str key_field) {
    for (const struct json_value *v = values_of(row)->first; v; v = v->next)
        if (str_eq(v->key, key_field) && v->type == JSON_STRING)
            return v->text;
    return STR("");
}

static struct str member(const struct json_value *object, struct str key) {
    for (const struct json_value *v = object->first; v; v = v->next)
        if (str_eq(v->key, key) && v->type == JSON_STRING)
            return v->text;
    return STR("");
}

/* ---- a draft ---- */

int room_import_add(struct room *r, const struct room_actor *by, struct str kind, struct str key_field, const struct json_value *doc,
                    struct str text, int64_t *ret_id, struct diag *reterr) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_IMPORT, .tlp = TLP_AMBER, .owner = by->person};
    const struct json_value *rows = rows_of(doc);
    struct str file = text_of(doc, "file");
    if (!rows || !json_get_array(doc, "refused"))
        return diag_set(reterr, -ERR_PARSE, "no table that was read");
    if (rows->n > ROOM_REGISTER_ROWS_MAX)
        return diag_set(reterr, -ERR_LIMIT, "a register holds at most %d rows", ROOM_REGISTER_ROWS_MAX);
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = room_write(r, &w, ret_id, reterr, "INSERT INTO register_import(kind, key_field, file, doc) VALUES (?1, ?2, ?3, ?4)", "ssss", &kind,
                   &key_field, &file, &text);
    return room_end(r, e, reterr);
}

/* ---- one import with the register it is about ---- */

struct import {
    int64_t id, version, created_at_ns, applied_at_ns, undone_at_ns;
    struct str kind, key_field, file, state, created_by;
    struct json_value *doc, *done; /* done NULL: not applied yet */
    struct register_rows rows;
    struct arena arena;
    struct register_new *news; /* one for each row of doc, in order */
    struct register_faults faults;
    size_t n_bad;
};

/* What its rows name of other rows, as the registers stand now. */
static int judge_refs(struct room *r, struct import *x, struct diag *err) {
    const struct json_value *rows = rows_of(x->doc);
    struct register_all all;
    size_t n = 0;
    x->news = arena_zalloc(&x->arena, MAX((size_t) rows->n, (size_t) 1) * sizeof *x->news);
    if (!x->news)
        return diag_set(err, -ENOMEM, "memory has run out");
    for (const struct json_value *row = rows->first; row; row = row->next) {
        struct str name = name_of(row, x->key_field);
        x->news[n++] = (struct register_new){.name = name, .values = values_of(row), .old = register_rows_find(&x->rows, name)};
    }
    register_all_begin(&all, r);
    int e = register_refs_check(&all, x->kind, x->news, n, &x->arena, &x->faults, err);
    register_all_end(&all);
    for (size_t i = 0; e == 0 && i < n; i++)
        x->n_bad += x->news[i].bad;
    return e;
}

static int load(struct room *r, int64_t id, struct import *x, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    arena_init(&x->arena, 6 * ROOM_IMPORT_BYTES_MAX);
    int e = sql_query(r->db, &st, err,
                      "SELECT version, kind, key_field, file, state, doc, done, created_at, created_by, applied_at, undone_at "
                      "FROM register_import WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : diag_set(err, -ENOENT, "no import %lld", (long long) id);
    x->id = id;
    x->version = sql_i64(st, 0);
    x->created_at_ns = sql_i64(st, 7);
    x->applied_at_ns = sql_is_null(st, 9) ? TIME_NONE : sql_i64(st, 9);
    x->undone_at_ns = sql_is_null(st, 10) ? TIME_NONE : sql_i64(st, 10);
    struct str *texts[] = {&x->kind, &x->key_field, &x->file, &x->state};
    for (int i = 0; i < 4; i++)
        *texts[i] = arena_dup(&x->arena, sql_str(st, i + 1));
    x->created_by = arena_dup(&x->arena, sql_str(st, 8));
    struct str doc = arena_dup(&x->arena, sql_str(st, 5)), done = arena_dup(&x->arena, sql_str(st, 6));
    if (!x->created_by.p || !x->state.p || !doc.p || !done.p)
        return diag_set(err, -ENOMEM, "memory has run out");
    e = json_parse(&x->arena, doc, &x->doc, err);
    if (e == 0 && done.n)
        e = json_parse(&x->arena, done, &x->done, err);
    if (e == 0)
        e = register_rows_load(r, x->kind, &x->rows, err);
    return e == 0 ? judge_refs(r, x, err) : e;
}

static void unload(struct import *x) {
    register_rows_done(&x->rows);
    arena_done(&x->arena);
}

/* What the row is called and holds once the file's values are in it: columns the file does not have stay. */
static struct str merged(struct import *x, const struct json_value *row, const struct register_row *old) {
    struct buf b;
    struct jsonw w;
    buf_init(&b, 256 * 1024);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    const struct json_value *now = values_of(row);
    for (const struct json_value *v = now->first; v; v = v->next)
        if (v->type == JSON_STRING && v->text.n) {
            jsonw_key(&w, v->key);
            jsonw_str(&w, v->text);
        }
    for (const struct json_value *v = old ? old->values->first : NULL; v; v = v->next) {
        bool given = false;
        for (const struct json_value *n = now->first; n && !given; n = n->next)
            given = str_eq(n->key, v->key);
        if (!given) {
            jsonw_key(&w, v->key);
            jsonw_value(&w, v);
        }
    }
    jsonw_end(&w);
    struct str s = buf_error(&b) ? STR_NULL : arena_dup(&x->arena, buf_str(&b));
    buf_done(&b);
    return s;
}

static bool differs(const struct json_value *row, const struct register_row *old) {
    for (const struct json_value *v = values_of(row)->first; v; v = v->next)
        if (v->type == JSON_STRING && !str_eq(v->text, member(old->values, v->key)))
            return true;
    return !old->active;
}

/* ---- what it would do ---- */

static void write_changes(const struct json_value *row, const struct register_row *old, struct jsonw *w) {
    jsonw_key(w, STR("fields"));
    jsonw_array(w);
    for (const struct json_value *v = values_of(row)->first; v; v = v->next) {
        struct str was = member(old->values, v->key);
        if (v->type != JSON_STRING || str_eq(v->text, was))
            continue;
        jsonw_object(w);
        jsonw_kstr(w, "field", v->key);
        jsonw_kstr(w, "from", was);
        jsonw_kstr(w, "to", v->text);
        jsonw_end(w);
    }
    jsonw_end(w);
}

enum fate { FATE_NEW, FATE_CHANGED, FATE_SAME };

static enum fate fate_of(struct import *x, const struct json_value *row, struct register_row **ret_old) {
    *ret_old = register_rows_find(&x->rows, name_of(row, x->key_field));
    return !*ret_old ? FATE_NEW : differs(row, *ret_old) ? FATE_CHANGED : FATE_SAME;
}

static size_t write_fate(struct import *x, enum fate wanted, const char *key, struct jsonw *w) {
    size_t n = 0, i = 0;
    jsonw_key(w, str_of(key));
    jsonw_array(w);
    for (const struct json_value *row = rows_of(x->doc)->first; row; row = row->next) {
        struct register_row *old;
        int64_t number = 0;
        if (x->news[i++].bad || fate_of(x, row, &old) != wanted || n++ >= SHOWN)
            continue;
        (void) json_get_i64(row, "row", &number);
        jsonw_object(w);
        jsonw_ki64(w, "row", number);
        jsonw_kstr(w, "name", name_of(row, x->key_field));
        if (old)
            write_changes(row, old, w);
        jsonw_end(w);
    }
    jsonw_end(w);
    return n;
}

static size_t write_gone(struct import *x, struct jsonw *w) {
    size_t n = 0;
    for (const struct json_value *row = rows_of(x->doc)->first; row; row = row->next) {
        struct register_row *old = register_rows_find(&x->rows, name_of(row, x->key_field));
        if (old)
            old->met = true;
    }
    jsonw_key(w, STR("gone"));
    jsonw_array(w);
    for (size_t i = 0; i < x->rows.n; i++) {
        const struct register_row *row = x->rows.at[i];
        if (row->met || !row->active || n++ >= SHOWN)
            continue;
        jsonw_object(w);
        jsonw_ki64(w, "id", row->id);
        jsonw_kstr(w, "name", row->name);
        jsonw_end(w);
    }
    jsonw_end(w);
    return n;
}

/* The letter of the column a field was read from; .p NULL when the file has none. */
static struct str letter_of(const struct import *x, struct str field) {
    const struct json_value *list = json_get_array(x->doc, "columns");
    for (const struct json_value *v = list ? list->first : NULL; v; v = v->next)
        if (str_eq(text_of(v, "field"), field))
            return text_of(v, "letter");
    return STR_NULL;
}

/* A name that leads nowhere, or back, with its place: as a note, or as a refusal. */
static void write_fault(struct import *x, const struct register_fault *f, struct jsonw *w) {
    const struct json_value *row = rows_of(x->doc)->first;
    struct str letter = letter_of(x, f->field);
    int64_t number = 0;
    for (size_t i = 0; row && i < f->row; i++)
        row = row->next;
    if (row)
        (void) json_get_i64(row, "row", &number);
    jsonw_object(w);
    jsonw_ki64(w, "row", number);
    jsonw_key(w, STR("column"));
    if (letter.p)
        jsonw_str(w, letter);
    else
        jsonw_null(w);
    jsonw_kstr(w, "field", f->field);
    jsonw_kz(w, "code", register_ref_fault_to_string(f->fault));
    if (f->fault == REF_LOOSE) {
        jsonw_kstr(w, "from", f->value);
        jsonw_kstr(w, "to", f->value);
    } else {
        jsonw_kz(w, "help", register_ref_fault_help(f->fault));
        jsonw_kstr(w, "value", str_to(f->value, 400));
    }
    jsonw_end(w);
}

/* Values that were read otherwise than they stood: zeros given back, dates of an era; names that lead nowhere yet. */
static size_t write_notes(struct import *x, struct jsonw *w) {
    size_t n = 0;
    jsonw_key(w, STR("notes"));
    jsonw_array(w);
    for (const struct json_value *row = rows_of(x->doc)->first; row; row = row->next) {
        const struct json_value *list = json_get_array(row, "notes");
        for (const struct json_value *v = list ? list->first : NULL; v; v = v->next)
            if (n++ < SHOWN)
                jsonw_value(w, v);
    }
    for (size_t i = 0; i < x->faults.n; i++)
        if (x->faults.at[i].fault == REF_LOOSE && n++ < SHOWN)
            write_fault(x, &x->faults.at[i], w);
    jsonw_end(w);
    return n;
}

static void write_refused(struct import *x, struct jsonw *w) {
    const struct json_value *list = json_get_array(x->doc, "refused");
    size_t n = 0;
    jsonw_key(w, STR("refused"));
    jsonw_array(w);
    for (const struct json_value *v = list ? list->first : NULL; v && n < SHOWN; v = v->next, n++)
        jsonw_value(w, v);
    for (size_t i = 0; i < x->faults.n && n < SHOWN; i++)
        if (x->faults.at[i].fault != REF_LOOSE) {
            write_fault(x, &x->faults.at[i], w);
            n++;
        }
    jsonw_end(w);
}

static void write_head(struct room *r, const struct import *x, struct jsonw *w) {
    jsonw_ki64(w, "id", x->id);
    jsonw_ki64(w, "version", x->version);
    jsonw_kstr(w, "register", x->kind);
    jsonw_kstr(w, "file", x->file);
    jsonw_kstr(w, "state", x->state);
    jsonw_ktime(w, "created_at", x->created_at_ns);
    room_by_text(r, w, "created_by", x->created_by);
    jsonw_ktime(w, "applied_at", x->applied_at_ns);
    jsonw_ktime(w, "undone_at", x->undone_at_ns);
}

static void write_read(const struct import *x, struct jsonw *w) {
    static const char *const members[] = {"format", "encoding", "separator", "sheet", "sheets", "hidden_rows", "head_row", "columns"};
    jsonw_key(w, STR("read"));
    jsonw_object(w);
    for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
        const struct json_value *v = json_get(x->doc, members[i]);
        jsonw_key(w, str_of(members[i]));
        if (v)
            jsonw_value(w, v);
        else
            jsonw_null(w);
    }
    jsonw_end(w);
}

static int64_t number_of(const struct json_value *v, const char *key) {
    int64_t n = 0;
    if (v)
        (void) json_get_i64(v, key, &n);
    return n;
}

/* Of an applied one what was counted then; its rows are in the register. */
static void write_done(const struct import *x, struct jsonw *w) {
    static const char *const counts[] = {"n_new", "n_changed", "n_gone", "n_undone", "n_kept"};
    jsonw_key(w, STR("done"));
    if (!x->done) {
        jsonw_null(w);
        return;
    }
    jsonw_object(w);
    for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
        jsonw_ki64(w, counts[i], number_of(x->done, counts[i]));
    const struct json_value *kept = json_get_array(x->done, "kept");
    jsonw_key(w, STR("kept"));
    jsonw_array(w);
    for (const struct json_value *v = kept ? kept->first : NULL; v; v = v->next)
        jsonw_value(w, v);
    jsonw_end(w);
    jsonw_end(w);
}

int room_import_write(struct room *r, int64_t id, struct jsonw *w, struct diag *reterr) {
    struct import x = {0};
    int e = load(r, id, &x, reterr);
    if (e < 0) {
        unload(&x);
        return e;
    }
    size_t n_new, n_changed, n_gone, n_notes;
    jsonw_object(w);
    write_head(r, &x, w);
    write_read(&x, w);
    n_new = write_fate(&x, FATE_NEW, "new", w);
    n_changed = write_fate(&x, FATE_CHANGED, "changed", w);
    n_gone = write_gone(&x, w);
    n_notes = write_notes(&x, w);
    write_refused(&x, w);
    size_t rows = rows_of(x.doc)->n;
    jsonw_ku64(w, "n_rows", rows - x.n_bad);
    jsonw_ku64(w, "n_new", n_new);
    jsonw_ku64(w, "n_changed", n_changed);
    jsonw_ku64(w, "n_same", rows - n_new - n_changed - x.n_bad);
    jsonw_ku64(w, "n_gone", n_gone);
    jsonw_ku64(w, "n_notes", n_notes);
    jsonw_ki64(w, "n_refused", number_of(x.doc, "n_refused") + (int64_t) x.n_bad);
    write_done(&x, w);
    jsonw_end(w);
    unload(&x);
    return 0;
}

int room_imports_write(struct room *r, struct str kind, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT id, version, file, state, created_at, created_by, applied_at, undone_at FROM register_import "
                      "WHERE kind = ?1 AND state <> 'draft' ORDER BY id DESC LIMIT ?2", "si", &kind, (int64_t) LATEST);
    jsonw_key(w, STR("imports"));
    jsonw_array(w);
    while (e >= 0 && (e = sql_step(st, reterr)) == 1) {
        struct import x = {.id = sql_i64(st, 0), .version = sql_i64(st, 1), .kind = kind, .file = sql_str(st, 2), .state = sql_str(st, 3),
                           .created_at_ns = sql_i64(st, 4), .created_by = sql_str(st, 5),
                           .applied_at_ns = sql_is_null(st, 6) ? TIME_NONE : sql_i64(st, 6),
                           .undone_at_ns = sql_is_null(st, 7) ? TIME_NONE : sql_i64(st, 7)};
        jsonw_object(w);
        write_head(r, &x, w);
        jsonw_end(w);
    }
    jsonw_end(w);
    return MIN(e, 0);
}

/* ---- doing it ---- */

struct doing {
    struct room *r;
    const struct room_actor *by;
    struct import *x;
    struct jsonw w; /* of `done` */
    int64_t n_new, n_changed, n_gone;
    struct diag *err;
};

/* What undoing needs: the row, its version now, and what it was (null: it was not there). */
static void remember(struct doing *d, int64_t id, int64_t version, const struct register_row *old) {
    jsonw_object(&d->w);
    jsonw_ki64(&d->w, "id", id);
    jsonw_ki64(&d->w, "version", version);
    jsonw_key(&d->w, STR("was"));
    if (old) {
        jsonw_object(&d->w);
        jsonw_kstr(&d->w, "name", old->name);
        jsonw_kbool(&d->w, "active", old->active);
        jsonw_key(&d->w, STR("values"));
        jsonw_value(&d->w, old->values);
        jsonw_end(&d->w);
    } else {
        jsonw_null(&d->w);
    }
    jsonw_end(&d->w);
}

static int do_row(struct doing *d, const struct json_value *row) {
    struct register_row *old;
    struct str name = name_of(row, d->x->key_field);
    enum fate fate = fate_of(d->x, row, &old);
    struct arena_mark mark = arena_mark(&d->x->arena);
    struct str json = merged(d->x, row, old);
    int64_t id = old ? old->id : 0;
    int e = !name.n ? diag_set(d->err, -ERR_PARSE, "a row without a name")
            : !json.p ? diag_set(d->err, -ENOMEM, "memory has run out")
            : fate == FATE_NEW     ? register_insert(d->r, d->by, d->x->kind, name, json, &id, d->err)
            : fate == FATE_CHANGED ? register_update(d->r, d->by, id, old->version, name, json, true, d->err)
                                   : 0;
    if (e == 0 && fate != FATE_SAME)
        remember(d, id, old ? old->version + 1 : 1, old);
    d->n_new += fate == FATE_NEW;
    d->n_changed += fate == FATE_CHANGED;
    if (old)
        old->met = true;
    arena_rewind(&d->x->arena, mark);
    return e;
}

static int do_gone(struct doing *d) {
    int e = 0;
    for (size_t i = 0; e == 0 && i < d->x->rows.n; i++) {
        struct register_row *row = d->x->rows.at[i];
        if (row->met || !row->active)
            continue;
        e = register_update(d->r, d->by, row->id, row->version, row->name, row->json, false, d->err);
        remember(d, row->id, row->version + 1, row);
        d->n_gone++;
    }
    return e;
}

static int set_state(struct room *r, const struct room_actor *by, const struct import *x, int64_t version, enum room_verb verb,
                     const char *state, struct str done, struct diag *err) {
    struct room_write w = {.by = by, .verb = verb, .object = OBJECT_IMPORT, .id = x->id, .version = version};
    int64_t now = room_now(r);
    if (verb == VERB_UNDO)
        return room_write(r, &w, NULL, err, "UPDATE register_import SET state = ?2, done = ?3, undone_at = ?4 WHERE id = ?1", "izsi", x->id,
                          state, &done, now);
    return room_write(r, &w, NULL, err, "UPDATE register_import SET state = ?2, done = ?3, applied_at = ?4 WHERE id = ?1", "izsi", x->id,
                      state, &done, now);
}

/* Somebody was first, or it is another thing's turn. Who may not is refused before a row is touched. */
static int check_state(struct room *r, const struct room_actor *by, const struct import *x, int64_t version, enum room_verb verb,
                       const char *wanted, struct diag *err) {
    struct room_row row;
    int e = room_row_load(r, OBJECT_IMPORT, x->id, &row, err);
    if (e < 0)
        return e;
    if ((version != x->version && version != ROOM_ANY_VERSION) || !room_may(by, verb, &row)) /* room_write says it */
        return set_state(r, by, x, version, verb, "draft", STR(""), err);
    return str_eq_z(x->state, wanted) ? 0 : diag_set(err, -EBUSY, "%.*s", STR_ARG(x->state));
}

static int apply(struct room *r, const struct room_actor *by, struct import *x, int64_t version, bool gone, struct diag *err) {
    struct doing d = {.r = r, .by = by, .x = x, .err = err};
    struct buf done;
    int e = check_state(r, by, x, version, VERB_CHANGE, "draft", err);
    buf_init(&done, ROOM_IMPORT_BYTES_MAX);
    jsonw_init(&d.w, &done);
    jsonw_object(&d.w);
    jsonw_key(&d.w, STR("rows"));
    jsonw_array(&d.w);
    size_t i = 0;
    for (const struct json_value *row = rows_of(x->doc)->first; e == 0 && row; row = row->next, i++)
        if (!x->news[i].bad)
            e = do_row(&d, row);
        else if (x->news[i].old) /* refused, not gone */
            register_rows_find(&x->rows, x->news[i].name)->met = true;
    if (e == 0 && gone)
        e = do_gone(&d);
    jsonw_end(&d.w);
    jsonw_ki64(&d.w, "n_new", d.n_new);
    jsonw_ki64(&d.w, "n_changed", d.n_changed);
    jsonw_ki64(&d.w, "n_gone", d.n_gone);
    jsonw_end(&d.w);
    if (e == 0)
        e = buf_error(&done);
    if (e == 0)
        e = set_state(r, by, x, version, VERB_CHANGE, "applied", buf_str(&done), err);
    buf_done(&done);
    return e;
}

static int in_transaction(struct room *r, const struct room_actor *by, int64_t id, int64_t version, bool gone,
                          int (*run)(struct room *r, const struct room_actor *by, struct import *x, int64_t version, bool gone,
                                     struct diag *err),
                          struct diag *err) {
    struct import x = {0};
    int e = room_begin(r, err);
    if (e < 0)
        return e;
    e = load(r, id, &x, err);
    if (e == 0)
        e = run(r, by, &x, version, gone, err);
    unload(&x);
    room_changed(r, "registers", id);
    return room_end(r, e, err);
}

int room_import_apply(struct room *r, const struct room_actor *by, int64_t id, int64_t version, bool gone, struct diag *reterr) {
    return in_transaction(r, by, id, version, gone, apply, reterr);
}

/* ---- undoing it ---- */

static struct register_row *row_of_id(const struct import *x, int64_t id) {
    size_t from = 0, to = x->rows.n;
    while (from < to) { /* they stand in the order of their ids */
        size_t mid = (from + to) / 2;
        if (x->rows.at[mid]->id < id)
            from = mid + 1;
        else
            to = mid;
    }
    return from < x->rows.n && x->rows.at[from]->id == id ? x->rows.at[from] : NULL;
}

static int remove_row(struct room *r, const struct room_actor *by, const struct register_row *row, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_DELETE, .object = OBJECT_REGISTER, .id = row->id, .version = row->version};
    return room_write(r, &w, NULL, err, "DELETE FROM register WHERE id = ?1", "i", row->id);
}

static int put_back(struct room *r, const struct room_actor *by, const struct register_row *row,
                    const struct json_value *was, struct diag *err) {
    const struct json_value *values = json_get_object(was, "values");
    struct buf b;
    struct jsonw w;
    bool active = true;
    buf_init(&b, 256 * 1024);
    jsonw_init(&w, &b);
    if (values)
        jsonw_value(&w, values);
    (void) json_get_bool(was, "active", &active);
    int e = !values ? diag_set(err, -ERR_CORRUPT, "what row %lld was is lost", (long long) row->id) : buf_error(&b);
    if (e == 0)
        e = register_update(r, by, row->id, row->version, text_of(was, "name"), buf_str(&b), active, err);
    buf_done(&b);
    return e;
}

struct undoing {
    struct room *r;
    const struct room_actor *by;
    struct import *x;
    struct register_uses uses;
    const struct json_value **left; /* entries still to be undone, NULL once they are */
    struct register_new *news;      /* what those rows were */
    size_t n;
    int64_t n_undone;
    struct diag *err;
};

/* What rows were may name what is no longer there: those stay as they are. */
static int check_back(struct undoing *u) {
    struct register_all all;
    struct register_faults faults;
    size_t n = 0, *at = arena_alloc(&u->x->arena, (u->n + 1) * sizeof *at);
    struct register_new *back = arena_zalloc(&u->x->arena, (u->n + 1) * sizeof *back);
    u->news = arena_zalloc(&u->x->arena, (u->n + 1) * sizeof *u->news);
    if (!back || !at || !u->news)
        return diag_set(u->err, -ENOMEM, "memory has run out");
    for (size_t i = 0; i < u->n; i++) {
        const struct json_value *was = json_get_object(u->left[i], "was");
        const struct register_row *row = row_of_id(u->x, number_of(u->left[i], "id"));
        if (!was || !row || row->version != number_of(u->left[i], "version"))
            continue;
        at[n] = i;
        back[n++] = (struct register_new){.name = text_of(was, "name"), .values = json_get_object(was, "values"), .old = row, .whole = true};
    }
    register_all_begin(&all, u->r);
    int e = register_refs_check(&all, u->x->kind, back, n, &u->x->arena, &faults, u->err);
    register_all_end(&all);
    for (size_t i = 0; i < n; i++)
        u->news[at[i]] = back[i];
    return e;
}

/* Once over what is left; how many were undone. A new row that others name waits for those. */
static int undo_round(struct undoing *u, size_t *ret_done) {
    int e = 0;
    *ret_done = 0;
    for (size_t i = u->n; e == 0 && i-- > 0;) {
        const struct json_value *was = u->left[i] ? json_get_object(u->left[i], "was") : NULL;
        const struct register_row *row = u->left[i] ? row_of_id(u->x, number_of(u->left[i], "id")) : NULL;
        if (!row || row->version != number_of(u->left[i], "version"))
            continue;
        if (was ? u->news[i].bad : register_uses_of(&u->uses, u->x->kind, row->name) > 0)
            continue;
        e = was ? put_back(u->r, u->by, row, was, u->err) : remove_row(u->r, u->by, row, u->err);
        register_uses_gone(u->r, &u->uses, u->x->kind, row);
        if (e == 0 && was)
            e = register_uses_back(u->r, &u->uses, u->x->kind, row, json_get_object(was, "values"));
        u->left[i] = NULL;
        u->n_undone++;
        ++*ret_done;
    }
    return e;
}

static int undo_rows(struct undoing *u, struct jsonw *w, int64_t *ret_kept) {
    const struct json_value *list = u->x->done ? json_get_array(u->x->done, "rows") : NULL;
    size_t done = 1, n = list ? list->n : 0;
    *ret_kept = 0;
    u->left = arena_zalloc(&u->x->arena, (n + 1) * sizeof(struct json_value *));
    int e = u->left ? register_uses_load(u->r, &u->uses, u->err) : diag_set(u->err, -ENOMEM, "memory has run out");
    for (const struct json_value *v = e == 0 && list ? list->first : NULL; v; v = v->next)
        u->left[u->n++] = v;
    if (e == 0)
        e = check_back(u);
    while (e == 0 && done)
        e = undo_round(u, &done);
    for (size_t i = 0; e == 0 && i < u->n; i++) { /* somebody has changed it since, or others name it: it stays */
        const struct register_row *row = u->left[i] ? row_of_id(u->x, number_of(u->left[i], "id")) : NULL;
        if (!row)
            continue;
        jsonw_str(w, row->name);
        ++*ret_kept;
    }
    if (u->left)
        register_uses_done(&u->uses);
    return e;
}

static int undo(struct room *r, const struct room_actor *by, struct import *x, int64_t version, bool gone UNUSED, struct diag *err) {
    struct undoing u = {.r = r, .by = by, .x = x, .err = err};
    int64_t n_kept = 0;
    struct buf done;
    struct jsonw w;
    int e = check_state(r, by, x, version, VERB_UNDO, "applied", err);
    buf_init(&done, ROOM_IMPORT_BYTES_MAX);
    jsonw_init(&w, &done);
    jsonw_object(&w);
    jsonw_key(&w, STR("kept"));
    jsonw_array(&w);
    if (e == 0)
        e = undo_rows(&u, &w, &n_kept);
    jsonw_end(&w);
    jsonw_ki64(&w, "n_new", number_of(x->done, "n_new"));
    jsonw_ki64(&w, "n_changed", number_of(x->done, "n_changed"));
    jsonw_ki64(&w, "n_gone", number_of(x->done, "n_gone"));
    jsonw_ki64(&w, "n_undone", u.n_undone);
    jsonw_ki64(&w, "n_kept", n_kept);
    jsonw_end(&w);
    if (e == 0)
        e = buf_error(&done);
    if (e == 0)
        e = set_state(r, by, x, version, VERB_UNDO, "undone", buf_str(&done), err);
    buf_done(&done);
    return e;
}

int room_import_undo(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct diag *reterr) {
    return in_transaction(r, by, id, version, false, undo, reterr);
}
