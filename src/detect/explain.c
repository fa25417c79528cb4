/* Why a rule matched, or why it did not: the condition tree with what each item found. Walks the
 * tree itself, not the jump code, and judges with the same functions. For people, so it is cut
 * where it would be long. */
#include "base/json.h"
#include "detect/match_priv.h"

enum {
    NEAR_MAX = 20,
    SHOWN_MAX = 12,
    VALUES_SHOWN_MAX = 5,
    VALUE_BYTES_MAX = 400,
    TREE_DEPTH_MAX = 20
};

struct explain {
    struct detect_matcher *m;
    const struct lane *lane;
    struct jsonw *w;
};

static const struct lane *lane_of(const struct detect_plan *p, const struct detect_rule *rule,
                                  const struct lane_rule **ret_rule) {
    for (uint32_t i = 0; i < p->n_lanes; i++)
        for (uint32_t k = 0; k < p->lanes[i].n_rules; k++)
            if (p->lanes[i].rules[k].index == rule->index && p->lanes[i].rules[k].n) {
                *ret_rule = &p->lanes[i].rules[k];
                return &p->lanes[i];
            }
    return NULL;
}

static uint32_t field_named(const struct lane *l, struct str name) {
    uint32_t i = name.n ? 1 : 0;
    while (name.n && i < l->n_fields && !str_eq(l->fields[i].name, name))
        i++;
    return i;
}

/* The lane's atom for an item: the one made for it, or for an equal item of another rule. */
static const struct atom *atom_for(const struct lane *l, const struct detect_item *item,
                                   struct atom *own) {
    uint32_t field = field_named(l, item->field), ref = 0;
    if (item->op == DETECT_OP_FIELDREF)
        ref = field_named(l, item->text);
    if (field >= l->n_fields || ref >= l->n_fields)
        return NULL;
    *own = lane_atom_from(item, field, ref);
    for (uint32_t i = 0; item->op == DETECT_OP_REGEX && i < l->n_atoms; i++) {
        const struct atom *a = &l->atoms[i];
        if (a->op == DETECT_OP_REGEX && a->field == field && l->items[i]->re_flags == item->re_flags &&
            str_eq(l->items[i]->text, item->text)) {
            own->re = a->re;
            return own;
        }
    }
    return item->op == DETECT_OP_REGEX ? NULL : own;
}

static const char *op_word(const struct detect_item *item) {
    static const char *const words[DETECT_OP_MAX_] = {
        [DETECT_OP_EXACT] = "is",          [DETECT_OP_PREFIX] = "starts with",
        [DETECT_OP_SUFFIX] = "ends with",  [DETECT_OP_CONTAINS] = "contains",
        [DETECT_OP_GLOB] = "is like",      [DETECT_OP_ANY] = "has a value",
        [DETECT_OP_NULL] = "has no value", [DETECT_OP_EXISTS] = "exists",
        [DETECT_OP_REGEX] = "matches",     [DETECT_OP_CIDR] = "is in network",
        [DETECT_OP_NUMBER] = "number",     [DETECT_OP_FIELDREF] = "compares with field",
    };
    return words[item->op];
}

static void write_value(struct explain *x, uint32_t value) {
    if (value_is_null(value_at(x->m, value)))
        jsonw_null(x->w);
    else
        jsonw_str(x->w, str_to(value_text(x->m, value), VALUE_BYTES_MAX));
}

static void write_item(struct explain *x, const struct detect_item *item, bool *ret_holds) {
    struct atom own;
    const struct atom *a = atom_for(x->lane, item, &own);
    uint32_t which = VALUE_NONE, n = 0, v = VALUE_NONE;
    bool holds = a && judge_atom_why(x->m, x->lane, a, &which);
    jsonw_kz(x->w, "kind", "item");
    jsonw_kbool(x->w, "holds", holds);
    jsonw_kstr(x->w, "field", item->field);
    jsonw_kz(x->w, "op", op_word(item));
    jsonw_kstr(x->w, "modifiers", item->modifiers);
    jsonw_kstr(x->w, "wants", str_to(item->written, VALUE_BYTES_MAX));
    if (a && item->field.n) {
        v = value_first(x->m, a->field);
        if (v != VALUE_NONE)
            jsonw_kstr(x->w, "found_in", event_names_get(x->m->plan->names, value_at(x->m, v)->id));
        jsonw_key(x->w, STR("found"));
        jsonw_array(x->w);
        if (which != VALUE_NONE) /* the one that decided */
            write_value(x, which);
        else
            for (; v != VALUE_NONE && n < VALUES_SHOWN_MAX; v = value_next(x->m, v), n++)
                write_value(x, v);
        jsonw_end(x->w);
    }
    *ret_holds = holds;
}

/* Judges without writing. */
static bool holds(struct explain *x, const struct detect_expr *e) {
    struct atom own;
    if (e->kind == DETECT_ITEM) {
        const struct atom *a = atom_for(x->lane, e->item, &own);
        return a && judge_atom(x->m, x->lane, a);
    }
    if (e->kind == DETECT_NOT)
        return !holds(x, e->sub[0]);
    for (uint32_t i = 0; i < e->n; i++)
        if (holds(x, e->sub[i]) == (e->kind == DETECT_OR))
            return e->kind == DETECT_OR;
    return e->kind == DETECT_AND;
}

static void write_node(struct explain *x, const struct detect_expr *e, unsigned depth);

/* Children that decide first: those that hold in an OR, those that do not in an AND; the rest up to
 * a limit. */
static void write_children(struct explain *x, const struct detect_expr *e, unsigned depth) {
    uint32_t shown = 0, left = 0;
    jsonw_key(x->w, STR("sub"));
    jsonw_array(x->w);
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < e->n; i++) {
            bool decides = e->kind == DETECT_NOT || holds(x, e->sub[i]) == (e->kind == DETECT_OR);
            if (decides != (pass == 0))
                continue;
            if (shown >= SHOWN_MAX) {
                left++;
                continue;
            }
            write_node(x, e->sub[i], depth + 1);
            shown++;
        }
    }
    jsonw_end(x->w);
    if (left)
        jsonw_ku64(x->w, "more", left);
}

static void write_node(struct explain *x, const struct detect_expr *e, unsigned depth) {
    static const char *const kinds[] = {"and", "or", "not", "item"};
    bool yes;
    jsonw_object(x->w);
    if (e->name.n)
        jsonw_kstr(x->w, "selection", e->name);
    if (e->kind == DETECT_ITEM) {
        write_item(x, e->item, &yes);
    } else {
        jsonw_kz(x->w, "kind", kinds[e->kind]);
        jsonw_kbool(x->w, "holds", holds(x, e));
        if (depth < TREE_DEPTH_MAX)
            write_children(x, e, depth);
        else
            jsonw_kbool(x->w, "cut", true);
    }
    jsonw_end(x->w);
}

/* --- rules --- */

static void write_logsource(struct jsonw *w, const struct detect_logsource *s) {
    jsonw_object(w);
    if (s->category.n)
        jsonw_kstr(w, "category", s->category);
    if (s->product.n)
        jsonw_kstr(w, "product", s->product);
    if (s->service.n)
        jsonw_kstr(w, "service", s->service);
    jsonw_end(w);
}

static bool lane_fits(const struct detect_matcher *m, const struct lane *l) {
    for (uint32_t i = 0; i < m->n_lanes; i++)
        if (&m->plan->lanes[m->lanes[i]] == l)
            return true;
    return false;
}

static void write_condition(struct jsonw *w, const struct detect_rule *rule) {
    const struct yaml_node *c = yaml_get(rule->detection, "condition");
    if (!c)
        return;
    jsonw_key(w, STR("condition"));
    if (c->kind == YAML_SCALAR) {
        jsonw_str(w, c->text);
        return;
    }
    jsonw_array(w);
    for (const struct yaml_node *it = c->first; it; it = it->next)
        jsonw_str(w, it->text);
    jsonw_end(w);
}

/* The lane must have been entered. */
static void write_rule(struct explain *x, const struct detect_rule *rule, bool matched) {
    jsonw_object(x->w);
    jsonw_kstr(x->w, "id", rule->id);
    jsonw_kstr(x->w, "name", rule->name);
    jsonw_kstr(x->w, "title", rule->title);
    jsonw_kz(x->w, "level", rule_level_to_string(rule->level));
    jsonw_kstr(x->w, "file", rule->file);
    jsonw_ku64(x->w, "line", rule->line);
    jsonw_key(x->w, STR("logsource"));
    write_logsource(x->w, &rule->logsource);
    jsonw_kbool(x->w, "logsource_fits", lane_fits(x->m, x->lane));
    jsonw_kbool(x->w, "matched", matched);
    write_condition(x->w, rule);
    jsonw_key(x->w, STR("why"));
    write_node(x, rule->expr, 0);
    jsonw_end(x->w);
}

static int explain_one(struct detect_matcher *m, const struct detect_rule *rule, struct jsonw *w) {
    const struct lane_rule *lr;
    struct explain x = {.m = m, .lane = lane_of(m->plan, rule, &lr), .w = w};
    int r = x.lane && x.lane->route ? values_enter_lane(m, &m->plan->route) : 0;
    if (!x.lane || r < 0)
        return r;
    if (x.lane->route) { /* which events its log source means */
        struct explain route = {.m = m, .lane = &m->plan->route, .w = w};
        jsonw_key(w, STR("route"));
        write_node(&route, x.lane->route, 0);
    }
    r = values_enter_lane(m, x.lane);
    if (r < 0)
        return r;
    bool matched = lane_fits(m, x.lane) && judge_rule(m, x.lane, lr);
    jsonw_key(w, STR("rule"));
    write_rule(&x, rule, matched);
    return 0;
}

/* Those of one lane that matched, or (near) that a trigger called and that did not match. */
static int explain_lane(struct detect_matcher *m, const struct lane *l, bool near, uint32_t *shown,
                        struct jsonw *w) {
    struct explain x = {.m = m, .lane = l, .w = w};
    int r = values_enter_lane(m, l);
    if (r < 0)
        return r;
    for (uint32_t i = 0; i < l->n_rules; i++) {
        if (m->chosen[l->rule_base + i] != m->epoch)
            continue;
        bool matched = judge_rule(m, l, &l->rules[i]);
        if (matched == near || (near && *shown >= NEAR_MAX))
            continue;
        ++*shown;
        write_rule(&x, m->plan->set->rules[l->rules[i].index], matched);
    }
    return 0;
}

static int explain_list(struct detect_matcher *m, const char *key, bool near, struct jsonw *w) {
    uint32_t shown = 0;
    int r = 0;
    jsonw_key(w, str_of(key));
    jsonw_array(w);
    for (uint32_t i = 0; r == 0 && i < m->n_lanes; i++)
        r = explain_lane(m, &m->plan->lanes[m->lanes[i]], near, &shown, w);
    jsonw_end(w);
    return r;
}

int detect_explain(struct detect_matcher *m, const struct event *ev, const struct detect_rule *rule,
                   struct jsonw *w) {
    const uint32_t *hits;
    uint32_t n;
    uint64_t before = m->stats.evaluated;
    int r = detect_match(m, ev, &hits, &n);
    if (r < 0) {
        jsonw_null(w);
        return r;
    }
    jsonw_object(w);
    jsonw_key(w, STR("logsources"));
    jsonw_array(w);
    for (uint32_t i = 0; i < m->n_lanes; i++)
        write_logsource(w, &m->plan->lanes[m->lanes[i]].source);
    jsonw_end(w);
    jsonw_ku64(w, "rules_considered", m->stats.evaluated - before);
    jsonw_ku64(w, "rules_matched", n);
    if (rule) {
        r = explain_one(m, rule, w);
    } else {
        r = explain_list(m, "matched", false, w);
        if (r == 0)
            r = explain_list(m, "near", true, w);
    }
    jsonw_end(w);
    return r < 0 ? r : m->no_memory ? -ENOMEM : 0;
}
