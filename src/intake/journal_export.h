/* The journal export format as it is sent over HTTP (application/vnd.fdo.journal), in parts of any size:
 *
 *   NAME=value LF                                   a field that is text
 *   NAME LF, length u64 little-endian, value, LF    any other
 *   LF                                              the end of an entry
 *
 * A field above JOURNAL_FIELD_BYTES_MAX, and one that would make the entry larger than JOURNAL_ENTRY_BYTES_MAX, is left
 * out and the entry marked: core dumps stand in journals, too. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"

enum { JOURNAL_MARK_BYTES = 24 };
struct journal_export {
    enum { JOURNAL_LINE, JOURNAL_SIZE, JOURNAL_VALUE } state;
    struct buf entry, field;
    uint64_t left; /* of a value, with the LF behind it */
    bool drop;     /* the field is too large */
    bool cut;      /* the entry lacks one */
    bool taken;    /* the entry was handed out */
};
void journal_export_init(struct journal_export *j);
void journal_export_done(struct journal_export *j);
/* Takes bytes until an entry is whole: 1, *ret_used says how many, j->entry and j->cut have it until the next call.
 * 0: all were taken. -ERR_PARSE: this is not the format. */
int journal_export_add(struct journal_export *j, struct str in, size_t *ret_used) MUST_USE;
/* Nothing follows: 1 when an entry stands that no empty line ended, 0, -ERR_PARSE when it ends inside a field. */
int journal_export_end(struct journal_export *j) MUST_USE;
/* The stream's id and the entry's number in it, from __CURSOR (s=…;i=…); false: it has none. */
bool journal_export_mark(struct str entry, char ret[JOURNAL_MARK_BYTES]);
