/* Writes texts into cells of somebody else's workbook: an authority's blank form.
 *
 * One part of the archive is made anew, the sheet's; every other part keeps its bytes, packed as they were, and so do all bytes of the
 * sheet outside of the cells named. A cell keeps its style; rows and cells that are not there are added where they belong. What is
 * written is read again before it is handed over. Refused: a cell that holds a formula, one that lies inside a merged area but not at
 * its corner, a sheet that is not there, text no cell can hold. Formulas that look at the cells keep the values the blank came with
 * until a spreadsheet program computes them. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

#define TABLE_FILL_CELLS_MAX 2000                  /* of one form; the longest of an authority has about 200 */
#define TABLE_FILL_TEXT_MAX 32767                  /* characters of a cell, by the format */
#define TABLE_FILL_SHEET_BYTES_MAX ((size_t) 16 << 20) /* of the sheet's XML; forms have some 100 KB */
struct table_put {
    struct str cell; /* "B5" */
    struct str text; /* UTF-8 */
};
/* sheet: its name, empty: the first visible one. `out` is initialised by the caller, and gets the whole file. */
int table_fill(struct str bytes, const char *name, struct str sheet, const struct table_put *puts, size_t n, struct buf *out, struct diag *reterr) MUST_USE;
/* "AB12" into numbers from 1; false when it is no cell. */
bool table_cell_parse(struct str cell, uint32_t *ret_column, uint32_t *ret_row);

struct table_label {
    struct str cell, is; /* what is expected there */
    struct str found;    /* by table_labels: what stands there, valid as long as the arena */
    bool good;           /* the same but for width, spaces and line ends */
};
struct arena;
/* Whether the blank is the one a form was written for. -ENOENT: there is no such sheet. */
int table_labels(struct arena *a, struct str bytes, const char *name, struct str sheet, struct table_label *labels, size_t n, struct diag *reterr) MUST_USE;
