/* Inside src/base only: the plain style in which rules are written, read without libyaml.
 *
 * Block mappings and sequences, plain, quoted (on one line) and literal scalars, comments, `---`. Whatever else
 * stands in the text (flow style, anchors, tags, `>`, tabs, CR, what is wrong) makes it somebody else's: the caller
 * then gives the whole text to libyaml, whose word counts for errors, too. What is taken gives the very events
 * libyaml gives, as far as yaml.c reads them (tests/unit/base/test_yaml.c and fuzz_yaml hold them together). */
#pragma once
#include "base/str.h"

#include <yaml.h>

enum { YAML_QUICK_OTHER = 1 };
/* Negative codes end the reading. */
typedef int yaml_quick_fn(void *ctx, const yaml_event_t *event);
/* `room` holds in.n bytes. 0, YAML_QUICK_OTHER, or what the function returned. */
int yaml_quick(struct str in, char *room, yaml_quick_fn *event, void *ctx) MUST_USE;

/* yaml.c, for tests: yaml_parse, or with libyaml alone. */
struct arena;
struct yaml_doc;
struct diag;
int yaml_parse_by(struct arena *a, struct str in, const char *file, bool only_libyaml, struct yaml_doc **ret_docs,
                  struct diag *reterr) MUST_USE;
