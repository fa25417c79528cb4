/* Alert levels: what one is on guard against, for which services, until when. */
#include "app/room/call.h"
#include "app/room/room.h"
#include "room/level.h"

static int shown(struct call *c, int64_t incident) {
    int e = room_levels_write(c->p->room, incident, &c->who, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_levels(struct call *c) {
    return shown(c, 0);
}

int handle_incident_levels(struct call *c) {
    return shown(c, c->args.id);
}

static int read_new(struct call *c, struct room_level_new *x) {
    const struct json_value *list = json_get_array(c->json, "services");
    struct str *at = arena_alloc(&c->arena, LEVEL_SERVICES_MAX * sizeof *at);
    int e = call_body_str(c, "level", 1, 40, &x->level);
    if (e == 0)
        e = call_body_str(c, "reason", 1, 1000, &x->reason);
    if (e == 0 && (!list || list->n > LEVEL_SERVICES_MAX || !at))
        e = call_bad(c, "services");
    for (const struct json_value *v = e == 0 ? list->first : NULL; e == 0 && v; v = v->next)
        if (v->type != JSON_STRING || !str_trim(v->text).n)
            e = call_bad(c, "services");
        else
            at[x->n_services++] = str_trim(v->text);
    x->services = at;
    if (e == 0)
        e = call_body_when(c, "until", &x->until_ns);
    if (x->until_ns == TIME_NONE)
        x->until_ns = 0;
    return e;
}

/* In the case. */
int handle_level_post(struct call *c) {
    static const char *const keys[] = {"level", "services", "reason", "until", NULL};
    struct room_level_new x = {.incident = c->args.id};
    int64_t id;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = read_new(c, &x);
    if (e == 0)
        e = room_level_raise(c->p->room, &c->who, &x, &id, &c->err);
    return e < 0 ? e : shown(c, c->args.id);
}

/* Of what a tip tells: without a case it becomes one. */
int handle_tip_level(struct call *c) {
    static const char *const keys[] = {"level", "services", "reason", "until", NULL};
    struct room_level_new x = {.tip = c->args.id};
    int64_t id;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = read_new(c, &x);
    if (e == 0)
        e = room_level_raise(c->p->room, &c->who, &x, &id, &c->err);
    return e < 0 ? e : shown(c, 0);
}

int handle_level_put(struct call *c) {
    static const char *const keys[] = {"version", "level", "services", "reason", "until", NULL};
    struct room_level_new x = {0};
    int64_t version;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, &version);
    if (e == 0)
        e = read_new(c, &x);
    if (e == 0)
        e = room_level_put(c->p->room, &c->who, c->args.id, version, &x, &c->err);
    return e < 0 ? e : shown(c, 0);
}

int handle_level_end(struct call *c) {
    int64_t version;
    struct str why;
    int e = call_body_version_why(c, &version, &why);
    if (e == 0)
        e = room_level_end(c->p->room, &c->who, c->args.id, version, why, &c->err);
    return e < 0 ? e : shown(c, 0);
}
