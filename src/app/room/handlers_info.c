/* 情報連絡: reports to the ministry in charge and on to the national office, and how far each has come. */
#include "app/room/call.h"
#include "app/room/room.h"
#include "room/info_report.h"

static int shown(struct call *c, int64_t id) {
    int e = room_info_write(c->p->room, id, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_infos(struct call *c) {
    int e = room_infos_write(c->p->room, &c->who, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_info(struct call *c) {
    return shown(c, c->args.id);
}

static int read_new(struct call *c, struct room_info_new *x) {
    *x = (struct room_info_new){.text = STR(""), .to = STR("")};
    int e = call_body_str(c, "kind", 1, 16, &x->kind);
    if (e == 0)
        e = call_body_str(c, "subject", 1, INFO_LINE_MAX, &x->subject);
    if (e == 0 && json_get(c->json, "text"))
        e = call_body_str(c, "text", 0, INFO_TEXT_MAX, &x->text);
    if (e == 0 && json_get(c->json, "to"))
        e = call_body_str(c, "to", 0, INFO_LINE_MAX, &x->to);
    if (e == 0)
        e = call_body_when(c, "aware", &x->aware_ns);
    if (e == 0 && x->aware_ns == TIME_NONE)
        x->aware_ns = room_now(c->p->room);
    return e;
}

int handle_info_post(struct call *c) {
    static const char *const keys[] = {"kind", "subject", "text", "to", "aware", "incident", "follows", "final", NULL};
    struct room_info_new x;
    int64_t id = 0;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = read_new(c, &x);
    if (e == 0 && json_get(c->json, "incident"))
        e = call_body_i64(c, "incident", 1, INT64_MAX, &x.incident);
    if (e == 0 && json_get(c->json, "follows"))
        e = call_body_i64(c, "follows", 1, INT64_MAX, &x.follows);
    if (e == 0 && json_get(c->json, "final") && !json_get_bool(c->json, "final", &x.final))
        e = call_bad(c, "final");
    if (e == 0)
        e = room_info_add(c->p->room, &c->who, &x, &id, &c->err);
    return e < 0 ? e : shown(c, id);
}

int handle_info_put(struct call *c) {
    static const char *const keys[] = {"version", "kind", "subject", "text", "to", "aware", NULL};
    struct room_info_new x;
    int64_t version = 0;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, &version);
    if (e == 0)
        e = read_new(c, &x);
    if (e == 0)
        e = room_info_edit(c->p->room, &c->who, c->args.id, version, &x, &c->err);
    return e < 0 ? e : shown(c, c->args.id);
}

int handle_info_stage(struct call *c) {
    static const char *const keys[] = {"version", "stage", "at", "how", NULL};
    struct str stage, how = STR("");
    int64_t version = 0, at_ns = TIME_NONE;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, &version);
    if (e == 0)
        e = call_body_str(c, "stage", 1, 16, &stage);
    if (e == 0 && json_get(c->json, "how"))
        e = call_body_str(c, "how", 0, INFO_TEXT_MAX, &how);
    if (e == 0)
        e = call_body_when(c, "at", &at_ns);
    if (e == 0)
        e = room_info_stage(c->p->room, &c->who, c->args.id, version, stage, at_ns, how, &c->err);
    return e < 0 ? e : shown(c, c->args.id);
}
