/* A ZIP archive's files, each written into a folder of our own under a number. What the archive says of itself is checked before a
 * byte is unpacked and counted while it is; names in it never become names here. */
#pragma once
#include "base/err.h"
#include "base/str.h"

struct table_packed {
    const char *path; /* where it lies now */
    struct str name;  /* as the archive calls it */
};
typedef int table_packed_fn(void *ctx, const struct table_packed *f, struct diag *reterr);
/* Calls fn for each file in the order of the archive; the file is gone when fn returns. */
int table_unpack(const char *path, const char *name, const char *folder, table_packed_fn *fn, void *ctx, struct diag *reterr) MUST_USE;
