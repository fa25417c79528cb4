/* A played lesson judged by its expect.yml. */
#pragma once
#include "pack/pack.h"

/* Prints a line a demand; how many failed. data: the folder the replay left. */
int pack_judge_folder(struct arena *a, const struct pack *p, const char *data, uint64_t seed, struct diag *reterr) MUST_USE;
