/* Which case first: false alarms, and how long people looked. The ranked list itself is that of cases (handlers_incident.c). */
#include "app/room/call.h"
#include "app/room/room.h"
#include "room/rank.h"

int handle_false_alarm(struct call *c) {
    static const char *const keys[] = {"version", "reason", NULL};
    struct str reason;
    int64_t version;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, &version);
    if (e == 0)
        e = call_body_str(c, "reason", 1, 4000, &reason);
    if (e == 0)
        e = room_false_alarm(c->p->room, &c->who, c->args.id, version, reason, &c->err);
    return e < 0 ? e : handle_incident(c);
}

int handle_false_alarm_undo(struct call *c) {
    int64_t version;
    int e = call_body_version(c, &version);
    if (e == 0)
        e = room_false_alarm_undo(c->p->room, &c->who, c->args.id, version, &c->err);
    return e < 0 ? e : handle_incident(c);
}

int handle_triage(struct call *c) {
    int e = room_triage_write(c->p->room, &c->w, &c->err);
    return e < 0 ? e : 200;
}
