/* A played lesson judged by its expect.yml. */
#pragma once
#include "pack/judge.h"
#include "pack/pack.h"

/* Prints a line a demand; how many failed. data: the folder the replay left. */
int pack_judge_folder(struct arena *a, const struct pack *p, const char *data, uint64_t seed, struct diag *reterr) MUST_USE;
/* The rows of `traced`, each asked of the logs in the folder. */
int pack_judge_traces(struct arena *a, const struct yaml_node *expect, const char *story, uint64_t seed, const char *data, struct pack_played *played,
                      struct diag *reterr) MUST_USE;
