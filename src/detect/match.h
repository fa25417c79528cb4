/* One event against all detection rules at once.
 *
 * A plan is built once from a rule set and never changes: threads share it. It routes an event by
 * log source, finds candidates through triggers (a rule is a candidate when one of its triggers
 * fires: never too few, sometimes too many), and judges each candidate exactly. A matcher is one
 * thread's working memory; after warm-up an event allocates nothing.
 *
 * Nothing found for one event is used for another, so `--no-cache` has nothing to turn off here. */
#pragma once
#include "detect/fields.h"
#include "event/record.h"

struct detect_plan;
struct detect_statistics;
struct detect_matcher;
struct jsonw;

struct detect_plan_options {
    const struct detect_fields *fields; /* NULL: rules' own names only, every rule sees every event;
                                           borrowed for the call */
    const struct detect_statistics *statistics; /* what events are like, to choose triggers by; NULL: guessed;
                                                   borrowed for the call */
    /* false: the rule's matches change nothing and it need not be planned; NULL: all are wanted */
    bool (*wants)(void *ctx, uint32_t rule);
    void *ctx;
};

/* Interns every field name a detection rule can ask for (so that decoders look up exactly those),
 * keeps a reference to the set. Rules the plan cannot hold are refused in the set
 * (detect_rules_refuse). */
int detect_plan_new(struct detect_rules *rules, struct event_names *names,
                    const struct detect_plan_options *opt, struct detect_plan **ret,
                    struct diag *reterr) MUST_USE;
struct detect_plan *detect_plan_ref(struct detect_plan *plan);
struct detect_plan *detect_plan_unref(struct detect_plan *plan); /* NULL allowed, returns NULL */
DEFINE_CLEANUP(struct detect_plan *, detect_plan_unref)
const struct detect_rules *detect_plan_rules(const struct detect_plan *plan);

struct detect_stats {
    uint64_t events, plans; /* plans: log sources entered, all events together */
    uint64_t candidates;    /* rules a trigger named */
    uint64_t evaluated;     /* rules judged: candidates and those without a trigger */
    uint64_t probes, grams; /* hash probes; gram bitmap hits */
    uint64_t regexes;       /* regex runs */
    uint64_t regex_limits;  /* runs that met the match limit: counted as no match */
    uint64_t hits;
};

struct detect_matcher *detect_matcher_new(struct detect_plan *plan); /* NULL when memory ends */
void detect_matcher_free(struct detect_matcher *m);                  /* NULL allowed */
DEFINE_CLEANUP(struct detect_matcher *, detect_matcher_free)

/* *ret_hits: indexes into the rule set, ascending, valid until the next call. -ENOMEM. */
int detect_match(struct detect_matcher *m, const struct event *ev, const uint32_t **ret_hits,
                 uint32_t *ret_n) MUST_USE;
/* The whole line as keywords and free text see it; valid until the next call. -ENOMEM. */
int detect_line(struct detect_matcher *m, const struct event *ev, struct str *ret) MUST_USE;
/* The same without triggers: every rule of the event's log sources is judged. For tests, which hold
 * the two against each other. */
int detect_match_exhaustive(struct detect_matcher *m, const struct event *ev,
                            const uint32_t **ret_hits, uint32_t *ret_n) MUST_USE;
const struct detect_stats *detect_matcher_stats(const struct detect_matcher *m);

/* One JSON object:
 *
 * - logsources: those the event belongs to;
 * - rules_considered: how many were judged for it; rules_matched;
 * - matched, near: rules with their condition as a tree, each item with what it wants and what it
 *   found. near: a trigger called them and they did not match (at most 20);
 * - rule, route: with `rule`, instead of these lists. That rule alone, even if its log source does
 *   not fit (matched is false then), and the test its log source means. Absent when the rule is no
 *   detection of this plan.
 *
 * What is written is well-formed JSON also when -ENOMEM is returned. */
int detect_explain(struct detect_matcher *m, const struct event *ev, const struct detect_rule *rule,
                   struct jsonw *out) MUST_USE;
