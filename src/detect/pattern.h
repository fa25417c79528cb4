/* Sigma's string values: wildcards, escapes, folding, and the comparison itself. */
#pragma once
#include "detect/expr.h"

/* A pattern while modifiers work on it: literal bytes, and codes from 256 up. */
enum {
    PATTERN_STAR = 256,
    PATTERN_ANY = 257,
    PATTERN_PERCENT = 258 /* "\%": never a placeholder's */
};
struct pattern {
    const uint16_t *at;
    uint32_t n;
};

/* `\*`, `\?` and `\\` are plain; any other backslash is itself. With `expand`, `\%` is a plain
 * percent. */
int pattern_parse(struct arena *a, struct str text, bool expand, struct pattern *ret) MUST_USE;
int pattern_literal(struct arena *a, struct str text, struct pattern *ret) MUST_USE;
bool pattern_has_wildcard(struct pattern p);
/* star before and after as asked; one that is there is not doubled */
int pattern_surround(struct arena *a, struct pattern *p, bool before, bool after) MUST_USE;
/* Sets op, text, pieces, unicode of the item; item->cased and item->fold are read. */
int pattern_finish(struct arena *a, struct pattern p, struct detect_item *item) MUST_USE;

/* A value made ready once for all items that look at it. */
struct pattern_subject {
    struct str raw;     /* as it stands in the event */
    struct str lowered; /* ASCII letters lowered */
    struct str folded;  /* text_lower; the same slice as lowered while the value is ASCII */
};
/* EXACT, PREFIX, SUFFIX, CONTAINS, GLOB */
bool pattern_match(const struct detect_item *item, const struct pattern_subject *s);
bool pattern_match_glob(const struct detect_piece *pieces, unsigned n, struct str value);
/* The form in which equal numbers are equal texts: "4624.0" and "4.624e3" are "4624". false when
 * the text is no number. dst holds 32 bytes. */
/* Quick and certain: a plain whole number already in that form. false: perhaps. */
bool pattern_is_canonical(struct str text);
bool pattern_canonical_number(struct str text, char dst[32], struct str *ret);
