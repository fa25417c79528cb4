/* chDB behind one small door: loaded by dlopen, one database, one statement at a time. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

struct engine;
/* library has been checked; folder is the database's own, and FOLDER.xml beside it. memory_bytes: of all of it; one
 * statement may use half. */
int engine_open(const char *library, const char *folder, uint64_t memory_bytes, struct engine **ret, struct diag *reterr) MUST_USE;
/* Before whoever opens is confined: the C library's own parts that chDB names, so that no other folder need be read. */
void engine_prepare(void);
void engine_close(struct engine *e); /* NULL allowed */
/* What it answers is appended. -ERR_REFUSED: the diag says why. */
int engine_run(struct engine *e, struct str statement, struct buf *answer, struct diag *reterr) MUST_USE;
/* Gives back what is only kept to be quicker next time: free memory of its allocator, and the library's own text, which comes
 * again from its file. */
void engine_rest(struct engine *e);
/* Rows in RowBinary, of a statement that names this format. All of them or none, up to a million. */
int engine_insert(struct engine *e, struct str statement, struct str rows, struct diag *reterr) MUST_USE;
