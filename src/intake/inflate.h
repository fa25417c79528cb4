/* gzip or zlib bytes that arrive in parts, into a buffer with a maximum: what is more than the buffer takes is refused
 * while it is unpacked, not afterwards. Several gzip members are one stream. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

struct inflate;
int inflate_new(struct inflate **ret) MUST_USE;
void inflate_free(struct inflate *i); /* NULL allowed */
/* -ERR_PARSE: damaged; -ERR_LIMIT: out is full. */
int inflate_add(struct inflate *i, struct str in, struct buf *out) MUST_USE;
/* Whether what came so far is whole. */
bool inflate_is_whole(const struct inflate *i);
