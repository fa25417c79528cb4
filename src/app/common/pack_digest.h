/* One text for what a replay of a lesson depends on: its head, story, expectation and rules, and the shipped rules. A replay's result counts for that
 * text only: where a rule was changed since, it has to be shown again. Rules that somebody added here play no part in a replay. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

/* Hexadecimal, in the arena; files that are not there are left out. */
int pack_digest(struct arena *a, const char *packs, struct str id, struct str *ret) MUST_USE;
