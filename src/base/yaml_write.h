/* YAML trees written: as text a person edits, and made of JSON. */
#pragma once
#include "base/buf.h"
#include "base/json.h"
#include "base/yaml.h"

/* Block style, two columns a level; texts with line breaks as literal blocks; quoted where a plain scalar would be read
 * otherwise (`no`, `007`, a colon). Reading it again gives the same tree. */
void yaml_write(struct buf *out, const struct yaml_node *root);
/* The same tree of a JSON value; places are unknown (line 0). NULL when memory ends. */
struct yaml_node *yaml_of_json(struct arena *a, const struct json_value *v);
