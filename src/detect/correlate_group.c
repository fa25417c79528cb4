/* Groups: a table and a list by last touch for each scope, cold logs, eviction.
 *
 * The list need not be exact to the nanosecond: a group moves to its end only when it was last
 * moved more than 1/64 of the scope's longest window ago, which spares busy groups most of the
 * work. */
#include "base/hash.h"
#include "base/mem.h"
#include "detect/correlate_priv.h"

static int64_t touch_grain(const struct plan_scope *s) {
    return s->span_max_ns / 64 / NS_PER_S;
}

/* Seconds, up: a group is never thought older than it is. */
static int64_t touch_s(int64_t t_ns) {
    int64_t s = t_ns / NS_PER_S + 1;
    return MAX(0, MIN(s, UINT32_MAX));
}

static uint32_t hash_keys(const uint32_t *keys, uint32_t n) {
    uint64_t h = n;
    for (uint32_t i = 0; i < n; i++)
        h = hash_mix(h, keys[i]);
    return (uint32_t) (h ^ h >> 32);
}

static bool same_keys(const uint32_t *a, const uint32_t *b, uint32_t n) {
    uint32_t other = 0;
    for (uint32_t i = 0; i < n; i++)
        other |= a[i] ^ b[i];
    return !other;
}

static uint32_t find(const struct correlate *c, uint32_t scope, const uint32_t *keys,
                     uint32_t hash) {
    uint32_t n_keys = c->plan->scopes[scope].n_keys, h;
    size_t i = hash;
    while ((h = handle_table_next(&c->scopes[scope].table, hash, &i)) &&
           !same_keys(group_at(c, h)->keys, keys, n_keys))
        ;
    return h;
}

uint32_t group_find(const struct correlate *c, uint32_t scope, const uint32_t *keys) {
    return find(c, scope, keys, hash_keys(keys, c->plan->scopes[scope].n_keys));
}

static void list_remove_group(struct correlate *c, struct scope_state *ss, struct group *g) {
    if (g->prev)
        group_at(c, g->prev)->next = g->next;
    else
        ss->oldest = g->next;
    if (g->next)
        group_at(c, g->next)->prev = g->prev;
    else
        ss->newest = g->prev;
}

static void list_add_newest(struct correlate *c, struct scope_state *ss, struct group *g,
                            uint32_t handle) {
    g->prev = ss->newest;
    g->next = 0;
    if (ss->newest)
        group_at(c, ss->newest)->next = handle;
    else
        ss->oldest = handle;
    ss->newest = handle;
}

void group_touch(struct correlate *c, uint32_t scope, uint32_t handle, int64_t t) {
    struct group *g = group_at(c, handle);
    int64_t grain = touch_grain(&c->plan->scopes[scope]), now = touch_s(t);
    if (now - g->touch_s <= grain && g->touch_s - now <= grain)
        return;
    g->touch_s = (uint32_t) now;
    if (c->scopes[scope].newest == handle)
        return;
    list_remove_group(c, &c->scopes[scope], g);
    list_add_newest(c, &c->scopes[scope], g, handle);
}

/* ---- leaving ---- */

void *hot_realloc(struct correlate *c, void *p, size_t old_bytes, size_t bytes) {
    if (!bytes) {
        mem_free(p);
        c->hot_bytes -= old_bytes;
        return NULL;
    }
    char *q = mem_realloc(p, bytes);
    if (!q)
        return NULL;
    c->hot_bytes += bytes - old_bytes;
    if (bytes > old_bytes)
        memset(q + old_bytes, 0, bytes - old_bytes);
    return q;
}

static size_t log_bytes(const struct plan_scope *s, const struct group *g) {
    return (size_t) g->log_cap * s->mini_bytes;
}
static struct mini *log_at(const struct correlate *c, const struct plan_scope *s,
                           const struct group *g, uint32_t i) {
    return (struct mini *) ((unsigned char *) pool_at(&c->pool, g->log) +
                            (size_t) i * s->mini_bytes);
}

static void log_free(struct correlate *c, const struct plan_scope *s, struct group *g) {
    for (uint32_t i = 0; i < g->log_n; i++)
        mini_drop(c, s, log_at(c, s, g, i));
    if (g->log)
        pool_free(&c->pool, g->log, log_bytes(s, g));
    g->log = 0;
    g->log_n = g->log_cap = 0;
    g->log_weight = 0;
    g->log_mask = 0;
}

static struct mini *recent_at(const struct recent *x, const struct plan_scope *s, uint32_t i) {
    return (struct mini *) (x->at + (size_t) ((x->head + i) % x->cap) * s->mini_bytes);
}

static void recents_free(struct correlate *c, const struct plan_scope *s, struct hot *h) {
    for (uint32_t k = 0; h->recents && k < s->n_keeps; k++) {
        struct recent *x = &h->recents[k];
        for (uint32_t i = 0; i < x->n; i++)
            mini_drop(c, s, recent_at(x, s, i));
        hot_realloc(c, x->at, (size_t) x->cap * s->mini_bytes, 0);
    }
    if (h->recents)
        hot_realloc(c, h->recents, MAX(s->n_keeps, 1) * sizeof *h->recents, 0);
}

static void hot_free(struct correlate *c, const struct plan_scope *s, struct group *g) {
    if (!g->hot)
        return;
    for (uint32_t i = 0; i < s->n_corrs; i++)
        state_free(c, s, &c->plan->corrs[s->corrs[i]], &hot_of(c, g)->states[i]);
    for (uint32_t i = 0; i < s->n_windows; i++)
        window_free(c, &s->windows[i], &hot_of(c, g)->states[s->n_corrs + i]);
    recents_free(c, s, hot_of(c, g));
    pool_free(&c->pool, g->hot, s->hot_bytes);
    g->hot = 0;
}

static void drop(struct correlate *c, uint32_t scope, uint32_t handle) {
    const struct plan_scope *s = &c->plan->scopes[scope];
    struct group *g = group_at(c, handle);
    hot_free(c, s, g);
    log_free(c, s, g);
    handle_table_remove(&c->scopes[scope].table, hash_keys(g->keys, s->n_keys), handle);
    list_remove_group(c, &c->scopes[scope], g);
    for (uint32_t i = 0; i < s->n_keys; i++)
        words_unref(&c->words, g->keys[i]);
    pool_free(&c->pool, handle, s->group_bytes);
    c->n_groups--;
}

static int group_free(struct correlate *c, uint32_t scope, uint32_t handle) {
    int r = findings_end_group(c, group_at(c, handle));
    drop(c, scope, handle);
    return r;
}

/* What stands in the pool goes with the pool. */
void groups_free_all(struct correlate *c) {
    for (uint32_t i = 0; i < c->plan->n_scopes; i++) {
        for (uint32_t h = c->scopes[i].oldest; h; h = group_at(c, h)->next)
            hot_free(c, &c->plan->scopes[i], group_at(c, h));
        handle_table_done(&c->scopes[i].table);
    }
}

int groups_expire(struct correlate *c) {
    for (uint32_t i = 0; i < c->plan->n_scopes; i++) {
        const struct plan_scope *s = &c->plan->scopes[i];
        /* a window of measures holds a step more than its timespan */
        int64_t keep = (s->span_max_ns + s->span_max_ns / WINDOW_STEPS + CORRELATION_SLACK_NS) / NS_PER_S + touch_grain(s);
        uint32_t h;
        while ((h = c->scopes[i].oldest) && group_at(c, h)->touch_s < touch_s(c->clock_ns) - keep) {
            int r = group_free(c, i, h);
            if (r < 0)
                return r;
        }
    }
    return 0;
}

/* The group of all scopes that was touched longest ago leaves; counted. */
static int evict_one(struct correlate *c) {
    uint32_t scope = NO_INDEX;
    for (uint32_t i = 0; i < c->plan->n_scopes; i++) {
        uint32_t h = c->scopes[i].oldest;
        if (h && (scope == NO_INDEX ||
                  group_at(c, h)->touch_s < group_at(c, c->scopes[scope].oldest)->touch_s))
            scope = i;
    }
    if (scope == NO_INDEX)
        return 0;
    struct scope_state *ss = &c->scopes[scope];
    const struct plan_scope *s = &c->plan->scopes[scope];
    ss->lost_ns = MAX(ss->lost_ns, (group_at(c, ss->oldest)->touch_s + touch_grain(s)) * NS_PER_S);
    for (uint32_t i = 0; i < s->n_corrs; i++)
        c->rule_evicted[s->corrs[i]]++;
    c->stats.groups_evicted++;
    return group_free(c, scope, ss->oldest);
}

static int make_room(struct correlate *c) {
    while (c->n_groups && (c->n_groups >= c->limits.groups_max ||
                           c->pool.live_bytes + c->hot_bytes > c->limits.bytes_max)) {
        int r = evict_one(c);
        if (r < 0)
            return r;
    }
    return 0;
}

int group_get(struct correlate *c, uint32_t scope, const uint32_t *keys, int64_t t, uint32_t *ret) {
    struct scope_state *ss = &c->scopes[scope];
    const struct plan_scope *s = &c->plan->scopes[scope];
    uint32_t hash = hash_keys(keys, s->n_keys);
    *ret = find(c, scope, keys, hash);
    if (*ret) {
        group_touch(c, scope, *ret, t);
        return 0;
    }
    int r = make_room(c);
    if (r < 0)
        return r;
    if (handle_table_room(&ss->table, 64) < 0)
        return -ENOMEM;
    uint32_t handle = pool_alloc(&c->pool, s->group_bytes);
    if (!handle)
        return -ENOMEM;
    struct group *g = group_at(c, handle);
    *g = (struct group){.touch_s = (uint32_t) touch_s(t)};
    for (uint32_t i = 0; i < s->n_keys; i++) {
        g->keys[i] = keys[i];
        words_ref(&c->words, keys[i]);
    }
    handle_table_put(&ss->table, hash, handle);
    c->n_groups++;
    list_add_newest(c, ss, g, handle);
    *ret = handle;
    return 0;
}

/* ---- cold and hot ---- */

/* What no window can hold any more leaves the log. */
static void log_purge(struct correlate *c, const struct plan_scope *s, struct group *g,
                      int64_t now) {
    uint8_t kept = 0;
    g->log_weight = 0;
    g->log_mask = 0;
    for (uint32_t i = 0; i < g->log_n; i++) {
        struct mini *m = log_at(c, s, g, i);
        if (m->t < now - s->span_max_ns - s->span_max_ns / WINDOW_STEPS) {
            mini_drop(c, s, m);
            continue;
        }
        memmove(log_at(c, s, g, kept++), m, s->mini_bytes);
        g->log_weight = (uint16_t) (g->log_weight + m->weight);
        g->log_mask |= m->mask;
    }
    g->log_n = kept;
}

/* Could the correlation be true once this event has come? */
static bool may_be_true(const struct plan_corr *pc, const struct group *g, const struct mini *m) {
    if (!(pc->on & m->mask) || (uint64_t) g->log_weight + m->weight < pc->least_events)
        return false;
    uint32_t seen = g->log_mask | m->mask;
    for (uint32_t i = 0; i < pc->n_needs; i++)
        if (!(pc->needs[i] & seen))
            return false;
    return true;
}

static int feed_state(struct correlate *c, const struct plan_scope *s, struct group *g,
                      uint32_t state, const struct mini *m, bool *ret_hit) {
    union corr_state *st = &hot_of(c, g)->states[state];
    if (state >= s->n_corrs) {
        const struct plan_window *w = &s->windows[state - s->n_corrs];
        return w->inputs & m->mask ? window_feed(c, w, st, m) : 0;
    }
    const struct plan_corr *pc = &c->plan->corrs[s->corrs[state]];
    return pc->mask & m->mask ? state_feed(c, s, pc, st, m, ret_hit) : 0;
}

static bool is_ready(const struct correlate *c, const struct group *g, uint32_t state) {
    return g->hot && (hot_of(c, g)->ready >> state & 1);
}

/* Plays the log into one window or state. Nothing in it can be true yet. */
static int make_ready(struct correlate *c, const struct plan_scope *s, struct group *g,
                      uint32_t state) {
    bool hit;
    if (!g->hot) {
        g->hot = pool_alloc(&c->pool, s->hot_bytes);
        if (!g->hot)
            return -ENOMEM;
        memset(hot_of(c, g), 0, s->hot_bytes);
    }
    if (is_ready(c, g, state))
        return 0;
    hot_of(c, g)->ready |= (uint64_t) 1 << state;
    for (uint32_t i = 0; i < g->log_n; i++) {
        int r = feed_state(c, s, g, state, log_at(c, s, g, i), &hit);
        if (r < 0)
            return r;
    }
    return 0;
}

static void recent_drop(struct correlate *c, const struct plan_scope *s, struct recent *x) {
    mini_drop(c, s, recent_at(x, s, 0));
    x->head = (x->head + 1) % x->cap;
    x->n--;
}

/* In order again from place 0, with more room. */
static int recent_grow(struct correlate *c, const struct plan_scope *s, struct recent *x,
                       uint32_t max) {
    uint32_t cap = MIN(x->cap + x->cap / 2 + 8, max);
    unsigned char *p = hot_realloc(c, NULL, 0, (size_t) cap * s->mini_bytes);
    if (!p)
        return -ENOMEM;
    for (uint32_t i = 0; i < x->n; i++)
        memcpy(p + (size_t) i * s->mini_bytes, recent_at(x, s, i), s->mini_bytes);
    hot_realloc(c, x->at, (size_t) x->cap * s->mini_bytes, 0);
    x->at = p;
    x->cap = cap;
    x->head = 0;
    return 0;
}

/* A place for one more: what no window can ask for any more leaves, then there is more room, and
 * at the maximum the oldest leaves. */
static int recent_room(struct correlate *c, const struct plan_scope *s, struct recent *x,
                       uint32_t max, int64_t now) {
    int64_t oldest = now - s->span_max_ns - s->span_max_ns / WINDOW_STEPS - CORRELATION_SLACK_NS;
    while (x->n && recent_at(x, s, 0)->t < oldest)
        recent_drop(c, s, x);
    if (x->n < x->cap)
        return 0;
    if (x->cap < max)
        return recent_grow(c, s, x, max);
    const struct mini *m = recent_at(x, s, 0);
    x->lost_t = x->lost_mask ? MAX(x->lost_t, m->t) : m->t;
    x->lost_mask |= m->mask;
    recent_drop(c, s, x);
    return 0;
}

/* To the first row that asks for it: rare events are not pushed out by frequent ones. */
static int recent_add(struct correlate *c, const struct plan_scope *s, struct hot *h,
                      const struct mini *m) {
    uint32_t k = 0;
    while (k < s->n_keeps && !(s->keeps[k].mask & m->mask))
        k++;
    if (k == s->n_keeps)
        return 0;
    struct recent *x = &h->recents[k];
    int r = x->n == x->cap ? recent_room(c, s, x, s->keeps[k].max, m->t) : 0;
    if (r < 0)
        return r;
    memcpy(recent_at(x, s, x->n++), m, s->mini_bytes);
    mini_keep(c, s, m);
    return 0;
}

/* What a finding that opens asks for. */
struct past {
    uint32_t mask;
    int64_t oldest;
    const struct mini *now;
    mini_fn *fn;
    void *ctx;
};

static int past_tell(const struct past *p, const struct mini *m) {
    bool wanted = (m->mask & p->mask) && m->t >= p->oldest && m->pos != p->now->pos;
    return wanted ? p->fn(p->ctx, m) : 0;
}

/* Each ring in the order of arrival, the rings among each other by time and place. */
static int past_of_recents(const struct plan_scope *s, const struct recent *recents,
                           const struct past *p) {
    uint32_t at[CORRELATION_FIELDS_MAX] = {0};
    for (;;) {
        const struct mini *first = NULL;
        uint32_t from = 0;
        for (uint32_t k = 0; k < s->n_keeps; k++) {
            const struct mini *m = at[k] < recents[k].n ? recent_at(&recents[k], s, at[k]) : NULL;
            if (m && (!first || m->t < first->t || (m->t == first->t && m->pos < first->pos))) {
                first = m;
                from = k;
            }
        }
        if (!first)
            return 0;
        at[from]++;
        int r = past_tell(p, first);
        if (r < 0)
            return r;
    }
}

int group_past(struct correlate *c, uint32_t scope, struct group *g, uint32_t mask, int64_t oldest,
               const struct mini *now, mini_fn *fn, void *ctx, bool *ret_cut) {
    const struct plan_scope *s = &c->plan->scopes[scope];
    const struct past p = {mask, oldest, now, fn, ctx};
    const struct recent *x = hot_of(c, g)->recents;
    int r = 0;
    *ret_cut = false;
    for (uint32_t k = 0; x && k < s->n_keeps; k++)
        *ret_cut |= (x[k].lost_mask & mask) && x[k].lost_t >= oldest;
    if (x)
        return past_of_recents(s, x, &p);
    for (uint32_t i = 0; r == 0 && i < g->log_n; i++)
        r = past_tell(&p, log_at(c, s, g, i));
    return r;
}

static uint32_t state_of(const struct plan_scope *s, const struct plan_corr *pc) {
    return pc->type == CORR_MEASURES ? s->n_corrs + pc->window : pc->at;
}

static int make_all_ready(struct correlate *c, const struct plan_scope *s, struct group *g) {
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < s->n_corrs + s->n_windows; i++)
        r = make_ready(c, s, g, i);
    if (r < 0)
        return r;
    struct hot *h = hot_of(c, g);
    /* One at least: that they are there says that the log is not. */
    h->recents = hot_realloc(c, NULL, 0, MAX(s->n_keeps, 1) * sizeof *h->recents);
    if (!h->recents)
        return -ENOMEM;
    for (uint32_t i = 0; r == 0 && i < g->log_n; i++)
        r = recent_add(c, s, h, log_at(c, s, g, i));
    log_free(c, s, g);
    return r;
}

static int log_add(struct correlate *c, const struct plan_scope *s, struct group *g,
                   const struct mini *m) {
    if (g->log_n == g->log_cap) {
        uint8_t cap = g->log_cap ? (uint8_t) MIN(g->log_cap * 2u, s->cold_max) : 1;
        uint32_t log = pool_alloc(&c->pool, (size_t) cap * s->mini_bytes);
        if (!log)
            return -ENOMEM;
        if (g->log) {
            memcpy(pool_at(&c->pool, log), pool_at(&c->pool, g->log), log_bytes(s, g));
            pool_free(&c->pool, g->log, log_bytes(s, g));
        }
        g->log = log;
        g->log_cap = cap;
    }
    memcpy(log_at(c, s, g, g->log_n), m, s->mini_bytes);
    mini_keep(c, s, m);
    g->log_n++;
    g->log_weight = (uint16_t) (g->log_weight + m->weight);
    g->log_mask |= m->mask;
    return 0;
}

int group_prepare(struct correlate *c, uint32_t scope, struct group *g, const struct mini *m) {
    const struct plan_scope *s = &c->plan->scopes[scope];
    int r = 0;
    if (g->hot && hot_of(c, g)->recents)
        return recent_add(c, s, hot_of(c, g), m);
    if ((uint64_t) g->log_weight + m->weight > s->cold_max) {
        log_purge(c, s, g, m->t);
        if ((uint64_t) g->log_weight + m->weight > s->cold_max) {
            r = make_all_ready(c, s, g);
            return r == 0 ? recent_add(c, s, hot_of(c, g), m) : r;
        }
    }
    for (uint32_t i = 0; r == 0 && i < s->n_corrs; i++) {
        const struct plan_corr *pc = &c->plan->corrs[s->corrs[i]];
        if (!is_ready(c, g, state_of(s, pc)) && may_be_true(pc, g, m))
            r = make_ready(c, s, g, state_of(s, pc));
    }
    return r == 0 ? log_add(c, s, g, m) : r;
}

int group_attached(struct correlate *c, uint32_t scope, struct group *g,
                   const struct plan_measure *measure, int64_t t, double *ret) {
    const struct plan_corr *pc = &c->plan->corrs[measure->provider];
    uint32_t keys[CORRELATION_FIELDS_MAX];
    *ret = 0;
    if (pc->type == CORR_USUAL) { /* what the event itself brings is known in any case */
        int r = usual_ask(c, pc, NULL, measure->say, ret);
        if (r < 0)
            return r;
    }
    if (pc->scope != scope) {
        for (uint32_t i = 0; i < pc->n_keys; i++)
            keys[i] = g->keys[measure->provider_keys[i]];
        uint32_t handle = group_find(c, pc->scope, keys);
        if (!handle)
            return 0;
        g = group_at(c, handle);
    }
    int r = make_ready(c, &c->plan->scopes[pc->scope], g, pc->at);
    if (r == 0 && pc->type == CORR_USUAL)
        return usual_ask(c, pc, hot_of(c, g)->states[pc->at].p, measure->say, ret);
    if (r == 0)
        *ret = state_provider_count(c, pc, &hot_of(c, g)->states[pc->at], t);
    return r;
}

/* ---- other rules ---- */

static const struct plan_corr *same_rule(const struct correlate *c, const struct plan_corr *pc) {
    for (uint32_t i = 0; i < c->plan->n_corrs; i++) {
        const struct plan_corr *own = &c->plan->corrs[i];
        if (own->type == pc->type && own->n_keys == pc->n_keys && str_eq(own->pub.rule->id, pc->pub.rule->id) &&
            str_eq(own->pub.rule->text, pc->pub.rule->text))
            return own;
    }
    return NULL;
}

static int take_over(struct correlate *to, const struct plan_corr *own, struct correlate *from, const struct plan_corr *pc,
                     struct group *g) {
    const struct plan_scope *theirs = &from->plan->scopes[pc->scope];
    uint32_t keys[CORRELATION_FIELDS_MAX], handle = 0;
    int r = make_ready(from, theirs, g, pc->at);
    for (uint32_t i = 0; i < pc->n_keys && r == 0; i++) {
        keys[i] = words_add(&to->words, words_get(&from->words, g->keys[i]));
        r = keys[i] ? 0 : -ENOMEM;
    }
    if (r == 0)
        r = group_get(to, own->scope, keys, (int64_t) g->touch_s * NS_PER_S, &handle);
    if (r == 0)
        r = make_ready(to, &to->plan->scopes[own->scope], group_at(to, handle), own->at);
    if (r < 0)
        return r;
    const union corr_state *was = &hot_of(from, g)->states[pc->at];
    union corr_state *is = &hot_of(to, group_at(to, handle))->states[own->at];
    if (pc->type == CORR_USUAL)
        return usual_take_over(to, is, from, was);
    if (pc->type == CORR_UNUSUAL)
        return unusual_take_over(to, own, is, was);
    is->t = MAX(is->t, was->t);
    return 0;
}

int groups_take_over(struct correlate *to, struct correlate *from) {
    int r = 0;
    for (uint32_t i = 0; i < from->plan->n_corrs; i++) {
        const struct plan_corr *pc = &from->plan->corrs[i];
        const struct plan_corr *own = corr_remembers(pc) ? same_rule(to, pc) : NULL;
        for (uint32_t h = own ? from->scopes[pc->scope].oldest : 0; h && r == 0; h = group_at(from, h)->next)
            r = take_over(to, own, from, pc, group_at(from, h));
    }
    words_sweep(&to->words);
    return r;
}
