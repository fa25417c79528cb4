/* Inside src/detect: what the plan asks of the field maps. */
#pragma once
#include "detect/expr.h"
#include "detect/fields.h"

/* The test an event must pass for rules of this log source to see it; *ret NULL: every event does.
 * The tree's items live in `fields`, new nodes in the arena. */
int fields_route(const struct detect_fields *fields, const struct detect_logsource *source,
                 struct arena *a, const struct detect_expr **ret) MUST_USE;
