/* A vault's half of the seal: taking sealed segments of a spool that is kept elsewhere, one behind the other.
 *
 * What was taken stays: nothing is ever written over, and nothing is removed because whoever gave it says so. A segment
 * is taken only when its checkpoint is signed by the key that was agreed on, its file is the one that was signed for, and
 * the tree that is here, grown by its records, has the root that was signed. So each one proves that the spool elsewhere
 * still begins with what is here. */
#pragma once
#include "base/sign.h"
#include "spool/checkpoint.h"

struct spool_adopter;
/* key is borrowed. Codes as of spool_sealer_open; -ERR_CORRUPT: what is here is not what was taken. */
int spool_adopter_open(const char *dir, const struct sign_public *key, struct spool_adopter **ret,
                       struct diag *reterr) MUST_USE;
struct spool_adopter *spool_adopter_close(struct spool_adopter *a);
DEFINE_CLEANUP(struct spool_adopter *, spool_adopter_close)
/* size 0: nothing was taken yet. */
const struct spool_checkpoint *spool_adopter_newest(const struct spool_adopter *a);
/* An empty file beside the segments to write the next one's bytes into; the adopter closes it. Negative on failure. */
int spool_adopter_file(struct spool_adopter *a) MUST_USE;
/* Takes what was written there as the segment of this checkpoint. -ERR_REFUSED: signed by another key, or the spool is not
 * the one whose segments are here; -ERR_CORRUPT: the bytes are not those that were signed for. Nothing changed then. */
int spool_adopter_take(struct spool_adopter *a, struct str note, struct diag *reterr) MUST_USE;
/* The same of a segment that was removed lawfully before it was ever taken: its checkpoint and the signed note of its removal
 * (removal.h) stand for it, the tree grows by the note's nodes. Codes as above; -ERR_CORRUPT: the note does not fit. */
int spool_adopter_take_removed(struct spool_adopter *a, struct str note, struct str removal, struct diag *reterr) MUST_USE;
