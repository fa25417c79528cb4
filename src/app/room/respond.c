/* Answers: headers that every answer has, errors in one form, reading of what was asked. */
#include "app/common/config.h"
#include "app/room/call.h"
#include "app/room/room.h"
#include "base/time_written.h"
#include "base/utf8.h"
#include "base/limits.h"
#include "base/log.h"
#include "room/authority.h"
#include "room/write.h"

#include <inttypes.h>

static const struct {
    const char *name, *value;
} HEADERS[] = {
    {"Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src "
                                "'self' data:; connect-src 'self'; "
                                "font-src 'self'; manifest-src 'self'; base-uri 'none'; "
                                "form-action 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
    {"Strict-Transport-Security", "max-age=31536000"},
};

void call_headers(struct MHD_Response *r) {
    for (size_t i = 0; i < ARRAY_SIZE(HEADERS); i++)
        (void) MHD_add_response_header(r, HEADERS[i].name, HEADERS[i].value);
}

/* Server-Timing (W3C): statements and steps of the database since the call began; of one that waited for somebody, with what ran
 * meanwhile. Only when asked for at the start: what an answer costs can tell what it passed over. */
static void add_effort(const struct call *c, struct MHD_Response *r) {
    struct sql_effort now = room_effort(c->p->room);
    char z[96];
    snprintf(z, sizeof z, "statements;dur=%" PRIu64 ", steps;dur=%" PRIu64, now.statements - c->before.statements,
             now.steps - c->before.steps);
    (void) MHD_add_response_header(r, "Server-Timing", z);
}

enum MHD_Result call_send(struct call *c) {
    char wait[16];
    if (c->answered)
        return MHD_YES;
    c->answered = true;
    if (buf_error(&c->out)) {
        log_error("an answer to %s %s was too large", c->method,
                  c->route ? c->route->pattern : "?");
        buf_clear(&c->out);
        c->status = call_refuse(c, 500, "error.internal");
    }
    struct str body = buf_str(&c->out);
    struct MHD_Response *r =
        MHD_create_response_from_buffer(body.n, (void *) (uintptr_t) body.p, MHD_RESPMEM_MUST_COPY);
    if (!r)
        return MHD_NO;
    call_headers(r);
    if (c->form && MHD_del_response_header(r, HEADERS[0].name, HEADERS[0].value) == MHD_YES)
        (void) MHD_add_response_header(r, HEADERS[0].name, "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'");
    (void) MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE,
                                   c->type ? c->type : "application/json");
    (void) MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (c->location)
        (void) MHD_add_response_header(r, MHD_HTTP_HEADER_LOCATION, c->location);
    if (c->header)
        (void) MHD_add_response_header(r, c->header, c->header_value);
    if (c->cookie[0])
        (void) MHD_add_response_header(r, MHD_HTTP_HEADER_SET_COOKIE, c->cookie);
    if (c->retry_s) {
        snprintf(wait, sizeof wait, "%d", c->retry_s);
        (void) MHD_add_response_header(r, MHD_HTTP_HEADER_RETRY_AFTER, wait);
    }
    if (c->p->opt.effort)
        add_effort(c, r);
    enum MHD_Result done = MHD_queue_response(c->connection, (unsigned) c->status, r);
    MHD_destroy_response(r);
    return done;
}

static void begin_error(struct call *c, const char *key) {
    buf_clear(&c->out);
    c->type = NULL;
    jsonw_init(&c->w, &c->out);
    jsonw_object(&c->w);
    jsonw_key(&c->w, STR("error"));
    jsonw_object(&c->w);
    jsonw_kz(&c->w, "key", key);
    jsonw_key(&c->w, STR("params"));
    jsonw_object(&c->w);
}

static int end_error(struct call *c, int status) {
    jsonw_end(&c->w);
    jsonw_end(&c->w);
    return c->status = status;
}

int call_refuse_with(struct call *c, int status, const char *key, const char *param,
                     struct str value) {
    begin_error(c, key);
    if (param)
        jsonw_kstr(&c->w, param, value);
    jsonw_end(&c->w);
    return end_error(c, status);
}

int call_refuse_why(struct call *c, int status, const char *key, struct str code, struct str why) {
    begin_error(c, key);
    jsonw_kstr(&c->w, "code", code);
    jsonw_kstr(&c->w, "why", why);
    jsonw_end(&c->w);
    return end_error(c, status);
}

int call_refuse(struct call *c, int status, const char *key) {
    return call_refuse_with(c, status, key, NULL, STR_NULL);
}

/* Recorded, and it says who may: by the table of authority, or by roles. */
static int refuse_authority(struct call *c) {
    begin_error(c, "error.authority");
    (void) room_authority_refused(c->p->room, &c->w);
    jsonw_end(&c->w);
    jsonw_kbool(&c->w, "recorded", true);
    return end_error(c, 403);
}

static int refuse_forbidden(struct call *c) {
    char who[80];
    if (room_authority_is_refused(c->p->room))
        return refuse_authority(c);
    enum room_object object = c->route ? c->route->object : OBJECT_SELF;
    enum room_verb verb = c->route ? c->route->verb : VERB_READ;
    begin_error(c, "error.may_not");
    jsonw_kz(&c->w, "role", room_role_to_string(c->who.role));
    jsonw_kz(&c->w, "verb", room_verb_to_string(verb));
    jsonw_kz(&c->w, "object", room_object_to_string(object));
    jsonw_kz(&c->w, "who", room_who_may(verb, object, who, sizeof who));
    jsonw_end(&c->w);
    jsonw_kbool(&c->w, "recorded", true);
    return end_error(c, 403);
}

static int refuse_stale(struct call *c) {
    struct room_stale s = room_stale(c->p->room);
    begin_error(c, "error.version");
    jsonw_kz(&c->w, "by", s.name[0] ? s.name : NULL);
    jsonw_end(&c->w);
    jsonw_ki64(&c->w, "yours", s.yours);
    jsonw_ki64(&c->w, "theirs", s.theirs);
    jsonw_kz(&c->w, "by", s.name[0] ? s.name : s.by);
    jsonw_ktime(&c->w, "at", s.at_ns);
    return end_error(c, 409);
}

int call_error(struct call *c, int error) {
    switch (error) {
    case -ERR_REFUSED:
        return refuse_forbidden(c);
    case -ERR_VERSION:
        return refuse_stale(c);
    case -ENOENT:
        return call_refuse(c, 404, "error.not_found");
    case -EINVAL:
    case -ERR_PARSE:
        return call_refuse_with(c, 400, "error.bad_body", "what", str_of(c->err.text));
    case -EBUSY:
        return call_refuse_with(c, 400, "error.state", "state", str_of(c->err.text));
    case -EPERM: /* means.h: nobody pays or speaks with who attacks before it is allowed */
        return strcmp(c->err.text, "ransom") == 0 ? call_refuse(c, 400, "error.ransom") : call_refuse_with(c, 400, "error.ransom_advice", "missing", str_of(c->err.text));
    case -ERR_LIMIT:
        return call_refuse(c, 400, "error.limit");
    case -EAGAIN:
        return call_refuse(c, 503, "error.hand_away");
    case -ENOSPC:
        log_error("nothing is stored: the disk is full");
        return call_refuse(c, 500, "error.disk_full");
    default:
        log_error("%s %s: %s", c->method, c->route ? c->route->pattern : "?",
                  c->err.text[0] ? c->err.text : err_word(error));
        return call_refuse(c, 500, "error.internal");
    }
}

void call_finish(struct call *c, int status) {
    c->status = status < 0 ? call_error(c, status) : status;
    c->suspended = false;
    MHD_resume_connection(c->connection);
}

int call_ok(struct call *c) {
    jsonw_object(&c->w);
    jsonw_kbool(&c->w, "ok", true);
    jsonw_end(&c->w);
    return 200;
}

int call_bad(struct call *c, const char *what) {
    return diag_set(&c->err, -EINVAL, "%s", what);
}

struct str call_query(const struct call *c, const char *name) {
    return str_of(MHD_lookup_connection_value(c->connection, MHD_GET_ARGUMENT_KIND, name));
}

static bool is_text(struct str s) {
    size_t i = 0;
    for (unsigned n; i < s.n; i += n)
        if ((n = utf8_length(s.p + i, s.p + s.n)) == 0 || s.p[i] == 0)
            return false;
    return true;
}

struct form_field {
    struct call *c;
    const char *name;
    struct buf value;
    bool found;
};

static enum MHD_Result take_field(void *ctx, enum MHD_ValueKind kind UNUSED, const char *key, const char *file UNUSED, const char *type UNUSED,
                                  const char *encoding UNUSED, const char *data, uint64_t at UNUSED, size_t n) {
    struct form_field *f = ctx;
    if (key && strcmp(key, f->name) == 0) {
        f->found = true;
        buf_add(&f->value, str_n(data, n));
    }
    return MHD_YES;
}

struct str call_form(struct call *c, const char *name) {
    struct form_field f = {.c = c, .name = name};
    struct MHD_PostProcessor *p = c->body.n ? MHD_create_post_processor(c->connection, 4096, take_field, &f) : NULL;
    buf_init(&f.value, HTTP_BODY_BYTES_MAX);
    if (p) {
        (void) MHD_post_process(p, c->body.p, c->body.n);
        (void) MHD_destroy_post_processor(p);
    }
    struct str s = f.found && !buf_error(&f.value) && is_text(buf_str(&f.value)) ? arena_dup(&c->arena, buf_str(&f.value)) : STR_NULL;
    buf_done(&f.value);
    return s;
}

int call_query_i64(const struct call *c, const char *name, int64_t min, int64_t max,
                   int64_t otherwise, int64_t *ret) {
    struct str s = call_query(c, name);
    *ret = otherwise;
    if (!s.p)
        return 0;
    return str_to_i64(s, ret) == 0 && *ret >= min && *ret <= max ? 0 : -EINVAL;
}

int call_body_only(struct call *c, const char *const *keys) {
    if (!c->json || c->json->type != JSON_OBJECT)
        return call_bad(c, "a JSON object");
    return json_only_keys(c->json, keys, &c->err) < 0 ? -EINVAL : 0;
}

int call_no_body(struct call *c) {
    static const char *const none[] = {NULL};
    return c->json ? call_body_only(c, none) : 0;
}

int call_body_i64(struct call *c, const char *key, int64_t min, int64_t max, int64_t *ret) {
    return json_get_i64(c->json, key, ret) && *ret >= min && *ret <= max ? 0 : call_bad(c, key);
}

int call_body_version(struct call *c, int64_t *ret) {
    static const char *const keys[] = {"version", NULL};
    int e = call_body_only(c, keys);
    return e < 0 ? e : call_body_i64(c, "version", 0, INT64_MAX, ret);
}

int call_body_version_why(struct call *c, int64_t *ret, struct str *ret_why) {
    static const char *const keys[] = {"version", "why", NULL};
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, ret);
    return e < 0 ? e : call_body_str(c, "why", 1, 1000, ret_why);
}

int call_body_when(struct call *c, const char *key, int64_t *ret_ns) {
    struct time_written w;
    struct time_refused why;
    struct str text;
    const struct json_value *v = json_get(c->json, key);
    *ret_ns = TIME_NONE;
    if (!v || v->type == JSON_NULL)
        return 0;
    if (call_body_str(c, key, 1, TIME_WRITTEN_BYTES_MAX, &text) < 0 ||
        time_read_written(&c->arena, text, room_now(c->p->room), c->p->config->offset_min, &w, &why, &c->err) < 0)
        return call_bad(c, key);
    *ret_ns = w.t_ns;
    return 0;
}

int call_body_str(struct call *c, const char *key, size_t min, size_t max, struct str *ret) {
    return json_get_str(c->json, key, ret) && ret->n >= min && ret->n <= max ? 0 : call_bad(c, key);
}

int call_body_words(struct call *c, const char *key, size_t max, struct str *ret) {
    *ret = STR("");
    return c->json && json_get(c->json, key) ? call_body_str(c, key, 0, max, ret) : 0;
}
