/* Writes a zip archive (PKWARE APPNOTE 6.3) as a stream, or into memory: members stored as they are, names in UTF-8, no member twice, below
 * 4 GiB in all (-ERR_LIMIT). The same members give the same bytes. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

struct zip_out {
    int fd;
    struct buf *to; /* NULL: fd */
    uint64_t at;
    uint32_t n, when; /* DOS time and date of every member */
    struct buf central;
};
void zip_begin(struct zip_out *z, int fd, int64_t when_ns);
void zip_begin_buf(struct zip_out *z, struct buf *to, int64_t when_ns);
int zip_add(struct zip_out *z, const char *name, struct str bytes) MUST_USE;
/* The directory at the end; also frees, as zip_drop does. */
int zip_end(struct zip_out *z) MUST_USE;
void zip_drop(struct zip_out *z);
