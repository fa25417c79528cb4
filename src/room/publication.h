/* What an organisation says of a case to everybody: first, follow-up and final reports, each a version that is kept.
 *
 *   draft ──asked──> asked ──decided to publish──> published ──> corrected (another version takes its place)
 *     ^                └──decided not to──┐            └───────> withdrawn (with a reason)
 *     └───────────────────────────────────┘       draft ──> dropped
 *
 * A draft is rendered from the facts whenever it is looked at (statement.h). Asking freezes it, words and facts, and puts the decision to
 * publish to those who may (decision.h, authority.h: two where the table says so). What was decided about is what is published, to the
 * byte: have the facts behind it changed, it has to be asked again. Each version but the final one promises the next by a time
 * (promise.h). A version that went out is never changed; one open draft a case.
 *
 * Not here: where the files go (src/app/room/published.h). */
#pragma once
#include "room/statement.h"

#define PUBLICATION_OWN_BYTES_MAX 8000 /* of a person's words for one part: two pages */
#define PUBLICATIONS_MAX 200           /* of one case: one a day for half a year */

/* Reads a file of texts and keeps it as a version (datafile.h). */
int room_statement_put(struct room *r, const struct room_actor *by, struct str source, const char *file, const char *origin, int64_t *ret_id,
                       struct diag *reterr) MUST_USE;
/* -ENOENT: none in use. In the arena. */
int room_statement_find(struct room *r, struct arena *a, struct str key, struct statement *ret, struct diag *reterr) MUST_USE;
/* "statements":[{"key","use","titles"}] */
int room_statements_write(struct room *r, struct jsonw *w, struct diag *reterr) MUST_USE;

struct room_publication_new {
    int64_t incident, corrects; /* corrects: a version that went out; 0: none */
    struct str statement;
    enum statement_stage stage;
};
/* -EEXIST: there is an open draft; -ENOENT: no such text, or nothing to correct. Own transaction, as below. */
int room_publication_add(struct room *r, const struct room_actor *by, const struct room_publication_new *x, int64_t *ret_id, struct diag *reterr) MUST_USE;
struct room_publication_change {
    bool set_next, set_stage, set_en;
    int64_t next_ns; /* TIME_NONE: no promise yet */
    enum statement_stage stage;
    bool en; /* an English version goes out, too */
    const struct statement_own *own; /* those that change; both .n 0: as the file has it again */
    size_t n_own;
};
/* What is not to be said: -EINVAL "words" and the fact in *ret_leak. -EBUSY: it is no draft. */
int room_publication_change(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_publication_change *c,
                            const struct fact_spec **ret_leak, struct diag *reterr) MUST_USE;
/* Freezes it and puts the decision. -EINVAL "next": nothing is promised; "en": a part is not written in English. */
struct room_publication_ask {
    struct str risk_do, risk_go_on;
};
int room_publication_ask(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_publication_ask *x,
                         const struct fact_spec **ret_leak, struct diag *reterr) MUST_USE;
/* A draft is dropped, also one that was asked about; what went out is withdrawn, which is a decision to publish, too: 1: the first of two. -EINVAL without why. */
int room_publication_end(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct str why, struct diag *reterr) MUST_USE;

/* In the transaction of a decision to publish. -EBUSY "facts": what was asked about would say something else now. */
int room_publication_ready(struct room *r, int64_t decision, struct diag *reterr) MUST_USE;
int room_publication_decided(struct room *r, const struct room_actor *by, int64_t decision, bool go_on, int64_t at_ns, struct str why, struct diag *reterr) MUST_USE;

/* {"publications":[…],"statements":[…],"promises":[…]}, the newest first, with what changed since the one before. */
int room_publications_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) MUST_USE;
/* The case's number, as a name of a folder: A-Z, 0-9 and dashes. */
#define PUBLICATION_FOLDER_CAP 40
int room_publication_folder(struct room *r, int64_t incident, char ret[PUBLICATION_FOLDER_CAP], struct diag *reterr) MUST_USE;
/* Everything that went out as files for any web server: index.html, index.en.html, sorry.html, N.html, N.en.html, N.txt, N.en.txt. */
typedef int room_publication_file_fn(void *ctx, const char *name, struct str bytes, struct diag *reterr);
int room_publication_files(struct room *r, int64_t incident, room_publication_file_fn *f, void *ctx, struct diag *reterr) MUST_USE;
