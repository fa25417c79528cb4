/* Inside src/detect only: the compiled plan, and the state of a correlator.
 *
 * Correlations with the same group-by share a scope: one table of groups, one look-up an event.
 * Inside a scope every rule looked at is an input, a bit of a mask; what an event brings to a scope
 * is a `mini`: its time, place, mask and the words of the fields that are counted or collected.
 *
 * A group begins cold: a log of minis and nothing else, because nothing can be true yet (each
 * correlation needs some events at least, and some kinds of them). The event that could make a
 * correlation true has the log played into that one's window or state; the event that is one too
 * many for the log has it played into all, and the log goes. A million sources that try once cost a
 * key and one mini each.
 *
 * Correlations over correlations have a level; an event goes through the scopes level by level, and
 * a correlation that is true at this event is a hit for the levels above. */
#pragma once
#include "detect/correlate.h"
#include "detect/correlate_pool.h"

enum corr_type {
    CORR_EVENT_COUNT,
    CORR_VALUE_COUNT,
    CORR_TEMPORAL,
    CORR_TEMPORAL_ORDERED,
    CORR_FIRST_SEEN,
    CORR_MEASURES,
    CORR_VALUE_SUM,
    CORR_VALUE_AVG,
    CORR_VALUE_PERCENTILE,
    CORR_VALUE_MEDIAN,
    CORR_RATE_CHANGE,
    CORR_FORECAST, /* the last of those that keep numbers */
    CORR_UNUSUAL,
    CORR_SILENCE,
    CORR_USUAL,
    CORR_SEEN_AGAIN,
    CORR_TYPE_MAX_
};

#define TELL_BYTES_MAX ((size_t) 8 << 20) /* one finding with all its lists */
#define WINDOW_STEPS 60                   /* a window of measures moves in this many steps */
#define NO_INDEX UINT32_MAX
#define CORRELATION_FIGURES 8
#define STATES_MAX 64 /* states and windows of a scope: bits of hot.ready */

/* ---- expressions of measures ---- */

enum expr_op {
    EXPR_NUMBER,
    EXPR_COUNTER,
    EXPR_ATTACHED,
    EXPR_ADD,
    EXPR_SUB,
    EXPR_MUL,
    EXPR_DIV,
    EXPR_NEG,
    EXPR_LT,
    EXPR_LE,
    EXPR_GT,
    EXPR_GE,
    EXPR_EQ,
    EXPR_NE,
    EXPR_AND,
    EXPR_OR,
    EXPR_NOT,
};
struct corr_expr {
    enum expr_op op;
    uint32_t
        ref; /* EXPR_COUNTER, EXPR_ATTACHED: index of the measure, later of the window's counter */
    uint32_t weight; /* nodes an evaluation visits: names bring their whole tree */
    bool level;      /* EXPR_COUNTER: one event may change it by any amount */
    double number;
    struct corr_expr *a, *b;
};
/* What a name means: an expression to be shared, or NULL with the reason in reterr. */
typedef const struct corr_expr *expr_name_fn(void *ctx, struct str name, struct diag *reterr);
/* Words: numbers, names, + - * / ( ), < <= > >= == !=, and or not. The arena owns the tree. */
int corr_expr_parse(struct arena *a, struct str text, expr_name_fn *name, void *ctx,
                    const struct corr_expr **ret, struct diag *reterr) MUST_USE;
/* The fewest events without which a condition cannot be true (at least 1). */
uint64_t corr_expr_least_events(const struct corr_expr *e);
/* Calls need() for measures without which a condition cannot be true (perhaps not for all of them).
 */
typedef void expr_need_fn(void *ctx, uint32_t measure);
void corr_expr_needs(const struct corr_expr *e, expr_need_fn *need, void *ctx);

/* ---- code (correlate_code.c) ---- */

struct corr_op; /* 16 bytes */
struct corr_code {
    struct corr_op *ops;
    uint32_t n;
};
/* The window's counter behind a measure. */
typedef uint32_t expr_counter_fn(void *ctx, uint32_t measure);
int corr_code_make(struct arena *a, const struct corr_expr *e, expr_counter_fn *counter, void *ctx,
                   struct corr_code *ret) MUST_USE;
typedef double expr_attached_fn(void *ctx, uint32_t measure);
/* Division by zero is 0; truth is not 0 (`and` and `or` leave the value that decided). totals NULL:
 * all 0. */
double corr_code_run(const struct corr_code *c, const uint32_t *totals, expr_attached_fn *attached,
                     void *ctx);

/* Parts of conditions that look at nothing but counters are facts of their window: however many
 * correlations ask for one, it is worked out once an event at most. */
#define FACTS_MAX 64
struct corr_fact {
    uint8_t
        plain;  /* enum expr_op: it is `totals[a] - totals[b]` compared with the number; 0: code */
    bool minus; /* with `- totals[b]` */
    uint16_t a, b;
    double number;
    struct corr_code code;
    uint64_t users; /* correlations of the scope that ask for it, by their place there */
};
struct corr_facts {
    uint32_t n;
    struct corr_fact at[FACTS_MAX];
};
/* What is known of a window's facts at one event. */
struct corr_verdict {
    uint64_t known, truth;
};
/* Divides a condition at its outermost `and`s: *ret_facts is a mask of facts that must hold (new
 * ones are added), *ret_rest what must hold besides (n = 0: nothing). */
int corr_facts_make(struct arena *a, const struct corr_expr *e, expr_counter_fn *counter, void *ctx,
                    struct corr_facts *facts, uint64_t *ret_facts,
                    struct corr_code *ret_rest) MUST_USE;
/* NULL: all of them hold; else one that does not. */
const struct corr_fact *corr_facts_broken(const struct corr_facts *facts, uint64_t mask,
                                          const uint32_t *totals, struct corr_verdict *v);

/* ---- numbers of conditions (correlate_bounds.c) ---- */

enum { BOUND_GT, BOUND_GTE, BOUND_LT, BOUND_LTE, BOUND_EQ, BOUND_NEQ, BOUND_MAX_ };
struct corr_bounds {
    unsigned has; /* bits by the numbers above; all that are there must hold */
    double at[BOUND_MAX_];
};
bool corr_bounds_hold(const struct corr_bounds *b, double v);

/* ---- plan ---- */

struct plan_collect {
    struct str name; /* the field's name */
    uint32_t field;  /* id */
    uint32_t val;    /* index into mini.vals */
    uint32_t mask;   /* events of these inputs only */
};

/* What a finding needs to know about its rule. */
struct plan_rule {
    const struct detect_rule *rule;
    struct str kind, propose;
    int64_t quiet_ns; /* a finding ends when this long nothing was added */
    uint32_t n_keys;
    const struct str *key_names;
    uint32_t n_collects;
    struct plan_collect *collects;
    uint32_t n_measures;
    const struct str *measure_names;
    uint32_t evidence; /* inputs whose events are its evidence and count */
};

enum measure_kind {
    MEASURE_COUNT,
    MEASURE_DISTINCT,
    MEASURE_SPREAD,
    MEASURE_VISITS, /* these three look at one list of times: correlate_period.c */
    MEASURE_PERIOD,
    MEASURE_JITTER,
    MEASURE_FORMULA,
    MEASURE_ATTACHED
};
enum { MEASURE_FIELDS_MAX = 2 };
/* What a `usual` says of the event at hand (correlate_usual.c). */
enum usual_say { USUAL_NOTHING = -1, USUAL_VALUE, USUAL_BESIDE, USUAL_LEARNT, USUAL_SHARE, USUAL_SAME, USUAL_MOST, USUAL_LOW, USUAL_HIGH, USUAL_HOUR };
int usual_say_from_string(struct str s); /* enum or -EINVAL */
struct plan_measure {
    struct str name;
    enum measure_kind kind;
    uint32_t mask;                /* COUNT, DISTINCT, SPREAD: inputs */
    uint32_t without;             /* likewise: an event of these does not count */
    uint32_t fields[MEASURE_FIELDS_MAX]; /* DISTINCT: ids of what makes up a value */
    uint32_t n_fields;
    uint32_t counter;             /* index into the window's totals */
    const struct corr_expr *expr; /* reads it */
    struct corr_code code;
    enum usual_say say;                      /* ATTACHED of a `usual` */
    const struct detect_rule *provider_rule; /* ATTACHED */
    uint32_t provider;                       /* ATTACHED: index of its correlation */
    uint32_t
        provider_keys[CORRELATION_FIELDS_MAX]; /* which of the group's keys are the provider's */
};

struct plan_corr {
    struct plan_rule pub;
    enum corr_type type;
    uint32_t level, floor; /* floor: the level must not be lower */
    bool emits;            /* its hits are findings */
    bool chained;          /* correlations look at it */
    uint32_t scope, at;    /* its scope, and its place there (state index) */
    uint32_t window;       /* MEASURES: index inside the scope */
    uint32_t n_inputs;
    const struct detect_rule *inputs[CORRELATION_INPUTS_MAX]; /* in the order of `rules` */
    uint32_t input_bit[CORRELATION_INPUTS_MAX];               /* their bits in the scope */
    uint32_t mask;                                            /* all of them */
    uint32_t on; /* those at whose events it is judged */
    uint32_t without;  /* USUAL: those whose events teach nothing */
    int64_t again_ns;  /* SEEN_AGAIN: how long not seen; span_ns is how long that is known */
    int64_t span_ns;
    uint32_t need;      /* how many; VALUE_COUNT 0: only a provider of a measure */
    uint32_t n_counted; /* VALUE_COUNT: fields that make up a value */
    uint32_t counted[CORRELATION_FIELDS_MAX]; /* ids, then indexes into mini.vals */
    uint32_t n_keys;
    uint32_t keys[CORRELATION_FIELDS_MAX]; /* group-by: field id, or an alias' number | ALIAS */
    uint32_t n_aliases;
    uint32_t (*alias_fields)[CORRELATION_INPUTS_MAX]; /* per alias: field id for each input */
    uint32_t n_measures;
    struct plan_measure *measures;
    struct corr_bounds bounds; /* of numbers, and of what is late */
    double percentile;         /* VALUE_PERCENTILE; negative: a share */
    double reaches, times;     /* FORECAST: the limit; UNUSUAL: how many times the usual */
    int64_t within_ns;         /* FORECAST: how far ahead; UNUSUAL: how long it has to learn first */
    int64_t each_ns;           /* UNUSUAL: an hour or a day */
    bool late;                 /* judged when its time is over: see correlate_bounds.c */
    bool in_words;             /* TEMPORAL: `rest` is over the places of its rules */
    const struct corr_expr *condition;
    uint64_t facts;            /* the condition: facts of the window, */
    struct corr_code rest;     /* and what looks at attached measures */
    uint32_t evidence_counter; /* MEASURES: total of evidence events in the window */
    uint64_t least_events;
    uint32_t n_needs; /* one event of each of these masks must be there, else it cannot be true */
    uint32_t needs[CORRELATION_FIELDS_MAX];
};

struct plan_window {
    int64_t span_ns, step_ns;
    uint32_t inputs; /* union of the masks */
    uint32_t n_counters;
    struct plan_counter {
        enum measure_kind kind; /* COUNT to JITTER */
        uint32_t mask;
        uint32_t without; /* an event of these does not count */
        uint32_t n_vals;  /* DISTINCT: what makes up a value */
        uint32_t vals[MEASURE_FIELDS_MAX]; /* indexes into mini.vals */
        uint32_t set;     /* DISTINCT: which of the window's sets; VISITS, PERIOD, JITTER: of its beats */
    } counters[CORRELATION_MEASURES_MAX];
    uint32_t n_sets, n_beats;
    struct corr_facts *facts;
};

/* What an event asks of every correlation of a scope, close together. */
struct plan_step {
    uint32_t on;    /* inputs at whose events it is judged */
    uint8_t state;  /* its bit in hot.ready */
    bool measures;  /* judged over a window; else fed and judged at once */
    uint64_t facts; /* MEASURES: of the window that must hold */
    const struct plan_corr *corr;
};

struct plan_scope {
    uint32_t level;
    uint32_t n_keys;
    uint32_t keys[CORRELATION_FIELDS_MAX]; /* field ids of a scope without aliases */
    bool aliased;                          /* then key_fields[bit] holds them */
    uint32_t (*key_fields)[CORRELATION_FIELDS_MAX];
    uint32_t n_inputs;
    const struct detect_rule *inputs[CORRELATION_INPUTS_MAX];
    uint32_t creates; /* inputs that may begin a group */
    uint32_t n_keeps; /* the one that keeps most first */
    struct plan_keep {
        uint32_t mask; /* inputs whose events may become evidence or collected values of measures */
        uint32_t max;  /* how many of them a group keeps */
    } keeps[CORRELATION_FIELDS_MAX];
    uint32_t n_vals;
    uint32_t vals[CORRELATION_FIELDS_MAX]; /* field ids */
    uint32_t n_corrs, corrs_cap;
    uint32_t *corrs;                           /* indexes into plan.corrs, in order of loading */
    struct plan_step *steps;                   /* one a correlation, in the same order */
    uint64_t steps_on[CORRELATION_INPUTS_MAX]; /* for each input, the steps judged at its events */
    uint32_t n_windows, windows_cap;
    struct plan_window *windows;
    uint32_t cold_max; /* a cold group's log holds no more */
    int64_t span_max_ns;
    uint32_t mini_bytes, group_bytes, hot_bytes;
};

struct plan_feed {
    uint32_t scope, bit;
};
/* For each rule of the set. */
struct plan_target {
    uint32_t n_feeds;
    const struct plan_feed *feeds;
    uint32_t n_tell;
    const uint32_t *tell; /* ids of fields: each match is told with them */
    uint32_t fold; /* index into plan.folds, or NO_INDEX */
    uint32_t corr; /* index into plan.corrs, or NO_INDEX */
};

/* A detection that is a finding by itself. */
struct plan_fold {
    struct plan_rule pub;
    uint32_t n_fields;
    const uint32_t *fields; /* ids */
};

struct correlate_plan {
    struct arena arena;
    struct detect_rules *set;
    const struct event_names *names;
    struct plan_target *targets;
    uint32_t n_targets;
    struct plan_corr *corrs;
    uint32_t n_corrs;
    struct plan_scope *scopes;
    uint32_t n_scopes, n_levels;
    struct plan_fold *folds; /* by rule index, for detections */
    uint32_t f_count;        /* kizuki.count */
    uint32_t f_day;          /* kizuki.day: the day of the event, made here */
    const struct calendar *days; /* UNUSUAL: holidays; NULL: unknown */
    bool *asks;              /* by field id: an event is asked for it */
    uint32_t n_asks;
};
int correlate_plan_ask(struct correlate_plan *p) MUST_USE; /* correlate_pick.c; once all else stands */

/* Reads one correlation document into *c: everything but what depends on other correlations. The
 * rules it names are looked up in the set. */
struct corr_reader {
    struct arena *arena;
    struct detect_rules *set;
    struct event_names *names;
};
int corr_read(const struct corr_reader *r, const struct detect_rule *rule, struct plan_corr *c,
              struct diag *reterr) MUST_USE;
/* kizuki.tell: [field, …]; 0 without. */
int corr_read_tell(const struct corr_reader *r, const struct detect_rule *rule, const uint32_t **ret, uint32_t *ret_n,
                   struct diag *reterr) MUST_USE;
/* kizuki.fold of a detection, with its kind, proposal and collected fields. */
int corr_read_fold(const struct corr_reader *r, const struct detect_rule *rule,
                   struct plan_fold *fold, struct diag *reterr) MUST_USE;

/* ---- state ---- */

struct mini {
    int64_t t;
    uint64_t pos; /* packed: stream << 44 | n */
    uint32_t mask, weight;
    uint32_t vals[]; /* words, 0 = absent; counted by whoever keeps the mini */
};
union mini_room {
    struct mini m;
    unsigned char bytes[sizeof(struct mini) + CORRELATION_FIELDS_MAX * sizeof(uint32_t)];
};
static inline uint64_t pos_pack(struct event_pos p) {
    return (uint64_t) p.stream << 44 | (p.n & (((uint64_t) 1 << 44) - 1));
}
static inline struct event_pos pos_unpack(uint64_t v) {
    return (struct event_pos){.stream = (uint32_t) (v >> 44), .n = v & (((uint64_t) 1 << 44) - 1)};
}

union corr_state {
    void *p;
    int64_t t; /* FIRST_SEEN, SEEN_AGAIN: last time, 0 = never */
};
struct open_finding;
/* The newest minis of one row of plan_scope.keeps. */
struct recent {
    unsigned char *at;     /* a ring */
    uint32_t n, cap, head; /* head: the oldest */
    uint32_t lost_mask;    /* of all minis that left it full */
    int64_t lost_t;        /* of the latest of them */
};
struct hot {
    struct open_finding *findings;
    uint64_t ready;            /* states and windows the log was played into; the others wait */
    struct recent *recents;    /* one a row of keeps; NULL: there is a log yet */
    union corr_state states[]; /* one a correlation of the scope, then one a window */
};
struct group {           /* 28 bytes: a million of them is the aim */
    uint32_t touch_s;    /* time of its place in the list, seconds */
    uint32_t prev, next; /* from the least recently to the most recently touched */
    uint32_t log;
    uint8_t log_n, log_cap;
    uint16_t log_weight;
    uint32_t log_mask; /* of all its minis */
    uint32_t hot;      /* 0: cold */
    uint32_t keys[];
};
struct scope_state {
    struct handle_table table;
    uint32_t oldest, newest;
    int64_t lost_ns; /* the last touch of the youngest group that left early */
    uint32_t mask;   /* of the event at hand */
};

struct correlate {
    const struct correlate_plan *plan;
    struct finding_sink sink;
    struct correlate_limits limits;
    struct pool pool;
    struct words words;
    struct scope_state *scopes;
    uint32_t **level_scopes; /* scopes the event at hand reaches, by level */
    uint32_t *level_n;
    int64_t clock_ns, sweep_ns;
    /* words of the event at hand, by field id */
    const struct event *ev;
    uint32_t epoch;
    struct field_memo {
        uint32_t epoch;
        uint32_t word;
    } * memo;
    uint32_t weight;
    double figures[CORRELATION_FIGURES]; /* of the correlation that is true just now, where its type has some */
    size_t n_groups;
    size_t hot_bytes;       /* windows and states, as asked for */
    uint64_t *rule_evicted; /* by correlation */
    uint64_t *rule_hits;
    struct correlate_stats stats;
    /* findings: heap by (due, number); table by rule and keys for folds */
    struct open_finding **heap;
    size_t n_open, heap_cap;
    struct open_finding **folds;
    size_t n_folds, folds_cap;
    uint64_t next_number;
    struct arena scratch; /* one telling */
    uint8_t hash_key[16]; /* for hashes that are kept; goes on with the state (correlate_image.c) */
};

/* ---- one correlation's state (correlate_state.c, correlate_window.c) ---- */

/* Adds the event; *ret_hit: true at this event. */
int state_feed(struct correlate *c, const struct plan_scope *s, const struct plan_corr *pc,
               union corr_state *st, const struct mini *m, bool *ret_hit) MUST_USE;
void state_free(struct correlate *c, const struct plan_scope *s, const struct plan_corr *pc,
                union corr_state *st);
static inline bool corr_is_number(const struct plan_corr *pc) {
    return pc->type >= CORR_VALUE_SUM && pc->type <= CORR_FORECAST;
}
int number_feed(struct correlate *c, const struct plan_scope *s, const struct plan_corr *pc,
                union corr_state *st, const struct mini *m, bool *ret_hit) MUST_USE;
/* UNUSUAL (correlate_unusual.c); the names of its figures stand in correlate_read.c in this order. */
enum { UNUSUAL_COUNT, UNUSUAL_USUAL, UNUSUAL_TIMES, UNUSUAL_LEARNT, UNUSUAL_BASIS, UNUSUAL_DAY, UNUSUAL_HOUR, UNUSUAL_FIGURES };
int unusual_feed(struct correlate *c, const struct plan_corr *pc, union corr_state *st, const struct mini *m,
               bool *ret_hit) MUST_USE;
/* The same rule under other rules: what was learnt longer goes on. */
int unusual_take_over(struct correlate *to, const struct plan_corr *pc, union corr_state *mine, const union corr_state *theirs) MUST_USE;
void unusual_free(struct correlate *c, const struct plan_corr *pc, union corr_state *st);
void number_free(struct correlate *c, const struct plan_scope *s, union corr_state *st);
/* Calls fn for every event before `now` that belongs to a finding that opens now, in order of time.
 */
typedef int mini_fn(void *ctx, const struct mini *m);
int number_past(const struct plan_scope *s, const struct plan_corr *pc, const union corr_state *st,
                const struct mini *now, mini_fn *fn, void *ctx) MUST_USE;
int state_past(struct correlate *c, const struct plan_scope *s, const struct plan_corr *pc,
               const union corr_state *st, const struct mini *now, mini_fn *fn, void *ctx) MUST_USE;
/* Never true by itself: others attach it. */
static inline bool corr_is_provider(const struct plan_corr *pc) {
    return pc->type == CORR_USUAL || (pc->type == CORR_VALUE_COUNT && !pc->need);
}
/* Knows what was long ago: rules that change take it over instead of reading all of that again. */
static inline bool corr_remembers(const struct plan_corr *pc) {
    return pc->type == CORR_USUAL || pc->type == CORR_SEEN_AGAIN || pc->type == CORR_UNUSUAL;
}
struct usual;
int usual_feed(struct correlate *c, const struct plan_corr *pc, union corr_state *st,
               const struct mini *m) MUST_USE;
void usual_free(struct correlate *c, union corr_state *st);
/* Of the event at hand; u NULL: nothing was learnt. */
int usual_ask(struct correlate *c, const struct plan_corr *pc, const struct usual *u,
              enum usual_say say, double *ret) MUST_USE;
int usual_take_over(struct correlate *to, union corr_state *mine, const struct correlate *from,
                    const union corr_state *theirs) MUST_USE;
bool again_feed(const struct plan_corr *pc, union corr_state *st, const struct mini *m);
/* VALUE_COUNT without a condition: values seen in the last timespan. */
uint32_t state_provider_count(struct correlate *c, const struct plan_corr *pc, union corr_state *st,
                              int64_t t);

/* ---- how regular visits are (correlate_period.c) ---- */

struct beats {
    uint32_t n, cap;
    int64_t *at; /* when visits began, in order of time */
};
static inline bool measure_is_beat(enum measure_kind k) {
    return k == MEASURE_VISITS || k == MEASURE_PERIOD || k == MEASURE_JITTER;
}
/* 1: a visit was added or moved. What began before `since` leaves. */
void beats_since(struct beats *b, int64_t since); /* earlier visits leave */
int beats_add(struct correlate *c, struct beats *b, int64_t t, int64_t since) MUST_USE;
void beats_free(struct correlate *c, struct beats *b);
uint32_t beats_measure(const struct beats *b, enum measure_kind kind);

struct window;
int window_feed(struct correlate *c, const struct plan_window *pw, union corr_state *st,
                const struct mini *m) MUST_USE;
void window_free(struct correlate *c, const struct plan_window *pw, union corr_state *st);
const uint32_t *window_totals(const struct window *w);
/* Where the oldest step begins of a window whose newest event is of time t. */
int64_t window_since(const struct plan_window *pw, int64_t t);
/* A window's set of distinct words with the step each was seen last. */
struct word_set {
    uint32_t n, cap;  /* cap: power of two once it is a table */
    uint32_t full_at; /* `oldest` of the last attempt that found it full */
    bool full;
    struct word_seen {
        uint32_t word, step;
    } * at;
};
struct word_seen *word_set_find(const struct word_set *s, uint32_t word);
/* Room for one more word that is not in it; drops what was not seen since `oldest`. 1: it is full.
 */
int word_set_add(struct correlate *c, struct word_set *s, uint32_t word, uint32_t step,
                 uint32_t oldest, uint32_t max) MUST_USE;
void word_set_free(struct correlate *c, struct word_set *s);

/* The value of several fields: a word made of the hashes of theirs; of one field its own. 0 when one of them is absent.
 * -ENOMEM. */
int tuple_word(struct correlate *c, const struct mini *m, const uint32_t *vals, uint32_t n,
               uint32_t *ret) MUST_USE;
/* Memory of hot groups, counted in c->hot_bytes: bytes 0 frees; new bytes are cleared. NULL when
 * memory ends (p is still valid then). */
void *hot_realloc(struct correlate *c, void *p, size_t old_bytes, size_t bytes);
void mini_keep(struct correlate *c, const struct plan_scope *s, const struct mini *m);
void mini_drop(struct correlate *c, const struct plan_scope *s, const struct mini *m);

/* ---- groups (correlate_group.c) ---- */

uint32_t group_find(const struct correlate *c, uint32_t scope, const uint32_t *keys);
/* Finds or makes; evicts others where a limit is reached. */
int group_get(struct correlate *c, uint32_t scope, const uint32_t *keys, int64_t t,
              uint32_t *ret) MUST_USE;
void group_touch(struct correlate *c, uint32_t scope, uint32_t handle, int64_t t);
/* Groups whose windows have drained. */
int groups_expire(struct correlate *c) MUST_USE;
void groups_free_all(struct correlate *c);
/* What `from` remembers and `to` does not, where the rule is the same in both. */
int groups_take_over(struct correlate *to, struct correlate *from) MUST_USE;
/* Before the mini is fed: keeps it in the log as long as there is one, and plays the log into what
 * this event could make true (into everything, when the log is full). */
int group_prepare(struct correlate *c, uint32_t scope, struct group *g,
                  const struct mini *m) MUST_USE;
/* Calls fn for the events kept for the evidence of measures, but for `now`, from `oldest` on;
 * *ret_cut: there were more. */
int group_past(struct correlate *c, uint32_t scope, struct group *g, uint32_t mask, int64_t oldest,
               const struct mini *now, mini_fn *fn, void *ctx, bool *ret_cut) MUST_USE;
/* The value of the value_count without a number that the measure names, for this group's keys. */
int group_attached(struct correlate *c, uint32_t scope, struct group *g,
                   const struct plan_measure *measure, int64_t t, double *ret) MUST_USE;
static inline struct group *group_at(const struct correlate *c, uint32_t handle) {
    return pool_at(&c->pool, handle);
}

static inline struct hot *hot_of(const struct correlate *c, const struct group *g) {
    return pool_at(&c->pool, g->hot);
}

/* ---- findings (finding.c, finding_tell.c) ---- */

/* The correlation is true at this event: opens a finding or adds to the open one. */
int finding_hit(struct correlate *c, uint32_t scope, struct group *g, const struct plan_corr *pc,
                const struct mini *m) MUST_USE;
int finding_fold(struct correlate *c, const struct plan_fold *fold) MUST_USE;
/* Everything due until the clock. */
int findings_run(struct correlate *c) MUST_USE;
int findings_end_all(struct correlate *c) MUST_USE;
/* The group leaves: its findings end now. */
int findings_end_group(struct correlate *c, struct group *g) MUST_USE;
void findings_free_all(struct correlate *c);
/* The value of an attached measure: frozen once a finding is open. */
bool finding_attached(const struct correlate *c, const struct group *g, const struct plan_corr *pc,
                      uint32_t measure, double *ret);
/* The word of the field's first value at the event at hand; 0 absent. */
int event_word(struct correlate *c, uint32_t field, uint32_t *ret) MUST_USE;
