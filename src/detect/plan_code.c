/* Rules as jump code over distinct items ("atoms").
 *
 * A condition is walked with its negations pushed down, so that every step is one atom with two
 * ways to go. Code is made from the end to the front: a node is told where to go when true and when
 * false, and says where it begins. Children of AND and OR stand in the order that decides soonest
 * for least. */
#include "base/limits.h"
#include "base/mem.h"
#include "detect/plan_priv.h"

double item_cost_ns(const struct detect_item *item) {
    static const double ns[DETECT_OP_MAX_] = {
        [DETECT_OP_EXACT] = 5,     [DETECT_OP_PREFIX] = 5,  [DETECT_OP_SUFFIX] = 5,
        [DETECT_OP_CONTAINS] = 30, [DETECT_OP_GLOB] = 60,   [DETECT_OP_ANY] = 3,
        [DETECT_OP_NULL] = 3,      [DETECT_OP_EXISTS] = 2,  [DETECT_OP_REGEX] = 400,
        [DETECT_OP_CIDR] = 40,     [DETECT_OP_NUMBER] = 30, [DETECT_OP_FIELDREF] = 20,
    };
    return ns[item->op] + (item->field.n ? 0 : 100); /* a keyword reads the whole line */
}

/* --- atoms --- */

struct key {
    char *p;
    size_t n, cap;
};

static int key_add(struct lane_builder *b, struct key *k, const void *p, size_t n) {
    void *at = k->p;
    if (arena_grow(&b->temp, &at, &k->cap, k->n + n + 1, 1) < 0)
        return -ENOMEM;
    k->p = at;
    if (n)
        memcpy(k->p + k->n, p, n);
    k->n += n;
    return 0;
}

static int key_add_str(struct lane_builder *b, struct key *k, struct str s) {
    int r = key_add(b, k, &s.n, sizeof s.n);
    return r < 0 ? r : key_add(b, k, s.p, s.n);
}

/* Everything that makes two items the same test. */
static int atom_key(struct lane_builder *b, const struct atom *a, const struct detect_item *item, struct key *k) {
    const struct detect_item *it = item;
    struct {
        uint16_t field, ref_field;
        uint8_t op, flags, re_flags, compare, time_part, ref_op, fold, word;
        double value;
        struct ip_prefix net;
    } head;
    memset(&head, 0, sizeof head);
    head.field = a->field;
    head.ref_field = a->ref_field;
    head.op = a->op;
    head.flags = a->flags;
    head.re_flags = it->re_flags;
    head.compare = (uint8_t) it->compare;
    head.time_part = (uint8_t) it->time_part;
    head.ref_op = (uint8_t) it->ref_op;
    head.fold = (uint8_t) it->fold;
    head.word = (uint8_t) (it->word_begins | it->word_ends << 1);
    head.value = it->value;
    if (a->op == DETECT_OP_CIDR) {
        memcpy(head.net.ip.bytes, it->net.ip.bytes, sizeof head.net.ip.bytes);
        head.net.ip.version = it->net.ip.version;
        head.net.bits = it->net.bits;
    }
    size_t n = sizeof head + sizeof it->text.n + it->text.n + 1;
    for (uint32_t i = 0; i < it->n_pieces; i++)
        n += sizeof(uint32_t) + sizeof it->pieces[i].lit.n + it->pieces[i].lit.n;
    void *room = NULL;
    int r = arena_grow(&b->temp, &room, &k->cap, n, 1); /* at once: the old one would stay behind */
    k->p = room;
    if (r == 0)
        r = key_add(b, k, &head, sizeof head);
    if (r == 0)
        r = key_add_str(b, k, it->text);
    for (uint32_t i = 0; r == 0 && i < it->n_pieces; i++) {
        uint32_t gap = it->pieces[i].skip | (it->pieces[i].star ? 1u << 16 : 0);
        r = key_add(b, k, &gap, sizeof gap);
        if (r == 0)
            r = key_add_str(b, k, it->pieces[i].lit);
    }
    return r;
}

static bool has_high(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char) s.p[i] >= 0x80)
            return true;
    return false;
}

static bool asks_for_high(const struct detect_item *item) {
    if (item->fold == DETECT_FOLD_VARIANTS) /* of ASCII there are none; the item's twin looks at that */
        return item->op <= DETECT_OP_GLOB;
    bool high = item->op <= DETECT_OP_CONTAINS && has_high(item->text);
    for (uint32_t i = 0; item->op == DETECT_OP_GLOB && i < item->n_pieces; i++)
        high |= has_high(item->pieces[i].lit);
    return high;
}

/* Without its rare bytes, which only an atom that is kept needs. */
static struct atom atom_of(const struct detect_item *item, uint32_t field, uint32_t ref_field) {
    struct atom a = {.op = (uint8_t) item->op,
                     .field = (uint16_t) field,
                     .n = (uint32_t) item->text.n,
                     .text = item->text.p,
                     .item = item};
    a.flags = (uint8_t) ((item->cased ? ATOM_CASED : 0) | (item->unicode ? ATOM_UNICODE : 0) |
                         (item->number ? ATOM_NUMBER : 0) | (asks_for_high(item) ? ATOM_HIGH : 0) |
                         (item->fold ? ATOM_FOLD : 0) | (item->word_begins || item->word_ends ? ATOM_WORD : 0));
    if (item->op == DETECT_OP_FIELDREF)
        a.ref_field = (uint16_t) ref_field;
    return a;
}

struct atom lane_atom_from(const struct detect_item *item, uint32_t field, uint32_t ref_field) {
    struct atom a = atom_of(item, field, ref_field);
    if (item->op != DETECT_OP_FIELDREF)
        a.rare = kernel_rare_of(a.text, a.n);
    return a;
}

static int make_atom(struct lane_builder *b, const struct detect_logsource *source,
                     const struct detect_item *item, struct atom *ret) {
    int field = lane_field_of(b, source, item->field), ref = 0;
    if (field >= 0 && item->op == DETECT_OP_FIELDREF)
        ref = lane_field_of(b, source, item->text);
    if (field < 0 || ref < 0)
        return MIN(field, ref);
    *ret = atom_of(item, (uint32_t) field, (uint32_t) ref);
    return 0;
}

int lane_put_atom(struct lane_builder *b, const struct atom *a, const struct detect_item *item, uint32_t *ret) {
    struct lane *l = b->lane;
    int r = arena_grow(&b->temp, (void **) &b->atom_uses, &b->uses_cap, l->n_atoms + 1, sizeof *b->atom_uses);
    if (r == 0)
        r = arena_grow(&b->plan->arena, (void **) &l->atoms, &b->atoms_cap, l->n_atoms + 1, sizeof *l->atoms);
    if (r == 0)
        r = arena_grow(&b->plan->arena, (void **) &l->items, &b->items_cap, l->n_atoms + 1, sizeof *l->items);
    if (r < 0)
        return r;
    b->atom_uses[l->n_atoms] = 1;
    l->items[l->n_atoms] = item;
    l->atoms[l->n_atoms] = *a;
    *ret = l->n_atoms++;
    return 0;
}

int lane_atom_of(struct lane_builder *b, const struct detect_logsource *source,
                 const struct detect_item *item, uint32_t *ret) {
    struct atom a;
    struct key k = {0};
    union map_value *v;
    bool fresh;
    int r = make_atom(b, source, item, &a);
    struct arena_mark mark = arena_mark(&b->temp);
    if (r == 0)
        r = atom_key(b, &a, item, &k);
    if (r == 0)
        r = map_add(&b->atoms, str_n(k.p, k.n), &v, &fresh);
    if (r < 0)
        return r;
    if (!fresh) {
        arena_rewind(&b->temp, mark);
        *ret = (uint32_t) v->num;
        b->atom_uses[*ret]++;
        return 0;
    }
    if (item->op != DETECT_OP_FIELDREF)
        a.rare = kernel_rare_of(a.text, a.n);
    if (item->op == DETECT_OP_REGEX)
        r = regex_new(item->text, item->re_flags, &a.re);
    if (r < 0)
        return r;
    r = lane_put_atom(b, &a, item, ret);
    if (r < 0 && item->op == DETECT_OP_REGEX)
        regex_free(a.re);
    v->num = *ret;
    return r;
}

/* Worth remembering within one event: what several places ask. Texts move side by
 * side in the order of the atoms, which is that of the rules: a rule's are on few cache lines. */
int lane_settle_atoms(struct lane_builder *b) {
    struct lane *l = b->lane;
    size_t n = 0;
    for (uint32_t i = 0; i < l->n_atoms; i++) {
        if (b->atom_uses[i] >= 3 || (b->atom_uses[i] == 2 && item_cost_ns(l->items[i]) >= 20))
            l->atoms[i].flags |= ATOM_MEMO;
        n += l->atoms[i].op <= DETECT_OP_CONTAINS ? l->atoms[i].n : 0;
    }
    char *to = arena_alloc(&b->plan->arena, n + 1);
    if (!to)
        return -ENOMEM;
    for (uint32_t i = 0; i < l->n_atoms; i++) {
        struct atom *a = &l->atoms[i];
        if (a->op > DETECT_OP_CONTAINS || !a->n)
            continue;
        memcpy(to, a->text, a->n);
        a->text = to;
        to += a->n;
    }
    return 0;
}

/* --- order --- */

/* A node's weight and those of its children, in the builder's scratch arena. */
struct weighed {
    double cost, chance;
    struct weighed *sub;
};

static int weigh(struct lane_builder *b, const struct detect_logsource *source, const struct detect_expr *e,
                 bool negated, struct weighed *ret) {
    *ret = (struct weighed){0};
    if (e->kind == DETECT_ITEM) {
        int field = lane_field_of(b, source, e->item->field);
        double chance = chance_of_item(b, (uint32_t) MAX(field, 0), e->item);
        *ret = (struct weighed){.cost = item_cost_ns(e->item), .chance = negated ? 1 - chance : chance};
        return MIN(field, 0);
    }
    if (e->kind == DETECT_NOT)
        return weigh(b, source, e->sub[0], !negated, ret);
    bool and = (e->kind == DETECT_AND) != negated;
    double goes_on = 1;
    ret->sub = arena_alloc(&b->scratch, e->n * sizeof *ret->sub);
    if (!ret->sub)
        return -ENOMEM;
    for (uint32_t i = 0; i < e->n; i++) {
        int r = weigh(b, source, e->sub[i], negated, &ret->sub[i]);
        if (r < 0)
            return r;
        ret->cost += goes_on * ret->sub[i].cost;
        goes_on *= and? ret->sub[i].chance : 1 - ret->sub[i].chance;
    }
    ret->chance = and? goes_on : 1 - goes_on;
    return 0;
}

struct child {
    struct lane_branch is; /* .expr NULL: an atom of literals */
    double rank;
    uint32_t at, atom;
};

static int by_rank(const void *pa, const void *pb) {
    const struct child *a = pa, *b = pb;
    if (a->rank != b->rank)
        return (a->rank > b->rank) - (a->rank < b->rank);
    return (a->at > b->at) - (a->at < b->at);
}

/* --- code --- */

/* Places are counted from the end while code grows backwards. */
struct coder {
    struct lane_builder *b;
    const struct detect_logsource *source;
    struct step *at; /* `cap` steps, filled from the end */
    uint32_t n, cap;
};

static int gen_atom(struct coder *c, uint32_t atom, bool negated, int yes, int no) {
    ASSERT(c->n < c->cap); /* counted before */
    c->n++;
    c->at[c->cap - c->n] = (struct step){
        .atom = atom, .yes = (uint16_t) (negated ? no : yes), .no = (uint16_t) (negated ? yes : no)};
    return (int) c->n;
}

/* An AND in an AND, an OR in an OR: all their children are of one row. */
static uint32_t flatten(const struct detect_expr *e, const struct weighed *weight, struct lane_branch *to) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < e->n; i++) {
        if (e->sub[i]->kind == e->kind)
            n += flatten(e->sub[i], &weight->sub[i], to ? to + n : NULL);
        else if (to)
            to[n++] = (struct lane_branch){e->sub[i], &weight->sub[i]};
        else
            n++;
    }
    return n;
}

static double rank(double cost, double chance, bool and) {
    double decides = and? 1 - chance : chance;
    return cost / (decides > 1e-6 ? decides : 1e-6);
}

/* The children of an AND or OR in the order that decides soonest for least. */
static int order_children(struct coder *c, const struct detect_expr *e, const struct weighed *weight, bool negated,
                          struct child **ret, uint32_t *ret_n) {
    uint32_t n = flatten(e, weight, NULL), k = 0, atom = 0;
    struct lane_branch *at = arena_alloc(&c->b->scratch, n * sizeof *at);
    struct child *sub = arena_alloc(&c->b->scratch, n * sizeof *sub);
    bool and = (e->kind == DETECT_AND) != negated;
    int r = at && sub ? 0 : -ENOMEM;
    if (r < 0)
        return r;
    (void) flatten(e, weight, at);
    while (e->kind == DETECT_OR && (r = lane_join_literals(c->b, c->source, at, &n, &atom)) > 0) {
        sub[k] = (struct child){.at = k, .atom = atom, .rank = rank(40, negated ? 0.8 : 0.2, and)};
        k++;
    }
    for (uint32_t i = 0; i < n; i++, k++)
        sub[k] = (struct child){.is = at[i], .at = k, .rank = rank(at[i].weight->cost, at[i].weight->chance, and)};
    qsort(sub, k, sizeof *sub, by_rank);
    *ret = sub;
    *ret_n = k;
    return r;
}

/* Returns where the node begins (a place from the end, or CODE_…), or a negative code. */
static int gen(struct coder *c, const struct detect_expr *e, const struct weighed *weight, bool negated, int yes,
               int no) {
    struct child *sub;
    uint32_t atom, n;
    int r;
    if (e->kind == DETECT_NOT)
        return gen(c, e->sub[0], weight, !negated, yes, no);
    if (e->kind == DETECT_ITEM) {
        r = lane_atom_of(c->b, c->source, e->item, &atom);
        return r < 0 ? r : gen_atom(c, atom, negated, yes, no);
    }
    if ((r = order_children(c, e, weight, negated, &sub, &n)) < 0)
        return r;
    bool and = (e->kind == DETECT_AND) != negated;
    int begin = and? yes : no;
    for (uint32_t i = n; i-- > 0 && begin >= 0;) {
        int to_yes = and? begin : yes, to_no = and? no : begin;
        begin = sub[i].is.expr ? gen(c, sub[i].is.expr, sub[i].is.weight, negated, to_yes, to_no)
                               : gen_atom(c, sub[i].atom, negated, to_yes, to_no);
    }
    return begin;
}

static uint16_t turn(uint32_t n, uint16_t place) {
    return place >= CODE_FALSE ? place : (uint16_t) (n - place);
}

/* Leaves of the tree, stopping above CODE_MAX: selections may be shared by many places. */
static uint32_t count_items(const struct detect_expr *e, uint32_t so_far) {
    if (e->kind == DETECT_ITEM)
        return so_far + 1;
    for (uint32_t i = 0; i < e->n && so_far <= CODE_MAX; i++)
        so_far = count_items(e->sub[i], so_far);
    return so_far;
}

/* A rule this plan cannot hold is refused in the set and judged by nobody; the others go on. */
static int refuse(struct lane_builder *b, const struct lane_source *rule, int code) {
    struct diag why;
    if (!rule->rule || code == -ENOMEM)
        return code;
    diag_set_at(&why, code, rule->rule->file.p, rule->rule->line, 0, "%s",
                b->reterr->code ? b->reterr->text : "the condition is too large; split the rule");
    b->reterr->code = 0;
    return detect_rules_refuse(b->plan->set, rule->rule, &why);
}

static int make_code(struct lane_builder *b, const struct lane_source *rule, struct lane_rule *to) {
    enum { CALL_NS = 60, COST_NS_MAX = 2000 };
    struct lane *l = b->lane;
    struct coder c = {.b = b, .source = rule->source, .cap = count_items(rule->expr, 0)};
    if (c.cap > CODE_MAX)
        return -ERR_LIMIT;
    c.at = arena_alloc(&b->scratch, c.cap * sizeof *c.at);
    if (!c.at)
        return -ENOMEM;
    struct weighed weight;
    int r = weigh(b, rule->source, rule->expr, false, &weight);
    b->rule_ns[to - l->rules] = CALL_NS + MIN(weight.cost, COST_NS_MAX);
    if (r == 0)
        r = gen(&c, rule->expr, &weight, false, CODE_TRUE, CODE_FALSE);
    if (r >= 0)
        r = arena_grow(&b->plan->arena, (void **) &l->code, &b->code_cap, b->n_code + c.n,
                       sizeof *l->code);
    if (r < 0)
        return r;
    *to = (struct lane_rule){.index = rule->index, .first = (uint32_t) b->n_code, .n = c.n};
    for (uint32_t i = 0; i < c.n; i++) {
        struct step s = c.at[c.cap - c.n + i];
        s.yes = turn(c.n, s.yes);
        s.no = turn(c.n, s.no);
        l->code[b->n_code++] = s;
    }
    return 0;
}

int lane_add_rule(struct lane_builder *b, const struct lane_source *rule) {
    /* A refused one keeps its place without steps, so that lane rules and sources have the same
     * numbers. */
    struct lane_rule *to = &b->lane->rules[b->lane->n_rules++];
    *to = (struct lane_rule){.index = rule->index};
    int r = make_code(b, rule, to);
    arena_reset(&b->scratch);
    return r < 0 ? refuse(b, rule, r) : 0;
}
