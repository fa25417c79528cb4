/* What a spool's checkpoints cover: the newest of them and the tree as of it, ready to grow. Private to the spool; the
 * sealer makes checkpoints from it (seal.h), a vault takes those of another's spool (adopt.h).
 *
 * One of them a spool (seal.lock). Invariant: the tree's root is that of `newest`, or both are empty. */
#pragma once
#include "spool/checkpoint.h"
#include "spool/tree.h"

struct sealed {
    int dir_fd, lock_fd;
    struct spool_checkpoint newest;
    struct tree_grower grower; /* base 0: the whole tree */
    struct tree_file tree;
    char dir[256];
};
/* Codes as of spool_sealer_open. To be closed also when it fails. */
int sealed_open(struct sealed *s, const char *dir, const struct sign_public *pub, struct diag *reterr) MUST_USE;
void sealed_close(struct sealed *s);
/* That of one segment. */
int sealed_checkpoint(const struct sealed *s, const struct sign_public *pub, uint32_t segment,
                      struct spool_checkpoint *ret, struct diag *reterr) MUST_USE;
