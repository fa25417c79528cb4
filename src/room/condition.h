/* Conditions of playbook steps that the room can answer itself: comparisons of what it knows of a case, joined by AND, OR, NOT and parentheses, as
 * CACAO writes them ("__stolen__:value >= 3", "[accounts > 0 AND level = 'critical']"). A sentence for people is none, and is left to people.
 *
 * True, false, or undecided, and then the name that is wanted first. What decides already does not wait for the rest. Pure: no database. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define CONDITION_BYTES_MAX 2000
#define CONDITION_DEPTH_MAX 20 /* parentheses in each other; nobody reads more */

enum condition_truth { CONDITION_NONE, CONDITION_FALSE, CONDITION_TRUE, CONDITION_UNDECIDED }; /* NONE: it is no such condition */
struct condition_source {
    void *ctx;
    /* 1 with the value; 0: there is such a name, and nothing is known yet; -ENOENT: no such name, a person has to read it. */
    int (*value)(void *ctx, struct str name, struct str *ret);
};
/* ret_wants: of UNDECIDED, the name; a slice of text. An error is the source's. */
int condition_judge(struct str text, const struct condition_source *from, enum condition_truth *ret, struct str *ret_wants) MUST_USE;
