/* A source as bytes: what a RAW_SOURCE record holds, so that a spool explains its own source ids.
 *
 * Layout: fields of tag (u8), length (u16 little-endian), value, in any order, each at most once.
 * Unknown tags are skipped, so that an older program reads what a newer one wrote. Integers are
 * little-endian. 1 id u32 · 2 name · 3 kind · 4 path · 5 decoder · 6 service · 7 host · 8 encoding
 * i32 · 9 offset_min i32 · 10 skew_max_ns i64 · 11 usual encoding i32 */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "event/record.h"

/* The kinds of sources whose records Kizuki writes itself: what it noticed, and the samples that go through its rules. Nothing
 * that arrives may have one of them, whatever it says of itself. */
bool source_is_ours(const struct source *s);
/* Texts longer than SOURCE_TEXT_BYTES_MAX are refused with -ERR_LIMIT. */
int source_encode(const struct source *s, struct buf *out) MUST_USE;
/* The texts are slices of `bytes`. -ERR_PARSE when they are not as above. */
int source_decode(struct str bytes, struct source *ret) MUST_USE;
