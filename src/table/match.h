/* A table's header and columns, found and matched to the fields of a register; its rows, read.
 *
 * Header: of the first rows the one (or two, one above the other, where cells are merged) whose cells name the most fields. What
 * stands above it (titles, notes) is passed over. A column nobody knows is said and not read; `columns` says it otherwise. */
#pragma once
#include "table/spec.h"
#include "table/table.h"

struct import_column {
    uint32_t number; /* from 1 */
    struct str head;
    size_t field;    /* into spec->fields, or SIZE_MAX */
};
struct import_match {
    const struct import_spec *spec;
    const struct table_sheet *sheet;
    uint32_t head_from, head_to; /* indices of rows: the header; head_to is the last */
    struct import_column *columns;
    size_t n_columns;
    size_t n_fields; /* matched */
};
/* sheet: a name, or .p NULL for the best visible one. columns: "3=owner,5=" for columns given by hand, or .p NULL.
 * -ERR_PARSE when no header is found (the sentence says what is looked for), -ENOENT: no such sheet. */
int import_match_table(struct arena *a, const struct table *t, const struct import_spec *s, struct str sheet, struct str columns,
                       struct import_match *ret, struct diag *reterr) MUST_USE;
/* The whole outcome as JSON; docs/registers.md has the form. */
int import_document_write(struct arena *a, const struct table *t, const struct import_match *m, int64_t today_ns, struct jsonw *w,
                          struct diag *reterr) MUST_USE;
