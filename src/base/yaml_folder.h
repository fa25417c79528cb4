/* Folders of YAML files that are data of ours: every .yml of one folder, in the order of their names, each one document. */
#pragma once
#include "base/yaml.h"

/* root NULL: an empty file. What it returns below 0 ends the reading. */
typedef int yaml_file_fn(void *ctx, const char *file, const struct yaml_node *root, struct diag *reterr);
/* Everything read stays in the arena. A folder that is not there is an error; at most `max` files. */
int yaml_each_file(struct arena *a, const char *folder, size_t max, yaml_file_fn *fn, void *ctx, struct diag *reterr) MUST_USE;
