/* See past.h. */
#include "app/room/past.h"

#include "app/room/copies.h"
#include "app/room/room.h"
#include "base/limits.h"
#include "base/log.h"
#include "room/hunt.h"
#include "room/scope_run.h"
#include "room/write.h"

#define ASK_NS NS_PER_S
#define IMPORTS_NS (2 * NS_PER_S)

/* How a kind of work is found, asked and ended. */
struct past_work {
    const char *op, *stop;
    int64_t again_ns; /* between two questions */
    /* 1: there is one; its id, its key and the members of the question. */
    int (*due)(struct past_lane *l, int64_t *ret_id, struct buf *question, struct diag *reterr);
    int (*end)(struct room *r, const struct room_actor *by, int64_t id, const struct json_value *result, struct str json, struct diag *reterr);
};
static const struct past_work works[PAST_KIND_MAX_];

void past_init(struct program *p) {
    p->past = (struct past_hunts){0};
    for (int i = 0; i < PAST_KIND_MAX_; i++) {
        p->past.lanes[i] = (struct past_lane){.p = p, .kind = (enum past_kind) i};
        buf_init(&p->past.lanes[i].last, FRAME_BYTES_MAX);
    }
}

void past_done(struct past_hunts *h) {
    for (int i = 0; i < PAST_KIND_MAX_; i++)
        buf_done(&h->lanes[i].last);
}

void past_wake(struct program *p) {
    for (int i = 0; i < PAST_KIND_MAX_; i++)
        p->past.lanes[i].next_ns = 0;
    p->past.imports_ns = 0;
}

static int write_end(struct past_lane *l, const struct json_value *result, struct str json) {
    struct diag d = {0};
    int e = works[l->kind].end(l->p->room, &room_system, l->id, result, json, &d);
    if (e < 0)
        log_error("the end of a %s was not written: %s", works[l->kind].op, d.text);
    return e;
}

/* It cannot be run: its question makes no sense any more, or its import was taken back. */
static void end_refused(struct past_lane *l, const struct json_value *answer) {
    struct str why = STR("the searcher gave no reason");
    struct json_value *result;
    struct arena a;
    struct buf b;
    struct jsonw w;
    (void) json_get_str(answer, "why", &why);
    arena_init(&a, 1 << 20);
    buf_init(&b, 65536);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    jsonw_kz(&w, "state", "failed");
    jsonw_kstr(&w, "why", why);
    jsonw_end(&w);
    if (buf_error(&b) == 0 && json_parse(&a, buf_str(&b), &result, NULL) == 0 && write_end(l, result, buf_str(&b)) == 0)
        l->id = 0;
    buf_done(&b);
    arena_done(&a);
}

static void on_answer(void *ctx, const struct json_value *answer) {
    struct past_lane *l = ctx;
    const struct json_value *result = answer ? json_get_object(answer, "result") : NULL;
    struct str state, code = STR("");
    struct jsonw w;
    l->asked = false;
    if (!answer || !l->id) /* the searcher is away: asked again, it goes on where it stood; or a person has ended it */
        return;
    if (!result) {
        (void) json_get_str(answer, "code", &code);
        if (!str_eq_z(code, "busy"))
            end_refused(l, answer);
        return;
    }
    buf_clear(&l->last);
    jsonw_init(&w, &l->last);
    jsonw_value(&w, result);
    if (buf_error(&l->last) || !json_get_str(result, "state", &state) || str_eq_z(state, "running"))
        return;
    if (write_end(l, result, buf_str(&l->last)) == 0) {
        l->id = 0;
        l->next_ns = 0;
    }
}

static void set_key(struct past_lane *l, char sign, int64_t id, int64_t created_ns) {
    snprintf(l->key, sizeof l->key, "%c%lld-%lld", sign, (long long) id, (long long) created_ns);
}

static void add_ms(struct buf *b, const char *key, int64_t t_ns) {
    if (t_ns != TIME_NONE)
        buf_printf(b, ",\"%s\":%lld", key, (long long) (t_ns / NS_PER_MS));
}

static int due_hunt(struct past_lane *l, int64_t *ret_id, struct buf *b, struct diag *err) {
    struct room_hunt_due h;
    struct arena a;
    arena_init(&a, 4 << 20);
    int e = room_hunt_due(l->p->room, &a, &h, err);
    if (e == 1) {
        *ret_id = h.id;
        set_key(l, 'h', h.id, h.created_ns);
        if (str_eq_z(h.kind, "indicators")) {
            buf_printf(b, ",\"import\":%lld", (long long) h.import);
        } else if (h.asked.n) {
            buf_add_z(b, ",\"first\":true,\"parts\":");
            buf_add(b, h.asked);
        } else {
            buf_add_z(b, str_eq_z(h.kind, "rule") ? ",\"rule\":" : ",\"query\":");
            json_quote(b, h.query);
        }
        if (h.copy.n) {
            buf_add_z(b, ",\"copy\":");
            json_quote(b, h.copy);
        }
        add_ms(b, "from_ms", h.from_ns);
        add_ms(b, "to_ms", h.to_ns);
    }
    arena_done(&a);
    return e;
}

static int due_scope(struct past_lane *l, int64_t *ret_id, struct buf *b, struct diag *err) {
    struct room_scope_due x;
    struct arena a;
    arena_init(&a, 4 << 20);
    int e = room_scope_due(l->p->room, &a, &x, err);
    if (e == 1) {
        *ret_id = x.id;
        set_key(l, 's', x.id, x.created_ns);
        buf_add_byte(b, ',');
        buf_add(b, x.question);
        add_ms(b, "from_ms", x.from_ns);
        add_ms(b, "to_ms", x.to_ns);
    }
    arena_done(&a);
    return e;
}

static int end_hunt(struct room *r, const struct room_actor *by, int64_t id, const struct json_value *result, struct str json, struct diag *err) {
    int e = room_begin(r, err);
    return e < 0 ? e : room_end(r, room_hunt_end(r, by, id, result, json, err), err);
}

static const struct past_work works[PAST_KIND_MAX_] = {
    [PAST_HUNT] = {"hunt", "hunt_stop", ASK_NS, due_hunt, end_hunt},
    [PAST_SCOPE] = {"scope", "scope_stop", NS_PER_S / 4, due_scope, room_scope_end},
};

static void ask(struct past_lane *l) {
    struct diag d = {0};
    struct buf rest, b;
    int64_t id = 0;
    buf_init(&rest, FRAME_BYTES_MAX);
    buf_init(&b, FRAME_BYTES_MAX);
    int e = works[l->kind].due(l, &id, &rest, &d);
    if (e == 1) {
        if (l->id != id)
            buf_clear(&l->last);
        l->id = id;
        buf_printf(&b, "\"op\":\"%s\",\"key\":\"%s\"", works[l->kind].op, l->key);
        buf_add(&b, buf_str(&rest));
        l->asked = buf_error(&rest) == 0 && buf_error(&b) == 0 && search_link_ask(l->p, buf_str(&b), on_answer, l) == 0;
    } else {
        l->id = 0;
        if (e < 0)
            log_error("cannot look for a %s: %s", works[l->kind].op, d.text);
    }
    buf_done(&rest);
    buf_done(&b);
}

static void on_stopped(void *ctx, const struct json_value *answer UNUSED) {
    past_wake(ctx);
}

void past_stopped(struct program *p, enum past_kind kind, int64_t id) {
    struct past_lane *l = &p->past.lanes[kind];
    struct buf b;
    if (l->id != id)
        return;
    buf_init(&b, 256);
    buf_printf(&b, "\"op\":\"%s\",\"key\":\"%s\"", works[kind].stop, l->key);
    l->id = 0;
    IGNORE(search_link_ask(p, buf_str(&b), on_stopped, p)); /* who is not there need not stop */
    buf_done(&b);
}

/* ---- imports: each is looked for in what arrived here, and in every copy that is kept here ---- */

static int begin_for(struct program *p, int64_t import, struct str name, struct str copy, struct diag *err) {
    struct room_hunt_past h = {.hypothesis = STR("indicators"), .query = name, .kind = "indicators", .import = import, .name = name, .from_ns = TIME_NONE, .to_ns = TIME_NONE,
                               .copy = copy};
    int64_t id;
    int e = room_hunt_has_import(p->room, import, copy, err);
    if (e != 0)
        return MIN(e, 0);
    if ((e = room_begin(p->room, err)) == 0)
        e = room_end(p->room, room_hunt_begin(p->room, &room_system, &h, &id, err), err);
    if (e == 0)
        p->past.lanes[PAST_HUNT].next_ns = 0;
    return e;
}

static void on_imports(void *ctx, const struct json_value *answer) {
    struct program *p = ctx;
    const struct json_value *result = answer ? json_get_object(answer, "result") : NULL;
    const struct json_value *list = result ? json_get_array(result, "imports") : NULL;
    struct pulled copies[VAULT_FIRSTS_MAX];
    size_t n_copies = pulled_list(p->config, copies);
    struct diag d = {0};
    int e = 0;
    p->past.asked_imports = false;
    for (const struct json_value *v = list ? list->first : NULL; v && e == 0; v = v->next) {
        struct str name = STR("");
        int64_t id;
        (void) json_get_str(v, "name", &name);
        if (!json_get_i64(v, "id", &id) || id <= 0)
            continue;
        name = name.n ? name : STR("?");
        e = begin_for(p, id, name, STR(""), &d);
        for (size_t i = 0; i < n_copies && e == 0; i++)
            e = begin_for(p, id, name, str_of(copies[i].name), &d);
    }
    if (e < 0)
        log_error("no hunt was begun for new indicators: %s", d.text);
}

void past_tick(struct program *p) {
    int64_t now = time_monotonic_ns();
    if (!p->opt.demo && !p->past.asked_imports && now >= p->past.imports_ns) {
        p->past.imports_ns = now + IMPORTS_NS;
        p->past.asked_imports = search_link_ask(p, STR("\"op\":\"indicators_imports\""), on_imports, p) == 0;
    }
    for (int i = 0; i < PAST_KIND_MAX_; i++) {
        struct past_lane *l = &p->past.lanes[i];
        if (!(p->opt.demo && i == PAST_HUNT) && !l->asked && now >= l->next_ns) {
            l->next_ns = now + works[i].again_ns;
            ask(l);
        }
    }
}
