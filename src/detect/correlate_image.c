/* A correlator's state as an image, so that what reads a stream may end and go on later as if it
 * had not ended.
 *
 * Everything that can change a later telling stands in it, and what memory the state takes as well,
 * because the limits look at that: after reading, both sums must be those of the writer, which
 * finds whatever was forgotten. Words come first and are numbered; whoever holds one holds its
 * number. Groups follow in the order of their lists, findings in the order they opened, so that
 * both are made again by adding them at the end.
 *
 * Read back by a correlator of the same plan only (engine_image sees to it). */
#include "detect/correlate_image.h"
#include "base/mem.h"
#include "detect/finding_priv.h"

static void image_log(struct correlate_image *x, const struct plan_scope *s, struct group *g) {
    struct image *i = x->i;
    uint32_t n = g->log_n, cap = g->log_cap, weight = g->log_weight;
    image_count(i, &cap, MIN(s->cold_max, UINT8_MAX));
    image_count(i, &n, cap);
    image_count(i, &weight, UINT16_MAX);
    image_u32(i, &g->log_mask);
    if (i->error)
        return;
    if (i->reading && cap && !(g->log = pool_alloc(&x->c->pool, (size_t) cap * s->mini_bytes))) {
        image_fail(i, -ENOMEM);
        return;
    }
    g->log_cap = (uint8_t) cap;
    g->log_weight = (uint16_t) weight;
    for (uint32_t k = 0; k < n; k++) {
        struct mini *m = (struct mini *) ((unsigned char *) pool_at(&x->c->pool, g->log) +
                                          (size_t) k * s->mini_bytes);
        image_mini(x, s, m, false);
        g->log_n = (uint8_t) (k + 1);
    }
}

/* A ring of the newest, from the oldest on. */
static void image_recent(struct correlate_image *x, const struct plan_scope *s, struct recent *y,
                         uint32_t max) {
    uint32_t n = y->n, cap = y->cap;
    image_u32(x->i, &y->lost_mask);
    image_i64(x->i, &y->lost_t);
    image_count(x->i, &cap, max);
    image_count(x->i, &n, cap);
    if (x->i->reading && cap && !x->i->error) {
        y->at = hot_realloc(x->c, NULL, 0, (size_t) cap * s->mini_bytes);
        if (!y->at)
            image_fail(x->i, -ENOMEM);
        y->cap = y->at ? cap : 0;
    }
    for (uint32_t k = 0; k < n && !x->i->error; k++) {
        uint32_t at = (y->head + k) % y->cap;
        image_mini(x, s, (struct mini *) (y->at + (size_t) at * s->mini_bytes), false);
        y->n = x->i->reading ? k + 1 : n;
    }
}

static void image_recents(struct correlate_image *x, const struct plan_scope *s, struct hot *h) {
    bool there = h->recents != NULL;
    image_bool(x->i, &there);
    if (!there || x->i->error)
        return;
    if (x->i->reading) {
        h->recents = hot_realloc(x->c, NULL, 0, MAX(s->n_keeps, 1) * sizeof *h->recents);
        if (!h->recents)
            image_fail(x->i, -ENOMEM);
    }
    for (uint32_t k = 0; k < s->n_keeps && !x->i->error; k++)
        image_recent(x, s, &h->recents[k], s->keeps[k].max);
}

static void image_hot(struct correlate_image *x, const struct plan_scope *s, struct group *g) {
    struct correlate *c = x->c;
    bool is_hot = g->hot != 0;
    image_bool(x->i, &is_hot);
    if (!is_hot || x->i->error)
        return;
    if (x->i->reading) {
        if (!(g->hot = pool_alloc(&c->pool, s->hot_bytes))) {
            image_fail(x->i, -ENOMEM);
            return;
        }
        memset(hot_of(c, g), 0, s->hot_bytes);
    }
    struct hot *h = hot_of(c, g);
    image_u64(x->i, &h->ready);
    image_recents(x, s, h);
    for (uint32_t i = 0; i < s->n_corrs && !x->i->error; i++)
        state_image(x, s, &c->plan->corrs[s->corrs[i]], &h->states[i]);
    for (uint32_t i = 0; i < s->n_windows && !x->i->error; i++)
        window_image(x, &s->windows[i], &h->states[s->n_corrs + i]);
}

static void image_group(struct correlate_image *x, uint32_t scope, uint32_t handle) {
    const struct plan_scope *s = &x->c->plan->scopes[scope];
    uint32_t keys[CORRELATION_FIELDS_MAX];
    if (!x->i->reading)
        memcpy(keys, group_at(x->c, handle)->keys, s->n_keys * sizeof *keys);
    for (uint32_t i = 0; i < s->n_keys; i++)
        image_word(x, &keys[i]);
    if (x->i->reading && !x->i->error) {
        if (group_find(x->c, scope, keys))
            image_fail(x->i, -ERR_CORRUPT);
        else if (group_get(x->c, scope, keys, 0, &handle) < 0)
            image_fail(x->i, -ENOMEM);
    }
    if (x->i->error)
        return;
    struct group *g = group_at(x->c, handle);
    image_u32(x->i, &g->touch_s);
    image_log(x, s, g);
    image_hot(x, s, g);
}

static void image_scope(struct correlate_image *x, uint32_t scope) {
    struct scope_state *ss = &x->c->scopes[scope];
    size_t n = ss->table.n;
    uint32_t handle = ss->oldest;
    image_i64(x->i, &ss->lost_ns);
    image_size(x->i, &n, x->c->limits.groups_max);
    for (size_t k = 0; k < n && !x->i->error; k++) {
        image_group(x, scope, handle);
        if (!x->i->reading)
            handle = group_at(x->c, handle)->next;
    }
}

static void image_scopes(struct correlate_image *x) {
    const struct correlate_limits limits = x->c->limits;
    if (x->i->reading) /* what leaves for want of room left before the image was written */
        x->c->limits.bytes_max = SIZE_MAX;
    for (uint32_t i = 0; i < x->c->plan->n_scopes && !x->i->error; i++)
        image_scope(x, i);
    x->c->limits = limits;
}

static void image_counts(struct correlate_image *x) {
    struct correlate *c = x->c;
    struct correlate_stats *s = &c->stats;
    uint64_t *counts[] = {&s->groups_evicted, &s->findings_cut, &s->values_dropped, &s->rewinds,
                          &s->late};
    for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
        image_u64(x->i, counts[i]);
    for (uint32_t i = 0; i < c->plan->n_corrs; i++)
        image_u64(x->i, &c->rule_evicted[i]);
    image_i64(x->i, &c->clock_ns);
    image_i64(x->i, &c->sweep_ns);
    image_raw(x->i, c->hash_key, sizeof c->hash_key);
}

static void check_sums(struct correlate_image *x) {
    size_t pool = x->c->pool.live_bytes, hot = x->c->hot_bytes, words = x->c->words.table.n;
    uint64_t sums[] = {pool, hot, words};
    for (size_t i = 0; i < ARRAY_SIZE(sums); i++)
        image_u64(x->i, &sums[i]);
    if (x->i->reading && (sums[0] != pool || sums[1] != hot || sums[2] != words))
        image_fail(x->i, -ERR_CORRUPT);
}

int correlate_image(struct correlate *c, struct image *i) {
    struct correlate_image x = {.c = c, .i = i};
    ASSERT(!i->reading || (c->n_groups == 0 && c->n_open == 0));
    words_sweep(&c->words);
    words_image(&c->words, i, &x.words, &x.n_words);
    image_counts(&x);
    image_scopes(&x);
    findings_image(&x);
    words_sweep(&c->words);
    check_sums(&x);
    mem_free(x.words);
    return i->error;
}

int64_t correlate_open_since(const struct correlate *c) {
    int64_t since = INT64_MAX;
    for (size_t i = 0; i < c->n_open; i++)
        since = MIN(since, c->heap[i]->first_ns);
    return since;
}
