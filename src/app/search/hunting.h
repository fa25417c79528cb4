/* What the searcher does beside searches: one hunt over what is kept (past.h) and one count of how far something reached
 * (scoping.h) at a time, and indicators (shelf.h).
 *
 *   {"op":"hunt", "key", "query" or "rule" or "import":N, "from_ms"?, "to_ms"?}  begins it, goes on with it, or says how far it
 *                                                                                 is: the same question each time; past.h
 *      "first":true: goes before the one under way, which is asked for again later
 *      "copy":NAME: over what is kept here of another Kizuki (copies.h)
 *      "parts":[{"name","query"}…] instead of "query": several at once, told apart
 *   {"op":"hunt_stop", "key"} */
#pragma once
#include "app/common/copies.h"
#include "app/search/past.h"
#include "app/search/scoping.h"
#include "app/search/shelf.h"

struct hunting {
    struct shelf shelf;
    struct past *past; /* the present hunt, or the last one */
    struct scoping *scoping; /* likewise */
    char folder[4096], lists[4096];
    struct scan_options like; /* where, and the decoders */
    const struct copies *copies; /* borrowed */
};
int hunting_init(struct hunting *h, const struct config *c, const char *content, const struct scan_options *like, struct diag *reterr) MUST_USE;
void hunting_done(struct hunting *h);
bool hunting_has_op(struct str op);
/* Members of the result, or a code and a sentence. */
int hunting_ask(struct hunting *h, struct str op, const struct json_value *question, struct jsonw *w, struct diag *reterr) MUST_USE;
bool hunting_step(struct hunting *h); /* whether there is more to do */
