/* Messages: what went out and what became of it, and the page behind the link in them. */
#include "app/room/call.h"
#include "app/room/room.h"
#include "base/limits.h"
#include "room/message.h"

int handle_messages(struct call *c) {
    int64_t incident;
    int e = call_query_i64(c, "incident", 0, INT64_MAX, 0, &incident);
    if (e == 0 && incident && (e = room_may_read(c->p->room, &c->who, OBJECT_INCIDENT, incident, &c->err)) == 0)
        return call_refuse(c, 404, "error.not_found");
    if (e < 0)
        return e;
    jsonw_object(&c->w);
    e = room_messages_write(c->p->room, incident, &c->who, &c->w, &c->err);
    door_link_write(&c->p->door, &c->w);
    jsonw_end(&c->w);
    return e < 0 ? e : 200;
}

static int may_say(struct call *c, const char *key, size_t max, struct str *ret) {
    return c->json && json_get(c->json, key) ? call_body_str(c, key, 0, max, ret) : 0;
}

int handle_message_post(struct call *c) {
    static const char *const keys[] = {"way", "address", "who", "subject", "text", "incident", "ask", "drill", NULL};
    struct room_message_new m = {.reply_to = STR("")};
    int64_t id;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_str(c, "way", 1, DOOR_ID_BYTES_MAX, &m.way);
    if (e == 0)
        e = may_say(c, "address", 320, &m.address);
    if (e == 0)
        e = may_say(c, "who", 300, &m.who);
    if (e == 0)
        e = may_say(c, "subject", 1000, &m.subject);
    if (e == 0)
        e = call_body_str(c, "text", 1, 64 * 1024, &m.text);
    if (e == 0 && json_get(c->json, "incident") && json_get(c->json, "incident")->type != JSON_NULL &&
        (e = call_body_i64(c, "incident", 1, INT64_MAX, &m.incident)) == 0) {
        /* who may not read a case says nothing in its name */
        e = room_may_read(c->p->room, &c->who, OBJECT_INCIDENT, m.incident, &c->err);
        if (e == 0)
            return call_refuse(c, 404, "error.not_found");
        e = MIN(e, 0);
    }
    if (e < 0)
        return e;
    IGNORE(json_get_bool(c->json, "ask", &m.ask));
    IGNORE(json_get_bool(c->json, "drill", &m.drill));
    e = room_begin(c->p->room, &c->err);
    if (e == 0)
        e = room_end(c->p->room, room_message_add(c->p->room, &c->who, &m, &id, &c->err), &c->err);
    if (e < 0)
        return e;
    jsonw_object(&c->w);
    jsonw_ki64(&c->w, "id", id);
    jsonw_end(&c->w);
    return 200;
}

int handle_message_again(struct call *c) {
    int e = call_no_body(c);
    if (e == 0)
        e = room_message_again(c->p->room, &c->who, c->args.id, &c->err);
    return e < 0 ? e : call_ok(c);
}

/* ---- the page behind the link ---- */

/* No script and no style: it opens on any telephone. Who reads it is not known, so it stands in both languages. */
static int page(struct call *c, int status, const char *ja, const char *en, bool button) {
    struct str token = call_query(c, "token");
    buf_add_z(&c->out, "<!doctype html><html lang=\"ja\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"
                       "<meta name=\"robots\" content=\"noindex\"><title>気付き Kizuki</title><h1>気付き Kizuki</h1>");
    buf_printf(&c->out, "<p>%s</p><p lang=\"en\">%s</p>", ja, en);
    if (button) /* the token was found, so it is hexadecimal */
        buf_printf(&c->out, "<form method=\"post\" action=\"/ack?token=%.*s\"><button>受け取りました / I have read this</button></form>", STR_ARG(token));
    buf_add_z(&c->out, "</html>\n");
    c->type = "text/html; charset=utf-8";
    c->form = button;
    return status;
}

static int gone(struct call *c) {
    return page(c, 404, "このリンクは使えません。送った人に電話で伝えてください。", "This link is not known. Please tell the sender by telephone.", false);
}

int handle_ack(struct call *c) {
    bool done = false;
    int e = room_message_known(c->p->room, call_query(c, "token"), &done, &c->err);
    if (e == -ENOENT)
        return gone(c);
    if (e < 0)
        return e;
    if (done)
        return page(c, 200, "受け取りは記録されています。", "It is recorded that this was read.", false);
    return page(c, 200, "連絡を受け取ったら、ボタンを押してください。押すまでは「未確認」のままです。",
                "Press the button once you have read the message. Until then it counts as unread.", true);
}

int handle_ack_post(struct call *c) {
    int e = room_message_acknowledge(c->p->room, call_query(c, "token"), &c->err);
    if (e == -ENOENT)
        return gone(c);
    return e < 0 ? e : page(c, 200, "受け取りを記録しました。", "Recorded. Thank you.", false);
}
