/* Inside src/detect: one thread's working memory, and the seams between the four steps of an event:
 * reader (values.c: which values a lane's fields have, made ready once), triggers (scan.c: which
 * rules to judge), candidates (match.c), evaluation (judge.c). */
#pragma once
#include "detect/pattern.h"
#include "detect/plan_priv.h"

/* Values by number: two of our own, then those of the event's fields. */
enum { VALUE_LINE, VALUE_TIMESTAMP, VALUE_FIELDS, VALUES_MAX = VALUE_FIELDS + EVENT_FIELDS_MAX, VALUE_NONE = 0xffff };

struct prepared {
    uint32_t epoch;
    bool high; /* holds bytes above ASCII */
    bool is_folded, is_text;
    struct str lowered, folded;
    struct str text; /* of an escaped value */
};
/* A value made ready for searches, beside: most plans never ask. */
struct folded {
    uint32_t normal_epoch, variants_epoch;
    struct str normal, variants;
};
/* What a lane makes of events of one shape. */
struct lane_shape {
    const struct lane *lane;
    struct lane_shape *next; /* of the same shape */
    uint16_t *fields;        /* that stand there, those with look-ups first */
    uint16_t n_fields, n_lookups;
    uint16_t first[]; /* by lane field: its first value, VALUE_NONE: absent */
};
/* Events with the same ids in the same order (shape.c). */
struct shape {
    uint64_t hash;
    uint32_t n;        /* ids: of VALUE_TIMESTAMP (0: there is none), then of the fields */
    uint32_t n_present;
    uint32_t *ids;
    uint16_t *present;    /* values that are the first of their name */
    uint16_t *own_next;
    const uint16_t *next; /* the next value of the same name */
    struct lane_shape *lanes;
    struct seen_route *routes; /* route.c */
    uint32_t n_routes;
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
    struct shape *shape;             /* the event's */
    const struct lane_shape *here;   /* of the lane entered last */
    uint32_t n_candidates, n_hits, n_lanes;
    /* arrays, all of fixed size */
    struct prepared *prepared; /* VALUES_MAX */
    struct folded *folded;     /* VALUES_MAX */
    uint32_t *memo;            /* plan->n_atoms */
    uint32_t *chosen;          /* plan->n_rules: the epoch a rule became a candidate in */
    uint32_t *candidates;      /* lane rules */
    uint32_t *hits;
    uint32_t *lanes;
    struct shape_memory *shapes;
    struct regex_memory *regex;
    struct route_memory *routes;
    struct detect_stats stats;
};

/* values.c */
int values_begin(struct detect_matcher *m, const struct event *ev) MUST_USE;
int values_enter_lane(struct detect_matcher *m, const struct lane *l) MUST_USE;
static inline const struct event_field *value_at(const struct detect_matcher *m, uint32_t value) {
    return LIKELY(value >= VALUE_FIELDS) ? &m->ev->fields[value - VALUE_FIELDS] : &m->extra[value];
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
struct str value_normal(struct detect_matcher *m, uint32_t value);   /* text_normal */
struct str value_variants(struct detect_matcher *m, uint32_t value); /* text_fold */
/* The first value of a field of the lane entered last, VALUE_NONE when it is absent. */
static inline uint32_t value_first(const struct detect_matcher *m, uint32_t field) {
    return m->here->first[field];
}
static inline uint32_t value_next(const struct detect_matcher *m, uint32_t value) {
    return m->shape->next[value];
}
/* Null, an empty list, an empty object: stands there without a value. */
static inline bool value_is_null(const struct event_field *f) {
    return f->type == 0 /* JSON_NULL */ || f->type >= 5 /* JSON_ARRAY, JSON_OBJECT */;
}

/* shape.c */
struct shape_memory *shape_memory_new(const struct detect_plan *plan); /* NULL when memory ends */
void shape_memory_free(struct shape_memory *s);                        /* NULL allowed */
/* Both NULL when memory ends; valid until the next event. */
struct shape *shape_of(struct detect_matcher *m, bool has_timestamp);
struct arena *shape_arena(struct detect_matcher *m); /* what is kept with shapes; small things */
const struct lane_shape *shape_lane(struct detect_matcher *m, struct shape *shape, const struct lane *l);

/* scan.c: fills m->candidates */
void scan_lane(struct detect_matcher *m, const struct lane *l);
/* Whether one of the literals stands in v. */
bool scan_group(const struct detect_matcher *m, const struct lane *l, const struct gram_table *g, struct str v);
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
