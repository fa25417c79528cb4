/* Rules: what there is, what is decided about them, what is tried. The room judges who may ask; whether it makes sense is the
 * sensor's to say, and its words are told. */
#include "app/room/call.h"
#include "app/room/room.h"
#include "base/limits.h"
#include "room/report.h"
#include "room/write.h"

int handle_rules(struct call *c) {
    int e = room_rules_write(c->p->room, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_rule(struct call *c) {
    int e = room_rule_write(c->p->room, c->args.name, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_rule_state(struct call *c) {
    room_rule_state_write(c->p->room, &c->w);
    return 200;
}

/* ---- what the sensor is asked to do ---- */

/* Into the chain: the order without long texts. */
static int record(struct call *c) {
    static const char *const told[] = {"op", "name", "rule", "until", "owner", "reason", "for", "where", "whole", "to", "phone"};
    struct buf b;
    struct jsonw w;
    buf_init(&b, 64 * 1024);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    for (size_t i = 0; c->json && i < ARRAY_SIZE(told); i++) {
        const struct json_value *v = json_get(c->json, told[i]);
        if (v) {
            jsonw_key(&w, str_of(told[i]));
            jsonw_value(&w, v);
        }
    }
    if (!c->json)
        jsonw_kstr(&w, "name", call_query(c, "name"));
    jsonw_end(&w);
    int e = buf_error(&b);
    if (e == 0)
        e = room_begin(c->p->room, &c->err);
    if (e == 0)
        e = room_end(c->p->room, room_record(c->p->room, &c->who, VERB_CHANGE, OBJECT_RULE, buf_str(&b), &c->err), &c->err);
    buf_done(&b);
    return e;
}

/* The sensor's result when it did what was asked; otherwise the refusal stands in the call: its words. */
static const struct json_value *done_by_sensor(struct call *c, const struct json_value *answer, int *ret_status) {
    const struct json_value *result = answer ? json_get_object(answer, "result") : NULL;
    bool ok = false;
    struct str why = STR(""), code = STR("other");
    if (!result) {
        *ret_status = call_refuse(c, 503, "error.sensor_away");
        return NULL;
    }
    (void) json_get_str(result, "error", &why);
    if (json_get_bool(result, "ok", &ok) && ok)
        return result;
    (void) json_get_str(result, "code", &code);
    *ret_status = call_refuse_why(c, 400, "error.rule_order", code, why);
    return NULL;
}

/* What was done is recorded once the sensor has done it. */
static void on_ordered(void *ctx, const struct json_value *answer) {
    struct call *c = ctx;
    int status;
    if (!done_by_sensor(c, answer, &status)) {
        call_finish(c, status);
        return;
    }
    int e = record(c);
    call_finish(c, e < 0 ? e : call_ok(c));
}

/* The body's members (NULL: none) and `more`, as a question. */
static int ask(struct call *c, const char *type, const char *const *keys, struct str more, sensor_answer_fn *fn) {
    struct buf members;
    struct jsonw w;
    int e = keys ? call_body_only(c, keys) : 0;
    if (e < 0)
        return e;
    buf_init(&members, FRAME_BYTES_MAX - 4096);
    jsonw_init(&w, &members);
    if (keys)
        jsonw_value(&w, c->json);
    e = buf_error(&members);
    if (e == 0) { /* without its braces: members of the question */
        struct str body = keys ? str_n(members.p + 1, members.n - 2) : STR("");
        struct buf all;
        buf_init(&all, FRAME_BYTES_MAX);
        buf_add(&all, more);
        if (more.n && body.n)
            buf_add_byte(&all, ',');
        buf_add(&all, body);
        e = buf_error(&all);
        if (e == 0)
            e = sensor_link_ask(c->p, type, buf_str(&all), fn, c);
        buf_done(&all);
    }
    buf_done(&members);
    return e == -EAGAIN ? call_refuse(c, 503, "error.sensor_away") : e;
}

int handle_rule_order(struct call *c) {
    static const char *const keys[] = {"op", "name", "rule", "where", "whole", "until", "owner", "reason", "for", "digest", "to", "phone", NULL};
    struct str op;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_str(c, "op", 1, 40, &op);
    return e < 0 ? e : ask(c, "rule_order", keys, STR(""), on_ordered);
}

/* ---- what takes long: GET says how far it is ---- */

static void answer_trial(struct call *c, const struct json_value *result) {
    const struct json_value *trial = json_get(result, "trial");
    jsonw_object(&c->w);
    jsonw_key(&c->w, STR("trial"));
    if (trial)
        jsonw_value(&c->w, trial);
    else
        jsonw_null(&c->w);
    jsonw_end(&c->w);
    call_finish(c, 200);
}

static void on_trial(void *ctx, const struct json_value *answer) {
    struct call *c = ctx;
    int status;
    const struct json_value *result = done_by_sensor(c, answer, &status);
    if (result)
        answer_trial(c, result);
    else
        call_finish(c, status);
}

/* What leaves something behind (a draft) is recorded when it begins; whoever only looks leaves nothing. */
static void on_taken_in(void *ctx, const struct json_value *answer) {
    struct call *c = ctx;
    int status, e = 0;
    const struct json_value *result = done_by_sensor(c, answer, &status);
    if (result && (e = record(c)) == 0)
        answer_trial(c, result);
    else
        call_finish(c, e < 0 ? e : status);
}

int handle_rule_trial(struct call *c) {
    return ask(c, "rule_trial", NULL, STR("\"op\":\"look\""), on_trial);
}

int handle_rule_trial_end(struct call *c) {
    return ask(c, "rule_trial", NULL, STR("\"op\":\"end\""), on_trial);
}

/* ,"by":NAME behind the members so far. */
static int add_by(struct call *c, struct buf *b) {
    buf_add_z(b, b->n ? ",\"by\":" : "\"by\":");
    json_quote(b, str_of(c->who.name));
    return buf_error(b);
}

int handle_rule_trial_post(struct call *c) {
    static const char *const keys[] = {"op", "rule", "where", "whole", "until", "owner", "reason", "for", NULL};
    struct buf more;
    struct str op;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_str(c, "op", 1, 40, &op);
    if (e == 0 && !str_eq_z(op, "except") && !str_eq_z(op, "suppress"))
        e = call_bad(c, "op");
    if (e < 0)
        return e;
    buf_init(&more, 4096);
    e = add_by(c, &more);
    if (e == 0)
        e = ask(c, "rule_trial", keys, buf_str(&more), on_trial);
    buf_done(&more);
    return e;
}

int handle_rule_draft_post(struct call *c) {
    static const char *const keys[] = {"name", "text", NULL};
    struct buf more;
    struct str name, text;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_str(c, "name", 1, 64, &name);
    if (e == 0)
        e = call_body_str(c, "text", 1, 128 * 1024, &text);
    if (e < 0)
        return e;
    buf_init(&more, 4096);
    buf_add_z(&more, "\"op\":\"write\"");
    e = add_by(c, &more);
    if (e == 0)
        e = ask(c, "rule_trial", keys, buf_str(&more), on_taken_in);
    buf_done(&more);
    return e;
}

int handle_rule_set_post(struct call *c) {
    struct str name = call_query(c, "name"), licence = call_query(c, "licence");
    struct buf more;
    if (!name.n || name.n > 64)
        return call_bad(c, "name");
    if (licence.n > 200)
        return call_bad(c, "licence");
    if (!c->upload_bytes)
        return call_bad(c, "the archive");
    buf_init(&more, 8192);
    buf_printf(&more, "\"op\":\"add\",\"file\":\"%s\",\"origin\":", c->upload_name);
    json_quote(&more, STR("uploaded"));
    buf_add_z(&more, ",\"name\":");
    json_quote(&more, name);
    buf_add_z(&more, ",\"licence\":");
    json_quote(&more, licence.p ? licence : STR(""));
    int e = add_by(c, &more);
    if (e == 0)
        e = ask(c, "rule_trial", NULL, buf_str(&more), on_taken_in);
    buf_done(&more);
    c->upload_given = e == 0; /* whatever the sensor says of it, it takes it away */
    return e;
}

/* ---- one line ---- */

static void on_explained(void *ctx, const struct json_value *answer) {
    struct call *c = ctx;
    const struct json_value *result = answer ? json_get_object(answer, "result") : NULL;
    if (!result) {
        call_finish(c, call_refuse(c, 503, "error.sensor_away"));
        return;
    }
    jsonw_value(&c->w, result);
    call_finish(c, 200);
}

int handle_rule_try(struct call *c) {
    static const char *const keys[] = {"line", "source", NULL};
    struct str line, source = STR_NULL;
    struct buf members;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_str(c, "line", 1, 65536, &line);
    if (e == 0 && json_get(c->json, "source") && json_get(c->json, "source")->type != JSON_NULL)
        e = call_body_str(c, "source", 0, 200, &source);
    if (e < 0)
        return e;
    int64_t id = source.n ? room_source_id(c->p->room, source) : 0;
    buf_init(&members, 512 * 1024);
    buf_add(&members, STR("\"line\":"));
    json_quote(&members, line);
    if (id)
        buf_printf(&members, ",\"source\":%lld", (long long) id);
    e = buf_error(&members);
    if (e == 0)
        e = sensor_link_ask(c->p, "explain", buf_str(&members), on_explained, c);
    buf_done(&members);
    return e == -EAGAIN ? call_refuse(c, 503, "error.sensor_away") : e;
}
