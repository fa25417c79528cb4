/* What needs the whole set: which rules speak for themselves, later filters and conditions. */
#include "detect/rule_priv.h"

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
        const struct detect_rule *to = detect_rules_find(&set->pub, it->text);
        if (it->kind == YAML_SCALAR && to)
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

int rule_set_finish(struct rule_set *set, struct diag *reterr) {
    (void) reterr;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < set->n; i++)
            if (set->rules[i]->kind == DETECT_CORRELATION &&
                (pass == 0) != says_generate(set->rules[i]))
                each_reference(set, set->rules[i], pass == 0 ? silence : speak);
    return 0;
}
