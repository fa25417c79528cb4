/* Where the bytes of attached files lie: DATA/attached, a file each, named by its SHA-256. The room writes them, the searcher reads them for
 * the evidence that leaves. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define ATTACHED_FOLDER "/attached"
/* The bytes behind a sum of 64 hexadecimal digits. -ENOENT: there are none; -ERR_CORRUPT: they are no longer what they were. */
int attached_bytes(const char *folder, struct str digest, struct arena *a, struct str *ret, struct diag *reterr) MUST_USE;
