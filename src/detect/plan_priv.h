/* Inside src/detect: what a plan is made of. Built by plan*.c, read by match.c and scan.c, never
 * changed after detect_plan_new.
 *
 * A lane is the plan of one log source: its fields, its atoms (distinct items), its rules as jump
 * code over atoms, and its triggers. Routing is a lane, too: its "rules" are the other lanes'
 * routes.
 *
 * Correctness rests on one sentence: when a rule is true, one of its triggers fires, or it is in
 * `always`. Everything else is speed. */
#pragma once
#include "base/hash.h"
#include "base/map.h"
#include "detect/expr.h"
#include "detect/kernel.h"
#include "detect/match.h"
#include "detect/regex.h"

/* --- atoms and code --- */

enum {
    ATOM_CASED = 1,
    ATOM_UNICODE = 2,
    ATOM_NUMBER = 4,
    ATOM_MEMO = 8,
    ATOM_HIGH = 16, /* asks for other characters than ASCII */
    ATOM_FOLD = 32, /* in the form item->fold says */
    ATOM_WORD = 64, /* item->word_begins or word_ends */
    ATOM_ODD = ATOM_CASED | ATOM_UNICODE | ATOM_NUMBER | ATOM_HIGH | ATOM_FOLD | ATOM_WORD /* more than a text in the lowered value */
};
enum { ATOM_GROUP = DETECT_OP_MAX_ /* one of many literals (plan_group.c) */ };
struct gram_table;
struct atom {
    uint8_t op; /* enum detect_op, ATOM_GROUP */
    uint8_t flags;
    uint16_t field; /* of the lane */
    uint32_t n;
    union {
        uint16_t ref_field;      /* FIELDREF */
        struct kernel_rare rare; /* CONTAINS */
    };
    const char *text; /* n bytes: EXACT to CONTAINS */
    union {
        const struct detect_item *item;
        struct regex *re; /* REGEX */
        struct gram_table *group;
    };
};
_Static_assert(sizeof(struct atom) == 32, "two to a cache line");

/* One step of a rule: judge the atom, go to step yes or no. */
enum { CODE_TRUE = 0xffff, CODE_FALSE = 0xfffe, CODE_MAX = 0xfff0 };
struct step {
    uint32_t atom;
    uint16_t yes, no;
};
struct lane_rule {
    uint32_t index;    /* in the rule set; in the routing lane: of the lane */
    uint32_t first, n; /* steps */
};

/* --- triggers --- */

/* What of a value is looked up. The unicode twin of each looks at the text_lower of a value with
 * other characters than ASCII. */
enum probe {
    PROBE_WHOLE,
    PROBE_COMPONENT, /* from the last '\' or '/' on */
    PROBE_FIRST1,
    PROBE_FIRST2,
    PROBE_FIRST3,
    PROBE_FIRST4,
    PROBE_FIRST8,
    PROBE_FIRST16,
    PROBE_LAST1,
    PROBE_LAST2,
    PROBE_LAST3,
    PROBE_LAST4,
    PROBE_LAST8,
    PROBE_LAST16,
    PROBE_UNICODE, /* + one of the above */
    PROBE_MAX_ = 2 * PROBE_UNICODE
};
static inline unsigned probe_length(unsigned p) {
    static const uint8_t n[] = {0, 0, 1, 2, 3, 4, 8, 16, 1, 2, 3, 4, 8, 16};
    return n[p % PROBE_UNICODE];
}

enum verify {
    VERIFY_NONE,
    VERIFY_FIRST,
    VERIFY_LAST,
    VERIFY_AT,
    VERIFY_AT_LINE /* any letter case */
};
/* The rules waiting behind one literal. */
struct entry {
    const char *lit;
    uint32_t n;
    uint32_t offset; /* VERIFY_AT…: of the gram inside the literal */
    uint32_t rules, n_rules;
    uint8_t verify;
};
struct bucket { /* open addressing; n == 0: free */
    uint32_t tag;
    uint32_t first, n; /* entries */
};
struct short_literal { /* one to three bytes, as they stand in a word of four */
    uint32_t bytes, mask, n;
};
struct gram_table {
    struct kernel_bitmap bitmap;
    struct kernel_filter *filter; /* NULL: more grams than it can tell apart */
    struct bucket *table;         /* NULL: no grams */
    uint32_t log;
};
struct gram_set {
    /* A literal of seven bytes has four bytes from every fourth place of the value, wherever it stands: where many
     * are looked for, those are looked for by four grams each and a quarter of the places. */
    struct gram_table every, fourth;
    /* literals of one to three bytes */
    struct kernel_filter *short_filter;
    struct short_literal *short_literals; /* by first byte: those with c from short_from[c] on */
    uint16_t short_from[257];
    uint32_t shorts, n_shorts; /* entries */
};
struct statistics_field;
struct field_ids {
    const struct statistics_field *seen; /* NULL: nothing is known of its values */
    uint32_t id[DETECT_FIELD_NAMES_MAX];
    uint32_t n;
};
struct lane_field {
    struct str name;
    uint32_t probes; /* bit of enum probe */
    uint32_t probes_unicode;
    uint64_t lengths;            /* PROBE_WHOLE: bit n % 64 of the keys' lengths */
    uint32_t present, n_present; /* rules to judge whenever the field stands there */
    uint32_t high, n_high;       /* … whenever its value has other characters than ASCII */
    struct gram_set *grams;      /* NULL: none */
    struct gram_set *grams_unicode;
    bool lookups; /* any of the above */
};
struct use { /* an event field serves this lane field, at this rank; ends a chain with last */
    uint16_t field;
    uint8_t rank;
    bool last;
};

struct lane {
    struct detect_logsource source;
    struct lane_field *fields; /* 0: the whole line */
    uint32_t n_fields;
    const uint16_t *use_of; /* by event field id: 1 + index into uses; 0: none */
    uint32_t n_ids;
    struct use *uses;
    struct atom *atoms;
    const struct detect_item **items; /* of the atoms */
    uint32_t n_atoms;
    struct lane_rule *rules;
    uint32_t n_rules;
    struct step *code;
    struct bucket *hash; /* probes */
    uint32_t hash_log;
    uint64_t *hash_bits; /* the bitmap in front */
    uint32_t hash_bits_log;
    struct entry *entries;
    uint32_t *rule_lists; /* what entries, present and always point into: indexes of lane rules */
    uint32_t always, n_always;
    uint32_t line_rules, n_line_rules;
    bool uses_line;
    /* which events belong here; NULL: every one. Its fields are those of the routing lane. */
    const struct detect_expr *route;
    /* another lane with the same route; 0: none (lane 0 is always the first of its chain) */
    uint32_t next_of_route;
    /* where this lane's part of the matcher's arrays begins */
    uint32_t field_base, atom_base, rule_base;
};

struct detect_plan {
    struct arena arena;
    unsigned refs;
    struct detect_rules *set;
    struct event_names *names;
    const struct detect_fields *fields; /* only while building */
    const struct detect_statistics *statistics; /* likewise */
    struct arena temp, scratch;                 /* likewise: one lane after the other has them */
    struct lane route;
    struct route_keys *route_keys; /* NULL: routes ask for more than whole texts */
    struct lane *lanes;
    uint32_t n_lanes;
    uint32_t *everywhere; /* lanes without a route */
    uint32_t n_everywhere;
    uint32_t n_fields, n_atoms, n_rules; /* over all lanes, the routing one too */
    uint32_t n_ids;                      /* event field ids any lane knows are below this */
    bool uses_timestamp;
};

static inline uint64_t load_word(const char *p, size_t n) {
    uint64_t v = 0;
    memcpy(&v, p, n);
    return v;
}
/* Of the ends, the middle and the length: what collides is judged for nothing, no more. */
static inline uint64_t probe_hash(uint32_t field, unsigned probe, const char *p, size_t n) {
    uint64_t a = 0, b = 0, seed = (uint64_t) n << 32 | field << 8 | probe;
    if (n > 16) {
        a = load_word(p, 8) + 0x9e3779b97f4a7c15u * load_word(p + n / 2 - 4, 8);
        b = load_word(p + n - 8, 8);
    } else if (n >= 8) {
        a = load_word(p, 8);
        b = load_word(p + n - 8, 8);
    } else if (n >= 4) {
        a = load_word(p, 4);
        b = load_word(p + n - 4, 4);
    } else if (n) {
        a = (uint64_t) (unsigned char) p[0] << 16 | (uint64_t) (unsigned char) p[n / 2] << 8 | (unsigned char) p[n - 1];
    }
    return hash_mix(hash_mix(a, seed), b);
}
/* Sets in letters what makes them small, and in other bytes what makes them no worse. */
#define LINE_CASE_BITS 0x20202020u
#define LINE_CASE_BIT 0x20u

/* The tail that begins with the last '\' or '/'; the whole value when it has none. */
static inline struct str last_component(struct str s) {
    size_t i = s.n;
    while (i > 0 && s.p[i - 1] != '\\' && s.p[i - 1] != '/')
        i--;
    return i ? str_from(s, i - 1) : s;
}

/* --- building --- */

int route_plan(struct detect_plan *p) MUST_USE; /* route.c; once the routing lane stands */

struct lane_builder;
/* A rule of the lane: its condition, and what it is called by in hits. */
struct lane_source {
    const struct detect_expr *expr;
    uint32_t index;
    const struct detect_rule *rule;        /* NULL in the routing lane */
    const struct detect_logsource *source; /* names are looked up with this one */
    uint32_t at;                           /* routes: place in the draft */
};

/* Builds atoms, code, triggers and tables. A rule that is too large is refused in the set. */
int lane_build(struct detect_plan *plan, struct lane *lane, const struct lane_source *rules,
               uint32_t n, struct diag *reterr) MUST_USE;
void lane_done(struct lane *lane); /* what is not in the arena: regexes */

/* The lane field of a name, made if new (`ids` in order of preference; compared as a whole). */
int lane_field_of(struct lane_builder *b, const struct detect_logsource *source,
                  struct str name) MUST_USE;

/* A trigger chosen for a rule. */
enum trigger_kind { TRIGGER_PROBE, TRIGGER_GRAM, TRIGGER_FOURTH, TRIGGER_SHORT, TRIGGER_PRESENT, TRIGGER_HIGH };
struct trigger {
    uint8_t kind;
    uint8_t probe; /* TRIGGER_PROBE, with PROBE_UNICODE added */
    bool unicode;  /* TRIGGER_GRAM, TRIGGER_SHORT */
    uint8_t verify;
    uint16_t field;
    uint32_t rule;   /* of the lane */
    uint32_t offset; /* TRIGGER_GRAM, TRIGGER_FOURTH: of the key inside lit */
    struct str key;  /* TRIGGER_PROBE: the bytes hashed; TRIGGER_GRAM, TRIGGER_FOURTH: the gram looked for */
    struct str lit;  /* the whole literal */
};
struct trigger_list {
    struct trigger *at;
    size_t n, cap;
};

/* A way to look a value up, shared by all triggers of the field that need it: its price is shared, too. */
enum lookup { LOOKUP_GRAMS = PROBE_MAX_, LOOKUP_SHORTS = LOOKUP_GRAMS + 2, LOOKUPS = LOOKUP_SHORTS + 2 };

/* Literals of one atom: from `first` of the builder's members up to the next group's. */
struct lane_group {
    uint32_t atom, first;
};
/* A node and what judging it costs. */
struct lane_branch {
    const struct detect_expr *expr;
    const struct weighed *weight; /* plan_code.c */
};

struct popularity; /* plan_chance.c */
struct gram_memo { /* what chance_of_gram said */
    uint64_t key;  /* of field and literal; 0: free */
    double chance;
};
struct lane_builder {
    struct detect_plan *plan;
    struct lane *lane;
    struct arena temp;
    struct arena scratch; /* for one rule at a time */
    struct map fields;    /* name, behind its log source where rules have several -> lane field */
    /* looked up there last: the values of a list ask one after the other */
    const struct detect_logsource *last_source;
    struct str last_name;
    int last_field;
    bool one_source;
    struct field_ids *ids; /* of each lane field */
    size_t fields_cap, ids_cap;
    struct map atoms;
    uint32_t *atom_uses; /* how many places of rules name each atom */
    size_t atoms_cap, items_cap, uses_cap, code_cap;
    size_t n_code;
    struct lane_group *groups;
    uint32_t *members; /* atoms */
    size_t n_groups, groups_cap, n_members, members_cap;
    struct trigger_list triggers;
    uint32_t (*shared_by)[LOOKUPS]; /* triggers of the last round, by field; NULL in the first */
    uint32_t *always;
    size_t n_always, always_cap;
    struct popularity *popularity;
    struct gram_memo *grams; /* 1 << grams_log, open addressing */
    uint32_t grams_log;
    size_t n_grams;
    double *rule_ns; /* what judging costs, by rule of the lane */
    double judge_ns; /* of the rule that is being looked at */
    struct diag *reterr;
};

/* plan_code.c */
/* Without its regex. */
struct atom lane_atom_from(const struct detect_item *item, uint32_t field, uint32_t ref_field);
int lane_add_rule(struct lane_builder *b, const struct lane_source *rule) MUST_USE;
int lane_atom_of(struct lane_builder *b, const struct detect_logsource *source,
                 const struct detect_item *item, uint32_t *ret) MUST_USE;
int lane_put_atom(struct lane_builder *b, const struct atom *a, const struct detect_item *item,
                  uint32_t *ret) MUST_USE;
int lane_settle_atoms(struct lane_builder *b) MUST_USE;
double item_cost_ns(const struct detect_item *item);
/* plan_group.c: takes literals of one field out of n children of an OR where they are many. 1: *ret_atom holds when one
 * of them does; 0: there are none. */
int lane_join_literals(struct lane_builder *b, const struct detect_logsource *source, struct lane_branch *at,
                       uint32_t *n, uint32_t *ret_atom) MUST_USE;
/* plan_chance.c: how often something happens in events, from statistics where there are some. Without them, how
 * often literals stand in rules stands for how often they stand in events. */
int popularity_new(struct lane_builder *b) MUST_USE;
void popularity_free(struct popularity *p); /* NULL allowed */
/* The share of values with this key, with the text of the item behind it. */
double chance_of_probe(const struct lane_builder *b, uint32_t field, unsigned probe, struct str key, struct str lit);
double chance_of_contains(struct lane_builder *b, uint32_t field, struct str lit);
/* Of its rarest four bytes, and where they stand; 2 and 0 when it has no four. */
double chance_of_gram(struct lane_builder *b, uint32_t field, struct str lit);
uint32_t rarest_gram(const struct lane_builder *b, uint32_t field, struct str lit);
/* Where those four grams begin, one behind the other, that are rarest together; of seven bytes and more. */
uint32_t rarest_fourths(const struct lane_builder *b, uint32_t field, struct str lit);
/* Roughly; only the order of evaluation hangs on it. */
double chance_of_item(struct lane_builder *b, uint32_t field, const struct detect_item *item);
int lowered_in(struct arena *a, struct str s, struct str *ret) MUST_USE;
unsigned first_probe(size_t n); /* the longest that fits */
unsigned last_probe(size_t n);
int lane_choose_triggers(struct lane_builder *b, const struct lane_source *rules,
                         uint32_t n) MUST_USE;
/* plan_table.c */
int lane_build_tables(struct lane_builder *b) MUST_USE;
