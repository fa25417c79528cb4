#include "spool/prove.h"

#include "base/limits.h"
#include "base/mem.h"
#include "spool/removal.h"
#include "spool/segment.h"
#include "spool/tree.h"

#include <fcntl.h>

enum { SLOTS = 2 };

struct removed {
    unsigned level;
    uint64_t index;
    struct merkle_hash hash;
};
/* Leaves of one segment: records first…first + n - 1. */
struct leaves {
    uint64_t first, used;
    struct merkle_hash *at;
    size_t n, cap;
};
struct spool_prover {
    int dir_fd;
    struct tree_file tree;
    struct spool_segments segments;
    struct leaves slots[SLOTS];
    uint64_t uses;
    struct removed *removed; /* nodes below TREE_BASE_LEVEL of what was removed, by (level, index) */
    size_t n_removed, removed_cap;
};

struct spool_prover *spool_prover_close(struct spool_prover *p) {
    if (!p)
        return NULL;
    for (int i = 0; i < SLOTS; i++)
        mem_free(p->slots[i].at);
    mem_free(p->removed);
    spool_segments_done(&p->segments);
    tree_file_end(&p->tree);
    if (p->dir_fd >= 0)
        close(p->dir_fd);
    mem_free(p);
    return NULL;
}

/* Edges of removed segments: a proof is checked before it is believed, so whoever signed these does not matter here. */
static int load_removed(struct spool_prover *p, const char *dir) {
    struct spool_segments l;
    struct spool_removal *x = mem_alloc(sizeof *x);
    struct sign_public key, vault;
    char path[4096 + 32];
    snprintf(path, sizeof path, "%.4000s/" SPOOL_VAULT_KEY_NAME, dir);
    bool of_vault = sign_public_load(path, &vault, NULL) == 0;
    snprintf(path, sizeof path, "%.4000s/" SPOOL_KEY_NAME, dir);
    int r = !x ? -ENOMEM : sign_public_load(path, &key, NULL) < 0 ? 1 : spool_checkpoints_list(p->dir_fd, &l, NULL);
    for (uint32_t i = 0; r == 0 && i < l.n; i++) {
        if (spool_removal_load_by(dir, l.at[i], &key, of_vault ? &vault : NULL, x, NULL, NULL) < 0)
            continue;
        uint64_t at = x->from - 1;
        for (uint32_t k = 0; r == 0 && k < x->n; at += 1ull << x->nodes[k].level, k++)
            if (x->nodes[k].level < TREE_BASE_LEVEL &&
                (r = mem_grow((void **) &p->removed, &p->removed_cap, p->n_removed + 1, UINT32_MAX, sizeof *p->removed)) == 0)
                p->removed[p->n_removed++] = (struct removed){x->nodes[k].level, at >> x->nodes[k].level, x->nodes[k].hash};
    }
    if (r == 0)
        spool_segments_done(&l);
    mem_free(x);
    return MIN(r, 0);
}

int spool_prover_open(const char *dir, struct spool_prover **ret, struct diag *reterr) {
    CLEANUP(spool_prover_closep) struct spool_prover *p = mem_zalloc(sizeof *p);
    if (!p)
        return diag_set(reterr, -ENOMEM, "out of memory");
    p->tree.fd = -1;
    p->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = p->dir_fd < 0 ? -1 : openat(p->dir_fd, "tree", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int r = fd < 0 ? -errno : tree_file_begin(&p->tree, fd);
    if (r == 0 && (r = spool_segments_list(p->dir_fd, false, &p->segments, reterr)) < 0)
        return r;
    if (r < 0)
        return diag_set(reterr, r, "nothing can be proved from the spool '%s': %s", dir, err_word(r));
    if ((r = load_removed(p, dir)) < 0)
        return diag_set(reterr, r, "out of memory");
    *ret = TAKE_PTR(p);
    return 0;
}

static int keep_leaf(void *ctx, unsigned level, uint64_t index UNUSED, const struct merkle_hash *hash) {
    struct leaves *l = ctx;
    if (level > 0)
        return 0;
    int r = mem_grow((void **) &l->at, &l->cap, l->n + 1, UINT32_MAX, sizeof *l->at);
    if (r == 0)
        l->at[l->n++] = *hash;
    return r;
}

/* All leaves of the segment this record is in. Numbers missing before the next segment are its last ones. */
static int load_leaves(struct spool_prover *p, uint64_t record, struct leaves *l) {
    struct spool_file file;
    struct spool_header head, next = {.first = UINT64_MAX};
    uint32_t i;
    int r = p->segments.n ? spool_segment_of(p->dir_fd, &p->segments, record, &i) : -ENOENT;
    if (r == 0 && i + 1 < p->segments.n && (r = spool_file_open(p->dir_fd, p->segments.at[i + 1], &file)) == 0) {
        r = spool_segment_header(&file, p->segments.at[i + 1], &next);
        spool_file_close(&file);
    }
    if (r < 0 || (r = spool_file_open(p->dir_fd, p->segments.at[i], &file)) < 0)
        return r;
    r = spool_segment_header(&file, p->segments.at[i], &head);
    l->n = 0;
    l->first = head.first;
    if (r == 0) {
        struct tree_grower g = {.base = head.first - 1, .done = keep_leaf, .ctx = l};
        r = tree_grow(&g, &file, &head, next.first - 1);
        tree_grower_done(&g);
    }
    spool_file_close(&file);
    return r;
}

static int leaf(struct spool_prover *p, uint64_t record, struct merkle_hash *ret) {
    struct leaves *l = &p->slots[0];
    for (int i = 0; i < SLOTS; i++) {
        struct leaves *s = &p->slots[i];
        if (record >= s->first && record - s->first < s->n) {
            s->used = ++p->uses;
            *ret = s->at[record - s->first];
            return 0;
        }
        if (s->used < l->used)
            l = s;
    }
    l->used = ++p->uses;
    int r = load_leaves(p, record, l);
    if (r < 0)
        l->n = 0;
    if (r == 0 && (record < l->first || record - l->first >= l->n))
        r = -ENOENT;
    if (r == 0)
        *ret = l->at[record - l->first];
    return r;
}

static int node(void *ctx, unsigned level, uint64_t index, struct merkle_hash *ret) {
    struct spool_prover *p = ctx;
    struct merkle_hash right;
    if (level >= TREE_BASE_LEVEL)
        return tree_file_get(&p->tree, level, index, ret);
    for (size_t i = 0; i < p->n_removed; i++)
        if (p->removed[i].level == level && p->removed[i].index == index) {
            *ret = p->removed[i].hash;
            return 0;
        }
    if (level == 0)
        return leaf(p, index + 1, ret);
    int r = node(p, level - 1, 2 * index, ret);
    if (r == 0)
        r = node(p, level - 1, 2 * index + 1, &right);
    if (r == 0)
        merkle_node(ret, &right, ret);
    return r;
}

int spool_prove_node(struct spool_prover *p, unsigned level, uint64_t index, struct merkle_hash *ret, struct diag *reterr) {
    int r = node(p, level, index, ret);
    return r < 0 ? diag_set(reterr, r, "the tree has no node %u, %llu: %s", level, (unsigned long long) index, err_word(r)) : 0;
}

int spool_prove_inclusion(struct spool_prover *p, uint64_t record, uint64_t size, struct merkle_proof *ret,
                          struct diag *reterr) {
    int r = record ? merkle_prove_inclusion(node, p, record - 1, size, ret) : -EINVAL;
    return r < 0 ? diag_set(reterr, r, "record %llu cannot be proved to be among the first %llu: %s",
                            (unsigned long long) record, (unsigned long long) size, err_word(r))
                 : 0;
}

int spool_prove_consistency(struct spool_prover *p, uint64_t old, uint64_t size, struct merkle_proof *ret,
                            struct diag *reterr) {
    int r = merkle_prove_consistency(node, p, old, size, ret);
    return r < 0 ? diag_set(reterr, r, "it cannot be proved that %llu records grew out of %llu: %s",
                            (unsigned long long) size, (unsigned long long) old, err_word(r))
                 : 0;
}

int spool_prove_leaf(struct spool_prover *p, uint64_t record, struct merkle_hash *ret, struct diag *reterr) {
    int r = record ? leaf(p, record, ret) : -EINVAL;
    return r < 0 ? diag_set(reterr, r, "record %llu cannot be read: %s", (unsigned long long) record, err_word(r)) : 0;
}

int spool_newest_checkpoint(const char *dir, uint32_t *ret, struct diag *reterr) {
    struct spool_segments l;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return diag_set(reterr, -errno, "cannot open the spool '%s': %s", dir, err_word(-errno));
    int r = spool_checkpoints_list(fd, &l, reterr);
    close(fd);
    if (r < 0)
        return r;
    *ret = l.n ? l.at[l.n - 1] : 0;
    spool_segments_done(&l);
    return 0;
}

int spool_leaf_bytes(const struct raw_record *rec, struct buf *out) {
    struct buf frame;
    buf_init(&frame, SPOOL_FRAME_BYTES_MAX);
    int r = spool_frame_encode(&frame, 0, spool_type_of(rec), rec);
    size_t n = r == 0 ? (size_t) (unsigned char) frame.p[29] + SPOOL_FRAME_HEAD_BYTES + rec->bytes.n : 0;
    if (r == 0)
        buf_add(out, str_n(frame.p + 8, n - 8));
    buf_done(&frame);
    return r < 0 ? r : buf_error(out);
}
