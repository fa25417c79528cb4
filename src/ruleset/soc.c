/* See soc.h. */
#include "ruleset/soc.h"

#include "base/file.h"
#include "base/json.h"
#include "base/time.h"
#include "ruleset/store.h"

#include <limits.h>
#include <unistd.h>

enum { BOOK_BYTES_MAX = 4 * 1024 * 1024, ARENA_MAX = 64 * 1024 * 1024, TEXT_MAX = 500 };

static int64_t ms_of(const struct json_value *v, const char *key) {
    int64_t ms;
    return json_get_i64(v, key, &ms) && ms > 0 && ms < INT64_MAX / NS_PER_MS ? ms * NS_PER_MS : TIME_NONE;
}

static int add_soc(struct soc_book *b, const struct soc *s) {
    int r = arena_grow(&b->arena, (void **) &b->socs, &b->socs_cap, b->n_socs + 1, sizeof *s);
    if (r == 0)
        b->socs[b->n_socs++] = *s;
    return r;
}

static int add_run(struct soc_book *b, const struct soc_run *run) {
    int r = arena_grow(&b->arena, (void **) &b->runs, &b->runs_cap, b->n_runs + 1, sizeof *run);
    if (r == 0)
        b->runs[b->n_runs++] = *run;
    return r;
}

static int read_book(struct soc_book *b, const struct json_value *root) {
    const struct json_value *socs = json_get_array(root, "socs"), *runs = json_get_array(root, "runs");
    int r = 0;
    for (const struct json_value *v = socs ? socs->first : NULL; r == 0 && v; v = v->next) {
        struct soc s = {.phone = STR("")};
        int64_t within = 0;
        (void) json_get_str(v, "phone", &s.phone);
        (void) json_get_i64(v, "within_s", &within);
        s.within_ns = within * NS_PER_S;
        if (json_get_str(v, "name", &s.name) && json_get_str(v, "to", &s.to))
            r = add_soc(b, &s);
    }
    for (const struct json_value *v = runs ? runs->first : NULL; r == 0 && v; v = v->next) {
        struct soc_run x = {.by = STR(""), .note = STR(""), .title = STR("")};
        (void) json_get_str(v, "by", &x.by);
        (void) json_get_str(v, "note", &x.note);
        (void) json_get_str(v, "title", &x.title);
        x.sent_ns = ms_of(v, "sent_ms");
        x.due_ns = ms_of(v, "due_ms");
        x.answered_ns = ms_of(v, "answered_ms");
        if (json_get_str(v, "token", &x.token) && json_get_str(v, "soc", &x.soc) && json_get_str(v, "rule", &x.rule))
            r = add_run(b, &x);
    }
    return r;
}

int soc_load(const char *data, struct soc_book *ret, struct diag *reterr) {
    char path[PATH_MAX];
    struct str text;
    struct json_value *root;
    *ret = (struct soc_book){0};
    arena_init(&ret->arena, ARENA_MAX);
    int r = rulesets_path(path, data, "soc.json");
    if (r < 0 || access(path, F_OK) != 0)
        return r;
    r = file_read(&ret->arena, path, BOOK_BYTES_MAX, &text, reterr);
    if (r == 0)
        r = json_parse(&ret->arena, text, &root, reterr);
    return r < 0 ? r : read_book(ret, root);
}

void soc_done(struct soc_book *b) {
    arena_done(&b->arena);
}

static void kms(struct jsonw *w, const char *key, int64_t t) {
    if (t != TIME_NONE)
        jsonw_ki64(w, key, t / NS_PER_MS);
}

static void write_run(const struct soc_run *x, struct jsonw *w) {
    jsonw_object(w);
    jsonw_kstr(w, "token", x->token);
    jsonw_kstr(w, "soc", x->soc);
    jsonw_kstr(w, "rule", x->rule);
    jsonw_kstr(w, "title", x->title);
    kms(w, "sent_ms", x->sent_ns);
    kms(w, "due_ms", x->due_ns);
    kms(w, "answered_ms", x->answered_ns);
    jsonw_kstr(w, "by", x->by);
    jsonw_kstr(w, "note", x->note);
    jsonw_end(w);
}

int soc_save(const char *data, const struct soc_book *b, struct diag *reterr) {
    char path[PATH_MAX];
    struct jsonw w;
    struct buf out;
    buf_init(&out, BOOK_BYTES_MAX);
    jsonw_init(&w, &out);
    jsonw_object(&w);
    jsonw_key(&w, STR("socs"));
    jsonw_array(&w);
    for (size_t i = 0; i < b->n_socs; i++) {
        jsonw_object(&w);
        jsonw_kstr(&w, "name", b->socs[i].name);
        jsonw_kstr(&w, "to", b->socs[i].to);
        jsonw_ki64(&w, "within_s", b->socs[i].within_ns / NS_PER_S);
        jsonw_kstr(&w, "phone", b->socs[i].phone);
        jsonw_end(&w);
    }
    jsonw_end(&w);
    jsonw_key(&w, STR("runs"));
    jsonw_array(&w);
    for (size_t i = b->n_runs > SOC_RUNS_MAX ? b->n_runs - SOC_RUNS_MAX : 0; i < b->n_runs; i++)
        write_run(&b->runs[i], &w);
    jsonw_end(&w);
    jsonw_end(&w);
    buf_add_byte(&out, '\n');
    int r = buf_error(&out);
    if (r == 0)
        r = rulesets_path(path, data, "soc.json");
    if (r == 0)
        r = file_write_atomic(path, buf_str(&out), 0600, reterr);
    buf_done(&out);
    return r;
}

const struct soc *soc_find(const struct soc_book *b, struct str name) {
    for (size_t i = 0; i < b->n_socs; i++)
        if (str_eq(b->socs[i].name, name))
            return &b->socs[i];
    return NULL;
}

static bool is_target(struct str to) {
    return (str_starts(to, STR("file:/")) || str_starts(to, STR("udp:")) || str_starts(to, STR("tcp:"))) && to.n <= TEXT_MAX;
}

int soc_put(struct soc_book *b, const struct soc *s, struct diag *reterr) {
    struct soc *old = (struct soc *) (uintptr_t) soc_find(b, s->name);
    if (!s->name.n || s->name.n > TEXT_MAX || !is_target(s->to) || s->within_ns <= 0)
        return diag_set(reterr, -EINVAL, "a watch has a name, where its sensors read (file:/PATH, udp:HOST:PORT or "
                                         "tcp:HOST:PORT) and how soon it calls (30m)");
    if (!old)
        return add_soc(b, s);
    *old = *s;
    return 0;
}

int soc_drop(struct soc_book *b, struct str name, struct diag *reterr) {
    struct soc *at = (struct soc *) (uintptr_t) soc_find(b, name);
    if (!at)
        return diag_set(reterr, -ENOENT, "no watch is called '%.*s'", (int) MIN(name.n, 80u), name.p);
    memmove(at, at + 1, (size_t) (b->socs + b->n_socs - at - 1) * sizeof *at);
    b->n_socs--;
    return 0;
}

int soc_begin(struct soc_book *b, const struct soc_run *run, struct diag *reterr) {
    return add_run(b, run) < 0 ? diag_set(reterr, -ENOMEM, "out of memory") : 0;
}

int soc_answer(struct soc_book *b, struct str token, struct str by, struct str note, int64_t now_ns,
               struct diag *reterr) {
    for (size_t i = b->n_runs; i-- > 0;) {
        struct soc_run *x = &b->runs[i];
        if (!str_eq_icase(x->token, token))
            continue;
        if (x->answered_ns != TIME_NONE)
            return diag_set(reterr, -EEXIST, "the answer to %.*s was typed in already, by %.*s", STR_ARG(x->token), STR_ARG(x->by));
        if (!by.n || by.n > TEXT_MAX || note.n > TEXT_MAX)
            return diag_set(reterr, -EINVAL, "say who took the call (--by NAME)");
        x->answered_ns = now_ns;
        x->by = by;
        x->note = note;
        return 0;
    }
    return diag_set(reterr, -ENOENT, "no canary was sent with the word '%.*s'", (int) MIN(token.n, 40u), token.p);
}

const char *soc_run_state(const struct soc_run *r, int64_t now_ns) {
    if (r->answered_ns != TIME_NONE)
        return r->answered_ns <= r->due_ns ? "answered" : "late";
    return now_ns <= r->due_ns ? "waiting" : "none";
}
