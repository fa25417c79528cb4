/* Open findings as part of a correlator's image: in the order they opened, so that those of one
 * group hang behind each other as before. Heap and tables are made again by entering them. */
#include "base/mem.h"
#include "detect/correlate_image.h"
#include "detect/finding_priv.h"

static void positions_image(struct image *i, uint64_t **at, size_t *n, size_t *cap) {
    image_size(i, n, EVIDENCE_HALF);
    if (i->reading && *n && !i->error &&
        mem_grow((void **) at, cap, *n, EVIDENCE_HALF, sizeof **at) < 0)
        image_fail(i, -ENOMEM);
    for (size_t k = 0; k < *n && !i->error; k++)
        image_u64(i, &(*at)[k]);
}

static void listed_image(struct correlate_image *x, struct collected *y) {
    size_t n = y->n;
    image_size(x->i, &n, FINDING_COLLECT_MAX);
    if (x->i->reading && n && !x->i->error &&
        mem_grow((void **) &y->at, &y->cap, n, FINDING_COLLECT_MAX, sizeof *y->at) < 0)
        image_fail(x->i, -ENOMEM);
    for (size_t k = 0; k < n && !x->i->error; k++) {
        struct collected_value *v = &y->at[k];
        image_word_held(x, &v->word);
        image_u64(x->i, &v->count);
        image_i64(x->i, &v->first_ns);
        image_u64(x->i, &v->pos);
        y->n = x->i->reading ? k + 1 : n;
    }
    if (x->i->reading && !x->i->error && collected_index(y) < 0)
        image_fail(x->i, -ENOMEM);
}

/* Hashes beyond the list: a table of a power of two, at most half full, 0 = free. */
static void more_image(struct image *i, struct collected *y) {
    size_t n = y->n_more, cap = y->more_cap;
    image_size(i, &cap, 4 * CORRELATION_VALUES_MAX);
    image_size(i, &n, cap / 2);
    if ((cap & (cap - 1)) != 0)
        image_fail(i, -ERR_CORRUPT);
    if (i->reading && cap && !i->error) {
        if (!(y->more = mem_zalloc_array(cap, sizeof *y->more)))
            image_fail(i, -ENOMEM);
        y->more_cap = y->more ? cap : 0;
    }
    for (size_t at = 0, k = 0; k < n && !i->error; at++) {
        uint64_t h = i->reading ? 0 : y->more[at];
        if (!i->reading && !h)
            continue;
        image_u64(i, &h);
        k++;
        if (!i->reading)
            continue;
        size_t to = h >> 8 & (cap - 1);
        while (y->more[to] && y->more[to] != h)
            to = (to + 1) & (cap - 1);
        if (!h || y->more[to])
            image_fail(i, -ERR_CORRUPT);
        y->more[to] = h;
        y->n_more = k;
    }
}

static void numbers_image(struct image *i, struct open_finding *f) {
    int64_t *times[] = {&f->first_ns,    &f->last_ns, &f->hit_ns,
                        &f->detected_ns, &f->told_ns, &f->due_ns};
    bool *flags[] = {&f->changed, &f->at_least, &f->drill};
    image_u64(i, &f->number);
    image_raw(i, f->id, sizeof f->id);
    f->id[sizeof f->id - 1] = 0;
    image_u32(i, &f->revision);
    image_u64(i, &f->count);
    image_u64(i, &f->told_count);
    image_u64(i, &f->detected_pos);
    for (size_t k = 0; k < ARRAY_SIZE(times); k++)
        image_i64(i, times[k]);
    for (size_t k = 0; k < ARRAY_SIZE(flags); k++)
        image_bool(i, flags[k]);
    positions_image(i, &f->first, &f->n_first, &f->first_cap);
    positions_image(i, &f->last, &f->n_last, &f->last_cap);
    image_size(i, &f->last_head, f->n_last < EVIDENCE_HALF ? 0 : EVIDENCE_HALF - 1);
}

static void gathered_image(struct correlate_image *x, struct open_finding *f) {
    for (uint32_t k = 0; k < f->rule->n_measures; k++)
        image_double(x->i, &f->measures[k]);
    if (f->corr && f->corr->type == CORR_MEASURES) {
        const struct plan_window *w = &x->c->plan->scopes[f->corr->scope].windows[f->corr->window];
        if (x->i->reading && !(f->totals = mem_zalloc_array(w->n_counters, sizeof *f->totals)))
            image_fail(x->i, -ENOMEM);
        for (uint32_t k = 0; k < w->n_counters && !x->i->error; k++)
            image_u32(x->i, &f->totals[k]);
    }
    for (uint32_t k = 0; k < f->rule->n_collects && !x->i->error; k++) {
        image_bool(x->i, &f->collected[k].at_least);
        listed_image(x, &f->collected[k]);
        more_image(x->i, &f->collected[k]);
    }
}

/* The rule, and an empty finding of it when reading. */
static struct open_finding *begin_image(struct correlate_image *x, struct open_finding *f) {
    const struct correlate_plan *p = x->c->plan;
    uint32_t rule = f ? f->rule->rule->index : 0;
    bool fold = f && !f->corr;
    image_u32(x->i, &rule);
    image_bool(x->i, &fold);
    if (!x->i->reading || x->i->error)
        return x->i->error ? NULL : f;
    uint32_t at =
        rule < p->n_targets ? (fold ? p->targets[rule].fold : p->targets[rule].corr) : NO_INDEX;
    if (at == NO_INDEX) {
        image_fail(x->i, -ERR_CORRUPT);
        return NULL;
    }
    const struct plan_rule *pub = fold ? &p->folds[at].pub : &p->corrs[at].pub;
    if (!(f = mem_zalloc(sizeof *f + pub->n_keys * sizeof *f->keys))) {
        image_fail(x->i, -ENOMEM);
        return NULL;
    }
    f->rule = pub;
    f->corr = fold ? NULL : &p->corrs[at];
    f->collected = mem_zalloc_array(pub->n_collects, sizeof *f->collected);
    f->measures = mem_zalloc_array(pub->n_measures, sizeof *f->measures);
    if (!f->collected || !f->measures)
        image_fail(x->i, -ENOMEM);
    return f;
}

static void finding_image(struct correlate_image *x, struct open_finding *f) {
    f = begin_image(x, f);
    if (!f)
        return;
    for (uint32_t k = 0; k < f->rule->n_keys; k++)
        image_word_held(x, &f->keys[k]);
    if (!x->i->error)
        numbers_image(x->i, f);
    if (!x->i->error)
        gathered_image(x, f);
    if (!x->i->reading)
        return;
    if (!x->i->error && f->corr) {
        f->group = group_find(x->c, f->corr->scope, f->keys);
        if (!f->group || !group_at(x->c, f->group)->hot)
            image_fail(x->i, -ERR_CORRUPT);
    }
    if (!x->i->error && finding_restore(x->c, f) < 0)
        image_fail(x->i, -ENOMEM);
    if (x->i->error)
        finding_free(x->c, f);
}

void findings_image(struct correlate_image *x) {
    size_t n = x->c->n_open;
    struct open_finding **list = NULL;
    image_u64(x->i, &x->c->next_number);
    image_size(x->i, &n, x->c->limits.findings_max);
    if (!x->i->reading && findings_by_opening(x->c, &list) < 0)
        image_fail(x->i, -ENOMEM);
    for (size_t k = 0; k < n && !x->i->error; k++)
        finding_image(x, list ? list[k] : NULL);
    mem_free(list);
}
