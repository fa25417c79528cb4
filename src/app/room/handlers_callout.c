/* Calling people: started, answered and ended by whoever sits at the page. */
#include "app/room/call.h"
#include "app/room/room.h"
#include "room/callout.h"

int handle_callouts(struct call *c) {
    int e = room_callouts_write(c->p->room, 0, &c->who, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_incident_callouts(struct call *c) {
    int e = room_callouts_write(c->p->room, c->args.id, &c->who, &c->w, &c->err);
    return e < 0 ? e : 200;
}

static int read_people(struct call *c, struct room_callout *x) {
    const struct json_value *list = json_get_array(c->json, "people");
    struct str *names = NULL;
    if (!json_get(c->json, "people"))
        return 0;
    if (!list || list->n == 0 || list->n > CALLOUT_PEOPLE_MAX)
        return call_bad(c, "people");
    names = arena_alloc(&c->arena, list->n * sizeof *names);
    if (!names)
        return -ENOMEM;
    for (const struct json_value *v = list->first; v; v = v->next) {
        if (v->type != JSON_STRING || !str_trim(v->text).n || v->text.n > 300)
            return call_bad(c, "people");
        names[x->n_people++] = str_trim(v->text);
    }
    x->people = names;
    return 0;
}

static int read_purpose(struct call *c, struct room_callout *x) {
    static const char *const purposes[] = {"decide", "take", "key"};
    struct str s;
    int e = call_body_str(c, "purpose", 1, 10, &s);
    for (size_t i = 0; e == 0 && i < ARRAY_SIZE(purposes); i++)
        if (str_eq_z(s, purposes[i]))
            x->purpose = purposes[i];
    return e < 0 ? e : x->purpose ? 0 : call_bad(c, "purpose");
}

int handle_callout_post(struct call *c) {
    static const char *const keys[] = {"purpose", "kind", "service", "group", "people", "text", "question", NULL};
    struct room_callout x = {.incident = c->args.id};
    int64_t id;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = read_purpose(c, &x);
    if (e == 0)
        e = call_body_words(c, "kind", 20, &x.kind);
    if (e == 0)
        e = call_body_words(c, "service", 300, &x.service);
    if (e == 0)
        e = call_body_words(c, "group", 300, &x.group);
    if (e == 0)
        e = call_body_words(c, "question", 1000, &x.question);
    if (e == 0)
        e = call_body_str(c, "text", 1, 4000, &x.text);
    if (e == 0)
        e = read_people(c, &x);
    if (e == 0 && strcmp(x.purpose, "key") == 0 && !x.n_people)
        e = call_bad(c, "people");
    if (e == 0)
        e = room_callout_start(c->p->room, &c->who, &x, &id, &c->err);
    if (e == -ENOENT)
        return call_refuse(c, 400, "error.nobody_to_call");
    return e < 0 ? e : handle_incident_callouts(c);
}

int handle_callout_answer(struct call *c) {
    static const char *const keys[] = {"person", "answer", NULL};
    struct str person, answer;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_str(c, "person", 1, 300, &person);
    if (e == 0)
        e = call_body_words(c, "answer", 4000, &answer);
    if (e == 0)
        e = room_callout_answer(c->p->room, &c->who, c->args.id, person, answer, &c->err);
    return e < 0 ? e : call_ok(c);
}

int handle_callout_end(struct call *c) {
    int e = call_no_body(c);
    if (e == 0)
        e = room_callout_end(c->p->room, &c->who, c->args.id, &c->err);
    return e < 0 ? e : call_ok(c);
}
