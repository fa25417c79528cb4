/* Inside src/detect only: a finding that is open, and how it is told. */
#pragma once
#include "detect/correlate_priv.h"

#define EVIDENCE_HALF (FINDING_EVIDENCE_MAX / 2)
#define UPDATE_NS NS_PER_MIN /* a finding that changed is told again after this long */

/* Distinct values of one field: listed with their first event up to FINDING_COLLECT_MAX, counted by
 * hash up to CORRELATION_VALUES_MAX. */
struct collected {
    struct collected_value {
        uint32_t word;
        uint64_t count;
        int64_t first_ns;
        uint64_t pos;
    } * at;
    size_t n, cap;
    uint32_t *index; /* place + 1 by word, once there are more than a few */
    size_t index_cap;
    uint64_t *more; /* hashes of further values; 0 = free */
    size_t n_more, more_cap;
    bool at_least;
};

struct open_finding {
    uint64_t number; /* in order of opening */
    const struct plan_rule *rule;
    struct open_finding *next; /* of the same group */
    uint32_t group;            /* 0: a fold */
    uint32_t hash;             /* of a fold: rule and keys */
    char id[FINDING_ID_CHARS + 1];
    uint32_t revision;
    uint64_t count, told_count;
    int64_t first_ns, last_ns; /* of the evidence */
    int64_t hit_ns;            /* the latest event at which the rule was true */
    int64_t detected_ns;
    uint64_t detected_pos;
    int64_t told_ns;
    int64_t due_ns;
    size_t heap_at;
    bool changed, at_least, drill;
    size_t n_first, first_cap, n_last, last_cap, last_head;
    uint64_t *first, *last;       /* positions: the first ones, and a ring of the last ones */
    const struct plan_corr *corr; /* NULL: a fold */
    uint32_t
        *totals; /* of the window at the latest hit; measures are read off them when it is told */
    double *measures; /* attached ones are frozen when it opens */
    struct collected *collected;
    uint32_t keys[]; /* words; 0 = absent (folds only) */
};

/* Adds the event to evidence, count and collected values; `mask` as in its rule. */
int finding_add(struct correlate *c, struct open_finding *f, const struct mini *m) MUST_USE;
void finding_set_id(const struct correlate *c, struct open_finding *f);
/* correlate_bounds.c: of a finding whose correlation is late */
int64_t late_due(const struct open_finding *f);
bool late_holds(const struct open_finding *f);
int finding_tell(struct correlate *c, struct open_finding *f, enum finding_state state) MUST_USE;
/* The open ones in the order they opened, to be freed by the caller. */
int findings_by_opening(const struct correlate *c, struct open_finding ***ret) MUST_USE;
/* Takes a finding that was open before: into the heap, to its group or into the table of folds. */
int finding_restore(struct correlate *c, struct open_finding *f) MUST_USE;
/* The table that finds listed values, made larger when it is due. */
int collected_index(struct collected *x) MUST_USE;
void finding_free(struct correlate *c, struct open_finding *f);
