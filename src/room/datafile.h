/* Data files people may change: what is shipped (content/obligations, content/forms) and what they write themselves, each version a
 * row whose text never changes. The newest version of a key that is in use counts. What is shipped never takes the place of what people
 * made: it becomes a version that is not in use (as playbooks do: library.h). Whoever puts one has read it before. */
#pragma once
#include "room/fact_spec.h"
#include "room/room.h"

#define DATAFILE_BYTES_MAX 200000 /* the longest shipped form has 15 KB */
#define DATAFILES_MAX 500         /* keys of one kind: all duties of all branches are some dozens */
struct room_datafile { /* borrowed */
    const char *kind, *origin; /* "obligation", "form"; "shipped", "made" */
    struct str key, source, file; /* file: of what is shipped, .p NULL: none */
    struct fact_words title;
};
int room_datafile_put(struct room *r, const struct room_actor *by, const struct room_datafile *x, int64_t *ret_id, struct diag *reterr) MUST_USE;
int room_datafile_use(struct room *r, const struct room_actor *by, int64_t id, int64_t version, bool active, struct diag *reterr) MUST_USE;
/* Calls f for the newest version in use of each key, in the order of keys; what it returns below 0 ends it. */
typedef int room_datafile_fn(void *ctx, int64_t id, int64_t number, struct str source, struct diag *reterr);
int room_datafiles_each(struct room *r, const char *kind, room_datafile_fn *f, void *ctx, struct diag *reterr) MUST_USE;
/* {"files":[{"key","titles","versions":[…]}]} */
int room_datafiles_write(struct room *r, const char *kind, struct jsonw *w, struct diag *reterr) MUST_USE;
/* One version with its text. -ENOENT. */
int room_datafile_write(struct room *r, int64_t id, struct jsonw *w, struct diag *reterr) MUST_USE;
int room_datafile_kind(struct room *r, int64_t id, char ret[20], struct diag *reterr) MUST_USE;
