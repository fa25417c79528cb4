/* Official forms: one file of content/forms each says which cell, or line, is made from which facts by which rule. docs/forms.md has
 * the form of these files. The cells are those of the authority's own blank, which the user supplies; a form without cells is text.
 *
 * Only what is confirmed goes in. What is missing is said with the fact to enter; nothing is cut or made up. Pure: no database. */
#pragma once
#include "base/buf.h"
#include "room/fact_say.h"
#include "room/fact.h"

#define FORM_FIELDS_MAX 400
enum form_as { FORM_TEXT, FORM_DATE, FORM_CHOICE, FORM_CHECK, FORM_JOIN, FORM_AS_MAX_ };
struct form_field {
    struct fact_words item; /* what the form calls it */
    struct str cell;        /* empty: none */
    enum form_as as;
    const size_t *facts;    /* into the specs */
    size_t n_facts;
    struct str value, on, off; /* FORM_CHECK: the fact has this value */
    struct fact_style style; /* style.with of FORM_JOIN: between two */
    int64_t max;            /* characters; 0: not bounded */
    bool required;
};
struct form_label {
    struct str cell, is;
};
struct form {
    struct str key, sheet, official, official_version, url;
    struct fact_words title, to, note;
    bool ja;      /* the language it is filled in */
    bool checked; /* the cells were compared with the authority's own file */
    bool has_cells;
    const struct form_field *fields;
    size_t n_fields;
    const struct form_label *labels; /* what is expected in the blank */
    size_t n_labels;
};
/* Lives in the arena, with the text. */
int form_parse(struct arena *a, struct str text, const char *file, const struct fact_specs *facts, struct form *ret, struct diag *reterr) MUST_USE;

enum form_state { FORM_FILLED, FORM_MISSING, FORM_UNCONFIRMED, FORM_KEPT_BACK, FORM_TOO_LONG, FORM_STATE_MAX_ };
const char *form_state_to_string(enum form_state s);
struct form_value {
    struct str text; /* empty where nothing may be said */
    enum form_state state;
};
/* ret[i] of fields[i]; facts[i] belongs to specs->at[i]. In the arena. */
int form_render(struct arena *a, const struct form *f, const struct fact_specs *specs, const struct room_fact *facts, struct form_value *ret) MUST_USE;
