/* Forms of a case: what each would say now, what is missing, what was told before, and what was sent, sealed.
 *
 * A submission is a row with everything the form said, and its hash; the row stands in the chain. What is sent later is a
 * supplement: which items say something else since is worked out from the last one. */
#pragma once
#include "room/form.h"

struct room_forms {
    struct arena arena;
    bool read;
    const struct form *at;
    const int64_t *ids, *numbers;
    size_t n;
};
int room_form_put(struct room *r, const struct room_actor *by, struct str source, const char *file, const char *origin, int64_t *ret_id,
                  struct diag *reterr) MUST_USE;
int room_forms(struct room *r, const struct room_forms **ret, struct diag *reterr) MUST_USE;
void room_forms_stale(struct room *r); /* another version is in use */
void room_forms_done(struct room *r);
const struct form *room_form_find(struct room *r, struct str key, int64_t *ret_number, struct diag *reterr); /* NULL: none */

/* {"forms":[…]} with how much is missing; one with its fields. -ENOENT. */
int room_forms_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) MUST_USE;
int room_form_write(struct room *r, int64_t incident, struct str key, struct jsonw *w, struct diag *reterr) MUST_USE;
/* The same as a text to send or read aloud, and as CSV for Excel. */
int room_form_text(struct room *r, int64_t incident, struct str key, bool ja, struct buf *out, struct diag *reterr) MUST_USE;
int room_form_csv(struct room *r, int64_t incident, struct str key, struct buf *out, struct diag *reterr) MUST_USE;
/* [{"cell","text"}] of what goes into the blank. */
int room_form_cells(struct room *r, int64_t incident, struct str key, struct jsonw *w, struct diag *reterr) MUST_USE;

/* The blank the user supplied last: its SHA-256 (also the name it is kept under), 0 or -ENOENT. */
#define BLANK_DIGEST_CAP 65
struct room_blank {
    const char *digest, *name;
    int64_t bytes;
    struct str form, faults; /* [{"cell","is","found"}] of labels that differ */
};
int room_blank_add(struct room *r, const struct room_actor *by, const struct room_blank *b, struct diag *reterr) MUST_USE;
int room_blank_find(struct room *r, struct str form, char ret_digest[BLANK_DIGEST_CAP], struct diag *reterr) MUST_USE;

struct room_submission {
    int64_t incident, at_ns;
    struct str form, obligation, report, to, how, note; /* form empty: told without one (by telephone) */
};
/* In the caller's transaction, or one of its own. */
int room_submission_add(struct room *r, const struct room_actor *by, const struct room_submission *x, int64_t *ret_id, struct diag *reterr) MUST_USE;
/* {"form","fields":[{"cell","item","text"}]} as a submission keeps it, of what the form says now. *ret_number: the form's version. */
int room_form_doc(struct room *r, int64_t incident, struct str form, struct buf *out, int64_t *ret_number, struct diag *reterr) MUST_USE;
struct room_receipt {
    struct str number, from;
    int64_t at_ns;
    const char *paper, *paper_name; /* NULL: no file */
};
int room_submission_receipt(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_receipt *x,
                            struct diag *reterr) MUST_USE;
/* {"submissions":[…]}, the newest first. */
int room_submissions_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) MUST_USE;
