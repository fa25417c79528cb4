/* Removing sealed segments whose time is over, so that it stays provable what was removed and that nothing else was.
 *
 * A segment goes whole. What stays is its checkpoint and a signed note beside it, 00000003.removed:
 *
 *   kizuki/removed/0123…   the spool's id
 *   segment 3
 *   records 1001 2000
 *   removed 2026-11-21T13:00:00.000Z
 *   why …                  one line: the setting that let it go
 *   node 8 base64          nodes of the Merkle tree that cover exactly these records, left to right, as large as can be:
 *   …                      with them the tree is grown over the gap, and the next checkpoint's root must still fit
 *
 * It is signed by the key of the seals, or, of a segment that went from a copy a vault keeps, by that vault's own.
 *
 * The note is on disk before the segment goes. Without one a missing segment is what it was: a fault. */
#pragma once
#include "base/sign.h"
#include "spool/checkpoint.h"

enum {
    REMOVAL_BYTES_MAX = 16384,
    REMOVAL_WHY_MAX = 500,
    REMOVAL_NODES_MAX = 2 * MERKLE_LEVELS_MAX,
};
struct spool_removal {
    uint8_t id[SPOOL_ID_BYTES];
    uint32_t segment, n;
    uint64_t from, to; /* records, both removed */
    int64_t removed_ns;
    char why[REMOVAL_WHY_MAX + 1];
    struct {
        uint8_t level;
        struct merkle_hash hash;
    } nodes[REMOVAL_NODES_MAX];
};
/* -ERR_PARSE: none; -ERR_REFUSED: not signed by this key. The nodes then cover the records exactly. */
int spool_removal_read(struct str note, const struct sign_public *key, struct spool_removal *ret, struct diag *reterr) MUST_USE;
int spool_removal_write(const struct spool_removal *x, const struct sign_secret *key, const struct sign_public *pub,
                        struct buf *out) MUST_USE;
const char *spool_removal_name(uint32_t segment, char dst[SPOOL_NAME_CAP]);
/* The bytes of a note that was handed over, as that of `segment`; they were read before. */
int spool_removal_save(const char *dir, uint32_t segment, struct str note, struct diag *reterr) MUST_USE;
/* That of a segment of this spool; -ENOENT. */
int spool_removal_load(const char *dir, uint32_t segment, const struct sign_public *key, struct spool_removal *ret,
                       struct diag *reterr) MUST_USE;

/* The same by either: whoever sealed the spool, or the vault whose copy it is (NULL: none). *ret_by: which; may be NULL. */
int spool_removal_load_by(const char *dir, uint32_t segment, const struct sign_public *seals, const struct sign_public *vault,
                          struct spool_removal *ret, const struct sign_public **ret_by, struct diag *reterr) MUST_USE;

/* What has to be known of a sealed segment to decide about it. */
struct spool_age {
    uint32_t segment;
    uint64_t from, to;
    int64_t newest_ns;       /* arrival of its newest line */
    uint32_t n_sources;      /* that have lines in it */
    struct str *sources;     /* names, in the arena; the empty name: not known */
};
struct arena;
int spool_age_of(const char *dir, uint32_t segment, struct arena *a, struct spool_age *ret, struct diag *reterr) MUST_USE;
/* Sealed segments that ended before `before_ns` and may be removed at all, oldest first: not the newest ones, which the tree
 * goes on from. Times are those of creation. *ret is freed with mem_free. */
struct spool_candidate {
    uint32_t segment;
    uint64_t from, to;
    int64_t created_ns, ends_ns; /* the next one's creation */
};
int spool_candidates(const char *dir, const struct sign_public *key, int64_t before_ns, struct spool_candidate **ret, size_t *ret_n,
                     struct diag *reterr) MUST_USE;
/* The segment that is written now, or was last; 0: there is none. */
int spool_newest_segment(const char *dir, uint32_t *ret, struct diag *reterr) MUST_USE;
/* Writes the note, then removes the segment. Also goes on where a kill cut it short. seals: of the checkpoints; key, pub: who
 * removes, the same but in a vault's copy. */
int spool_segment_remove(const char *dir, const struct spool_candidate *c, const char *why, int64_t now_ns, const struct sign_public *seals,
                         const struct sign_secret *key, const struct sign_public *pub, struct diag *reterr) MUST_USE;
