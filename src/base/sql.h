/* SQLite behind one small door. Statements are always prepared with bound values; no text is ever pasted
 * into SQL. WAL, foreign keys on, synchronous=FULL, busy timeout 5 s, trusted_schema off, defensive mode.
 *
 * Value letters for `types`: s = struct str *(pointer; NULL pointer or .p NULL binds NULL), z = const char *
 * (NULL binds NULL), i = int64_t, I = const int64_t * (NULL binds NULL), d = double, b = struct str * as blob,
 * n = NULL (no argument). A number for `i` is passed as int64_t (cast a plain int). One handle, one thread.
 *
 * Codes: -EEXIST a uniqueness is violated, -ERR_REFUSED another constraint, -EBUSY locked by another process
 * for 5 s, -ENOSPC, -EROFS, -ERR_CORRUPT, -ENOMEM, -EIO everything else. */
#pragma once
#include "base/err.h"
#include "base/str.h"

#include <stdarg.h>

struct sql;
struct sql_stmt;

int sql_open(const char *path, struct sql **ret, struct diag *reterr) MUST_USE; /* creates it, mode 0600 */
void sql_close(struct sql *db);                                                 /* NULL allowed */
DEFINE_CLEANUP(struct sql *, sql_close)
/* One or more statements without values (schema, pragma). */
int sql_script(struct sql *db, const char *text, struct diag *reterr) MUST_USE;
/* One statement to its end; rows are discarded. Cached prepared statements inside. */
int sql_run(struct sql *db, struct diag *reterr, const char *text, const char *types, ...) MUST_USE;
/* The same for a door of one's own around it. */
int sql_run_v(struct sql *db, struct diag *reterr, const char *text, const char *types, va_list values)
    MUST_USE;
/* A statement to step through; release with sql_end (also after errors). */
int sql_query(struct sql *db, struct sql_stmt **ret, struct diag *reterr, const char *text,
              const char *types, ...) MUST_USE;
int sql_step(struct sql_stmt *st, struct diag *reterr) MUST_USE; /* 1 = a row, 0 = end */
void sql_end(struct sql_stmt *st);                               /* NULL allowed */
DEFINE_CLEANUP(struct sql_stmt *, sql_end)
/* Columns from 0; slices are valid until the next step. NULL reads as empty / 0; sql_is_null tells. */
struct str sql_str(struct sql_stmt *st, int column);
int64_t sql_i64(struct sql_stmt *st, int column);
double sql_double(struct sql_stmt *st, int column);
bool sql_is_null(struct sql_stmt *st, int column);
int64_t sql_last_id(struct sql *db);
int64_t sql_changes(struct sql *db);
/* What the handle has done since it was opened: statements begun and ended, and steps of SQLite's virtual machine, which
 * count work where seconds would count the neighbours' as well. */
struct sql_effort {
    uint64_t statements, steps;
};
struct sql_effort sql_effort(const struct sql *db);
/* Immediate transactions; nesting is an ASSERT. A commit that fails has been rolled back. */
int sql_begin(struct sql *db, struct diag *reterr) MUST_USE;
int sql_commit(struct sql *db, struct diag *reterr) MUST_USE;
void sql_rollback(struct sql *db); /* no-op outside a transaction */
