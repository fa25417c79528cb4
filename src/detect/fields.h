/* Where rules find their fields, and which events their log sources mean: the files of
 * content/fields as data.
 *
 * A file holds two lists.
 *   maps:   {for: {product: windows}, prefixes: [...], names: {Image: [process.executable, …]}}
 *           A rule's field is looked for under its own name first, then under the names its maps
 * give, the more specific map first, then under each of these with a prefix (names with a dot that a
 *           map gave take none). The first name present in the event
 *           wins. A map counts when its category and service, where it has them, are the rule's,
 * and its product does not contradict the rule's. routes: {logsource: {product: windows, service:
 * security}, when: {Channel: Security}} `when` is a Sigma selection, or with a `condition` key a
 * whole Sigma detection. Rows whose log source is part of a rule's are joined by OR where they name
 * the same keys and by AND where they name different ones; a more specific row replaces a more
 * general one. A key no row knows is not judged: such a rule sees every event. */
#pragma once
#include "detect/rule.h"

#define DETECT_FIELD_NAMES_MAX 48 /* names tried for one field */

struct detect_fields;

/* Every *.yml of the folder, in byte order. Unlike rules, a mistake here fails: it is our own data.
 */
int detect_fields_load(const char *folder, struct detect_fields **ret,
                       struct diag *reterr) MUST_USE;
int detect_fields_load_text(struct str text, const char *file, struct detect_fields **ret,
                            struct diag *reterr) MUST_USE;
struct detect_fields *detect_fields_free(struct detect_fields *f); /* NULL allowed, returns NULL */
DEFINE_CLEANUP(struct detect_fields *, detect_fields_free)

/* The names, in order of preference, under which a rule with this log source finds `field`; returns
 * how many were written (at least 1, the name itself). fields may be NULL. Slices live as long as
 * `fields`, the arena and the arguments do; -ENOMEM. */
int detect_fields_names(const struct detect_fields *fields, const struct detect_logsource *source,
                        struct str field, struct arena *a,
                        struct str ret[DETECT_FIELD_NAMES_MAX]) MUST_USE;
