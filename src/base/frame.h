/* Messages between our own programs over a stream socket: u32 little-endian length, then that many bytes
 * of JSON. A length of 0 or above FRAME_BYTES_MAX ends the connection (the peer is counted as hostile, we
 * never abort: CVE-2025-62875). Blocking helpers for small programs; the splitter for event loops. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

void frame_add(struct buf *out, struct str message);
/* Cuts the first whole frame off `in` starting at *at: 1 = *ret_message (slice of in) and *at moved on,
 * 0 = more bytes needed, -ERR_LIMIT = bad length. */
int frame_next(struct str in, size_t *at, struct str *ret_message);
int frame_write(int fd, struct str message) MUST_USE;                /* whole, EINTR handled */
/* 1 = message in *into (cleared first), 0 = peer closed cleanly between frames, negative = error. */
int frame_read(int fd, struct buf *into) MUST_USE;
