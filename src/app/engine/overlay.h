/* What an operator decided about rules without touching their text: exceptions and repeat suppression.
 *
 * An exception is a Sigma detection with its own key, kept beside the rules (DATA/rules/exceptions.yml):
 *
 *   title: health check of the load balancer
 *   id: kizuki-exception-5f3c…
 *   logsource: {product: linux, service: sshd}      that of its rule
 *   detection: {hidden: {source.ip: 192.0.2.9}, condition: hidden}
 *   kizuki: {exception: {rules: [ID…], owner: N, until: 2027-01-31T00:00:00Z, reason: T}}
 *
 * It runs in the same plan as the rules. An event it matches is as if its rules had not matched; for a
 * correlation, a finding whose group it matches is not told. It ends by the event's time. What it hid is
 * counted. With `whole: true` it hides whatever its rules say, and its detection (which must stand there) is not asked. So neither a rule's text nor its state changes when an exception comes or goes.
 *
 * Suppression (DATA/rules/suppress.yml: `suppressions: [{rule: ID, for: 24h, owner: N, reason: T}]`) holds
 * back a finding when one of the same rule and the same group was told less than `for` before, and counts
 * it; the next one told says how many were held back. A finding without a group is never held back: there
 * is nothing by which two of them would be the same.
 *
 * Everything here depends on events and their order alone. Used in the ordered part: one thread. */
#pragma once
#include "detect/match.h"
#include "event/finding.h"

struct overlay;
struct overlay_options {
    const char *suppress_path; /* NULL: none */
    bool ignore_until;         /* previews: as if every exception were in force */
};
struct overlay_exception {
    const struct detect_rule *rule; /* of the exception itself */
    struct str owner, reason;
    int64_t until_ns; /* TIME_NONE: misses its end, which refuses it */
    const uint32_t *targets;
    uint32_t n_targets;
    bool whole; /* all that its rules say */
    uint64_t hidden_events, hidden_findings;
    int64_t last_ns; /* event time of the latest hidden */
};
struct overlay_suppression {
    const struct detect_rule *rule;
    struct str owner, reason;
    int64_t for_ns;
    uint64_t held_back;
};
/* Before the plans are made: exceptions that make no sense are refused in the set. */
int overlay_new(struct detect_rules *set, const struct overlay_options *o, struct overlay **ret,
                struct diag *reterr) MUST_USE;
struct overlay *overlay_free(struct overlay *o);
/* Once the plan is there. */
int overlay_use(struct overlay *o, struct detect_plan *plan, const struct event_names *names) MUST_USE;
bool overlay_is_exception(const struct overlay *o, uint32_t rule);
/* Takes exceptions and what they hide out of the hits, in place; returns how many are left. */
uint32_t overlay_hits(struct overlay *o, int64_t time_ns, uint32_t *hits, uint32_t n, bool drill);
/* 1: tell it (*ret_held_back: how many like it were held back before), 0: not. first: the first telling of
 * this finding that is asked for. */
int overlay_finding(struct overlay *o, const struct finding *f, bool first, uint64_t *ret_held_back) MUST_USE;
/* Counts, and what suppression remembers (base/image.h): for the same rules, exceptions and suppressions. */
struct image;
void overlay_image(struct overlay *o, struct image *x);
/* Counts and what was told go on in `to`, where exceptions and suppressions of the same rule stand. */
void overlay_hand_over(struct overlay *from, struct overlay *to);
const struct overlay_exception *overlay_exceptions(const struct overlay *o, size_t *ret_n);
const struct overlay_suppression *overlay_suppressions(const struct overlay *o, size_t *ret_n);
