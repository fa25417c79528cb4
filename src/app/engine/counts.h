/* What decoding saw of each source, counted in a batch by a lane and added up in order. */
#pragma once
#include "app/engine/clocks.h"
#include "app/engine/engine.h"

struct source_counts {
    struct engine_source *at; /* by source id */
    size_t n, cap;
};
void source_counts_done(struct source_counts *c);
/* One decoded event, and in `clocks` what it says of its machine's clock (texts in `kept`). */
int source_counts_note(struct source_counts *c, struct clock_batch *clocks, struct arena *kept, const struct event *ev) MUST_USE;
int source_counts_add(struct source_counts *to, const struct source_counts *from) MUST_USE;
struct image;
void source_counts_image(struct source_counts *c, struct image *x);
