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

struct detect_rule;
/* What a rule brings along to show that it is alive: its first `match` sample, else the recorded events of its set
 * (DATA/rules/SET/samples/ID.ndjson for a rule below DATA/rules/SET/files). Nothing is not an error. */
int sample_lines_of_rule(const struct detect_rule *rule, struct sample_lines *l) MUST_USE;
bool rule_has_samples(const struct detect_rule *rule);
