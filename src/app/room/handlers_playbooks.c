/* The library of playbooks. A text comes in our form (YAML, or the JSON the form of the pages writes, which is YAML too) or in CACAO's. */
#include "app/room/call.h"
#include "app/room/room.h"
#include "base/limits.h"
#include "playbook/playbook.h"
#include "room/library.h"

#define WORK_BYTES_MAX ((size_t) 256 << 20)

int handle_playbooks(struct call *c) {
    const struct room_run_defaults *d = &c->p->playbooks.defaults;
    jsonw_object(&c->w);
    int64_t incident;
    int e = call_query_i64(c, "case", 0, INT64_MAX, 0, &incident);
    int read = e == 0 && incident ? room_may_read(c->p->room, &c->who, OBJECT_INCIDENT, incident, &c->err) : 0;
    if (e < 0 || read < 0)
        return MIN(e, read);
    e = room_playbooks_write(c->p->room, &c->w, &c->err);
    if (e == 0)
        e = room_playbooks_fitting(c->p->room, read ? incident : 0, &c->w, &c->err);
    jsonw_key(&c->w, STR("uses"));
    jsonw_array(&c->w);
    for (size_t i = 0; i < d->n_uses; i++) {
        jsonw_object(&c->w);
        jsonw_key(&c->w, STR("kind"));
        d->uses[i].kind.n ? jsonw_str(&c->w, d->uses[i].kind) : jsonw_null(&c->w);
        jsonw_key(&c->w, STR("rule"));
        d->uses[i].rule.n ? jsonw_str(&c->w, d->uses[i].rule) : jsonw_null(&c->w);
        jsonw_kstr(&c->w, "playbook", d->uses[i].playbook);
        jsonw_end(&c->w);
    }
    jsonw_end(&c->w);
    jsonw_end(&c->w);
    return e < 0 ? e : 200;
}

static int answer(struct call *c, int64_t id, int e) {
    if (e == 0)
        e = room_playbook_write(c->p->room, id, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_playbook(struct call *c) {
    return answer(c, c->args.id, 0);
}

int handle_playbook_put(struct call *c) {
    static const char *const keys[] = {"version", "active", NULL};
    int64_t version;
    bool active = false;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 1, INT64_MAX, &version);
    if (e == 0 && !json_get_bool(c->json, "active", &active))
        e = call_bad(c, "active");
    if (e == 0)
        e = room_playbook_use(c->p->room, &c->who, c->args.id, version, active, &c->err);
    return answer(c, c->args.id, e);
}

/* What was sent, compiled; *d says what is wrong with it. */
static int read_body(struct call *c, struct arena *a, struct room_playbook *ret, bool *ret_cacao, struct diag *d) {
    static const char *const keys[] = {"form", "source", NULL};
    struct str form, source;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_str(c, "form", 1, 10, &form);
    if (e == 0 && !str_eq_z(form, "ours") && !str_eq_z(form, "cacao"))
        e = call_bad(c, "form");
    if (e == 0)
        e = call_body_str(c, "source", 1, HTTP_BODY_BYTES_MAX, &source);
    if (e < 0)
        return e;
    *ret_cacao = str_eq_z(form, "cacao");
    IGNORE(playbooks_compile(a, source, "", *ret_cacao, c->p->room, ret, d)); /* *d has it */
    return 0;
}

int handle_playbook_try(struct call *c) {
    struct room_playbook x;
    struct diag d = {0};
    struct arena a;
    bool cacao;
    arena_init(&a, WORK_BYTES_MAX);
    int e = read_body(c, &a, &x, &cacao, &d);
    jsonw_object(&c->w);
    jsonw_key(&c->w, STR("fault"));
    if (e == 0 && d.code) {
        jsonw_object(&c->w);
        jsonw_ki64(&c->w, "line", d.line);
        jsonw_ki64(&c->w, "column", d.column);
        jsonw_kz(&c->w, "text", d.text);
        jsonw_end(&c->w);
    } else {
        jsonw_null(&c->w);
    }
    bool good = e == 0 && !d.code;
    jsonw_key(&c->w, STR("notes"));
    jsonw_raw(&c->w, good ? x.notes : STR("[]"));
    static const char *const members[] = {"plan", "form"};
    for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
        jsonw_key(&c->w, str_of(members[i]));
        good ? jsonw_raw(&c->w, i ? x.form : x.plan) : jsonw_null(&c->w);
    }
    jsonw_key(&c->w, STR("source"));
    good ? jsonw_str(&c->w, x.source) : jsonw_null(&c->w);
    jsonw_end(&c->w);
    arena_done(&a);
    return e < 0 ? e : 200;
}

int handle_playbook_post(struct call *c) {
    struct room_playbook x;
    struct diag d = {0};
    struct arena a;
    bool cacao;
    int64_t id = 0;
    char at[32] = "";
    arena_init(&a, WORK_BYTES_MAX);
    int e = read_body(c, &a, &x, &cacao, &d);
    int status = 0;
    if (e == 0 && d.code) {
        if (d.line)
            snprintf(at, sizeof at, "%u:%u", d.line, d.column);
        status = call_refuse_why(c, 400, "error.playbook", str_of(at), str_of(d.text));
    } else if (e == 0) {
        x.origin = cacao ? "imported" : "made";
        e = room_playbook_put(c->p->room, &c->who, &x, &id, &c->err);
    }
    arena_done(&a);
    return status ? status : answer(c, id, e);
}

int handle_playbook_cacao(struct call *c) {
    struct playbook p;
    struct arena a;
    struct str source;
    arena_init(&a, WORK_BYTES_MAX);
    int e = room_playbook_source(c->p->room, c->args.id, &a, &source, &c->err);
    if (e == 0)
        e = playbook_read(&a, source, "", &p, &c->err);
    if (e == 0)
        e = playbook_write_cacao(&a, &p, room_now(c->p->room), &c->out, &c->err);
    arena_done(&a);
    return e < 0 ? e : 200;
}
