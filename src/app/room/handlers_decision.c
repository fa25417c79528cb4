/* Decisions, and codes of printed sheets. */
#include "app/room/call.h"
#include "app/room/room.h"
#include "room/decision.h"
#include "room/sheet.h"

int handle_decisions(struct call *c) {
    int e = room_decisions_write(c->p->room, c->args.id, &c->who, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_decision_post(struct call *c) {
    static const char *const keys[] = {"kind", "service", "risk_do", "risk_go_on", NULL};
    struct room_decision_new x = {.incident = c->args.id, .rule_id = STR("")};
    struct str kind;
    int64_t id;
    int e = call_body_only(c, keys), k = -1;
    if (e == 0)
        e = call_body_str(c, "kind", 1, 20, &kind);
    if (e == 0 && (k = duty_kind_from_string(kind)) < 0)
        e = call_bad(c, "kind");
    x.kind = (enum duty_kind) k;
    if (e == 0)
        e = call_body_words(c, "service", 300, &x.service);
    if (e == 0)
        e = call_body_words(c, "risk_do", 2000, &x.risk_do);
    if (e == 0)
        e = call_body_words(c, "risk_go_on", 2000, &x.risk_go_on);
    if (e == 0)
        e = room_decision_propose(c->p->room, &c->who, &x, &id, &c->err);
    return e < 0 ? e : handle_decisions(c);
}

int handle_decision_make(struct call *c) {
    static const char *const keys[] = {"version", "verdict", "why", NULL};
    struct room_decision_made m = {.at_ns = room_now(c->p->room), .person = STR("")};
    struct str verdict;
    int64_t version;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 1, INT64_MAX, &version);
    if (e == 0)
        e = call_body_str(c, "verdict", 1, 10, &verdict);
    if (e == 0 && !str_eq_z(verdict, "do") && !str_eq_z(verdict, "go_on"))
        e = call_bad(c, "verdict");
    if (e == 0)
        e = call_body_words(c, "why", 4000, &m.why);
    m.go_on = e == 0 && str_eq_z(verdict, "go_on");
    if (e == 0)
        e = room_decision_make(c->p->room, &c->who, c->args.id, version, &m, &c->err);
    if (e == -EBUSY && str_eq_z(str_of(c->err.text), "facts"))
        return call_refuse(c, 400, "error.publication_stale");
    if (e < 0)
        return e;
    jsonw_object(&c->w);
    jsonw_kbool(&c->w, "decided", e == 0);
    jsonw_end(&c->w);
    return 200;
}

int handle_sheets(struct call *c) {
    int e = room_sheets_write(c->p->room, c->args.id, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_sheet_post(struct call *c) {
    int64_t id;
    int e = room_sheet_make(c->p->room, &c->who, c->args.id, &id, &c->err);
    if (e == -ENOENT)
        return call_refuse(c, 400, "error.nobody_decides");
    return e < 0 ? e : handle_sheets(c);
}

int handle_sheet_void(struct call *c) {
    int64_t version;
    int e = call_body_version(c, &version);
    if (e == 0)
        e = room_sheet_void(c->p->room, &c->who, c->args.id, version, &c->err);
    return e < 0 ? e : call_ok(c);
}

int handle_code_post(struct call *c) {
    static const char *const keys[] = {"code", "at", "why", NULL};
    struct str code, why;
    enum room_code done = CODE_MAX_;
    int64_t at, incident = 0;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_str(c, "code", 1, 60, &code);
    if (e == 0)
        e = call_body_when(c, "at", &at);
    if (e == 0 && at == TIME_NONE)
        e = call_bad(c, "at");
    if (e == 0)
        e = call_body_words(c, "why", 4000, &why);
    if (e == 0)
        e = room_code_enter(c->p->room, &c->who, code, at, why, &done, &incident, &c->err);
    if (e < 0)
        return e;
    jsonw_object(&c->w);
    jsonw_kz(&c->w, "outcome", room_code_to_string(done));
    jsonw_key(&c->w, STR("incident_id"));
    incident ? jsonw_i64(&c->w, incident) : jsonw_null(&c->w);
    jsonw_end(&c->w);
    return 200;
}
