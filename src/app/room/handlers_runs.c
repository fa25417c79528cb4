/* What is to be done in a case, and playbooks run there. */
#include "app/room/call.h"
#include "app/room/room.h"
#include "base/limits.h"
#include "room/lane.h"
#include "room/run.h"

static int answer_task(struct call *c, int64_t id, int e) {
    if (e == 0)
        e = room_task_write(c->p->room, id, &c->w, &c->err);
    return e < 0 ? e : 200;
}

static int answer_run(struct call *c, int64_t id, int e) {
    if (e == 0)
        e = room_run_write(c->p->room, id, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_tasks(struct call *c) {
    int e = room_tasks_write(c->p->room, c->args.id, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_run(struct call *c) {
    return answer_run(c, c->args.id, 0);
}

/* A text that may be left out. */
static int said(struct call *c, const char *key, size_t max, struct str *ret) {
    const struct json_value *v = json_get(c->json, key);
    *ret = STR_NULL;
    return !v || v->type == JSON_NULL ? 0 : call_body_str(c, key, 0, max, ret);
}

static int read_edit(struct call *c, int64_t incident, struct room_task_edit *x) {
    const struct json_value *assignee = json_get(c->json, "assignee"), *due = json_get(c->json, "due");
    struct str lane;
    *x = (struct room_task_edit){.set_assignee = assignee != NULL, .set_due = due != NULL, .due_ns = TIME_NONE};
    int e = said(c, "text", TASK_TEXT_MAX, &x->text);
    if (e == 0 && x->text.p && str_trim(x->text).n == 0)
        e = call_bad(c, "text");
    if (e == 0 && assignee && assignee->type != JSON_NULL)
        e = call_body_i64(c, "assignee", 1, INT64_MAX, &x->assignee);
    if (e == 0)
        e = call_body_when(c, "due", &x->due_ns);
    if (e == 0 && json_get(c->json, "place"))
        e = call_body_i64(c, "place", 1, 100000, &x->place);
    if (e == 0)
        e = said(c, "lane", 40, &lane);
    if (e == 0 && lane.p) {
        char *code = arena_alloc(&c->arena, ROOM_LANE_CAP);
        e = code ? room_lane_of(c->p->room, incident, lane, code, &c->err) : -ENOMEM;
        x->lane = code;
    }
    return e == 0 ? said(c, "key", 64, &x->key) : e;
}

int handle_task_post(struct call *c) {
    static const char *const keys[] = {"text", "assignee", "due", "place", "lane", "key", NULL};
    struct room_task_edit x;
    int64_t id = 0;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = read_edit(c, c->args.id, &x);
    if (e == 0 && !x.text.p)
        e = call_bad(c, "text");
    if (e == 0)
        e = room_task_put(c->p->room, &c->who, c->args.id, 0, 0, &x, &id, &c->err);
    return answer_task(c, id, e);
}

int handle_task_put(struct call *c) {
    static const char *const keys[] = {"version", "text", "assignee", "due", "place", "lane", NULL};
    struct room_task_edit x;
    int64_t version, id = 0;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 1, INT64_MAX, &version);
    if (e == 0)
        e = read_edit(c, c->row.incident, &x);
    if (e == 0)
        e = room_task_put(c->p->room, &c->who, c->row.incident, c->args.id, version, &x, &id, &c->err);
    return answer_task(c, c->args.id, e);
}

/* {"way", "people": [{"who", "address"}]} */
static int read_send(struct call *c, struct room_task_end *x) {
    const struct json_value *send = json_get_object(c->json, "send"), *people = send ? json_get_array(send, "people") : NULL;
    if (!json_get(c->json, "send"))
        return 0;
    if (!people || !people->n || people->n > TASK_SEND_MAX || !json_get_str(send, "way", &x->way) || !x->way.n || x->way.n > DOOR_ID_BYTES_MAX)
        return call_bad(c, "send");
    struct room_task_send *list = arena_zalloc(&c->arena, people->n * sizeof *list);
    if (!list)
        return -ENOMEM;
    for (const struct json_value *v = people->first; v; v = v->next, x->n_send++)
        if (!json_get_str(v, "address", &list[x->n_send].address) || !list[x->n_send].address.n || list[x->n_send].address.n > 320 ||
            !json_get_str(v, "who", &list[x->n_send].who) || list[x->n_send].who.n > 300)
            return call_bad(c, "send");
    x->send = list;
    return 0;
}

int handle_task_end(struct call *c) {
    static const char *const keys[] = {"version", "to", "note", "why", "answer", "evidence", "otherwise", "send", NULL};
    struct room_task_end x = {0};
    int64_t version;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 1, INT64_MAX, &version);
    if (e == 0)
        e = call_body_str(c, "to", 1, 12, &x.to);
    if (e == 0)
        e = said(c, "note", TASK_TEXT_MAX, &x.note);
    if (e == 0)
        e = said(c, "why", TASK_TEXT_MAX, &x.why);
    if (e == 0)
        e = said(c, "answer", TASK_TEXT_MAX, &x.answer);
    if (e == 0)
        e = said(c, "evidence", TASK_TEXT_MAX, &x.evidence);
    if (e == 0 && json_get(c->json, "otherwise") && !json_get_bool(c->json, "otherwise", &x.otherwise))
        e = call_bad(c, "otherwise");
    if (e == 0)
        e = read_send(c, &x);
    if (e == 0)
        e = room_task_end(c->p->room, &c->who, c->args.id, version, &x, &c->err);
    return answer_task(c, c->args.id, e);
}

int handle_task_onsite(struct call *c) {
    int e = room_task_onsite_write(c->p->room, c->args.id, &c->w, &c->err);
    return e < 0 ? e : 200;
}

/* {"version", "text", "targets": [{"target", "person"}]} */
int handle_task_onsite_post(struct call *c) {
    static const char *const keys[] = {"version", "text", "targets", NULL};
    struct room_task_onsite x = {.text = STR("")};
    struct room_task_at *at = NULL;
    int64_t version;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 1, INT64_MAX, &version);
    if (e == 0)
        e = said(c, "text", TASK_TEXT_MAX, &x.text);
    const struct json_value *list = e == 0 ? json_get_array(c->json, "targets") : NULL;
    if (e == 0 && (!list || !list->n || list->n > TASK_SEND_MAX))
        e = call_bad(c, "targets");
    if (e == 0 && !(at = arena_zalloc(&c->arena, list->n * sizeof *at)))
        e = -ENOMEM;
    for (const struct json_value *v = e == 0 ? list->first : NULL; e == 0 && v; v = v->next, x.n++)
        if (!json_get_str(v, "target", &at[x.n].target) || !json_get_str(v, "person", &at[x.n].person))
            e = call_bad(c, "targets");
    x.at = at;
    if (e == 0)
        e = room_task_onsite(c->p->room, &c->who, c->args.id, version, &x, &c->err);
    return answer_task(c, c->args.id, e);
}

int handle_run_post(struct call *c) {
    static const char *const keys[] = {"playbook", NULL};
    int64_t playbook, id = 0;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "playbook", 1, INT64_MAX, &playbook);
    if (e == 0)
        e = room_run_start(c->p->room, &c->who, c->args.id, playbook, &id, &c->err);
    return answer_run(c, id, e);
}

int handle_run_put(struct call *c) {
    static const char *const keys[] = {"version", "to", "why", NULL};
    int64_t version;
    struct str to, why;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 1, INT64_MAX, &version);
    if (e == 0)
        e = call_body_str(c, "to", 1, 12, &to);
    if (e == 0)
        e = said(c, "why", TASK_TEXT_MAX, &why);
    if (e == 0)
        e = room_run_change(c->p->room, &c->who, c->args.id, version, to, why, &c->err);
    return answer_run(c, c->args.id, e);
}
