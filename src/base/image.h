/* A program's state as bytes. One function a structure writes it and reads it back, so that the two
 * directions cannot drift apart:
 *
 *   image_u32(x, &g->touch);      writing: adds g->touch; reading: sets it
 *   image_size(x, &n, most);      a count; reading: refused above `most`
 *
 * Numbers are LEB128, so that small ones are short. Failure is sticky (image_error): writing what
 * the sink or memory said, reading -ERR_CORRUPT for whatever cannot have been written; every number
 * read is then 0. Readers check each count against what they can hold and against image_left before
 * they allocate.
 *
 * An image is read by the version of the program that wrote it: who keeps one keeps a check over
 * its bytes and says what it belongs to. It is no format for others. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

struct image {
    bool reading;
    int error;
    /* writing */
    struct buf out;
    int (*full)(void *ctx,
                struct str bytes); /* takes what was gathered; NULL: everything stays in out */
    void *ctx;
    /* reading */
    struct str in;
    size_t at;
};
/* max_bytes: of what is gathered when nobody takes it. */
void image_write(struct image *x, int (*full)(void *ctx, struct str bytes), void *ctx,
                 size_t max_bytes);
void image_read(struct image *x, struct str in); /* borrowed until image_done */
/* Writing: hands over the rest. Reading: all of it must have been read. Returns the error. */
int image_end(struct image *x) MUST_USE;
void image_done(struct image *x);
int image_fail(struct image *x, int code); /* first one stays; returns the code in force */

void image_u64(struct image *x, uint64_t *v);
void image_i64(struct image *x, int64_t *v);
void image_u32(struct image *x, uint32_t *v);
void image_bool(struct image *x, bool *v);
void image_double(struct image *x, double *v);
void image_size(struct image *x, size_t *v, size_t most);
void image_count(struct image *x, uint32_t *v, uint32_t most);
void image_raw(struct image *x, void *p, size_t n);
/* A length and bytes; read as a slice of the image. */
void image_str(struct image *x, struct str *v, size_t most);
/* Reading: what follows is of no use any more. */
static inline void image_skip_rest(struct image *x) {
    x->at = x->in.n;
}
/* Bytes not read yet: what is counted in the image takes at least one each. */
static inline size_t image_left(const struct image *x) {
    return x->reading ? x->in.n - x->at : SIZE_MAX;
}

/* An image in a file: under its own name only once it is whole and on disk, with a check over its bytes.
 * body writes it, and reads it back; strings it reads are valid until the call ends. */
typedef void image_body_fn(void *ctx, struct image *x);
int image_file_write(const char *path, image_body_fn *body, void *ctx, struct diag *reterr) MUST_USE;
/* -ENOENT: there is none. -ERR_CORRUPT: it is not what was written. */
int image_file_read(const char *path, image_body_fn *body, void *ctx, struct diag *reterr) MUST_USE;
