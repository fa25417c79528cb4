#include "spool/sealed.h"

#include "base/file.h"
#include "base/mem.h"
#include "spool/removal.h"
#include "spool/segment.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>

void sealed_close(struct sealed *s) {
    tree_file_end(&s->tree);
    tree_grower_done(&s->grower);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    if (s->dir_fd >= 0)
        close(s->dir_fd);
    s->lock_fd = s->dir_fd = -1;
}

int sealed_checkpoint(const struct sealed *s, const struct sign_public *pub, uint32_t segment,
                      struct spool_checkpoint *ret, struct diag *reterr) {
    char name[SPOOL_NAME_CAP], path[sizeof s->dir + SPOOL_NAME_CAP];
    struct arena a;
    struct str note;
    arena_init(&a, (size_t) 1 << 16);
    spool_checkpoint_name(segment, name);
    (void) snprintf(path, sizeof path, "%s/%s", s->dir, name);
    int r = file_read(&a, path, CHECKPOINT_BYTES_MAX, &note, reterr);
    if (r == 0)
        r = spool_checkpoint_read(note, pub, ret, reterr);
    arena_done(&a);
    return r;
}

/* ---- going on after a start ---- */

/* One segment's records behind `g`, from its file or, when it was removed, from the note. -ENOENT: neither. *ret_first: its first
 * record; g NULL: only that. */
static int tail_segment(struct sealed *s, const struct sign_public *pub, uint32_t segment, struct tree_grower *g, uint64_t *ret_first) {
    struct spool_file file;
    struct spool_header head;
    int r = spool_file_open(s->dir_fd, segment, &file);
    if (r == 0) {
        r = spool_segment_header(&file, segment, &head);
        *ret_first = r == 0 ? head.first : 0;
        if (r == 0 && g)
            r = tree_grow(g, &file, &head, s->newest.size);
        spool_file_close(&file);
        return r;
    }
    CLEANUP(mem_freep) struct spool_removal *x = r == -ENOENT ? mem_alloc(sizeof *x) : NULL;
    if (r != -ENOENT || !x)
        return x ? r : r == -ENOENT ? -ENOMEM : r;
    if (spool_removal_load(s->dir, segment, pub, x, NULL) < 0)
        return -ENOENT;
    *ret_first = x->from;
    uint64_t at = x->from - 1;
    for (uint32_t i = 0; g && i < x->n; at += 1ull << x->nodes[i].level, i++)
        if (at == g->base + g->tree.size) /* what lies before the base stands in the tree's file */
            IGNORE(merkle_add_node(&g->tree, x->nodes[i].level, &x->nodes[i].hash, NULL, NULL));
    return 0;
}

/* Lower nodes of the tree's right edge: hashed again from the records since the last whole block. */
static int tail_edge(struct sealed *s, const struct sign_public *pub, struct merkle_tree *ret, struct diag *reterr) {
    struct tree_grower g = {.base = s->newest.size >> TREE_BASE_LEVEL << TREE_BASE_LEVEL};
    uint32_t from = s->newest.segment;
    uint64_t first = 0;
    int r = 0;
    for (; from > 0 && g.base < s->newest.size; from--) {
        r = tail_segment(s, pub, from, NULL, &first);
        if (r == -ENOENT)
            r = 0;
        else if (r < 0 || first <= g.base + 1)
            break;
    }
    for (from = MAX(from, 1u); r == 0 && from <= s->newest.segment && g.base + g.tree.size < s->newest.size; from++)
        if ((r = tail_segment(s, pub, from, &g, &first)) == -ENOENT)
            r = 0;
    if (r < 0)
        r = diag_set(reterr, r, "cannot read the spool '%s': %s", s->dir, err_word(r));
    *ret = g.tree;
    tree_grower_done(&g);
    return r;
}

struct edge {
    struct tree_file *file;
    const struct merkle_tree *tail;
};
static int edge_node(void *ctx, unsigned level, uint64_t index, struct merkle_hash *ret) {
    struct edge *e = ctx;
    if (level >= TREE_BASE_LEVEL)
        return tree_file_get(e->file, level, index, ret);
    *ret = e->tail->peaks[level];
    return 0;
}

/* The tree of the newest checkpoint, held against its root. */
static int resume(struct sealed *s, const struct sign_public *pub, struct diag *reterr) {
    struct merkle_tree tail;
    struct merkle_hash root;
    struct edge e = {.file = &s->tree, .tail = &tail};
    int r = tree_file_cut(&s->tree, s->newest.size);
    if (r == 0 && s->newest.size == 0)
        return 0;
    if (r == 0)
        r = tail_edge(s, pub, &tail, reterr);
    if (r == 0 && tail.size != (s->newest.size & ((1u << TREE_BASE_LEVEL) - 1)))
        r = -ERR_CORRUPT;
    if (r == 0)
        r = merkle_tree_of(edge_node, &e, s->newest.size, &s->grower.tree);
    if (r == 0) {
        merkle_root(&s->grower.tree, &root);
        if (memcmp(&root, &s->newest.root, sizeof root) == 0)
            return 0;
        r = -ERR_CORRUPT;
    }
    return diag_set(reterr, r == -ENOENT ? -ERR_CORRUPT : r,
                    "the spool '%s' does not hold what its newest checkpoint says (records 1 to "
                    "%llu), so nothing more is sealed; `kizuki verify` says where it differs",
                    s->dir, (unsigned long long) s->newest.size);
}

static int newest_segment(const struct sealed *s, uint32_t *ret, struct diag *reterr) {
    struct spool_segments l;
    int r = spool_checkpoints_list(s->dir_fd, &l, reterr);
    if (r < 0)
        return r;
    *ret = l.n ? l.at[l.n - 1] : 0;
    spool_segments_done(&l);
    return 0;
}

static int read_newest(struct sealed *s, const struct sign_public *pub, struct diag *reterr) {
    char name[SPOOL_NAME_CAP];
    struct diag d = {0};
    uint32_t segment = 0;
    int r = newest_segment(s, &segment, reterr);
    if (r < 0 || !segment)
        return r;
    r = sealed_checkpoint(s, pub, segment, &s->newest, &d);
    return r < 0 ? diag_set_at(reterr, r, spool_checkpoint_name(segment, name), 0, 0,
                               "the newest checkpoint of '%s' cannot be used, so nothing more is sealed: %s",
                               s->dir, d.text)
                 : 0;
}

int sealed_open(struct sealed *s, const char *dir, const struct sign_public *pub, struct diag *reterr) {
    *s = (struct sealed){.dir_fd = -1, .lock_fd = -1, .tree = {.fd = -1}};
    s->grower.done = tree_file_add;
    s->grower.ctx = &s->tree;
    (void) snprintf(s->dir, sizeof s->dir, "%s", dir);
    s->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->dir_fd >= 0)
        s->lock_fd = openat(s->dir_fd, "seal.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lock_fd < 0)
        return diag_set(reterr, -errno, "cannot open the spool '%s': %s", dir, err_word(-errno));
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0)
        return diag_set(reterr, -EBUSY, "another process seals the spool '%s'", dir);
    int fd = openat(s->dir_fd, "tree", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int r = fd < 0 ? -errno : tree_file_begin(&s->tree, fd);
    if (r < 0)
        return diag_set(reterr, r, "cannot open '%s/tree': %s", dir, err_word(r));
    r = read_newest(s, pub, reterr);
    return r < 0 ? r : resume(s, pub, reterr);
}
