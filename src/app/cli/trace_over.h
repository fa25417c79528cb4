/* A trace over a data folder or a spool, from beginning to end: `kizuki trace`, and lessons that are judged by one. */
#pragma once
#include "base/buf.h"
#include "trace/trace.h"

enum { TRACE_ANSWER_BYTES_MAX = 4 << 20 };

/* 1: somebody was found, 0: nobody; the whole answer as JSON (docs/trace.md) goes to ret_json either way. */
int trace_over(const char *data, const struct trace_question *q, struct buf *ret_json, struct diag *reterr) MUST_USE;
