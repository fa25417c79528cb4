/* Logs that come late, sent through the pages: the file lies in DATA/incoming, the sensor reads it (src/app/sensor/late_feed.h). The room
 * does not look into it: who serves pages does not read archives. */
#include "app/room/call.h"
#include "app/room/room.h"
#include "app/room/sensor_link.h"
#include "app/room/upload.h"
#include "base/buf.h"
#include "room/room.h"
#include "room/write.h"


static int refuse(struct call *c, const struct json_value *result) {
    struct str why = STR(""), code = STR("other");
    (void) json_get_str(result, "error", &why);
    (void) json_get_str(result, "code", &code);
    return str_eq_z(code, "missing") ? call_refuse(c, 404, "error.not_found") : call_refuse_why(c, 400, "error.table", code, why);
}

static void write_number(struct jsonw *w, const char *key, const struct json_value *v) {
    int64_t n = 0;
    if (v)
        (void) json_get_i64(v, key, &n);
    jsonw_ki64(w, key, n);
}

static void write_word(struct jsonw *w, const char *key, const struct json_value *v, const char *from) {
    struct str s;
    bool there = v && json_get_str(v, from, &s) && s.n;
    jsonw_key(w, str_of(key));
    if (there)
        jsonw_str(w, s);
    else
        jsonw_null(w);
}

/* How it would be read, when that was all that was asked. */
static void write_tried(struct jsonw *w, const struct json_value *became) {
    const struct json_value *samples = became ? json_get_array(became, "samples") : NULL;
    bool tried = false;
    if (became)
        (void) json_get_bool(became, "tried", &tried);
    jsonw_kbool(w, "tried", tried);
    write_word(w, "columns", became, "columns");
    jsonw_key(w, STR("samples"));
    jsonw_array(w);
    for (const struct json_value *s = samples ? samples->first : NULL; s; s = s->next)
        if (s->type == JSON_STRING)
            jsonw_str(w, s->text);
    jsonw_end(w);
}

static void on_answer(void *ctx, const struct json_value *answer) {
    struct call *c = ctx;
    const struct json_value *result = answer ? json_get_object(answer, "result") : NULL, *became;
    struct str name = STR(""), error;
    bool ok = false;
    if (result)
        (void) json_get_bool(result, "ok", &ok);
    if (!ok) {
        call_finish(c, result ? refuse(c, result) : call_refuse(c, 503, "error.sensor_away"));
        return;
    }
    (void) json_get_str(result, "late", &name);
    became = json_get_object(result, "became");
    jsonw_object(&c->w);
    jsonw_kstr(&c->w, "late", name);
    jsonw_kz(&c->w, "state", !became ? "waiting" : json_get_str(became, "error", &error) ? "refused" : "done");
    write_word(&c->w, "why", became, "error");
    write_word(&c->w, "source", became, "source");
    write_number(&c->w, "files", became);
    write_number(&c->w, "records", became);
    write_number(&c->w, "repeated", became);
    write_number(&c->w, "refused", became);
    write_word(&c->w, "first", became, "first");
    write_word(&c->w, "last", became, "last");
    write_word(&c->w, "refusals", became, "refusals");
    write_tried(&c->w, became);
    jsonw_end(&c->w);
    call_finish(c, 200);
}

static int record(struct call *c, struct str file) {
    struct buf detail;
    struct jsonw w;
    buf_init(&detail, 8192);
    jsonw_init(&w, &detail);
    jsonw_object(&w);
    jsonw_kstr(&w, "late_logs", file);
    jsonw_ku64(&w, "bytes", c->upload_bytes);
    jsonw_end(&w);
    int e = buf_error(&detail);
    if (e == 0)
        e = room_begin(c->p->room, &c->err);
    if (e == 0)
        e = room_end(c->p->room, room_record(c->p->room, &c->who, VERB_CREATE, OBJECT_IMPORT, buf_str(&detail), &c->err), &c->err);
    buf_done(&detail);
    return e;
}

int handle_late_post(struct call *c) {
    static const struct upload_word words[] = {{"source", 200}, {"service", 200}, {"columns", 4000}};
    struct str file, only_try = call_query(c, "try");
    struct buf members;
    bool looks = str_eq_z(only_try, "1");
    if (only_try.n && !looks)
        return call_bad(c, "try");
    int e = upload_describe(c, words, ARRAY_SIZE(words), &members, &file);
    if (e != 0)
        return e;
    buf_printf(&members, ",\"try\":%s", looks ? "true" : "false");
    if (!looks && (e = record(c, file)) < 0) /* a look changes nothing */
        buf_done(&members);
    return e < 0 ? e : upload_ask(c, "late", &members, QUESTION_TIMEOUT_NS, on_answer);
}

int handle_late(struct call *c) {
    struct buf members;
    buf_init(&members, 1024);
    buf_add_z(&members, "\"late\":");
    json_quote(&members, c->args.name);
    int e = buf_error(&members);
    if (e == 0)
        e = sensor_link_ask(c->p, "late_state", buf_str(&members), on_answer, c);
    buf_done(&members);
    return e == -EAGAIN ? call_refuse(c, 503, "error.sensor_away") : e;
}
