/* Would a trace work tonight? One translation of the last day, chosen by chance, is traced as if somebody had told it, and
 * what is found is held against what its own line says. `kizuki trace --self-test` does it once, kizuki-search every night
 * (nightly.h). */
#pragma once
#include "app/search/scan.h"
#include "base/json.h"

struct trace_test;
/* Of `o` the folders and decoders count, and they outlive it. */
int trace_test_new(const struct scan_options *o, int64_t now_ns, struct trace_test **ret, struct diag *reterr) MUST_USE;
struct trace_test *trace_test_free(struct trace_test *t);
DEFINE_CLEANUP(struct trace_test *, trace_test_free)
/* 1: there is more; 0: the end. About a batch of records. */
int trace_test_step(struct trace_test *t, struct diag *reterr) MUST_USE;
/* After the end. Nothing was translated in the last day: nothing could be tried. */
bool trace_test_tried(const struct trace_test *t);
const char *trace_test_action(const struct trace_test *t); /* of the event */
/* Members of the event behind its time, module, dataset and action (docs/trace.md). *ret_good: it led to the machine and its
 * user. */
int trace_test_write(struct trace_test *t, struct jsonw *w, bool *ret_good, struct diag *reterr) MUST_USE;
