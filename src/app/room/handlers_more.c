/* Sources, rules, the chain, packs and the demonstration. */
#include "app/room/call.h"
#include "app/room/checkpoint.h"
#include "app/room/room.h"
#include "room/audit.h"
#include "room/report.h"
#include "room/write.h"

int handle_sources(struct call *c) {
    int e = room_sources_write(c->p->room, &c->w, &c->err);
    return e < 0 ? e : 200;
}

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

/* What was done is recorded once the sensor has done it; what it refused is said in its words. */
static void on_ordered(void *ctx, const struct json_value *answer) {
    struct call *c = ctx;
    const struct json_value *result = answer ? json_get_object(answer, "result") : NULL;
    bool ok = false;
    struct str why = STR("");
    if (!result) {
        call_finish(c, call_refuse(c, 503, "error.sensor_away"));
        return;
    }
    (void) json_get_str(result, "error", &why);
    if (!json_get_bool(result, "ok", &ok) || !ok) {
        call_finish(c, call_refuse_with(c, 400, "error.rule_order", "why", why));
        return;
    }
    int e = room_begin(c->p->room, &c->err);
    if (e == 0)
        e = room_end(c->p->room, room_record(c->p->room, &c->who, VERB_CHANGE, OBJECT_RULE, &c->err), &c->err);
    call_finish(c, e < 0 ? e : call_ok(c));
}

int handle_rule_order(struct call *c) {
    static const char *const keys[] = {"op", "name", "rule", "where", "until", "owner", "reason", "for", NULL};
    struct buf members;
    struct jsonw w;
    struct str op;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_str(c, "op", 1, 40, &op);
    if (e < 0)
        return e;
    buf_init(&members, 256 * 1024);
    jsonw_init(&w, &members);
    room_json_copy(&w, c->json);
    e = buf_error(&members);
    if (e == 0) /* without its braces: members of the question */
        e = sensor_link_ask(c->p, "rule_order", str_n(members.p + 1, members.n - 2), on_ordered, c);
    buf_done(&members);
    return e == -EAGAIN ? call_refuse(c, 503, "error.sensor_away") : e;
}

static void on_explained(void *ctx, const struct json_value *answer) {
    struct call *c = ctx;
    const struct json_value *result = answer ? json_get_object(answer, "result") : NULL;
    if (!result) {
        call_finish(c, call_refuse(c, 503, "error.sensor_away"));
        return;
    }
    room_json_copy(&c->w, result);
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

int handle_audit(struct call *c) {
    int64_t after, limit;
    if (call_query_i64(c, "after", 0, INT64_MAX, 0, &after) < 0)
        return call_bad(c, "after");
    if (call_query_i64(c, "limit", 1, 1000, 200, &limit) < 0)
        return call_bad(c, "limit");
    int e = room_audit_list(c->p->room, after, limit, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_audit_verify(struct call *c) {
    struct room_verdict *v = arena_zalloc(&c->arena, sizeof *v);
    struct str head = call_query(c, "head");
    if (head.p && head.n != AUDIT_HASH_CHARS)
        return call_bad(c, "head");
    int e = v ? checkpoint_verify(c->p, head, v, &c->err) : -ENOMEM;
    if (e < 0)
        return e;
    room_verdict_write(v, &c->w);
    return 200;
}

int handle_packs(struct call *c) {
    const struct packs *p = &c->p->packs;
    jsonw_object(&c->w);
    jsonw_key(&c->w, STR("packs"));
    jsonw_array(&c->w);
    for (size_t i = 0; i < p->n; i++)
        jsonw_raw(&c->w, p->list[i].summary);
    jsonw_end(&c->w);
    jsonw_end(&c->w);
    return 200;
}

int handle_pack(struct call *c) {
    const struct pack_data *p = packs_find(&c->p->packs, c->args.name);
    if (!p)
        return -ENOENT;
    buf_add(&c->out, p->whole);
    return 200;
}

/* Two rooms answer this: the one that may start a demonstration, and the demonstration's own, which
 * says what is played and how long its story is. */
int handle_demo(struct call *c) {
    const struct supervisor_link *l = &c->p->supervisor;
    bool own = c->p->opt.demo;
    const struct pack_data *p = own ? packs_find(&c->p->packs, str_of(c->p->playing)) : NULL;
    jsonw_object(&c->w);
    jsonw_kz(&c->w, "state", own ? "running" : l->state);
    jsonw_kz(&c->w, "pack", p ? c->p->playing : NULL);
    jsonw_kz(&c->w, "url", l->has_url ? l->url : NULL);
    jsonw_ktime(&c->w, "from", p ? p->plays_from : TIME_NONE);
    jsonw_ktime(&c->w, "to", p ? p->plays_to : TIME_NONE);
    jsonw_key(&c->w, STR("text"));
    if (l->failed) {
        jsonw_object(&c->w);
        jsonw_kz(&c->w, "key", "demo.failed");
        jsonw_key(&c->w, STR("params"));
        jsonw_object(&c->w);
        jsonw_end(&c->w);
        jsonw_end(&c->w);
    } else {
        jsonw_null(&c->w);
    }
    jsonw_end(&c->w);
    return 200;
}

static int switch_demo(struct call *c, char what, const char *state) {
    struct supervisor_link *l = &c->p->supervisor;
    int e = room_begin(c->p->room, &c->err);
    if (e < 0)
        return e;
    e = room_record(c->p->room, &c->who, c->route->verb, OBJECT_DEMO, &c->err);
    if (e == 0)
        e = supervisor_link_ask(l, what);
    e = room_end(c->p->room, e, &c->err);
    if (e == -EAGAIN)
        return call_refuse(c, 503, "error.serve_away");
    if (e < 0)
        return e;
    snprintf(l->state, sizeof l->state, "%s", state);
    l->has_url = false;
    return handle_demo(c);
}

int handle_demo_start(struct call *c) {
    static const char *const keys[] = {"pack", NULL};
    int e = c->json ? call_body_only(c, keys) : 0;
    if (e < 0)
        return e;
    if (strcmp(c->p->supervisor.state, "running") == 0 ||
        strcmp(c->p->supervisor.state, "starting") == 0)
        return handle_demo(c);
    return switch_demo(c, 's', "starting");
}

int handle_demo_clear(struct call *c) {
    return switch_demo(c, 'c', "clearing");
}
