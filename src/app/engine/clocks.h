/* How far the clock of each machine is from ours, by source and host: one listener hears many machines, and a file may be
 * written by several. Only lines that arrived live and say their own time tell it. Bounded: of one source CLOCK_HOSTS_MAX
 * machines, then the one heard longest ago makes room and is counted in `forgotten`.
 * A source itself, without regard to machines, has its clock in struct engine_source. */
#pragma once
#include "base/limits.h"
#include "base/map.h"

struct clock_host {
    struct str host;      /* owned */
    int64_t skew_ns;      /* its own time minus arrival, of its latest line */
    int64_t at_ns;        /* arrival of that */
    int64_t told_ms;      /* of whoever tells others; 0 at first */
};
struct clock_source {
    struct clock_host *at;
    size_t n, cap;
    uint64_t forgotten;
};
struct clocks {
    struct clock_source *sources; /* by source id */
    size_t n, cap;
};
void clocks_done(struct clocks *c);
/* What one host's line says. -ENOMEM only; ids above SOURCES_MAX and nameless hosts are not kept. */
int clocks_note(struct clocks *c, uint32_t source, struct str host, int64_t skew_ns, int64_t at_ns) MUST_USE;
struct clock_source *clocks_of(struct clocks *c, uint32_t source); /* NULL when no machine of it is known */
struct image;
void clocks_image(struct clocks *c, struct image *x);

/* The same of one batch, where all that matters is the latest line of each pair: filled without looking at the whole. */
struct clock_pair {
    uint32_t source;
    struct str host; /* in the batch's memory */
    int64_t skew_ns, at_ns;
    struct clock_pair *next;
};
struct clock_batch {
    struct map pairs;
    struct clock_pair *first, *latest;
};
struct arena;
void clock_batch_init(struct clock_batch *b);
void clock_batch_done(struct clock_batch *b);
void clock_batch_clear(struct clock_batch *b); /* before its arena is */
int clock_batch_note(struct clock_batch *b, struct arena *kept, uint32_t source, struct str host, int64_t skew_ns,
                     int64_t at_ns) MUST_USE;
int clocks_add(struct clocks *c, const struct clock_batch *b) MUST_USE;
