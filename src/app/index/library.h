/* The one build of chDB that is loaded: Apache-2.0, from the npm registry, 566 MB unpacked. Neither linked nor shipped;
 * without it searches read the spool. A new version is a new pair of lines here, and tests/flow/index_test.py run with it. */
#pragma once
#include "base/err.h"

#define INDEX_LIBRARY_VERSION "26.7.3-stable.1"
#define INDEX_LIBRARY_SHA256 "36ad4e999882821ef13cf2d0f52c93f48e6ee1b4498b35a201c23ce4b8d15bf5"
#define INDEX_LIBRARY_URL \
    "https://registry.npmjs.org/@chdb/lib-linux-x64-gnu/-/lib-linux-x64-gnu-" INDEX_LIBRARY_VERSION ".tgz"
#define INDEX_LIBRARY_NAME "libchdb.so" /* in the archive below package/, here in DATA/index */

/* -ERR_CORRUPT: these are other bytes; -ENOENT. Reads the whole file: half a second. */
int index_library_check(const char *path, struct diag *reterr) MUST_USE;
