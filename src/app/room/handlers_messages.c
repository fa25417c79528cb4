/* Messages: what went out and what became of it, and the page behind the link in them. */
#include "app/common/attached.h"
#include "app/room/call.h"
#include "app/room/form.h"
#include "app/room/room.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/text.h"
#include "room/campaign.h"
#include "room/callout.h"
#include "room/message.h"
#include "room/statement.h"
#include "room/plans.h"

#include <limits.h>

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
static int page_with(struct call *c, int status, const char *ja, const char *en, bool button, struct str signs_in) {
    struct str token = call_query(c, "token");
    buf_add_z(&c->out, "<!doctype html><html lang=\"ja\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"
                       "<meta name=\"robots\" content=\"noindex\"><title>気付き Kizuki</title><h1>気付き Kizuki</h1>");
    buf_printf(&c->out, "<p>%s</p><p lang=\"en\">%s</p>", ja, en);
    if (signs_in.n)
        buf_printf(&c->out, "<p><a href=\"/signin?token=%.*s\">サインインして対処する / Sign in and act</a></p>", STR_ARG(signs_in));
    if (button) /* the token was found, so it is hexadecimal */
        buf_printf(&c->out, "<form method=\"post\" action=\"/ack?token=%.*s\"><button>受け取りました / I have read this</button></form>", STR_ARG(token));
    buf_add_z(&c->out, "</html>\n");
    c->type = "text/html; charset=utf-8";
    c->form = button;
    return status;
}

static int page(struct call *c, int status, const char *ja, const char *en, bool button) {
    return page_with(c, status, ja, en, button, STR_NULL);
}

static int gone(struct call *c) {
    return page(c, 404, "このリンクは使えません。送った人に電話で伝えてください。", "This link is not known. Please tell the sender by telephone.", false);
}

/* ---- of a campaign: its answers, a button each ---- */

static void add_paragraph(struct buf *out, const char *tag, struct str s) {
    if (!s.n)
        return;
    buf_printf(out, "<p%s>", tag);
    statement_html(out, s);
    buf_add_z(out, "</p>");
}

static struct str said(const struct json_value *v, const char *key) {
    struct str s = STR("");
    (void) json_get_str(v, key, &s);
    return s;
}

/* One thing to answer for: its name, a field for words where an answer wants them, a number where it stands for several. */
static void add_target(struct call *c, const struct campaign_kind *k, const struct json_value *t, bool alone) {
    int64_t id = 0, n = 1, done = 0;
    struct buf *out = &c->out;
    bool words = false;
    (void) json_get_i64(t, "id", &id);
    (void) json_get_i64(t, "n", &n);
    (void) json_get_i64(t, "done", &done);
    buf_printf(out, "<form method=\"post\" action=\"/ack%s?token=%.*s\"%s><input type=\"hidden\" name=\"target\" value=\"%lld\"><h2>", k->photo ? "/photo" : "",
               STR_ARG(call_query(c, "token")), k->photo ? " enctype=\"multipart/form-data\"" : "", (long long) id);
    statement_html(out, said(t, "name"));
    buf_add_z(out, "</h2>");
    add_paragraph(out, "", said(t, "what"));
    for (size_t i = 0; i < k->n_answers; i++)
        words |= k->answers[i].words;
    if (k->photo)
        buf_add_z(out, "<p><label>写真 / photo<br><input type=\"file\" name=\"photo\" accept=\"image/jpeg,image/png\" capture=\"environment\"></label></p>");
    if (k->counts && n > 1)
        buf_printf(out, "<p><label>終わった数（全 %lld） / how many of %lld are done<br><input name=\"done\" inputmode=\"numeric\" value=\"%lld\"></label></p>", (long long) n, (long long) n,
                   (long long) done);
    if (words)
        buf_add_z(out, "<p><label>書き添えること / in words<br><input name=\"words\" maxlength=\"500\"></label></p>");
    for (size_t i = 0; i < k->n_answers; i++) {
        buf_add_z(out, "<p><button name=\"value\" value=\"");
        statement_html(out, k->answers[i].value);
        buf_add_z(out, "\">");
        statement_html(out, k->answers[i].title.ja);
        buf_add_z(out, " / ");
        statement_html(out, k->answers[i].title.en);
        buf_printf(out, "</button>%s</p>", k->answers[i].words ? "（上に書き添えてください / words wanted）" : "");
    }
    buf_printf(out, "</form>%s", alone ? "" : "<hr>");
}

static int campaign_page(struct call *c, struct str json) {
    struct json_value *v;
    const struct json_value *targets;
    int e = json_parse(&c->arena, json, &v, &c->err);
    if (e < 0)
        return e;
    const struct campaign_kind *k = room_campaign_kind(c->p->room, said(v, "kind"));
    targets = json_get_array(v, "targets");
    if (!k || !targets)
        return gone(c);
    e = page(c, 200, "次のことに答えてください。この画面で答えられるのは、このリンクを受け取った人の分だけです。",
             "Please answer. This page answers only for the person who received the link.", false);
    c->out.n -= strlen("</html>\n");
    add_paragraph(&c->out, "", said(v, "title"));
    add_paragraph(&c->out, "", said(v, "ask_ja"));
    add_paragraph(&c->out, " lang=\"en\"", said(v, "ask_en"));
    add_paragraph(&c->out, "", said(v, "text"));
    for (const struct json_value *t = targets->first; t; t = t->next)
        add_target(c, k, t, targets->n == 1);
    buf_add_z(&c->out, "</html>\n");
    c->form = true;
    return e;
}

/* -ENOENT: the token is of no campaign. */
static int campaign_show(struct call *c) {
    struct buf b;
    struct jsonw w;
    buf_init(&b, 1 << 20);
    jsonw_init(&w, &b);
    int e = room_campaign_by_token(c->p->room, call_query(c, "token"), &w, &c->err);
    if (e == -EBUSY)
        e = page(c, 200, "答えは記録されています。変えるときは、送った人に伝えてください。", "Your answer is recorded. To change it, tell whoever sent this.", false);
    else if (e == 0) {
        struct str json = arena_dup(&c->arena, buf_str(&b));
        e = json.p ? campaign_page(c, json) : -ENOMEM;
    }
    buf_done(&b);
    return e;
}

static struct room_campaign_said said_by_form(struct str value, struct str words, struct str done) {
    struct room_campaign_said s = {.value = value.p ? value : STR(""), .words = words.p ? words : STR(""), .done = -1};
    int64_t n;
    if (done.p && str_trim(done).n && str_to_i64(str_trim(done), &n) == 0 && n >= 0)
        s.done = n;
    return s;
}

static int campaign_take(struct call *c, struct str target, const struct room_campaign_said *s) {
    int64_t id = 0;
    if (target.p && target.n && str_to_i64(target, &id) < 0)
        return gone(c);
    int e = room_campaign_answer_token(c->p->room, call_query(c, "token"), id, s, &c->err);
    if (e == -EINVAL && strcmp(c->err.text, "photo") == 0)
        return page(c, 400, "写真がありません、またはJPEG・PNGの写真ではありません。前の画面に戻って、写真を付けてください。",
                    "The photo is missing, or is no JPEG or PNG. Please go back and add it.", false);
    if (e == -EINVAL)
        return page(c, 400, "書き添えることがありません、または数が違います。前の画面に戻ってください。", "Words are missing, or the number cannot be. Please go back.", false);
    if (e == -EBUSY)
        return page(c, 200, "答えは記録されています。", "Your answer is recorded.", false);
    if (e < 0)
        return e;
    return campaign_show(c); /* what is left */
}

/* The bytes as they came, under their sum, before the row says so; what was no photo is none. Cleaning works in place, so it looks at a copy. */
static int keep_photo(struct call *c, struct str bytes, char digest[2 * SHA256_BYTES + 1], struct room_campaign_said *s) {
    char path[PATH_MAX];
    uint8_t sum[SHA256_BYTES];
    char *copy = arena_alloc(&c->arena, bytes.n);
    size_t n = bytes.n;
    if (!copy)
        return -ENOMEM;
    memcpy(copy, bytes.p, n);
    const char *type = form_photo_clean(copy, &n);
    if (!type)
        return 0;
    sha256_of(bytes, sum);
    hex_encode(sum, sizeof sum, digest);
    if (snprintf(path, sizeof path, "%.4000s" ATTACHED_FOLDER "/%s", c->p->config->data, digest) >= (int) sizeof path)
        return diag_set(&c->err, -ENAMETOOLONG, "the name of the data folder is too long");
    int e = file_write_atomic(path, bytes, 0600, &c->err);
    s->photo = str_of(digest);
    s->photo_name = strcmp(type, "image/png") == 0 ? STR("photo.png") : STR("photo.jpg");
    s->photo_bytes = (int64_t) bytes.n;
    return e;
}

/* An answer with a photo, by whoever has the link: nothing is kept before the link is known to be open. */
int handle_ack_photo(struct call *c) {
    const char *type = MHD_lookup_connection_value(c->connection, MHD_HEADER_KIND, "Content-Type");
    char digest[2 * SHA256_BYTES + 1];
    struct form f;
    if (c->too_large)
        return page(c, 413, "写真が大きすぎます（5 MBまで）。小さくして、前の画面からもう一度送ってください。", "The photo is too large (at most 5 MB). Please go back and send a smaller one.", false);
    if (c->too_busy)
        return page(c, 503, "いま混み合っています。少し待って、もう一度送ってください。", "Busy now. Please wait a moment and send it again.", false);
    if (form_read(&f, str_of(type), buf_str(&c->body)) < 0 || !text_is_utf8(form_value(&f, "words")) || !text_is_utf8(form_value(&f, "value")))
        return gone(c);
    struct room_campaign_said s = said_by_form(form_value(&f, "value"), form_value(&f, "words"), form_value(&f, "done"));
    int e = campaign_show(c); /* -ENOENT: no such link; a page without a form: it is answered */
    if (e == -ENOENT)
        return gone(c);
    if (e < 0 || !c->form)
        return e;
    buf_clear(&c->out);
    c->form = false;
    e = form_value(&f, "photo").n ? keep_photo(c, form_value(&f, "photo"), digest, &s) : 0;
    return e < 0 ? e : campaign_take(c, form_value(&f, "target"), &s);
}

int handle_ack(struct call *c) {
    bool done = false;
    int e = campaign_show(c);
    if (e != -ENOENT)
        return e;
    e = room_message_known(c->p->room, call_query(c, "token"), &done, &c->err);
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
    struct room_campaign_said said = said_by_form(call_form(c, "value"), call_form(c, "words"), call_form(c, "done"));
    int e = campaign_take(c, call_form(c, "target"), &said);
    if (e != -ENOENT)
        return e;
    char link[ROOM_TOKEN_CHARS + 1];
    int opens = room_call_link(c->p->room, call_query(c, "token"), link, &c->err); /* of the first who presses */
    e = opens < 0 ? opens : room_message_acknowledge(c->p->room, call_query(c, "token"), &c->err);
    if (e == -ENOENT)
        return gone(c);
    if (e < 0)
        return e;
    return page_with(c, 200, "受け取りを記録しました。", "Recorded. Thank you.", false, opens ? str_of(link) : STR_NULL);
}
