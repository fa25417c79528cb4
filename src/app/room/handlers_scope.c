/* How far it reached: what can be counted, counts of a case, and questions people add. Counting is kizuki-search's work (past.h). */
#include "app/common/config.h"
#include "app/room/call.h"
#include "app/room/room.h"
#include "base/file.h"
#include "room/scope_run.h"

#define LIST_BYTES_MAX (OUT_BYTES_MAX - 1)
#define SPEC_BYTES_MAX 65536

static int specs(struct call *c, const struct scope_spec **ret, size_t *ret_n) {
    return room_scope_specs(c->p->room, &c->arena, c->p->scopes.specs, c->p->scopes.n, ret, ret_n, &c->err);
}

/* What the searcher said of the present one last. */
static void write_present(struct call *c) {
    const struct past_lane *lane = &c->p->past.lanes[PAST_SCOPE];
    int64_t incident = 0;
    bool ours = lane->id && lane->last.n && room_scope_is_of(c->p->room, lane->id, &incident) && incident == c->args.id;
    jsonw_key(&c->w, STR("present"));
    if (!ours) {
        jsonw_null(&c->w);
        return;
    }
    jsonw_object(&c->w);
    jsonw_ki64(&c->w, "run", lane->id);
    jsonw_key(&c->w, STR("result"));
    jsonw_raw(&c->w, buf_str(&lane->last));
    jsonw_end(&c->w);
}

int handle_scopes(struct call *c) {
    const struct scope_spec *all;
    size_t n;
    int e = specs(c, &all, &n);
    if (e < 0)
        return e;
    jsonw_object(&c->w);
    jsonw_key(&c->w, STR("scopes"));
    jsonw_array(&c->w);
    for (size_t i = 0; i < n; i++) {
        jsonw_object(&c->w);
        scope_spec_write(&all[i], &c->w);
        jsonw_end(&c->w);
    }
    jsonw_end(&c->w);
    e = room_scope_offers_write(c->p->room, c->args.id, &c->w, &c->err);
    if (e == 0)
        e = room_scope_runs_write(c->p->room, c->args.id, &c->w, &c->err);
    write_present(c);
    jsonw_end(&c->w);
    return e < 0 ? e : 200;
}

static int one(struct call *c, int64_t id) {
    int e = room_scope_run_write(c->p->room, id, &c->w, &c->err);
    return e < 0 ? e : 200;
}

/* values as they were asked, in one writing. */
static struct str written(struct call *c, const struct json_value *values) {
    struct jsonw w;
    struct buf b;
    buf_init(&b, 1 << 20);
    jsonw_init(&w, &b);
    jsonw_value(&w, values);
    struct str s = buf_error(&b) ? STR_NULL : arena_dup(&c->arena, buf_str(&b));
    buf_done(&b);
    return s;
}

static int begin(struct call *c, struct room_scope_new *x, const struct json_value *values, int64_t *ret_id) {
    struct buf b;
    buf_init(&b, FRAME_BYTES_MAX / 2);
    int e = scope_question(&c->arena, x->spec, values, &b, &x->query, &c->err);
    x->question = buf_str(&b);
    x->values = written(c, values);
    if (e == 0 && !x->values.p)
        e = -ENOMEM;
    if (e == 0)
        e = room_scope_begin(c->p->room, &c->who, x, ret_id, &c->err);
    buf_done(&b);
    return e;
}

int handle_scope_post(struct call *c) {
    static const char *const keys[] = {"scope", "values", "from", "to", NULL};
    struct room_scope_new x = {.incident = c->args.id};
    const struct scope_spec *all;
    struct str name;
    size_t n;
    int64_t id;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_str(c, "scope", 1, 40, &name);
    if (e == 0)
        e = specs(c, &all, &n);
    if (e == 0 && !(x.spec = scope_spec_find(all, n, name)))
        e = call_bad(c, "scope");
    const struct json_value *values = e == 0 ? json_get_object(c->json, "values") : NULL;
    if (e == 0 && !values)
        e = call_bad(c, "values");
    if (e == 0)
        e = call_body_when(c, "from", &x.from_ns);
    if (e == 0)
        e = call_body_when(c, "to", &x.to_ns);
    if (e == 0 && (x.from_ns == TIME_NONE || x.to_ns == TIME_NONE || x.from_ns >= x.to_ns))
        e = call_bad(c, "from and to");
    if (e < 0)
        return e;
    e = begin(c, &x, values, &id);
    if (e == -EINVAL)
        return call_refuse_with(c, 400, "error.scope_values", "why", str_of(c->err.text));
    if (e < 0)
        return e;
    past_wake(c->p);
    return one(c, id);
}

int handle_scope_run(struct call *c) {
    return one(c, c->args.id);
}

int handle_scope_stop(struct call *c) {
    struct json_value state = {.type = JSON_STRING, .text = STR("stopped"), .key = STR("state")}, result = {.type = JSON_OBJECT, .n = 1, .first = &state};
    const struct past_lane *lane = &c->p->past.lanes[PAST_SCOPE];
    struct str json = lane->id == c->args.id && lane->last.n ? buf_str(&lane->last) : STR("{}");
    int e = call_no_body(c);
    if (e == 0)
        e = room_scope_is_running(c->p->room, c->args.id, &c->err);
    if (e < 0)
        return e;
    if (e == 0)
        return call_refuse(c, 409, "error.state");
    e = room_scope_end(c->p->room, &c->who, c->args.id, &result, json, &c->err);
    if (e < 0)
        return e;
    past_stopped(c->p, PAST_SCOPE, c->args.id);
    return one(c, c->args.id);
}

/* Who takes a list out is written down: it holds names. */
static int record(struct call *c, const char *name) {
    char detail[160];
    int n = snprintf(detail, sizeof detail, "{\"list\":\"%s\",\"run\":%lld}", name, (long long) c->args.id);
    int e = room_begin(c->p->room, &c->err);
    return e < 0 ? e : room_end(c->p->room, room_record(c->p->room, &c->who, VERB_READ, OBJECT_SCOPE, str_n(detail, (size_t) n), &c->err), &c->err);
}

int handle_scope_csv(struct call *c) {
    char name[80], path[4096 + 96];
    struct str bytes;
    struct arena a;
    int e = room_scope_list(c->p->room, c->args.id, name, sizeof name, &c->err);
    if (e == -ENOENT) /* it has not ended, or not well */
        return call_refuse(c, 409, "error.state");
    if (e == 0)
        e = record(c, name);
    if (e < 0)
        return e;
    snprintf(path, sizeof path, "%.4000s/exports/%s", c->p->config->data, name);
    arena_init(&a, OUT_BYTES_MAX + (1 << 20));
    e = file_read(&a, path, LIST_BYTES_MAX, &bytes, &c->err);
    if (e == 0) {
        buf_clear(&c->out);
        buf_add(&c->out, bytes);
        c->type = "text/csv; charset=utf-8";
    }
    arena_done(&a);
    return e == -ERR_LIMIT ? call_refuse(c, 413, "error.evidence_large") : e == -ENOENT ? call_refuse(c, 404, "error.search_gone") : e < 0 ? e : 200;
}

/* ---- files people add ---- */

int handle_scope_file_post(struct call *c) {
    static const char *const keys[] = {"text", NULL};
    struct scope_spec spec;
    struct str text;
    int64_t id;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_str(c, "text", 1, SPEC_BYTES_MAX, &text);
    if (e < 0)
        return e;
    if (scope_spec_read(&c->arena, text, "", &spec, &c->err) < 0) {
        char why[sizeof c->err.text + 40];
        snprintf(why, sizeof why, "%u:%u: %s", c->err.line, c->err.column, c->err.text);
        return call_refuse_with(c, 400, "error.scope_file", "why", str_of(why));
    }
    if (scope_spec_find(c->p->scopes.specs, c->p->scopes.n, spec.name))
        return call_refuse_with(c, 400, "error.scope_file", "why", STR("a question of that name is shipped; choose another"));
    e = room_scope_file_put(c->p->room, &c->who, &spec, &id, &c->err);
    return e < 0 ? e : call_ok(c);
}

int handle_scope_file_end(struct call *c) {
    int e = call_no_body(c);
    if (e == 0)
        e = room_scope_file_end(c->p->room, &c->who, c->args.id, &c->err);
    return e < 0 ? e : call_ok(c);
}
