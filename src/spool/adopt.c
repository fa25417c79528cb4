#include "spool/adopt.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "spool/removal.h"
#include "spool/sealed.h"
#include "spool/segment.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static const char temporary[] = "adopt.tmp";

struct spool_adopter {
    struct sealed held;
    const struct sign_public *key;
    int fd; /* of the temporary file */
};

struct spool_adopter *spool_adopter_close(struct spool_adopter *a) {
    if (!a)
        return NULL;
    if (a->fd >= 0)
        close(a->fd);
    sealed_close(&a->held);
    mem_free(a);
    return NULL;
}

int spool_adopter_open(const char *dir, const struct sign_public *key, struct spool_adopter **ret,
                       struct diag *reterr) {
    CLEANUP(spool_adopter_closep) struct spool_adopter *a = mem_zalloc(sizeof *a);
    if (!a)
        return diag_set(reterr, -ENOMEM, "out of memory");
    a->fd = -1;
    a->key = key;
    int r = sealed_open(&a->held, dir, key, reterr);
    if (r == 0)
        *ret = TAKE_PTR(a);
    return r;
}

const struct spool_checkpoint *spool_adopter_newest(const struct spool_adopter *a) {
    return &a->held.newest;
}

int spool_adopter_file(struct spool_adopter *a) {
    if (a->fd >= 0)
        close(a->fd);
    if (unlinkat(a->held.dir_fd, temporary, 0) < 0 && errno != ENOENT)
        return a->fd = -1, -errno;
    a->fd = openat(a->held.dir_fd, temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return a->fd < 0 ? -errno : a->fd;
}

/* ---- is it the next one? ---- */

static int read_note(const struct spool_adopter *a, struct str note, struct spool_checkpoint *ret, struct diag *err) {
    int r = spool_checkpoint_read(note, a->key, ret, err);
    return r == -ERR_PARSE ? diag_set(err, -ERR_CORRUPT, "what came is no checkpoint") : r;
}

static int check_note(const struct spool_adopter *a, const struct spool_checkpoint *c, struct diag *err) {
    const struct spool_checkpoint *had = &a->held.newest;
    if (had->size && memcmp(c->id, had->id, sizeof c->id) != 0)
        return diag_set(err, -ERR_REFUSED, "segment %u is of another spool than the one that is kept here", c->segment);
    if (c->segment != had->segment + 1 || c->size <= had->size)
        return diag_set(err, -ERR_REFUSED, "segment %u with records to %llu does not follow segment %u with records to %llu",
                        c->segment, (unsigned long long) c->size, had->segment, (unsigned long long) had->size);
    return c->has_packed ? 0 : diag_set(err, -ERR_CORRUPT, "the checkpoint of segment %u does not name its file", c->segment);
}

static int check_file(const struct spool_adopter *a, const struct spool_checkpoint *c, struct diag *err) {
    struct spool_file plain = spool_file_plain(a->fd);
    uint8_t sum[SHA256_BYTES];
    int r = spool_file_sha256(&plain, sum);
    if (r == 0 && memcmp(sum, c->packed, sizeof sum) != 0)
        r = -ERR_CORRUPT;
    return r < 0 ? diag_set(err, r, "the file of segment %u is not the one that was signed for: %s", c->segment, err_word(r)) : 0;
}

/* ---- does the tree that is here grow into the one that was signed? ---- */

static int check_root(struct spool_adopter *a, const struct spool_checkpoint *c, struct diag *err) {
    struct merkle_hash root;
    merkle_root(&a->held.grower.tree, &root);
    if (a->held.grower.tree.size != c->size || memcmp(&root, &c->root, sizeof root) != 0)
        return diag_set(err, -ERR_REFUSED, "with segment %u the records that are kept here do not give the tree that was signed: "
                        "what came before was rewritten there", c->segment);
    return 0;
}

static int grow(struct spool_adopter *a, const struct spool_checkpoint *c, struct diag *err) {
    struct spool_file file = {.fd = -1};
    struct spool_header head;
    int fd = dup(a->fd);
    int r = fd < 0 ? -errno : spool_file_sealed(fd, &file);
    if (r < 0)
        return diag_set(err, r, "segment %u cannot be read: %s", c->segment, err_word(r));
    r = spool_segment_header(&file, c->segment, &head);
    if (r == 0 && memcmp(head.id, c->id, sizeof head.id) != 0)
        r = -ERR_CORRUPT;
    if (r == 0)
        r = tree_grow(&a->held.grower, &file, &head, c->size);
    spool_file_close(&file);
    if (r < 0)
        return diag_set(err, r, "the records of segment %u cannot be read: %s", c->segment, err_word(r));
    return check_root(a, c, err);
}

/* Below a node that is given as a whole there are none. */
static int grow_removed(struct spool_adopter *a, const struct spool_checkpoint *c, const struct spool_removal *x, struct diag *err) {
    struct merkle_tree *tree = &a->held.grower.tree;
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < x->n; i++) {
        unsigned level = x->nodes[i].level;
        if (level > TREE_BASE_LEVEL)
            r = tree_file_skip(&a->held.tree, (2ull << (level - TREE_BASE_LEVEL)) - 2);
        if (r == 0)
            r = merkle_add_node(tree, level, &x->nodes[i].hash, tree_file_add, &a->held.tree);
    }
    return r < 0 ? diag_set(err, r, "the tree cannot grow over segment %u: %s", c->segment, err_word(r)) : check_root(a, c, err);
}

/* ---- onto the disk ---- */

static int give_name(struct spool_adopter *a, const struct spool_checkpoint *c) {
    char name[SPOOL_NAME_CAP];
    uint8_t sum[SHA256_BYTES];
    spool_sealed_name(c->segment, name);
    if (fchmod(a->fd, 0400) < 0 || fsync(a->fd) < 0)
        return -errno;
    if (renameat2(a->held.dir_fd, temporary, a->held.dir_fd, name, RENAME_NOREPLACE) == 0)
        return fsync(a->held.dir_fd) < 0 ? -errno : 0;
    if (errno != EEXIST)
        return -errno;
    /* Killed before its checkpoint was written: the same file, or somebody's. */
    struct spool_file there = spool_file_plain(openat(a->held.dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    int r = there.fd < 0 ? -errno : spool_file_sha256(&there, sum);
    spool_file_close(&there);
    return r < 0 ? r : memcmp(sum, c->packed, sizeof sum) == 0 ? 0 : -EEXIST;
}

static int put_note(const struct spool_adopter *a, const struct spool_checkpoint *c, struct str note) {
    char name[SPOOL_NAME_CAP], path[sizeof a->held.dir + SPOOL_NAME_CAP];
    (void) snprintf(path, sizeof path, "%s/%s", a->held.dir, spool_checkpoint_name(c->segment, name));
    return access(path, F_OK) == 0 ? -EEXIST : file_write_atomic(path, note, 0444, NULL);
}

/* Nothing changed when it fails. */
static int undo(struct spool_adopter *a, const struct merkle_tree *before, int r) {
    a->held.grower.tree = *before;
    IGNORE(tree_file_cut(&a->held.tree, before->size));
    return r;
}

int spool_adopter_take(struct spool_adopter *a, struct str note, struct diag *reterr) {
    struct spool_checkpoint c;
    int r = read_note(a, note, &c, reterr);
    if (r == 0 && a->fd < 0)
        r = diag_set(reterr, -EINVAL, "no bytes were given for segment %u", c.segment);
    if (r < 0 || (r = check_note(a, &c, reterr)) < 0 || (r = check_file(a, &c, reterr)) < 0)
        return r;
    struct merkle_tree before = a->held.grower.tree;
    r = grow(a, &c, reterr);
    if (r < 0)
        return undo(a, &before, r);
    r = tree_file_sync(&a->held.tree);
    if (r == 0)
        r = give_name(a, &c);
    if (r == 0)
        r = put_note(a, &c, note);
    if (r < 0)
        return undo(a, &before, diag_set(reterr, r, "segment %u cannot be kept in '%s': %s", c.segment, a->held.dir, err_word(r)));
    a->held.newest = c;
    close(a->fd);
    a->fd = -1;
    return 0;
}

/* Its records are those between what is here and its checkpoint, and no more than a segment can hold. */
static int read_removal(const struct spool_adopter *a, const struct spool_checkpoint *c, struct str note, struct spool_removal *ret,
                        struct diag *err) {
    int r = spool_removal_read(note, a->key, ret, err);
    if (r == 0 && (memcmp(ret->id, c->id, sizeof ret->id) != 0 || ret->segment != c->segment || ret->from != a->held.newest.size + 1 ||
                   ret->to != c->size || ret->to - ret->from >= SPOOL_HOLES_MAX))
        r = diag_set(err, -ERR_CORRUPT, "the note of the removal of segment %u is not about the records that would follow here", c->segment);
    return r == -ERR_PARSE ? diag_set(err, -ERR_CORRUPT, "what came is no note of a removal") : r;
}

int spool_adopter_take_removed(struct spool_adopter *a, struct str note, struct str removal, struct diag *reterr) {
    CLEANUP(mem_freep) struct spool_removal *x = mem_alloc(sizeof *x);
    struct spool_checkpoint c;
    int r = x ? read_note(a, note, &c, reterr) : diag_set(reterr, -ENOMEM, "out of memory");
    if (r < 0 || (r = check_note(a, &c, reterr)) < 0 || (r = read_removal(a, &c, removal, x, reterr)) < 0)
        return r;
    struct merkle_tree before = a->held.grower.tree;
    r = grow_removed(a, &c, x, reterr);
    if (r < 0)
        return undo(a, &before, r);
    r = tree_file_sync(&a->held.tree);
    if (r == 0)
        r = spool_removal_save(a->held.dir, c.segment, removal, NULL);
    if (r == 0)
        r = put_note(a, &c, note);
    if (r < 0)
        return undo(a, &before, diag_set(reterr, r, "what stands for segment %u cannot be kept in '%s': %s", c.segment, a->held.dir, err_word(r)));
    a->held.newest = c;
    return 0;
}
