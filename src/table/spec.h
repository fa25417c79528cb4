/* What a register's columns are called and what may stand in them: a file of content/imports. The one description serves the
 * import of files, the template to download and what people type into the pages. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct buf;
struct jsonw;

enum import_kind {
    IMPORT_TEXT,
    IMPORT_NAME,   /* of something: spaces and width do not tell two apart */
    IMPORT_CHOICE, /* one of the choices */
    IMPORT_DATE,   /* becomes 2026-11-22 */
    IMPORT_PHONE,
    IMPORT_CODE,   /* digits of a fixed length: zeros in front are given back */
    IMPORT_LIST,   /* names, separated by 、 , ; / or line ends */
    IMPORT_CHOICES, /* several of the choices, in their order */
    IMPORT_REF,    /* the name of a row of the register `to` */
    IMPORT_REFS,   /* several */
    IMPORT_HOURS,  /* when somebody can be reached: base/hours.h */
    IMPORT_KIND_MAX_
};
struct import_choice {
    struct str value, ja, en;
    const struct str *names; /* folded */
    size_t n_names;
};
struct import_field {
    struct str name, ja, en, hint_ja, hint_en;
    enum import_kind kind;
    bool required;
    uint32_t max;    /* bytes */
    uint32_t digits; /* IMPORT_CODE */
    const struct str *names; /* folded: what the column may be called */
    size_t n_names;
    const struct import_choice *choices;
    size_t n_choices;
    struct str to; /* IMPORT_REF, IMPORT_REFS: the register */
    bool loose;    /* a name that is not there yet is kept and said */
    bool press;    /* IMPORT_CHOICE: pages change it by one press */
    bool acyclic;  /* following it never leads back: a tree, what stands on what */
};
struct import_spec {
    struct str name, ja, en;
    const struct import_field *fields;
    size_t n_fields;
    size_t key; /* the field that names a row */
    const size_t *compose; /* fields a row is named by where that one is empty */
    size_t n_compose;
};
/* All files of a folder (*.yml), in the order of their names. Lives in the arena. */
int import_specs_load(struct arena *a, const char *folder, struct import_spec **ret, size_t *ret_n, struct diag *reterr) MUST_USE;
int import_spec_parse(struct arena *a, struct str text, const char *file, struct import_spec *ret, struct diag *reterr) MUST_USE;
const struct import_spec *import_spec_find(const struct import_spec *specs, size_t n, struct str name);
const struct import_field *import_field_find(const struct import_spec *s, struct str name);
const char *import_kind_to_string(enum import_kind k);
/* {"name","titles":{"ja","en"},"key":"…","fields":[{"name","titles","hint":{…},"kind","required","to","choices":[{"value","titles"}]}]} */
void import_spec_write(const struct import_spec *s, struct jsonw *w);
/* The row's name made of the fields it is composed of, values[i] being that of field i; empty where they are. .p NULL when memory ends. */
struct str import_compose(struct arena *a, const struct import_spec *s, const struct str *values);
/* A CSV with its header, for Excel: a byte order mark, CR LF. */
void import_template_write(const struct import_spec *s, bool ja, struct buf *out);
/* A row below that header, so that taking the file in again changes nothing; values: an object of texts as they are kept. */
struct json_value;
void import_row_write(const struct import_spec *s, bool ja, const struct json_value *values, struct buf *out);

/* A header or a choice as it is compared: folded, without spaces, signs and what stands in brackets. .p NULL when memory ends. */
struct str import_fold(struct arena *a, struct str utf8);

/* What became of a value. */
enum import_fault {
    IMPORT_FINE,
    IMPORT_MISSING,    /* required and empty */
    IMPORT_TOO_LONG,
    IMPORT_NO_CHOICE,
    IMPORT_NO_DATE,
    IMPORT_NO_PHONE,
    IMPORT_NO_CODE,
    IMPORT_CELL_ERROR, /* #REF! */
    IMPORT_UNCOMPUTED, /* a formula without its value */
    IMPORT_TWICE,      /* the file has the same name in an earlier row */
    IMPORT_FAULT_MAX_
};
const char *import_fault_to_string(enum import_fault f);
/* A sentence with the remedy, in English (the pages have their own). */
const char *import_fault_help(enum import_fault f);
/* IMPORT_HOURS_UNREAD: kept as it was written; nobody can say when it is open. */
enum import_note { IMPORT_AS_IT_WAS, IMPORT_ZERO_RESTORED, IMPORT_DATE_READ, IMPORT_HOURS_UNREAD, IMPORT_NOTE_MAX_ };
const char *import_note_to_string(enum import_note n);
/* The value as it is kept (lists: joined by LF); .p NULL when memory ends. today_ns: for dates without a year. */
enum import_fault import_value_read(struct arena *a, const struct import_field *f, struct str text, int64_t today_ns,
                                    struct str *ret, enum import_note *ret_note);
