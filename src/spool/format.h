/* The spool's bytes. This file is the one description; docs point here.
 *
 * A spool is a folder of segments 00000001.seg, 00000002.seg…, each a header and frames behind each
 * other. Integers are little-endian. Record numbers are dense from 1 over all segments. A frame
 * begins at a multiple of 8.
 *
 * Header, 64 bytes:
 *    0  8  "KZKSPOOL"
 *    8  4  version, 1
 *   12  4  segment index, as in the file's name
 *   16  8  number of the first record
 *   24  8  created, ns since 1970-01-01T00:00:00Z
 *   32 16  spool id, random, the same in all segments of a spool
 *   48 12  zero
 *   60  4  CRC32C of bytes 0…59
 *
 * Frame:
 *    0  4  n: bytes from 0 to the end of the raw bytes, without padding;
 * 32…32+255+SPOOL_RECORD_BYTES_MAX 4  4  CRC32C of spool id, segment index, bytes 0…3 and bytes 8
 * to the end of the padding. The id is known to nobody outside, so that bytes inside a hostile line
 * are never taken for a frame 8  8  record number; a mark has the number of the last record before
 * it 16  8  arrival, ns since 1970 24  4  source id 28  1  type: 1 line, 2 source definition, 3
 * clock tick, 4 state, 5 mark 29  1  m: bytes of transport metadata 30  2  flags (enum raw_flags)
 *   32  m  metadata: fields of tag (u8), length (u8), value, each tag at most once, others skipped:
 *          1 peer, text (of a W3C log its columns instead, event/columns.h) · 2 resume: key (u32), then what the transport wrote
 *   32+m   raw bytes
 *          zero padding to a multiple of 8
 *
 * A mark is no record: it says that every byte before it was on disk when it was written. It
 * follows each commit without a sync of its own. A place that cannot be read is a torn tail when no
 * mark stands behind it (what stood there was never acknowledged) and corruption when one does, or
 * when a later segment exists.
 *
 * A segment begins with a copy of every source definition and state in force (types 2 and 4,
 * numbered like all records) and appears under its name only when these are on disk. So the newest
 * segment alone says where every transport goes on, and a segment explains its own source ids.
 *
 * For sealing, the leaf of a record is its frame from byte 8 to n: number, arrival, source, type,
 * metadata and raw bytes. Marks are no leaves. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "event/record.h"

enum {
    SPOOL_VERSION = 1,
    SPOOL_HEADER_BYTES = 64,
    SPOOL_ID_BYTES = 16,
    SPOOL_FRAME_HEAD_BYTES = 32,
    SPOOL_META_BYTES_MAX = 255,
    SPOOL_FRAME_BYTES_MAX =
        (SPOOL_FRAME_HEAD_BYTES + SPOOL_META_BYTES_MAX + SPOOL_RECORD_BYTES_MAX + 7) & ~7,
};

enum spool_type {
    SPOOL_LINE = 1,
    SPOOL_SOURCE,
    SPOOL_TICK,
    SPOOL_STATE,
    SPOOL_MARK,
    SPOOL_TYPE_MAX_,
};

struct spool_header {
    uint32_t segment;
    uint64_t first;
    int64_t created_ns;
    uint8_t id[SPOOL_ID_BYTES];
};
struct spool_frame {
    enum spool_type type;
    size_t size;           /* with padding */
    struct str leaf;       /* what is sealed of it */
    struct raw_record rec; /* slices of what was decoded; pos.n is the number */
};

void spool_header_encode(const struct spool_header *h, char dst[SPOOL_HEADER_BYTES]);
/* -ERR_CORRUPT, or -ERR_UNSUPPORTED for a later version. */
int spool_header_decode(const char *p, size_t n, struct spool_header *ret) MUST_USE;

/* What every frame's CRC of this segment begins with. */
uint32_t spool_frame_seed(const struct spool_header *h);
/* Adds one frame; out must have room below its maximum for SPOOL_FRAME_BYTES_MAX more. -ERR_LIMIT
 * when bytes or metadata are too long, -ENOMEM; then nothing was added. */
int spool_frame_encode(struct buf *out, uint32_t seed, enum spool_type type,
                       const struct raw_record *rec) MUST_USE;
/* 1: a whole valid frame; 0: it may be one but goes on behind p + n; -ERR_CORRUPT. */
int spool_frame_decode(const char *p, size_t n, uint32_t seed, struct spool_frame *ret) MUST_USE;
/* Cheap look for resynchronising: could a frame numbered between first and last begin here? */
bool spool_frame_plausible(const char *p, size_t n, uint64_t first, uint64_t last);
enum spool_type spool_type_of(const struct raw_record *rec);

/* "00000001.seg", and "00000001.seg.zst" once it is sealed (spool/file.h) */
enum { SPOOL_NAME_CAP = 24 };
const char *spool_segment_name(uint32_t segment, char dst[SPOOL_NAME_CAP]);
const char *spool_sealed_name(uint32_t segment, char dst[SPOOL_NAME_CAP]);
/* Either of the two. */
bool spool_segment_parse(const char *name, uint32_t *ret_segment);
/* "00000012.checkpoint" */
const char *spool_checkpoint_name(uint32_t segment, char dst[SPOOL_NAME_CAP]);
bool spool_checkpoint_parse(const char *name, uint32_t *ret_segment);
