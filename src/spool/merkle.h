/* Merkle trees of RFC 9162 (Certificate Transparency 2.0), section 2.1, with SHA-256.
 *
 * Leaves are numbered from 0. A node of level k covers 2^k leaves; node (k, i) begins at leaf i * 2^k. Only nodes
 * all of whose leaves exist are "complete" and never change again; they are what may be stored.
 *
 * Knows nothing of files, records or signatures. */
#pragma once
#include "base/err.h"
#include "base/hash.h"

enum {
    MERKLE_LEVELS_MAX = 64,
    MERKLE_PROOF_MAX = 2 * MERKLE_LEVELS_MAX, /* hashes in a proof; none of a real tree has more */
};
struct merkle_hash {
    uint8_t bytes[SHA256_BYTES];
};

/* HASH(0x00 || data), and HASH(0x01 || left || right). ret may be one of the two. */
void merkle_leaf(struct str data, struct merkle_hash *ret);
void merkle_node(const struct merkle_hash *left, const struct merkle_hash *right,
                 struct merkle_hash *ret);

/* The right edge of a growing tree: all that is needed to add leaves and to know the root. peaks[k] is set when bit
 * k of size is. Zeroed = the empty tree. */
struct merkle_tree {
    uint64_t size;
    struct merkle_hash peaks[MERKLE_LEVELS_MAX];
};
/* Called for each node that became complete, leaf first (level 0), then upwards. 0 to go on. */
typedef int merkle_done_fn(void *ctx, unsigned level, uint64_t index,
                           const struct merkle_hash *hash);
/* done may be NULL. Returns what done returned; the tree has grown all the same. */
int merkle_add(struct merkle_tree *t, const struct merkle_hash *leaf, merkle_done_fn *done,
               void *ctx);
/* Adds all leaves of a complete node whose leaves come next: size is a multiple of 2^level. `done` (may be NULL) is told of it and
 * of those it completes, not of those below it. Returns what done returned. */
int merkle_add_node(struct merkle_tree *t, unsigned level, const struct merkle_hash *node, merkle_done_fn *done, void *ctx);
void merkle_root(const struct merkle_tree *t, struct merkle_hash *ret);

/* Gives a complete node; a negative code stops whoever asked and is passed on. */
typedef int merkle_get_fn(void *ctx, unsigned level, uint64_t index, struct merkle_hash *ret);
struct merkle_proof {
    uint32_t n;
    struct merkle_hash at[MERKLE_PROOF_MAX];
};
/* The root of the first `size` leaves, from nodes. */
int merkle_root_of(merkle_get_fn *get, void *ctx, uint64_t size, struct merkle_hash *ret) MUST_USE;
/* The right edge of a tree of `size` leaves, from nodes. */
int merkle_tree_of(merkle_get_fn *get, void *ctx, uint64_t size, struct merkle_tree *ret) MUST_USE;
/* RFC 9162 2.1.3.1: that leaf `index` is in the tree of `size` leaves. index < size. */
int merkle_prove_inclusion(merkle_get_fn *get, void *ctx, uint64_t index, uint64_t size,
                           struct merkle_proof *ret) MUST_USE;
/* RFC 9162 2.1.4.1: that the tree of `size` leaves grew out of that of `old`. 0 < old <= size. */
int merkle_prove_consistency(merkle_get_fn *get, void *ctx, uint64_t old, uint64_t size,
                             struct merkle_proof *ret) MUST_USE;

/* RFC 9162 2.1.3.2 and 2.1.4.2. Nothing is consistent with the empty tree: it proves nothing. */
bool merkle_check_inclusion(const struct merkle_proof *p, uint64_t index, uint64_t size,
                            const struct merkle_hash *leaf, const struct merkle_hash *root);
bool merkle_check_consistency(const struct merkle_proof *p, uint64_t old, uint64_t size,
                              const struct merkle_hash *old_root, const struct merkle_hash *root);
