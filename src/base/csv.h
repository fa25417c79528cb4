/* CSV as spreadsheets open it (RFC 4180, UTF-8 with its mark, CRLF), and so that no cell is taken for a formula: one that
 * begins like one (= + - @, also in full width, tab, carriage return) gets an apostrophe before it. Bytes that are no
 * UTF-8 become U+FFFD, control characters a space; a line end inside a cell stays. */
#pragma once
#include "base/buf.h"

#define CSV_MARK "\xef\xbb\xbf"
/* The first of a row: `first`. -ENOMEM goes to the buf. */
void csv_cell(struct buf *b, bool first, struct str text);
/* A cell as it was before csv_cell: without the apostrophe that keeps a formula from being one. */
struct str csv_text(struct str cell);
void csv_end_row(struct buf *b);
