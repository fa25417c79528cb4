/* See past.h. */
#include "app/room/past.h"

#include "app/room/room.h"
#include "base/limits.h"
#include "base/log.h"
#include "room/hunt.h"
#include "room/write.h"

#define ASK_NS NS_PER_S
#define IMPORTS_NS (2 * NS_PER_S)

void past_init(struct past_hunts *h) {
    *h = (struct past_hunts){0};
    buf_init(&h->last, FRAME_BYTES_MAX);
}

void past_done(struct past_hunts *h) {
    buf_done(&h->last);
}

void past_wake(struct program *p) {
    p->past.next_ns = p->past.imports_ns = 0;
}

static int write_end(struct program *p, const struct json_value *result, struct str json) {
    struct diag d = {0};
    int e = room_begin(p->room, &d);
    if (e == 0)
        e = room_end(p->room, room_hunt_end(p->room, &room_system, p->past.id, result, json, &d), &d);
    if (e < 0)
        log_error("the end of a hunt was not written: %s", d.text);
    return e;
}

/* It cannot be run: its question makes no sense any more, or its import was taken back. */
static void end_refused(struct program *p, const struct json_value *answer) {
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
    if (buf_error(&b) == 0 && json_parse(&a, buf_str(&b), &result, NULL) == 0 && write_end(p, result, buf_str(&b)) == 0)
        p->past.id = 0;
    buf_done(&b);
    arena_done(&a);
}

static void on_hunt(void *ctx, const struct json_value *answer) {
    struct program *p = ctx;
    const struct json_value *result = answer ? json_get_object(answer, "result") : NULL;
    struct str state, code = STR("");
    struct jsonw w;
    p->past.asked = false;
    if (!answer || !p->past.id) /* the searcher is away: asked again, it goes on where it stood; or a person has ended it */
        return;
    if (!result) {
        (void) json_get_str(answer, "code", &code);
        if (!str_eq_z(code, "busy"))
            end_refused(p, answer);
        return;
    }
    buf_clear(&p->past.last);
    jsonw_init(&w, &p->past.last);
    jsonw_value(&w, result);
    if (buf_error(&p->past.last) || !json_get_str(result, "state", &state) || str_eq_z(state, "running"))
        return;
    if (write_end(p, result, buf_str(&p->past.last)) == 0) {
        p->past.id = 0;
        p->past.next_ns = 0;
    }
}

static void add_question(struct buf *b, const char *key, const struct room_hunt_due *h) {
    buf_printf(b, "\"op\":\"hunt\",\"key\":\"%s\"", key);
    if (str_eq_z(h->kind, "indicators")) {
        buf_printf(b, ",\"import\":%lld", (long long) h->import);
    } else {
        buf_add_z(b, str_eq_z(h->kind, "rule") ? ",\"rule\":" : ",\"query\":");
        json_quote(b, h->query);
    }
    if (h->from_ns != TIME_NONE)
        buf_printf(b, ",\"from_ms\":%lld", (long long) (h->from_ns / NS_PER_MS));
    if (h->to_ns != TIME_NONE)
        buf_printf(b, ",\"to_ms\":%lld", (long long) (h->to_ns / NS_PER_MS));
}

static void ask_hunt(struct program *p) {
    struct room_hunt_due due;
    struct diag d = {0};
    struct arena a;
    struct buf b;
    arena_init(&a, 4 << 20);
    buf_init(&b, FRAME_BYTES_MAX);
    int e = room_hunt_due(p->room, &a, &due, &d);
    if (e == 1) {
        if (p->past.id != due.id)
            buf_clear(&p->past.last);
        p->past.id = due.id;
        snprintf(p->past.key, sizeof p->past.key, "h%lld-%lld", (long long) due.id, (long long) due.created_ns);
        add_question(&b, p->past.key, &due);
        p->past.asked = buf_error(&b) == 0 && search_link_ask(p, buf_str(&b), on_hunt, p) == 0;
    } else {
        p->past.id = 0;
        if (e < 0)
            log_error("cannot look for hunts: %s", d.text);
    }
    buf_done(&b);
    arena_done(&a);
}

static void on_stopped(void *ctx, const struct json_value *answer UNUSED) {
    past_wake(ctx);
}

void past_stopped(struct program *p, int64_t id) {
    struct buf b;
    if (p->past.id != id)
        return;
    buf_init(&b, 256);
    buf_printf(&b, "\"op\":\"hunt_stop\",\"key\":\"%s\"", p->past.key);
    p->past.id = 0;
    IGNORE(search_link_ask(p, buf_str(&b), on_stopped, p)); /* who is not there need not stop */
    buf_done(&b);
}

/* ---- imports ---- */

static int begin_for(struct program *p, int64_t import, struct str name, struct diag *err) {
    struct room_hunt_past h = {.hypothesis = STR("indicators"), .query = name, .kind = "indicators", .import = import, .name = name, .from_ns = TIME_NONE, .to_ns = TIME_NONE};
    int64_t id;
    int e = room_hunt_has_import(p->room, import, err);
    if (e != 0)
        return MIN(e, 0);
    if ((e = room_begin(p->room, err)) == 0)
        e = room_end(p->room, room_hunt_begin(p->room, &room_system, &h, &id, err), err);
    if (e == 0) {
        p->past.next_ns = 0;
    }
    return e;
}

static void on_imports(void *ctx, const struct json_value *answer) {
    struct program *p = ctx;
    const struct json_value *result = answer ? json_get_object(answer, "result") : NULL;
    const struct json_value *list = result ? json_get_array(result, "imports") : NULL;
    struct diag d = {0};
    int e = 0;
    p->past.asked_imports = false;
    for (const struct json_value *v = list ? list->first : NULL; v && e == 0; v = v->next) {
        struct str name = STR("");
        int64_t id;
        (void) json_get_str(v, "name", &name);
        if (json_get_i64(v, "id", &id) && id > 0)
            e = begin_for(p, id, name.n ? name : STR("?"), &d);
    }
    if (e < 0)
        log_error("no hunt was begun for new indicators: %s", d.text);
}

void past_tick(struct program *p) {
    int64_t now = time_monotonic_ns();
    if (p->opt.demo)
        return;
    if (!p->past.asked_imports && now >= p->past.imports_ns) {
        p->past.imports_ns = now + IMPORTS_NS;
        p->past.asked_imports = search_link_ask(p, STR("\"op\":\"indicators_imports\""), on_imports, p) == 0;
    }
    if (!p->past.asked && now >= p->past.next_ns) {
        p->past.next_ns = now + ASK_NS;
        ask_hunt(p);
    }
}
