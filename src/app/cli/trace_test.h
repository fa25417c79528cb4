/* `kizuki trace --self-test`: one translation of the last day, chosen by chance, is traced as if somebody had told it, and what
 * is found is held against what its own line says. */
#pragma once
#include "app/search/tracing.h"

struct trace_picked {
    struct trace_question q;
    struct ip inside;
    uint64_t record, seen; /* seen: of how many it was chosen; 0: there was none */
};
/* Of `o` the folders and decoders count. */
int trace_test_pick(const struct scan_options *o, int64_t now_ns, struct trace_picked *ret, struct diag *reterr) MUST_USE;
/* Prints an event, and leaves it as a note for the sensor of the data folder, if one takes notes there (docs/trace.md); 1: it was traced to its machine or its user; 0: it was not. */
int trace_test_tell(struct tracing *t, const struct trace_picked *p, const char *data, struct diag *reterr) MUST_USE;
