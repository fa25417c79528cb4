/* What is said of a case to everybody: drafts, asking, withdrawing, and the files of it; questions and answers, and the desk. */
#include "app/room/call.h"
#include "app/room/published.h"
#include "app/room/room.h"
#include "room/answer.h"
#include "room/publication.h"

int handle_publications(struct call *c) {
    int e = room_publications_write(c->p->room, c->args.id, &c->w, &c->err);
    return e < 0 ? e : 200;
}

/* The case's versions, after one of them was written. */
static int answer(struct call *c) {
    c->args.id = c->row.incident;
    return handle_publications(c);
}

static int read_stage(struct call *c, enum statement_stage *ret) {
    struct str s;
    int e = call_body_str(c, "stage", 1, 20, &s), stage = e == 0 ? statement_stage_from_string(s) : 0;
    *ret = (enum statement_stage) MAX(stage, 0);
    return e < 0 ? e : stage < 0 ? call_bad(c, "stage") : 0;
}

int handle_publication_post(struct call *c) {
    static const char *const keys[] = {"statement", "stage", "corrects", NULL};
    struct room_publication_new x = {.incident = c->args.id};
    int64_t id;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_str(c, "statement", 1, FACT_NAME_BYTES_MAX, &x.statement);
    if (e == 0)
        e = read_stage(c, &x.stage);
    if (e == 0 && json_get(c->json, "corrects"))
        e = call_body_i64(c, "corrects", 1, INT64_MAX, &x.corrects);
    if (e == 0)
        e = room_publication_add(c->p->room, &c->who, &x, &id, &c->err);
    if (e == -EEXIST)
        return call_refuse(c, 400, "error.publication_open");
    if (e == -ENOENT)
        return call_bad(c, "statement");
    return e < 0 ? e : handle_publications(c);
}

/* {"part": {"ja": …, "en": …}}: words of a person in place of a part's. */
static int read_own(struct call *c, struct room_publication_change *x) {
    static const char *const keys[] = {"ja", "en", NULL};
    const struct json_value *own = json_get_object(c->json, "own");
    struct statement_own *at = own && own->n <= STATEMENT_PARTS_MAX + 1 ? arena_zalloc(&c->arena, MAX(own->n, 1u) * sizeof *at) : NULL;
    if (!json_get(c->json, "own"))
        return 0;
    if (!at)
        return call_bad(c, "own");
    x->own = at;
    for (const struct json_value *v = own->first; v; v = v->next) {
        struct statement_own *o = &at[x->n_own++];
        *o = (struct statement_own){.part = v->key, .words = {STR(""), STR("")}};
        if (v->type != JSON_OBJECT || json_only_keys(v, keys, NULL) < 0)
            return call_bad(c, "own");
        (void) json_get_str(v, "ja", &o->words.ja);
        (void) json_get_str(v, "en", &o->words.en);
    }
    return 0;
}

/* A sentence for what may not be said; 0: it is another fault. */
static int leaked(struct call *c, const struct fact_spec *leak) {
    return leak ? call_refuse_why(c, 400, "error.publication_leak", leak->name, fact_words_in(&leak->title, true)) : 0;
}

int handle_publication_put(struct call *c) {
    static const char *const keys[] = {"version", "stage", "next", "en", "own", NULL};
    struct room_publication_change x = {.next_ns = TIME_NONE};
    const struct fact_spec *leak = NULL;
    int64_t version;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, &version);
    x.set_stage = e == 0 && json_get(c->json, "stage");
    if (x.set_stage)
        e = read_stage(c, &x.stage);
    x.set_next = e == 0 && json_get(c->json, "next");
    if (x.set_next)
        e = call_body_when(c, "next", &x.next_ns);
    x.set_en = e == 0 && json_get(c->json, "en");
    if (x.set_en && !json_get_bool(c->json, "en", &x.en))
        e = call_bad(c, "en");
    if (e == 0)
        e = read_own(c, &x);
    if (e == 0)
        e = room_publication_change(c->p->room, &c->who, c->args.id, version, &x, &leak, &c->err);
    return e == -EINVAL && leak ? leaked(c, leak) : e < 0 ? e : answer(c);
}

int handle_publication_ask(struct call *c) {
    static const char *const keys[] = {"version", "risk_do", "risk_go_on", NULL};
    struct room_publication_ask x = {STR(""), STR("")};
    const struct fact_spec *leak = NULL;
    int64_t version;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, &version);
    if (e == 0)
        e = call_body_words(c, "risk_do", 1000, &x.risk_do);
    if (e == 0)
        e = call_body_words(c, "risk_go_on", 1000, &x.risk_go_on);
    if (e == 0)
        e = room_publication_ask(c->p->room, &c->who, c->args.id, version, &x, &leak, &c->err);
    if (e == -EINVAL && leak)
        return leaked(c, leak);
    if (e == -EINVAL && str_eq_z(str_of(c->err.text), "next"))
        return call_refuse(c, 400, "error.publication_next");
    if (e == -EINVAL && str_starts(str_of(c->err.text), STR("en ")))
        return call_refuse_with(c, 400, "error.publication_en", "part", str_from(str_of(c->err.text), 3));
    return e < 0 ? e : answer(c);
}

int handle_publication_end(struct call *c) {
    static const char *const keys[] = {"version", "why", NULL};
    struct str why;
    int64_t version;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, &version);
    if (e == 0)
        e = call_body_words(c, "why", 1000, &why);
    if (e == 0)
        e = room_publication_end(c->p->room, &c->who, c->args.id, version, why, &c->err);
    return e < 0 ? e : answer(c);
}

int handle_publication_file(struct call *c) {
    struct str as = call_query(c, "as"), name = call_query(c, "name");
    int e;
    if (str_eq_z(as, "zip")) {
        e = published_zip(c->p, c->args.id, &c->out, &c->err);
        c->type = "application/zip";
    } else if (str_eq_z(as, "file") && name.p) {
        e = published_file(c->p, c->args.id, name, &c->out, &c->err);
        c->type = str_ends(name, STR(".txt")) ? "text/plain; charset=utf-8" : "text/html; charset=utf-8";
    } else {
        return call_bad(c, "as");
    }
    if (e == -ENOENT)
        return call_refuse(c, 400, "error.publication_none");
    c->header = "Content-Disposition"; /* a file to put on another server, not a page of ours */
    c->header_value = "attachment";
    return e < 0 ? e : 200;
}

/* ---- questions and answers ---- */

static int answers(struct call *c, int64_t incident) {
    int e = room_answers_write(c->p->room, incident, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_answers(struct call *c) {
    return answers(c, c->args.id);
}

int handle_answer_post(struct call *c) {
    static const char *const keys[] = {"replaces", "kind", "question", "question_en", "answer", "answer_en", NULL};
    struct room_answer_new x = {.incident = c->args.id};
    const struct fact_spec *leak = NULL;
    int64_t id;
    int e = call_body_only(c, keys);
    if (e == 0 && json_get(c->json, "replaces"))
        e = call_body_i64(c, "replaces", 1, INT64_MAX, &x.replaces);
    if (e == 0)
        e = call_body_str(c, "kind", 1, 40, &x.kind);
    if (e == 0)
        e = call_body_str(c, "question", 1, ANSWER_BYTES_MAX, &x.question.ja);
    if (e == 0)
        e = call_body_words(c, "question_en", ANSWER_BYTES_MAX, &x.question.en);
    if (e == 0)
        e = call_body_str(c, "answer", 1, ANSWER_BYTES_MAX, &x.answer.ja);
    if (e == 0)
        e = call_body_words(c, "answer_en", ANSWER_BYTES_MAX, &x.answer.en);
    if (e == 0)
        e = room_answer_put(c->p->room, &c->who, &x, &id, &leak, &c->err);
    return e == -EINVAL && leak ? leaked(c, leak) : e == -ENOENT ? call_bad(c, "replaces") : e < 0 ? e : answers(c, c->args.id);
}

int handle_answer_approve(struct call *c) {
    const struct fact_spec *leak = NULL;
    int64_t version;
    int e = call_body_version(c, &version);
    if (e == 0)
        e = room_answer_approve(c->p->room, &c->who, c->args.id, version, &leak, &c->err);
    return e == -EINVAL && leak ? leaked(c, leak) : e < 0 ? e : answers(c, c->row.incident);
}

int handle_answer_end(struct call *c) {
    int64_t version;
    int e = call_body_version(c, &version);
    if (e == 0)
        e = room_answer_end(c->p->room, &c->who, c->args.id, version, &c->err);
    return e < 0 ? e : answers(c, c->row.incident);
}

int handle_desk(struct call *c) {
    int e = room_desk_write(c->p->room, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_desk_caller(struct call *c) {
    static const char *const keys[] = {"publication", "answer", "kind", "question", "caller", NULL};
    struct room_caller x = {.answer = 0};
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "publication", 1, INT64_MAX, &x.publication);
    if (e == 0 && json_get(c->json, "answer"))
        e = call_body_i64(c, "answer", 1, INT64_MAX, &x.answer);
    if (e == 0)
        e = call_body_str(c, "kind", 1, 40, &x.kind);
    if (e == 0)
        e = call_body_words(c, "question", ANSWER_BYTES_MAX, &x.question);
    if (e == 0)
        e = call_body_words(c, "caller", 300, &x.caller);
    if (e == 0)
        e = room_caller_count(c->p->room, &c->who, &x, &c->err);
    return e == -ENOENT ? call_bad(c, "answer") : e < 0 ? e : handle_desk(c);
}
