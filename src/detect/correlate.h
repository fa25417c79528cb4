/* Correlations: what several events say together.
 *
 * A plan is compiled once from a rule set; it is never changed and may be shared. A correlator
 * holds the state of one stream of events in one order of time: it takes events one by one, in
 * order, with the rules each of them matched, and tells findings to its sink. One thread. Nothing
 * depends on batches, threads, the wall clock or addresses in memory: the same events in the same
 * order give the same findings.
 *
 * Time is event.time_ns and ticks. Events may come late by CORRELATION_SLACK_NS; a jump back
 * further than that starts the windows it touches anew (stats.rewinds). Whoever reads old logs
 * beside live ones uses a correlator for each, because a tick of today ends what happened
 * yesterday.
 *
 * Rules nobody correlates are findings at once, folded (`kizuki.fold`). What goes beyond Sigma is
 * described with examples in content/extensions.md. */
#pragma once
#include "detect/rule.h"
#include "event/port.h"

#define CORRELATION_SLACK_NS (10 * NS_PER_MIN)
/* What remembers for longer is not learnt again when rules change: it is taken over (groups_take_over). New rules that
 * remember begin with this much. */
#define REMEMBERED_REACH_NS (7 * NS_PER_DAY)

struct correlate_plan;
/* Refuses correlations it cannot run (detect_rules_refuse), so call it before the set is shared and
 * before the matcher's plan is made; interns the fields it needs, so before the names are frozen.
 * Keeps a reference to the set and a pointer to the names. Fails only when memory ends. */
int correlate_plan_new(struct detect_rules *set, struct event_names *names,
                       struct correlate_plan **ret, struct diag *reterr) MUST_USE;
/* Days are told apart by it from here on (unusual); it must outlive the plan. Without one every day is its weekday. */
struct calendar;
void correlate_plan_days(struct correlate_plan *p, const struct calendar *days);
void correlate_plan_free(struct correlate_plan *p);
DEFINE_CLEANUP(struct correlate_plan *, correlate_plan_free)
/* False: a match of this rule changes nothing here (it neither is a finding nor is correlated), so
 * it need not be evaluated. */
bool correlate_plan_wants(const struct correlate_plan *p, uint32_t rule);
/* The rule's matches are findings. */
bool correlate_plan_speaks(const struct correlate_plan *p, uint32_t rule);
/* A figure others attach: held against no number, it is never true by itself. */
bool correlate_plan_only_counts(const struct correlate_plan *p, uint32_t rule);

/* What correlate_event asks of an event that matched, as an event of its own in `to`, which may outlive `ev` but not
 * the record. -ENOMEM. */
int correlate_pick(const struct correlate_plan *p, const struct event *ev, struct arena *to,
                   struct event **ret) MUST_USE;

struct correlate_limits {
    size_t groups_max;   /* over all correlations; CORRELATION_GROUPS_MAX */
    size_t bytes_max;    /* keys, values and small groups; CORRELATION_BYTES_MAX */
    size_t findings_max; /* open at once; CORRELATION_FINDINGS_MAX */
};
struct correlate;
/* limits may be NULL. The plan must outlive the correlator. */
int correlate_new(const struct correlate_plan *p, const struct finding_sink *sink,
                  const struct correlate_limits *limits, struct correlate **ret) MUST_USE;
void correlate_free(struct correlate *c); /* tells nothing; flush first. NULL allowed */
DEFINE_CLEANUP(struct correlate *, correlate_free)

/* `hits`: indexes of the rules the event matched (detect_rule.index), each once. -ENOMEM, or what
 * the sink returned; after that the correlator's counts are no longer exact and it is only good for
 * freeing. */
int correlate_event(struct correlate *c, const struct event *ev, const uint32_t *hits,
                    size_t n_hits) MUST_USE;
/* Time has come to t_ns at least: ends what is over. */
int correlate_tick(struct correlate *c, int64_t t_ns) MUST_USE;
/* The end of the input: every open finding ends. The correlator may go on afterwards. */
int correlate_flush(struct correlate *c) MUST_USE;

/* Writes or reads back the whole state (base/image.h), between two events. Reading: into a
 * correlator that has seen nothing yet, of the same plan as the writer's, else -ERR_CORRUPT at
 * best; after a failure it is only good for freeing. From then on it tells what the writer would
 * have told. */
struct image;
int correlate_image(struct correlate *c, struct image *i) MUST_USE;
/* Time of the oldest evidence of an open finding; INT64_MAX: none is open. */
int64_t correlate_open_since(const struct correlate *c);
/* No event reaches further back, but for the evidence of what is open. */
int64_t correlate_plan_reach_ns(const struct correlate_plan *p);

/* Other rules from here on: `to` has seen the same events under them, telling nobody. A finding open in both goes on
 * there with the number of its tellings; one open in `from` alone ends here and now; one open in `to` alone is told as
 * open. Both tell their own sink; `from` is only good for freeing afterwards. */
int correlate_hand_over(struct correlate *from, struct correlate *to) MUST_USE;

struct correlate_stats {
    uint64_t groups;         /* live now */
    uint64_t groups_evicted; /* left before their windows had drained: a limit was reached */
    uint64_t findings_open;
    uint64_t findings_cut;   /* ended early: a limit was reached */
    uint64_t values_dropped; /* distinct values not remembered: a limit was reached */
    uint64_t rewinds;        /* windows started anew because time jumped back */
    uint64_t late;           /* events later than the window they belong to */
    uint64_t bytes;          /* keys, values and small groups */
};
void correlate_stats(const struct correlate *c, struct correlate_stats *ret);
/* Groups a correlation lost to the limits. */
uint64_t correlate_rule_evicted(const struct correlate *c, uint32_t rule);
/* At how many events a correlation was true, whether it is told or not; not kept in the image. Those that wait for the
 * end of their time are not counted. */
uint64_t correlate_rule_hits(const struct correlate *c, uint32_t rule);
