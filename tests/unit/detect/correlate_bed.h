/* A correlator on a bench: rules as text in, events by hand, tellings as lines of text out. */
#pragma once
#include "unit.h"

#include "base/buf.h"
#include "detect/correlate.h"

/* A detection that only correlations use. */
#define BED_RULE(name)                                                                             \
    "title: rule " name "\nid: id-" name "\nname: " name                                           \
    "\nlogsource: {category: test}\nkizuki: {finding: never}\n"                                    \
    "detection: {s: {x: y}, condition: s}\n---\n"

struct bed {
    struct event_names *names;
    struct detect_rules *set;
    struct correlate_plan *plan;
    struct correlate *c;
    struct arena arena, picked;
    struct buf lines; /* one telling a line */
    struct buf json;
    uint64_t n;    /* position of the last event */
    const struct correlate_limits *limits;
    bool restarts;
    int sink_code; /* what the sink returns */
};
/* While true, the correlator of a bed opened (not tried) is written, freed and read back into a new one between any two events. */
extern bool bed_restarts;
/* Fails the test when the rules do not load; refused correlations are shown by bed_refused. */
void bed_open(struct bed *b, const char *rules, const struct correlate_limits *limits);
int bed_try(struct bed *b, const char *rules, const struct correlate_limits *limits); /* torture */
void bed_close(struct bed *b);
/* An event at `t` seconds that matches the rules "a b"; fields "user.name=x source.ip=y". */
int bed_try_event(struct bed *b, double t, const char *rules, const char *fields);
void bed_event(struct bed *b, double t, const char *rules, const char *fields);
void bed_tick(struct bed *b, double t);
void bed_flush(struct bed *b);
/* The tellings since the last call, and forgets them. */
#define bed_expect(b, z) bed_expect_(b, z, __FILE__, __LINE__)
void bed_expect_(struct bed *b, const char *z, const char *file, int line);
/* The sentence with which the first refused rule was refused, or "". */
const char *bed_refused(const struct bed *b);
