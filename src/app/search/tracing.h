/* A trace over a spool, step by step: what src/trace wants to see is looked for by a scan (scan.h), shown to it, until it
 * wants nothing more. */
#pragma once
#include "app/search/scan.h"
#include "base/json.h"
#include "trace/trace.h"

struct tracing;
/* Of `o` the folders and decoders count; the rest is the trace's. */
int tracing_new(const struct scan_options *o, const struct trace_question *q, struct tracing **ret, struct diag *reterr) MUST_USE;
struct tracing *tracing_free(struct tracing *t);
DEFINE_CLEANUP(struct tracing *, tracing_free)
bool tracing_is_running(const struct tracing *t);
void tracing_stop(struct tracing *t);
void tracing_step(struct tracing *t); /* about a batch of records; what fails ends it and is told */
/* Members of an object: state, why, progress, and what was found once it is done. */
int tracing_write(struct tracing *t, struct jsonw *w) MUST_USE;
const struct trace *tracing_found(const struct tracing *t);
const char *tracing_failed(const struct tracing *t); /* NULL: it did not */
