/* gzip and zstd as a stream of plain bytes. Private to the reader. Memory is bounded by the window
 * (READER_ZSTD_WINDOW_LOG_MAX), never by what the file claims to unpack to. */
#pragma once
#include "base/err.h"
#include "base/str.h"

#include <sys/types.h>

enum intake_packing { INTAKE_PLAIN, INTAKE_GZIP, INTAKE_ZSTD };
struct intake_unpack;

/* Told by the first bytes; fewer than four are plain. */
enum intake_packing intake_packing_of(struct str head);
/* fd is borrowed; head is what was read from it already (copied). */
int intake_unpack_new(int fd, enum intake_packing packing, struct str head,
                      struct intake_unpack **ret) MUST_USE;
struct intake_unpack *intake_unpack_free(struct intake_unpack *u);
/* Up to n bytes; 0 at the end; negative when the stream is damaged or cut. Bytes before the damage
 * are returned first. */
ssize_t intake_unpack_read(struct intake_unpack *u, char *dst, size_t n,
                           struct diag *reterr) MUST_USE;
/* Packed bytes consumed so far. */
uint64_t intake_unpack_consumed(const struct intake_unpack *u);
