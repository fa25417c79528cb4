/* The trace that Kizuki tries by itself every night (trace_test.h), so that it is known before somebody telephones whether
 * one could be answered. What came of it is left as a note, which the sensor makes an event of and rules judge, and stands in
 * FOLDER/trace.json for the page of sources: at, outcome, missing.
 *
 * Due is the last time of day `trace: {test_at: 03:30}` that was not tried, also after a night switched off; a Kizuki that
 * never tried begins with its first night. One batch a step: searches of people go on beside it. */
#pragma once
#include "app/search/trace_test.h"

#define NIGHTLY_NEVER (-1)
struct nightly {
    struct scan_options o;
    const char *data;
    char path[4096 + 32];
    int at_min, offset_min; /* minutes of the day there; NIGHTLY_NEVER */
    int64_t last_ns;        /* tried, or begun to wait */
    struct trace_test *test;
};
/* folder: is there. */
void nightly_init(struct nightly *n, const char *data, const char *folder, const struct scan_options *o, int at_min, int offset_min,
                  int64_t now_ns);
void nightly_done(struct nightly *n);
/* Pure: whether the time of day has come since. */
bool nightly_is_due(int at_min, int offset_min, int64_t last_ns, int64_t now_ns);
/* True: it has more to do at once. */
bool nightly_step(struct nightly *n, int64_t now_ns);
