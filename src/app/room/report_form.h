/* What can be reported and the words of the form, as data: content/reports/form.yml, or DATA/reports/form.yml in its place, read once at start;
 * beside it form.css. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/yaml.h"
#include "room/person_report.h"

struct report_form {
    struct arena arena;
    struct room_reported_kinds kinds;
    const struct yaml_node *words[2]; /* ja, en */
    struct str css;
};
struct program;
int report_form_load(struct program *p, struct diag *reterr) MUST_USE;
void report_form_done(struct report_form *f);
/* .p NULL for a word the file does not have. */
struct str report_form_word(const struct report_form *f, bool en, const char *key);
/* Kinds and words of a document, for tests of the file itself. */
int report_form_read(struct report_form *f, const struct yaml_node *root, const char *file, struct diag *reterr) MUST_USE;
