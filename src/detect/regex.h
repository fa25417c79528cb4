/* Regular expressions: PCRE2 with JIT, bounded in steps and memory, and what a text must contain to
 * match.
 *
 * Texts are taken as UTF-8; bytes that are none never match and never fail
 * (PCRE2_MATCH_INVALID_UTF). */
#pragma once
#include "detect/expr.h"

struct regex;
struct regex_memory; /* one thread's: match data, JIT stack */

/* 0, or -ERR_PARSE with the sentence and the byte where it fails, or -ENOMEM. */
int regex_check(struct str text, unsigned flags, char *why, size_t why_cap,
                size_t *ret_where) MUST_USE;
int regex_new(struct str text, unsigned flags, struct regex **ret) MUST_USE;
void regex_free(struct regex *re); /* NULL allowed */
/* Both quick, of a text that is ASCII only. false: it cannot match what is `lowered` once its letters are. */
struct kernel;
bool regex_may_match(const struct regex *re, const struct kernel *k, struct str lowered);
/* 1 = found, 0 = not, negative = regex_match has to say; after regex_may_match. */
int regex_foresee(const struct regex *re, struct str ascii);
struct regex_memory *regex_memory_new(void);
void regex_memory_free(struct regex_memory *m); /* NULL allowed */
/* 1 = found, 0 = not, -ERR_LIMIT = gave up at the limits (to be counted, and taken as not found).
 */
int regex_match(const struct regex *re, struct regex_memory *m, struct str subject);

/* Literals, one of which every match contains, ASCII-lowered: a superset of the truth under any
 * flags. *ret_n = 0 when nothing is certain. At most REGEX_LITERALS_MAX. */
#define REGEX_LITERALS_MAX 32
/* Whether letters may match other letters (and so, under Unicode, characters beyond ASCII). */
bool regex_ignores_case(struct str text, unsigned flags);
int regex_literals(struct arena *a, struct str text, unsigned flags,
                   struct str ret[REGEX_LITERALS_MAX], uint32_t *ret_n) MUST_USE;
