#include "spool/tree.h"

#include "base/limits.h"
#include "base/mem.h"
#include "spool/segment.h"
#include "spool/walk.h"

#include <sys/stat.h>

enum { PENDING_BYTES_MAX = 1 << 16 };

int tree_file_begin(struct tree_file *f, int fd) {
    struct stat st;
    f->fd = fd;
    buf_init(&f->pending, PENDING_BYTES_MAX + SHA256_BYTES);
    if (fstat(fd, &st) < 0)
        return -errno;
    f->stored = (uint64_t) st.st_size / SHA256_BYTES;
    return 0;
}

void tree_file_end(struct tree_file *f) {
    if (f->fd >= 0)
        close(f->fd);
    buf_done(&f->pending);
    f->fd = -1;
}

uint64_t tree_file_nodes(uint64_t size) {
    uint64_t blocks = size >> TREE_BASE_LEVEL;
    return 2 * blocks - (uint64_t) __builtin_popcountll(blocks);
}

static int flush(struct tree_file *f) {
    uint64_t at = (f->stored - f->pending.n / SHA256_BYTES) * SHA256_BYTES;
    int r = spool_write_at(f->fd, at, buf_str(&f->pending));
    if (r == 0)
        buf_clear(&f->pending);
    return r;
}

int tree_file_cut(struct tree_file *f, uint64_t size) {
    uint64_t nodes = tree_file_nodes(size);
    int r = flush(f);
    if (r < 0 || nodes >= f->stored)
        return r;
    if (ftruncate(f->fd, (off_t) (nodes * SHA256_BYTES)) < 0)
        return -errno;
    f->stored = nodes;
    return 0;
}

int tree_file_add(void *file, unsigned level, uint64_t index UNUSED,
                  const struct merkle_hash *hash) {
    struct tree_file *f = file;
    if (level < TREE_BASE_LEVEL)
        return 0;
    buf_add(&f->pending, str_n((const char *) hash->bytes, sizeof hash->bytes));
    f->stored++;
    int r = buf_error(&f->pending);
    return r == 0 && f->pending.n >= PENDING_BYTES_MAX ? flush(f) : r;
}

static const struct merkle_hash skipped; /* no hash is all zeros */

int tree_file_skip(struct tree_file *f, uint64_t nodes) {
    int r = 0;
    for (; r == 0 && nodes; nodes--)
        r = tree_file_add(f, TREE_BASE_LEVEL, 0, &skipped);
    return r;
}

int tree_file_sync(struct tree_file *f) {
    int r = flush(f);
    return r < 0 ? r : fsync(f->fd) < 0 ? -errno : 0;
}

int tree_file_get(struct tree_file *f, unsigned level, uint64_t index, struct merkle_hash *ret) {
    uint64_t n = index, at = 0;
    ASSERT(level >= TREE_BASE_LEVEL);
    level -= TREE_BASE_LEVEL;
    for (unsigned k = level; k > 0; k--)
        n = 2 * n + 1;
    for (; n; n >>= 1)
        at += n;
    at += level;
    int r = flush(f);
    if (r < 0 || at >= f->stored)
        return r < 0 ? r : -ENOENT;
    ssize_t got = pread(f->fd, ret->bytes, sizeof ret->bytes, (off_t) (at * SHA256_BYTES));
    if (got == SHA256_BYTES && memcmp(ret, &skipped, sizeof skipped) != 0)
        return 0;
    return got < 0 ? -errno : -ENOENT;
}

/* ---- growing ---- */

void tree_grower_done(struct tree_grower *g) {
    mem_free(g->buf);
    g->buf = NULL;
}

static uint64_t grower_next(const struct tree_grower *g) {
    return g->base + g->tree.size + 1;
}

static int add_holes(struct tree_grower *g, uint64_t until) {
    if (until - grower_next(g) > SPOOL_HOLES_MAX)
        return -ERR_LIMIT;
    while (grower_next(g) < until) {
        struct merkle_hash h;
        unsigned char number[8];
        for (unsigned i = 0; i < sizeof number; i++)
            number[i] = (unsigned char) (grower_next(g) >> 8 * i);
        merkle_leaf(str_n((const char *) number, sizeof number), &h);
        int r = merkle_add(&g->tree, &h, g->done, g->ctx);
        if (r < 0)
            return r;
    }
    return 0;
}

static void tell(struct tree_grower *g, const struct spool_gap *gap) {
    if (g->gap)
        g->gap(g->ctx, gap);
}

static int grow_frames(struct tree_grower *g, struct spool_walk *w,
                       const struct spool_header *head, uint64_t last) {
    struct spool_frame f;
    struct spool_gap gap;
    for (;;) {
        int r = spool_walk_next(w, &f);
        if (r < 0 || (r == WALK_STOP && spool_walk_at_end(w)))
            return r;
        if (r == WALK_FRAME) {
            if (f.type == SPOOL_MARK || f.rec.pos.n < grower_next(g))
                continue;
            if (f.rec.pos.n > last)
                return 0;
            struct merkle_hash h;
            r = add_holes(g, f.rec.pos.n);
            merkle_leaf(f.leaf, &h);
            if (r == 0)
                r = merkle_add(&g->tree, &h, g->done, g->ctx);
            if (r < 0)
                return r;
            continue;
        }
        r = spool_walk_resync(w, true, &gap);
        if (r <= 0)
            return r;
        gap.segment = head->segment;
        tell(g, &gap);
        if (gap.to_number == 0)
            return 0; /* up to the end: the next segment's header says which numbers are missing */
    }
}

int tree_grow(struct tree_grower *g, struct spool_file *file, const struct spool_header *head,
              uint64_t last) {
    struct spool_walk w = {.cap = SPOOL_WALK_BYTES};
    if (head->first > grower_next(g)) {
        struct spool_gap gap = {.segment = head->segment,
                                .from_number = grower_next(g),
                                .to_number = head->first};
        if (gap.from_number <= last)
            tell(g, &gap);
        int r = add_holes(g, MIN(head->first, last + 1));
        if (r < 0)
            return r;
    }
    if (!g->buf && !(g->buf = mem_alloc(w.cap)))
        return -ENOMEM;
    w.buf = g->buf;
    spool_walk_begin(&w, file, spool_frame_seed(head), SPOOL_HEADER_BYTES, head->first);
    return grow_frames(g, &w, head, last);
}
