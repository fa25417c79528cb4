#include "spool/seal.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "spool/sealed.h"
#include "spool/segment.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static const char temporary[] = "sealed.tmp";

struct spool_sealer {
    struct spool_seal_options o;
    struct sealed held;
    uint64_t lost; /* in the segment being sealed */
};

struct spool_sealer *spool_sealer_close(struct spool_sealer *s) {
    if (!s)
        return NULL;
    sealed_close(&s->held);
    mem_free(s);
    return NULL;
}

const struct spool_checkpoint *spool_sealer_newest(const struct spool_sealer *s) {
    return &s->held.newest;
}

static int64_t wall_clock(void *ctx UNUSED) {
    return time_now_ns();
}

int spool_sealer_open(const char *dir, const struct spool_seal_options *o,
                      struct spool_sealer **ret, struct diag *reterr) {
    CLEANUP(spool_sealer_closep) struct spool_sealer *s = mem_zalloc(sizeof *s);
    if (!s)
        return diag_set(reterr, -ENOMEM, "out of memory");
    s->o = *o;
    s->o.level = o->level ? o->level : SPOOL_SEAL_LEVEL;
    if (!s->o.clock.now_ns)
        s->o.clock.now_ns = wall_clock;
    int r = sealed_open(&s->held, dir, o->pub, reterr);
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
    int fd = openat(s->held.dir_fd, temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct spool_file file = spool_file_plain(fd);
    int r = fd < 0 ? -errno : spool_file_compress(plain, fd, s->o.level, SPOOL_PIECE_BYTES);
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
    if (renameat(s->held.dir_fd, temporary, s->held.dir_fd, spool_sealed_name(segment, name)) < 0 ||
        fsync(s->held.dir_fd) < 0 || unlinkat(s->held.dir_fd, spool_segment_name(segment, name), 0) < 0)
        return -errno;
    return 0;
}

static void count_lost(void *ctx, const struct spool_gap *gap) {
    struct spool_sealer *s = container_of(ctx, struct spool_sealer, held.tree);
    s->lost += gap->to_number > gap->from_number ? gap->to_number - gap->from_number : 0;
}

static int write_checkpoint(struct spool_sealer *s, const struct spool_checkpoint *c) {
    char name[SPOOL_NAME_CAP], path[sizeof s->held.dir + SPOOL_NAME_CAP];
    struct buf note;
    (void) snprintf(path, sizeof path, "%s/%s", s->held.dir, spool_checkpoint_name(c->segment, name));
    buf_init(&note, CHECKPOINT_BYTES_MAX);
    int r = spool_checkpoint_write(c, s->o.key, s->o.pub, &note);
    if (r == 0)
        r = file_write_atomic(path, buf_str(&note), 0644, NULL);
    buf_done(&note);
    if (r == 0)
        s->held.newest = *c;
    return r;
}

/* Records of a segment that no checkpoint covers yet: into the tree. */
static int cover(struct spool_sealer *s, struct spool_file *file, const struct spool_header *head,
                 struct spool_sealed *ret) {
    s->lost = 0;
    s->held.grower.gap = count_lost;
    int r = tree_grow(&s->held.grower, file, head, UINT64_MAX - 1);
    if (r == 0)
        r = tree_file_sync(&s->held.tree);
    ret->lost = s->lost;
    ret->checkpoint = (struct spool_checkpoint){.size = s->held.grower.tree.size,
                                                .segment = head->segment,
                                                .sealed_ns = s->o.clock.now_ns(s->o.clock.ctx)};
    memcpy(ret->checkpoint.id, head->id, sizeof head->id);
    merkle_root(&s->held.grower.tree, &ret->checkpoint.root);
    return r;
}

/* A checkpoint of an earlier segment is read again, should its compressed form have to be made again. */
static int covered(struct spool_sealer *s, uint32_t segment, struct spool_checkpoint *ret) {
    *ret = s->held.newest;
    return segment == ret->segment ? 0 : sealed_checkpoint(&s->held, s->o.pub, segment, ret, NULL);
}

static int seal_one(struct spool_sealer *s, uint32_t segment, struct spool_sealed *ret) {
    struct spool_file file;
    struct spool_header head;
    *ret = (struct spool_sealed){0};
    int r = spool_file_open(s->held.dir_fd, segment, &file);
    if (r < 0)
        return r;
    r = spool_segment_header(&file, segment, &head);
    if (r == 0 && s->held.newest.size && memcmp(head.id, s->held.newest.id, sizeof head.id) != 0)
        r = -ERR_CORRUPT;
    bool fresh = segment > s->held.newest.segment, plain = !file.pieces;
    uint8_t packed[SHA256_BYTES];
    if (r == 0)
        r = fresh ? cover(s, &file, &head, ret) : covered(s, segment, &ret->checkpoint);
    if (r == 0)
        r = plain ? pack(s, &file, ret, packed) : spool_file_sha256(&file, packed);
    bool differs = !ret->checkpoint.has_packed ||
                   memcmp(ret->checkpoint.packed, packed, sizeof packed) != 0;
    if (r == 0 && differs) {
        struct spool_checkpoint newest = s->held.newest;
        memcpy(ret->checkpoint.packed, packed, sizeof packed);
        ret->checkpoint.has_packed = true;
        r = write_checkpoint(s, &ret->checkpoint);
        if (!fresh && segment != newest.segment)
            s->held.newest = newest;
    }
    if (r == 0 && plain)
        r = replace(s, segment);
    spool_file_close(&file);
    return r;
}

/* Is there a plain form of it, or no checkpoint that covers it? */
static bool is_open(struct spool_sealer *s, uint32_t segment) {
    char name[SPOOL_NAME_CAP];
    return segment > s->held.newest.segment ||
           faccessat(s->held.dir_fd, spool_segment_name(segment, name), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int spool_sealer_step(struct spool_sealer *s, struct spool_sealed *ret, struct diag *reterr) {
    struct spool_segments l;
    char name[SPOOL_NAME_CAP];
    uint32_t segment = 0;
    int r = spool_segments_list(s->held.dir_fd, false, &l, reterr);
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
                               "cannot seal this segment of '%s': %s", s->held.dir, err_word(r))
                 : 1;
}
