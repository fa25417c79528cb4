/* What needs the whole set: conditions (placeholders may stand in any file), filters, and which
 * rules speak for themselves. Rules whose condition is refused leave the set, so that indexes have
 * no holes. */
#include "base/mem.h"
#include "detect/compile.h"
#include "detect/rule_priv.h"

static const char *const no_reserved[] = {NULL};
static const char *const filter_reserved[] = {"rules", NULL};

static struct compile compiler(struct rule_set *set, const struct detect_rule *rule,
                               struct diag *reterr) {
    return (struct compile){.arena = &set->arena,
                            .file = rule->file.p,
                            .placeholders = &set->placeholders,
                            .reterr = reterr};
}

static int compile_rule(struct rule_set *set, struct detect_rule *rule, struct diag *reterr) {
    struct diag why = {0};
    struct compile c = compiler(set, rule, &why);
    if (rule->kind == DETECT_CORRELATION)
        return 0;
    int r =
        compile_detection(&c, rule->detection,
                          rule->kind == DETECT_FILTER ? filter_reserved : no_reserved, &rule->expr);
    if (r == -ENOMEM)
        return diag_set(reterr, r, "out of memory");
    if (r == 0)
        return 0;
    rule->refused = true;
    r = rule_set_refuse(set, rule->title, &why);
    return r < 0 ? diag_set(reterr, r, "out of memory") : 0;
}

/* Refused rules leave; the others move up and keep their order. */
static void compact(struct rule_set *set) {
    size_t n = 0;
    for (size_t i = 0; i < set->n; i++) {
        struct detect_rule *rule = set->rules[i];
        if (rule->refused) {
            map_remove(&set->by_id, rule->id);
            if (rule->name.n)
                map_remove(&set->by_name, rule->name);
            continue;
        }
        rule->index = (uint32_t) n;
        set->rules[n++] = rule;
    }
    set->n = n;
    rule_set_publish(set);
}

/* --- filters --- */

/* The specification's filters describe what to leave out (`condition: selection`); pySigma's files
 * describe what to keep (`condition: not selection`) and are joined by AND. Both mean the same: the
 * selection is to be suppressed. So a condition made of nothing but negations is read the second
 * way. */
static bool says_what_to_keep(const struct detect_expr *e) {
    if (e->name.n) /* a selection, whatever it is made of (neq is a NOT, too) */
        return false;
    if (e->kind == DETECT_NOT)
        return true;
    if (e->kind != DETECT_AND)
        return false;
    for (uint32_t i = 0; i < e->n; i++)
        if (!says_what_to_keep(e->sub[i]))
            return false;
    return true;
}

static bool part_fits(struct str filter, struct str rule) {
    return !filter.n || str_eq(filter, rule);
}

static bool logsource_fits(const struct detect_logsource *filter,
                           const struct detect_logsource *rule) {
    return part_fits(filter->category, rule->category) &&
           part_fits(filter->product, rule->product) && part_fits(filter->service, rule->service);
}

static int apply_filter(struct rule_set *set, const struct detect_rule *filter,
                        struct detect_rule *rule, struct diag *reterr) {
    struct compile c = compiler(set, filter, reterr);
    if (rule->kind != DETECT_DETECTION || !logsource_fits(&filter->logsource, &rule->logsource))
        return 0;
    const struct detect_expr *both[2] = {rule->expr, filter->expr};
    if (!says_what_to_keep(filter->expr))
        both[1] = compile_not(&c, filter->expr);
    if (both[1])
        both[0] = compile_join(&c, DETECT_AND, both, 2);
    if (!both[1] || !both[0])
        return compile_no_memory(&c);
    rule->expr = both[0];
    return 0;
}

static bool is_everything(const struct yaml_node *rules) {
    return (rules->kind == YAML_SEQUENCE && !rules->first) ||
           (rules->kind == YAML_SCALAR &&
            (str_eq_icase(rules->text, STR("any")) || str_eq_icase(rules->text, STR("all"))));
}

/* 0, -ENOMEM, or a refusal in *why. */
static int apply_to_named(struct rule_set *set, const struct detect_rule *filter,
                          struct diag *why) {
    const struct yaml_node *rules = yaml_get(filter->detection, "rules");
    int r = 0;
    if (!rules || rules->kind == YAML_MAPPING)
        return yaml_error(why, -ERR_PARSE, filter->file.p, rules ? rules : filter->detection,
                          "a filter names its rules; add 'rules: [id or name, …]' or 'rules: any'");
    if (is_everything(rules)) {
        for (size_t i = 0; r == 0 && i < set->n; i++)
            r = apply_filter(set, filter, set->rules[i], why);
        return r;
    }
    bool list = rules->kind == YAML_SEQUENCE, found = false;
    for (const struct yaml_node *it = list ? rules->first : rules; r == 0 && it;
         it = list ? it->next : NULL) {
        const struct detect_rule *rule =
            it->kind == YAML_SCALAR ? detect_rules_find(&set->pub, it->text) : NULL;
        if (!rule)
            continue;
        found = true;
        r = apply_filter(set, filter, set->rules[rule->index], why);
    }
    if (r == 0 && !found)
        return yaml_error(why, -ERR_PARSE, filter->file.p, rules,
                          "no rule this filter names is loaded; correct the ids or load the rules");
    return r;
}

static int apply_filters(struct rule_set *set, struct diag *reterr) {
    for (size_t i = 0; i < set->n; i++) {
        struct detect_rule *filter = set->rules[i];
        struct diag why = {0};
        if (filter->kind != DETECT_FILTER)
            continue;
        int r = apply_to_named(set, filter, &why);
        if (r < 0 && r != -ENOMEM) {
            filter->refused = true;
            r = rule_set_refuse(set, filter->title, &why);
        }
        if (r < 0)
            return diag_set(reterr, r, "out of memory");
    }
    return 0;
}

/* --- who speaks --- */

/* A rule that correlations use makes findings of its own only when one of them says `generate:
 * true` (inside `correlation`, where the specification puts it, or beside it, where older files
 * have it). */
static bool says_generate(const struct detect_rule *rule) {
    bool yes = false;
    return (yaml_get_bool(rule->correlation, "generate", &yes) ||
            yaml_get_bool(rule->doc, "generate", &yes)) &&
           yes;
}

static void each_reference(struct rule_set *set, const struct detect_rule *rule,
                           void fn(struct detect_rule *referred)) {
    const struct yaml_node *list = yaml_get(rule->correlation, "rules");
    if (!list)
        return;
    for (const struct yaml_node *it = list->kind == YAML_SEQUENCE ? list->first : list; it;
         it = it->next) {
        const struct detect_rule *to =
            it->kind == YAML_SCALAR ? detect_rules_find(&set->pub, it->text) : NULL;
        if (to)
            fn(set->rules[to->index]);
        if (list->kind != YAML_SEQUENCE)
            break;
    }
}

static void silence(struct detect_rule *r) {
    r->generate = false;
}
static void speak(struct detect_rule *r) {
    r->generate = true;
}

static void settle_generate(struct rule_set *set) {
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < set->n; i++)
            if (set->rules[i]->kind == DETECT_CORRELATION &&
                (pass == 0) != says_generate(set->rules[i]))
                each_reference(set, set->rules[i], pass == 0 ? silence : speak);
}

int rule_set_finish(struct rule_set *set, struct diag *reterr) {
    int r = 0;
    for (size_t i = 0; r == 0 && i < set->n; i++)
        r = compile_rule(set, set->rules[i], reterr);
    if (r < 0)
        return r;
    compact(set);
    r = apply_filters(set, reterr);
    if (r < 0)
        return r;
    compact(set);
    settle_generate(set);
    return 0;
}
