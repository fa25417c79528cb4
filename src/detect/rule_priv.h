/* Inside src/detect only: how a rule set is put together. */
#pragma once
#include "base/map.h"
#include "detect/rule.h"

/* The set with what only loading needs. `pub` comes first: the two pointers are the same. */
struct rule_set {
    struct detect_rules pub;
    struct arena arena;
    unsigned refs; /* atomic */
    struct detect_rule **rules;
    size_t n, cap;
    struct detect_refused **refused;
    size_t n_refused, refused_cap;
    struct map by_id, by_name; /* borrowed keys in the arena */
    struct map placeholders;   /* name -> struct yaml_node *, for `expand` */
};

/* What stands in a multi-document file between its documents: `action: global` and `action:
 * repeat`. */
struct rule_merge {
    const struct yaml_node *global; /* NULL: none */
    const struct yaml_node *last;   /* the last rule as merged, for repeat */
};
/* 1 = *ret is a rule's document, 0 = the document only changed the state. */
int rule_merge_next(struct rule_merge *m, struct arena *a, const struct yaml_node *root,
                    const char *file, const struct yaml_node **ret, struct diag *reterr) MUST_USE;

struct rule_set *rule_set_new(void); /* NULL when memory ends */
/* A rule made without a document, of which nothing is left to do. */
int rule_set_add_rule(struct rule_set *set, struct detect_rule *rule, struct diag *reterr) MUST_USE;

/* Reads everything but the condition. `file` and `text` must live as long as the arena. */
int rule_head_parse(struct arena *a, const struct yaml_node *doc, struct str file, struct str text,
                    struct detect_rule *rule, struct diag *reterr) MUST_USE;

/* Adds one file's text; it, and its name, must live in the set's arena. Refuses instead of failing.
 */
int rule_set_add_text(struct rule_set *set, struct str text, struct str file,
                      struct diag *reterr) MUST_USE;
int rule_set_add_path(struct rule_set *set, const char *path, struct diag *reterr) MUST_USE;
void rule_set_publish(struct rule_set *set); /* the arrays as the public part shows them */
int rule_set_refuse(struct rule_set *set, struct str title, const struct diag *why) MUST_USE;
/* After the last file: filters, conditions, references of correlations. */
int rule_set_finish(struct rule_set *set, struct diag *reterr) MUST_USE;
