/* Duties to report of a case, and the files they are made from. */
#include "app/room/call.h"
#include "app/room/room.h"
#include "room/datafile.h"
#include "room/publication.h"
#include "room/form_case.h"
#include "room/obligation.h"

int handle_obligations(struct call *c) {
    jsonw_object(&c->w);
    int e = room_obligations_write(c->p->room, c->args.id, &c->w, &c->err);
    jsonw_end(&c->w);
    return e < 0 ? e : 200;
}

int handle_obligation_put(struct call *c) {
    static const char *const keys[] = {"key", "report", "version", "said", "why", NULL};
    struct str key, report, said = STR(""), why = STR("");
    int64_t version;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_str(c, "key", 1, FACT_NAME_BYTES_MAX, &key);
    if (e == 0)
        e = call_body_str(c, "report", 1, FACT_NAME_BYTES_MAX, &report);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, &version);
    const struct json_value *s = e == 0 ? json_get(c->json, "said") : NULL;
    if (e == 0 && (!s || s->type != JSON_NULL))
        e = call_body_str(c, "said", 1, 10, &said);
    if (e == 0 && json_get(c->json, "why"))
        e = call_body_str(c, "why", 0, 2000, &why);
    enum obligation_said x = str_eq_z(said, "applies") ? SAID_APPLIES : str_eq_z(said, "not") ? SAID_NOT : SAID_NOTHING;
    if (e == 0 && said.n && x == SAID_NOTHING)
        e = call_bad(c, "said");
    if (e == 0)
        e = room_obligation_say(c->p->room, &c->who, c->args.id, version, key, report, x, why, &c->err);
    return e < 0 ? e : handle_obligations(c);
}

/* ---- the files ---- */

static const char *const kinds[] = {"obligation", "form", "statement"};

static const char *kind_of(struct str s) {
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (str_eq_z(s, kinds[i]))
            return kinds[i];
    return NULL;
}

static int put_file(struct call *c, const char *kind, struct str source, int64_t *ret_id) {
    if (strcmp(kind, "form") == 0)
        return room_form_put(c->p->room, &c->who, source, "", "made", ret_id, &c->err);
    if (strcmp(kind, "statement") == 0)
        return room_statement_put(c->p->room, &c->who, source, "", "made", ret_id, &c->err);
    return room_obligation_put(c->p->room, &c->who, source, "", "made", ret_id, &c->err);
}

int handle_datafiles(struct call *c) {
    const char *kind = kind_of(call_query(c, "kind"));
    if (!kind)
        return call_bad(c, "kind");
    jsonw_object(&c->w);
    int e = room_datafiles_write(c->p->room, kind, &c->w, &c->err);
    jsonw_end(&c->w);
    return e < 0 ? e : 200;
}

static int answer(struct call *c, int64_t id, int e) {
    if (e == 0)
        e = room_datafile_write(c->p->room, id, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_datafile(struct call *c) {
    return answer(c, c->args.id, 0);
}

int handle_datafile_post(struct call *c) {
    static const char *const keys[] = {"kind", "source", NULL};
    struct str kind, source;
    char at[32] = "";
    int64_t id = 0;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_str(c, "kind", 1, 20, &kind);
    if (e == 0)
        e = call_body_str(c, "source", 1, DATAFILE_BYTES_MAX, &source);
    if (e == 0 && !kind_of(kind))
        e = call_bad(c, "kind");
    if (e < 0)
        return e;
    e = put_file(c, kind_of(kind), source, &id);
    if (e == -ERR_PARSE || e == -ERR_LIMIT) {
        if (c->err.line)
            snprintf(at, sizeof at, "%u:%u", c->err.line, c->err.column);
        return call_refuse_why(c, 400, "error.datafile", str_of(at), str_of(c->err.text));
    }
    if (e == 0)
        e = room_obligations_changed(c->p->room, &c->err);
    return answer(c, id, e);
}

int handle_datafile_put(struct call *c) {
    static const char *const keys[] = {"version", "active", NULL};
    int64_t version;
    bool active = false;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 1, INT64_MAX, &version);
    if (e == 0 && !json_get_bool(c->json, "active", &active))
        e = call_bad(c, "active");
    if (e == 0)
        e = room_datafile_use(c->p->room, &c->who, c->args.id, version, active, &c->err);
    if (e == 0)
        room_forms_stale(c->p->room);
    if (e == 0)
        e = room_obligations_changed(c->p->room, &c->err);
    return answer(c, c->args.id, e);
}
