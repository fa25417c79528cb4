/* A YAML tree as JSON: plain numbers, true, false and null become those, all else text. */
#pragma once
#include "base/json.h"
#include "base/yaml.h"

void yaml_write_json(struct jsonw *w, const struct yaml_node *n); /* NULL: null */
