/* Copies asked back, stages of recovery, conditions of closing and things in custody; the order in which systems come back; the gate. */
#include "app/room/call.h"
#include "app/room/room.h"
#include "room/case_row.h"
#include "room/recovery.h"

#include <errno.h>

static int rows(struct call *c, int64_t incident, struct str kind) {
    jsonw_object(&c->w);
    int e = room_case_rows_write(c->p->room, incident, kind.p ? kind : STR(""), &c->w, &c->err);
    jsonw_end(&c->w);
    return e < 0 ? e : 200;
}

int handle_case_rows(struct call *c) {
    return rows(c, c->args.id, call_query(c, "kind"));
}

/* What is wrong is a word of the body; what is there already is said. */
static int finish(struct call *c, int e) {
    return e == -EEXIST ? call_refuse(c, 400, "error.case_row_there") : e < 0 ? e : rows(c, c->row.incident, STR(""));
}

int handle_case_row_post(struct call *c) {
    static const char *const keys[] = {"kind", "key", "name", "state", "due", "fields", NULL};
    struct room_case_row_new x = {.incident = c->args.id};
    int64_t id;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_str(c, "kind", 1, 20, &x.kind);
    if (e == 0)
        e = call_body_words(c, "key", 200, &x.key);
    if (e == 0)
        e = call_body_words(c, "state", 20, &x.state);
    if (e == 0)
        e = call_body_str(c, "name", 1, 300, &x.name);
    if (e == 0)
        e = call_body_when(c, "due", &x.due_ns);
    x.fields = e == 0 ? json_get_object(c->json, "fields") : NULL;
    if (e == 0 && json_get(c->json, "fields") && !x.fields)
        e = call_bad(c, "fields");
    if (e == 0)
        e = room_case_row_add(c->p->room, &c->who, &x, &id, &c->err);
    return finish(c, e);
}

int handle_case_row_put(struct call *c) {
    static const char *const keys[] = {"version", "state", "from", "to", "note", "sealed", "due", "at", "fields", NULL};
    struct room_case_row_change x = {.due_ns = TIME_NONE, .at_ns = TIME_NONE};
    int64_t version;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 1, INT64_MAX, &version);
    if (e == 0)
        e = call_body_words(c, "state", 20, &x.state);
    if (e == 0)
        e = call_body_words(c, "from", 300, &x.from);
    if (e == 0)
        e = call_body_words(c, "to", 300, &x.to);
    if (e == 0)
        e = call_body_words(c, "note", 2000, &x.note);
    if (e == 0 && json_get(c->json, "sealed") && !json_get_bool(c->json, "sealed", &x.sealed))
        e = call_bad(c, "sealed");
    x.set_due = e == 0 && json_get(c->json, "due");
    if (e == 0)
        e = call_body_when(c, "due", &x.due_ns);
    if (e == 0)
        e = call_body_when(c, "at", &x.at_ns);
    if (e == 0 && x.at_ns != TIME_NONE && x.at_ns > room_now(c->p->room))
        e = call_bad(c, "at");
    x.fields = e == 0 ? json_get_object(c->json, "fields") : NULL;
    if (e == 0 && json_get(c->json, "fields") && !x.fields)
        e = call_bad(c, "fields");
    if (e == 0)
        e = room_case_row_change(c->p->room, &c->who, c->args.id, version, &x, &c->err);
    return finish(c, e);
}

int handle_case_row_ask(struct call *c) {
    static const char *const keys[] = {"version", "way", "text", NULL};
    struct str way, text;
    int64_t version;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 1, INT64_MAX, &version);
    if (e == 0)
        e = call_body_str(c, "way", 1, 40, &way);
    if (e == 0)
        e = call_body_str(c, "text", 1, 8000, &text);
    if (e == 0)
        e = room_case_row_ask(c->p->room, &c->who, c->args.id, version, way, text, &c->err);
    return finish(c, e);
}

int handle_recovery(struct call *c) {
    int e = room_recovery_write(c->p->room, c->args.id, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_safety(struct call *c) {
    int e = room_safety_write(c->p->room, c->args.id, &c->w, &c->err);
    return e < 0 ? e : 200;
}
