/* How long each rule takes from a log line to its finding, by source: measured when a finding is told for the first
 * time, as wall time minus the time of the line that made it true. Old logs (backfill), drills and findings whose last
 * line is not at hand are not measured. Kept in DATA/sensor/delays over restarts. */
#pragma once
#include "base/json.h"
#include "base/map.h"
#include "event/finding.h"

struct image;
struct delays {
    struct map rows; /* rule NUL source -> struct delay_row */
};
void delays_init(struct delays *d);
void delays_done(struct delays *d);
/* Measures if it can be measured. */
void delays_hear(struct delays *d, const struct finding *f, const struct raw_record *rec, struct str source,
                 int64_t now_ns);
void delays_image(struct delays *d, struct image *x);
/* [{"rule","source","n","p50_ms","p99_ms","max_ms"}…] as values of an open array; at most `most` rows. */
void delays_write(const struct delays *d, size_t most, struct jsonw *w);
