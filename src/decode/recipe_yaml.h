/* Between the two halves of reading: the files (recipe_load.c) and what stands in one (recipe_yaml.c). */
#pragma once
#include "decode/recipe_priv.h"

enum { RECIPE_ORDER = 1000 }; /* behind every format of decode.c */
/* Fills *to; its texts live in the set's arena, its slots end with map_done whatever is returned. */
int recipe_read(struct decode_set *set, const struct yaml_node *n, const char *file, struct recipe *to,
                struct diag *reterr) MUST_USE;
