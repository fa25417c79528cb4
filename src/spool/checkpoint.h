/* Checkpoints: what a spool held, signed (c2sp.org/tlog-checkpoint).
 *
 *   kizuki/spool/0123…   origin: the spool's id
 *   1048576              records 1…n are covered
 *   base64               root of the Merkle tree over them (spool/format.h says what a leaf is)
 *   segment 12           the segment whose closing it seals
 *   sealed 2026-11-21T13:00:00.000Z
 *   packed 0123…         SHA-256 of 00000012.seg.zst, as sha256sum prints it
 *
 * as a signed note (base/sign.h). One file a sealed segment beside the segments: 00000012.checkpoint. Each is a promise
 * that the tree of the next ones grew out of this one; a copy kept elsewhere is what a later cut or change is proved
 * with. Lines a later version adds are skipped. */
#pragma once
#include "base/sign.h"
#include "spool/format.h"
#include "spool/merkle.h"

struct spool_checkpoint {
    uint8_t id[SPOOL_ID_BYTES];
    uint64_t size;
    struct merkle_hash root;
    uint32_t segment;
    int64_t sealed_ns;
    bool has_packed;
    uint8_t packed[SHA256_BYTES];
};
enum { CHECKPOINT_BYTES_MAX = 4096 };

int spool_checkpoint_write(const struct spool_checkpoint *c, const struct sign_secret *key,
                           const struct sign_public *pub, struct buf *out) MUST_USE;
/* -ERR_PARSE: no checkpoint; -ERR_REFUSED: not signed by this key, or not about a spool. */
int spool_checkpoint_read(struct str note, const struct sign_public *key,
                          struct spool_checkpoint *ret, struct diag *reterr) MUST_USE;
