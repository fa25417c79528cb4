/* OpenTelemetry logs (opentelemetry-proto, collector/logs/v1), protobuf or JSON: each log record becomes one line of
 * JSON. Attributes of resource and record stand under their own names, which are ECS's where both have one; names that
 * are ours (kizuki.*) are passed over by the decoder like everybody's.
 *
 *   time_unix_nano -> @timestamp (else observed_time_unix_nano)   severity_text -> log.level
 *   body, a string -> message; any other -> body                 trace_id, span_id -> trace.id, span.id
 *
 * The protobuf reader knows the fields it names and passes over all others; depth, lengths and sizes are bounded. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

typedef int otlp_line_fn(void *ctx, struct str line);
/* Calls fn for each record; what it returns below 0 ends it. *ret_refused: records that were not understood. */
int otlp_protobuf(struct str in, otlp_line_fn *fn, void *ctx, uint64_t *ret_refused, struct diag *reterr) MUST_USE;
int otlp_json(struct str in, otlp_line_fn *fn, void *ctx, uint64_t *ret_refused, struct diag *reterr) MUST_USE;
