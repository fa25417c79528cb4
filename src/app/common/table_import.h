/* A file as a register's rows: found, matched, judged and written as JSON (src/table/match.h). The command line does it, and the
 * sensor for the pages: who serves pages reads no archives. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

struct table_import {
    const char *path;     /* of the file */
    const char *name;     /* as the user knows it */
    struct str reg;       /* which register: a file of content/imports */
    struct str sheet;     /* .p NULL: the best one */
    struct str columns;   /* given by hand, .p NULL: none */
};
#define TABLE_DOCUMENT_BYTES_MAX ((size_t) 48 << 20) /* what the room takes */
/* The document into out (initialised here). */
int table_import_read(const struct table_import *x, int64_t today_ns, struct buf *out, struct diag *reterr) MUST_USE;
