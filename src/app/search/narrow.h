/* What the index is asked, and what it says to a search: which records are worth looking at in the segments it covers.
 *
 * Never too few: a condition the index has no column for is left out of an AND and makes an OR unknown. What is found
 * is decided by the matcher on the spool's bytes; what the index does not cover is read. */
#pragma once
#include "app/search/query.h"
#include "index/row.h"

struct narrow_place {
    uint64_t n, at; /* record, byte in its segment */
};
/* A segment the index covers from its first record on. */
struct narrow_part {
    uint32_t segment;
    uint64_t first, next;  /* [first, next) are covered */
    uint64_t at;           /* byte where `next` begins */
    size_t from, to;       /* candidates, and before them definitions of sources: places[from…to) */
    size_t candidates;     /* of these */
};
struct narrow {
    struct narrow_part *parts; /* by segment */
    size_t n_parts, parts_cap;
    struct narrow_place *places;
    size_t n_places, places_cap;
};
void narrow_init(struct narrow *n);
void narrow_done(struct narrow *n);
struct index_client;
struct decode_set;
/* By whom rows of this index are made: the spool, the decoders, the version. */
uint64_t narrow_made(const uint8_t spool_id[16], const struct decode_set *decoders);
/* Asked about these segments, in any order; they are put in order. 1: *n is filled; 0: the index cannot narrow this query, or holds too much that fits it. Negative: it failed, and the
 * search does without. */
int narrow_ask(struct index_client *c, uint64_t made, const struct search *s, uint32_t *segments, size_t n_segments, struct narrow *n,
               struct diag *reterr) MUST_USE;
/* NULL: the index does not cover this segment, whose first record this is. */
const struct narrow_part *narrow_find(const struct narrow *n, uint32_t segment, uint64_t first);

/* 1: *ret is what every row of an event that fits fulfils; 0: nothing is known of it. In the arena and the search. */
struct index_cond;
int narrow_condition(struct arena *a, const struct search *s, struct index_cond *ret) MUST_USE;
/* What one event becomes (the indexer); slices of the folded texts until the row is written. */
struct whole_folded;
void narrow_row(struct index_row *row, const struct whole_folded *e);
