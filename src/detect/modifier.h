/* The modifiers behind a field's name, read and checked: which there are, and which go together. */
#pragma once
#include "detect/compile.h"

enum modifier_id {
    MOD_ALL,
    MOD_STARTSWITH,
    MOD_ENDSWITH,
    MOD_CONTAINS,
    MOD_EXISTS,
    MOD_CASED,
    MOD_NEQ,
    MOD_WINDASH,
    MOD_RE,
    MOD_RE_I,
    MOD_RE_M,
    MOD_RE_S,
    MOD_BASE64,
    MOD_BASE64OFFSET,
    MOD_UTF16,
    MOD_UTF16LE,
    MOD_UTF16BE,
    MOD_WIDE,
    MOD_LT,
    MOD_LTE,
    MOD_GT,
    MOD_GTE,
    MOD_MINUTE,
    MOD_HOUR,
    MOD_DAY,
    MOD_WEEK,
    MOD_MONTH,
    MOD_YEAR,
    MOD_CIDR,
    MOD_EXPAND,
    MOD_FIELDREF,
    MOD_MAX_
};
enum { MODIFIERS_MAX = 16 /* on one field; the specification's longest sensible chain has five */ };

/* What a value turns into; at most one of these per key. */
enum modifier_kind { KIND_TEXT, KIND_RE, KIND_EXISTS, KIND_NUMBER, KIND_CIDR, KIND_FIELDREF };

struct modifiers {
    struct str field;
    struct str written; /* "contains|all" */
    enum modifier_id at[MODIFIERS_MAX];
    uint32_t n;
    enum modifier_kind kind;
    bool all, neq, cased, expand;
    uint8_t re_flags;
    enum detect_compare compare;
    enum detect_time_part time_part;
};
int modifiers_parse(struct compile *c, const struct yaml_node *key, struct modifiers *ret) MUST_USE;
