/* One text for what a replay of a lesson depends on: its head, story and expectation. A replay's result counts for that text only. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

/* Hexadecimal, in the arena; files that are not there are left out. */
int pack_digest(struct arena *a, const char *packs, struct str id, struct str *ret) MUST_USE;
