/* Tables as people keep them: CSV in any separator and Japanese encoding, and XLSX. Everything becomes UTF-8 text.
 *
 * A file that cannot be read whole is refused with its place and what to do; nothing is guessed in silence: what was
 * supposed (encoding, separator) and what is hidden (sheets, rows) is said. Dates of XLSX become 2026-11-22, with a time
 * 2026-11-22 18:05; formulas give what the program that wrote the file had computed. Phonetic guides are left out.
 *
 * Not done: .xls, .ods, files with a password, formulas computed here. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

enum table_cell_flags {
    TABLE_CELL_ERROR = 1,     /* #REF! and its like */
    TABLE_CELL_UNCOMPUTED = 2, /* a formula whose value the file does not hold */
};
struct table_cell {
    struct str text; /* as it stands, UTF-8 */
    unsigned flags;
};
struct table_row {
    uint32_t number; /* from 1, as spreadsheets count; of a CSV the record */
    uint32_t line;   /* of a CSV: the line it begins in; else 0 */
    uint32_t n;
    bool hidden;
    struct table_cell *cells; /* cells[0] is column A */
};
struct table_merge { /* from 1, both ends in it */
    uint32_t top, left, bottom, right;
};
struct table_sheet {
    struct str name; /* of a CSV: empty */
    bool hidden;
    struct table_row *rows; /* those that hold something, ascending */
    size_t n_rows, cap_rows;
    struct table_merge *merges;
    size_t n_merges, cap_merges;
    size_t n_hidden_rows;
};
struct table {
    struct arena arena;
    struct str name;        /* the file's, as the user knows it */
    const char *format;     /* "csv", "xlsx" */
    enum text_encoding encoding; /* of a CSV */
    char separator;              /* of a CSV */
    struct table_sheet *sheets;
    size_t n_sheets;
};

/* Reads either. `bytes` need not outlive the call. On failure nothing is left; table_done is harmless all the same. */
int table_read(struct str bytes, const char *name, struct table *ret, struct diag *reterr) MUST_USE;
int table_read_csv(struct str bytes, const char *name, struct table *ret, struct diag *reterr) MUST_USE;
void table_done(struct table *t);

/* The cell of a row, also of columns it does not have; column from 1. */
struct table_cell table_cell_at(const struct table_row *row, uint32_t column);
/* "A", "AB"; dst holds TABLE_COLUMN_CAP bytes. */
#define TABLE_COLUMN_CAP 8
const char *table_column_letters(uint32_t column, char dst[TABLE_COLUMN_CAP]);

/* For readers in this folder: room for one more row or merge in the arena. */
struct table_row *table_sheet_row(struct table *t, struct table_sheet *s, struct diag *reterr);
