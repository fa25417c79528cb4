/* Rule set -> plan: reads the correlations, refuses what cannot run, gives each a level and a
 * scope, and notes for every rule which scopes want to hear of it. */
#include "base/limits.h"
#include "base/mem.h"
#include "detect/correlate_read.h"

#define PLAN_BYTES_MAX ((size_t) 256 << 20)
#define LIFT_MAX 500    /* correlations; looking for pairs costs the square of their number */
#define COLD_LOG_MAX 15 /* a cold group's log; longer ones would make small groups large */

struct planner {
    struct correlate_plan *p;
    struct corr_reader reader;
    struct plan_corr **specs; /* by rule index; NULL: no correlation, or refused */
    struct diag *reterr;
};

static int no_memory(struct planner *b) {
    return diag_set(b->reterr, -ENOMEM, "out of memory");
}

/* The correlation is listed as refused; only the end of memory stops the planner. */
static int refuse(struct planner *b, const struct detect_rule *rule, const struct diag *why) {
    b->specs[rule->index] = NULL;
    if (why->code == -ENOMEM || detect_rules_refuse(b->p->set, rule, why) < 0)
        return no_memory(b);
    return 0;
}

static int read_all(struct planner *b) {
    for (uint32_t i = 0; i < b->p->set->n; i++) {
        const struct detect_rule *rule = b->p->set->rules[i];
        if (rule->kind != DETECT_CORRELATION || rule->refused)
            continue;
        struct plan_corr *c = arena_alloc(&b->p->arena, sizeof *c);
        struct diag why = {0};
        if (!c)
            return no_memory(b);
        b->specs[i] = c;
        int code = corr_read(&b->reader, rule, c, &why);
        if (code < 0) {
            why.code = code;
            code = refuse(b, rule, &why);
        }
        if (code < 0)
            return code;
    }
    return 0;
}

/* Before the correlations, so that a detection refused here is not looked at by any of them. */
static int read_folds(struct planner *b) {
    struct correlate_plan *p = b->p;
    p->folds = arena_zalloc(&p->arena, (p->set->n + 1) * sizeof *p->folds);
    if (!p->folds)
        return no_memory(b);
    for (uint32_t i = 0; i < p->set->n; i++) {
        const struct detect_rule *rule = p->set->rules[i];
        struct diag why = {0};
        if (rule->kind != DETECT_DETECTION || rule->refused)
            continue;
        int code = corr_read_fold(&b->reader, rule, &p->folds[i], &why);
        if (code == 0)
            code = corr_read_tell(&b->reader, rule, &p->targets[i].tell, &p->targets[i].n_tell, &why);
        if (code < 0) {
            why.code = code;
            code = refuse(b, rule, &why);
        }
        if (code < 0)
            return code;
    }
    return 0;
}

static struct plan_corr *spec_of(const struct planner *b, const struct detect_rule *rule) {
    return rule->kind == DETECT_CORRELATION ? b->specs[rule->index] : NULL;
}

/* Where the provider's keys stand among the consumer's; false when one is missing. */
static bool map_keys(const struct plan_corr *consumer, const struct plan_corr *provider,
                     uint32_t *ret) {
    if (consumer->n_aliases || provider->n_aliases)
        return false;
    for (uint32_t i = 0; i < provider->n_keys; i++) {
        ret[i] = 0;
        while (ret[i] < consumer->n_keys && consumer->keys[ret[i]] != provider->keys[i])
            ret[i]++;
        if (ret[i] == consumer->n_keys)
            return false;
    }
    return true;
}

static bool scope_take(struct plan_scope *s, const struct plan_corr *c);

/* What a correlation needs from others, and of room: 0, or a diag. After this nothing can refuse
 * it. */
static int check_needs(const struct planner *b, const struct plan_corr *c, struct diag *why) {
    const struct detect_rule *rule = c->pub.rule;
    struct plan_scope empty = {0};
    if (!scope_take(&empty, c))
        return yaml_error(why, -ERR_LIMIT, rule->file.p, rule->correlation,
                          "more than %d fields are counted or collected", CORRELATION_FIELDS_MAX);
    for (uint32_t i = 0; i < c->n_inputs; i++) {
        const struct detect_rule *in = c->inputs[i];
        const struct plan_corr *from = spec_of(b, in);
        if (in->refused || (in->kind == DETECT_CORRELATION && !from))
            return yaml_error(why, -ERR_REFUSED, rule->file.p, rule->correlation,
                              "it looks at '%.*s', which is refused itself", STR_ARG(in->title));
        if (from && from->late)
            return yaml_error(why, -ERR_UNSUPPORTED, rule->file.p, rule->correlation,
                              "it looks at '%.*s', which is judged when its time is over; only "
                              "people can be told of that",
                              STR_ARG(in->title));
        if (from && corr_is_provider(from))
            return yaml_error(why, -ERR_PARSE, rule->file.p, rule->correlation,
                              "it looks at '%.*s', which has no number in its condition and is "
                              "never true",
                              STR_ARG(in->title));
    }
    for (uint32_t i = 0; i < c->n_measures; i++) {
        const struct plan_measure *m = &c->measures[i];
        uint32_t keys[CORRELATION_FIELDS_MAX];
        if (m->kind != MEASURE_ATTACHED)
            continue;
        const struct plan_corr *from = spec_of(b, m->provider_rule);
        if (!from || !corr_is_provider(from) || !map_keys(c, from, keys) ||
            (from->type == CORR_USUAL) != (m->say != USUAL_NOTHING))
            return yaml_error(
                why, -ERR_PARSE, rule->file.p, rule->correlation,
                "'%.*s' cannot be attached: it must be a value_count without a number "
                "in its condition, or a usual with 'say', grouped by fields of this group-by",
                STR_ARG(m->provider_rule->title));
    }
    return 0;
}

static bool same_group(const struct plan_corr *a, const struct plan_corr *b) {
    return a->n_keys == b->n_keys && !a->n_aliases && !b->n_aliases &&
           memcmp(a->keys, b->keys, a->n_keys * sizeof *a->keys) == 0;
}

/* Above what it looks at, and after what is attached to it, which has counted the event at hand: in one table of groups
 * that stands first (place_all). */
static uint32_t least_level(const struct planner *b, const struct plan_corr *c) {
    uint32_t level = c->floor;
    for (uint32_t k = 0; k < c->n_inputs; k++) {
        const struct plan_corr *from = spec_of(b, c->inputs[k]);
        level = from ? MAX(level, from->level + 1) : level;
    }
    for (uint32_t k = 0; k < c->n_measures; k++) {
        const struct plan_corr *from = c->measures[k].provider_rule ? spec_of(b, c->measures[k].provider_rule) : NULL;
        level = from ? MAX(level, from->level + !same_group(c, from)) : level;
    }
    return level;
}

/* One round over all: refuses what lost something it needs, raises levels. Returns 1 when anything
 * changed. */
static int settle_round(struct planner *b) {
    int changed = 0;
    for (uint32_t i = 0; i < b->p->set->n; i++) {
        struct plan_corr *c = b->specs[i];
        struct diag why = {0};
        if (!c)
            continue;
        int code = check_needs(b, c, &why);
        uint32_t level = code == 0 ? least_level(b, c) : c->floor;
        if (code == 0 && level >= CORRELATION_LEVELS_MAX)
            code = yaml_error(&why, -ERR_LIMIT, c->pub.rule->file.p, c->pub.rule->correlation,
                              "correlations look at each other in a circle or more than %d deep",
                              CORRELATION_LEVELS_MAX);
        if (code < 0) {
            why.code = code;
            code = refuse(b, c->pub.rule, &why);
            if (code < 0)
                return code;
            changed = 1;
        } else if (level != c->level) {
            c->level = level;
            changed = 1;
        }
    }
    return changed;
}

/* ---- levels ---- */

/* Levels from the floors; false when something would stand too high. */
static bool set_levels(struct planner *b) {
    bool changed = true;
    while (changed) {
        changed = false;
        for (uint32_t i = 0; i < b->p->set->n; i++) {
            struct plan_corr *c = b->specs[i];
            uint32_t level = c ? least_level(b, c) : 0;
            if (!c || level <= c->level)
                continue;
            if (level >= CORRELATION_LEVELS_MAX)
                return false;
            c->level = level;
            changed = true;
        }
    }
    return true;
}

/* The lowest level above c's on which its group-by stands already; NO_INDEX: none. */
static uint32_t level_above(const struct planner *b, const struct plan_corr *c) {
    uint32_t best = NO_INDEX;
    for (uint32_t i = 0; i < b->p->set->n; i++) {
        const struct plan_corr *d = b->specs[i];
        if (d && d != c && d->level > c->level && same_group(c, d))
            best = MIN(best, d->level);
    }
    return best;
}

/* How many tables of groups the levels make. */
static uint32_t count_scopes(const struct planner *b) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < b->p->set->n; i++) {
        const struct plan_corr *c = b->specs[i];
        uint32_t k = 0;
        while (c && k < i &&
               !(b->specs[k] && b->specs[k]->level == c->level && same_group(c, b->specs[k])))
            k++;
        n += c && k == i;
    }
    return n;
}

/* Levels and floors before a try. */
struct stand {
    uint32_t level, floor;
};

/* Whatever stood with a raised one goes along; false when nothing was left behind. */
static bool follow(struct planner *b, const struct stand *was) {
    bool moved = false;
    for (uint32_t i = 0; i < b->p->set->n; i++) {
        const struct plan_corr *d = b->specs[i];
        for (uint32_t k = 0; d && d->level != was[i].level && k < b->p->set->n; k++) {
            struct plan_corr *e = b->specs[k];
            if (!e || was[k].level != was[i].level || e->level >= d->level || !same_group(d, e))
                continue;
            e->floor = d->level;
            moved = true;
        }
    }
    return moved;
}

/* Raises all that stand with c to where their group-by stands already, if that makes fewer tables.
 * It does not when what stands there looks at one of them and is raised, too. */
static bool lift(struct planner *b, const struct plan_corr *c, uint32_t to, struct stand *was) {
    uint32_t before = count_scopes(b), from = c->level, n = b->p->set->n;
    for (uint32_t i = 0; i < n; i++) {
        struct plan_corr *d = b->specs[i];
        was[i] = d ? (struct stand){d->level, d->floor} : (struct stand){0, 0};
        if (d && d->level == from && same_group(c, d))
            d->floor = to;
    }
    bool fits = set_levels(b);
    while (fits && follow(b, was))
        fits = set_levels(b);
    if (fits && count_scopes(b) < before)
        return true;
    for (uint32_t i = 0; i < n; i++) {
        if (!b->specs[i])
            continue;
        b->specs[i]->level = was[i].level;
        b->specs[i]->floor = was[i].floor;
    }
    return false;
}

/* Correlations with the same group-by that stand on two levels would keep every group twice. */
static int lift_all(struct planner *b) {
    struct stand *was = arena_alloc(&b->p->arena, (b->p->set->n + 1) * sizeof *was);
    uint32_t n = 0;
    bool changed = true;
    if (!was)
        return no_memory(b);
    for (uint32_t i = 0; i < b->p->set->n; i++)
        n += b->specs[i] != NULL;
    while (changed && n <= LIFT_MAX) { /* each time there is one table less */
        changed = false;
        for (uint32_t i = 0; i < b->p->set->n && !changed; i++) {
            const struct plan_corr *c = b->specs[i];
            uint32_t to = c && !c->n_aliases ? level_above(b, c) : NO_INDEX;
            changed = to != NO_INDEX && lift(b, c, to, was);
        }
    }
    return 0;
}

/* ---- scopes ---- */

static uint32_t index_of(const uint32_t *list, uint32_t n, uint32_t v) {
    uint32_t i = 0;
    while (i < n && list[i] != v)
        i++;
    return i;
}

/* Every field whose words a mini must carry for c; duplicates allowed, at most WANTED_VALS_MAX. */
enum { WANTED_VALS_MAX = 3 * CORRELATION_FIELDS_MAX + MEASURE_FIELDS_MAX * CORRELATION_MEASURES_MAX };
static uint32_t wanted_vals(const struct plan_corr *c, uint32_t *dst) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < c->n_counted; i++)
        dst[n++] = c->counted[i];
    for (uint32_t i = 0; i < c->n_measures; i++)
        for (uint32_t k = 0; k < c->measures[i].n_fields; k++)
            dst[n++] = c->measures[i].fields[k];
    for (uint32_t i = 0; i < c->pub.n_collects; i++)
        dst[n++] = c->pub.collects[i].field;
    return n;
}

/* Adds what c needs to the scope; false, and nothing changed, when it does not fit. */
static bool scope_take(struct plan_scope *s, const struct plan_corr *c) {
    uint32_t want[WANTED_VALS_MAX];
    uint32_t n = wanted_vals(c, want);
    uint32_t n_vals = s->n_vals, n_inputs = s->n_inputs;
    for (uint32_t i = 0; i < n; i++) {
        if (index_of(s->vals, n_vals, want[i]) < n_vals)
            continue;
        if (n_vals == CORRELATION_FIELDS_MAX)
            return false;
        s->vals[n_vals++] = want[i];
    }
    for (uint32_t i = 0; i < c->n_inputs; i++) {
        uint32_t k = 0;
        while (k < n_inputs && s->inputs[k] != c->inputs[i])
            k++;
        if (k == CORRELATION_INPUTS_MAX)
            return false;
        if (k == n_inputs)
            s->inputs[n_inputs++] = c->inputs[i];
    }
    s->n_vals = n_vals;
    s->n_inputs = n_inputs;
    return true;
}

static int alias_keys(struct planner *b, struct plan_scope *s, const struct plan_corr *c) {
    s->aliased = true;
    s->key_fields = arena_zalloc(&b->p->arena, CORRELATION_INPUTS_MAX * sizeof *s->key_fields);
    if (!s->key_fields)
        return no_memory(b);
    for (uint32_t i = 0; i < c->n_inputs; i++)
        for (uint32_t k = 0; k < c->n_keys; k++)
            s->key_fields[i][k] = c->keys[k] & KEY_IS_ALIAS
                                      ? c->alias_fields[c->keys[k] & ~KEY_IS_ALIAS][i]
                                      : c->keys[k];
    return 0;
}

/* The scope of c: one with the same group-by, level and room, else a new one. */
static int find_scope(struct planner *b, struct plan_corr *c) {
    struct correlate_plan *p = b->p;
    for (uint32_t i = 0; !c->n_aliases && i < p->n_scopes; i++) {
        struct plan_scope *s = &p->scopes[i];
        if (!s->aliased && s->level == c->level && s->n_keys == c->n_keys &&
            s->n_corrs + s->n_windows + 2 <= STATES_MAX &&
            memcmp(s->keys, c->keys, c->n_keys * sizeof *c->keys) == 0 && scope_take(s, c)) {
            c->scope = i;
            return 0;
        }
    }
    struct plan_scope *s = &p->scopes[p->n_scopes];
    *s = (struct plan_scope){.level = c->level, .n_keys = c->n_keys};
    memcpy(s->keys, c->keys, sizeof s->keys);
    ASSERT(scope_take(s, c));
    c->scope = p->n_scopes++;
    return c->n_aliases ? alias_keys(b, s, c) : 0;
}

static uint32_t scope_mask(const struct plan_corr *c, uint32_t mask) {
    uint32_t out = 0;
    for (uint32_t i = 0; i < c->n_inputs; i++)
        if (mask >> i & 1)
            out |= (uint32_t) 1 << c->input_bit[i];
    return out;
}

/* From places in the document to bits and indexes of the scope. */
static void translate(struct plan_corr *c, const struct plan_scope *s) {
    for (uint32_t i = 0; i < c->n_inputs; i++) {
        uint32_t k = 0;
        while (s->inputs[k] != c->inputs[i])
            k++;
        c->input_bit[i] = k;
    }
    c->mask = scope_mask(c, c->mask);
    c->on = scope_mask(c, c->on);
    c->without = scope_mask(c, c->without);
    c->pub.evidence = scope_mask(c, c->pub.evidence);
    for (uint32_t i = 0; i < c->n_counted; i++)
        c->counted[i] = index_of(s->vals, s->n_vals, c->counted[i]);
    for (uint32_t i = 0; i < c->pub.n_collects; i++) {
        struct plan_collect *x = &c->pub.collects[i];
        x->val = index_of(s->vals, s->n_vals, x->field);
        x->mask = scope_mask(c, x->mask);
    }
    for (uint32_t i = 0; i < c->n_measures; i++) {
        c->measures[i].mask = scope_mask(c, c->measures[i].mask);
        c->measures[i].without = scope_mask(c, c->measures[i].without);
    }
}

/* ---- windows ---- */

/* Visits, period and jitter of the same events look at the same times. */
static uint32_t beats_of(struct plan_window *w, const struct plan_counter *want) {
    for (uint32_t i = 0; i < w->n_counters; i++) {
        const struct plan_counter *x = &w->counters[i];
        if (measure_is_beat(x->kind) && x->mask == want->mask && x->without == want->without)
            return x->set;
    }
    return w->n_beats++;
}

static uint32_t counter_add(struct plan_window *w, struct plan_counter want) {
    for (uint32_t i = 0; i < w->n_counters; i++) {
        const struct plan_counter *x = &w->counters[i];
        if (x->kind == want.kind && x->mask == want.mask && x->without == want.without &&
            x->n_vals == want.n_vals &&
            memcmp(x->vals, want.vals, want.n_vals * sizeof *want.vals) == 0)
            return i;
    }
    if (w->n_counters == CORRELATION_MEASURES_MAX)
        return NO_INDEX;
    want.set = want.kind == MEASURE_DISTINCT    ? w->n_sets++
               : measure_is_beat(want.kind) ? beats_of(w, &want)
                                                : 0;
    w->counters[w->n_counters] = want;
    return w->n_counters++;
}

/* Counters for all measures of c; false when the window has no room for them (what was added stays
 * and is harmless). */
static bool window_take(struct plan_window *w, struct plan_corr *c, const struct plan_scope *s) {
    c->evidence_counter =
        counter_add(w, (struct plan_counter){.kind = MEASURE_COUNT, .mask = c->pub.evidence});
    bool fits = c->evidence_counter != NO_INDEX;
    for (uint32_t i = 0; fits && i < c->n_measures; i++) {
        struct plan_measure *m = &c->measures[i];
        if (m->kind == MEASURE_FORMULA || m->kind == MEASURE_ATTACHED)
            continue;
        struct plan_counter want = {
            .kind = m->kind, .mask = m->mask, .without = m->without, .n_vals = m->n_fields};
        for (uint32_t k = 0; k < m->n_fields; k++)
            want.vals[k] = index_of(s->vals, s->n_vals, m->fields[k]);
        m->counter = counter_add(w, want);
        fits = m->counter != NO_INDEX;
    }
    if (!fits)
        return false;
    w->inputs |= c->mask;
    return true;
}

static int find_window(struct planner *b, struct plan_scope *s, struct plan_corr *c) {
    for (uint32_t i = 0; i < s->n_windows; i++) {
        if (s->windows[i].span_ns == c->span_ns && window_take(&s->windows[i], c, s)) {
            c->window = i;
            return 0;
        }
    }
    size_t cap = s->windows_cap;
    if (s->n_windows == cap && arena_grow(&b->p->arena, (void **) &s->windows, &cap,
                                          cap ? cap * 2 : 4, sizeof *s->windows) < 0)
        return no_memory(b);
    s->windows_cap = (uint32_t) cap;
    struct plan_window *w = &s->windows[s->n_windows];
    *w = (struct plan_window){.span_ns = c->span_ns, .step_ns = c->span_ns / WINDOW_STEPS};
    w->facts = arena_zalloc(&b->p->arena, sizeof *w->facts);
    if (!w->facts)
        return no_memory(b);
    c->window = s->n_windows++;
    /* A rule has fewer measures than a window has counters: one is left to count its evidence. */
    ASSERT(window_take(w, c, s));
    return 0;
}

static int place(struct planner *b, struct plan_corr *c) {
    int code = find_scope(b, c);
    if (code < 0)
        return code;
    struct plan_scope *s = &b->p->scopes[c->scope];
    translate(c, s);
    if (c->type == CORR_MEASURES)
        code = find_window(b, s, c);
    size_t cap = s->corrs_cap;
    if (code == 0 && s->n_corrs == cap &&
        arena_grow(&b->p->arena, (void **) &s->corrs, &cap, cap ? cap * 2 : 4, sizeof *s->corrs) <
            0)
        return no_memory(b);
    s->corrs_cap = (uint32_t) cap;
    return code;
}

static void settle_in(struct correlate_plan *p, uint32_t index) {
    struct plan_corr *c = &p->corrs[index];
    struct plan_scope *s = &p->scopes[c->scope];
    c->at = s->n_corrs;
    s->corrs[s->n_corrs++] = index;
    s->creates |= c->type == CORR_TEMPORAL_ORDERED ? (uint32_t) 1 << c->input_bit[0] : c->mask & ~c->without;
    s->span_max_ns = MAX(s->span_max_ns, c->span_ns);
    p->n_levels = MAX(p->n_levels, c->level + 1);
}

static int place_all(struct planner *b) {
    struct correlate_plan *p = b->p;
    size_t n = 0;
    for (uint32_t i = 0; i < p->set->n; i++)
        n += b->specs[i] != NULL;
    p->corrs = arena_alloc(&p->arena, (n + 1) * sizeof *p->corrs);
    p->scopes = arena_zalloc(&p->arena, (n + 1) * sizeof *p->scopes);
    if (!p->corrs || !p->scopes)
        return no_memory(b);
    for (uint32_t k = 0; k < 2 * p->set->n; k++) {
        uint32_t i = k % p->set->n;
        struct plan_corr *c = b->specs[i];
        bool only_counts = c && corr_is_provider(c);
        if (!c || only_counts != (k < p->set->n)) /* those first */
            continue;
        int code = place(b, c);
        if (code < 0)
            return code;
        p->corrs[p->n_corrs] = *c;
        p->targets[i].corr = p->n_corrs;
        settle_in(p, p->n_corrs++);
    }
    return 0;
}

/* Sizes, and how long a group may stay cold. */
static void finish_scope(struct correlate_plan *p, struct plan_scope *s) {
    s->mini_bytes = (uint32_t) ((sizeof(struct mini) + s->n_vals * sizeof(uint32_t) + 7) & ~7u);
    s->group_bytes = (uint32_t) (sizeof(struct group) + s->n_keys * sizeof(uint32_t));
    s->hot_bytes =
        (uint32_t) (sizeof(struct hot) + (s->n_corrs + s->n_windows) * sizeof(union corr_state));
    s->cold_max = MIN(COLD_LOG_MAX, POOL_BLOCK_MAX / s->mini_bytes);
}

static uint32_t counter_of(void *ctx, uint32_t measure) {
    return ((const struct plan_corr *) ctx)->measures[measure].counter;
}

static void add_need(void *ctx, uint32_t measure) {
    struct plan_corr *c = ctx;
    if (c->n_needs < CORRELATION_FIELDS_MAX)
        c->needs[c->n_needs++] = c->measures[measure].mask;
}

/* ---- what is kept of the past ---- */

/* One event of another kind must come before it can be true: these may have to wait for it. */
static bool waits(const struct plan_corr *c, uint32_t mask) {
    for (uint32_t i = 0; i < c->n_needs; i++)
        if (!(c->needs[i] & mask))
            return true;
    return false;
}

/* A finding that opens has at least as many events as its condition needs, and some more are kept,
 * because others come between them. Those that wait for an event of another kind (a login from an
 * address whose wave is yet to come) are kept as long as there is room. */
static void keep_kind(struct plan_scope *s, const struct plan_corr *c, uint32_t mask) {
    uint64_t n = MIN(c->least_events, CORRELATION_RECENT_MAX) * 5 / 4;
    n = waits(c, mask) ? CORRELATION_RECENT_MAX : MIN(n, CORRELATION_RECENT_MAX);
    uint32_t i = 0;
    while (i < s->n_keeps && s->keeps[i].mask != mask)
        i++;
    if (i == ARRAY_SIZE(s->keeps)) /* more kinds than rows: the last has all the others */
        s->keeps[--i].mask |= mask;
    s->n_keeps = MAX(s->n_keeps, i + 1);
    s->keeps[i].mask |= mask;
    s->keeps[i].max = (uint32_t) MAX(MAX(n, CORRELATION_RECENT_MIN), s->keeps[i].max);
}

static int by_max(const void *a, const void *b) {
    const struct plan_keep *x = a, *y = b;
    if (x->max != y->max)
        return x->max > y->max ? -1 : 1;
    return x->mask < y->mask ? -1 : x->mask > y->mask;
}

static void make_keeps(struct correlate_plan *p) {
    for (uint32_t i = 0; i < p->n_corrs; i++) {
        const struct plan_corr *c = &p->corrs[i];
        if (c->type != CORR_MEASURES || !c->emits)
            continue;
        keep_kind(&p->scopes[c->scope], c, c->pub.evidence);
        for (uint32_t k = 0; k < c->pub.n_collects; k++)
            keep_kind(&p->scopes[c->scope], c, c->pub.collects[k].mask);
    }
    for (uint32_t i = 0; i < p->n_scopes; i++)
        qsort(p->scopes[i].keeps, p->scopes[i].n_keeps, sizeof *p->scopes[i].keeps, by_max);
}

/* After the windows have their counters. */
static int make_code(struct planner *b, struct plan_corr *c) {
    struct arena *a = &b->p->arena;
    int r = 0;
    if (c->condition) {
        corr_expr_needs(c->condition, add_need, c);
        r = corr_facts_make(a, c->condition, counter_of, c,
                            b->p->scopes[c->scope].windows[c->window].facts, &c->facts, &c->rest);
    }
    for (uint32_t i = 0; r == 0 && i < c->n_measures; i++)
        r = corr_code_make(a, c->measures[i].expr, counter_of, c, &c->measures[i].code);
    return r == 0 ? 0 : no_memory(b);
}

static int make_steps(struct planner *b, struct plan_scope *s) {
    s->steps = arena_alloc(&b->p->arena, (s->n_corrs + 1) * sizeof *s->steps);
    if (!s->steps)
        return no_memory(b);
    for (uint32_t i = 0; i < s->n_corrs; i++) {
        const struct plan_corr *c = &b->p->corrs[s->corrs[i]];
        bool measures = c->type == CORR_MEASURES;
        s->steps[i] = (struct plan_step){
            .on = measures ? c->on & c->mask : c->mask,
            .state = (uint8_t) (measures ? s->n_corrs + c->window : i),
            .measures = measures,
            .facts = c->facts,
            .corr = c,
        };
        for (uint32_t bit = 0; bit < s->n_inputs; bit++)
            s->steps_on[bit] |= (uint64_t) (s->steps[i].on >> bit & 1) << i;
        for (uint64_t todo = c->facts; todo; todo &= todo - 1)
            s->windows[c->window].facts->at[__builtin_ctzll(todo)].users |= (uint64_t) 1 << i;
    }
    return 0;
}

/* ---- targets ---- */

static void each_input(struct correlate_plan *p,
                       void fn(struct plan_target *t, uint32_t scope, uint32_t bit)) {
    for (uint32_t i = 0; i < p->n_scopes; i++)
        for (uint32_t k = 0; p->scopes[i].n_corrs && k < p->scopes[i].n_inputs; k++)
            fn(&p->targets[p->scopes[i].inputs[k]->index], i, k);
}
static void count_feed(struct plan_target *t, uint32_t scope UNUSED, uint32_t bit UNUSED) {
    t->n_feeds++;
}
static void add_feed(struct plan_target *t, uint32_t scope, uint32_t bit) {
    /* n_feeds was set to 0 again after the arrays had been made */
    struct plan_feed *feeds = (struct plan_feed *) (uintptr_t) t->feeds;
    feeds[t->n_feeds++] = (struct plan_feed){scope, bit};
}

/* kizuki.finding: always | never; else Sigma's `generate`. A rule that only refused correlations
 * look at speaks for itself: it would be lost otherwise. */
static bool emits(const struct correlate_plan *p, const struct detect_rule *rule) {
    struct str word;
    if (rule->refused)
        return false;
    if (yaml_get_str(rule->kizuki, "finding", &word)) {
        if (str_eq_z(word, "always"))
            return true;
        if (str_eq_z(word, "never"))
            return false;
    }
    return rule->generate || !p->targets[rule->index].n_feeds;
}

static int make_targets(struct planner *b) {
    struct correlate_plan *p = b->p;
    each_input(p, count_feed);
    for (uint32_t i = 0; i < p->n_targets; i++) {
        struct plan_target *t = &p->targets[i];
        struct plan_feed *feeds = arena_alloc(&p->arena, (t->n_feeds + 1) * sizeof *feeds);
        if (!feeds)
            return no_memory(b);
        t->feeds = feeds;
        t->n_feeds = 0;
    }
    each_input(p, add_feed);
    for (uint32_t i = 0; i < p->n_targets; i++) {
        const struct detect_rule *rule = p->set->rules[i];
        if (p->targets[i].corr != NO_INDEX) {
            struct plan_corr *c = &p->corrs[p->targets[i].corr];
            c->chained = p->targets[i].n_feeds > 0;
            c->emits = emits(p, rule) && !corr_is_provider(c);
        } else if (rule->kind == DETECT_DETECTION && emits(p, rule)) {
            p->targets[i].fold = i;
        }
    }
    return 0;
}

static void resolve_providers(struct correlate_plan *p) {
    for (uint32_t i = 0; i < p->n_corrs; i++)
        for (uint32_t k = 0; k < p->corrs[i].n_measures; k++) {
            struct plan_measure *m = &p->corrs[i].measures[k];
            if (m->kind != MEASURE_ATTACHED)
                continue;
            m->provider = p->targets[m->provider_rule->index].corr;
            ASSERT(map_keys(&p->corrs[i], &p->corrs[m->provider], m->provider_keys));
        }
}

static int build(struct planner *b) {
    struct correlate_plan *p = b->p;
    int code = read_folds(b);
    if (code == 0)
        code = read_all(b);
    int f = event_names_intern(b->reader.names, STR("kizuki.count")), day = event_names_intern(b->reader.names, STR("kizuki.day"));
    if (f == -ENOMEM || day == -ENOMEM)
        return no_memory(b);
    p->f_count = f > 0 ? (uint32_t) f : 0;
    p->f_day = day > 0 ? (uint32_t) day : NO_INDEX;
    if (code < 0)
        return code;
    do
        code = settle_round(b);
    while (code == 1);
    if (code == 0)
        code = lift_all(b);
    if (code == 0)
        code = place_all(b);
    for (uint32_t i = 0; i < p->n_scopes; i++)
        finish_scope(p, &p->scopes[i]);
    for (uint32_t i = 0; code == 0 && i < p->n_corrs; i++)
        code = make_code(b, &p->corrs[i]);
    for (uint32_t i = 0; code == 0 && i < p->n_scopes; i++)
        code = make_steps(b, &p->scopes[i]);
    if (code == 0)
        code = make_targets(b);
    make_keeps(p);
    resolve_providers(p);
    return code == 0 && correlate_plan_ask(p) < 0 ? no_memory(b) : code;
}

int correlate_plan_new(struct detect_rules *set, struct event_names *names,
                       struct correlate_plan **ret, struct diag *reterr) {
    struct correlate_plan *p = mem_zalloc(sizeof *p);
    struct planner b = {.p = p, .reterr = reterr};
    if (!p)
        return no_memory(&b);
    arena_init(&p->arena, PLAN_BYTES_MAX);
    p->set = detect_rules_ref(set);
    p->names = names;
    p->n_targets = set->n;
    b.reader = (struct corr_reader){.arena = &p->arena, .set = set, .names = names};
    b.specs = mem_zalloc_array(set->n + 1, sizeof *b.specs);
    p->targets = arena_zalloc(&p->arena, (set->n + 1) * sizeof *p->targets);
    int code = 0;
    if (!b.specs || !p->targets)
        code = no_memory(&b);
    for (uint32_t i = 0; code == 0 && i < set->n; i++)
        p->targets[i].fold = p->targets[i].corr = NO_INDEX;
    if (code == 0)
        code = build(&b);
    mem_free(b.specs);
    if (code < 0) {
        correlate_plan_free(p);
        return code;
    }
    *ret = p;
    return 0;
}

void correlate_plan_free(struct correlate_plan *p) {
    if (!p)
        return;
    detect_rules_unref(p->set);
    arena_done(&p->arena);
    mem_free(p);
}

bool correlate_plan_wants(const struct correlate_plan *p, uint32_t rule) {
    return p->targets[rule].fold != NO_INDEX || p->targets[rule].n_feeds > 0 || p->targets[rule].n_tell > 0;
}

bool correlate_plan_speaks(const struct correlate_plan *p, uint32_t rule) {
    const struct plan_target *t = &p->targets[rule];
    return t->fold != NO_INDEX || (t->corr != NO_INDEX && p->corrs[t->corr].emits);
}

bool correlate_plan_only_counts(const struct correlate_plan *p, uint32_t rule) {
    uint32_t corr = p->targets[rule].corr;
    return corr != NO_INDEX && corr_is_provider(&p->corrs[corr]);
}

int64_t correlate_plan_reach_ns(const struct correlate_plan *p) {
    int64_t reach = 0;
    for (uint32_t i = 0; i < p->n_corrs; i++)
        reach = MAX(reach, corr_remembers(&p->corrs[i]) ? MIN(p->corrs[i].span_ns, REMEMBERED_REACH_NS) : p->corrs[i].span_ns);
    for (uint32_t i = 0; i < p->n_targets; i++)
        if (p->targets[i].fold != NO_INDEX)
            reach = MAX(reach, p->folds[p->targets[i].fold].pub.quiet_ns);
    return reach + CORRELATION_SLACK_NS;
}
