/* A rule's condition as a tree over items; an item is one test of one field against one value.
 *
 * Lives in the rule set's arena and never changes. Texts of items are ready for comparison: folded
 * unless `cased`. Two ways of folding exist, because an ASCII pattern must not cost what Unicode costs: a
 * pattern of ASCII bytes is compared with the value whose ASCII letters are lowered; a pattern with
 * other characters is folded by text_lower and compared with the value folded the same way
 * (`unicode`). */
#pragma once
#include "base/ip.h"
#include "detect/rule.h"

enum detect_op {
    DETECT_OP_EXACT,
    DETECT_OP_PREFIX,
    DETECT_OP_SUFFIX,
    DETECT_OP_CONTAINS,
    DETECT_OP_GLOB,   /* wildcards inside */
    DETECT_OP_ANY,    /* "*": any value at all, the empty one too, not null */
    DETECT_OP_NULL,   /* no value: absent, null, an empty list */
    DETECT_OP_EXISTS, /* the field stands there, whatever its value */
    DETECT_OP_REGEX,
    DETECT_OP_CIDR,
    DETECT_OP_NUMBER,   /* lt, lte, gt, gte, and numbers taken from times */
    DETECT_OP_FIELDREF, /* against another field of the same event */
    DETECT_OP_MAX_
};

enum detect_compare { DETECT_EQ, DETECT_LT, DETECT_LTE, DETECT_GT, DETECT_GTE };
enum detect_time_part {
    DETECT_NOT_TIME,
    DETECT_MINUTE,
    DETECT_HOUR,
    DETECT_DAY,
    DETECT_WEEK, /* ISO 8601 */
    DETECT_MONTH,
    DETECT_YEAR
};
enum { DETECT_RE_I = 1, DETECT_RE_M = 2, DETECT_RE_S = 4 };

/* A stretch of a glob: after a gap of exactly `skip` characters (at least, if `star`) follows
 * `lit`. Only the last piece may have an empty lit. */
struct detect_piece {
    struct str lit;
    uint16_t skip;
    bool star;
};

/* How a text and the value are made alike. Sigma lowers; searches fold (base/text.h). */
enum detect_fold { DETECT_FOLD_LOWER, DETECT_FOLD_NORMAL, DETECT_FOLD_VARIANTS };

struct detect_item {
    enum detect_op op;
    bool cased, unicode;
    enum detect_fold fold;        /* not LOWER: EXACT to GLOB only; cased and unicode are false */
    bool word_begins, word_ends;  /* CONTAINS: a Latin letter or digit at this end of the text has none beside it */
    bool quoted;                  /* of a search: the text has no wildcards, whatever signs stand in it */
    bool number;          /* EXACT: an unquoted number, compares as number with a number */
    struct str field;     /* empty: a keyword, searched in the whole line */
    struct str text;      /* EXACT to CONTAINS, REGEX: the pattern; FIELDREF: the other field */
    struct str written;   /* the value as the rule has it, for people */
    struct str modifiers; /* "contains|all" as the rule has it, may be empty */
    const struct yaml_node *at;
    const struct detect_piece *pieces; /* GLOB */
    uint16_t n_pieces;
    uint8_t re_flags;                /* REGEX */
    enum detect_compare compare;     /* NUMBER */
    enum detect_time_part time_part; /* NUMBER */
    enum detect_op ref_op;           /* FIELDREF: EXACT to CONTAINS */
    double value;                    /* NUMBER */
    struct ip_prefix net;            /* CIDR */
};

enum detect_expr_kind { DETECT_AND, DETECT_OR, DETECT_NOT, DETECT_ITEM };
struct detect_expr {
    enum detect_expr_kind kind;
    uint32_t n;
    const struct detect_expr *const *sub; /* AND, OR: n >= 1; NOT: one */
    const struct detect_item *item;       /* ITEM */
    struct str name; /* the selection this node is, else empty; shared nodes keep their own */
};
