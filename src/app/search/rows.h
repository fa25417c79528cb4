/* Events as rows of a spreadsheet, for the page and the command line alike. */
#pragma once
#include "base/buf.h"
#include "event/record.h"

void rows_head(struct buf *out); /* with the mark of UTF-8 */
/* source: of the ledger; time_ns: settled. */
void rows_add(struct buf *out, const struct event *ev, struct str source, int64_t time_ns);
