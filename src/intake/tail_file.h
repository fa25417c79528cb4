/* One followed file: who it is and how far it was read. Private to tail.c.
 *
 * Names mean little: files are renamed, copied and truncated. A file is known by device and inode,
 * by a fingerprint of its first TAIL_HEAD_BYTES (growing until that many are there), and by
 * checksums of what was read last: CRC32C from the start of the present TAIL_BLOCK_BYTES to the
 * offset, and of the whole block before it. Checking another file against that costs at most two
 * blocks of reading, however long it is, and is what tells a copy (copytruncate, a restored backup)
 * from a new file that begins alike.
 *
 * Two states of the spool a file, keyed by its number `no`:
 *   2*no     identity: device u64, inode u64, head_n u16, head 8 bytes, copy u8, born u64
 *   2*no+1   mark: offset u64, crc u32, crc_before u32, in_long u8; written with every line
 * Integers little-endian. */
#pragma once
#include "base/list.h"
#include "event/columns.h"
#include "event/record.h"

#include <sys/stat.h>

enum {
    TAIL_HEAD_BYTES = 256,
    TAIL_BLOCK_BYTES = 1024 * 1024,
    TAIL_IDENTITY_BYTES = 35,
    TAIL_MARK_BYTES = 17,
};

/* A restarted sensor looks so far back for the line that names a file's columns. IIS writes one a day and one a start. */
#define TAIL_COLUMNS_BACK ((uint64_t) 64 << 20)
enum { LINE_FIELDS_BYTES = 4096 }; /* such a line is shorter */

struct tail_mark {
    uint64_t offset; /* everything before it is in the spool */
    uint32_t crc, crc_before;
    bool in_long; /* the line at offset began before it */
};
struct tail_identity {
    uint64_t dev, ino;
    uint16_t head_n;
    uint8_t head[8]; /* SHA-256 of the first head_n bytes, cut */
    bool copy;       /* holds nothing that was not read elsewhere, up to mark.offset */
    int64_t born_ns; /* when the inode was made: numbers are used again. 0: the file system does not say */
};

enum tail_state {
    TAIL_ACTIVE,  /* open */
    TAIL_ASLEEP,  /* closed after long quiet; its name still leads to it */
    TAIL_PAST,    /* gone, or truncated: remembered to know it again */
    TAIL_IGNORED, /* packed, or a copy; looked at again when it changes */
};

struct tail_file {
    struct list link; /* ascending no: older content is read first */
    enum tail_state state;
    uint32_t no; /* 0: ignored for good, not kept in the spool */
    int fd;
    char *path;
    struct tail_identity id;
    struct tail_mark at;
    uint64_t size;           /* when it was last looked at */
    uint64_t backfill_until; /* bytes before it existed when we first looked */
    int64_t changed_ns;      /* the file's own time of change */
    int64_t grown_ns;
    int64_t cut_ns;  /* PAST: its content was cut away then and has not been found elsewhere; 0: not so */
    int64_t cut_after_ns; /* and not before */
    unsigned looked; /* ignored: value of tail.retired then */
    struct columns columns; /* of the lines behind at.offset … */
    bool columns_known;     /* … once that was looked up */
    bool unsure;     /* PAST, but the present scan may yet find it */
    bool named;      /* the present scan found it under a name */
};

void tail_identity_encode(const struct tail_identity *id, char dst[TAIL_IDENTITY_BYTES]);
bool tail_identity_decode(struct str s, struct tail_identity *ret);
void tail_mark_encode(const struct tail_mark *m, char dst[TAIL_MARK_BYTES]);
bool tail_mark_decode(struct str s, struct tail_mark *ret);

/* The mark behind n more bytes. */
void tail_mark_advance(struct tail_mark *m, const char *p, size_t n);
/* The mark at `offset` of an open file, by reading at most two blocks. */
int tail_mark_at(int fd, uint64_t offset, struct tail_mark *ret) MUST_USE;
void tail_head_of(struct str bytes, uint8_t ret[8]);
/* What the last `#Fields:` line before `offset` says; looked for as far back as TAIL_COLUMNS_BACK, then in the file's first lines.
 * buffer: of `cap` bytes, more than one such line. A file that does not begin with '#' has none. */
int tail_columns_before(int fd, uint64_t offset, char *buffer, size_t cap, struct columns *ret) MUST_USE;
/* Fingerprint of the first n <= TAIL_HEAD_BYTES bytes; -ENODATA when the file is shorter. */
int tail_head(int fd, size_t n, uint8_t ret[8]) MUST_USE;
/* Does fd begin with what was read of f? 1 yes, 0 no, negative: cannot read. */
int tail_content_is(int fd, uint64_t size, const struct tail_file *f) MUST_USE;
/* Are the first n bytes of both the same? Compares the ends of a long stretch only. */
int tail_same_start(int fd_a, int fd_b, uint64_t n) MUST_USE;
