/* Stored logs as batches of raw_record: files, standard input ("-"), gzip and zstd, Windows event logs
 * (EVTX: each record becomes one line of JSON, see evtx.h).
 *
 * Compression is told by the first bytes, never by the name; several gzip members or zstd frames in
 * one file are one stream. So are Windows event logs and JSON that is not a value a line (evtx.h,
 * jsondoc.h), which come as JSON lines. Lines end with LF; one CR before it is dropped; nothing else is changed
 * (NUL bytes and any encoding stay). A last line without LF is a line. A line longer than
 * LINE_BYTES_MAX comes in pieces of exactly LINE_BYTES_MAX bytes flagged RAW_PIECE, the last one
 * RAW_PIECE_LAST, all with the same line number. Records are the same for every batch size. Empty
 * lines are records too.
 *
 * When the file is damaged (a cut .gz), every line before the damage is handed out first, the cut
 * line with RAW_TRUNCATED; the call after that returns the error.
 *
 * One reader, one thread; batches may be handed to other threads. */
#pragma once
#include "base/err.h"
#include "event/columns.h"
#include "event/columns.h"
#include "event/record.h"

/* Readable bytes behind every record's buffer: vector code may load past the end of a line. */
#define INTAKE_SLACK_BYTES 64

/* Owned by the caller and used again and again, so that a warm batch allocates nothing. The records
 * and their bytes are valid until the next intake_reader_next on the same batch. */
struct intake_batch {
    struct raw_record *records;
    size_t n;
    /* private */
    size_t records_cap, buffer_cap;
    char *buffer;
    struct columns columns; /* of its lines: a batch ends where they change */
};
void intake_batch_init(struct intake_batch *b);
void intake_batch_done(struct intake_batch *b);

struct intake_reader_options {
    size_t batch_bytes; /* how much is read for one batch; 0 = BATCH_BYTES */
    uint32_t stream;    /* of every record's position */
    uint32_t source;
    uint32_t flags;     /* set in every record: RAW_BACKFILL for a hunt */
    int64_t arrival_ns; /* 0: when the file was last changed; now for a pipe */
};
struct intake_progress {
    uint64_t bytes;   /* consumed of the file as it is stored (compressed) */
    uint64_t total;   /* of the file; 0 = not known (a pipe) */
    uint64_t content; /* bytes after decompression, line ends included */
    uint64_t lines;
};
struct intake_reader;

/* A folder is refused with -EISDIR: intake_expand_paths turns folders into files. */
int intake_reader_open(const char *path, const struct intake_reader_options *o,
                       struct intake_reader **ret, struct diag *reterr) MUST_USE;
/* Takes fd, also on failure; name is for messages. */
int intake_reader_open_fd(int fd, const char *name, const struct intake_reader_options *o,
                          struct intake_reader **ret, struct diag *reterr) MUST_USE;
struct intake_reader *intake_reader_free(struct intake_reader *r);
DEFINE_CLEANUP(struct intake_reader *, intake_reader_free)
/* 1: b holds at least one record; 0: the end; negative: an error. */
int intake_reader_next(struct intake_reader *r, struct intake_batch *b,
                       struct diag *reterr) MUST_USE;
void intake_reader_progress(const struct intake_reader *r, struct intake_progress *ret);

/* The files behind what a user typed: a file stays, a folder becomes the regular files below it
 * (links to files followed, links to folders not), a name that does not exist but has * ? [ is a
 * glob, "-" stays. Each argument's files come sorted by bytes, arguments in their order, each file
 * once. The array and names live in the arena. A glob that matches nothing and a missing file are
 * errors; an empty folder is not. */
int intake_expand_paths(struct arena *a, const char *const *paths, size_t n,
                        const char ***ret_paths, size_t *ret_n, struct diag *reterr) MUST_USE;
