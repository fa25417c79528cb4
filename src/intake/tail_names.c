/* Which name is which file: the cases stand at the head of tail.c. */
#include "base/mem.h"
#include "intake/tail_priv.h"
#include "intake/unpack.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <limits.h>

static int64_t born_ns(int fd) {
    struct statx x = {0};
    if (fd < 0 || statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &x) < 0 || !(x.stx_mask & STATX_BTIME))
        return 0;
    return x.stx_btime.tv_sec * NS_PER_S + x.stx_btime.tv_nsec;
}

static void take_identity(struct tail_file *f, const struct stat *st) {
    f->id.dev = st->st_dev;
    f->id.ino = st->st_ino;
    f->id.born_ns = born_ns(f->fd);
    f->size = (uint64_t) st->st_size;
}

/* A state that only spares work at the next start: a full disk may miss it. */
static void tidy(int result UNUSED) {
}

static void activate(struct tail *t, struct tail_file *f, const char *path, int fd,
                     const struct stat *st) {
    t->past_n -= f->state == TAIL_PAST;
    f->state = TAIL_ACTIVE;
    f->fd = fd;
    f->cut_ns = 0;
    f->named = true;
    f->grown_ns = live_now(t->transport.live);
    bool moved = f->id.ino != st->st_ino || f->id.dev != st->st_dev;
    take_identity(f, st);
    tail_rename_file(f, path);
    if (t->scans < STARTING_SCANS)
        f->backfill_until = (uint64_t) st->st_size;
    if (moved)
        tidy(tail_put_identity(t, f));
}

/* Begin behind the last line end. */
static int skip_content(struct tail *t, struct tail_file *f) {
    uint64_t from = f->size > LINE_BYTES_MAX ? f->size - LINE_BYTES_MAX : 0;
    ssize_t n = pread(f->fd, t->chunk, (size_t) (f->size - from), (off_t) from);
    if (n < 0)
        return -errno;
    const char *lf = memrchr(t->chunk, '\n', (size_t) n);
    uint64_t offset = lf ? from + (uint64_t) (lf - t->chunk) + 1 : from;
    int r = tail_mark_at(f->fd, offset, &f->at);
    f->id.head_n = (uint16_t) MIN(offset, (uint64_t) TAIL_HEAD_BYTES);
    if (r == 0)
        r = tail_head(f->fd, f->id.head_n, f->id.head);
    if (r == 0)
        r = tail_put_identity(t, f);
    if (r == 0)
        r = tail_put_mark(t, f);
    if (r < 0) {
        f->at = (struct tail_mark){0};
        f->id.head_n = 0;
    }
    return r;
}

static struct tail_file *add_file(struct tail *t, const char *path, enum tail_state state, int fd,
                                  const struct stat *st) {
    struct tail_file *f = t->files_n < TAIL_FILES_MAX ? tail_file_new(t, path) : NULL;
    if (!f) {
        live_counters(t->transport.live, t->source)->broken++;
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    f->state = state;
    f->fd = fd;
    f->named = true;
    f->looked = t->retired;
    f->grown_ns = live_now(t->transport.live);
    take_identity(f, st);
    return f;
}

/* Does it begin like content that is gone and of which more was read? Then it may be a copy that
 * was made before the last lines came: nothing can tell, so that it is read, and counted. */
static bool may_come_again(const struct tail *t, int fd, const struct stat *st) {
    uint8_t head[8];
    LIST_FOR_EACH(it, &t->files) {
        struct tail_file *g = container_of(it, struct tail_file, link);
        if (g->state == TAIL_PAST && g->id.head_n && st->st_size >= g->id.head_n &&
            (uint64_t) st->st_size < g->at.offset && tail_head(fd, g->id.head_n, head) == 0 &&
            memcmp(head, g->id.head, sizeof head) == 0)
            return true;
    }
    return false;
}

static void add_new(struct tail *t, const char *path, int fd, const struct stat *st) {
    bool again = may_come_again(t, fd, st);
    struct tail_file *f = add_file(t, path, TAIL_ACTIVE, fd, st);
    if (!f)
        return;
    f->no = t->next_no++;
    live_counters(t->transport.live, t->source)->again += again;
    int64_t changed_ns = st->st_mtim.tv_sec * NS_PER_S + st->st_mtim.tv_nsec;
    if (t->scans == 0 || changed_ns < t->began_ns || f->grown_ns - changed_ns > FRESH_S * NS_PER_S)
        f->backfill_until = (uint64_t) st->st_size;
    if (t->scans == 0 && t->o.skip_existing && !t->known && st->st_size > 0)
        (void) skip_content(t, f); /* when it cannot be skipped it is read */
}

/* Case 4: kept in the spool too, so that a restart does not take it for new. */
static void add_copy(struct tail *t, const char *path, int fd, const struct stat *st) {
    struct tail_file *f = add_file(t, path, TAIL_IGNORED, fd, st);
    if (!f)
        return;
    f->no = t->next_no++;
    f->id.copy = true;
    f->id.head_n = (uint16_t) MIN((uint64_t) st->st_size, (uint64_t) TAIL_HEAD_BYTES);
    if (tail_head(fd, f->id.head_n, f->id.head) == 0 &&
        tail_mark_at(fd, (uint64_t) st->st_size, &f->at) == 0 && tail_put_identity(t, f) == 0)
        tidy(tail_put_mark(t, f));
    close(fd);
    f->fd = -1;
}

/* What an unknown file is. */
enum verdict {
    IS_NEW,
    /* Not clear yet: it is empty, or what it might be a copy of is being truncated this moment, was
     * not read yet, or may have been missed by this scan between two names. A later scan knows. */
    IS_OPEN,
    IS_COPY, /* case 4 */
    GOES_ON, /* cases 3 and 3a */
};

/* Files of this scan that are new as far as known files can tell. */
struct unknown {
    const char *path; /* in the scan's list of names */
    int fd;
    struct stat st;
    enum verdict verdict; /* IS_NEW or IS_OPEN */
    bool waits;
    size_t head_n;
    char head[TAIL_HEAD_BYTES];
};
struct unknowns {
    struct unknown *at;
    size_t n, cap;
};

static bool unknowns_have(const struct unknowns *us, const struct stat *st) {
    for (size_t i = 0; i < us->n; i++)
        if (us->at[i].st.st_ino == st->st_ino && us->at[i].st.st_dev == st->st_dev)
            return true;
    return false;
}

static bool unknowns_add(struct unknowns *us, const struct unknown *u) {
    if (mem_grow((void **) &us->at, &us->cap, us->n + 1, TAIL_FILES_MAX, sizeof *u) < 0)
        return false;
    us->at[us->n++] = *u;
    return true;
}

/* Is the original another file now, or was it truncated after this scan looked at it? */
static bool has_changed(const struct tail_file *g, int original) {
    struct stat now;
    uint8_t head[8];
    return fstat(original, &now) < 0 || now.st_ino != g->id.ino || now.st_dev != g->id.dev ||
           (uint64_t) now.st_size < g->at.offset || tail_head(original, g->id.head_n, head) < 0 ||
           (g->id.head_n && memcmp(head, g->id.head, sizeof head) != 0);
}

/* `original` is open on what g is. */
static enum verdict judge_beside(const struct tail_file *g, int original, int fd,
                                 const struct stat *st) {
    struct stat now;
    enum verdict v = IS_NEW;
    if (fstat(original, &now) < 0)
        return IS_OPEN;
    if (now.st_size >= st->st_size) {
        /* Invariant 4: only what was read has a copy; else the original could be truncated before
         * it is read, and the copy would be all there is. */
        if (tail_same_start(original, fd, (uint64_t) st->st_size) == 1)
            v = g->at.offset ? IS_COPY : IS_OPEN;
    } else if (g->at.offset && tail_content_is(fd, (uint64_t) st->st_size, g) == 1) {
        v = tail_same_start(original, fd, (uint64_t) now.st_size) == 1 ? GOES_ON : IS_OPEN;
    }
    /* last, so that what was compared above was whole, and was what we have read */
    return has_changed(g, original) ? IS_OPEN : v;
}

static enum verdict judge_active(const struct tail_file *g, int fd, const struct stat *st) {
    if (g->state == TAIL_ACTIVE)
        return judge_beside(g, g->fd, fd, st);
    int own = open(g->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (own < 0) /* gone: PAST at the next scan; not ours to read any more: nothing to compare */
        return errno == ENOENT ? IS_OPEN : IS_NEW;
    struct stat now;
    bool moved = fstat(own, &now) < 0 || now.st_ino != g->id.ino || now.st_dev != g->id.dev;
    enum verdict v = moved ? IS_OPEN : judge_beside(g, own, fd, st);
    close(own);
    return v;
}

/* Is fd what was read of f? A fingerprint that a kill kept from the spool is made up for, and
 * checked with the rest: without one a truncation could go unnoticed. */
static bool is_content_of(struct tail_file *f, int fd, const struct stat *st) {
    struct tail_file whole = *f;
    size_t n = (size_t) MIN(f->at.offset, (uint64_t) TAIL_HEAD_BYTES);
    if (whole.id.head_n < n) {
        whole.id.head_n = (uint16_t) n;
        if (tail_content_is(fd, (uint64_t) st->st_size, f) != 1 ||
            tail_head(fd, n, whole.id.head) < 0)
            return false;
    }
    if (tail_content_is(fd, (uint64_t) st->st_size, &whole) != 1)
        return false;
    f->id = whole.id;
    return true;
}

/* A file that is not there under a name this scan has seen. */
static enum verdict judge_past(struct tail_file *g, int fd, const struct stat *st) {
    uint64_t size = (uint64_t) st->st_size;
    uint8_t head[8];
    if (g->at.offset == 0 || g->id.copy)
        return IS_NEW;
    if (is_content_of(g, fd, st))
        return g->unsure ? IS_OPEN : GOES_ON;
    /* a copy that is not whole yet, its original missed between two names? */
    if (!g->unsure || size >= g->at.offset)
        return IS_NEW;
    return size < g->id.head_n || tail_head(fd, g->id.head_n, head) < 0 ||
                   memcmp(head, g->id.head, sizeof head) == 0
               ? IS_OPEN
               : IS_NEW;
}

static enum verdict judge(struct tail *t, int fd, const struct stat *st,
                          struct tail_file **ret_known) {
    enum verdict v = IS_NEW;
    if (st->st_size == 0)
        return IS_OPEN; /* a copy begins like that as well as a new file */
    for (int past = 1; past >= 0 && v < IS_COPY; past--)
        LIST_FOR_EACH(it, &t->files) {
            struct tail_file *g = container_of(it, struct tail_file, link);
            if (v >= IS_COPY || g->state == TAIL_IGNORED || (g->state == TAIL_PAST) != past)
                continue;
            enum verdict with = past ? judge_past(g, fd, st) : judge_active(g, fd, st);
            v = MAX(v, with);
            if (with == GOES_ON)
                *ret_known = g;
        }
    return v;
}

/* ".1", "-20260101", ".2026-01-01T00", ".old": what rotation puts behind a name. */
static bool is_rotation_ending(const char *z) {
    if (!strchr("-._", *z) || !*z)
        return false;
    z++;
    return strcmp(z, "old") == 0 || (ascii_digit(*z) && z[strspn(z, "0123456789-._:TZ")] == 0);
}

/* Case 6. */
static bool is_missed_rotation(const struct tail *t, const char *path, const struct stat *st) {
    char name[PATH_MAX];
    size_t n = strlen(path);
    if (st->st_mtim.tv_sec * NS_PER_S + st->st_mtim.tv_nsec <= t->o.read_back_ns)
        return false;
    /* a second earlier: files carry the time of the last clock interrupt */
    if (st->st_mtim.tv_sec < t->first_sight_ns / NS_PER_S - 1 || n >= sizeof name)
        return false;
    memcpy(name, path, n + 1);
    for (size_t i = n; i-- > 1 && name[i] != '/';) {
        if (!is_rotation_ending(path + i))
            continue;
        name[i] = 0;
        if (fnmatch(t->pattern, name, FNM_PATHNAME) == 0 || strcmp(t->pattern, name) == 0)
            return true;
    }
    return false;
}

static bool find_inode(struct tail *t, const struct stat *st) {
    LIST_FOR_EACH(it, &t->files) {
        struct tail_file *f = container_of(it, struct tail_file, link);
        if (f->state != TAIL_PAST && f->id.ino == st->st_ino && f->id.dev == st->st_dev)
            return true;
    }
    return false;
}

/* Case 3a: g was read where only its copy was; the longer one is where it goes on. */
static bool hand_over(struct tail *t, struct tail_file *g) {
    struct stat st;
    int fd = g->state == TAIL_ACTIVE ? g->fd : open(g->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0 || st.st_ino != g->id.ino || st.st_dev != g->id.dev) {
        if (fd >= 0 && fd != g->fd)
            close(fd);
        return false; /* next time */
    }
    g->fd = -1;
    add_copy(t, g->path, fd, &st);
    return true;
}

/* A file nobody knows by device and inode. `ours`: the pattern has its name. */
static void examine(struct tail *t, struct unknowns *us, const char *path, bool ours) {
    struct unknown u = {.path = path};
    u.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (u.fd < 0)
        return; /* gone, or not ours to read: looked at again by the next scan */
    ssize_t n = fstat(u.fd, &u.st) == 0 && S_ISREG(u.st.st_mode)
                    ? pread(u.fd, u.head, sizeof u.head, 0)
                    : -1;
    /* known: the name leads elsewhere than a moment ago */
    if (n < 0 || find_inode(t, &u.st) || unknowns_have(us, &u.st)) {
        close(u.fd);
        return;
    }
    u.head_n = MIN((size_t) n, (size_t) u.st.st_size);
    if (n > 0 && intake_packing_of(str_n(u.head, MIN((size_t) n, (size_t) 4))) != INTAKE_PLAIN) {
        t->packed_ns = MAX(t->packed_ns, u.st.st_ctim.tv_sec * NS_PER_S + u.st.st_ctim.tv_nsec);
        if (add_file(t, path, TAIL_IGNORED, -1, &u.st))
            close(u.fd);
        return;
    }
    struct tail_file *g = NULL;
    u.verdict = judge(t, u.fd, &u.st, &g);
    if (u.verdict == GOES_ON && (g->state == TAIL_PAST || hand_over(t, g)))
        activate(t, g, path, u.fd, &u.st);
    else if (u.verdict == IS_COPY)
        add_copy(t, path, u.fd, &u.st);
    else if (u.verdict == GOES_ON || !(ours || is_missed_rotation(t, path, &u.st)) ||
             !unknowns_add(us, &u))
        close(u.fd);
}

/* Does one of the two begin with all of the other? The longer one, or else the first, is asked
 * about. */
static bool is_start_of(const struct unknown *u, const struct unknown *v) {
    size_t n = MIN(u->head_n, v->head_n);
    return u->st.st_size <= v->st.st_size && n > 0 && memcmp(u->head, v->head, n) == 0 &&
           tail_same_start(u->fd, v->fd, (uint64_t) u->st.st_size) != 0;
}

/* Invariant 5. */
static bool waits_for_another(const struct unknowns *us, size_t i) {
    const struct unknown *u = &us->at[i];
    for (size_t k = 0; k < us->n; k++)
        if (k != i && is_start_of(u, &us->at[k]) && (u->st.st_size < us->at[k].st.st_size || k > i))
            return true;
    return false;
}

static void add_unknowns(struct tail *t, struct unknowns *us) {
    for (size_t i = 0; i < us->n; i++)
        us->at[i].waits = us->at[i].verdict != IS_NEW || waits_for_another(us, i);
    for (size_t i = 0; i < us->n; i++) {
        struct unknown *u = &us->at[i];
        if (u->waits)
            close(u->fd);
        else
            add_new(t, u->path, u->fd, &u->st);
    }
    mem_free(us->at);
}

/* A copy or packed file that may have become something else. True: forget it and examine again. */
static bool look_again(struct tail *t, struct tail_file *f, const char *path,
                       const struct stat *st) {
    if ((uint64_t) st->st_size != f->size)
        return true;
    if (f->no == 0 || f->looked == t->retired)
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct tail_file *g;
    enum verdict v = fd >= 0 ? judge(t, fd, st, &g) : IS_OPEN;
    if (fd >= 0)
        close(fd);
    if (v != IS_OPEN)
        f->looked = t->retired;
    return v == GOES_ON;
}

/* Opens a file known by device and inode and checks that it still is what was read. */
static bool reopen(struct tail *t, struct tail_file *f, const char *path) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0 && f->at.offset && fstat(fd, &st) == 0 && st.st_ino == f->id.ino &&
        st.st_dev == f->id.dev && is_content_of(f, fd, &st)) {
        if (f->id.copy) {
            f->state = TAIL_IGNORED;
            t->past_n--;
            f->named = true;
            f->looked = t->retired - 1;
            f->size = f->at.offset;
            close(fd);
        } else {
            activate(t, f, path, fd, &st);
        }
        return true;
    }
    if (fd >= 0)
        close(fd);
    return false;
}

static bool match_present(struct tail *t, struct tail_file *f, const char *path,
                          const struct stat *st) {
    int64_t changed_ns = st->st_mtim.tv_sec * NS_PER_S + st->st_mtim.tv_nsec;
    if (f->state == TAIL_ASLEEP &&
        ((uint64_t) st->st_size != f->at.offset || changed_ns != f->changed_ns)) {
        if (reopen(t, f, path))
            return true;
        tail_set_past(t, f); /* truncated while it slept */
        tail_note_cut(t, f, live_now(t->transport.live));
        return false;
    }
    f->named = true;
    tail_rename_file(f, path);
    if (f->state != TAIL_IGNORED || !look_again(t, f, path, st))
        return true;
    tail_forget(t, f);
    return false;
}

void tail_note_cut(struct tail *t, struct tail_file *f, int64_t after_ns) {
    f->cut_ns = f->at.offset ? live_now(t->transport.live) : 0;
    f->cut_after_ns = after_ns;
}

/* The name leads to the file we followed and not to what we read of it: it was cut while nobody looked. Not so when the
 * inode's number was given to another file, or when we have begun again with it since. */
static void note_cut_before_start(struct tail *t, struct tail_file *f, const char *path) {
    int64_t since = live_since(t->transport.live);
    if (t->scans || !since || f->cut_ns || !f->id.born_ns || f->id.copy)
        return;
    LIST_FOR_EACH(it, &t->files) {
        struct tail_file *g = container_of(it, struct tail_file, link);
        if (g->no > f->no && g->id.ino == f->id.ino && g->id.dev == f->id.dev)
            return;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (born_ns(fd) == f->id.born_ns)
        tail_note_cut(t, f, since);
    if (fd >= 0)
        close(fd);
}

/* Cases 1 and 2; true: nothing more to do with this name. */
static bool match_known(struct tail *t, const char *path, const struct stat *st) {
    LIST_FOR_EACH(it, &t->files) {
        struct tail_file *f = container_of(it, struct tail_file, link);
        if (f->state != TAIL_PAST && f->id.ino == st->st_ino && f->id.dev == st->st_dev)
            return match_present(t, f, path, st);
    }
    LIST_FOR_EACH(it, &t->files) {
        struct tail_file *f = container_of(it, struct tail_file, link);
        if (f->state != TAIL_PAST || f->id.ino != st->st_ino || f->id.dev != st->st_dev)
            continue;
        if (reopen(t, f, path))
            return true;
        note_cut_before_start(t, f, path);
    }
    return false;
}

struct names {
    glob_t glob;
    bool *done;
};

static void names_find(struct names *n, const char *pattern) {
    memset(n, 0, sizeof *n);
    struct stat st;
    /* a name with glob characters in it that exists is meant as it is */
    int flags = stat(pattern, &st) == 0 && S_ISREG(st.st_mode)
                    ? GLOB_NOSORT | GLOB_NOCHECK | GLOB_NOESCAPE
                    : GLOB_NOSORT;
    if (glob(pattern, flags, NULL, &n->glob) != 0) {
        globfree(&n->glob);
        memset(n, 0, sizeof *n);
        return;
    }
    n->done = mem_zalloc_array(n->glob.gl_pathc, sizeof *n->done);
}

static void names_done(struct names *n) {
    globfree(&n->glob);
    mem_free(n->done);
}

/* Known files first: a copy must not be taken for new because its original was not yet looked at.
 */
static void match_names(struct tail *t, struct names *n) {
    for (size_t i = 0; n->done && i < n->glob.gl_pathc; i++) {
        struct stat st;
        const char *path = n->glob.gl_pathv[i];
        n->done[i] = stat(path, &st) < 0 || !S_ISREG(st.st_mode) || match_known(t, path, &st);
    }
}

/* What was cut away stands nowhere else, plain or packed: no rotation did that. */
static void count_wiped(struct tail *t, struct tail_file *f) {
    int64_t now = live_now(t->transport.live);
    if (f->state != TAIL_PAST || !f->cut_ns || now - f->cut_ns < CUT_S * NS_PER_S)
        return;
    if (t->packed_ns < f->cut_after_ns - PACKED_S * NS_PER_S)
        live_counters(t->transport.live, t->source)->wiped++;
    f->cut_ns = f->id.born_ns = 0;
    tidy(tail_put_identity(t, f)); /* said once, not after every start */
}

void tail_scan(struct tail *t) {
    struct names own, around;
    struct unknowns unknowns = {0};
    if (live_waits(t->transport.live)) {
        t->scan_wanted = true;
        return;
    }
    t->scan_wanted = false;
    if (t->scans == 0)
        t->began_ns = live_now(t->transport.live);
    LIST_FOR_EACH(it, &t->files) {
        struct tail_file *f = container_of(it, struct tail_file, link);
        uint64_t size;
        f->named = false;
        if (f->state == TAIL_ACTIVE && tail_look_at(t, f, &size) < 0)
            live_counters(t->transport.live, t->source)->broken++;
    }
    names_find(&own, t->pattern);
    names_find(&around, t->siblings);
    match_names(t, &own);
    match_names(t, &around);
    for (size_t i = 0; around.done && i < around.glob.gl_pathc; i++)
        if (!around.done[i])
            examine(t, &unknowns, around.glob.gl_pathv[i], false);
    match_names(t, &own); /* what was found among the siblings is known now */
    for (size_t i = 0; own.done && i < own.glob.gl_pathc; i++)
        if (!own.done[i])
            examine(t, &unknowns, own.glob.gl_pathv[i], true);
    add_unknowns(t, &unknowns);
    names_done(&own);
    names_done(&around);
    LIST_FOR_EACH(it, &t->files) {
        struct tail_file *f = container_of(it, struct tail_file, link);
        if (f->state == TAIL_PAST)
            f->unsure = false; /* a whole scan has not found it */
        count_wiped(t, f);
        if (!f->named && f->state == TAIL_ASLEEP) {
            tail_set_past(t, f);
            f->unsure = true;
        } else if (!f->named && f->state == TAIL_IGNORED)
            tail_forget(t, f);
    }
    tail_forget_oldest(t);
    t->scans++;
}
