/* A played lesson judged by its expect.yml. */
#pragma once
#include "pack/judge.h"
#include "pack/pack.h"

/* Prints a line a demand; how many failed. data: the folder the replay left; says (may be NULL) gets the lines, too. */
int pack_judge_folder(struct arena *a, const struct pack *p, const char *data, uint64_t seed, struct buf *says, struct diag *reterr) MUST_USE;
/* The result for the readiness of the Kizuki whose data folder `to` is: TO/room/replays/ID.json. */
int pack_judge_keep(struct arena *a, const struct pack *p, const char *to, struct str says, int failed, struct diag *reterr) MUST_USE;
/* The rows of `traced`, each asked of the logs in the folder. */
int pack_judge_traces(struct arena *a, const struct yaml_node *expect, const char *story, uint64_t seed, const char *data, struct pack_played *played,
                      struct diag *reterr) MUST_USE;
