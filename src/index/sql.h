/* The one place where SQL is written, and the list of what may stand in it.
 *
 * One table; a row an event, a mark a batch, a row a definition of a source (row.h). All rows say by whom they were
 * `made` (the spool, the decoders, this schema): an index of another spool or of other decoders is none. A batch is one
 * insert of one segment, so it and its mark appear together or not at all.
 *
 * Statements are of few words, and index_sql_permitted knows them all: whoever serves SQL asks it first, so that
 * whatever else reaches the socket (url(), file(), executable()…) is refused whatever it is called. */
#pragma once
#include "base/buf.h"
#include "base/ip.h"
#include "base/err.h"

enum index_cond_kind {
    INDEX_ALL,    /* of n */
    INDEX_ANY,    /* of n */
    INDEX_HOST,   /* text */
    INDEX_USER,   /* text */
    INDEX_NET,    /* net */
    INDEX_HASH,   /* digest */
    INDEX_TEXT,   /* text, all of it beyond ASCII */
    INDEX_TIME,   /* from_s to to_s, both included */
};
struct index_cond {
    enum index_cond_kind kind;
    size_t n;
    struct index_cond *sub; /* n of them */
    struct str text;
    struct ip_prefix net;
    uint32_t digest;
    int64_t from_s, to_s;
};

void index_sql_create(struct buf *out);
void index_sql_insert(struct buf *out);
void index_sql_empty(struct buf *out);
/* Rows of segments in the partition of this one are dropped whole. */
void index_sql_drop(struct buf *out, uint32_t segment); /* all of its partition */
void index_sql_delete(struct buf *out, uint32_t segment);
enum { INDEX_SEGMENTS_A_PARTITION = 64 };
/* Answers are rows of index_found_read: marks of each segment as one row, definitions of sources, candidates; at most
 * `most` rows, marks and sources first. cond NULL: marks alone. */
struct index_range {
    uint32_t first, last;
};
/* Of segments in these ranges; of all when there is none. */
void index_sql_find(struct buf *out, uint64_t made, const struct index_cond *cond, const struct index_range *ranges, size_t n_ranges, size_t most);
/* Whether the statement consists of the words of the statements above. */
bool index_sql_permitted(struct str statement);
