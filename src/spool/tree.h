/* The spool's Merkle tree on disk, and how records become its leaves. Private to the spool.
 *
 * Leaf n - 1 is record n: HASH over its frame as format.h says. A record that cannot be read any more is a hole: its
 * leaf is the hash of its number alone (8 bytes, little-endian; no frame's leaf is that short), so that a loss that
 * was there when a segment was sealed stays provable as just that.
 *
 * The file "tree" holds every complete node of level TREE_BASE_LEVEL and above (0.25 bytes a record), each behind its
 * children: node (TREE_BASE_LEVEL + k, i) at the place golang.org/x/mod/sumdb/tlog gives to stored hash (k, i). Lower
 * nodes are hashed again from records. It can be made again from the segments as long as none was taken away. */
#pragma once
#include "spool/file.h"
#include "spool/format.h"
#include "spool/merkle.h"
#include "spool/spool.h"

enum { TREE_BASE_LEVEL = 8 };

struct tree_file {
    int fd;
    uint64_t stored; /* nodes, with those still in pending */
    struct buf pending;
};
/* fd is taken. `stored` is what the file holds. */
int tree_file_begin(struct tree_file *f, int fd) MUST_USE;
void tree_file_end(struct tree_file *f);
/* Nodes a tree of this many leaves has in the file. */
uint64_t tree_file_nodes(uint64_t size);
/* Forgets nodes beyond those of `size` leaves. */
int tree_file_cut(struct tree_file *f, uint64_t size) MUST_USE;
/* A merkle_done_fn over struct tree_file: keeps what belongs into the file. */
int tree_file_add(void *file, unsigned level, uint64_t index, const struct merkle_hash *hash);
/* Leaves the places of nodes nobody has: those below one that is given as a whole. */
int tree_file_skip(struct tree_file *f, uint64_t nodes) MUST_USE;
int tree_file_sync(struct tree_file *f) MUST_USE;
/* level >= TREE_BASE_LEVEL. -ENOENT when the node is not there, or was skipped. */
int tree_file_get(struct tree_file *f, unsigned level, uint64_t index,
                  struct merkle_hash *ret) MUST_USE;

/* Adds what segments hold to a tree. */
struct tree_grower {
    struct merkle_tree tree; /* leaf 0 is record base + 1 */
    uint64_t base;           /* a multiple of 2^TREE_BASE_LEVEL */
    merkle_done_fn *done;    /* may be NULL */
    void *ctx;
    /* Told of each stretch that cannot be read; may be NULL. */
    void (*gap)(void *ctx, const struct spool_gap *gap);
    char *buf; /* of the walk */
};
/* Adds the records of a closed segment up to number `last`, those below base + 1 are passed over. Numbers missing
 * before the segment are holes. -ERR_LIMIT: too many of them. */
int tree_grow(struct tree_grower *g, struct spool_file *file, const struct spool_header *head,
              uint64_t last) MUST_USE;
void tree_grower_done(struct tree_grower *g);
