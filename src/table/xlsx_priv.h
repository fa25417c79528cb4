/* The parts of an XLSX file: a ZIP archive of XML (ECMA-376). Private to this folder. */
#pragma once
#include "base/map.h"
#include "table/table.h"

#include <zip.h>

struct xlsx {
    struct table *t;
    zip_t *zip;
    struct diag *err;
    bool date1904;
    /* workbook.xml */
    struct xlsx_sheet {
        struct str name, relation, part;
        bool hidden;
    } *sheets;
    size_t n_sheets, cap_sheets;
    struct str strings_part, styles_part;
    struct str *strings; /* sharedStrings.xml */
    size_t n_strings, cap_strings;
    struct xlsx_styles {
        struct xlsx_format {
            uint32_t id;
            struct str code;
        } *formats;
        size_t n_formats, cap_formats;
        uint32_t *cells; /* number format of each cell style */
        size_t n_cells, cap_cells;
    } styles;
};

/* ---- one part, as events; names without their prefix ---- */

struct xlsx_attributes {
    const char **at; /* name, value, … NULL */
};
/* .p NULL when absent. */
struct str xlsx_attribute(const struct xlsx_attributes *a, const char *name);
struct xlsx_handler {
    void *ctx;
    int (*begin)(void *ctx, struct str name, const struct xlsx_attributes *a); /* below 0 ends it */
    int (*end)(void *ctx, struct str name);
    int (*text)(void *ctx, struct str piece);
};
/* Reads a part of the archive through the handler; -ENOENT when it is not there. */
int xlsx_part_read(struct xlsx *x, struct str part, const struct xlsx_handler *h) MUST_USE;
int xlsx_no_memory(struct xlsx *x);
/* Opens the archive (which takes the source, also on failure) and reads which sheets there are; x->zip is the caller's to discard. */
int xlsx_begin(struct xlsx *x, zip_source_t *source, int flags) MUST_USE;
int xlsx_find_sheet(struct xlsx *x, struct str name, struct str *ret_part) MUST_USE; /* empty: the first visible one. -ENOENT */

/* ---- number formats ---- */

/* The text of a number under a cell style: a date, a time, digits with the zeros its format shows, or the number. */
struct str xlsx_number_text(struct xlsx *x, struct str number, uint32_t style);
int xlsx_styles_read(struct xlsx *x) MUST_USE;

/* xlsx_sheet.c: fills one sheet. */
int xlsx_sheet_read(struct xlsx *x, struct str part, struct table_sheet *s) MUST_USE;
int xlsx_strings_read(struct xlsx *x) MUST_USE;
