/* The correlator: one event through all scopes, and time. */
#include "base/hash.h"
#include "base/mem.h"
#include "detect/correlate_priv.h"

enum { WEIGHT_MAX = 1000000 }; /* "message repeated N times": more is not believed */

/* kizuki.day: so that days on which something was seen can be counted. In no zone: days of UTC. */
static struct str day_of(const struct event *ev, char line[24]) {
    int64_t day = ev->time_ns / NS_PER_DAY - (ev->time_ns % NS_PER_DAY < 0);
    return str_n(line, (size_t) snprintf(line, 24, "%lld", (long long) day));
}

int event_word(struct correlate *c, uint32_t field, uint32_t *ret) {
    struct field_memo *memo = &c->memo[field];
    if (memo->epoch != c->epoch) {
        char day[24];
        struct str v = field == c->plan->f_day ? day_of(c->ev, day) : event_get(c->ev, field);
        uint32_t word = 0;
        if (v.n) {
            word = words_add(&c->words, v);
            if (!word)
                return -ENOMEM;
        }
        *memo = (struct field_memo){.epoch = c->epoch, .word = word};
    }
    *ret = memo->word;
    return 0;
}

/* ---- judging ---- */

struct judge {
    struct correlate *c;
    uint32_t scope;
    const struct plan_corr *pc;
    struct group *g;
    int64_t t;
    int code;
};

static double attached(void *ctx, uint32_t measure) {
    struct judge *j = ctx;
    double v = 0;
    if (!finding_attached(j->c, j->g, j->pc, measure, &v) && j->code == 0)
        j->code = group_attached(j->c, j->scope, j->g, &j->pc->measures[measure], j->t, &v);
    return v;
}

/* Is the condition true over its window? `v` is what this event has shown of the window's facts.
 * Whoever asks for a fact that does not hold leaves *todo. */
static int judge_measures(struct correlate *c, uint32_t scope, const struct plan_step *step,
                          struct group *g, int64_t t, struct corr_verdict *v, uint64_t *todo,
                          bool *ret_hit) {
    const struct plan_corr *pc = step->corr;
    const struct plan_window *pw = &c->plan->scopes[scope].windows[pc->window];
    const struct window *w = hot_of(c, g)->states[step->state].p;
    const uint32_t *totals = w ? window_totals(w) : NULL;
    const struct corr_fact *broken =
        corr_facts_broken(pw->facts, step->facts, totals, &v[pc->window]);
    struct judge j = {.c = c, .scope = scope, .pc = pc, .g = g, .t = t};
    if (broken)
        *todo &= ~broken->users;
    *ret_hit = !broken && (!pc->rest.n || corr_code_run(&pc->rest, totals, attached, &j) != 0);
    return j.code;
}

/* Tells the scopes that look at the rule. */
static void mark(struct correlate *c, uint32_t rule) {
    const struct plan_target *t = &c->plan->targets[rule];
    for (uint32_t i = 0; i < t->n_feeds; i++) {
        uint32_t scope = t->feeds[i].scope, level = c->plan->scopes[scope].level;
        if (!c->scopes[scope].mask)
            c->level_scopes[level][c->level_n[level]++] = scope;
        c->scopes[scope].mask |= (uint32_t) 1 << t->feeds[i].bit;
    }
}

static int on_hit(struct correlate *c, uint32_t scope, struct group *g, const struct plan_corr *pc,
                  const struct mini *m) {
    c->rule_hits[pc - c->plan->corrs]++;
    if (pc->chained)
        mark(c, pc->pub.rule->index);
    return pc->emits ? finding_hit(c, scope, g, pc, m) : 0;
}

static int feed_windows(struct correlate *c, const struct plan_scope *s, struct hot *h,
                        const struct mini *m) {
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < s->n_windows; i++)
        if ((s->windows[i].inputs & m->mask) && (h->ready >> (s->n_corrs + i) & 1))
            r = window_feed(c, &s->windows[i], &h->states[s->n_corrs + i], m);
    return r;
}

/* The correlations that look at the event and whose state has the group's past, by their places. */
static uint64_t steps_at(const struct plan_scope *s, const struct hot *h, uint32_t mask) {
    uint64_t steps = 0, all = UINT64_MAX >> (64 - s->n_corrs - s->n_windows);
    for (; mask; mask &= mask - 1)
        steps |= s->steps_on[__builtin_ctz(mask)];
    if (h->ready == all)
        return steps;
    for (uint64_t todo = steps; todo; todo &= todo - 1) {
        unsigned i = (unsigned) __builtin_ctzll(todo);
        if (!(h->ready >> s->steps[i].state & 1))
            steps &= ~((uint64_t) 1 << i);
    }
    return steps;
}

static int feed_hot(struct correlate *c, uint32_t scope, struct group *g, const struct mini *m) {
    const struct plan_scope *s = &c->plan->scopes[scope];
    struct hot *h = hot_of(c, g); /* stays where it is as long as the group does */
    struct corr_verdict v[STATES_MAX];
    memset(v, 0, s->n_windows * sizeof *v);
    int r = feed_windows(c, s, h, m);
    uint64_t todo = steps_at(s, h, m->mask);
    while (todo && r == 0) {
        unsigned i = (unsigned) __builtin_ctzll(todo);
        const struct plan_step *step = &s->steps[i];
        bool hit = false;
        todo &= todo - 1;
        if (step->measures)
            r = judge_measures(c, scope, step, g, m->t, v, &todo, &hit);
        else
            r = state_feed(c, s, step->corr, &h->states[i], m, &hit);
        if (r == 0 && hit)
            r = on_hit(c, scope, g, step->corr, m);
    }
    return r;
}

/* ---- one event in one scope ---- */

static int fill_mini(struct correlate *c, const struct plan_scope *s, uint32_t mask,
                     union mini_room *room) {
    struct mini *m = &room->m;
    memset(room, 0, sizeof *room);
    m->t = c->ev->time_ns;
    m->pos = pos_pack(c->ev->raw->pos);
    m->mask = mask;
    m->weight = c->weight;
    for (uint32_t i = 0; i < s->n_vals; i++) {
        int r = event_word(c, s->vals[i], &m->vals[i]);
        if (r < 0)
            return r;
    }
    return 0;
}

/* The words of the group's keys; 1 = a field is absent: the event takes no part. */
static int fill_keys(struct correlate *c, const struct plan_scope *s, const uint32_t *fields,
                     uint32_t *keys) {
    for (uint32_t i = 0; i < s->n_keys; i++) {
        int r = event_word(c, fields[i], &keys[i]);
        if (r < 0)
            return r;
        if (!keys[i])
            return 1;
    }
    return 0;
}

static int feed_scope(struct correlate *c, uint32_t scope, uint32_t mask, const uint32_t *keys) {
    const struct plan_scope *s = &c->plan->scopes[scope];
    uint32_t handle = 0;
    union mini_room room;
    int r = 0;
    if (mask & s->creates) {
        r = group_get(c, scope, keys, c->ev->time_ns, &handle);
    } else if ((handle = group_find(c, scope, keys))) {
        group_touch(c, scope, handle, c->ev->time_ns);
    }
    if (r < 0 || !handle)
        return r;
    r = fill_mini(c, s, mask, &room);
    struct group *g = group_at(c, handle);
    if (r == 0)
        r = group_prepare(c, scope, g, &room.m);
    return r == 0 && g->hot ? feed_hot(c, scope, g, &room.m) : r;
}

/* Which of the rules in `mask` lead to the same group as `keys`: the event is one event there, not one a rule. */
static int same_group(struct correlate *c, const struct plan_scope *s, uint32_t mask, const uint32_t *keys,
                      uint32_t *ret) {
    uint32_t other[CORRELATION_FIELDS_MAX];
    for (; mask; mask &= mask - 1) {
        uint32_t bit = (uint32_t) __builtin_ctz(mask);
        int r = fill_keys(c, s, s->key_fields[bit], other);
        if (r < 0)
            return r;
        if (r == 0 && memcmp(other, keys, s->n_keys * sizeof *keys) == 0)
            *ret |= (uint32_t) 1 << bit;
    }
    return 0;
}

static int run_scope(struct correlate *c, uint32_t scope) {
    const struct plan_scope *s = &c->plan->scopes[scope];
    uint32_t mask = c->scopes[scope].mask, keys[CORRELATION_FIELDS_MAX];
    c->scopes[scope].mask = 0;
    if (!s->aliased) {
        int r = fill_keys(c, s, s->keys, keys);
        return r == 0 ? feed_scope(c, scope, mask, keys) : r < 0 ? r : 0;
    }
    while (mask) {
        uint32_t bits = mask & -mask;
        int r = fill_keys(c, s, s->key_fields[__builtin_ctz(mask)], keys);
        mask &= mask - 1;
        if (r == 0)
            r = same_group(c, s, mask, keys, &bits);
        if (r == 0)
            r = feed_scope(c, scope, bits, keys);
        if (r < 0)
            return r;
        mask &= ~bits;
    }
    return 0;
}

/* Scopes in the order of the plan, whatever order the hits came in. */
static int by_number(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;
    return x < y ? -1 : x > y;
}

static int run_levels(struct correlate *c) {
    int r = 0;
    for (uint32_t level = 0; level < c->plan->n_levels; level++) {
        uint32_t n = c->level_n[level];
        c->level_n[level] = 0;
        if (n > 1)
            qsort(c->level_scopes[level], n, sizeof(uint32_t), by_number);
        for (uint32_t i = 0; i < n; i++)
            r = r == 0 ? run_scope(c, c->level_scopes[level][i]) : r;
    }
    return r;
}

static uint32_t weight_of(const struct correlate *c, const struct event *ev) {
    uint64_t n;
    struct str v = c->plan->f_count ? event_get(ev, c->plan->f_count) : STR_NULL;
    if (!v.n || str_to_u64(v, &n) < 0 || n == 0)
        return 1;
    return (uint32_t) MIN(n, WEIGHT_MAX);
}

/* ---- time ---- */

/* The clock goes with the newest event. A jump back by more than the slack takes it along: old logs
 * may follow newer ones. */
static int advance(struct correlate *c, int64_t t, bool tick) {
    if (t > c->clock_ns || (!tick && t < c->clock_ns - CORRELATION_SLACK_NS)) {
        c->clock_ns = t;
        if (t < c->sweep_ns - 2 * NS_PER_S)
            c->sweep_ns = t;
    }
    int r = findings_run(c);
    if (r == 0 && c->clock_ns >= c->sweep_ns) {
        c->sweep_ns = c->clock_ns + NS_PER_S;
        r = groups_expire(c);
    }
    return r;
}

int correlate_event(struct correlate *c, const struct event *ev, const uint32_t *hits,
                    size_t n_hits) {
    ASSERT(ev->time_ns != TIME_NONE);
    int r = advance(c, ev->time_ns, false);
    if (r < 0 || n_hits == 0)
        return r;
    c->ev = ev;
    c->weight = weight_of(c, ev);
    if (++c->epoch == 0) {
        memset(c->memo, 0, event_names_count(c->plan->names) * sizeof *c->memo);
        c->epoch = 1;
    }
    for (size_t i = 0; i < n_hits && r == 0; i++) {
        ASSERT(hits[i] < c->plan->n_targets);
        const struct plan_target *t = &c->plan->targets[hits[i]];
        if (t->fold != NO_INDEX)
            r = finding_fold(c, &c->plan->folds[t->fold]);
        if (t->n_tell && c->sink.match)
            c->sink.match(c->sink.ctx, c->plan->set->rules[hits[i]]->name, ev, t->tell, t->n_tell);
        mark(c, hits[i]);
    }
    int after = run_levels(c);
    words_sweep(&c->words);
    c->ev = NULL;
    return r < 0 ? r : after;
}

int correlate_tick(struct correlate *c, int64_t t_ns) {
    int r = advance(c, t_ns, true);
    words_sweep(&c->words);
    return r;
}

int correlate_flush(struct correlate *c) {
    int r = findings_end_all(c);
    words_sweep(&c->words);
    return r;
}

/* ---- life ---- */

static int make_room(struct correlate *c) {
    const struct correlate_plan *p = c->plan;
    c->scopes = mem_zalloc_array(p->n_scopes + 1, sizeof *c->scopes);
    c->level_scopes = mem_zalloc_array(CORRELATION_LEVELS_MAX, sizeof *c->level_scopes);
    c->level_n = mem_zalloc_array(CORRELATION_LEVELS_MAX, sizeof *c->level_n);
    c->memo = mem_zalloc_array(event_names_count(p->names), sizeof *c->memo);
    c->rule_evicted = mem_zalloc_array(p->n_corrs + 1, sizeof *c->rule_evicted);
    c->rule_hits = mem_zalloc_array(p->n_corrs + 1, sizeof *c->rule_hits);
    if (!c->scopes || !c->level_scopes || !c->level_n || !c->memo || !c->rule_evicted || !c->rule_hits)
        return -ENOMEM;
    for (uint32_t i = 0; i < p->n_scopes; i++)
        c->scopes[i].lost_ns = INT64_MIN;
    for (uint32_t i = 0; i < CORRELATION_LEVELS_MAX; i++) {
        c->level_scopes[i] = mem_zalloc_array(p->n_scopes + 1, sizeof **c->level_scopes);
        if (!c->level_scopes[i])
            return -ENOMEM;
    }
    return 0;
}

int correlate_new(const struct correlate_plan *p, const struct finding_sink *sink,
                  const struct correlate_limits *limits, struct correlate **ret) {
    static const struct correlate_limits usual = {.groups_max = CORRELATION_GROUPS_MAX,
                                                  .bytes_max = CORRELATION_BYTES_MAX,
                                                  .findings_max = CORRELATION_FINDINGS_MAX};
    struct correlate *c = mem_zalloc(sizeof *c);
    if (!c)
        return -ENOMEM;
    c->plan = p;
    c->sink = *sink;
    c->limits = limits ? *limits : usual;
    c->clock_ns = c->sweep_ns = INT64_MIN / 2;
    hash_random_key(c->hash_key);
    pool_init(&c->pool);
    words_init(&c->words, &c->pool);
    arena_init(&c->scratch, TELL_BYTES_MAX);
    int r = make_room(c);
    if (r < 0) {
        correlate_free(c);
        return r;
    }
    *ret = c;
    return 0;
}

void correlate_free(struct correlate *c) {
    if (!c)
        return;
    c->words.closing = true;
    findings_free_all(c);
    if (c->scopes)
        groups_free_all(c);
    for (uint32_t i = 0; c->level_scopes && i < CORRELATION_LEVELS_MAX; i++)
        mem_free(c->level_scopes[i]);
    mem_free(c->level_scopes);
    mem_free(c->level_n);
    mem_free(c->memo);
    mem_free(c->rule_evicted);
    mem_free(c->rule_hits);
    mem_free(c->scopes);
    words_done(&c->words);
    pool_done(&c->pool);
    arena_done(&c->scratch);
    mem_free(c);
}

void correlate_stats(const struct correlate *c, struct correlate_stats *ret) {
    *ret = c->stats;
    ret->groups = c->n_groups;
    ret->findings_open = c->n_open;
    ret->bytes = c->pool.live_bytes + c->hot_bytes;
}

uint64_t correlate_rule_evicted(const struct correlate *c, uint32_t rule) {
    uint32_t corr = c->plan->targets[rule].corr;
    return corr == NO_INDEX ? 0 : c->rule_evicted[corr];
}

uint64_t correlate_rule_hits(const struct correlate *c, uint32_t rule) {
    uint32_t corr = c->plan->targets[rule].corr;
    return corr == NO_INDEX ? 0 : c->rule_hits[corr];
}
