/* Registers: rows typed into the pages, and files. What may stand in a row is the description's to say (content/imports), the same for
 * both; a file is read by the sensor (src/app/sensor/table_work.h), because who serves pages reads no archives. */
#include "app/room/call.h"
#include "app/room/room.h"
#include "app/room/upload.h"
#include "base/file.h"
#include "base/limits.h"
#include "room/register.h"
#include "table/xlsx_out.h"

#include <limits.h>
#include <unistd.h>

static const struct import_spec *spec_of(struct call *c, struct str name) {
    return import_spec_find(c->p->registers.specs, c->p->registers.n, name);
}

static int unknown(struct call *c) {
    return diag_set(&c->err, -ENOENT, "no such register");
}

/* ---- reading ---- */

int handle_registers(struct call *c) {
    int e = 0;
    jsonw_object(&c->w);
    jsonw_key(&c->w, STR("registers"));
    jsonw_array(&c->w);
    for (size_t i = 0; e == 0 && i < c->p->registers.n; i++) {
        const struct import_spec *s = &c->p->registers.specs[i];
        int64_t n, must;
        e = room_register_count(c->p->room, s->name, &n, &must, &c->err);
        jsonw_object(&c->w);
        jsonw_key(&c->w, STR("spec"));
        import_spec_write(s, &c->w);
        jsonw_ki64(&c->w, "n", n);
        jsonw_ki64(&c->w, "must", must);
        jsonw_end(&c->w);
    }
    jsonw_end(&c->w);
    jsonw_end(&c->w);
    return e < 0 ? e : 200;
}

int handle_register(struct call *c) {
    const struct import_spec *s = spec_of(c, c->args.name);
    if (!s)
        return unknown(c);
    jsonw_object(&c->w);
    jsonw_key(&c->w, STR("spec"));
    import_spec_write(s, &c->w);
    int e = room_register_write(c->p->room, s->name, &c->w, &c->err);
    if (e == 0)
        e = room_imports_write(c->p->room, s->name, &c->w, &c->err);
    jsonw_end(&c->w);
    return e < 0 ? e : 200;
}

int handle_register_template(struct call *c) {
    const struct import_spec *s = spec_of(c, c->args.name);
    struct str lang = call_query(c, "lang");
    if (!s)
        return unknown(c);
    import_template_write(s, !lang.p || !str_eq_z(lang, "en"), &c->out);
    c->type = "text/csv; charset=utf-8";
    return 200;
}

/* Every row, as a file that can be taken in again: the register on paper, or in the hands of who has no page. */
int handle_register_csv(struct call *c) {
    const struct import_spec *s = spec_of(c, c->args.name);
    struct str lang = call_query(c, "lang"), as = call_query(c, "as");
    bool ja = !lang.p || !str_eq_z(lang, "en");
    struct json_value *doc;
    struct jsonw w;
    struct buf b;
    if (!s)
        return unknown(c);
    buf_init(&b, OUT_BYTES_MAX);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    int e = room_register_write(c->p->room, s->name, &w, &c->err);
    jsonw_end(&w);
    if (e == 0)
        e = buf_error(&b) ? buf_error(&b) : json_parse(&c->arena, buf_str(&b), &doc, &c->err);
    const struct json_value *rows = e == 0 ? json_get_array(doc, "rows") : NULL;
    buf_clear(&c->out);
    import_template_write(s, ja, &c->out);
    bool active;
    for (const struct json_value *v = rows ? rows->first : NULL; v; v = v->next)
        if (json_get_bool(v, "active", &active) && active)
            import_row_write(s, ja, json_get_object(v, "values"), &c->out);
    if (e == 0)
        e = buf_error(&c->out);
    c->type = "text/csv; charset=utf-8";
    if (e == 0 && str_eq_z(as, "xlsx")) {
        buf_clear(&b);
        buf_add(&b, buf_str(&c->out));
        buf_clear(&c->out);
        e = buf_error(&b) ? buf_error(&b) : table_xlsx_write(buf_str(&b), s->name, room_now(c->p->room), &c->out);
        c->type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    }
    buf_done(&b);
    return e < 0 ? e : 200;
}

/* ---- a row ---- */

/* The values as they are kept, or the status of a refusal that names the field. */
static int read_values(struct call *c, const struct import_spec *s, struct json_value **ret, int *ret_status) {
    const struct json_value *given = json_get_object(c->json, "values");
    struct buf b;
    struct jsonw w;
    if (!given)
        return call_bad(c, "values");
    for (const struct json_value *v = given->first; v; v = v->next)
        if (v->type != JSON_STRING || !import_field_find(s, v->key))
            return call_bad(c, "values");
    struct str texts[IMPORT_FIELDS_MAX];
    for (size_t i = 0; i < s->n_fields; i++) {
        texts[i] = STR("");
        for (const struct json_value *v = given->first; v; v = v->next)
            if (str_eq(v->key, s->fields[i].name))
                texts[i] = v->text;
    }
    if (s->n_compose && !str_trim(texts[s->key]).n)
        texts[s->key] = import_compose(&c->arena, s, texts);
    if (!texts[s->key].p)
        return -ENOMEM;
    buf_init(&b, 512 * 1024);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    for (size_t i = 0; i < s->n_fields && !*ret_status; i++) {
        const struct import_field *f = &s->fields[i];
        struct str text = texts[i], kept;
        enum import_note note;
        enum import_fault fault = import_value_read(&c->arena, f, text, room_now(c->p->room), &kept, &note);
        if (fault != IMPORT_FINE)
            *ret_status = call_refuse_why(c, 400, "error.register_value", str_of(import_fault_to_string(fault)), f->name);
        else if (kept.n) {
            jsonw_key(&w, f->name);
            jsonw_str(&w, kept);
        }
    }
    jsonw_end(&w);
    struct str text = buf_error(&b) ? STR_NULL : arena_dup(&c->arena, buf_str(&b));
    buf_done(&b);
    return !text.p ? -ENOMEM : *ret_status ? 0 : json_parse(&c->arena, text, ret, &c->err);
}

static int put(struct call *c, const struct import_spec *s, int64_t id, int64_t version, bool active) {
    struct json_value *values = NULL;
    struct room_register_row row = {.kind = s->name, .key = STR("")};
    int status = 0, e = read_values(c, s, &values, &status);
    if (e < 0 || status)
        return e < 0 ? e : status;
    for (const struct json_value *v = values->first; v; v = v->next)
        if (str_eq(v->key, s->fields[s->key].name))
            row.key = v->text;
    row.values = values;
    struct room_register_refusal why;
    e = room_register_put(c->p->room, &c->who, &row, id, version, active, &id, &why, &c->err);
    if (e == -ENOLINK)
        return call_refuse_why(c, 400, "error.register_value", str_of(why.code), arena_printf(&c->arena, "%s: %s", why.field, why.why));
    if (e == -EEXIST)
        return call_refuse_why(c, 400, "error.register_value", STR("taken"), s->fields[s->key].name);
    if (e == 0)
        e = room_register_write_one(c->p->room, id, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_register_post(struct call *c) {
    static const char *const keys[] = {"values", NULL};
    const struct import_spec *s = spec_of(c, c->args.name);
    int e = call_body_only(c, keys);
    return !s ? unknown(c) : e < 0 ? e : put(c, s, 0, 0, true);
}

int handle_register_put(struct call *c) {
    static const char *const keys[] = {"version", "values", "active", NULL};
    char kind[64];
    int64_t version;
    bool active = true;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 1, INT64_MAX, &version);
    if (e == 0 && json_get(c->json, "active") && !json_get_bool(c->json, "active", &active))
        e = call_bad(c, "active");
    if (e == 0)
        e = room_register_kind(c->p->room, c->args.id, kind, &c->err);
    const struct import_spec *s = e == 0 ? spec_of(c, str_of(kind)) : NULL;
    return e < 0 ? e : !s ? unknown(c) : put(c, s, c->args.id, version, active);
}

/* ---- a file ---- */

static int take_document(struct call *c) {
    const struct import_spec *s = spec_of(c, c->args.name);
    char path[PATH_MAX];
    struct arena a;
    struct str text;
    struct json_value *doc;
    int64_t id;
    snprintf(path, sizeof path, "%.3000s/incoming/%s.json", c->p->config->data, c->upload_name);
    arena_init(&a, 6 * ROOM_IMPORT_BYTES_MAX);
    int e = file_read(&a, path, ROOM_IMPORT_BYTES_MAX, &text, &c->err);
    (void) unlink(path);
    if (e == 0)
        e = json_parse(&a, text, &doc, &c->err);
    if (e == 0)
        e = room_import_add(c->p->room, &c->who, s->name, s->fields[s->key].name, doc, text, &id, &c->err);
    arena_done(&a);
    if (e == 0)
        e = room_import_write(c->p->room, id, &c->w, &c->err);
    return e;
}

static void on_table(void *ctx, const struct json_value *answer) {
    struct call *c = ctx;
    const struct json_value *result = answer ? json_get_object(answer, "result") : NULL;
    struct str why = STR(""), code = STR("other");
    bool ok = false;
    if (!result) {
        call_finish(c, call_refuse(c, 503, "error.sensor_away"));
        return;
    }
    (void) json_get_bool(result, "ok", &ok);
    if (ok) {
        int e = take_document(c);
        call_finish(c, e < 0 ? e : 200);
        return;
    }
    (void) json_get_str(result, "error", &why);
    (void) json_get_str(result, "code", &code);
    call_finish(c, call_refuse_why(c, 400, "error.table", code, why));
}

int handle_import_post(struct call *c) {
    static const struct upload_word words[] = {{"sheet", 400}, {"columns", 8000}};
    const struct import_spec *s = spec_of(c, c->args.name);
    struct str file;
    struct buf members;
    if (!s)
        return unknown(c);
    int e = upload_describe(c, words, ARRAY_SIZE(words), &members, &file);
    if (e != 0)
        return e;
    buf_add_z(&members, ",\"register\":");
    json_quote(&members, s->name);
    return upload_ask(c, "table", &members, QUESTION_LONG_NS, on_table);
}

static int answer_import(struct call *c, int64_t id, int e) {
    if (e == 0)
        e = room_import_write(c->p->room, id, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_import(struct call *c) {
    return answer_import(c, c->args.id, 0);
}

int handle_import_apply(struct call *c) {
    static const char *const keys[] = {"version", "gone", NULL};
    int64_t version;
    bool gone = false;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 1, INT64_MAX, &version);
    if (e == 0 && json_get(c->json, "gone") && !json_get_bool(c->json, "gone", &gone))
        e = call_bad(c, "gone");
    if (e == 0)
        e = room_import_apply(c->p->room, &c->who, c->args.id, version, gone, &c->err);
    return answer_import(c, c->args.id, e);
}

int handle_import_undo(struct call *c) {
    int64_t version;
    int e = call_body_version(c, &version);
    if (e == 0)
        e = room_import_undo(c->p->room, &c->who, c->args.id, version, &c->err);
    return answer_import(c, c->args.id, e);
}
