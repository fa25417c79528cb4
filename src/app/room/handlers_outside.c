/* What is sent about a case to named recipients (notices, requests), and who told whom outside what. */
#include "app/room/call.h"
#include "app/room/room.h"
#include "base/limits.h"
#include "room/contact.h"
#include "room/outgoing.h"

/* ---- notices and requests ---- */

int handle_outgoings(struct call *c) {
    int e = room_outgoings_write(c->p->room, c->args.id, &c->w, &c->err);
    return e < 0 ? e : 200;
}

static int show(struct call *c, int64_t id) {
    int e = room_outgoing_write(c->p->room, id, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_outgoing(struct call *c) {
    return show(c, c->args.id);
}

/* One of: list (pasted, or a CSV file's text), scope (a count of the case). */
static int read_to(struct call *c, struct room_outgoing_new *x) {
    struct room_recipient_new *to = NULL;
    struct str list;
    int64_t run;
    int e;
    if (json_get_str(c->json, "list", &list))
        e = room_outgoing_read_list(&c->arena, list, &to, &x->n_to, &c->err);
    else if ((e = call_body_i64(c, "scope", 1, INT64_MAX, &run)) == 0)
        e = room_outgoing_read_scope(c->p->room, &c->arena, c->args.id, run, &to, &x->n_to, &c->err);
    x->to = to;
    return e;
}

int handle_outgoing_post(struct call *c) {
    static const char *const keys[] = {"statement", "title", "way", "given", "due", "list", "scope", NULL};
    struct room_outgoing_new x = {.incident = c->args.id, .due_ns = TIME_NONE};
    int64_t id;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_str(c, "statement", 1, FACT_NAME_BYTES_MAX, &x.statement);
    if (e == 0)
        e = call_body_words(c, "title", 300, &x.title);
    if (e == 0)
        e = call_body_words(c, "way", DOOR_ID_BYTES_MAX, &x.way);
    if (e == 0 && json_get(c->json, "given") && !(x.given = json_get_object(c->json, "given")))
        e = call_bad(c, "given");
    if (e == 0)
        e = call_body_when(c, "due", &x.due_ns);
    if (e == 0)
        e = read_to(c, &x);
    if (e == 0)
        e = room_outgoing_add(c->p->room, &c->who, &x, &id, &c->err);
    return e == -ENOENT ? call_bad(c, "statement") : e < 0 ? e : show(c, id);
}

int handle_outgoing_send(struct call *c) {
    const struct fact_spec *leak = NULL;
    int64_t version;
    int e = call_body_version(c, &version);
    if (e == 0)
        e = room_outgoing_send(c->p->room, &c->who, c->args.id, version, &leak, &c->err);
    if (e == -EINVAL && leak)
        return call_refuse_why(c, 400, "error.publication_leak", leak->name, fact_words_in(&leak->title, true));
    if (e == -EINVAL && str_starts(str_of(c->err.text), STR("en ")))
        return call_refuse_with(c, 400, "error.publication_en", "part", str_from(str_of(c->err.text), 3));
    return e < 0 ? e : show(c, c->args.id);
}

int handle_outgoing_end(struct call *c) {
    int64_t version;
    int e = call_body_version(c, &version);
    if (e == 0)
        e = room_outgoing_end(c->p->room, &c->who, c->args.id, version, &c->err);
    return e < 0 ? e : show(c, c->args.id);
}

int handle_outgoing_letters(struct call *c) {
    int e = room_outgoing_letters(c->p->room, c->args.id, &c->out, &c->err);
    c->type = "text/html; charset=utf-8";
    c->header = "Content-Disposition"; /* a file to print, not a page of ours */
    c->header_value = "attachment";
    return e < 0 ? e : 200;
}

int handle_recipient_put(struct call *c) {
    static const char *const keys[] = {"version", "address", "again", "letter", "answer", NULL};
    struct room_recipient_change x = {.address = STR_NULL, .answer = STR_NULL};
    int64_t version;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, &version);
    if (e == 0 && json_get(c->json, "address"))
        e = call_body_str(c, "address", 3, 254, &x.address);
    if (e == 0 && json_get(c->json, "answer"))
        e = call_body_str(c, "answer", 1, OUTGOING_ANSWER_BYTES_MAX, &x.answer);
    IGNORE(json_get_bool(c->json, "again", &x.again));
    IGNORE(json_get_bool(c->json, "letter", &x.letter));
    if (e == 0)
        e = room_recipient_change(c->p->room, &c->who, c->args.id, version, &x, &c->err);
    return e < 0 ? e : call_ok(c);
}

/* ---- who told whom what ---- */

static int contacts(struct call *c, int64_t incident) {
    int e = room_contacts_write(c->p->room, incident, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_contacts(struct call *c) {
    return contacts(c, c->args.id);
}

static int read_contact(struct call *c, bool whole, struct room_contact *x) {
    const struct {
        const char *key;
        struct str *to;
    } texts[] = {{"kind", &x->kind}, {"outlet", &x->outlet}, {"person", &x->person}, {"how", &x->how}, {"by", &x->by}, {"asked", &x->asked},
                 {"said", &x->said}, {"material", &x->material}, {"approved", &x->approved}, {"promised", &x->promised}};
    int e = 0;
    for (size_t i = 0; e == 0 && i < ARRAY_SIZE(texts); i++)
        if (whole || json_get(c->json, texts[i].key))
            e = call_body_words(c, texts[i].key, CONTACT_FIELD_BYTES_MAX, texts[i].to);
    if (e == 0)
        e = call_body_when(c, "due", &x->due_ns);
    return e;
}

int handle_contact_post(struct call *c) {
    static const char *const keys[] = {"kind", "outlet", "person", "how", "by", "asked", "said", "material", "approved", "promised", "at", "due", NULL};
    struct room_contact x = {.due_ns = TIME_NONE, .at_ns = TIME_NONE};
    int64_t id;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = read_contact(c, true, &x);
    if (e == 0)
        e = call_body_when(c, "at", &x.at_ns);
    if (e == 0 && x.at_ns == TIME_NONE)
        x.at_ns = room_now(c->p->room);
    if (e == 0)
        e = room_contact_add(c->p->room, &c->who, c->args.id, &x, &id, &c->err);
    return e < 0 ? e : contacts(c, c->args.id);
}

int handle_contact_put(struct call *c) {
    static const char *const keys[] = {"version", "kind", "outlet", "person", "how", "by", "asked", "said", "material", "approved", "promised", "due", "kept", NULL};
    struct room_contact x = {.due_ns = TIME_NONE};
    int64_t version;
    bool kept = false;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, &version);
    if (e == 0)
        e = read_contact(c, false, &x);
    IGNORE(json_get_bool(c->json, "kept", &kept));
    if (e == 0)
        e = room_contact_change(c->p->room, &c->who, c->args.id, version, &x, kept, &c->err);
    return e < 0 ? e : contacts(c, c->row.incident);
}
