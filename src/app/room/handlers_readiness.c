/* Readiness: cells of lessons with their proof, measuring now, attesting. */
#include "app/room/call.h"
#include "app/room/readiness.h"
#include "app/room/room.h"
#include "room/alike.h"
#include "room/readiness.h"

int handle_readiness(struct call *c) {
    int e = readiness_look(c->p, &c->err);
    if (e == 0)
        e = room_readiness_write(c->p->room, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_readiness_measure(struct call *c) {
    int e = readiness_measure(c->p, &c->who, &c->err);
    return e < 0 ? e : handle_readiness(c);
}

int handle_alike(struct call *c) {
    int e = room_alike_write(c->p->room, c->args.id, &c->who, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_attest(struct call *c) {
    static const char *const keys[] = {"control", "answer", "evidence", "until", NULL};
    struct room_attest x = {.pack = c->args.name};
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_str(c, "control", 1, 64, &x.control);
    if (e == 0)
        e = call_body_str(c, "evidence", 1, 2000, &x.evidence);
    if (e == 0)
        e = call_body_when(c, "until", &x.until_ns);
    if (e == 0 && !json_get_bool(c->json, "answer", &x.yes))
        e = call_bad(c, "answer");
    if (e == 0)
        e = room_attest(c->p->room, &c->who, &x, &c->err);
    return e < 0 ? e : handle_readiness(c);
}
