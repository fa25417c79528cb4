/* How far something reached: a question with one number as its answer, counted over a stretch of time, with everything the number
 * stands on. One scan reads what fits the question, what it needs to be joined with, and the logs it cannot do without.
 *
 *   {"op":"scope", "key", "query", "from_ms", "to_ms",
 *    "count":[FIELD…]            distinct values of these together are the number
 *    "or":[FIELD…]               instead, where an event has none of the first field of "count"; such values are `open`
 *    "also":[FIELD…]             distinct values of each, told beside it
 *    "fold":bool                 letters of ASCII count as one, large or small
 *    "needs":[QUERY…]            logs without which the number says nothing: how many of each, and in which stretches none came
 *    "joins":[{"query", "ends"?, "by":FIELD, "of":FIELD, "gives":[FIELD…], "holds_s", "must"?:bool}…]}
 *   {"op":"scope_stop", "key"}
 *
 * A join says what another log knew at the moment of the event: the latest event of `query` whose field `by` is the event's field
 * `of`, not older than holds_s and not ended by an event of `ends`; its fields `gives` then stand in for fields of these names. By the
 * events' own times, not by their order of arrival: what is to be joined is put together at the end. must: who has none is not
 * counted. `by` and `of` may be a field that an earlier join gives: then both sides are looked up there first, each at its own time (the
 * machine behind an address when somebody signed in, and now).
 *
 * The answer is that of a hunt (state, found, first_at, last_at, progress), `distinct`, `at_least`, `open`, `without` (events that have no
 * value at all), `also`, `needs`, the first values with their first records, and, at the end, `list`: DATA/exports/scope-KEY.csv
 * with its SHA-256, where all of them stand. Nothing is kept over the program's end: who asks again begins anew. */
#pragma once
#include "app/search/scan.h"
#include "base/json.h"

struct scoping;
/* folder: where the list goes. */
int scoping_new(const struct scan_options *like, const struct json_value *question, const char *folder, struct scoping **ret, struct diag *reterr) MUST_USE;
struct scoping *scoping_free(struct scoping *s);
bool scoping_is(const struct scoping *s, struct str key);
bool scoping_is_running(const struct scoping *s);
void scoping_stop(struct scoping *s);
void scoping_step(struct scoping *s); /* a batch */
int scoping_write(struct scoping *s, struct jsonw *w) MUST_USE;
