/* Sources, the chain, packs and the demonstration. */
#include "app/room/call.h"
#include "app/room/checkpoint.h"
#include "app/room/readiness.h"
#include "app/room/room.h"
#include "room/audit.h"
#include "room/report.h"
#include "room/write.h"

int handle_sources(struct call *c) {
    int e = room_sources_write(c->p->room, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_audit(struct call *c) {
    int64_t after, limit;
    if (call_query_i64(c, "after", 0, INT64_MAX, 0, &after) < 0)
        return call_bad(c, "after");
    if (call_query_i64(c, "limit", 1, 1000, 200, &limit) < 0)
        return call_bad(c, "limit");
    int e = room_audit_list(c->p->room, &c->who, after, limit, &c->w, &c->err);
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
    const struct packs *sets[] = {&c->p->packs, &c->p->installed};
    struct str q = call_query(c, "q");
    if (q.n > PACK_QUERY_BYTES_MAX)
        return call_bad(c, "q");
    int e = readiness_look(c->p, &c->err);
    if (e < 0)
        return e;
    jsonw_object(&c->w);
    jsonw_key(&c->w, STR("packs"));
    jsonw_array(&c->w);
    for (size_t k = 0; k < ARRAY_SIZE(sets); k++)
        for (size_t i = 0; i < sets[k]->n; i++)
            if (packs_match(&c->arena, &sets[k]->list[i], q) && (k == 0 || !packs_find(sets[0], sets[k]->list[i].id)))
                jsonw_raw(&c->w, sets[k]->list[i].summary);
    jsonw_end(&c->w);
    jsonw_end(&c->w);
    return 200;
}

int handle_pack(struct call *c) {
    int e = readiness_look(c->p, &c->err);
    const struct pack_data *p = e < 0 ? NULL : packs_any(c->p, c->args.name);
    if (!p)
        return e < 0 ? e : -ENOENT;
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
    int e = supervisor_link_ask_for(c->p, &c->who, c->route->verb, OBJECT_DEMO, STR("{}"), what, &c->err);
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
