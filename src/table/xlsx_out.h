/* Writes records of CSV (csv_cell, csv_end_row) as a workbook of one sheet. Every cell is text, its column too, so that a spreadsheet program takes no
 * leading zero off and makes no date of it, also of what is typed into it later; the first row stays in sight. Nothing here reads an archive. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

/* Added to `out`. sheet: letters and digits, of which 31 count. -ERR_LIMIT. */
int table_xlsx_write(struct str csv, struct str sheet, int64_t when_ns, struct buf *out) MUST_USE;
