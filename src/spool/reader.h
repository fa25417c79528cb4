/* Reading the spool: from any number on, following the writer, in the writer's process or in
 * another.
 *
 * Only records that are on disk are handed out (those before a mark), so that nobody acts on a
 * record that a crash could take back. Read-only: no locks, nothing written, safe while the writer
 * writes. One reader, one thread; batches may be handed to others. */
#pragma once
#include "spool/format.h"
#include "spool/spool.h"

struct spool_batch {
    struct raw_record
        *records; /* pos = {0, number}; all kinds: RAW_TICK, RAW_SOURCE, RAW_STATE too */
    uint64_t *offsets; /* of each in its segment: what spool_reader_take asks for */
    size_t n;
    /* private */
    size_t records_cap, offsets_cap, buffer_cap;
    char *buffer;
};
void spool_batch_init(struct spool_batch *b);
void spool_batch_done(struct spool_batch *b);

struct spool_reader;

/* Stands at the first record that is kept. */
int spool_reader_open(const char *dir, struct spool_reader **ret, struct diag *reterr) MUST_USE;
struct spool_reader *spool_reader_free(struct spool_reader *r);
DEFINE_CLEANUP(struct spool_reader *, spool_reader_free)

/* The next batch begins with this number; one that does not exist yet is waited for. -ENOENT: no
 * longer kept; the reader has not moved. */
int spool_reader_seek(struct spool_reader *r, uint64_t number, struct diag *reterr) MUST_USE;
/* The next batch begins before everything that arrived at t_ns or later: with a whole segment. */
int spool_reader_seek_time(struct spool_reader *r, int64_t t_ns, struct diag *reterr) MUST_USE;
/* The segments that are kept, ascending; *ret is freed with mem_free. */
int spool_reader_segments(struct spool_reader *r, uint32_t **ret, size_t *ret_n, struct diag *reterr) MUST_USE;
struct spool_part {
    uint32_t segment;
    uint64_t first; /* record */
    int64_t created_ns;
    uint64_t bytes; /* as it was written */
    bool closed;    /* it does not change any more */
};
/* Stands at the beginning of this segment. Batches never reach over the end of one: after each call spool_reader_in
 * says which segment it came from. */
int spool_reader_enter(struct spool_reader *r, uint32_t segment, struct spool_part *ret, struct diag *reterr) MUST_USE;
uint32_t spool_reader_in(const struct spool_reader *r);
/* Bytes of this segment that were handed out. */
uint64_t spool_reader_offset(const struct spool_reader *r);
/* The one record that stands at this offset of the segment entered, into b; what spool_reader_next hands out next does
 * not change. *ret_behind is where the next frame begins. -ERR_CORRUPT: something else stands there. */
int spool_reader_take(struct spool_reader *r, uint64_t offset, uint64_t number, struct spool_batch *b,
                      uint64_t *ret_behind, struct diag *reterr) MUST_USE;
/* The next batch begins at this offset of the segment entered, where record `number` begins: both as they were handed
 * out before. */
void spool_reader_go_on(struct spool_reader *r, uint64_t offset, uint64_t number);
/* Of the segment entered no batch reaches over this byte, until another is named or another segment is entered. What does reach
 * over it ends at `behind` at the latest: then spool_reader_next answers 1 with no records; whatever does not is no such
 * record, and is read as if there were no stop. For who reads only a part and would have more decompressed than that. */
void spool_reader_stop_at(struct spool_reader *r, uint64_t offset, uint64_t behind);
/* What tells this spool from every other; SPOOL_ID_BYTES. */
const uint8_t *spool_reader_id(const struct spool_reader *r);
/* 1: b holds records, valid until the next call with the same b, 64 readable bytes behind each. 0:
 * nothing more is on disk yet. -ERR_CORRUPT: what comes next cannot be read; *ret_gap (may be NULL)
 * says what is missing, and the next call goes on behind it. */
int spool_reader_next(struct spool_reader *r, struct spool_batch *b, struct spool_gap *ret_gap,
                      struct diag *reterr) MUST_USE;
/* The number the next batch begins with. */
uint64_t spool_reader_at(const struct spool_reader *r);
/* One record, copied into the arena. Moves the reader. -ENOENT when it is not there (any more, or
 * yet). */
int spool_reader_get(struct spool_reader *r, uint64_t number, struct arena *a,
                     struct raw_record *ret, struct diag *reterr) MUST_USE;
