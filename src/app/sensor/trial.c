/* See trial.h. */
#include "app/sensor/trial.h"

#include "app/common/rule_add.h"
#include "app/common/rule_preview.h"
#include "app/sensor/messages.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"

#include <limits.h>
#include <unistd.h>

enum { ARENA_MAX = 4 * 1024 * 1024, RESULT_MAX = 256 * 1024, FIELDS_MAX = 16 };

static struct str text_of(const struct json_value *q, const char *key) {
    struct str s = STR("");
    (void) json_get_str(q, key, &s);
    return s;
}

/* ---- in the thread ---- */

static void write_added(struct trial *t, const struct rule_added *x) {
    struct jsonw w;
    jsonw_init(&w, &t->result);
    jsonw_object(&w);
    jsonw_kstr(&w, "name", x->draft.name);
    jsonw_kbool(&w, "waits", !x->nothing_new);
    jsonw_ku64(&w, "passed_over", x->passed_over);
    jsonw_end(&w);
}

static int staged(void *ctx, const struct ruleset *draft UNUSED, uint64_t passed_over UNUSED, struct diag *err UNUSED) {
    struct trial *t = ctx;
    __atomic_store_n(&t->locked, false, __ATOMIC_RELEASE);
    return 0;
}

static int add(struct trial *t, const char *from) {
    struct str name = text_of(t->asked, "name"), licence = text_of(t->asked, "licence"), origin = text_of(t->asked, "origin");
    struct rule_adding how = {.from = from,
                              .staging = {.name = name, .by = t->by, .licence = licence.n ? licence : STR_NULL,
                                          .origin = origin.n ? origin : STR_NULL, .text = text_of(t->asked, "text")},
                              .watch = &t->watch, .staged = staged, .ctx = t};
    struct rule_added x;
    __atomic_store_n(&t->locked, true, __ATOMIC_RELEASE);
    int r = rule_add(t->config, &how, &x, &t->diag);
    if (r == 0)
        write_added(t, &x);
    rule_added_done(&x);
    return r;
}

/* Of a file that the room has put there. */
static int path_of_file(const struct trial *t, const struct json_value *q, char *dst, struct diag *err) {
    struct str name = text_of(q, "file");
    if (!name.n || name.n > 255 || str_find_byte(name, '/', 0) >= 0 || name.p[0] == '.')
        return diag_set(err, -EINVAL, "there is no such file");
    snprintf(dst, PATH_MAX, "%.3000s/incoming/%.*s", t->config->data, STR_ARG(name));
    return 0;
}

/* It is gone afterwards, whatever became of it. */
static int add_file(struct trial *t) {
    char path[PATH_MAX];
    int r = path_of_file(t, t->asked, path, &t->diag);
    if (r == 0) {
        r = add(t, path);
        (void) unlink(path);
    }
    return r;
}

static int write_rule(struct trial *t) {
    return add(t, NULL);
}

static int preview(struct trial *t, int (*run)(struct trial *t, struct rule_preview *p, const struct detect_rule *rule)) {
    const struct detect_rule *rule;
    struct rule_preview p;
    int r = rule_preview_open(t->config, &p, &t->diag);
    if (r == 0)
        r = rule_preview_find(&p, t->rule, &rule, &t->diag);
    if (r == 0)
        r = run(t, &p, rule);
    if (r == 0) {
        struct jsonw w;
        jsonw_init(&w, &t->result);
        rule_preview_write(&p, &w);
    }
    rule_preview_done(&p);
    return r;
}

static int run_exception(struct trial *t, struct rule_preview *p, const struct detect_rule *rule) {
    struct exception_field fields[FIELDS_MAX];
    const struct json_value *where = json_get_array(t->asked, "where");
    struct exception_made x = {.fields = fields, .owner = text_of(t->asked, "owner"), .reason = text_of(t->asked, "reason")};
    int64_t now = time_now_ns();
    exception_of_rule(&x, rule);
    for (const struct json_value *v = where ? where->first : NULL; v && x.n_fields < FIELDS_MAX; v = v->next)
        fields[x.n_fields++] = (struct exception_field){text_of(v, "field"), text_of(v, "value")};
    (void) json_get_bool(t->asked, "whole", &x.whole);
    int r = exception_until(text_of(t->asked, "until"), now, &x.until_ns, &t->diag);
    if (r == 0)
        r = exception_check(&x, now, &t->diag);
    return r < 0 ? r : rule_preview_exception(p, rule, &x, &t->watch, &t->diag);
}

static int run_suppression(struct trial *t, struct rule_preview *p, const struct detect_rule *rule) {
    struct suppression_made s = {rule->id, text_of(t->asked, "for"), text_of(t->asked, "owner"), text_of(t->asked, "reason")};
    int r = suppression_check(&s, &t->diag);
    return r < 0 ? r : rule_preview_suppression(p, rule, &s, &t->watch, &t->diag);
}

static int except(struct trial *t) {
    return preview(t, run_exception);
}

static int suppress(struct trial *t) {
    return preview(t, run_suppression);
}

static const struct work {
    const char *op;
    int (*run)(struct trial *t);
} WORKS[] = {{"add", add_file}, {"write", write_rule}, {"except", except}, {"suppress", suppress}};

static const struct work *work_of(struct str op) {
    for (size_t i = 0; i < ARRAY_SIZE(WORKS); i++)
        if (str_eq_z(op, WORKS[i].op))
            return &WORKS[i];
    return NULL;
}

static void *work(void *ctx) {
    struct trial *t = ctx;
    t->result_code = work_of(t->op)->run(t);
    if (t->result_code == 0 && buf_error(&t->result))
        t->result_code = diag_set(&t->diag, -ERR_LIMIT, "the outcome is too large to be shown; the command line shows it");
    __atomic_store_n(&t->locked, false, __ATOMIC_RELEASE);
    __atomic_store_n(&t->through, true, __ATOMIC_RELEASE);
    return NULL;
}

/* ---- in the main loop ---- */

void trial_init(struct trial *t, const struct config *c) {
    *t = (struct trial){.config = c};
    arena_init(&t->arena, ARENA_MAX);
    buf_init(&t->result, RESULT_MAX);
}

bool trial_tick(struct trial *t) {
    if (!t->running || !__atomic_load_n(&t->through, __ATOMIC_ACQUIRE))
        return false;
    pthread_join(t->thread, NULL);
    t->running = false;
    return true;
}

static void end(struct trial *t) {
    __atomic_store_n(&t->watch.stop, true, __ATOMIC_RELAXED);
}

void trial_done(struct trial *t) {
    end(t);
    if (t->running)
        pthread_join(t->thread, NULL);
    t->running = false;
    arena_done(&t->arena);
    buf_done(&t->result);
}

static int begin(struct trial *t, const struct json_value *q, uint64_t upto, struct diag *err) {
    struct buf copy;
    struct jsonw w;
    struct json_value *asked;
    buf_init(&copy, ARENA_MAX / 2);
    jsonw_init(&w, &copy);
    jsonw_value(&w, q);
    arena_reset(&t->arena);
    buf_clear(&t->result);
    int r = buf_error(&copy);
    struct str text = r == 0 ? arena_dup(&t->arena, buf_str(&copy)) : STR_NULL;
    buf_done(&copy);
    if (!text.p || (r = json_parse(&t->arena, text, &asked, NULL)) < 0)
        return diag_set(err, r < 0 ? r : -ENOMEM, "what was asked for is too large");
    t->asked = asked;
    t->op = text_of(asked, "op");
    t->name = text_of(asked, "name");
    t->rule = text_of(asked, "rule");
    t->by = text_of(asked, "by");
    t->number++;
    t->started_ns = time_now_ns();
    t->upto = upto;
    t->through = t->locked = false;
    t->diag = (struct diag){0};
    t->watch = (struct backtest_watch){0};
    r = pthread_create(&t->thread, NULL, work, t);
    t->running = r == 0;
    return r == 0 ? 0 : (t->result_code = diag_set(err, -r, "cannot start a thread: %s", err_word(-r)));
}

static int start(struct trial *t, const struct json_value *q, uint64_t upto, struct diag *err) {
    if (!work_of(text_of(q, "op")))
        return diag_set(err, -EINVAL, "there is no such order");
    if (t->running)
        return diag_set(err, -EBUSY, "something else is being tried, asked for by %.*s; wait until it is through, or end it",
                        (int) MIN(t->by.n, 80u), t->by.p);
    return begin(t, q, upto, err);
}

int trial_order(struct trial *t, const struct json_value *q, uint64_t upto, struct diag *reterr) {
    char path[PATH_MAX];
    struct str op = text_of(q, "op");
    if (str_eq_z(op, "look"))
        return 0;
    if (str_eq_z(op, "end")) {
        end(t);
        return 0;
    }
    int r = start(t, q, upto, reterr);
    if (r < 0 && str_eq_z(op, "add") && path_of_file(t, q, path, NULL) == 0)
        (void) unlink(path);
    return r;
}

static const char *state_of(const struct trial *t) {
    return t->running ? "running" : t->result_code == -ECANCELED ? "ended" : t->result_code < 0 ? "failed" : "done";
}

void trial_write(const struct trial *t, struct jsonw *w) {
    uint64_t first = __atomic_load_n(&t->watch.first, __ATOMIC_RELAXED), runs = __atomic_load_n(&t->watch.runs, __ATOMIC_RELAXED);
    uint64_t of = first && t->upto >= first ? (t->upto - first + 1) * runs : 0;
    char line[1024];
    if (!t->number) {
        jsonw_null(w);
        return;
    }
    jsonw_object(w);
    jsonw_ku64(w, "number", t->number);
    jsonw_kstr(w, "op", t->op);
    jsonw_kstr(w, "name", t->name);
    jsonw_kstr(w, "rule", t->rule);
    jsonw_kstr(w, "by", t->by);
    jsonw_kz(w, "state", state_of(t));
    jsonw_ktime(w, "started", t->started_ns);
    jsonw_ku64(w, "done", MIN(__atomic_load_n(&t->watch.looked, __ATOMIC_RELAXED), of));
    jsonw_ku64(w, "of", of);
    jsonw_kz(w, "error", !t->running && t->result_code < 0 ? diag_format(&t->diag, line, sizeof line) : NULL);
    jsonw_kz(w, "code", !t->running && t->result_code < 0 ? messages_code(t->result_code) : NULL);
    jsonw_key(w, STR("result"));
    if (!t->running && t->result_code == 0 && t->result.n)
        jsonw_raw(w, buf_str(&t->result));
    else
        jsonw_null(w);
    jsonw_end(w);
}
