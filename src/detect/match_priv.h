/* Inside src/detect: one thread's working memory, and the seams between the four steps of an event:
 * reader (values.c: which values a lane's fields have, made ready once), triggers (scan.c: which
 * rules to judge), candidates (match.c), evaluation (judge.c). */
#pragma once
#include "detect/pattern.h"
#include "detect/plan_priv.h"

/* Values by number: those of the event's fields, then two of our own. */
enum { VALUE_LINE = EVENT_FIELDS_MAX, VALUE_TIMESTAMP, VALUES_MAX, VALUE_NONE = 0xffff };

struct prepared {
    uint32_t epoch;
    bool high; /* holds bytes above ASCII */
    bool is_folded, is_text;
    struct str lowered, folded;
    struct str text; /* of an escaped value */
};
/* Where a lane field's values are: first value and the rank of the name they stand under. */
struct slot {
    uint32_t epoch;
    uint16_t first;
    uint8_t rank;
};
struct last_seen {
    uint32_t epoch;
    uint16_t value;
};

/* The line before it is read: scan_line looks for keywords here, so that most lines never are. */
struct line_source {
    uint32_t epoch;
    uint32_t ready; /* the epoch in which VALUE_LINE was made of it */
    struct str bytes;
    bool is_raw;    /* in the encoding it came in */
    bool is_json;   /* with JSON's escapes */
    bool is_opaque; /* a plain letter may stand there as other bytes */
    bool high;      /* holds bytes above ASCII */
};

struct detect_matcher {
    struct detect_plan *plan;
    const struct kernel *kernel;
    const struct event *ev;
    uint32_t epoch;     /* below 2^31: a memo holds 2 * epoch + answer */
    struct arena arena; /* one event's */
    bool no_memory;
    bool exhaustive;             /* judge every rule, whatever the triggers say */
    struct event_field extra[2]; /* VALUE_LINE, VALUE_TIMESTAMP */
    struct line_source line;
    uint32_t n_present; /* values that are the first of their name */
    uint32_t n_touched, n_candidates, n_hits, n_lanes;
    /* arrays, all of fixed size */
    struct prepared *prepared; /* VALUES_MAX */
    uint16_t *next;            /* VALUES_MAX: the next value of the same name */
    uint16_t *present;         /* VALUES_MAX */
    struct last_seen *last_of; /* plan->n_ids */
    struct slot *slots;        /* plan->n_fields */
    uint32_t *memo;            /* plan->n_atoms */
    uint32_t *chosen;          /* plan->n_rules: the epoch a rule became a candidate in */
    uint16_t *touched;         /* lane fields present */
    uint32_t *candidates;      /* lane rules */
    uint32_t *hits;
    uint32_t *lanes;
    struct regex_memory *regex;
    struct route_memory *routes;
    struct detect_stats stats;
};

/* values.c */
int values_begin(struct detect_matcher *m, const struct event *ev) MUST_USE;
int values_enter_lane(struct detect_matcher *m, const struct lane *l) MUST_USE;
static inline const struct event_field *value_at(const struct detect_matcher *m, uint32_t value) {
    return LIKELY(value < VALUE_LINE) ? &m->ev->fields[value] : &m->extra[value - VALUE_LINE];
}
const struct prepared *value_make_ready(struct detect_matcher *m, uint32_t value);
/* Ready for comparison; empty when memory ends (then m->no_memory is set). */
static inline const struct prepared *value_prepare(struct detect_matcher *m, uint32_t value) {
    const struct prepared *p = &m->prepared[value];
    return LIKELY(p->epoch == m->epoch) ? p : value_make_ready(m, value);
}
/* The value as it is meant. */
struct str value_text(struct detect_matcher *m, uint32_t value);
const struct line_source *line_look(struct detect_matcher *m);
void line_make(struct detect_matcher *m); /* VALUE_LINE; before it is judged */
struct str value_folded(struct detect_matcher *m, uint32_t value);
/* The first value of a lane field, VALUE_NONE when it is absent. */
static inline uint32_t value_first(const struct detect_matcher *m, const struct lane *l,
                                   uint32_t field) {
    const struct slot *s = &m->slots[l->field_base + field];
    return s->epoch == m->epoch ? s->first : VALUE_NONE;
}
/* Null, an empty list, an empty object: stands there without a value. */
static inline bool value_is_null(const struct event_field *f) {
    return f->type == 0 /* JSON_NULL */ || f->type >= 5 /* JSON_ARRAY, JSON_OBJECT */;
}

/* scan.c: fills m->candidates */
void scan_lane(struct detect_matcher *m, const struct lane *l);
/* judge.c */
/* Both without the memo, which belongs to the lane's own atoms. */
bool judge_atom(struct detect_matcher *m, const struct lane *l, const struct atom *a);
/* The value that made it hold, for people; VALUE_NONE when none is to blame. */
bool judge_atom_why(struct detect_matcher *m, const struct lane *l, const struct atom *a,
                    uint32_t *ret_value);
bool judge_rule(struct detect_matcher *m, const struct lane *l, const struct lane_rule *r);
/* Fills m->lanes with the lanes the event belongs to: route.c, and match.c by the routing lane's rules. */
int match_route(struct detect_matcher *m) MUST_USE;
int match_route_judged(struct detect_matcher *m) MUST_USE; /* after values_enter_lane */
struct route_memory *route_memory_new(void); /* NULL when memory ends */
void route_memory_free(struct route_memory *r);
