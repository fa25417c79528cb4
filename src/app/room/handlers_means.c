/* Money, other means, experts and the attacker who asks for something. */
#include "app/room/call.h"
#include "app/room/room.h"
#include "room/means.h"

static int shown(struct call *c, int64_t incident) {
    int e = room_means_write(c->p->room, incident, &c->who, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_means(struct call *c) {
    return shown(c, c->args.id);
}

int handle_means_post(struct call *c) {
    static const char *const keys[] = {"kind", "name", "of", "yen", "contacts", NULL}, *const kinds[] = {"spend", "switch", "vendor", "ransom"};
    const struct json_value *list;
    struct room_means_new x = {.incident = c->args.id};
    struct str kind, *at = arena_alloc(&c->arena, MEANS_CONTACTS_MAX * sizeof *at);
    int64_t id;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_str(c, "kind", 1, 12, &kind);
    for (size_t i = 0; e == 0 && i < ARRAY_SIZE(kinds); i++)
        if (str_eq_z(kind, kinds[i]))
            x.kind = kinds[i];
    if (e == 0 && !x.kind)
        e = call_bad(c, "kind");
    if (e == 0)
        e = call_body_str(c, "name", 1, 300, &x.name);
    if (e == 0)
        e = call_body_words(c, "of", MEANS_TEXT_MAX, &x.of);
    if (e == 0 && json_get(c->json, "yen"))
        e = call_body_i64(c, "yen", 1, MEANS_YEN_MAX, &x.yen);
    list = e == 0 ? json_get_array(c->json, "contacts") : NULL;
    for (const struct json_value *v = list ? list->first : NULL; e == 0 && v; v = v->next)
        if (!at || v->type != JSON_STRING || !str_trim(v->text).n || v->text.n > 300 || x.n_contacts == MEANS_CONTACTS_MAX)
            e = call_bad(c, "contacts");
        else
            at[x.n_contacts++] = str_trim(v->text);
    x.contacts = at;
    if (e == 0)
        e = room_means_add(c->p->room, &c->who, &x, &id, &c->err);
    if (e == -ENOENT)
        return call_bad(c, "name");
    return e < 0 ? e : shown(c, c->args.id);
}

int handle_means_step(struct call *c) {
    static const char *const keys[] = {"version", "to", "at", "what", "words", "yen", NULL};
    struct room_means_step x = {.at_ns = TIME_NONE, .yen = -1};
    int64_t version;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, &version);
    if (e == 0)
        e = call_body_str(c, "to", 1, 12, &x.to);
    if (e == 0)
        e = call_body_when(c, "at", &x.at_ns);
    if (e == 0)
        e = call_body_words(c, "what", 12, &x.what);
    if (e == 0)
        e = call_body_words(c, "words", MEANS_TEXT_MAX, &x.words);
    if (e == 0 && json_get(c->json, "yen"))
        e = call_body_i64(c, "yen", 0, MEANS_YEN_MAX, &x.yen);
    if (e == 0)
        e = room_means_step(c->p->room, &c->who, c->args.id, version, &x, &c->err);
    return e < 0 ? e : shown(c, c->row.incident);
}
