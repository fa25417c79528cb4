/* Lasting acts: sites closed, accounts frozen, networks cut; and the drivers that do them. */
#include "app/room/call.h"
#include "app/room/room.h"
#include "base/limits.h"
#include "room/deed.h"

int handle_drivers(struct call *c) {
    room_drivers_write(c->p->room, &c->w);
    return 200;
}

int handle_deeds(struct call *c) {
    int e = room_deeds_write(c->p->room, 0, &c->who, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_incident_deeds(struct call *c) {
    int e = room_deeds_write(c->p->room, c->args.id, &c->who, &c->w, &c->err);
    return e < 0 ? e : 200;
}

/* The case's acts are the answer: what changed is among them. */
static int finish(struct call *c, int e, int64_t incident) {
    if (e == 0)
        e = room_deeds_write(c->p->room, incident, &c->who, &c->w, &c->err);
    return e < 0 ? e : 200;
}

static int may_say(struct call *c, const char *key, size_t max, struct str *ret) {
    return json_get(c->json, key) ? call_body_str(c, key, 0, max, ret) : 0;
}

/* Names and texts only; what a kind takes is the driver's to judge. */
static int read_params(struct call *c, struct buf *out) {
    const struct json_value *v = json_get(c->json, "params");
    struct jsonw w;
    jsonw_init(&w, out);
    jsonw_object(&w);
    for (const struct json_value *it = v ? v->first : NULL; it; it = it->next) {
        if (v->type != JSON_OBJECT || it->type != JSON_STRING || it->key.n > 40 || it->text.n > 2000)
            return call_bad(c, "params");
        jsonw_key(&w, it->key);
        jsonw_str(&w, it->text);
    }
    jsonw_end(&w);
    return buf_error(out);
}

int handle_deed_post(struct call *c) {
    static const char *const keys[] = {"kind", "driver", "targets", "params", "minutes", "reason", NULL};
    struct room_deed_new x = {.incident = c->args.id, .reason = STR("")};
    struct str targets[ROOM_DEED_TARGETS_MAX];
    struct buf params;
    int64_t id;
    int e = call_body_only(c, keys);
    const struct json_value *list = e == 0 ? json_get_array(c->json, "targets") : NULL;
    buf_init(&params, 64 * 1024);
    if (e == 0)
        e = call_body_str(c, "kind", 1, 60, &x.kind);
    if (e == 0)
        e = call_body_str(c, "driver", 1, 60, &x.driver);
    if (e == 0)
        e = call_body_i64(c, "minutes", 1, ROOM_DEED_MINUTES_MAX, &x.minutes);
    if (e == 0)
        e = may_say(c, "reason", 1000, &x.reason);
    if (e == 0 && (!list || list->n == 0 || list->n > ROOM_DEED_TARGETS_MAX))
        e = call_bad(c, "targets");
    for (const struct json_value *v = e == 0 ? list->first : NULL; e == 0 && v; v = v->next) {
        if (v->type != JSON_STRING || v->text.n == 0 || v->text.n > 250)
            e = call_bad(c, "targets");
        targets[x.n_targets++] = v->text;
    }
    if (e == 0)
        e = read_params(c, &params);
    x.targets = targets;
    x.params = buf_str(&params);
    if (e == 0)
        e = room_deed_propose(c->p->room, &c->who, &x, &id, &c->err);
    buf_done(&params);
    return finish(c, e, c->args.id);
}

static int read_version(struct call *c, const char *const *keys, int64_t *ret) {
    int e = call_body_only(c, keys);
    return e == 0 ? call_body_i64(c, "version", 0, INT64_MAX, ret) : e;
}

int handle_deed_approve(struct call *c) {
    static const char *const keys[] = {"version", "kept", NULL};
    struct str kept = STR("");
    int64_t version;
    int e = read_version(c, keys, &version);
    if (e == 0)
        e = may_say(c, "kept", 1000, &kept);
    if (e == 0)
        e = room_deed_approve(c->p->room, &c->who, c->args.id, version, kept, &c->err);
    if (e == 0)
        driver_links_send(c->p);
    return finish(c, e, c->row.incident);
}

int handle_deed_reject(struct call *c) {
    static const char *const keys[] = {"version", "reason", NULL};
    struct str reason = STR("");
    int64_t version;
    int e = read_version(c, keys, &version);
    if (e == 0)
        e = may_say(c, "reason", 1000, &reason);
    if (e == 0)
        e = room_deed_reject(c->p->room, &c->who, c->args.id, version, reason, &c->err);
    return finish(c, e, c->row.incident);
}

int handle_deed_undo(struct call *c) {
    static const char *const keys[] = {"version", "mistake", NULL};
    int64_t version;
    bool mistake = false;
    int e = read_version(c, keys, &version);
    if (e == 0 && json_get(c->json, "mistake") && !json_get_bool(c->json, "mistake", &mistake))
        e = call_bad(c, "mistake");
    if (e == 0)
        e = room_deed_undo(c->p->room, &c->who, c->args.id, version, mistake, &c->err);
    if (e == 0)
        driver_links_send(c->p);
    return finish(c, e, c->row.incident);
}

int handle_deed_care(struct call *c) {
    static const char *const keys[] = {"version", "told", "identified", "bounced", NULL};
    struct room_deed_care x = {.bounced = -1};
    int64_t version;
    bool bounced;
    int e = read_version(c, keys, &version);
    if (e == 0 && json_get(c->json, "told"))
        e = call_body_str(c, "told", 1, 200, &x.told);
    if (e == 0 && json_get(c->json, "identified"))
        e = call_body_str(c, "identified", 1, 200, &x.identified);
    if (e == 0 && json_get(c->json, "bounced") && !json_get_bool(c->json, "bounced", &bounced))
        e = call_bad(c, "bounced");
    if (e == 0 && json_get(c->json, "bounced"))
        x.bounced = bounced;
    if (e == 0)
        e = room_deed_care(c->p->room, &c->who, c->args.id, version, &x, &c->err);
    return finish(c, e, c->row.incident);
}
