/* Which raw records need not even be decoded: those without a text the query cannot do without.
 *
 * Never too few: what is looked for is a stretch of plain bytes of a word in free text, which every decoding leaves
 * as it stands; records in which something else could stand for it pass. Everything else a query may ask for (fields,
 * whose values a decoder may have made) passes too, but for the fields of a short list. */
#pragma once
#include "event/record.h"

struct gate;
struct detect_expr;
/* The condition and the sources are borrowed. fields: the list holds for all decoders in use, which is known of the
 * shipped ones. NULL when memory ends. */
struct gate *gate_new(const struct detect_expr *e, const struct source *sources, size_t n_sources, bool fields);
struct gate *gate_free(struct gate *g);
bool gate_may(const struct gate *g, const struct raw_record *rec);
/* The same for a set of indicators. */
struct indicator_set;
bool gate_may_indicators(const struct indicator_set *s, const struct raw_record *rec);
