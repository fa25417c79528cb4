/* See rule_add.h. */
#include "app/common/rule_add.h"

#include "base/buf.h"
#include "base/file.h"

#include <limits.h>
#include <unistd.h>

enum { ARENA_MAX = 64 * 1024 * 1024, CHANGE_BYTES_MAX = 16 * 1024 * 1024 };

static int stage(const struct config *c, const struct rule_adding *a, struct rule_added *x, struct diag *err) {
    int lock = rulesets_lock(c->data, err);
    if (lock < 0)
        return lock;
    int r = ruleset_stage(c->data, a->from, &a->staging, &x->arena, &x->draft, &x->passed_over, err);
    close(lock);
    return r;
}

static int keep_change(const struct rule_added *x, struct diag *err) {
    char path[PATH_MAX + 16];
    struct jsonw w;
    struct buf b;
    buf_init(&b, CHANGE_BYTES_MAX);
    jsonw_init(&w, &b);
    rule_judged_write(&x->judged, x->draft.dir, &w);
    buf_add_byte(&b, '\n');
    snprintf(path, sizeof path, "%s/change.json", x->draft.dir);
    int r = buf_error(&b);
    if (r == 0)
        r = file_write_atomic(path, buf_str(&b), 0600, err);
    buf_done(&b);
    return r;
}

/* The set of this name as it stands now: whether its digest is that of x. */
static bool is_same(const char *data, const struct rule_added *x, bool draft) {
    struct rulesets all;
    bool same = false;
    if (rulesets_load(data, &all, NULL) == 0) {
        const struct ruleset *now = rulesets_find(&all, x->draft.name, draft);
        same = now && strcmp(now->digest, x->draft.digest) == 0;
    }
    rulesets_done(&all);
    return same;
}

static int finish(const struct config *c, struct rule_added *x, int r, struct diag *err) {
    int lock = rulesets_lock(c->data, r < 0 ? NULL : err);
    if (lock < 0)
        return r < 0 ? r : lock;
    bool ours = is_same(c->data, x, true);
    x->nothing_new = r == 0 && x->judged.change.n == 0 && !x->draft.pack.id.n && is_same(c->data, x, false);
    if (r == 0 && !ours)
        r = diag_set(err, -EBUSY, "somebody else added another version of '%.*s' meanwhile; look at that one",
                     STR_ARG(x->draft.name));
    if (r == 0) {
        x->draft.rules = x->judged.loaded;
        r = ruleset_write(&x->draft, err);
    }
    if (r == 0)
        r = keep_change(x, err);
    if (ours && (r < 0 || x->nothing_new)) { /* what was not judged does not wait to be switched on */
        int e = ruleset_drop(c->data, x->draft.name, true, r < 0 ? NULL : err);
        r = r < 0 ? r : e;
    }
    close(lock);
    return r;
}

struct looking {
    const struct rule_added *x;
    const struct diag *found;
};

static void if_written(void *ctx, const struct diag *d) {
    struct looking *l = ctx;
    if (!l->found && str_ends(str_of(d->file), l->x->draft.written))
        l->found = d;
}

/* Of a set that comes from elsewhere some rules may be refused; who writes one wants that one. Says what is wrong with it,
 * and where in the text. */
static int check_written(const struct rule_added *x, struct diag *err) {
    struct looking l = {.x = x};
    rule_judged_each_refused(&x->judged, x->draft.dir, if_written, &l);
    if (!l.found)
        return 0;
    *err = *l.found;
    snprintf(err->file, sizeof err->file, "rule"); /* where it would be kept says nothing to its author */
    return -ERR_PARSE;
}

int rule_add(const struct config *c, const struct rule_adding *a, struct rule_added *ret, struct diag *reterr) {
    *ret = (struct rule_added){0};
    arena_init(&ret->arena, ARENA_MAX);
    int r = stage(c, a, ret, reterr);
    if (r < 0)
        return r;
    if (a->staged)
        r = a->staged(a->ctx, &ret->draft, ret->passed_over, reterr);
    if (r == 0)
        r = rule_judge(c, &ret->draft, !a->no_backtest, a->watch, &ret->judged, reterr);
    if (r == 0 && ret->draft.written.n)
        r = check_written(ret, reterr);
    return finish(c, ret, r, reterr);
}

void rule_added_done(struct rule_added *a) {
    rule_judged_done(&a->judged);
    arena_done(&a->arena);
}
