/* What people type into a search, as a rule: one detection whose condition is the query, so that a search is planned
 * and judged by what plans and judges Sigma rules. docs/search.md has the language for people.
 *
 *   query  = or                        or   = and {"or" and}
 *   and    = not {["and"] not}         not  = {"not"} one
 *   one    = "(" or ")" | field ":" value | field "~" regex | text
 *   value  = "(" value {["," | "or"] value} ")" | ">" ">=" "<" "<=" number | number ".." number | text
 *   regex  = word | "quoted"
 *   text   = word, with * and ? | "quoted"
 *
 * Texts are compared folded (base/text.h, both forms). A field's value is compared as a whole; free text, and the
 * fields that hold sentences (message), find their words anywhere: a Latin letter or digit at either end of the word
 * is the end of a word there, other writing systems have none. What is typed in full width means the same. */
#pragma once
#include "detect/rule.h"

/* -ERR_PARSE, -ERR_LIMIT, -ENOMEM; the diag has the column in characters and a remedy. */
int detect_search_parse(struct str query, struct detect_rules **ret, struct diag *reterr) MUST_USE;
/* A further query into such a set, before it is planned: which of several an event fits. After an error the set is of no use. */
int detect_search_add(struct detect_rules *set, struct str query, struct diag *reterr) MUST_USE;
/* Whether `field` holds sentences. */
bool detect_search_is_text(struct str field);
