/* Sealing closed segments: their records become leaves of the spool's Merkle tree (spool/tree.h), the root is signed
 * (spool/checkpoint.h), the segment is compressed (spool/file.h) and only then its plain form removed.
 *
 * One sealer a spool; it may run in another process than the writer and beside any number of readers. Killed at any
 * moment it goes on where it was: a checkpoint is written once everything it speaks of is on disk (the compressed form
 * under a temporary name, read back and found equal), then that form gets its name, then the plain one is removed. It never touches the newest segment. */
#pragma once
#include "base/sign.h"
#include "event/port.h"
#include "spool/checkpoint.h"

struct spool_seal_options {
    const struct sign_secret *key;
    const struct sign_public *pub;
    struct port_clock clock; /* for the time in checkpoints; .now_ns NULL = the wall clock */
    int level;               /* zstd's, 0 = SPOOL_SEAL_LEVEL */
};
enum { SPOOL_SEAL_LEVEL = 3 };

struct spool_sealed {
    struct spool_checkpoint checkpoint;
    uint64_t bytes, packed_bytes; /* of the segment */
    uint64_t lost;                /* records that could not be read and are sealed as lost */
};

struct spool_sealer;
/* -ENOENT: no spool there. -ERR_CORRUPT: what is there does not fit the newest checkpoint, and nothing more is sealed
 * until a person has looked (`kizuki verify` says where). -EBUSY: another sealer is at work. */
int spool_sealer_open(const char *dir, const struct spool_seal_options *o,
                      struct spool_sealer **ret, struct diag *reterr) MUST_USE;
struct spool_sealer *spool_sealer_close(struct spool_sealer *s);
DEFINE_CLEANUP(struct spool_sealer *, spool_sealer_close)
/* Seals the next closed segment. 1: done, *ret says what; 0: none is closed and unsealed. After a failure the sealer
 * is of no more use: close it, and open another when there is reason to hope (disk full, memory). */
int spool_sealer_step(struct spool_sealer *s, struct spool_sealed *ret, struct diag *reterr) MUST_USE;
/* The newest checkpoint; size 0 when there is none yet. */
const struct spool_checkpoint *spool_sealer_newest(const struct spool_sealer *s);
