/* The spool: every record that arrived, in order, on disk before anybody is told so. DESIGN: the
 * truth.
 *
 * One writer (a lock file holds others off), any number of readers in any process (spool/reader.h).
 * Not thread-safe: one spool, one thread. Layout: spool/format.h.
 *
 * put copies; commit writes everything put since the last commit and returns 0 only when it is on
 * disk (group commit: one write, one fdatasync). When it fails (disk full, I/O error), everything
 * stays pending and the next commit tries again with the same numbers; nothing is lost as long as
 * the process lives, and puts are refused with -EAGAIN once SPOOL_PENDING_BYTES_MAX are waiting,
 * which is the signal to stop reading from transports. After kill -9 the spool holds every
 * acknowledged record and perhaps some that were written and not yet acknowledged, never half of
 * one.
 *
 * Source definitions (RAW_SOURCE) and places to go on (raw_record.resume, RAW_STATE) are kept in
 * memory too and come back after a restart. */
#pragma once
#include "event/port.h"

struct spool_options {
    uint64_t segment_bytes;  /* 0 = SPOOL_SEGMENT_BYTES */
    int64_t segment_age_ns;  /* a segment older than this is closed by the next commit, so that it can be sealed; 0 = never.
                                Not for replays: where segments end is part of record numbers */
    struct port_clock clock; /* for the times in headers and marks; .now_ns NULL = the wall clock */
};

/* A stretch that was written and cannot be read. */
struct spool_gap {
    uint32_t segment;
    uint64_t from_at, to_at;         /* bytes in the segment */
    uint64_t from_number, to_number; /* records [from, to) are missing */
};
enum { SPOOL_GAPS_MAX = 16 };
/* What opening found in the newest segment. Older ones are checked when they are read. */
struct spool_found {
    uint64_t records; /* in the whole spool */
    uint32_t segments;
    uint64_t cut_bytes; /* torn tail that was cut: never acknowledged */
    uint64_t cut_at;    /* in the newest segment */
    unsigned gaps_n;    /* may exceed SPOOL_GAPS_MAX; only so many are listed */
    struct spool_gap gaps[SPOOL_GAPS_MAX];
};
struct spool_stats {
    uint64_t records, bytes, commits, commit_failures, roll_failures;
};

struct spool;

/* Makes the folder when it is not there. -EBUSY: another process writes this spool. */
int spool_open(const char *dir, const struct spool_options *o, struct spool **ret,
               struct diag *reterr) MUST_USE;
/* Drops what is pending: commit first. */
struct spool *spool_close(struct spool *s);
DEFINE_CLEANUP(struct spool *, spool_close)

/* rec->pos is ignored: the record gets number spool_next(). -EAGAIN: commit first. -ERR_LIMIT: too
 * long. */
int spool_put(struct spool *s, const struct raw_record *rec, struct diag *reterr) MUST_USE;
int spool_commit(struct spool *s, struct diag *reterr) MUST_USE;

uint64_t spool_next(const struct spool *s);         /* the number the next put gets */
uint64_t spool_durable_next(const struct spool *s); /* every record before it is on disk */
size_t spool_pending_bytes(const struct spool *s);
const struct spool_found *spool_found(const struct spool *s);
const struct spool_stats *spool_stats(const struct spool *s);

/* Sources by id, then states by (source, key), as records with flag RAW_SOURCE or RAW_STATE; valid
 * during the call. Stops at and returns the first non-zero value of fn. */
typedef int spool_each_fn(void *ctx, const struct raw_record *rec);
int spool_each(struct spool *s, spool_each_fn *fn, void *ctx) MUST_USE;
