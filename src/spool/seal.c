#include "spool/seal.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "spool/segment.h"
#include "spool/tree.h"
#include "spool/walk.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

static const char temporary[] = "sealed.tmp";

struct spool_sealer {
    struct spool_seal_options o;
    int dir_fd, lock_fd;
    struct spool_checkpoint newest;
    struct tree_grower grower; /* base 0: the whole tree */
    struct tree_file tree;
    uint64_t lost; /* in the segment being sealed */
    char dir[256];
};

struct spool_sealer *spool_sealer_close(struct spool_sealer *s) {
    if (!s)
        return NULL;
    tree_file_end(&s->tree);
    tree_grower_done(&s->grower);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    if (s->dir_fd >= 0)
        close(s->dir_fd);
    mem_free(s);
    return NULL;
}

const struct spool_checkpoint *spool_sealer_newest(const struct spool_sealer *s) {
    return &s->newest;
}

static int read_checkpoint(struct spool_sealer *s, uint32_t segment, struct diag *reterr) {
    char name[SPOOL_NAME_CAP], path[sizeof s->dir + SPOOL_NAME_CAP];
    struct arena a;
    struct str note;
    arena_init(&a, (size_t) 1 << 16);
    spool_checkpoint_name(segment, name);
    (void) snprintf(path, sizeof path, "%s/%s", s->dir, name);
    int r = file_read(&a, path, CHECKPOINT_BYTES_MAX, &note, reterr);
    if (r == 0)
        r = spool_checkpoint_read(note, s->o.pub, &s->newest, reterr);
    if (r < 0)
        r = diag_set_at(reterr, r, name, 0, 0,
                        "the newest checkpoint of '%s' cannot be used, so nothing more is sealed: %s",
                        s->dir, reterr ? reterr->text : err_word(r));
    arena_done(&a);
    return r;
}

/* ---- going on after a start ---- */

/* Lower nodes of the tree's right edge: hashed again from the records since the last whole block. */
static int tail_edge(struct spool_sealer *s, struct merkle_tree *ret, struct diag *reterr) {
    struct tree_grower g = {.base = s->newest.size >> TREE_BASE_LEVEL << TREE_BASE_LEVEL};
    struct spool_segments l;
    int r = spool_segments_list(s->dir_fd, false, &l, reterr);
    if (r < 0)
        return r;
    uint32_t from = l.n;
    struct spool_file file;
    struct spool_header head;
    for (bool found = false; r == 0 && !found && from > 0;) {
        if ((r = spool_file_open(s->dir_fd, l.at[--from], &file)) < 0)
            break;
        r = spool_segment_header(&file, l.at[from], &head);
        found = r == 0 && head.first <= g.base + 1;
        spool_file_close(&file);
    }
    for (; r == 0 && from < l.n && g.base + g.tree.size < s->newest.size; from++) {
        if ((r = spool_file_open(s->dir_fd, l.at[from], &file)) < 0)
            break;
        r = spool_segment_header(&file, l.at[from], &head);
        if (r == 0)
            r = tree_grow(&g, &file, &head, s->newest.size);
        spool_file_close(&file);
    }
    if (r < 0)
        r = diag_set(reterr, r, "cannot read the spool '%s': %s", s->dir, err_word(r));
    *ret = g.tree;
    tree_grower_done(&g);
    spool_segments_done(&l);
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
static int resume(struct spool_sealer *s, struct diag *reterr) {
    struct merkle_tree tail;
    struct merkle_hash root;
    struct edge e = {.file = &s->tree, .tail = &tail};
    int r = tree_file_cut(&s->tree, s->newest.size);
    if (r == 0 && s->newest.size == 0)
        return 0;
    if (r == 0)
        r = tail_edge(s, &tail, reterr);
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

static int newest_checkpoint(struct spool_sealer *s, uint32_t *ret, struct diag *reterr) {
    struct spool_segments l;
    int r = spool_checkpoints_list(s->dir_fd, &l, reterr);
    if (r < 0)
        return r;
    *ret = l.n ? l.at[l.n - 1] : 0;
    spool_segments_done(&l);
    return 0;
}

static int64_t wall_clock(void *ctx UNUSED) {
    return time_now_ns();
}

int spool_sealer_open(const char *dir, const struct spool_seal_options *o,
                      struct spool_sealer **ret, struct diag *reterr) {
    CLEANUP(spool_sealer_closep) struct spool_sealer *s = mem_zalloc(sizeof *s);
    uint32_t segment = 0;
    if (!s)
        return diag_set(reterr, -ENOMEM, "out of memory");
    s->o = *o;
    s->o.level = o->level ? o->level : SPOOL_SEAL_LEVEL;
    if (!s->o.clock.now_ns)
        s->o.clock.now_ns = wall_clock;
    s->dir_fd = s->lock_fd = s->tree.fd = -1;
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
    r = newest_checkpoint(s, &segment, reterr);
    if (r == 0 && segment)
        r = read_checkpoint(s, segment, reterr);
    if (r == 0)
        r = resume(s, reterr);
    if (r == 0)
        *ret = TAKE_PTR(s);
    return r;
}

/* ---- one segment ---- */

static int packed_equals(struct spool_file *plain, int packed_fd) {
    CLEANUP(mem_freep) char *buf = mem_alloc(2 * (size_t) SPOOL_PIECE_BYTES);
    struct spool_file packed;
    int fd = dup(packed_fd), r;
    if (fd < 0 || !buf)
        return fd < 0 ? -errno : -ENOMEM;
    if ((r = spool_file_sealed(fd, &packed)) < 0)
        return r;
    for (uint64_t at = 0; r == 0;) {
        ssize_t a = spool_file_read(plain, buf, SPOOL_PIECE_BYTES, at);
        ssize_t b = spool_file_read(&packed, buf + SPOOL_PIECE_BYTES, SPOOL_PIECE_BYTES, at);
        if (a < 0 || b < 0)
            r = (int) MIN(a, b);
        else if (a != b || memcmp(buf, buf + SPOOL_PIECE_BYTES, (size_t) a) != 0)
            r = -EIO;
        if (a <= 0)
            break;
        at += (uint64_t) a;
    }
    spool_file_close(&packed);
    return r;
}

/* The compressed form under a temporary name, compared and on disk. Takes what the checkpoint is to say of it. */
static int pack(struct spool_sealer *s, struct spool_file *plain, struct spool_sealed *ret,
                uint8_t packed[SHA256_BYTES]) {
    struct stat st;
    int fd = openat(s->dir_fd, temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct spool_file file = spool_file_plain(fd);
    int r = fd < 0 ? -errno : spool_file_compress(plain, fd, s->o.level);
    if (r == 0)
        r = packed_equals(plain, fd);
    if (r == 0)
        r = spool_file_sha256(&file, packed);
    if (r == 0 && (fsync(fd) < 0 || fstat(fd, &st) < 0))
        r = -errno;
    spool_file_close(&file);
    if (r < 0)
        return r;
    ret->bytes = (uint64_t) spool_file_size(plain);
    ret->packed_bytes = (uint64_t) st.st_size;
    return 0;
}

/* The compressed form gets its name, then the plain one goes. */
static int replace(struct spool_sealer *s, uint32_t segment) {
    char name[SPOOL_NAME_CAP];
    if (renameat(s->dir_fd, temporary, s->dir_fd, spool_sealed_name(segment, name)) < 0 ||
        fsync(s->dir_fd) < 0 || unlinkat(s->dir_fd, spool_segment_name(segment, name), 0) < 0)
        return -errno;
    return 0;
}

static void count_lost(void *ctx, const struct spool_gap *gap) {
    struct spool_sealer *s = container_of(ctx, struct spool_sealer, tree);
    s->lost += gap->to_number > gap->from_number ? gap->to_number - gap->from_number : 0;
}

static int write_checkpoint(struct spool_sealer *s, const struct spool_checkpoint *c) {
    char name[SPOOL_NAME_CAP], path[sizeof s->dir + SPOOL_NAME_CAP];
    struct buf note;
    (void) snprintf(path, sizeof path, "%s/%s", s->dir, spool_checkpoint_name(c->segment, name));
    buf_init(&note, CHECKPOINT_BYTES_MAX);
    int r = spool_checkpoint_write(c, s->o.key, s->o.pub, &note);
    if (r == 0)
        r = file_write_atomic(path, buf_str(&note), 0644, NULL);
    buf_done(&note);
    if (r == 0)
        s->newest = *c;
    return r;
}

/* Records of a segment that no checkpoint covers yet: into the tree. */
static int cover(struct spool_sealer *s, struct spool_file *file, const struct spool_header *head,
                 struct spool_sealed *ret) {
    s->lost = 0;
    s->grower.gap = count_lost;
    int r = tree_grow(&s->grower, file, head, UINT64_MAX - 1);
    if (r == 0)
        r = tree_file_sync(&s->tree);
    ret->lost = s->lost;
    ret->checkpoint = (struct spool_checkpoint){.size = s->grower.tree.size,
                                                .segment = head->segment,
                                                .sealed_ns = s->o.clock.now_ns(s->o.clock.ctx)};
    memcpy(ret->checkpoint.id, head->id, sizeof head->id);
    merkle_root(&s->grower.tree, &ret->checkpoint.root);
    return r;
}

/* A checkpoint of an earlier segment is read again, should its compressed form have to be made again. */
static int covered(struct spool_sealer *s, uint32_t segment, struct spool_checkpoint *ret) {
    struct spool_checkpoint newest = s->newest;
    int r = segment == newest.segment ? 0 : read_checkpoint(s, segment, NULL);
    *ret = s->newest;
    s->newest = newest;
    return r;
}

static int seal_one(struct spool_sealer *s, uint32_t segment, struct spool_sealed *ret) {
    struct spool_file file;
    struct spool_header head;
    *ret = (struct spool_sealed){0};
    int r = spool_file_open(s->dir_fd, segment, &file);
    if (r < 0)
        return r;
    r = spool_segment_header(&file, segment, &head);
    if (r == 0 && s->newest.size && memcmp(head.id, s->newest.id, sizeof head.id) != 0)
        r = -ERR_CORRUPT;
    bool fresh = segment > s->newest.segment, plain = !file.pieces;
    uint8_t packed[SHA256_BYTES];
    if (r == 0)
        r = fresh ? cover(s, &file, &head, ret) : covered(s, segment, &ret->checkpoint);
    if (r == 0)
        r = plain ? pack(s, &file, ret, packed) : spool_file_sha256(&file, packed);
    bool differs = !ret->checkpoint.has_packed ||
                   memcmp(ret->checkpoint.packed, packed, sizeof packed) != 0;
    if (r == 0 && differs) {
        struct spool_checkpoint newest = s->newest;
        memcpy(ret->checkpoint.packed, packed, sizeof packed);
        ret->checkpoint.has_packed = true;
        r = write_checkpoint(s, &ret->checkpoint);
        if (!fresh && segment != newest.segment)
            s->newest = newest;
    }
    if (r == 0 && plain)
        r = replace(s, segment);
    spool_file_close(&file);
    return r;
}

/* Is there a plain form of it, or no checkpoint that covers it? */
static bool is_open(struct spool_sealer *s, uint32_t segment) {
    char name[SPOOL_NAME_CAP];
    return segment > s->newest.segment ||
           faccessat(s->dir_fd, spool_segment_name(segment, name), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int spool_sealer_step(struct spool_sealer *s, struct spool_sealed *ret, struct diag *reterr) {
    struct spool_segments l;
    char name[SPOOL_NAME_CAP];
    uint32_t segment = 0;
    int r = spool_segments_list(s->dir_fd, false, &l, reterr);
    if (r < 0)
        return r;
    for (uint32_t i = 0; !segment && i + 1 < l.n; i++)
        if (is_open(s, l.at[i]))
            segment = l.at[i];
    spool_segments_done(&l);
    if (!segment)
        return 0;
    r = seal_one(s, segment, ret);
    return r < 0 ? diag_set_at(reterr, r, spool_segment_name(segment, name), 0, 0,
                               "cannot seal this segment of '%s': %s", s->dir, err_word(r))
                 : 1;
}
