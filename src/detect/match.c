#include "detect/match.h"

#include "base/limits.h"
#include "base/mem.h"
#include "detect/match_priv.h"

static uint32_t most_rules(const struct detect_plan *p) {
    uint32_t n = p->route.n_rules;
    for (uint32_t i = 0; i < p->n_lanes; i++)
        n = MAX(n, p->lanes[i].n_rules);
    return n + 1;
}

struct detect_matcher *detect_matcher_new(struct detect_plan *plan) {
    struct detect_matcher *m = mem_zalloc(sizeof *m);
    if (!m)
        return NULL;
    m->plan = detect_plan_ref(plan);
    m->kernel = kernel_best();
    arena_init(&m->arena, BATCH_ARENA_BYTES_MAX);
    m->prepared = mem_zalloc_array(VALUES_MAX, sizeof *m->prepared);
    m->folded = mem_zalloc_array(VALUES_MAX, sizeof *m->folded);
    m->memo = mem_zalloc_array(plan->n_atoms + 1, sizeof *m->memo);
    m->chosen = mem_zalloc_array(plan->n_rules + 1, sizeof *m->chosen);
    m->candidates = mem_zalloc_array(most_rules(plan), sizeof *m->candidates);
    m->hits = mem_zalloc_array(plan->n_rules + 1, sizeof *m->hits);
    m->lanes = mem_zalloc_array(plan->n_lanes + 1, sizeof *m->lanes);
    m->shapes = shape_memory_new(plan);
    m->regex = regex_memory_new();
    m->routes = route_memory_new();
    if (!m->prepared || !m->folded || !m->memo || !m->chosen || !m->candidates || !m->hits || !m->lanes || !m->shapes ||
        !m->regex || !m->routes) {
        detect_matcher_free(m);
        return NULL;
    }
    return m;
}

void detect_matcher_free(struct detect_matcher *m) {
    if (!m)
        return;
    mem_free(m->prepared);
    mem_free(m->folded);
    mem_free(m->memo);
    mem_free(m->chosen);
    mem_free(m->candidates);
    mem_free(m->hits);
    mem_free(m->lanes);
    shape_memory_free(m->shapes);
    regex_memory_free(m->regex);
    route_memory_free(m->routes);
    arena_done(&m->arena);
    detect_plan_unref(m->plan);
    mem_free(m);
}

const struct detect_stats *detect_matcher_stats(const struct detect_matcher *m) {
    return &m->stats;
}

static void choose_all(struct detect_matcher *m, const struct lane *l) {
    for (m->n_candidates = 0; m->n_candidates < l->n_rules; m->n_candidates++)
        m->candidates[m->n_candidates] = m->n_candidates;
}

/* What judging a candidate begins with lies anywhere in tables larger than the caches: rule, first step, its atom. All
 * candidates wait for these together, not one behind the other. */
static void fetch_rules(const struct detect_matcher *m, const struct lane *l) {
    if (m->n_candidates < 2)
        return;
    for (uint32_t i = 0; i < m->n_candidates; i++)
        __builtin_prefetch(&l->code[l->rules[m->candidates[i]].first]);
    for (uint32_t i = 0; i < m->n_candidates; i++) {
        uint32_t atom = l->code[l->rules[m->candidates[i]].first].atom;
        __builtin_prefetch(&l->atoms[atom]);
        __builtin_prefetch(&m->memo[l->atom_base + atom]);
    }
}

/* Candidates and always-judged rules of the lane entered last; true ones are written behind *n. */
static int run_lane(struct detect_matcher *m, const struct lane *l, uint32_t *to, uint32_t *n) {
    if (UNLIKELY(m->exhaustive))
        choose_all(m, l);
    else
        scan_lane(m, l);
    fetch_rules(m, l);
    m->stats.evaluated += m->n_candidates;
    for (uint32_t i = 0; i < m->n_candidates; i++) {
        const struct lane_rule *rule = &l->rules[m->candidates[i]];
        if (judge_rule(m, l, rule))
            to[(*n)++] = rule->index;
    }
    return m->no_memory ? -ENOMEM : 0;
}

int match_route_judged(struct detect_matcher *m) {
    const struct detect_plan *p = m->plan;
    m->n_lanes = 0;
    int r = run_lane(m, &p->route, m->lanes, &m->n_lanes);
    for (uint32_t i = 0, n = m->n_lanes; i < n; i++)
        for (uint32_t k = p->lanes[m->lanes[i]].next_of_route; k; k = p->lanes[k].next_of_route)
            m->lanes[m->n_lanes++] = k;
    for (uint32_t i = 0; i < p->n_everywhere; i++)
        m->lanes[m->n_lanes++] = p->everywhere[i];
    return r;
}

static int by_number(const void *pa, const void *pb) {
    uint32_t a = *(const uint32_t *) pa, b = *(const uint32_t *) pb;
    return (a > b) - (a < b);
}

int detect_match(struct detect_matcher *m, const struct event *ev, const uint32_t **ret_hits,
                 uint32_t *ret_n) {
    m->n_hits = 0;
    m->stats.events++;
    int r = values_begin(m, ev);
    if (r == 0)
        r = match_route(m);
    m->stats.plans += m->n_lanes;
    for (uint32_t i = 0; r == 0 && i < m->n_lanes; i++) {
        const struct lane *l = &m->plan->lanes[m->lanes[i]];
        r = values_enter_lane(m, l);
        if (r == 0)
            r = run_lane(m, l, m->hits, &m->n_hits);
    }
    if (r < 0)
        return r;
    if (m->n_hits > 1)
        qsort(m->hits, m->n_hits, sizeof *m->hits, by_number);
    m->stats.hits += m->n_hits;
    *ret_hits = m->hits;
    *ret_n = m->n_hits;
    return 0;
}

int detect_match_exhaustive(struct detect_matcher *m, const struct event *ev,
                            const uint32_t **ret_hits, uint32_t *ret_n) {
    m->exhaustive = true;
    int r = detect_match(m, ev, ret_hits, ret_n);
    m->exhaustive = false;
    return r;
}

int detect_line(struct detect_matcher *m, const struct event *ev, struct str *ret) {
    int r = values_begin(m, ev);
    if (r < 0)
        return r;
    line_make(m);
    *ret = m->extra[0].value;
    return m->no_memory ? -ENOMEM : 0;
}
