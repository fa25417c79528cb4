/* Reports of people, for who answers them: the list, one with what was added, taking, joining to a case; and typing one in somebody's name. */
#include "app/room/call.h"
#include "app/room/room.h"
#include "room/person_report.h"

int handle_report_kinds(struct call *c) {
    room_report_kinds_write(c->p->room, &c->w);
    return 200;
}

int handle_reports(struct call *c) {
    static const char *const states[] = {"open", "all", "new", "taken", "case", "closed"};
    struct str state = call_query(c, "state");
    int64_t before;
    bool known = !state.n;
    for (size_t i = 0; i < ARRAY_SIZE(states); i++)
        known |= str_eq_z(state, states[i]);
    int e = known ? call_query_i64(c, "before", 1, INT64_MAX, 0, &before) : call_bad(c, "state");
    if (e == 0)
        e = room_reports_write(c->p->room, &c->who, state, 0, before, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_incident_reports(struct call *c) {
    int e = room_reports_write(c->p->room, &c->who, STR("all"), c->args.id, 0, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_report_counts(struct call *c) {
    int e = room_report_counts_write(c->p->room, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_report(struct call *c) {
    int e = room_report_write_one(c->p->room, c->args.id, &c->w, &c->err);
    return e < 0 ? e : 200;
}

/* The receipt, with the secret word: whoever typed it reads it to the caller. */
int handle_report_post(struct call *c) {
    static const char *const keys[] = {"kind", "service", "text", "contact", "caller", "channel", "lang", NULL};
    static const char *const channels[] = {"phone", "fax", "counter", "mail", "web"};
    struct room_report_new x = {0};
    struct room_report_taken t;
    struct str channel, lang;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_str(c, "kind", 1, 31, &x.kind);
    if (e == 0)
        e = call_body_words(c, "service", REPORT_LINE_MAX, &x.service);
    if (e == 0)
        e = call_body_words(c, "text", REPORT_TEXT_MAX, &x.text);
    if (e == 0)
        e = call_body_words(c, "contact", REPORT_LINE_MAX, &x.contact);
    if (e == 0)
        e = call_body_words(c, "caller", REPORT_LINE_MAX, &x.caller);
    if (e == 0)
        e = call_body_words(c, "channel", 16, &channel);
    if (e == 0)
        e = call_body_words(c, "lang", 2, &lang);
    if (e < 0)
        return e;
    for (size_t i = 0; i < ARRAY_SIZE(channels); i++)
        if (str_eq_z(channel.n ? channel : STR("phone"), channels[i]))
            x.channel = channels[i];
    if (!x.channel)
        return call_bad(c, "channel");
    x.lang = str_eq_z(lang, "en") ? "en" : "ja";
    e = room_report_take(c->p->room, &c->who, &x, &t, &c->err);
    if (e < 0)
        return e;
    jsonw_object(&c->w);
    jsonw_ki64(&c->w, "id", t.id);
    jsonw_kz(&c->w, "number", t.number);
    jsonw_kz(&c->w, "secret", t.secret);
    jsonw_ktime(&c->w, "at", t.at_ns);
    jsonw_end(&c->w);
    return 200;
}

static int shown_anew(struct call *c, int e) {
    return e < 0 ? e : handle_report(c);
}

int handle_report_put(struct call *c) {
    static const char *const keys[] = {"version", "to", "why", NULL};
    int64_t version = 0;
    struct str to, why = STR("");
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, &version);
    if (e == 0)
        e = call_body_str(c, "to", 1, 16, &to);
    if (e == 0)
        e = call_body_words(c, "why", REPORT_TEXT_MAX, &why);
    return shown_anew(c, e == 0 ? room_report_change(c->p->room, &c->who, c->args.id, version, to, why, &c->err) : e);
}

int handle_report_case(struct call *c) {
    static const char *const keys[] = {"version", "incident", NULL};
    int64_t version = 0, incident = 0;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, &version);
    if (e == 0 && json_get(c->json, "incident"))
        e = call_body_i64(c, "incident", 1, INT64_MAX, &incident);
    return shown_anew(c, e == 0 ? room_report_join(c->p->room, &c->who, c->args.id, version, &incident, &c->err) : e);
}

/* Shown as a picture or kept as a file, never as a page. */
int handle_report_photo(struct call *c) {
    struct str digest = call_query(c, "digest");
    struct room_photo p;
    if (digest.n != 64)
        return call_bad(c, "digest");
    int e = room_report_photo(c->p->room, c->args.id, digest, &c->arena, &p, &c->err);
    if (e < 0)
        return e;
    buf_add(&c->out, p.bytes);
    c->type = p.type;
    return 200;
}
