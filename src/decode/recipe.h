/* Decoders written as data: what a file of content/decoders says, compiled once.
 *
 * A set is read-only after decode_set_load and shared by reference counting; any number of decodes
 * and threads use one. A file that makes no sense is refused with a sentence of its own and the
 * others load. Of two files that name the same decoder the later one wins, so that an operator can
 * replace what is shipped. docs/decoders.md describes the files. */
#pragma once
#include "base/err.h"
#include "base/str.h"

struct decode_set;
struct buf;

/* paths: files and folders (their *.yml), later ones win. A path that is not there is refused like
 * a broken file. Fails only when memory ends. */
int decode_set_load(const char *const *paths, size_t n, struct decode_set **ret,
                    struct diag *reterr) MUST_USE;
/* One file as text; -ERR_PARSE with its place. For tests and the fuzzer. */
int decode_set_load_text(struct str text, const char *file, struct decode_set **ret,
                         struct diag *reterr) MUST_USE;
struct decode_set *decode_set_ref(struct decode_set *s);
struct decode_set *decode_set_unref(struct decode_set *s); /* NULL allowed, returns NULL */
DEFINE_CLEANUP(struct decode_set *, decode_set_unref)

/* What was refused, in the order of reading; NULL behind the last. */
const struct diag *decode_set_refused(const struct decode_set *s, size_t i);
/* The files' bytes, as what a decode does depends on them. */
void decode_set_sum(const struct decode_set *s, uint8_t ret[32]);

/* Decoders in the order of their names. */
struct decode_set_row {
    struct str name, help;
    const char *file;
    size_t n_samples;
};
size_t decode_set_count(const struct decode_set *s);
struct decode_set_row decode_set_at(const struct decode_set *s, size_t i);

/* Runs the samples of decoder i: one call of `row` (NULL: nobody asks) for each, `wrong` NULL when it gave what it says,
 * else a sentence with the place. Returns how many were wrong, or -ENOMEM. */
typedef void decode_sample_fn(void *ctx, const char *file, unsigned line, const char *wrong);
int decode_set_test(struct decode_set *s, size_t i, decode_sample_fn *row, void *ctx) MUST_USE;
/* The raw lines of decoder i's samples, for tests and benches; .p NULL behind the last. */
struct str decode_set_sample_line(const struct decode_set *s, size_t i, size_t k);
