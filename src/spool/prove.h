/* Proofs out of a sealed spool: that a record is in a tree that was signed for (inclusion), that one tree grew out of
 * another (consistency). Read-only, beside a running writer and sealer.
 *
 * Nodes of level TREE_BASE_LEVEL and above come from the file "tree", lower ones are hashed again from the records of the
 * segments concerned; the leaves of two segments are kept. What is proved from damaged segments does not check: whoever
 * hands a proof out checks it first (merkle_check_…). */
#pragma once
#include "spool/checkpoint.h"

struct spool_prover;
/* -ENOENT: nothing was sealed there. */
int spool_prover_open(const char *dir, struct spool_prover **ret, struct diag *reterr) MUST_USE;
struct spool_prover *spool_prover_close(struct spool_prover *p);
DEFINE_CLEANUP(struct spool_prover *, spool_prover_close)
/* Of record `record` (from 1) in the tree of the first `size` records. */
int spool_prove_inclusion(struct spool_prover *p, uint64_t record, uint64_t size, struct merkle_proof *ret,
                          struct diag *reterr) MUST_USE;
int spool_prove_consistency(struct spool_prover *p, uint64_t old, uint64_t size, struct merkle_proof *ret,
                            struct diag *reterr) MUST_USE;
/* A complete node of the tree, also of what was removed lawfully as far as its notes name it. */
int spool_prove_node(struct spool_prover *p, unsigned level, uint64_t index, struct merkle_hash *ret, struct diag *reterr) MUST_USE;
/* The hash of a record's leaf. */
int spool_prove_leaf(struct spool_prover *p, uint64_t record, struct merkle_hash *ret, struct diag *reterr) MUST_USE;
/* The bytes a record's leaf is the hash of (spool/format.h), made again from what a reader gave. */
int spool_leaf_bytes(const struct raw_record *rec, struct buf *out) MUST_USE;
/* Where the whole spool is, the public key of its seals lies beside them under this name. */
#define SPOOL_KEY_NAME "key.pub"
#define SPOOL_VAULT_KEY_NAME "vault.pub" /* in a vault's copy: of the vault, when it removes by its own retention */
/* The segment of the newest checkpoint there; 0: none yet. */
int spool_newest_checkpoint(const char *dir, uint32_t *ret, struct diag *reterr) MUST_USE;
