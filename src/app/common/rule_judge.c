/* See rule_judge.h. Whole rule sets are loaded twice (as they are, as they would be), because a rule is
 * refused, filtered and silenced by what stands beside it; run on stored logs are only the rules that the
 * difference touches. */
#include "app/common/rule_judge.h"

#include "app/engine/overlay.h"
#include "base/json.h"

#include <limits.h>
#include <unistd.h>

enum { ROWS_KEPT = 500 };

static int ignore_finding(void *ctx UNUSED, const struct finding *f UNUSED) {
    return 0;
}

static bool is_below(const char *file, const char *dir) {
    return dir && strncmp(file, dir, strlen(dir)) == 0 && file[strlen(dir)] == '/';
}

struct counting {
    const char *dir;
    void (*row)(void *ctx, const struct diag *d);
    void *ctx;
};

static void if_below(void *ctx, const struct diag *d) {
    struct counting *c = ctx;
    if (is_below(d->file, c->dir))
        c->row(c->ctx, d);
}

void rule_judged_each_refused(const struct rule_judged *j, const char *dir,
                              void (*row)(void *ctx, const struct diag *d), void *ctx) {
    struct counting c = {dir, row, ctx};
    engine_each_refused(j->after, if_below, &c);
}

static void count_one(void *ctx, const struct diag *d UNUSED) {
    ++*(uint32_t *) ctx;
}

static void count_rules(struct rule_judged *j, const char *dir) {
    const struct detect_rules *set = engine_rules(j->after);
    for (uint32_t i = 0; i < set->n; i++)
        j->loaded += !set->rules[i]->refused && is_below(set->rules[i]->file.p, dir);
    rule_judged_each_refused(j, dir, count_one, &j->refused);
}

static int run_both(struct rule_judged *j, const char *spool, struct diag *err) {
    struct engine_options before = rule_paths_engine(&j->paths_before), after = rule_paths_engine(&j->paths_after);
    before.wants = after.wants = rule_change_wants;
    before.wants_ctx = after.wants_ctx = &j->change;
    bool twice = j->change.n_changed + j->change.n_gone;
    if (j->is.watch)
        __atomic_store_n(&j->is.watch->runs, twice ? 2 : 1, __ATOMIC_RELAXED);
    int r = twice ? backtest_run(spool, &before, &j->was, err) : 0;
    if (r == 0)
        r = backtest_run(spool, &after, &j->is, err);
    j->tested = r == 0 && j->is.first_ns != TIME_NONE;
    return r;
}

int rule_judge(const struct config *c, const struct ruleset *draft, bool back_test, struct backtest_watch *watch,
               struct rule_judged *ret, struct diag *reterr) {
    struct finding_sink nobody = {.put = ignore_finding};
    struct rule_judged *j = ret;
    char spool[PATH_MAX];
    *j = (struct rule_judged){.was.watch = watch, .is.watch = watch};
    snprintf(spool, sizeof spool, "%.4000s/spool", c->data);
    int r = rule_paths_load(c, engine_content_dir(), NULL, &j->paths_before, reterr);
    if (r == 0)
        r = rule_paths_load(c, engine_content_dir(), draft, &j->paths_after, reterr);
    if (r < 0)
        return r;
    struct engine_options before = rule_paths_engine(&j->paths_before), after = rule_paths_engine(&j->paths_after);
    r = engine_new(&before, nobody, &j->before, reterr);
    if (r == 0)
        r = engine_new(&after, nobody, &j->after, reterr);
    if (r == 0 && rule_change_find(engine_rules(j->before), engine_rules(j->after), &j->change) < 0)
        r = diag_set(reterr, -ENOMEM, "out of memory");
    if (r == 0)
        count_rules(j, draft->dir);
    if (r == 0 && back_test && j->change.n && access(spool, F_OK) == 0)
        r = run_both(j, spool, reterr);
    return r;
}

void rule_judged_done(struct rule_judged *j) {
    if (j->was.by_rule.max_n)
        backtest_done(&j->was);
    if (j->is.by_rule.max_n)
        backtest_done(&j->is);
    rule_change_done(&j->change);
    engine_free(j->before);
    engine_free(j->after);
    rule_paths_done(&j->paths_before);
    rule_paths_done(&j->paths_after);
}

/* ---- findings of one rule before and after ---- */

uint64_t rule_judged_findings(const struct backtest *b, struct str id) {
    const struct backtest_rule *r = b->by_rule.max_n ? backtest_rule(b, id) : NULL;
    return r ? r->findings : 0;
}

uint64_t rule_judged_touched(const struct backtest *b, const struct rule_change *c) {
    uint64_t n = 0;
    for (struct map_slot *s = NULL; b->by_rule.max_n && (s = map_next(&b->by_rule, s));)
        if (map_find(&c->touched, s->key))
            n += ((const struct backtest_rule *) s->value.ptr)->findings;
    return n;
}

static const struct detect_rule *rule_of(const struct rule_change_row *row) {
    return row->after ? row->after : row->before;
}

/* ---- as JSON ---- */

static void write_row(const struct rule_judged *j, const struct rule_change_row *row, struct jsonw *w) {
    const struct detect_rule *r = rule_of(row);
    jsonw_object(w);
    jsonw_kz(w, "change", rule_change_word(row->kind));
    jsonw_kstr(w, "id", r->id);
    jsonw_kstr(w, "title", r->title);
    jsonw_kz(w, "level", rule_level_to_string(r->level));
    jsonw_kstr(w, "author", r->author);
    if (row->kind == RULE_CHANGED) {
        struct buf lines;
        buf_init(&lines, 65536);
        rule_change_lines(row->before->text, row->after->text, RULE_JUDGED_LINES, &lines);
        jsonw_kstr(w, "lines", buf_error(&lines) ? STR("") : buf_str(&lines));
        buf_done(&lines);
    }
    if (j->tested) {
        jsonw_ku64(w, "before", rule_judged_findings(&j->was, r->id));
        jsonw_ku64(w, "after", rule_judged_findings(&j->is, r->id));
    }
    jsonw_end(w);
}

struct writing {
    struct jsonw *w;
    size_t cut;
};

static void write_refused(void *ctx, const struct diag *d) {
    struct writing *x = ctx;
    char line[1024];
    jsonw_str(x->w, str_of(diag_format(d, line, sizeof line) + x->cut));
}

int rule_judged_rank(const struct rule_judged *j, const struct rule_change_row *row) {
    if (row->kind != RULE_NEW)
        return row->kind == RULE_CHANGED ? 0 : 1;
    return rule_judged_findings(&j->is, row->after->id) ? 2 : 3;
}

static void write_rows(const struct rule_judged *j, struct jsonw *w) {
    size_t left = ROWS_KEPT;
    jsonw_key(w, STR("rows"));
    jsonw_array(w);
    for (int pass = 0; pass < 4; pass++)
        for (size_t i = 0; i < j->change.n && left; i++)
            if (rule_judged_rank(j, &j->change.rows[i]) == pass) {
                write_row(j, &j->change.rows[i], w);
                left--;
            }
    jsonw_end(w);
    jsonw_ku64(w, "rows_left_out", j->change.n - (ROWS_KEPT - left));
}

void rule_judged_write(const struct rule_judged *j, const char *dir, struct jsonw *w) {
    jsonw_object(w);
    jsonw_ktime(w, "at", time_now_ns());
    jsonw_ku64(w, "loaded", j->loaded);
    jsonw_ku64(w, "refused_n", j->refused);
    jsonw_ku64(w, "new", j->change.n_new);
    jsonw_ku64(w, "changed", j->change.n_changed);
    jsonw_ku64(w, "gone", j->change.n_gone);
    write_rows(j, w);
    jsonw_key(w, STR("refused"));
    jsonw_array(w);
    struct writing x = {w, strlen(dir) + strlen("/files/")};
    rule_judged_each_refused(j, dir, write_refused, &x);
    jsonw_end(w);
    jsonw_key(w, STR("backtest"));
    if (!j->tested) {
        jsonw_null(w);
    } else {
        jsonw_object(w);
        jsonw_ku64(w, "events", j->is.events);
        jsonw_ku64(w, "bytes", j->is.bytes);
        jsonw_ktime(w, "from", j->is.first_ns);
        jsonw_ktime(w, "to", j->is.last_ns);
        jsonw_ku64(w, "before", rule_judged_touched(&j->was, &j->change));
        jsonw_ku64(w, "after", rule_judged_touched(&j->is, &j->change));
        jsonw_ki64(w, "took_ms", (int64_t) ((j->was.wall_s + j->is.wall_s) * 1000));
        jsonw_end(w);
    }
    jsonw_end(w);
}
