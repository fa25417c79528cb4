/* Samples as they stand in rules, as the lines a log would hold: text as it is, a mapping as a line of JSON, a list as
 * its parts in order. */
#pragma once
#include "base/arena.h"
#include "base/yaml.h"

enum { SAMPLE_LINES_MAX = 100000 };
struct sample_lines {
    struct arena *arena;
    struct str *at;
    size_t n, cap;
};
int sample_lines_add(struct sample_lines *l, const struct yaml_node *sample) MUST_USE;
/* One line a line of the text; empty ones are left out. */
int sample_lines_add_text(struct sample_lines *l, struct str text) MUST_USE;
