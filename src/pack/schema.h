/* JSON Schema (2020-12) over YAML trees: the files content/schemas/pack/ say what a pack's files hold, for us and for any
 * editor that knows JSON Schema.
 *
 * Known keywords: $ref to #/$defs/NAME, type, const, enum, properties, required, additionalProperties, propertyNames, items,
 * minItems, maxItems, minProperties, maxProperties, minLength, maxLength, pattern, minimum, maximum, format (date, date-time),
 * allOf, anyOf, if, then; $schema, $id, $comment, title, description and $defs say nothing about a value. A schema with any
 * other keyword is refused: what we do not check must not look checked.
 *
 * A value that does not fit is told with its place and what is wanted there, which is the schema's own "description". Words
 * of YAML: a plain 12 is a number where one is wanted and a text where a text is; a quoted one is a text only. */
#pragma once
#include "base/yaml.h"

struct pack_schema;
/* Reads a schema file and looks at all of it. In the arena. */
int pack_schema_load(struct arena *a, const char *path, const struct pack_schema **ret, struct diag *reterr) MUST_USE;
/* -ERR_PARSE with file, line and column of the first value that does not fit. */
int pack_schema_check(const struct pack_schema *s, const char *file, const struct yaml_node *value, struct diag *reterr) MUST_USE;
