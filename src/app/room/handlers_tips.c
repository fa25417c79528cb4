/* Tips from outside: writing one down, taking it, answering its sender, asking those responsible, joining it to a case. */
#include "app/room/call.h"
#include "app/room/room.h"
#include "app/room/tip_link.h"
#include "base/limits.h"
#include "room/tip.h"

static int shown(struct call *c, int64_t id) {
    int e = room_tip_write_one(c->p->room, id, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_tips(struct call *c) {
    struct str state = call_query(c, "state");
    if (state.n && !str_eq_z(state, "open") && !str_eq_z(state, "all"))
        return call_bad(c, "state");
    int e = room_tips_write(c->p->room, &c->who, state, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_tip(struct call *c) {
    return shown(c, c->args.id);
}

int handle_tip_post(struct call *c) {
    static const char *const keys[] = {"form", "from", "sender", "contact", "channel", "text", "tlp", "received", NULL}, *const channels[] = {"phone", "mail", "letter", "web"};
    struct room_tip_new x = {.tlp = TLP_AMBER};
    struct str form, channel, tlp;
    int64_t id;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_words(c, "form", 8, &form);
    if (e == 0)
        e = call_body_str(c, "from", 1, 16, &x.from);
    if (e == 0)
        e = call_body_words(c, "sender", TIP_LINE_MAX, &x.sender);
    if (e == 0)
        e = call_body_words(c, "contact", TIP_LINE_MAX, &x.contact);
    if (e == 0)
        e = call_body_words(c, "channel", 8, &channel);
    if (e == 0)
        e = call_body_str(c, "text", 1, TIP_TEXT_MAX, &x.text);
    if (e == 0)
        e = call_body_words(c, "tlp", 16, &tlp);
    if (e == 0)
        e = call_body_when(c, "received", &x.received_ns);
    if (e < 0)
        return e;
    for (size_t i = 0; i < ARRAY_SIZE(channels); i++)
        if (str_eq_z(channel.n ? channel : STR("phone"), channels[i]))
            x.channel = channels[i];
    int t = tlp.n ? room_tlp_from_string(tlp) : TLP_AMBER;
    if (!x.channel || t < 0 || (form.n && !str_eq_z(form, "tip") && !str_eq_z(form, "info")))
        return call_bad(c, !x.channel ? "channel" : t < 0 ? "tlp" : "form");
    x.tlp = (enum room_tlp) t;
    x.info = str_eq_z(form, "info");
    if (x.received_ns == TIME_NONE)
        x.received_ns = room_now(c->p->room);
    e = room_tip_add(c->p->room, &c->who, &x, &id, &c->err);
    c->p->tips.next_ns = 0;
    return e < 0 ? e : shown(c, id);
}

int handle_tip_put(struct call *c) {
    static const char *const keys[] = {"version", "to", "why", NULL};
    int64_t version = 0;
    struct str to, why;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, &version);
    if (e == 0)
        e = call_body_str(c, "to", 1, 16, &to);
    if (e == 0)
        e = call_body_words(c, "why", TIP_TEXT_MAX, &why);
    if (e == 0)
        e = room_tip_change(c->p->room, &c->who, c->args.id, version, to, why, &c->err);
    return e < 0 ? e : shown(c, c->args.id);
}

int handle_tip_case(struct call *c) {
    static const char *const keys[] = {"version", "incident", NULL};
    int64_t version = 0, incident = 0;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, &version);
    if (e == 0 && json_get(c->json, "incident"))
        e = call_body_i64(c, "incident", 1, INT64_MAX, &incident);
    if (e == 0)
        e = room_tip_join(c->p->room, &c->who, c->args.id, version, &incident, &c->err);
    return e < 0 ? e : shown(c, c->args.id);
}

int handle_tip_reply(struct call *c) {
    static const char *const keys[] = {"way", "address", "text", NULL};
    struct str way, address, text;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_words(c, "way", DOOR_ID_BYTES_MAX, &way);
    if (e == 0)
        e = call_body_words(c, "address", 320, &address);
    if (e == 0)
        e = call_body_str(c, "text", 1, TIP_TEXT_MAX, &text);
    if (e == 0)
        e = room_tip_reply(c->p->room, &c->who, c->args.id, way, address, text, &c->err);
    return e < 0 ? e : shown(c, c->args.id);
}

int handle_tip_ask(struct call *c) {
    static const char *const keys[] = {"systems", "text", NULL};
    int64_t systems[TIP_SYSTEMS_MAX];
    struct str text;
    size_t n = 0;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_str(c, "text", 1, TIP_TEXT_MAX, &text);
    const struct json_value *list = e == 0 ? json_get_array(c->json, "systems") : NULL;
    if (e == 0 && (!list || !list->n || list->n > TIP_SYSTEMS_MAX))
        return call_bad(c, "systems");
    for (const struct json_value *v = list ? list->first : NULL; e == 0 && v; v = v->next)
        if (v->type != JSON_NUMBER || str_to_i64(v->text, &systems[n++]) < 0)
            e = call_bad(c, "systems");
    if (e == 0)
        e = room_tip_ask(c->p->room, &c->who, c->args.id, systems, n, text, &c->err);
    return e < 0 ? e : shown(c, c->args.id);
}
