/* From YAML to expr.h: selections with their modifiers (value.c) and conditions over them
 * (condition.c). Every refusal has the place of the node at fault and says what to write instead.
 */
#pragma once
#include "base/map.h"
#include "detect/expr.h"

struct compile {
    struct arena *arena;
    const char *file;
    const struct map *placeholders; /* name -> struct yaml_node *: a value or a list; NULL: none */
    struct diag *reterr;
    uint32_t n_items; /* made so far for this rule */
};

/* One selection: a map (AND over its keys), or a list of words and maps (OR). */
int compile_selection(struct compile *c, const struct yaml_node *selection,
                      const struct detect_expr **ret) MUST_USE;
/* `mapping` holds selections and `condition`; keys of the NULL-terminated `reserved` list are
 * neither. */
int compile_detection(struct compile *c, const struct yaml_node *mapping,
                      const char *const *reserved, const struct detect_expr **ret) MUST_USE;

int compile_error(struct compile *c, int code, const struct yaml_node *at, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
int compile_no_memory(struct compile *c);
/* AND or OR over n nodes (copied); one node alone is itself. NULL when memory ends. */
const struct detect_expr *compile_join(struct compile *c, enum detect_expr_kind kind,
                                       const struct detect_expr *const *sub, uint32_t n);
const struct detect_expr *compile_not(struct compile *c, const struct detect_expr *e);
const struct detect_expr *compile_item(struct compile *c, const struct detect_item *item);
