/* The descriptions of registers (content/imports), read once at start, before the sandbox. */
#pragma once
#include "table/spec.h"

struct registers {
    struct arena arena;
    struct import_spec *specs;
    size_t n;
};
struct room;
/* The same files say what the room makes of the rows: told to it, too. */
int registers_load(struct registers *x, struct room *r, struct diag *reterr) MUST_USE;
void registers_done(struct registers *x);

/* For the command line: a table that was read (src/table/match.h) from standard input, applied if the options say so; the import as
 * the pages have it. The system is who writes: whoever can run this owns the database. */
struct program;
struct jsonw;
int registers_import(struct program *p, struct str name, struct jsonw *w, struct diag *reterr) MUST_USE;
int registers_undo(struct program *p, int64_t id, struct jsonw *w, struct diag *reterr) MUST_USE;
