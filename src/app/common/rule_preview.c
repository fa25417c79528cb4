/* See rule_preview.h. The decision is written as a file that no running program reads, beside those that are in force
 * (exceptions) or in place of them (what is held back), and the stored logs are read twice: without and with it. */
#include "app/common/rule_preview.h"

#include "app/engine/overlay.h"
#include "base/buf.h"
#include "base/file.h"

#include <unistd.h>

enum { FILE_MAX = 1024 * 1024, RULES_SHOWN = 50 };

static int ignore_finding(void *ctx UNUSED, const struct finding *f UNUSED) {
    return 0;
}

int rule_preview_open(const struct config *c, struct rule_preview *ret, struct diag *reterr) {
    *ret = (struct rule_preview){.config = c};
    int r = rule_paths_load(c, engine_content_dir(), NULL, &ret->paths, reterr);
    struct engine_options o = rule_paths_engine(&ret->paths);
    return r < 0 ? r : engine_new(&o, (struct finding_sink){.put = ignore_finding}, &ret->engine, reterr);
}

void rule_preview_done(struct rule_preview *p) {
    if (p->file[0])
        (void) unlink(p->file);
    if (p->was.by_rule.max_n)
        backtest_done(&p->was);
    if (p->is.by_rule.max_n)
        backtest_done(&p->is);
    rule_change_done(&p->touched);
    engine_free(p->engine);
    rule_paths_done(&p->paths);
}

int rule_preview_find(const struct rule_preview *p, struct str name, const struct detect_rule **ret,
                      struct diag *reterr) {
    const struct detect_rule *r = detect_rules_find(engine_rules(p->engine), name);
    *ret = r;
    if (!r || r->kind == DETECT_FILTER || overlay_is_exception(engine_overlay(p->engine), r->index))
        return diag_set(reterr, -ENOENT, "no rule in use has the id or name '%.*s'", (int) MIN(name.n, 80u), name.p);
    return 0;
}

void exception_of_rule(struct exception_made *x, const struct detect_rule *rule) {
    x->rule = rule->id;
    if (rule->kind == DETECT_DETECTION) {
        x->category = rule->logsource.category;
        x->product = rule->logsource.product;
        x->service = rule->logsource.service;
    }
}

static int write_file(struct rule_preview *p, struct str text, struct diag *err) {
    char path[PATH_MAX], name[64];
    snprintf(name, sizeof name, ".preview-%d.yml", (int) getpid());
    int r = rulesets_path(path, p->config->data, "");
    if (r == 0)
        r = file_make_dir(path, 0700, err);
    if (r == 0)
        r = rulesets_path(path, p->config->data, name);
    if (r == 0)
        r = file_write_atomic(path, text, 0600, err);
    if (r == 0)
        memcpy(p->file, path, sizeof path);
    return r;
}

static int run(struct rule_preview *p, const struct detect_rule *rule, bool suppression, struct backtest_watch *watch,
               struct diag *err) {
    char spool[PATH_MAX];
    const char **with = arena_alloc(&p->paths.arena, (p->paths.n + 1) * sizeof *with);
    if (!with || rule_change_of(engine_rules(p->engine), rule, &p->touched) < 0)
        return diag_set(err, -ENOMEM, "out of memory");
    memcpy(with, p->paths.p, p->paths.n * sizeof *with);
    with[p->paths.n] = p->file;
    struct engine_options a = rule_paths_engine(&p->paths);
    a.wants = rule_change_wants;
    a.wants_ctx = &p->touched;
    struct engine_options b = a;
    b.ignore_until = true;
    if (suppression) {
        b.suppress_path = p->file;
    } else {
        b.rule_paths = with;
        b.n_rule_paths = p->paths.n + 1;
    }
    snprintf(spool, sizeof spool, "%.4000s/spool", p->config->data);
    p->was.watch = p->is.watch = watch;
    if (watch)
        __atomic_store_n(&watch->runs, 2, __ATOMIC_RELAXED);
    int r = backtest_run(spool, &a, &p->was, err);
    return r < 0 ? r : backtest_run(spool, &b, &p->is, err);
}

int rule_preview_exception(struct rule_preview *p, const struct detect_rule *rule, const struct exception_made *x,
                           struct backtest_watch *watch, struct diag *reterr) {
    struct buf text;
    buf_init(&text, FILE_MAX);
    exception_write(x, &text);
    int r = buf_error(&text);
    if (r == 0)
        r = write_file(p, buf_str(&text), reterr);
    buf_done(&text);
    return r < 0 ? r : run(p, rule, false, watch, reterr);
}

int rule_preview_suppression(struct rule_preview *p, const struct detect_rule *rule, const struct suppression_made *s,
                             struct backtest_watch *watch, struct diag *reterr) {
    struct buf text;
    buf_init(&text, FILE_MAX);
    suppression_write(s, &text);
    int r = buf_error(&text);
    if (r == 0)
        r = write_file(p, buf_str(&text), reterr);
    buf_done(&text);
    return r < 0 ? r : run(p, rule, true, watch, reterr);
}

bool rule_preview_touches(const struct rule_preview *p, struct str id) {
    return map_find(&p->touched.touched, id) != NULL;
}

void rule_preview_hidden(const struct rule_preview *p, const struct backtest_rule *was,
                         void (*fn)(void *ctx, const char *words), void *ctx) {
    const struct backtest_rule *is = backtest_rule(&p->is, was->id);
    for (size_t i = 0; i < ARRAY_SIZE(was->first) && was->first[i][0]; i++) {
        bool stays = false;
        for (size_t k = 0; is && k < ARRAY_SIZE(is->first); k++)
            stays |= strcmp(was->first[i], is->first[k]) == 0;
        if (!stays)
            fn(ctx, was->first[i]);
    }
}

static void write_words(void *ctx, const char *words) {
    jsonw_str(ctx, str_of(words));
}

static void write_rule(const struct rule_preview *p, const struct backtest_rule *was, struct jsonw *w) {
    const struct backtest_rule *is = backtest_rule(&p->is, was->id);
    jsonw_object(w);
    jsonw_kstr(w, "id", was->id);
    jsonw_kstr(w, "title", was->title);
    jsonw_ku64(w, "before", was->findings);
    jsonw_ku64(w, "after", is ? is->findings : 0);
    jsonw_key(w, STR("hidden"));
    jsonw_array(w);
    rule_preview_hidden(p, was, write_words, w);
    jsonw_end(w);
    jsonw_end(w);
}

void rule_preview_write(const struct rule_preview *p, struct jsonw *w) {
    size_t n = 0;
    jsonw_object(w);
    jsonw_ku64(w, "events", p->was.events);
    jsonw_ktime(w, "from", p->was.first_ns);
    jsonw_ktime(w, "to", p->was.last_ns);
    jsonw_ki64(w, "took_ms", (int64_t) ((p->was.wall_s + p->is.wall_s) * 1000));
    jsonw_ku64(w, "hidden_events", p->is.hidden_events);
    jsonw_ku64(w, "hidden_findings", p->is.held_back + p->is.hidden_findings);
    jsonw_key(w, STR("rules"));
    jsonw_array(w);
    for (struct map_slot *s = NULL; (s = map_next(&p->was.by_rule, s));)
        if (rule_preview_touches(p, s->key) && n++ < RULES_SHOWN)
            write_rule(p, s->value.ptr, w);
    jsonw_end(w);
    jsonw_end(w);
}
