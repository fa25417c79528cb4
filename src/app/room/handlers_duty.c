/* Who is on duty, who may decide, and what is lent. */
#include "app/room/call.h"
#include "app/room/room.h"
#include "room/authority.h"
#include "room/duty.h"
#include "room/write.h"

int handle_duty(struct call *c) {
    int e = room_duty_write(c->p->room, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_duty_days(struct call *c) {
    struct str text = call_query(c, "from");
    int64_t days, from = room_now(c->p->room);
    int offset;
    if (call_query_i64(c, "days", 1, ROOM_DUTY_DAYS_MAX, 7, &days) < 0)
        return call_bad(c, "days");
    if (text.p) {
        int n = time_parse_iso(text, &from, &offset);
        if (n != (int) text.n)
            return call_bad(c, "from");
    }
    int e = room_duty_days_write(c->p->room, from, (int) days, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_authorities(struct call *c) {
    int e = room_authorities_write(c->p->room, &c->who, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_incident_authority(struct call *c) {
    struct room_deciding x = {.incident = c->args.id};
    int kind = duty_kind_from_string(call_query(c, "kind"));
    int e = kind < 0 ? call_bad(c, "kind") : 0;
    x.kind = (enum duty_kind) kind;
    if (e == 0)
        e = room_authority_service(c->p->room, x.incident, &c->arena, &x.service, &c->err);
    if (e == 0)
        e = room_authority_incident_write(c->p->room, &c->who, &x, &c->w, &c->err);
    return e < 0 ? e : 200;
}

static int read_kind(struct call *c, bool all, int *ret) {
    struct str kind;
    int e = call_body_str(c, "kind", 1, 20, &kind);
    if (e < 0)
        return e;
    *ret = duty_kind_from_string(kind);
    return *ret >= 0 || (all && str_eq_z(kind, "all")) ? 0 : call_bad(c, "kind");
}

int handle_consult_post(struct call *c) {
    static const char *const keys[] = {"kind", "person", "answer", NULL};
    struct str person, answer;
    int kind = 0, e = call_body_only(c, keys);
    if (e == 0)
        e = read_kind(c, false, &kind);
    if (e == 0)
        e = call_body_str(c, "person", 1, 300, &person);
    if (e == 0)
        e = call_body_str(c, "answer", 1, 2000, &answer);
    if (e == 0)
        e = room_consult_add(c->p->room, &c->who, c->args.id, (enum duty_kind) kind, person, answer, &c->err);
    return e < 0 ? e : call_ok(c);
}

int handle_lend_post(struct call *c) {
    static const char *const keys[] = {"service", "kind", "person", "group", "hours", "why", NULL};
    struct room_lend l = {.kind = 0};
    int64_t hours = 0, id;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = read_kind(c, true, &l.kind);
    if (e == 0)
        e = call_body_words(c, "service", 300, &l.service);
    if (e == 0)
        e = call_body_words(c, "person", 300, &l.person);
    if (e == 0)
        e = call_body_words(c, "group", 300, &l.group);
    if (e == 0)
        e = call_body_str(c, "why", 1, 2000, &l.why);
    if (e == 0)
        e = call_body_i64(c, "hours", 1, ROOM_LEND_HOURS_MAX, &hours);
    l.hours = (int) hours;
    if (e == 0)
        e = room_lend_add(c->p->room, &c->who, &l, &id, &c->err);
    return e < 0 ? e : handle_authorities(c);
}

int handle_lend_return(struct call *c) {
    int64_t version;
    int e = call_body_version(c, &version);
    if (e == 0)
        e = room_lend_return(c->p->room, &c->who, c->args.id, version, &c->err);
    return e < 0 ? e : handle_authorities(c);
}
