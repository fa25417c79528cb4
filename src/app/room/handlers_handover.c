/* Handing a case over, and taking a merge of two cases back. */
#include "app/room/call.h"
#include "app/room/room.h"
#include "room/handover.h"
#include "room/incident.h"

#include <errno.h>

static int notes(struct call *c, int64_t incident) {
    int e = room_handovers_write(c->p->room, incident, &c->who, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_handovers(struct call *c) {
    return notes(c, c->args.id);
}

int handle_handover_post(struct call *c) {
    static const char *const keys[] = {"words", "to", NULL};
    struct room_handover_new x = {.incident = c->args.id};
    const struct json_value *to = json_get(c->json, "to");
    int64_t id;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_str(c, "words", 0, 4000, &x.words);
    if (e == 0 && to && to->type != JSON_NULL)
        e = call_body_i64(c, "to", 1, INT64_MAX, &x.to);
    if (e == 0)
        e = room_handover_give(c->p->room, &c->who, &x, &id, &c->err);
    return e < 0 ? e : notes(c, x.incident);
}

int handle_handover_take(struct call *c) {
    int64_t version;
    int e = call_body_version(c, &version);
    if (e == 0)
        e = room_handover_take(c->p->room, &c->who, c->args.id, version, &c->err);
    if (e == -EINVAL && strcmp(c->err.text, "self") == 0)
        return call_refuse(c, 400, "error.handover_self");
    if (e == -EALREADY)
        return call_refuse(c, 400, "error.handover_taken");
    return e < 0 ? e : notes(c, c->row.incident);
}

int handle_handovers_open(struct call *c) {
    jsonw_object(&c->w);
    int e = room_handovers_open_write(c->p->room, &c->who, &c->w, &c->err);
    jsonw_end(&c->w);
    return e < 0 ? e : 200;
}

int handle_unmerge(struct call *c) {
    struct room_unmerged n = {0};
    int64_t version;
    int e = call_body_version(c, &version);
    if (e == 0)
        e = room_incident_unmerge(c->p->room, &c->who, c->args.id, version, &n, &c->err);
    if (e == -EINVAL && strcmp(c->err.text, "merge") == 0)
        return call_refuse(c, 400, "error.no_merge");
    if (e < 0)
        return e;
    jsonw_object(&c->w);
    jsonw_ki64(&c->w, "back", n.back);
    jsonw_ki64(&c->w, "elsewhere", n.elsewhere);
    jsonw_ki64(&c->w, "since", n.since);
    jsonw_end(&c->w);
    return 200;
}
