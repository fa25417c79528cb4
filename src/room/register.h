/* Registers: what is run and what was agreed with whom, kept as rows of named values. What columns a register has and what may
 * stand in them is data (content/imports) and judged before it comes here; what follows for logs is judged here.
 *
 * Import: a file that was read is kept as a draft; looking at it says what would be new, changed and gone; applying does it in one
 * transaction and remembers each row as it was; undoing puts those back that nobody has changed since, and names the others. */
#pragma once
#include "base/json.h"
#include "room/may.h"

#define ROOM_REGISTER_ROWS_MAX 20000 /* of one register; the pages list them all */
#define ROOM_IMPORT_BYTES_MAX ((size_t) 48 << 20) /* a file as read; 20,000 rows of 14 fields have some 10 MB */

/* What the room makes of rows, from the files of content/imports (register_kind.h); once, after room_open. Without it rows are
 * texts that name nothing. */
int room_registers_load(struct room *r, const char *folder, struct diag *reterr) MUST_USE;

/* Why a row was not taken: the field, and "no_target" or "loop" with the rows on it. */
struct room_register_refusal {
    char field[64], code[16], why[400];
};

/* One row of the register: {"name":"…",…}, texts only; `key` names it. */
struct room_register_row {
    struct str kind; /* the register's name */
    struct str key;  /* the value that names the row */
    const struct json_value *values;
};
/* In a transaction of its own. id 0: a new row; -EEXIST: the name is taken; -ENOLINK: *ret_refusal says which field names what is
 * not there, or leads back to the row. active: false takes it out of use, without losing it. Rows that name it follow a new name. */
int room_register_put(struct room *r, const struct room_actor *by, const struct room_register_row *row, int64_t id, int64_t version,
                      bool active, int64_t *ret_id, struct room_register_refusal *ret_refusal, struct diag *reterr) MUST_USE;
/* {"rows":[…]}: with what follows for logs, those that need somebody first. */
int room_register_write(struct room *r, struct str kind, struct jsonw *w, struct diag *reterr) MUST_USE;
int room_register_write_one(struct room *r, int64_t id, struct jsonw *w, struct diag *reterr) MUST_USE;
/* The register a row is of, copied to dst; -ENOENT. */
int room_register_kind(struct room *r, int64_t id, char dst[64], struct diag *reterr) MUST_USE;
/* How many rows of a register are in use, and how many of them need somebody. */
int room_register_count(struct room *r, struct str kind, int64_t *ret_n, int64_t *ret_must, struct diag *reterr) MUST_USE;

/* doc: what the reader of tables wrote (src/table/match.h), text the same as text; key_field: which value names a row. */
int room_import_add(struct room *r, const struct room_actor *by, struct str kind, struct str key_field, const struct json_value *doc,
                    struct str text, int64_t *ret_id, struct diag *reterr) MUST_USE;
/* What it would do now, or what it did. */
int room_import_write(struct room *r, int64_t id, struct jsonw *w, struct diag *reterr) MUST_USE;
/* gone: rows that the file does not have go out of use. -EBUSY: it is no draft. */
int room_import_apply(struct room *r, const struct room_actor *by, int64_t id, int64_t version, bool gone,
                      struct diag *reterr) MUST_USE;
int room_import_undo(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct diag *reterr) MUST_USE;
/* {"imports":[…]}: the latest of a register, newest first, without their rows. */
int room_imports_write(struct room *r, struct str kind, struct jsonw *w, struct diag *reterr) MUST_USE;
