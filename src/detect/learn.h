/* Learning what the planner wants to know of a stream of events: see statistics.h for the result.
 *
 * Events must hold every field a rule asks for; the matcher says which log sources an event belongs to.
 * Memory is bounded: when too many different keys were seen, those seen once are forgotten. */
#pragma once
#include "detect/match.h"

struct buf;
struct detect_learner;
struct detect_learner *detect_learner_new(void); /* NULL when memory ends */
struct detect_learner *detect_learner_free(struct detect_learner *l);
DEFINE_CLEANUP(struct detect_learner *, detect_learner_free)
int detect_learn(struct detect_learner *l, struct detect_matcher *m, const struct event *ev) MUST_USE;
/* The file's text, once; the order does not depend on that of the events. */
int detect_learner_write(struct detect_learner *l, struct buf *out) MUST_USE;
