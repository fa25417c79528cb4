/* Hunts over what is kept, and indicators. Both are kizuki-search's work: it reads what is kept and what is sent. The room
 * judges who may ask, writes down who took what in, and adds how often its findings name a value. */
#include "app/common/config.h"
#include "app/room/call.h"
#include "app/room/copies.h"
#include "app/room/room.h"
#include "app/room/search_call.h"
#include "base/limits.h"
#include "base/time_written.h"
#include "room/hunt.h"
#include "room/write.h"

enum { TEXT_BYTES_MAX = 768 * 1024, RULE_BYTES_MAX = 64 * 1024, WORD_BYTES_MAX = 300 };

/* ---- what is asked of the searcher ---- */

static const struct search_refusal REFUSALS[] = {{"missing", 404, "error.indicator_gone", true},
                                                 {"query", 400, "error.indicator_file", true},
                                                 {0}};

static void on_result(void *ctx, const struct json_value *answer) {
    struct call *c = ctx;
    int status = 200;
    const struct json_value *result = search_call_result(c, answer, REFUSALS, &status);
    if (result)
        jsonw_value(&c->w, result);
    call_finish(c, status);
}

/* Into the chain: who did what with which file. */
static int record(struct call *c, const char *what, struct str name, int64_t import) {
    struct buf b;
    struct jsonw w;
    buf_init(&b, 8192);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    jsonw_kz(&w, "indicators", what);
    if (name.n)
        jsonw_kstr(&w, "name", name);
    if (import)
        jsonw_ki64(&w, "import", import);
    jsonw_end(&w);
    int e = buf_error(&b);
    if (e == 0)
        e = room_begin(c->p->room, &c->err);
    if (e == 0)
        e = room_end(c->p->room, room_record(c->p->room, &c->who, VERB_CHANGE, OBJECT_HUNT, buf_str(&b), &c->err), &c->err);
    buf_done(&b);
    return e;
}

/* Whom somebody told something (RED) is for persons: here, who answers for everything, in whichever of their roles. */
static bool answers_for_all(const struct call *c) {
    return room_actor_roles(&c->who) & (1u << ROLE_ADMINISTRATOR);
}

/* ---- indicators ---- */

int handle_indicator_preview(struct call *c) {
    static const char *const keys[] = {"name", "text", "source", "tlp", "confidence", "until", "columns", NULL};
    static const char *const words[] = {"source", "tlp", "columns"};
    struct str name, text, until, word;
    struct time_written t;
    struct time_refused why;
    struct buf b;
    int64_t confidence;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_str(c, "name", 1, WORD_BYTES_MAX, &name);
    if (e == 0)
        e = call_body_str(c, "text", 1, TEXT_BYTES_MAX, &text);
    if (e < 0)
        return e;
    buf_init(&b, FRAME_BYTES_MAX);
    buf_add_z(&b, "\"op\":\"indicators_preview\",\"name\":");
    json_quote(&b, name);
    buf_add_z(&b, ",\"by\":");
    json_quote(&b, str_of(c->who.name));
    for (size_t i = 0; i < ARRAY_SIZE(words) && e == 0; i++)
        if (json_get(c->json, words[i]) && (e = call_body_str(c, words[i], 0, WORD_BYTES_MAX, &word)) == 0 && word.n) {
            buf_printf(&b, ",\"%s\":", words[i]);
            json_quote(&b, word);
        }
    if (e == 0 && json_get(c->json, "confidence") && (e = call_body_i64(c, "confidence", 0, 100, &confidence)) == 0)
        buf_printf(&b, ",\"confidence\":%lld", (long long) confidence);
    if (e == 0 && json_get(c->json, "until") && (e = call_body_str(c, "until", 0, TIME_WRITTEN_BYTES_MAX, &until)) == 0 && until.n) {
        if (time_read_written(&c->arena, until, room_now(c->p->room), c->p->config->offset_min, &t, &why, &c->err) < 0)
            e = call_bad(c, "until");
        else
            buf_printf(&b, ",\"until_ms\":%lld", (long long) (t.t_ns / NS_PER_MS));
    }
    buf_add_z(&b, ",\"text\":");
    json_quote(&b, text);
    if (e == 0)
        e = search_call_ask(c, &b, on_result);
    buf_done(&b);
    return e;
}

/* The same of a file of any size: the searcher reads its bytes, in whatever encoding they are. */
int handle_indicator_file(struct call *c) {
    static const char *const words[] = {"source", "tlp", "columns"};
    struct str name = call_query(c, "name");
    struct buf b;
    if (!name.n || name.n > WORD_BYTES_MAX)
        return call_bad(c, "name");
    if (!c->upload_bytes)
        return call_bad(c, "the file is empty");
    buf_init(&b, 65536);
    buf_printf(&b, "\"op\":\"indicators_preview\",\"file\":\"%s\",\"name\":", c->upload_name);
    json_quote(&b, name);
    buf_add_z(&b, ",\"by\":");
    json_quote(&b, str_of(c->who.name));
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        struct str v = call_query(c, words[i]);
        if (!v.n)
            continue;
        if (v.n > WORD_BYTES_MAX) {
            buf_done(&b);
            return call_bad(c, words[i]);
        }
        buf_printf(&b, ",\"%s\":", words[i]);
        json_quote(&b, v);
    }
    int e = search_call_ask(c, &b, on_result);
    c->upload_given = e == 0; /* the searcher removes it */
    buf_done(&b);
    return e;
}

static void on_taken(void *ctx, const struct json_value *answer) {
    struct call *c = ctx;
    int status = 200, e = 0;
    int64_t import = 0;
    const struct json_value *result = search_call_result(c, answer, REFUSALS, &status);
    if (result) {
        (void) json_get_i64(result, "import", &import);
        e = record(c, "taken", STR(""), import);
        jsonw_value(&c->w, result);
        past_wake(c->p);
    }
    call_finish(c, e < 0 ? call_error(c, e) : status);
}

int handle_indicator_take(struct call *c) {
    static const char *const keys[] = {"preview", NULL};
    struct buf b;
    int64_t preview;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "preview", 1, INT64_MAX, &preview);
    if (e < 0)
        return e;
    buf_init(&b, 256);
    buf_printf(&b, "\"op\":\"indicators_take\",\"preview\":%lld", (long long) preview);
    e = search_call_ask(c, &b, on_taken);
    buf_done(&b);
    return e;
}

static void on_removed(void *ctx, const struct json_value *answer) {
    struct call *c = ctx;
    int status = 200, e = 0;
    if (search_call_result(c, answer, REFUSALS, &status)) {
        e = record(c, "taken back", STR(""), c->args.id);
        status = call_ok(c);
    }
    call_finish(c, e < 0 ? call_error(c, e) : status);
}

int handle_indicator_remove(struct call *c) {
    struct buf b;
    buf_init(&b, 256);
    buf_printf(&b, "\"op\":\"indicators_remove\",\"import\":%lld", (long long) c->args.id);
    int e = search_call_ask(c, &b, on_removed);
    buf_done(&b);
    return e;
}

static int ask_now(struct call *c, const char *op, struct buf *b, search_answer_fn *fn) {
    buf_printf(b, ",\"op\":\"%s\",\"now_ms\":%lld", op, (long long) (room_now(c->p->room) / NS_PER_MS));
    return search_call_ask(c, b, fn);
}

int handle_indicator_imports(struct call *c) {
    struct buf b;
    buf_init(&b, 256);
    buf_add_z(&b, "\"x\":0");
    int e = ask_now(c, "indicators_imports", &b, on_result);
    buf_done(&b);
    return e;
}

/* The searcher's rows, with how often findings name each. */
static int write_rows(struct call *c, const struct json_value *result) {
    const struct json_value *list = json_get_array(result, "indicators");
    jsonw_object(&c->w);
    jsonw_key(&c->w, STR("indicators"));
    jsonw_array(&c->w);
    int e = 0;
    for (const struct json_value *v = list ? list->first : NULL; v && e == 0; v = v->next) {
        struct str value = STR("");
        int64_t n = 0, last = TIME_NONE;
        (void) json_get_str(v, "value", &value);
        e = room_indicator_hits(c->p->room, &c->who, value, &n, &last, &c->err);
        jsonw_object(&c->w);
        for (const struct json_value *m = v->first; m; m = m->next) {
            jsonw_key(&c->w, m->key);
            jsonw_value(&c->w, m);
        }
        jsonw_ki64(&c->w, "hits", n);
        jsonw_ktime(&c->w, "hit_at", last);
        jsonw_end(&c->w);
    }
    jsonw_end(&c->w);
    static const char *const others[] = {"next", "kept_back"};
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        const struct json_value *v = json_get(result, others[i]);
        jsonw_key(&c->w, str_of(others[i]));
        if (v)
            jsonw_value(&c->w, v);
        else
            jsonw_null(&c->w);
    }
    jsonw_end(&c->w);
    return e;
}

static void on_list(void *ctx, const struct json_value *answer) {
    struct call *c = ctx;
    int status = 200, e = 0;
    const struct json_value *result = search_call_result(c, answer, REFUSALS, &status);
    if (result)
        e = write_rows(c, result);
    call_finish(c, e < 0 ? call_error(c, e) : status);
}

int handle_indicators(struct call *c) {
    struct str text = call_query(c, "text"), ended = call_query(c, "ended");
    struct buf b;
    int64_t from;
    int e = call_query_i64(c, "from", 0, INDICATORS_MAX, 0, &from);
    if (e < 0 || text.n > WORD_BYTES_MAX)
        return e < 0 ? e : call_bad(c, "text");
    buf_init(&b, 4096);
    /* What was told to persons (RED) is for who answers for everything. */
    buf_printf(&b, "\"from\":%lld,\"ended\":%s,\"tlp\":\"%s\",\"text\":", (long long) from, str_eq_z(ended, "true") ? "true" : "false",
               answers_for_all(c) ? "red" : "amber+strict");
    json_quote(&b, text.p ? text : STR(""));
    e = ask_now(c, "indicators_list", &b, on_list);
    buf_done(&b);
    return e;
}

/* Exactly one of query, rule and import. */
static int read_what(struct call *c, struct room_hunt_past *h) {
    bool query = json_get(c->json, "query"), rule = json_get(c->json, "rule"), import = json_get(c->json, "import");
    if (query + rule + import != 1)
        return call_bad(c, "query, rule or import");
    if (import) {
        h->kind = "indicators";
        h->name = h->query = STR("");
        return call_body_i64(c, "import", 1, UINT32_MAX, &h->import);
    }
    h->kind = query ? "query" : "rule";
    return call_body_str(c, h->kind, 1, query ? 16384 : RULE_BYTES_MAX, &h->query);
}

int handle_hunt_begin(struct call *c) {
    static const char *const keys[] = {"hypothesis", "query", "rule", "import", "from", "to", "copy", NULL};
    struct room_hunt_past h = {.name = STR(""), .copy = STR("")};
    int64_t id;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_str(c, "hypothesis", 1, 2000, &h.hypothesis);
    if (e == 0)
        e = read_what(c, &h);
    if (e == 0)
        e = call_body_when(c, "from", &h.from_ns);
    if (e == 0)
        e = call_body_when(c, "to", &h.to_ns);
    if (e == 0 && json_get(c->json, "copy"))
        e = call_body_str(c, "copy", 0, VAULT_NAME_BYTES_MAX, &h.copy);
    if (e == 0 && h.copy.n && !pulled_has(c->p->config, h.copy))
        return call_refuse(c, 404, "error.no_copy");
    if (e == 0)
        e = room_begin(c->p->room, &c->err);
    if (e == 0)
        e = room_end(c->p->room, room_hunt_begin(c->p->room, &c->who, &h, &id, &c->err), &c->err);
    if (e < 0)
        return e;
    past_wake(c->p);
    e = room_hunt_write(c->p->room, id, &c->w, &c->err);
    return e < 0 ? e : 200;
}

static bool is_red(const struct json_value *v) {
    struct str tlp;
    return json_get_str(v, "tlp", &tlp) && str_eq_z(tlp, "red");
}

/* What was told to persons (RED) is for who answers for everything; that something was met is everybody's. */
static void write_indicators(struct jsonw *w, const struct json_value *of) {
    int64_t kept_back = 0;
    jsonw_object(w);
    for (const struct json_value *m = of->first; m; m = m->next) {
        jsonw_key(w, m->key);
        if (!str_eq_z(m->key, "values") || m->type != JSON_ARRAY) {
            jsonw_value(w, m);
            continue;
        }
        jsonw_array(w);
        for (const struct json_value *v = m->first; v; v = v->next) {
            kept_back += is_red(v);
            if (!is_red(v))
                jsonw_value(w, v);
        }
        jsonw_end(w);
    }
    jsonw_ki64(w, "kept_back", kept_back);
    jsonw_end(w);
}

static int write_result(struct call *c, struct str json) {
    struct json_value *result;
    if (answers_for_all(c)) {
        jsonw_raw(&c->w, json);
        return 0;
    }
    int e = json_parse(&c->arena, json, &result, &c->err);
    if (e < 0)
        return e;
    jsonw_object(&c->w);
    for (const struct json_value *m = result->first; m; m = m->next) {
        jsonw_key(&c->w, m->key);
        if (str_eq_z(m->key, "indicators") && m->type == JSON_OBJECT)
            write_indicators(&c->w, m);
        else
            jsonw_value(&c->w, m);
    }
    jsonw_end(&c->w);
    return 0;
}

/* The row, and what the searcher says of it while it runs. */
int handle_hunt(struct call *c) {
    struct str result;
    struct buf row;
    struct jsonw w;
    int e = room_hunt_result(c->p->room, c->args.id, &c->arena, &result, &c->err);
    if (e < 0)
        return e;
    buf_init(&row, FRAME_BYTES_MAX);
    jsonw_init(&w, &row);
    e = room_hunt_write(c->p->room, c->args.id, &w, &c->err);
    if (e >= 0)
        e = buf_error(&row);
    if (e == 0) {
        const struct past_lane *lane = &c->p->past.lanes[PAST_HUNT];
        bool now = lane->id == c->args.id && lane->last.n;
        jsonw_object(&c->w);
        jsonw_key(&c->w, STR("hunt"));
        jsonw_raw(&c->w, buf_str(&row));
        jsonw_key(&c->w, STR("result"));
        e = write_result(c, now ? buf_str(&lane->last) : result);
        jsonw_end(&c->w);
    }
    buf_done(&row);
    return e < 0 ? e : 200;
}

int handle_hunt_stop(struct call *c) {
    static const struct json_value none = {.type = JSON_OBJECT};
    struct json_value state = {.type = JSON_STRING, .text = STR("stopped"), .key = STR("state")}, result = none;
    result.first = &state;
    result.n = 1;
    const struct past_lane *lane = &c->p->past.lanes[PAST_HUNT];
    struct str json = lane->id == c->args.id && lane->last.n ? buf_str(&lane->last) : STR("{}");
    int e = room_hunt_is_running(c->p->room, c->args.id, &c->err);
    if (e < 0)
        return e;
    if (e == 0)
        return call_refuse(c, 409, "error.state");
    if ((e = room_begin(c->p->room, &c->err)) == 0)
        e = room_end(c->p->room, room_hunt_end(c->p->room, &c->who, c->args.id, &result, json, &c->err), &c->err);
    if (e < 0)
        return e;
    past_stopped(c->p, PAST_HUNT, c->args.id);
    e = room_hunt_write(c->p->room, c->args.id, &c->w, &c->err);
    return e < 0 ? e : 200;
}
