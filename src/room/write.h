/* The one door every writer goes through, and the transaction around it.
 *
 * A write names who, which verb, which row and which version it was based on. room_write asks
 * room_may, compares versions, runs the statement, sets version and the who-and-when columns, and
 * appends a row to the audit chain that holds the SHA-256 of the row as it now stands (audit.h).
 * All within the caller's transaction: either the write and its chain row are there, or neither. */
#pragma once
#include "room/may.h"

#include <stdarg.h>

#define ROOM_ANY_VERSION                                                                           \
    (-1) /* the system's own writes, which read and write in one transaction                       \
          */

struct room_write {
    const struct room_actor *by;
    enum room_verb verb;
    enum room_object object;
    int64_t id;        /* 0: the statement makes a new row */
    int64_t version;   /* the version the writer saw, or ROOM_ANY_VERSION */
    enum room_tlp tlp; /* new rows; old ones keep theirs unless the statement sets it */
    int64_t incident;  /* new rows: whose case it belongs to, 0 = none; asked by room_may */
    int64_t owner;     /* new rows: person, 0 = none */
    const char *lane;  /* new rows of a timeline */
    bool quiet; /* derived columns only: the version stays, so that nobody's edit becomes stale */
    struct str detail; /* one line of JSON for the chain: what changed; .p NULL = {} */
    /* Writes the row's parts (index of a finding's values, addresses of an action): rows without a
     * head of their own, covered by the chain's hash of this row. May be NULL. */
    int (*parts)(void *ctx, struct room *r, int64_t id, struct diag *reterr);
    void *parts_ctx;
};

int room_begin(struct room *r, struct diag *reterr) MUST_USE;
/* Commits when error is 0, else rolls back; tells the watcher; writes a refusal of room_may into
 * the chain in a transaction of its own. Returns `error`, or the commit's. */
int room_end(struct room *r, int error, struct diag *reterr) MUST_USE;
/* sql is one INSERT, UPDATE or DELETE on the object's table; of an UPDATE or DELETE ?1 must be the
 * id and is bound by the caller like the rest. The values follow `types` as in base/sql.h. */
int room_write(struct room *r, const struct room_write *w, int64_t *ret_id, struct diag *reterr,
               const char *sql, const char *types, ...) MUST_USE;
/* Only inside `parts`. */
int room_write_part(struct room *r, struct diag *reterr, const char *sql, const char *types,
                    ...) MUST_USE;
/* Records that something was refused (in the transaction, or in one of its own). */
int room_refuse(struct room *r, const struct room_actor *by, enum room_verb verb,
                const struct room_row *row, struct diag *reterr) MUST_USE;
/* Records what somebody did that writes no row of ours; detail: one line of JSON. In the caller's transaction. */
int room_record(struct room *r, const struct room_actor *by, enum room_verb verb,
                enum room_object object, struct str detail, struct diag *reterr) MUST_USE;
/* Tells the watcher after the commit. `kind` is static. */
void room_changed(struct room *r, const char *kind, int64_t id);

/* The last -ERR_VERSION: both versions, who was first (name empty: a machine) and when. */
struct room_stale {
    int64_t yours, theirs, at_ns;
    char by[ROOM_BY_CAP], name[ROOM_NAME_BYTES_MAX + 1];
};
struct room_stale room_stale(struct room *r);
