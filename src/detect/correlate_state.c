/* The state of Sigma's own correlation types, and of first_seen.
 *
 *   event_count       the last N events, by time: true when the newest and the oldest of them are
 * at most `timespan` apart value_count       the last event of each of the N most recently seen
 * values, likewise; without a number in its condition a set of values that others attach temporal
 * the last event of each rule temporal_ordered  for each prefix of the rules the chain that began
 * last: a later start is never worse first_seen        the last time
 *
 * Events exactly `timespan` apart count together. */
#include "base/hash.h"
#include "base/mem.h"
#include "detect/correlate_image.h"

void mini_keep(struct correlate *c, const struct plan_scope *s, const struct mini *m) {
    for (uint32_t i = 0; i < s->n_vals; i++)
        words_ref(&c->words, m->vals[i]);
}
void mini_drop(struct correlate *c, const struct plan_scope *s, const struct mini *m) {
    for (uint32_t i = 0; i < s->n_vals; i++)
        words_unref(&c->words, m->vals[i]);
}

/* Minis in order of time, at most `need`; the oldest leaves. Also the store of values and of
 * chains. */
struct minis {
    uint32_t n, cap;
    uint32_t head; /* event_count: a ring from here */
    _Alignas(8) unsigned char bytes[];
};

static struct mini *mini_at(const struct minis *x, const struct plan_scope *s, uint32_t i) {
    return (struct mini *) ((unsigned char *) (uintptr_t) x->bytes + (size_t) i * s->mini_bytes);
}
static struct mini *ring_at(const struct minis *x, const struct plan_scope *s, uint32_t i) {
    uint32_t k = x->head + i;
    return mini_at(x, s, k >= x->cap ? k - x->cap : k);
}

static size_t minis_bytes(const struct plan_scope *s, uint32_t cap) {
    return sizeof(struct minis) + (size_t) cap * s->mini_bytes;
}

/* Room for one more, up to `need`; grows by doubling. */
static int minis_grow(struct correlate *c, union corr_state *st, const struct plan_scope *s,
                      uint32_t need) {
    struct minis *x = st->p;
    if (x && (x->n < x->cap || x->cap == need))
        return 0;
    ASSERT(!x || x->head == 0);
    uint32_t cap = x ? x->cap * 2 : 4;
    cap = MIN(cap, need);
    struct minis *y = hot_realloc(c, x, x ? minis_bytes(s, x->cap) : 0, minis_bytes(s, cap));
    if (!y)
        return -ENOMEM;
    y->cap = cap;
    st->p = y;
    return 0;
}

static void minis_clear(struct correlate *c, const struct plan_scope *s, struct minis *x) {
    for (uint32_t i = 0; i < x->n; i++)
        mini_drop(c, s, ring_at(x, s, i));
    x->n = x->head = 0;
}

/* Time jumped back by more than slack and window: nothing here belongs together any more. */
static bool jumped(struct correlate *c, const struct plan_corr *pc, int64_t newest, int64_t t) {
    if (t >= newest - pc->span_ns || t >= newest - CORRELATION_SLACK_NS)
        return false;
    c->stats.rewinds++;
    return true;
}

/* ---- event_count ---- */

static void ring_add(struct correlate *c, const struct plan_scope *s, struct minis *x,
                     const struct mini *m) {
    if (x->n == x->cap) {
        if (m->t < ring_at(x, s, 0)->t)
            return; /* late: not among the newest */
        mini_drop(c, s, ring_at(x, s, 0));
        x->head = x->head + 1 == x->cap ? 0 : x->head + 1;
        x->n--;
    }
    uint32_t i = x->n++;
    for (; i > 0 && ring_at(x, s, i - 1)->t > m->t; i--)
        memcpy(ring_at(x, s, i), ring_at(x, s, i - 1), s->mini_bytes);
    memcpy(ring_at(x, s, i), m, s->mini_bytes);
    ring_at(x, s, i)->weight = 1;
    mini_keep(c, s, m);
}

static int feed_event_count(struct correlate *c, const struct plan_scope *s,
                            const struct plan_corr *pc, union corr_state *st, const struct mini *m,
                            bool *ret_hit) {
    struct minis *x = st->p;
    if (x && x->n && jumped(c, pc, ring_at(x, s, x->n - 1)->t, m->t))
        minis_clear(c, s, x);
    for (uint32_t k = 0; k < m->weight && k < pc->need; k++) {
        int r = minis_grow(c, st, s, pc->need);
        if (r < 0)
            return r;
        ring_add(c, s, st->p, m);
    }
    x = st->p;
    *ret_hit = x->n == pc->need && ring_at(x, s, x->n - 1)->t - ring_at(x, s, 0)->t <= pc->span_ns;
    return 0;
}

/* ---- value_count ---- */

int tuple_word(struct correlate *c, const struct mini *m, const uint32_t *vals, uint32_t n,
               uint32_t *ret) {
    uint64_t hashes[CORRELATION_FIELDS_MAX];
    *ret = m->vals[vals[0]];
    if (n == 1 || !*ret)
        return 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t word = m->vals[vals[i]];
        *ret = 0;
        if (!word)
            return 0;
        hashes[i] = hash_sip_key(words_get(&c->words, word), c->hash_key);
    }
    *ret = words_add(&c->words, str_n((const char *) hashes, n * sizeof *hashes));
    return *ret ? 0 : -ENOMEM;
}

static int value_word(struct correlate *c, const struct plan_corr *pc, const struct mini *m,
                      uint32_t *ret) {
    return tuple_word(c, m, pc->counted, pc->n_counted, ret);
}

/* The store of a value_count: minis whose `weight` member holds the value instead. */
static int feed_value_count(struct correlate *c, const struct plan_scope *s,
                            const struct plan_corr *pc, union corr_state *st, const struct mini *m,
                            bool *ret_hit) {
    uint32_t value;
    int r = value_word(c, pc, m, &value);
    if (r < 0 || !value)
        return r;
    r = minis_grow(c, st, s, pc->need);
    if (r < 0)
        return r;
    struct minis *x = st->p;
    uint32_t oldest = 0, at = NO_INDEX;
    int64_t newest = INT64_MIN;
    for (uint32_t i = 0; i < x->n; i++) {
        const struct mini *y = mini_at(x, s, i);
        if (y->weight == value)
            at = i;
        const struct mini *z = mini_at(x, s, oldest);
        if (y->t < z->t || (y->t == z->t && y->pos < z->pos))
            oldest = i;
        newest = MAX(newest, y->t);
    }
    if (x->n && jumped(c, pc, newest, m->t)) {
        state_free(c, s, pc, st);
        return feed_value_count(c, s, pc, st, m, ret_hit);
    }
    if (at == NO_INDEX && x->n == pc->need) {
        at = oldest;
        if (m->t < mini_at(x, s, at)->t)
            return 0; /* late: not among the most recent */
    } else if (at != NO_INDEX && m->t < mini_at(x, s, at)->t) {
        return 0;
    }
    words_ref(&c->words, value);
    mini_keep(c, s, m);
    if (at == NO_INDEX) {
        at = x->n++;
    } else {
        words_unref(&c->words, mini_at(x, s, at)->weight);
        mini_drop(c, s, mini_at(x, s, at));
    }
    struct mini *y = mini_at(x, s, at);
    memcpy(y, m, s->mini_bytes);
    y->weight = value;
    int64_t first = y->t;
    newest = MAX(newest, y->t);
    for (uint32_t i = 0; i < x->n; i++)
        first = MIN(first, mini_at(x, s, i)->t);
    *ret_hit = x->n == pc->need && newest - first <= pc->span_ns;
    return 0;
}

/* A provider counts in 1/64 of its timespan. */
struct provider {
    struct word_set set;
    uint32_t step; /* of the last clean-up */
    uint32_t live; /* values then, and those added since */
};
enum { PROVIDER_STEPS = 64 };

static uint32_t provider_step(const struct plan_corr *pc, int64_t t) {
    return t <= 0 ? 0 : (uint32_t) (t / (pc->span_ns / PROVIDER_STEPS));
}

static int feed_provider(struct correlate *c, const struct plan_corr *pc, union corr_state *st,
                         const struct mini *m) {
    struct provider *p = st->p;
    uint32_t value;
    int r = value_word(c, pc, m, &value);
    if (r < 0 || !value)
        return r;
    if (!p)
        st->p = p = hot_realloc(c, NULL, 0, sizeof *p);
    if (!p)
        return -ENOMEM;
    uint32_t step = provider_step(pc, m->t);
    struct word_seen *seen = word_set_find(&p->set, value);
    if (seen) {
        p->live += p->step - seen->step > PROVIDER_STEPS && p->step > seen->step;
        seen->step = MAX(seen->step, step);
        return 0;
    }
    uint32_t oldest = step > PROVIDER_STEPS ? step - PROVIDER_STEPS : 0;
    r = word_set_add(c, &p->set, value, step, oldest, CORRELATION_VALUES_MAX);
    c->stats.values_dropped += r == 1;
    p->live += r == 0;
    return r < 0 ? r : 0;
}

uint32_t state_provider_count(struct correlate *c UNUSED, const struct plan_corr *pc,
                              union corr_state *st, int64_t t) {
    struct provider *p = st->p;
    if (!p)
        return 0;
    uint32_t step = provider_step(pc, t);
    if (step == p->step)
        return p->live;
    uint32_t places = p->set.cap <= 16 ? p->set.n : p->set.cap;
    p->live = 0;
    for (uint32_t i = 0; i < places; i++)
        p->live += p->set.at[i].word && p->set.at[i].step + PROVIDER_STEPS >= step;
    p->step = step;
    return p->live;
}

/* ---- temporal ---- */

/* One place a rule; n counts how many are filled, a place's weight is 0 while it is empty. */
static int feed_temporal(struct correlate *c, const struct plan_scope *s,
                         const struct plan_corr *pc, union corr_state *st, const struct mini *m,
                         bool *ret_hit) {
    struct minis *x = st->p;
    if (!x) {
        x = hot_realloc(c, NULL, 0, minis_bytes(s, pc->n_inputs));
        if (!x)
            return -ENOMEM;
        x->cap = pc->n_inputs;
        st->p = x;
    }
    uint32_t near = 0, after = 0, before_it[CORRELATION_INPUTS_MAX], behind_it[CORRELATION_INPUTS_MAX];
    for (uint32_t i = 0; i < pc->n_inputs; i++) {
        struct mini *y = mini_at(x, s, i);
        bool back = y->weight && jumped(c, pc, y->t, m->t);
        if ((m->mask >> pc->input_bit[i] & 1) && (!y->weight || m->t >= y->t || back)) {
            mini_keep(c, s, m);
            if (y->weight)
                mini_drop(c, s, y);
            memcpy(y, m, s->mini_bytes);
        }
        /* Near this event: what lies on one side of it; both sides would be two spans. */
        near += before_it[i] = y->weight && y->t >= m->t - pc->span_ns && y->t <= m->t;
    }
    for (uint32_t i = 0; i < pc->n_inputs; i++) {
        const struct mini *y = mini_at(x, s, i);
        after += behind_it[i] = y->weight && y->t >= m->t && y->t <= m->t + pc->span_ns;
    }
    if (pc->in_words) {
        bool late = false;
        for (uint32_t i = 0; i < pc->n_inputs; i++)
            late |= behind_it[i] && mini_at(x, s, i)->t > m->t;
        *ret_hit = corr_code_run(&pc->rest, before_it, NULL, NULL) != 0 ||
                   (late && corr_code_run(&pc->rest, behind_it, NULL, NULL) != 0);
        return 0;
    }
    *ret_hit = near >= pc->need || after >= pc->need;
    return 0;
}

/* ---- temporal_ordered ---- */

/* The chain of stage i has i + 1 minis and begins at this place. The last stage holds the chain that was completed last,
 * for the finding: the event that completed it may at once stand in the stages below. */
static uint32_t chain_at(uint32_t i) {
    return i * (i + 1) / 2;
}

static void chain_set(struct correlate *c, const struct plan_scope *s, struct minis *x,
                      uint32_t stage, const struct mini *m) {
    bool had = mini_at(x, s, chain_at(stage))->weight != 0;
    for (uint32_t i = 0; i <= stage; i++) {
        struct mini *to = mini_at(x, s, chain_at(stage) + i);
        const struct mini *from = i == stage ? m : mini_at(x, s, chain_at(stage - 1) + i);
        mini_keep(c, s, from);
        if (had)
            mini_drop(c, s, to);
        memcpy(to, from, s->mini_bytes);
    }
}

static int feed_ordered(struct correlate *c, const struct plan_scope *s, const struct plan_corr *pc,
                        union corr_state *st, const struct mini *m, bool *ret_hit) {
    uint32_t last = pc->n_inputs - 1;
    struct minis *x = st->p;
    if (last == 0) {
        *ret_hit = true;
        return 0;
    }
    if (!x) {
        if (!(m->mask >> pc->input_bit[0] & 1))
            return 0;
        x = hot_realloc(c, NULL, 0, minis_bytes(s, chain_at(pc->n_inputs)));
        if (!x)
            return -ENOMEM;
        x->cap = chain_at(pc->n_inputs);
        st->p = x;
    }
    /* From the last stage down, so that one event is never two links of a chain. */
    for (uint32_t i = last + 1; i-- > 0;) {
        if (!(m->mask >> pc->input_bit[i] & 1))
            continue;
        const struct mini *start = i ? mini_at(x, s, chain_at(i - 1)) : m;
        const struct mini *prev = i ? mini_at(x, s, chain_at(i - 1) + i - 1) : m;
        if (i && (!start->weight || m->t < prev->t || m->t - start->t > pc->span_ns))
            continue;
        *ret_hit |= i == last;
        const struct mini *now = mini_at(x, s, chain_at(i));
        if (i == last || !now->weight || start->t >= now->t || jumped(c, pc, now->t, start->t))
            chain_set(c, s, x, i, m);
    }
    return 0;
}

/* ---- all of them ---- */

static bool feed_first_seen(const struct plan_corr *pc, union corr_state *st,
                            const struct mini *m) {
    bool hit = st->t == 0 || m->t - st->t > pc->span_ns || m->t < st->t - pc->span_ns;
    if (hit || m->t > st->t)
        st->t = m->t ? m->t : 1;
    return hit;
}

int state_feed(struct correlate *c, const struct plan_scope *s, const struct plan_corr *pc,
               union corr_state *st, const struct mini *m, bool *ret_hit) {
    *ret_hit = pc->late;
    if (pc->late)
        return 0;
    switch (pc->type) {
    case CORR_EVENT_COUNT:
        return feed_event_count(c, s, pc, st, m, ret_hit);
    case CORR_VALUE_COUNT:
        return pc->need ? feed_value_count(c, s, pc, st, m, ret_hit) : feed_provider(c, pc, st, m);
    case CORR_TEMPORAL:
        return feed_temporal(c, s, pc, st, m, ret_hit);
    case CORR_TEMPORAL_ORDERED:
        return feed_ordered(c, s, pc, st, m, ret_hit);
    case CORR_FIRST_SEEN:
        *ret_hit = feed_first_seen(pc, st, m);
        return 0;
    case CORR_USUAL:
        return usual_feed(c, pc, st, m);
    case CORR_SEEN_AGAIN:
        *ret_hit = again_feed(pc, st, m);
        return 0;
    case CORR_UNUSUAL:
        return unusual_feed(c, pc, st, m, ret_hit);
    default: /* measures are judged over their window */
        return corr_is_number(pc) ? number_feed(c, s, pc, st, m, ret_hit) : 0;
    }
}

void state_free(struct correlate *c, const struct plan_scope *s, const struct plan_corr *pc,
                union corr_state *st) {
    if (pc->type == CORR_FIRST_SEEN || pc->type == CORR_SEEN_AGAIN || !st->p)
        return;
    if (pc->type == CORR_USUAL) {
        usual_free(c, st);
        return;
    }
    if (corr_is_number(pc)) {
        number_free(c, s, st);
        return;
    }
    if (pc->type == CORR_UNUSUAL) {
        unusual_free(c, pc, st);
        return;
    }
    if (pc->type == CORR_VALUE_COUNT && !pc->need) {
        word_set_free(c, &((struct provider *) st->p)->set);
        st->p = hot_realloc(c, st->p, sizeof(struct provider), 0);
    } else {
        struct minis *x = st->p;
        bool by_place = pc->type == CORR_TEMPORAL || pc->type == CORR_TEMPORAL_ORDERED;
        uint32_t n = by_place ? x->cap : x->n;
        for (uint32_t i = 0; i < n; i++) {
            struct mini *y = pc->type == CORR_EVENT_COUNT ? ring_at(x, s, i) : mini_at(x, s, i);
            if (!y->weight)
                continue;
            mini_drop(c, s, y);
            if (pc->type == CORR_VALUE_COUNT)
                words_unref(&c->words, y->weight);
        }
        st->p = hot_realloc(c, x, minis_bytes(s, x->cap), 0);
    }
}

static int by_time(const void *a, const void *b) {
    const struct mini *x = *(const struct mini *const *) a, *y = *(const struct mini *const *) b;
    if (x->t != y->t)
        return x->t < y->t ? -1 : 1;
    return x->pos < y->pos ? -1 : x->pos > y->pos;
}

/* What stands in the member `weight` is not always the weight. */
static int call_with_weight(const struct plan_scope *s, const struct mini *m, uint32_t weight,
                            mini_fn *fn, void *ctx) {
    union mini_room one;
    memcpy(&one, m, s->mini_bytes);
    one.m.weight = weight;
    return fn(ctx, &one.m);
}

/* Values and rules stand in no order: sorted before they are told. */
static int past_sorted(const struct plan_scope *s, const struct plan_corr *pc,
                       const struct minis *x, uint32_t n, const struct mini *now, mini_fn *fn,
                       void *ctx) {
    const struct mini **list = mem_realloc_array(NULL, n, sizeof *list);
    uint32_t k = 0;
    int r = 0;
    if (!list)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        const struct mini *y = mini_at(x, s, i);
        bool near = y->t >= now->t - pc->span_ns && y->t <= now->t + pc->span_ns;
        if (y->weight && y->pos != now->pos && near)
            list[k++] = y;
    }
    qsort(list, k, sizeof(const struct mini *), by_time);
    for (uint32_t i = 0; i < k && r == 0; i++) {
        /* one event may fill several places */
        if (i == 0 || list[i]->pos != list[i - 1]->pos)
            r = call_with_weight(s, list[i], pc->type == CORR_VALUE_COUNT ? 1 : list[i]->weight, fn, ctx);
    }
    mem_free(list);
    return r;
}

int state_past(struct correlate *c UNUSED, const struct plan_scope *s, const struct plan_corr *pc,
               const union corr_state *st, const struct mini *now, mini_fn *fn, void *ctx) {
    const struct minis *x = st->p;
    int r = 0;
    if (pc->type == CORR_FIRST_SEEN || corr_remembers(pc) || !x)
        return 0;
    if (corr_is_number(pc))
        return number_past(s, pc, st, now, fn, ctx);
    if (pc->type == CORR_VALUE_COUNT || pc->type == CORR_TEMPORAL)
        return past_sorted(s, pc, x, pc->type == CORR_TEMPORAL ? x->cap : x->n, now, fn, ctx);
    if (pc->type == CORR_TEMPORAL_ORDERED) {
        uint32_t stage = pc->n_inputs - 1; /* one rule alone has no state */
        for (uint32_t i = 0; i <= stage && r == 0; i++)
            if (mini_at(x, s, chain_at(stage) + i)->pos != now->pos)
                r = fn(ctx, mini_at(x, s, chain_at(stage) + i));
        return r;
    }
    for (uint32_t i = 0; i < x->n && r == 0;) {
        uint32_t n = 1; /* a repeated message stands there several times */
        while (i + n < x->n && ring_at(x, s, i + n)->pos == ring_at(x, s, i)->pos)
            n++;
        if (ring_at(x, s, i)->pos != now->pos)
            r = call_with_weight(s, ring_at(x, s, i), n, fn, ctx);
        i += n;
    }
    return r;
}

/* ---- image ---- */

void image_mini(struct correlate_image *x, const struct plan_scope *s, struct mini *m,
                bool valued) {
    image_i64(x->i, &m->t);
    image_u64(x->i, &m->pos);
    image_u32(x->i, &m->mask);
    if (valued)
        image_word(x, &m->weight);
    else
        image_u32(x->i, &m->weight);
    for (uint32_t i = 0; i < s->n_vals; i++)
        image_word(x, &m->vals[i]);
    if (!x->i->reading)
        return;
    if (x->i->error) {
        memset(m, 0, s->mini_bytes);
        return;
    }
    mini_keep(x->c, s, m);
    if (valued)
        words_ref(&x->c->words, m->weight);
}

static void provider_image(struct correlate_image *x, union corr_state *st) {
    if (x->i->reading && !(st->p = hot_realloc(x->c, NULL, 0, sizeof(struct provider)))) {
        image_fail(x->i, -ENOMEM);
        return;
    }
    struct provider *p = st->p;
    image_u32(x->i, &p->step);
    image_u32(x->i, &p->live);
    word_set_image(x, &p->set);
}

/* How many places the state of a correlation has at most. */
static uint32_t places_max(const struct plan_corr *pc) {
    return pc->type == CORR_TEMPORAL           ? pc->n_inputs
           : pc->type == CORR_TEMPORAL_ORDERED ? chain_at(pc->n_inputs)
                                               : pc->need;
}

static void minis_image(struct correlate_image *x, const struct plan_scope *s,
                        const struct plan_corr *pc, union corr_state *st) {
    bool by_place = pc->type == CORR_TEMPORAL || pc->type == CORR_TEMPORAL_ORDERED;
    struct minis *y = st->p;
    uint32_t cap = y ? y->cap : 0, n = y ? y->n : 0;
    image_count(x->i, &cap, places_max(pc));
    image_count(x->i, &n, cap);
    if (by_place && cap != places_max(pc))
        image_fail(x->i, -ERR_CORRUPT);
    if (x->i->error)
        return;
    if (x->i->reading) {
        if (!(y = hot_realloc(x->c, NULL, 0, minis_bytes(s, cap)))) {
            image_fail(x->i, -ENOMEM);
            return;
        }
        y->cap = cap;
        st->p = y;
    }
    uint32_t places = by_place ? cap : n;
    for (uint32_t i = 0; i < places && !x->i->error; i++) {
        image_mini(x, s, ring_at(y, s, i), pc->type == CORR_VALUE_COUNT);
        y->n = x->i->reading && !by_place ? i + 1 : n;
    }
}

void state_image(struct correlate_image *x, const struct plan_scope *s, const struct plan_corr *pc,
                 union corr_state *st) {
    if (pc->type == CORR_FIRST_SEEN || pc->type == CORR_SEEN_AGAIN) {
        image_i64(x->i, &st->t);
        return;
    }
    bool there = st->p != NULL;
    image_bool(x->i, &there);
    if (!there || x->i->error)
        return;
    if (pc->type == CORR_MEASURES || pc->late)
        image_fail(x->i, -ERR_CORRUPT); /* it has its window, or a finding */
    else if (pc->type == CORR_USUAL)
        usual_image(x, st);
    else if (corr_is_number(pc))
        number_image(x, s, pc, st);
    else if (pc->type == CORR_UNUSUAL)
        unusual_image(x, pc, st);
    else if (pc->type == CORR_VALUE_COUNT && !pc->need)
        provider_image(x, st);
    else
        minis_image(x, s, pc, st);
}
