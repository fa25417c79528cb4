/* Samples as they stand in rules, as the lines a log would hold: text as it is, a mapping as a line of JSON, a list as
 * its parts in order, `{story: NAME}` as what happens in content/stories/NAME.yml (src/pack/replay.h has the grammar):
 * attacks are hundreds of lines, and their generator knows no rule. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/yaml.h"

enum { SAMPLE_LINES_MAX = 100000, STORY_LINES_MAX = 5000 };
struct sample_lines {
    struct arena *arena;
    struct str *at;
    size_t n, cap;
};
int sample_lines_add(struct sample_lines *l, const struct yaml_node *sample, struct diag *reterr) MUST_USE;
/* One line a line of the text; empty ones are left out. */
int sample_lines_add_text(struct sample_lines *l, struct str text) MUST_USE;

struct detect_rule;
/* What a rule brings along to show that it is alive: its first `match` sample, else the recorded events of its set
 * (DATA/rules/SET/samples/ID.ndjson for a rule below DATA/rules/SET/files). Nothing is not an error. */
int sample_lines_of_rule(const struct detect_rule *rule, struct sample_lines *l, struct diag *reterr) MUST_USE;
bool rule_has_samples(const struct detect_rule *rule);

struct engine;
/* Of the drill that ended last: whether the rule was true in it, told or not; and whether anything it looks at,
 * itself or through others, matched. A correlation that only counts (a value_count without a number) is true when
 * something was counted; one that waits for the end of its time says nothing here. */
bool drill_was_true(const struct engine *e, const struct detect_rule *rule);
bool drill_was_seen(const struct engine *e, const struct detect_rule *rule);
