/* What a rule says. Made by detect, kept by the sensor until the room has it, stored by the room.
 *
 * A finding that lasts (a burst) is told when it opens, again while it grows, and once when it ends; all
 * tellings share the id, `revision` counts from 1. id = first 16 bytes of SHA-256(rule id, group values,
 * position of the first evidence) in hex: the same bytes give the same ids. Times are data, never the wall
 * clock. Slices are valid during the sink call only. */
#pragma once
#include "event/record.h"

#define FINDING_ID_CHARS 32

enum rule_level { LEVEL_INFORMATIONAL, LEVEL_LOW, LEVEL_MEDIUM, LEVEL_HIGH, LEVEL_CRITICAL, LEVEL_MAX_ };
const char *rule_level_to_string(enum rule_level l);
int rule_level_from_string(struct str s); /* enum or -EINVAL */

enum finding_state { FINDING_OPEN, FINDING_UPDATE, FINDING_END, FINDING_STATE_MAX_ };
const char *finding_state_to_string(enum finding_state s);

struct finding_pair {
    struct str name, value;
};
struct finding_values { /* distinct values of one collected field, in order of first appearance */
    struct str name;
    uint64_t n_distinct; /* may exceed n_listed; */
    bool at_least;       /* n_distinct is a lower bound: state was bounded or evicted */
    uint32_t n_listed;
    const struct str *listed;
    const uint64_t *counts;    /* events for each listed value */
    const int64_t *first_ns;   /* first event for each listed value */
    const struct event_pos *first_pos; /* where it stands: the proof of that value; NULL: not known */
};
struct finding_measure {
    struct str name; /* tries, accounts, tries_per_account, failure_rate, good_accounts… */
    double value;
};

struct finding {
    char id[FINDING_ID_CHARS + 1];
    enum finding_state state;
    uint32_t revision;
    struct str rule_id, rule_name, rule_title;
    struct str kind;     /* kizuki.kind of the rule: list_attack, spraying… or empty */
    struct str propose;  /* kizuki.propose: block_source… or empty */
    enum rule_level level;
    uint32_t n_group;
    const struct finding_pair *group; /* group-by field and value */
    uint64_t count;                   /* events behind it */
    int64_t first_ns, last_ns;        /* of the evidence, by window time */
    int64_t detected_ns;              /* window time of the event (or tick) that made it true */
    struct event_pos detected_pos;
    uint32_t n_measures;
    const struct finding_measure *measures;
    uint32_t n_values;
    const struct finding_values *values;
    uint32_t n_evidence; /* listed; at most FINDING_EVIDENCE_MAX, the first and the last ones */
    const struct event_pos *evidence;
    bool at_least; /* count, measures and values are lower bounds: state was bounded or evicted */
    bool drill;
    bool canary; /* a drill that only asks whether rules are alive: it ends where findings are received */
    bool watched; /* its rule is only watched: no case, no call, no act */
    uint64_t held_back; /* findings of the same rule and group that were not told before this one */
};
/* One JSON object without line end; the wire form between sensor and room and the output of hunt.
 * `stream_name(ctx, stream)` gives the file for positions outside the spool; NULL: spool numbers only. */
typedef struct str finding_stream_fn(void *ctx, uint32_t stream);
struct buf;
void finding_write_json(const struct finding *f, finding_stream_fn *stream_name, void *ctx,
                        struct buf *out);
/* The same in at most max_bytes, with fewer values listed where it must be so: whoever is attacked with long
 * names is told all the same, and `distinct` still counts them all. -ERR_LIMIT when nothing listed is still too
 * much. *out is cleared first. */
int finding_write_json_within(const struct finding *f, finding_stream_fn *stream_name, void *ctx,
                              size_t max_bytes, struct buf *out) MUST_USE;
