/* What is done about lessons and gaps of readiness: who, until when, how it is checked, what came of it. */
#include "app/room/call.h"
#include "app/room/readiness.h"
#include "app/room/room.h"
#include "room/followup.h"

static int shown(struct call *c, struct str pack) {
    jsonw_object(&c->w);
    int e = room_followups_write(c->p->room, pack, &c->w, &c->err);
    jsonw_end(&c->w);
    return e < 0 ? e : 200;
}

static int refuse(struct call *c, int e) {
    return e == -EEXIST ? call_refuse(c, 409, "error.followup_there") : e == -EBUSY ? call_refuse(c, 409, "error.followup_over") : e;
}

int handle_followups(struct call *c) {
    struct str pack = call_query(c, "pack");
    return shown(c, pack.p ? pack : STR(""));
}

int handle_followups_csv(struct call *c) {
    struct str pack = call_query(c, "pack");
    int e = room_followups_csv(c->p->room, pack.p ? pack : STR(""), &c->out, &c->err);
    if (e < 0)
        return e;
    c->type = "text/csv; charset=utf-8";
    return 200;
}

static int read_body(struct call *c, struct room_followup_new *x) {
    int e = call_body_str(c, "words", 1, 300, &x->words);
    if (e == 0)
        e = call_body_str(c, "person", 1, 300, &x->person);
    if (e == 0)
        e = call_body_words(c, "how", 1000, &x->how);
    if (e == 0)
        e = call_body_words(c, "by", 200, &x->by);
    return e < 0 ? e : call_body_when(c, "due", &x->due_ns);
}

int handle_followup_post(struct call *c) {
    static const char *const keys[] = {"pack", "lesson", "question", "words", "how", "person", "by", "due", NULL};
    struct room_followup_new x = {.lesson = STR(""), .question = STR("")};
    int64_t id;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_str(c, "pack", 1, 200, &x.pack);
    if (e == 0)
        e = call_body_words(c, "lesson", 200, &x.lesson);
    if (e == 0)
        e = call_body_words(c, "question", 700, &x.question);
    if (e == 0)
        e = read_body(c, &x);
    if (e == 0)
        e = room_followup_add(c->p->room, &c->who, &x, &id, &c->err);
    return e < 0 ? refuse(c, e) : shown(c, x.pack);
}

int handle_followup_put(struct call *c) {
    static const char *const keys[] = {"version", "words", "how", "person", "by", "due", NULL};
    struct room_followup_new x = {0};
    int64_t version;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, &version);
    if (e == 0)
        e = read_body(c, &x);
    if (e == 0)
        e = room_followup_change(c->p->room, &c->who, c->args.id, version, &x, &c->err);
    return e < 0 ? refuse(c, e) : shown(c, STR(""));
}

/* It is measured at once: whether it was done is not believed. */
int handle_followup_done(struct call *c) {
    static const char *const keys[] = {"version", "evidence", "until", NULL};
    struct str evidence;
    int64_t version, until = TIME_NONE;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, &version);
    if (e == 0)
        e = call_body_str(c, "evidence", 1, 2000, &evidence);
    if (e == 0)
        e = call_body_when(c, "until", &until);
    if (e == 0)
        e = room_followup_done(c->p->room, &c->who, c->args.id, version, evidence, until, &c->err);
    if (e == 0)
        e = readiness_measure(c->p, &c->who, &c->err);
    return e < 0 ? refuse(c, e) : shown(c, STR(""));
}

int handle_followup_drop(struct call *c) {
    static const char *const keys[] = {"version", "why", NULL};
    struct str why;
    int64_t version;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, &version);
    if (e == 0)
        e = call_body_str(c, "why", 1, 1000, &why);
    if (e == 0)
        e = room_followup_drop(c->p->room, &c->who, c->args.id, version, why, &c->err);
    return e < 0 ? refuse(c, e) : shown(c, STR(""));
}
