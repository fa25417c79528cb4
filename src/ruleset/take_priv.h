/* Inside src/ruleset only: a list of names with where their bytes are. */
#pragma once
#include "base/arena.h"
#include "ruleset/take.h"

struct take_entry {
    struct str path; /* as it stands there */
    uint64_t at;     /* index in the archive */
    uint64_t size;
};
struct take_list {
    struct arena arena;
    struct take_entry *at;
    size_t n, cap;
    const char *from;
    /* the bytes of one entry, into the arena; at most max */
    int (*read)(void *ctx, const struct take_entry *e, struct arena *a, struct str *ret,
                struct diag *reterr);
    void *ctx;
};
int take_add(struct take_list *l, struct str path, uint64_t at, uint64_t size, struct diag *reterr) MUST_USE;
/* Sorts, judges, reads and hands over. */
int take_run(struct take_list *l, ruleset_file_fn *fn, void *ctx, struct diag *reterr) MUST_USE;
int take_zip_file(const char *from, ruleset_file_fn *fn, void *ctx, struct diag *reterr) MUST_USE;
