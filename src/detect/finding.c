/* Open findings: when they open, grow, are told again, and end.
 *
 *   opens    at the event that makes its rule true
 *   grows    with every later event at which the rule is (still or again) true
 *   told     when it opens; when its count has doubled; when it changed and UPDATE_NS of data time
 * have passed since; when it ends ends     when for quiet_ns (the rule's timespan) it was not true;
 * at the end of the input; when its group has to leave (then it says at_least)
 *
 * Ends and late tellings wait in a heap by (time, number), so that their order is data, too. A fold
 * (a detection that is a finding by itself) has no group: it is found by rule and values. */
#include "base/hash.h"
#include "base/map.h"
#include "base/mem.h"
#include "detect/finding_priv.h"

/* ---- heap ---- */

static bool before(const struct open_finding *a, const struct open_finding *b) {
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->number < b->number;
}

static void heap_set(struct correlate *c, size_t i, struct open_finding *f) {
    c->heap[i] = f;
    f->heap_at = i;
}

static void heap_sift(struct correlate *c, struct open_finding *f) {
    size_t i = f->heap_at;
    while (i > 0 && before(f, c->heap[(i - 1) / 2])) {
        heap_set(c, i, c->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    for (;;) {
        size_t k = 2 * i + 1;
        if (k >= c->n_open)
            break;
        if (k + 1 < c->n_open && before(c->heap[k + 1], c->heap[k]))
            k++;
        if (!before(c->heap[k], f))
            break;
        heap_set(c, i, c->heap[k]);
        i = k;
    }
    heap_set(c, i, f);
}

static void heap_remove(struct correlate *c, struct open_finding *f) {
    struct open_finding *last = c->heap[--c->n_open];
    if (last == f)
        return;
    heap_set(c, f->heap_at, last);
    heap_sift(c, last);
}

static bool is_late(const struct open_finding *f) {
    return f->corr && f->corr->late;
}

static int64_t end_due(const struct open_finding *f) {
    return is_late(f) ? late_due(f) : f->hit_ns + f->rule->quiet_ns;
}

static void set_due(struct correlate *c, struct open_finding *f) {
    int64_t due = end_due(f);
    if (f->changed && !is_late(f))
        due = MIN(due, f->told_ns + UPDATE_NS);
    if (due == f->due_ns)
        return;
    f->due_ns = due;
    heap_sift(c, f);
}

/* ---- table of folds ---- */

static bool is_fold(const struct open_finding *f, const struct plan_fold *fold,
                    const uint32_t *keys) {
    return f->rule == &fold->pub && memcmp(f->keys, keys, fold->n_fields * sizeof *keys) == 0;
}

static uint32_t fold_hash(const struct plan_fold *fold, const uint32_t *keys) {
    uint64_t h = fold->pub.rule->index;
    for (uint32_t i = 0; i < fold->n_fields; i++)
        h = hash_mix(h, keys[i]);
    return (uint32_t) (h ^ h >> 32);
}

static struct open_finding *fold_find(const struct correlate *c, const struct plan_fold *fold,
                                      const uint32_t *keys, uint32_t hash) {
    if (!c->n_folds)
        return NULL;
    for (size_t i = hash & (c->folds_cap - 1); c->folds[i]; i = (i + 1) & (c->folds_cap - 1))
        if (c->folds[i]->hash == hash && is_fold(c->folds[i], fold, keys))
            return c->folds[i];
    return NULL;
}

static void fold_put(struct open_finding **table, size_t cap, struct open_finding *f) {
    size_t i = f->hash & (cap - 1);
    while (table[i])
        i = (i + 1) & (cap - 1);
    table[i] = f;
}

static int fold_room(struct correlate *c) {
    if ((c->n_folds + 1) * 4 <= c->folds_cap * 3)
        return 0;
    size_t cap = c->folds_cap ? c->folds_cap * 2 : 64;
    struct open_finding **table = mem_zalloc_array(cap, sizeof(struct open_finding *));
    if (!table)
        return -ENOMEM;
    for (size_t i = 0; i < c->folds_cap; i++)
        if (c->folds[i])
            fold_put(table, cap, c->folds[i]);
    mem_free(c->folds);
    c->folds = table;
    c->folds_cap = cap;
    return 0;
}

static void fold_remove(struct correlate *c, const struct open_finding *f) {
    size_t mask = c->folds_cap - 1, i = f->hash & mask;
    while (c->folds[i] != f)
        i = (i + 1) & mask;
    size_t hole = i;
    c->folds[hole] = NULL;
    for (i = (hole + 1) & mask; c->folds[i]; i = (i + 1) & mask) {
        size_t home = c->folds[i]->hash & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            c->folds[hole] = c->folds[i];
            c->folds[i] = NULL;
            hole = i;
        }
    }
    c->n_folds--;
}

/* ---- ending ---- */

static void unlink_group(struct correlate *c, struct open_finding *f) {
    struct open_finding **at = &hot_of(c, group_at(c, f->group))->findings;
    while (*at != f)
        at = &(*at)->next;
    *at = f->next;
}

static int end(struct correlate *c, struct open_finding *f) {
    heap_remove(c, f);
    if (f->group)
        unlink_group(c, f);
    else
        fold_remove(c, f);
    int r = is_late(f) ? 0 : finding_tell(c, f, FINDING_END);
    finding_free(c, f);
    return r;
}

/* What was judged when its time was over begins and ends with that. */
static int end_in_time(struct correlate *c, struct open_finding *f) {
    int r = 0;
    if (is_late(f) && late_holds(f)) {
        f->detected_ns = f->told_ns = f->due_ns - 1; /* see late_due */
        f->told_count = 0;
        r = finding_tell(c, f, FINDING_OPEN);
        if (r == 0)
            r = finding_tell(c, f, FINDING_END);
    }
    int code = end(c, f);
    return r < 0 ? r : code;
}

static int cut(struct correlate *c, struct open_finding *f) {
    f->at_least = true;
    c->stats.findings_cut++;
    return end(c, f);
}

int findings_end_group(struct correlate *c, struct group *g) {
    int r = 0;
    while (g->hot && hot_of(c, g)->findings && r == 0)
        r = cut(c, hot_of(c, g)->findings);
    return r;
}

static int by_opening(const void *a, const void *b) {
    const struct open_finding *x = *(struct open_finding *const *) a,
                              *y = *(struct open_finding *const *) b;
    return x->number < y->number ? -1 : x->number > y->number;
}

int findings_by_opening(const struct correlate *c, struct open_finding ***ret) {
    *ret = mem_realloc_array(NULL, c->n_open + 1, sizeof(struct open_finding *));
    if (!*ret)
        return -ENOMEM;
    if (c->n_open)
        memcpy(*ret, c->heap, c->n_open * sizeof(struct open_finding *));
    qsort(*ret, c->n_open, sizeof(struct open_finding *), by_opening);
    return 0;
}

int findings_end_all(struct correlate *c) {
    size_t n = c->n_open;
    struct open_finding **list;
    if (!n)
        return 0;
    int r = findings_by_opening(c, &list);
    for (size_t i = 0; i < n && r == 0; i++)
        r = end(c, list[i]);
    mem_free(list);
    return r;
}

void findings_free_all(struct correlate *c) {
    for (size_t i = 0; i < c->n_open; i++)
        finding_free(c, c->heap[i]);
    c->n_open = 0;
    mem_free(c->heap);
    mem_free(c->folds);
}

int findings_run(struct correlate *c) {
    int r = 0;
    while (r == 0 && c->n_open && c->heap[0]->due_ns <= c->clock_ns) {
        struct open_finding *f = c->heap[0];
        if (end_due(f) <= c->clock_ns) {
            r = end_in_time(c, f);
            continue;
        }
        f->told_ns = f->due_ns;
        r = finding_tell(c, f, FINDING_UPDATE);
        set_due(c, f);
    }
    return r;
}

/* ---- opening and growing ---- */

static struct open_finding *new_finding(struct correlate *c, const struct plan_rule *rule,
                                        const uint32_t *keys, const struct mini *m) {
    struct open_finding *f = mem_zalloc(sizeof *f + rule->n_keys * sizeof *f->keys);
    if (!f)
        return NULL;
    f->rule = rule;
    f->collected = mem_zalloc_array(rule->n_collects, sizeof *f->collected);
    f->measures = mem_zalloc_array(rule->n_measures, sizeof *f->measures);
    for (uint32_t i = 0; i < rule->n_keys; i++) {
        f->keys[i] = keys[i];
        words_ref(&c->words, keys[i]);
    }
    f->first_ns = f->last_ns = f->hit_ns = f->detected_ns = f->told_ns = m->t;
    f->detected_pos = m->pos;
    f->drill = c->ev->raw->flags & RAW_DRILL;
    if (!f->collected || !f->measures) {
        finding_free(c, f);
        return NULL;
    }
    return f;
}

/* Room in the heap; at the limit the finding that is due first ends early. */
static int heap_room(struct correlate *c) {
    if (c->n_open >= c->limits.findings_max) {
        int r = cut(c, c->heap[0]);
        if (r < 0)
            return r;
    }
    return mem_grow((void **) &c->heap, &c->heap_cap, c->n_open + 1, SIZE_MAX / 16,
                    sizeof(struct open_finding *));
}

static int open_and_tell(struct correlate *c, struct open_finding *f) {
    f->number = ++c->next_number;
    f->due_ns = end_due(f);
    heap_set(c, c->n_open++, f);
    heap_sift(c, f);
    finding_set_id(c, f);
    return is_late(f) ? 0 : finding_tell(c, f, FINDING_OPEN);
}

static int tell_growth(struct correlate *c, struct open_finding *f, const struct mini *m) {
    int r = 0;
    f->hit_ns = MAX(f->hit_ns, m->t);
    if (is_late(f)) {
        f->told_count |= m->mask & f->corr->mask;
        set_due(c, f);
        return 0;
    }
    if (f->changed && f->count >= 2 * f->told_count && f->count > f->told_count) {
        f->told_ns = m->t;
        r = finding_tell(c, f, FINDING_UPDATE);
    }
    set_due(c, f);
    return r;
}

struct gather {
    struct correlate *c;
    struct open_finding *f;
};
static int add_past(void *ctx, const struct mini *m) {
    struct gather *x = ctx;
    return finding_add(x->c, x->f, m);
}

/* What the window holds already, then the event itself. */
static int gather_past(struct correlate *c, uint32_t scope, struct group *g,
                       const struct plan_corr *pc, const struct mini *m, struct open_finding *f) {
    const struct plan_scope *s = &c->plan->scopes[scope];
    struct gather x = {c, f};
    bool cut_off = false;
    int r;
    if (pc->type == CORR_MEASURES) {
        const struct plan_window *w = &s->windows[pc->window];
        uint32_t wanted = pc->pub.evidence;
        for (uint32_t i = 0; i < pc->pub.n_collects; i++)
            wanted |= pc->pub.collects[i].mask;
        r = group_past(c, scope, g, wanted, window_since(w, m->t), m, add_past, &x,
                       &cut_off);
    } else {
        r = state_past(c, s, pc, &hot_of(c, g)->states[pc->at], m, add_past, &x);
    }
    if (r == 0)
        r = finding_add(c, f, m);
    if (pc->type == CORR_MEASURES)
        f->count =
            window_totals(hot_of(c, g)->states[s->n_corrs + pc->window].p)[pc->evidence_counter];
    for (uint32_t i = 0; cut_off && i < pc->pub.n_collects; i++)
        f->collected[i].at_least = true;
    f->at_least = c->scopes[scope].lost_ns >= m->t - pc->span_ns;
    return r;
}

/* Copying a few numbers at every hit costs less than reading measures off them; that is done when
 * told. */
static void keep_totals(const struct correlate *c, uint32_t scope, const struct group *g,
                        struct open_finding *f) {
    const struct plan_scope *s = &c->plan->scopes[scope];
    if (f->corr->type == CORR_FORECAST || f->corr->type == CORR_UNUSUAL)
        memcpy(f->measures, c->figures, f->rule->n_measures * sizeof *f->measures);
    if (f->totals)
        memcpy(f->totals, window_totals(hot_of(c, g)->states[s->n_corrs + f->corr->window].p),
               s->windows[f->corr->window].n_counters * sizeof *f->totals);
}

static int freeze_attached(struct correlate *c, uint32_t scope, struct group *g,
                           struct open_finding *f, int64_t t) {
    const struct plan_corr *pc = f->corr;
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < pc->n_measures; i++)
        if (pc->measures[i].kind == MEASURE_ATTACHED)
            r = group_attached(c, scope, g, &pc->measures[i], t, &f->measures[i]);
    if (r == 0 && pc->type == CORR_MEASURES) {
        f->totals = mem_zalloc_array(c->plan->scopes[scope].windows[pc->window].n_counters,
                                     sizeof *f->totals);
        r = f->totals ? 0 : -ENOMEM;
    }
    return r;
}

static int open_corr(struct correlate *c, uint32_t scope, struct group *g,
                     const struct plan_corr *pc, const struct mini *m) {
    int r = heap_room(c);
    if (r < 0)
        return r;
    struct open_finding *f = new_finding(c, &pc->pub, g->keys, m);
    if (!f)
        return -ENOMEM;
    f->corr = pc;
    r = gather_past(c, scope, g, pc, m, f);
    if (r == 0)
        r = freeze_attached(c, scope, g, f, m->t);
    if (r < 0) {
        finding_free(c, f);
        return r;
    }
    keep_totals(c, scope, g, f);
    f->group = group_find(c, scope, g->keys);
    f->next = hot_of(c, g)->findings;
    hot_of(c, g)->findings = f;
    f->told_count = pc->late ? m->mask & pc->mask : 0;
    return open_and_tell(c, f);
}

static struct open_finding *find_open(const struct correlate *c, const struct group *g,
                                      const struct plan_corr *pc) {
    struct open_finding *f = hot_of(c, g)->findings;
    while (f && f->rule != &pc->pub)
        f = f->next;
    return f;
}

bool finding_attached(const struct correlate *c, const struct group *g, const struct plan_corr *pc,
                      uint32_t measure, double *ret) {
    const struct open_finding *f = find_open(c, g, pc);
    if (f)
        *ret = f->measures[measure];
    return f != NULL;
}

/* Too far from the finding in time to belong to it: only after a jump. */
static bool apart(const struct open_finding *f, int64_t t) {
    if (is_late(f))
        return t >= f->due_ns || t < f->first_ns - f->rule->quiet_ns;
    return t > f->hit_ns + f->rule->quiet_ns || t < f->first_ns - f->rule->quiet_ns;
}

int finding_hit(struct correlate *c, uint32_t scope, struct group *g, const struct plan_corr *pc,
                const struct mini *m) {
    struct open_finding *f = find_open(c, g, pc);
    int r = 0;
    if (f && apart(f, m->t)) {
        r = end(c, f);
        f = NULL;
    }
    if (r < 0 || !f)
        return r < 0 ? r : open_corr(c, scope, g, pc, m);
    r = finding_add(c, f, m);
    keep_totals(c, scope, g, f);
    return r == 0 ? tell_growth(c, f, m) : r;
}

int finding_fold(struct correlate *c, const struct plan_fold *fold) {
    union mini_room room;
    uint32_t keys[CORRELATION_FIELDS_MAX];
    int r = 0;
    memset(&room, 0, sizeof room);
    room.m = (struct mini){.t = c->ev->time_ns,
                           .pos = pos_pack(c->ev->raw->pos),
                           .mask = UINT32_MAX,
                           .weight = c->weight};
    for (uint32_t i = 0; i < fold->n_fields && r == 0; i++)
        r = event_word(c, fold->fields[i], &keys[i]);
    for (uint32_t i = 0; i < fold->pub.n_collects && r == 0; i++)
        r = event_word(c, fold->pub.collects[i].field, &room.m.vals[i]);
    if (r < 0)
        return r;
    uint32_t hash = fold_hash(fold, keys);
    struct open_finding *f = fold_find(c, fold, keys, hash);
    if (f && apart(f, room.m.t)) {
        r = end(c, f);
        f = NULL;
    }
    if (r == 0 && f) {
        r = finding_add(c, f, &room.m);
        return r == 0 ? tell_growth(c, f, &room.m) : r;
    }
    if (r == 0)
        r = heap_room(c);
    if (r == 0)
        r = fold_room(c);
    f = r == 0 ? new_finding(c, &fold->pub, keys, &room.m) : NULL;
    if (!f)
        return r < 0 ? r : -ENOMEM;
    r = finding_add(c, f, &room.m);
    if (r < 0) {
        finding_free(c, f);
        return r;
    }
    f->hash = hash;
    fold_put(c->folds, c->folds_cap, f);
    c->n_folds++;
    return open_and_tell(c, f);
}

int finding_restore(struct correlate *c, struct open_finding *f) {
    int r = mem_grow((void **) &c->heap, &c->heap_cap, c->n_open + 1, SIZE_MAX / 16,
                     sizeof(struct open_finding *));
    if (r == 0 && !f->group)
        r = fold_room(c);
    if (r < 0)
        return r;
    if (f->group) {
        struct hot *h = hot_of(c, group_at(c, f->group));
        f->next = h->findings;
        h->findings = f;
    } else {
        f->hash = fold_hash(&c->plan->folds[f->rule->rule->index], f->keys);
        fold_put(c->folds, c->folds_cap, f);
        c->n_folds++;
    }
    heap_set(c, c->n_open++, f);
    heap_sift(c, f);
    return 0;
}

/* ---- other rules ---- */

static struct open_finding **in_order(const struct correlate *c) {
    struct open_finding **list = mem_zalloc_array(c->n_open + 1, sizeof(struct open_finding *));
    if (list && c->n_open) {
        memcpy(list, c->heap, c->n_open * sizeof(struct open_finding *));
        qsort(list, c->n_open, sizeof(struct open_finding *), by_opening);
    }
    return list;
}

/* What was told of it goes on; what was not told of is told now. */
static int go_on(struct correlate *to, struct open_finding *f, const struct open_finding *was) {
    if (!was)
        return finding_tell(to, f, FINDING_OPEN);
    f->revision = MAX(f->revision, was->revision);
    return 0;
}

int correlate_hand_over(struct correlate *from, struct correlate *to) {
    struct map ids, both;
    size_t n_from = from->n_open, n_to = to->n_open;
    struct open_finding **was = in_order(from), **is = in_order(to);
    int r = was && is ? groups_take_over(to, from) : -ENOMEM;
    map_init(&ids, CORRELATION_FINDINGS_MAX + 1, MAP_BORROW);
    map_init(&both, CORRELATION_FINDINGS_MAX + 1, MAP_BORROW);
    for (size_t i = 0; i < n_from && r == 0; i++)
        r = map_put(&ids, str_n(was[i]->id, FINDING_ID_CHARS), was[i]);
    for (size_t i = 0; i < n_to && r == 0; i++)
        if (map_find(&ids, str_n(is[i]->id, FINDING_ID_CHARS)))
            r = map_put(&both, str_n(is[i]->id, FINDING_ID_CHARS), is[i]);
    for (size_t i = 0; i < n_to && r == 0; i++)
        r = go_on(to, is[i], map_get(&ids, str_n(is[i]->id, FINDING_ID_CHARS)));
    for (size_t i = 0; i < n_from && r == 0; i++)
        if (!map_find(&both, str_n(was[i]->id, FINDING_ID_CHARS)))
            r = end(from, was[i]);
    map_done(&ids);
    map_done(&both);
    mem_free(was);
    mem_free(is);
    return r;
}
