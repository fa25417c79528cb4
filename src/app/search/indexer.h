/* Fills the index from the spool, newest first: what arrives, and, while nothing does, what arrived before.
 *
 * It keeps nothing of its own: how far each segment is in the index is read from the index, so an index that was
 * emptied (`kizuki index rebuild`), damaged or replaced is filled again, and a batch that was on its way when a program
 * ended is there whole with its mark or not at all. */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct indexer;
struct decode_set;
/* Borrows all it is given but the names. What it reads from a segment's beginning to its end leaves a filter (filter.h) in
 * filter_dir, too, made of the same folded texts. */
int indexer_new(const char *spool_dir, const char *filter_dir, const char *where, struct decode_set *decoders, struct indexer **ret, struct diag *reterr) MUST_USE;
struct indexer *indexer_free(struct indexer *x);
/* The segment whose filter it is making while that grows, or 0. */
uint32_t indexer_making(const struct indexer *x);
/* Nothing is to be done for a while: what was only kept for the next step is freed, and what is free goes back to the system.
 * NULL: only the latter. */
void indexer_rest(struct indexer *x);
/* 1: rows were added, there may be more; 0: nothing to do now. Negative: to be tried again in a while. */
int indexer_step(struct indexer *x, const volatile bool *stop, struct diag *reterr) MUST_USE;
