#include "spool/verify.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "spool/removal.h"
#include "spool/segment.h"
#include "spool/tree.h"

#include <fcntl.h>

/* One pass. The tree grows record by record; whenever its size is that of a checkpoint, the roots are compared. Gaps
 * wait for that: when the root fits, they were there already when it was signed. Whole blocks of 2^TREE_BASE_LEVEL
 * records are compared with the file "tree" as they become complete; it is no proof, but when a root does not fit it
 * says where. */

enum { WAITING_MAX = 1000, BLOCK = 1 << TREE_BASE_LEVEL };

struct known {
    struct spool_checkpoint c;
    bool elsewhere;
};
struct place {
    uint32_t segment;
    uint64_t first;
};
struct range {
    uint64_t from, to;
};
struct verify {
    const struct spool_verify_options *o;
    struct spool_verified *ret;
    int dir_fd;
    struct arena arena;
    struct known *known; /* by size */
    size_t n_known, known_cap, next;
    struct place *places;
    size_t n_places, places_cap;
    struct spool_fault waiting[WAITING_MAX];
    size_t n_waiting;
    struct range differs[WAITING_MAX]; /* blocks unlike the file "tree" */
    size_t n_differs;
    struct range last_gap;
    uint64_t held; /* records up to here fit a checkpoint */
    bool broken;   /* a root did not fit: those behind it cannot either */
    struct tree_file tree;
    struct tree_grower grower;
};

static uint32_t segment_of(const struct verify *v, uint64_t record) {
    uint32_t best = 0;
    for (size_t i = 0; i < v->n_places && v->places[i].first <= record; i++)
        best = v->places[i].segment;
    return best;
}

static void tell(struct verify *v, struct spool_fault f) {
    if (!f.why)
        f.why = "";
    if (!f.segment && f.from)
        f.segment = segment_of(v, f.from);
    v->ret->faults += f.kind != SPOOL_LOST && f.kind != SPOOL_REMOVED;
    v->o->fault(v->o->ctx, &f);
}

/* Gaps that begin up to `size`: lost before they were sealed, or since. */
static void tell_waiting(struct verify *v, uint64_t size, bool known_lost) {
    size_t left = 0;
    for (size_t i = 0; i < v->n_waiting; i++) {
        struct spool_fault f = v->waiting[i];
        if (f.from > size) {
            v->waiting[left++] = f;
            continue;
        }
        if (known_lost)
            f.kind = SPOOL_LOST;
        tell(v, f);
    }
    v->n_waiting = left;
}

/* ---- checkpoints ---- */

static int by_size(const void *a, const void *b) {
    const struct known *x = a, *y = b;
    return (x->c.size > y->c.size) - (x->c.size < y->c.size);
}

static int add_known(struct verify *v, struct str note, uint32_t segment, bool elsewhere) {
    struct diag d = {0};
    struct known k = {.elsewhere = elsewhere};
    int r = spool_checkpoint_read(note, v->o->key, &k.c, &d);
    if (r == 0 && !elsewhere && k.c.segment != segment)
        r = diag_set(&d, -ERR_PARSE, "it is that of segment %u", k.c.segment);
    if (r < 0) {
        tell(v, (struct spool_fault){
                    .kind = SPOOL_BAD_CHECKPOINT, .segment = segment, .why = d.text});
        return 0;
    }
    r = mem_grow((void **) &v->known, &v->known_cap, v->n_known + 1, UINT32_MAX, sizeof k);
    if (r == 0)
        v->known[v->n_known++] = k;
    return r;
}

static int load_checkpoints(struct verify *v, const char *dir, struct diag *reterr) {
    struct spool_segments l;
    char path[4096], name[SPOOL_NAME_CAP];
    int r = spool_checkpoints_list(v->dir_fd, &l, reterr);
    for (uint32_t i = 0; r == 0 && i < l.n; i++) {
        struct str note;
        struct diag d = {0};
        arena_reset(&v->arena);
        (void) snprintf(path, sizeof path, "%s/%s", dir, spool_checkpoint_name(l.at[i], name));
        if (file_read(&v->arena, path, CHECKPOINT_BYTES_MAX, &note, &d) < 0)
            tell(v, (struct spool_fault){
                        .kind = SPOOL_BAD_CHECKPOINT, .segment = l.at[i], .why = d.text});
        else
            r = add_known(v, note, l.at[i], false);
    }
    spool_segments_done(&l);
    for (size_t i = 0; r == 0 && i < v->o->n_elsewhere; i++)
        r = add_known(v, v->o->elsewhere[i], 0, true);
    if (r < 0)
        return diag_set(reterr, r, "out of memory");
    if (v->n_known)
        qsort(v->known, v->n_known, sizeof *v->known, by_size);
    return 0;
}

/* The compressed file itself: some bits of it could change without changing what it holds. */
static void check_file(struct verify *v, uint32_t segment, const struct spool_file *file) {
    uint8_t sum[SHA256_BYTES];
    size_t i = 0;
    while (i < v->n_known && (v->known[i].elsewhere || v->known[i].c.segment != segment))
        i++;
    if (i == v->n_known)
        tell(v, (struct spool_fault){.kind = SPOOL_NO_CHECKPOINT, .segment = segment});
    else if (v->known[i].c.has_packed &&
             (spool_file_sha256(file, sum) < 0 || memcmp(sum, v->known[i].c.packed, sizeof sum) != 0))
        tell(v, (struct spool_fault){.kind = SPOOL_REPACKED, .segment = segment});
}

/* ---- comparing ---- */

/* A block with a hole differs for that reason. */
static bool has_gap(const struct verify *v, uint64_t from, uint64_t to) {
    for (size_t i = 0; i < v->n_waiting; i++)
        if (v->waiting[i].from < to && (v->waiting[i].to > from || v->waiting[i].to == 0))
            return true;
    return v->last_gap.from < to && v->last_gap.to > from;
}

static void add_differs(struct verify *v, uint64_t from, uint64_t to) {
    if (has_gap(v, from, to))
        return;
    if (v->n_differs && v->differs[v->n_differs - 1].to == from)
        v->differs[v->n_differs - 1].to = to;
    else if (v->n_differs < WAITING_MAX)
        v->differs[v->n_differs++] = (struct range){from, to};
}

/* The blocks that differ, or all that no checkpoint has confirmed up to `last`. */
static void tell_changed(struct verify *v, uint64_t last) {
    for (size_t i = 0; i < v->n_differs; i++)
        tell(v, (struct spool_fault){.kind = SPOOL_CHANGED,
                                     .from = MAX(v->differs[i].from, v->held + 1),
                                     .to = MIN(v->differs[i].to, last + 1)});
    if (v->n_differs == 0 && v->n_waiting == 0) {
        uint64_t block = last / BLOCK * BLOCK;
        tell(v, (struct spool_fault){
                    .kind = SPOOL_CHANGED, .from = MAX(v->held, block) + 1, .to = last + 1});
    }
    v->n_differs = 0;
}

static void compare(struct verify *v, const struct merkle_tree *tree, const struct known *k) {
    struct merkle_hash root;
    merkle_root(tree, &root);
    bool same_spool = memcmp(k->c.id, v->ret->id, sizeof k->c.id) == 0;
    if (!same_spool) {
        tell(v, (struct spool_fault){.kind = SPOOL_BAD_CHECKPOINT,
                                     .segment = k->elsewhere ? 0 : k->c.segment,
                                     .why = "it is about another spool"});
    } else if (memcmp(&root, &k->c.root, sizeof root) == 0) {
        tell_waiting(v, k->c.size, true);
        if (v->n_differs)
            tell(v, (struct spool_fault){.kind = SPOOL_BAD_TREE,
                                         .from = v->differs[0].from,
                                         .to = v->differs[v->n_differs - 1].to});
        v->n_differs = 0;
        v->held = k->c.size;
        v->ret->newest = k->c;
    } else if (!v->broken) {
        v->broken = true;
        tell_changed(v, k->c.size);
        tell_waiting(v, k->c.size, false);
    }
}

/* Called while leaf `index` is being added: the peaks are still those of the tree before it. */
static void compare_before(struct verify *v, uint64_t index) {
    if (v->next == v->n_known || v->known[v->next].c.size != index)
        return;
    struct merkle_tree before = v->grower.tree;
    before.size = index;
    while (v->next < v->n_known && v->known[v->next].c.size == index)
        compare(v, &before, &v->known[v->next++]);
}

static int on_node(void *ctx, unsigned level, uint64_t index, const struct merkle_hash *hash) {
    struct verify *v = ctx;
    struct merkle_hash stored;
    if (level == 0)
        compare_before(v, index);
    if (level == TREE_BASE_LEVEL && v->tree.fd >= 0 &&
        tree_file_get(&v->tree, level, index, &stored) == 0 &&
        memcmp(&stored, hash, sizeof stored) != 0)
        add_differs(v, index * BLOCK + 1, (index + 1) * BLOCK + 1);
    return 0;
}

static void on_gap(void *ctx, const struct spool_gap *gap) {
    struct verify *v = ctx;
    struct spool_fault f = {
        .kind = gap->to_at > gap->from_at ? SPOOL_UNREADABLE : SPOOL_MISSING,
        .segment = gap->segment,
        .from = gap->from_number,
        .to = gap->to_number,
        .from_at = gap->from_at,
        .to_at = gap->to_at,
    };
    if (v->n_waiting < WAITING_MAX)
        v->waiting[v->n_waiting++] = f;
    v->last_gap = (struct range){f.from, f.to};
}

/* ---- segments ---- */

static int one_segment(struct verify *v, uint32_t segment) {
    struct spool_file file;
    struct spool_header head;
    int r = spool_file_open(v->dir_fd, segment, &file);
    if (r == -ENOMEM)
        return r;
    bool damaged = r == -ERR_CORRUPT; /* the seek table */
    if (r == 0 && (r = spool_segment_header(&file, segment, &head)) < 0) {
        damaged = spool_file_damaged(&file) > 0;
        spool_file_close(&file);
    }
    if (r < 0) {
        tell(v, (struct spool_fault){.kind = damaged ? SPOOL_UNREADABLE : SPOOL_FOREIGN,
                                     .segment = segment,
                                     .why = damaged ? "it cannot be decompressed" : err_word(r)});
        return 0;
    }
    if (v->n_places == 0)
        memcpy(v->ret->id, head.id, sizeof head.id);
    bool mine = memcmp(v->ret->id, head.id, sizeof head.id) == 0;
    if (!mine)
        tell(v, (struct spool_fault){.kind = SPOOL_FOREIGN,
                                     .segment = segment,
                                     .why = "it belongs to another spool"});
    if (file.pieces)
        check_file(v, segment, &file);
    r = mem_grow((void **) &v->places, &v->places_cap, v->n_places + 1, UINT32_MAX,
                 sizeof *v->places);
    if (r == 0 && mine) {
        v->places[v->n_places++] = (struct place){segment, head.first};
        r = tree_grow(&v->grower, &file, &head, UINT64_MAX - 1);
        int64_t size = spool_file_size(&file);
        v->ret->bytes += size > 0 ? (uint64_t) size : 0;
    }
    spool_file_close(&file);
    if (r == -ERR_LIMIT) {
        tell(v, (struct spool_fault){.kind = SPOOL_MISSING,
                                     .segment = segment,
                                     .from = v->grower.tree.size + 1,
                                     .to = head.first,
                                     .why = "too many to go on"});
        return 0;
    }
    return r;
}

/* The tree grows over what was removed by the nodes of the note; that they are right the next root says. */
static bool take_removal(struct verify *v, const char *dir, uint32_t segment) {
    struct spool_removal *x = mem_alloc(sizeof *x);
    struct diag d = {0};
    bool fits = false;
    const struct sign_public *by = NULL;
    int r = x ? spool_removal_load_by(dir, segment, v->o->key, v->o->vault, x, &by, &d) : -ENOMEM;
    uint64_t at = v->grower.tree.size + 1;
    if (r == 0 && v->n_known && memcmp(x->id, v->known[0].c.id, sizeof x->id) == 0 && x->from >= at) {
        if (x->from > at) { /* no root behind it can fit any more; what is missing is told, and where */
            tell(v, (struct spool_fault){.kind = SPOOL_MISSING, .segment = segment - 1, .from = at, .to = x->from});
            v->grower.tree.size = x->from - 1;
            v->broken = true;
        }
        if (v->n_places == 0)
            memcpy(v->ret->id, x->id, sizeof x->id);
        compare_before(v, v->grower.tree.size);
        for (uint32_t i = 0; i < x->n; i++)
            IGNORE(merkle_add_node(&v->grower.tree, x->nodes[i].level, &x->nodes[i].hash, NULL, NULL)); /* of done */
        fits = true;
        tell(v, (struct spool_fault){
                    .kind = SPOOL_REMOVED, .segment = segment, .from = x->from, .to = x->to + 1, .why = x->why, .by = by, .at_ns = x->removed_ns});
        while (v->next < v->n_known && v->known[v->next].c.size <= v->grower.tree.size)
            compare(v, &v->grower.tree, &v->known[v->next++]);
    } else if (r != -ENOENT) {
        tell(v, (struct spool_fault){.kind = SPOOL_BAD_CHECKPOINT,
                                     .segment = segment,
                                     .why = r < 0 ? d.text : "the note of its removal does not fit what is here"});
    }
    mem_free(x);
    return fits;
}

static bool has_checkpoint(const struct verify *v, uint32_t segment) {
    for (size_t i = 0; i < v->n_known; i++)
        if (!v->known[i].elsewhere && v->known[i].c.segment == segment)
            return true;
    return false;
}

/* Segments whose files are not there, [from, to). */
static void tell_missing(struct verify *v, const char *dir, uint32_t from, uint32_t to, bool none_before) {
    bool any = false;
    uint32_t told = 0; /* of what was removed lawfully there may be years */
    for (uint32_t k = from; k < to && told < WAITING_MAX; k++) {
        bool removed = take_removal(v, dir, k);
        any |= removed;
        told += !removed;
        /* Before the first one that is kept nothing says that there ever was one, but a note or a checkpoint. */
        if (!removed && (!none_before || any || has_checkpoint(v, k)))
            tell(v, (struct spool_fault){.kind = SPOOL_MISSING, .segment = k, .why = "its file is not there"});
    }
}

static int all_segments(struct verify *v, const char *dir, struct diag *reterr) {
    struct spool_segments l;
    int r = spool_segments_list(v->dir_fd, false, &l, reterr);
    if (r < 0)
        return r;
    for (uint32_t i = 0; r == 0 && i < l.n; i++) {
        if (v->o->progress)
            v->o->progress(v->o->ctx, i, l.n);
        tell_missing(v, dir, i ? l.at[i - 1] + 1 : 1, l.at[i], i == 0);
        r = one_segment(v, l.at[i]);
    }
    v->ret->segments = l.n;
    v->ret->first = v->n_places ? v->places[0].first : 0;
    v->ret->last = v->grower.tree.size;
    if (v->o->progress)
        v->o->progress(v->o->ctx, l.n, l.n);
    spool_segments_done(&l);
    return r < 0 ? diag_set(reterr, r, "cannot read the spool: %s", err_word(r)) : 0;
}

/* What is left when the last record has been read. */
static void at_the_end(struct verify *v) {
    uint64_t last = v->grower.tree.size;
    while (v->next < v->n_known && v->known[v->next].c.size <= last)
        compare(v, &v->grower.tree, &v->known[v->next++]);
    if (v->broken && v->n_differs)
        tell_changed(v, last);
    tell_waiting(v, UINT64_MAX, false);
    if (v->next < v->n_known) {
        const struct known *k = &v->known[v->n_known - 1];
        tell(v, (struct spool_fault){
                    .kind = SPOOL_CUT,
                    .segment = k->c.segment,
                    .from = last + 1,
                    .to = k->c.size + 1,
                    .why = k->elsewhere ? "a checkpoint kept elsewhere knows of them" : ""});
    }
    v->ret->checkpoints = (uint32_t) v->n_known;
}

int spool_verify(const char *dir, const struct spool_verify_options *o, struct spool_verified *ret,
                 struct diag *reterr) {
    struct verify *v = mem_zalloc(sizeof *v);
    *ret = (struct spool_verified){0};
    if (!v)
        return diag_set(reterr, -ENOMEM, "out of memory");
    v->o = o;
    v->ret = ret;
    v->tree.fd = -1;
    v->grower.done = on_node;
    v->grower.ctx = v;
    v->grower.gap = on_gap;
    arena_init(&v->arena, (size_t) 1 << 16);
    v->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = v->dir_fd < 0 ? diag_set(reterr, -errno, "cannot open the spool '%s': %s", dir,
                                     err_word(-errno))
                          : 0;
    int fd = r == 0 ? openat(v->dir_fd, "tree", O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (fd >= 0)
        r = tree_file_begin(&v->tree, fd);
    if (r == 0)
        r = load_checkpoints(v, dir, reterr);
    if (r == 0)
        r = all_segments(v, dir, reterr);
    if (r == 0)
        at_the_end(v);
    tree_file_end(&v->tree);
    tree_grower_done(&v->grower);
    arena_done(&v->arena);
    mem_free(v->known);
    mem_free(v->places);
    if (v->dir_fd >= 0)
        close(v->dir_fd);
    mem_free(v);
    return r;
}
