/* A segment's bytes, wherever they stand: as they were written (00000001.seg) or compressed after sealing
 * (00000001.seg.zst). Private to the spool.
 *
 * The compressed form follows the seekable format of zstd (contrib/seekable_format): zstd frames of SPOOL_PIECE_BYTES (or of
 * another power of two up to SPOOL_PIECE_BYTES_MAX, as its table says)
 * with a content checksum each, then a skippable frame with the seek table. `zstd -d` gives the segment back. A piece
 * that cannot be decompressed reads as zeros: the records in it are then told as a gap, by the same walk that tells
 * every other damage, and the rest of the segment stays readable. */
#pragma once
#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"

struct spool_pieces;
struct spool_file {
    int fd;
    struct spool_pieces *pieces; /* NULL: plain */
};
/* A record is read at the price of its piece: of a quarter of 1 MiB a spool is a twentieth larger. */
enum { SPOOL_PIECE_BYTES = 1 << 18, SPOOL_PIECE_BYTES_MAX = 1 << 20, SPOOL_PIECE_BYTES_MIN = 1 << 16 };

/* A plain file that somebody else closes. */
struct spool_file spool_file_plain(int fd);
/* The plain one when both are there: it is removed last. -ENOENT, -ERR_CORRUPT (seek table), -ENOMEM. */
int spool_file_open(int dir_fd, uint32_t segment, struct spool_file *ret) MUST_USE;
/* A compressed file, whatever its name. Takes fd, also when it fails. */
int spool_file_sealed(int fd, struct spool_file *ret) MUST_USE;
void spool_file_close(struct spool_file *f);
/* As pread: bytes read, 0 at the end. */
ssize_t spool_file_read(struct spool_file *f, void *dst, size_t n, uint64_t at) MUST_USE;
/* SHA-256 of the file itself, in whichever form. */
int spool_file_sha256(const struct spool_file *f, uint8_t ret[SHA256_BYTES]) MUST_USE;
/* Of the segment, not of its compressed form; negative on failure. */
int64_t spool_file_size(const struct spool_file *f);
/* Pieces that could not be decompressed so far. */
uint32_t spool_file_damaged(const struct spool_file *f);

/* Writes the compressed form of all bytes of `from` to fd, from its beginning, in pieces of so many bytes. Not synced. */
int spool_file_compress(struct spool_file *from, int fd, int level, size_t piece) MUST_USE;
