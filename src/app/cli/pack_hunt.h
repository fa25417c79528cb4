/* Looks for the indicators of a lesson in what its replay left. */
#pragma once
#include "base/arena.h"
#include "pack/judge.h"

/* A hunt for each row of `hunted` in expect.yml; without one nothing happens. data: the folder the replay left. */
int pack_hunt_all(struct arena *a, const struct yaml_node *expect, const char *data, struct pack_played *p, struct diag *reterr) MUST_USE;
/* The rows of `counted`, likewise. */
int pack_count_all(struct arena *a, const struct yaml_node *expect, const char *data, struct pack_played *p, struct diag *reterr) MUST_USE;
