/* Mails people reported: the list, one with its parts, and putting one on a case. */
#include "app/room/call.h"
#include "app/room/room.h"
#include "room/mail_report.h"

int handle_mail_reports(struct call *c) {
    int e = room_mails_write(c->p->room, &c->who, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_mail_report(struct call *c) {
    int e = room_mail_write(c->p->room, c->args.id, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_mail_case(struct call *c) {
    static const char *const keys[] = {"version", "incident", NULL};
    int64_t version = 0, incident = 0;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, &version);
    if (e == 0 && json_get(c->json, "incident"))
        e = call_body_i64(c, "incident", 1, INT64_MAX, &incident);
    if (e == 0 && incident && (e = room_may_read(c->p->room, &c->who, OBJECT_INCIDENT, incident, &c->err)) == 0)
        return call_refuse(c, 404, "error.not_found");
    if (e >= 0)
        e = room_mail_attach(c->p->room, &c->who, c->args.id, version, &incident, &c->err);
    if (e == 0)
        e = room_mail_write(c->p->room, c->args.id, &c->w, &c->err);
    return e < 0 ? e : 200;
}
