/* From a rule set to lanes: rules grouped by log source, routes, and the names all of them ask for.
 */
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "detect/fields_priv.h"
#include "detect/plan_priv.h"
#include "detect/statistics.h"

#include "base/map.h"

static bool same_source(const struct detect_logsource *a, const struct detect_logsource *b) {
    return str_eq(a->category, b->category) && str_eq(a->product, b->product) &&
           str_eq(a->service, b->service);
}

/* By log source, then by place in the set. */
static int by_source(const void *pa, const void *pb) {
    const struct lane_source *a = pa, *b = pb;
    int c = str_cmp(a->source->category, b->source->category);
    c = c ? c : str_cmp(a->source->product, b->source->product);
    c = c ? c : str_cmp(a->source->service, b->source->service);
    return c ? c : (a->index > b->index) - (a->index < b->index);
}

static int no_memory(struct diag *reterr) {
    return diag_set(reterr, -ENOMEM, "out of memory while planning the rules");
}

/* All detections that take part, grouped by log source. */
static int gather(struct detect_rules *set, const struct detect_plan_options *opt,
                  struct lane_source **ret, uint32_t *ret_n) {
    struct lane_source *all = mem_zalloc_array(set->n ? set->n : 1, sizeof *all);
    uint32_t n = 0;
    if (!all)
        return -ENOMEM;
    for (uint32_t i = 0; i < set->n; i++) {
        const struct detect_rule *r = set->rules[i];
        if (r->kind == DETECT_DETECTION && !r->refused &&
            (!opt || !opt->wants || opt->wants(opt->ctx, i)))
            all[n++] = (struct lane_source){
                .expr = r->expr, .index = i, .rule = r, .source = &r->logsource};
    }
    if (n)
        qsort(all, n, sizeof *all, by_source);
    *ret = all;
    *ret_n = n;
    return 0;
}

static uint32_t count_lanes(const struct lane_source *all, uint32_t n) {
    uint32_t lanes = 0;
    for (uint32_t i = 0; i < n; i++)
        lanes += i == 0 || !same_source(all[i].source, all[i - 1].source);
    return lanes;
}

static void place(struct detect_plan *p, struct lane *l) {
    l->field_base = p->n_fields;
    l->atom_base = p->n_atoms;
    l->rule_base = p->n_rules;
    p->n_fields += l->n_fields;
    p->n_atoms += l->n_atoms;
    p->n_rules += l->n_rules;
    p->n_ids = MAX(p->n_ids, l->n_ids);
}

static int build_lanes(struct detect_plan *p, const struct lane_source *all, uint32_t n,
                       struct diag *reterr) {
    p->lanes = arena_zalloc(&p->arena, (count_lanes(all, n) + 1) * sizeof *p->lanes);
    if (!p->lanes)
        return no_memory(reterr);
    for (uint32_t i = 0; i < n;) {
        uint32_t end = i + 1;
        while (end < n && same_source(all[end].source, all[i].source))
            end++;
        struct lane *l = &p->lanes[p->n_lanes++];
        l->source = *all[i].source;
        int r = lane_build(p, l, all + i, end - i, reterr);
        if (r < 0)
            return r;
        place(p, l);
        i = end;
    }
    return 0;
}

static bool same_code(const struct lane *l, const struct lane_rule *a, const struct lane_rule *b) {
    if (a->n != b->n)
        return false;
    for (uint32_t i = 0; i < a->n; i++) {
        const struct step *x = &l->code[a->first + i], *y = &l->code[b->first + i];
        if (x->atom != y->atom || x->yes != y->yes || x->no != y->no)
            return false;
    }
    return true;
}

/* Many log sources have one route ("no Windows event"): it is judged once for all of them. `routes`
 * becomes the distinct ones, each with the chain of its lanes. */
static uint32_t join_equal_routes(struct detect_plan *p, const struct lane *l,
                                  struct lane_source *routes, uint32_t n) {
    uint32_t n_distinct = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t k = 0;
        while (k < n_distinct && !same_code(l, &l->rules[routes[k].at], &l->rules[i]))
            k++;
        if (k < n_distinct) {
            uint32_t lane = routes[k].index;
            while (p->lanes[lane].next_of_route)
                lane = p->lanes[lane].next_of_route;
            p->lanes[lane].next_of_route = routes[i].index;
            continue;
        }
        routes[i].at = i;
        routes[n_distinct++] = routes[i];
    }
    return n_distinct;
}

/* All lanes' routes into routes[]; lanes without one into p->everywhere. */
static int gather_routes(struct detect_plan *p, struct lane_source *routes, uint32_t *ret_n) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->n_lanes; i++) {
        const struct detect_expr *expr;
        int r = fields_route(p->fields, &p->lanes[i].source, &p->arena, &expr);
        if (r < 0)
            return r;
        p->lanes[i].route = expr;
        if (expr)
            routes[n++] =
                (struct lane_source){.expr = expr, .index = i, .source = &p->lanes[i].source};
        else
            p->everywhere[p->n_everywhere++] = i;
    }
    *ret_n = n;
    return 0;
}

static int build_routes(struct detect_plan *p, struct diag *reterr) {
    struct lane_source *routes = arena_zalloc(&p->arena, (p->n_lanes + 1) * sizeof *routes);
    p->everywhere = arena_zalloc(&p->arena, (p->n_lanes + 1) * sizeof *p->everywhere);
    struct lane draft = {0};
    uint32_t n;
    if (!routes || !p->everywhere || gather_routes(p, routes, &n) < 0)
        return no_memory(reterr);
    int r = lane_build(p, &draft, routes, n, reterr);
    if (r == 0) {
        n = join_equal_routes(p, &draft, routes, n);
        r = lane_build(p, &p->route, routes, n, reterr);
    }
    lane_done(&draft);
    if (r < 0)
        return r;
    place(p, &p->route);
    return route_plan(p) < 0 ? no_memory(reterr) : 0;
}

int detect_plan_new(struct detect_rules *rules, struct event_names *names,
                    const struct detect_plan_options *opt, struct detect_plan **ret,
                    struct diag *reterr) {
    struct detect_plan *p = mem_zalloc(sizeof *p);
    struct lane_source *all = NULL;
    uint32_t n = 0;
    if (!p)
        return no_memory(reterr);
    arena_init(&p->arena, RULES_BYTES_MAX);
    arena_init(&p->temp, RULES_BYTES_MAX);
    arena_init(&p->scratch, RULES_BYTES_MAX);
    p->refs = 1;
    p->set = detect_rules_ref(rules);
    p->names = names;
    p->fields = opt ? opt->fields : NULL;
    p->statistics = opt ? opt->statistics : NULL;
    int r = gather(rules, opt, &all, &n);
    if (r < 0)
        r = no_memory(reterr);
    if (r == 0)
        r = build_lanes(p, all, n, reterr);
    if (r == 0)
        r = build_routes(p, reterr);
    p->fields = NULL;
    p->statistics = NULL;
    arena_done(&p->temp);
    arena_done(&p->scratch);
    mem_free(all);
    if (r < 0)
        detect_plan_unref(p);
    else
        *ret = p;
    return r;
}

struct detect_plan *detect_plan_ref(struct detect_plan *p) {
    __atomic_add_fetch(&p->refs, 1, __ATOMIC_RELAXED);
    return p;
}

struct detect_plan *detect_plan_unref(struct detect_plan *p) {
    if (!p || __atomic_sub_fetch(&p->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return NULL;
    for (uint32_t i = 0; i < p->n_lanes; i++)
        lane_done(&p->lanes[i]);
    lane_done(&p->route);
    detect_rules_unref(p->set);
    arena_done(&p->arena);
    mem_free(p);
    return NULL;
}

const struct detect_rules *detect_plan_rules(const struct detect_plan *p) {
    return p->set;
}

/* --- field names --- */

/* The ids of a name for a log source, interned. */
static int intern_names(struct detect_plan *p, const struct detect_logsource *source,
                        struct str name, struct arena *temp, uint32_t ret[DETECT_FIELD_NAMES_MAX],
                        struct diag *reterr) {
    struct str names[DETECT_FIELD_NAMES_MAX];
    struct arena_mark mark = arena_mark(temp);
    int n = detect_fields_names(p->fields, source, name, temp, names), k = 0;
    if (n < 0)
        return no_memory(reterr);
    for (int i = 0; i < n; i++) {
        int id = event_names_intern(p->names, names[i]);
        if (id == -ENOMEM)
            return no_memory(reterr);
        if (id < 0)
            return diag_set(reterr, id, "the field name '%.*s' cannot be used: %s",
                            (int) MIN(names[i].n, 100u), names[i].p, err_word(id));
        ret[k++] = (uint32_t) id;
    }
    arena_rewind(temp, mark);
    return k;
}

static int make_field(struct lane_builder *b, const struct detect_logsource *source,
                      struct str name) {
    struct lane *l = b->lane;
    struct field_ids ids = {.n = 0};
    int n = intern_names(b->plan, source, name, &b->temp, ids.id, b->reterr);
    if (n < 0)
        return n;
    ids.n = (uint32_t) n;
    for (uint32_t i = 1; i < l->n_fields; i++)
        if (b->ids[i].n == ids.n && memcmp(b->ids[i].id, ids.id, ids.n * sizeof ids.id[0]) == 0)
            return (int) i;
    if (l->n_fields >= UINT16_MAX)
        return diag_set(b->reterr, -ERR_LIMIT, "rules of one log source ask for too many fields");
    if (arena_grow(&b->plan->arena, (void **) &l->fields, &b->fields_cap, l->n_fields + 1,
                   sizeof *l->fields) < 0 ||
        arena_grow(&b->temp, (void **) &b->ids, &b->ids_cap, l->n_fields + 1, sizeof *b->ids) < 0)
        return no_memory(b->reterr);
    ids.seen = statistics_find(b->plan->statistics, source, name);
    b->ids[l->n_fields] = ids;
    l->fields[l->n_fields] = (struct lane_field){.name = name};
    if (ids.id[0] == EVENT_F_TIMESTAMP)
        b->plan->uses_timestamp = true;
    return (int) l->n_fields++;
}

/* What the name is looked up by: routes have a log source each. -ERR_LIMIT: too long to be remembered. */
static int field_key(const struct lane_builder *b, const struct detect_logsource *source, struct str name,
                     char room[EVENT_FIELD_NAME_BYTES_MAX + sizeof source], struct str *ret) {
    *ret = name;
    if (b->one_source)
        return 0;
    if (name.n > EVENT_FIELD_NAME_BYTES_MAX)
        return -ERR_LIMIT;
    memcpy(room, &source, sizeof source);
    memcpy(room + sizeof source, name.p, name.n);
    *ret = str_n(room, sizeof source + name.n);
    return 0;
}

int lane_field_of(struct lane_builder *b, const struct detect_logsource *source, struct str name) {
    char room[EVENT_FIELD_NAME_BYTES_MAX + sizeof source];
    union map_value *known;
    struct str key;
    if (!name.n) {
        b->lane->uses_line = true;
        return 0;
    }
    if (source == b->last_source && name.p == b->last_name.p && name.n == b->last_name.n)
        return b->last_field;
    bool keep = field_key(b, source, name, room, &key) == 0;
    known = keep ? map_find(&b->fields, key) : NULL;
    int field = known ? (int) known->num : make_field(b, source, name);
    if (field < 0)
        return field;
    if (keep && !known) {
        if (!b->one_source)
            key = arena_dup(&b->temp, key);
        int r = key.p ? map_add(&b->fields, key, &known, NULL) : -ENOMEM;
        if (r == -ENOMEM)
            return r;
        if (r == 0) /* else there are too many to remember */
            known->num = (uint64_t) field;
    }
    b->last_source = source;
    b->last_name = name;
    return b->last_field = field;
}

/* --- one lane --- */

struct pair {
    uint32_t id;
    uint16_t field;
    uint8_t rank;
};

static int by_id(const void *pa, const void *pb) {
    const struct pair *a = pa, *b = pb;
    return a->id != b->id ? (a->id > b->id) - (a->id < b->id) : (int) a->field - (int) b->field;
}

/* Which lane fields an event field serves, by the event field's id. */
static int build_uses(struct lane_builder *b) {
    struct lane *l = b->lane;
    uint32_t n = 0, max_id = 0;
    for (uint32_t i = 1; i < l->n_fields; i++)
        n += b->ids[i].n;
    struct pair *pairs = arena_alloc(&b->temp, (n + 1) * sizeof *pairs);
    l->uses = arena_alloc(&b->plan->arena, (n + 1) * sizeof *l->uses);
    if (!pairs || !l->uses)
        return -ENOMEM;
    n = 0;
    for (uint32_t i = 1; i < l->n_fields; i++)
        for (uint32_t k = 0; k < b->ids[i].n; k++) {
            pairs[n++] = (struct pair){b->ids[i].id[k], (uint16_t) i, (uint8_t) k};
            max_id = MAX(max_id, b->ids[i].id[k]);
        }
    qsort(pairs, n, sizeof *pairs, by_id);
    if (n >= UINT16_MAX)
        return -ERR_LIMIT;
    uint16_t *of = arena_zalloc(&b->plan->arena, ((size_t) max_id + 1) * sizeof *of);
    if (!of)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        bool last = i + 1 == n || pairs[i + 1].id != pairs[i].id;
        l->uses[i] = (struct use){pairs[i].field, pairs[i].rank, last};
        if (!of[pairs[i].id])
            of[pairs[i].id] = (uint16_t) (i + 1);
    }
    l->use_of = of;
    l->n_ids = max_id + 1;
    return 0;
}

static int build(struct lane_builder *b, const struct lane_source *rules, uint32_t n) {
    struct lane *l = b->lane;
    if (arena_grow(&b->plan->arena, (void **) &l->fields, &b->fields_cap, 1, sizeof *l->fields) <
            0 ||
        arena_grow(&b->temp, (void **) &b->ids, &b->ids_cap, 1, sizeof *b->ids) < 0)
        return -ENOMEM;
    l->fields[0] = (struct lane_field){.name = STR("")};
    b->ids[0] = (struct field_ids){.n = 0};
    l->n_fields = 1;
    l->rules = arena_zalloc(&b->plan->arena, (n + 1) * sizeof *l->rules);
    b->rule_ns = arena_alloc(&b->temp, (n + 1) * sizeof *b->rule_ns);
    if (!l->rules || !b->rule_ns)
        return -ENOMEM;
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < n; i++)
        r = lane_add_rule(b, &rules[i]);
    if (r == 0)
        r = lane_settle_atoms(b);
    if (r == 0)
        r = popularity_new(b);
    if (r == 0)
        r = lane_choose_triggers(b, rules, n);
    if (r == 0)
        r = lane_build_tables(b);
    return r == 0 ? build_uses(b) : r;
}

int lane_build(struct detect_plan *plan, struct lane *lane, const struct lane_source *rules,
               uint32_t n, struct diag *reterr) {
    struct diag why = {0};
    struct lane_builder b = {
        .plan = plan, .lane = lane, .reterr = &why, .temp = plan->temp, .scratch = plan->scratch};
    map_init(&b.fields, EVENT_NAMES_MAX, MAP_BORROW);
    b.one_source = n && rules[0].rule;
    map_init(&b.atoms, (size_t) RULES_MAX * 100, MAP_BORROW);
    int r = build(&b, rules, n);
    if (r < 0 && !why.code)
        r = r == -ENOMEM ? no_memory(&why)
                         : diag_set(&why, r, "cannot plan the rules: %s", err_word(r));
    if (r < 0 && reterr)
        *reterr = why;
    popularity_free(b.popularity);
    map_done(&b.fields);
    map_done(&b.atoms);
    arena_reset(&b.scratch);
    arena_reset(&b.temp);
    plan->scratch = b.scratch; /* with the blocks it has by now */
    plan->temp = b.temp;
    return r;
}

void lane_done(struct lane *l) {
    for (uint32_t i = 0; i < l->n_atoms; i++)
        if (l->atoms[i].op == DETECT_OP_REGEX)
            regex_free(l->atoms[i].re);
}
