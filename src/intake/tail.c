/* Files that grow.
 *
 * A scan (every rescan_ms, and when inotify tells of names) brings names and files together; a pump
 * reads what has grown, oldest file first, at most PUMP_BYTES of one file a turn of the loop. Only
 * whole lines (or whole pieces of long ones) are taken; the rest is read again when there is more,
 * so no read boundary can cut a line or a character. Every record carries the mark behind it: data
 * and offset are one commit.
 *
 * What a scan finds under a name, in this order:
 *   1. device and inode of a file we follow               the same, perhaps renamed
 *   2. device and inode of a remembered file, same content  goes on where it was
 *   3. content of a remembered file                        it was copied or moved between disks:
 * goes on
 *   4. the start of a file we still follow                 a copy: nothing new in it until the
 * original is truncated, then case 3 (copytruncate)
 *   5. a name the configured pattern has                   a new file
 *   6. such a name and a rotation's ending (".1", "-20260101"), written to since we first looked
 *                                                          a file that came and was rotated while
 * nobody looked
 *   7. else nothing of ours
 *
 *        new ──> ACTIVE ──quiet──> ASLEEP ──grows──> ACTIVE
 *                  │ truncated, or no name and quiet    │ name gone
 *                  v                                    v
 *                 PAST <────────────────────────────────┘   ──known again──> ACTIVE
 *
 * Not done: packed files are passed over (rotation with immediate compression while we are down
 * loses what was not read).
 *
 * Longer than 800 lines: scan and pump move the same files through the states above; apart, each would need the
 * inside of the other. */
#include "base/mem.h"
#include "intake/lines.h"
#include "intake/live_priv.h"
#include "intake/tail_file.h"
#include "intake/unpack.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <limits.h>

enum {
    CHUNK_BYTES = 256 * 1024,
    PUMP_BYTES = 1024 * 1024,
    FILES_MAX = 4096,    /* one source; more are counted as broken */
    PAST_MAX = 64,       /* remembered and gone; the oldest are forgotten */
    WATCHES_MAX = 64,    /* folders */
    QUIET_SCANS = 60,    /* without growth: put to sleep, or finished when without a name */
    FIRST_SIGHT_KEY = 1, /* no file has number 0 */
    FRESH_S = 10,        /* a file found later that is older was not written just now */
};

struct watch {
    uv_fs_event_t event;
    struct tail *tail;
    char *dir;
};

struct tail {
    struct live_transport transport;
    struct intake_tail_options o;
    uint32_t source;
    char *pattern, *siblings; /* siblings: pattern + "*" */
    struct list files;
    unsigned past_n, files_n;
    uint32_t next_no;
    unsigned retired;       /* counts files becoming PAST: copies are looked at again */
    bool first_scan, known; /* known: the spool remembered files of this source */
    bool scan_wanted;
    int64_t first_sight_ns; /* kept in the spool under FIRST_SIGHT_KEY */
    char *chunk;
    struct watch *watches[WATCHES_MAX];
    unsigned watches_n;
    uv_timer_t timer, soon;
    uv_idle_t more;
    int handles;
};

/* ---- files in the list ---- */

static struct tail_file *file_new(struct tail *t, const char *path) {
    struct tail_file *f = mem_zalloc(sizeof *f);
    if (!f)
        return NULL;
    f->path = str_dup(str_of(path));
    if (!f->path) {
        mem_free(f);
        return NULL;
    }
    f->fd = -1;
    list_add_tail(&t->files, &f->link);
    t->files_n++;
    return f;
}

static void file_free(struct tail *t, struct tail_file *f) {
    if (f->fd >= 0)
        close(f->fd);
    list_remove(&f->link);
    t->files_n--;
    mem_free(f->path);
    mem_free(f);
}

static int put_identity(struct tail *t, const struct tail_file *f) {
    char bytes[TAIL_IDENTITY_BYTES];
    tail_identity_encode(&f->id, bytes);
    return live_put_state(t->transport.live, t->source, 2 * f->no, str_n(bytes, sizeof bytes));
}

static int put_mark(struct tail *t, const struct tail_file *f) {
    char bytes[TAIL_MARK_BYTES];
    tail_mark_encode(&f->at, bytes);
    return live_put_state(t->transport.live, t->source, 2 * f->no + 1, str_n(bytes, sizeof bytes));
}

static void forget(struct tail *t, struct tail_file *f) {
    if (f->no && (live_put_state(t->transport.live, t->source, 2 * f->no, STR_NULL) < 0 ||
                  live_put_state(t->transport.live, t->source, 2 * f->no + 1, STR_NULL) < 0))
        return; /* the disk is full: later */
    t->past_n -= f->state == TAIL_PAST;
    file_free(t, f);
}

static void set_past(struct tail *t, struct tail_file *f) {
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
    f->state = TAIL_PAST;
    t->past_n++;
    t->retired++;
}

/* Only between scans: nobody else walks the list then. */
static void forget_oldest(struct tail *t) {
    LIST_FOR_EACH(it, &t->files) {
        struct tail_file *f = container_of(it, struct tail_file, link);
        if (t->past_n <= PAST_MAX)
            break;
        if (f->state == TAIL_PAST)
            forget(t, f);
    }
}

static void rename_file(struct tail_file *f, const char *path) {
    if (strcmp(f->path, path) == 0)
        return;
    char *fresh = str_dup(str_of(path));
    if (!fresh)
        return; /* the old name is only for people */
    mem_free(f->path);
    f->path = fresh;
}

/* The same file, new content: the old content stays remembered under its number. */
static void begin_again(struct tail *t, struct tail_file *f) {
    struct tail_file *old = file_new(t, f->path);
    if (!old)
        return; /* tried again at the next look */
    old->no = f->no;
    old->id = f->id;
    old->at = f->at;
    set_past(t, old);
    /* old takes f's place in the order, f goes to the end */
    list_remove(&old->link);
    list_add_before(&f->link, &old->link);
    list_remove(&f->link);
    list_add_tail(&t->files, &f->link);
    f->no = t->next_no++;
    f->id.head_n = 0;
    f->at = (struct tail_mark){0};
    f->size = 0;
    f->backfill_until = 0;
}

/* Notices that an open file was truncated, also when it has grown past our offset again. */
static int look_at(struct tail *t, struct tail_file *f, uint64_t *ret_size) {
    struct stat st;
    uint8_t head[8];
    if (fstat(f->fd, &st) < 0)
        return -errno;
    uint64_t size = (uint64_t) st.st_size;
    int64_t changed_ns = st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec;
    bool again = size < f->at.offset;
    if (!again && f->id.head_n && (size != f->size || changed_ns != f->changed_ns)) {
        int r = tail_head(f->fd, f->id.head_n, head);
        if (r < 0 && r != -ENODATA)
            return r;
        again = r < 0 || memcmp(head, f->id.head, sizeof head) != 0;
    }
    if (again)
        begin_again(t, f);
    if (size != f->size)
        f->grown_ns = live_now(t->transport.live);
    f->size = size;
    f->changed_ns = changed_ns;
    *ret_size = size;
    return 0;
}

static int grow_head(struct tail *t, struct tail_file *f, uint64_t size) {
    size_t n = (size_t) MIN(size, (uint64_t) TAIL_HEAD_BYTES);
    if (f->id.head_n >= n)
        return 0;
    struct tail_identity before = f->id;
    f->id.head_n = (uint16_t) n;
    int r = tail_head(f->fd, n, f->id.head);
    if (r == 0)
        r = put_identity(t, f);
    if (r < 0)
        f->id = before;
    return r;
}

/* ---- reading ---- */

/* Puts the lines of p; *ret_used: bytes they took. */
static int put_lines(struct tail *t, struct tail_file *f, const char *p, size_t n, bool end,
                     int64_t now, size_t *ret_used) {
    struct line_cut cut;
    char mark[TAIL_MARK_BYTES];
    *ret_used = 0;
    while (line_next(p + *ret_used, n - *ret_used, end, f->at.in_long, &cut)) {
        struct tail_mark at = f->at;
        tail_mark_advance(&at, p + *ret_used, cut.used);
        at.in_long = cut.in_long;
        tail_mark_encode(&at, mark);
        struct raw_record rec = {
            .bytes = cut.bytes,
            .arrival_ns = now,
            .source = t->source,
            .flags = cut.flags | (at.offset <= f->backfill_until ? RAW_BACKFILL : 0),
            .resume = str_n(mark, sizeof mark),
            .resume_key = 2 * f->no + 1,
        };
        int r = live_put(t->transport.live, &rec);
        if (r < 0)
            return r;
        f->at = at;
        *ret_used += cut.used;
    }
    return 0;
}

/* 1: more is there; 0: read as far as there are whole lines; negative: stop. `end`: what is there
 * without a line end is a line. */
static int read_file(struct tail *t, struct tail_file *f, bool end) {
    uint64_t size;
    int r = look_at(t, f, &size);
    if (r < 0 || size == f->at.offset)
        return r;
    r = grow_head(t, f, size);
    int64_t now = live_now(t->transport.live);
    for (size_t taken = 0; r == 0 && taken < PUMP_BYTES;) {
        size_t used;
        ssize_t n = pread(f->fd, t->chunk, CHUNK_BYTES, (off_t) f->at.offset);
        if (n <= 0)
            return n < 0 && errno != EINTR ? -errno : 0;
        r = put_lines(t, f, t->chunk, (size_t) n, end && n < CHUNK_BYTES, now, &used);
        if (r == 0 && (used == 0 || n < CHUNK_BYTES))
            return 0;
        taken += used;
    }
    return r < 0 ? r : 1;
}

/* After long quiet: sleep while it has a name; without one it is finished, its last bytes are a
 * line. */
static void settle(struct tail *t, struct tail_file *f) {
    int64_t quiet = live_now(t->transport.live) - f->grown_ns;
    if (quiet < (int64_t) t->o.rescan_ms * QUIET_SCANS * NS_PER_MS)
        return;
    if (f->named) {
        if (f->at.offset == f->size) { /* half a line keeps it open */
            close(f->fd);
            f->fd = -1;
            f->state = TAIL_ASLEEP;
        }
    } else if (read_file(t, f, true) == 0) {
        set_past(t, f);
    }
}

static void on_more(uv_idle_t *h);

static void pump(struct tail *t) {
    bool more = false;
    LIST_FOR_EACH(it, &t->files) {
        struct tail_file *f = container_of(it, struct tail_file, link);
        if (f->state != TAIL_ACTIVE)
            continue;
        if (live_waits(t->transport.live))
            break;
        int r = read_file(t, f, false);
        if (r == -EAGAIN)
            break;
        more |= r == 1;
        if (r < 0)
            live_counters(t->transport.live, t->source)->broken++;
        if (r == 0)
            settle(t, f);
    }
    if (more && !live_waits(t->transport.live))
        (void) uv_idle_start(&t->more, on_more);
    else
        (void) uv_idle_stop(&t->more);
}

/* ---- names ---- */

static void take_identity(struct tail_file *f, const struct stat *st) {
    f->id.dev = st->st_dev;
    f->id.ino = st->st_ino;
    f->size = (uint64_t) st->st_size;
}

static void activate(struct tail *t, struct tail_file *f, const char *path, int fd,
                     const struct stat *st) {
    t->past_n -= f->state == TAIL_PAST;
    f->state = TAIL_ACTIVE;
    f->fd = fd;
    f->named = true;
    f->grown_ns = live_now(t->transport.live);
    bool moved = f->id.ino != st->st_ino || f->id.dev != st->st_dev;
    take_identity(f, st);
    rename_file(f, path);
    if (t->first_scan)
        f->backfill_until = (uint64_t) st->st_size;
    if (moved && f->id.head_n)
        (void) put_identity(t,
                            f); /* when the disk is full: known by its content at the next start */
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
    if (r == 0)
        r = grow_head(t, f, f->size);
    return r < 0 ? r : put_mark(t, f);
}

static struct tail_file *add_file(struct tail *t, const char *path, enum tail_state state, int fd,
                                  const struct stat *st) {
    struct tail_file *f = t->files_n < FILES_MAX ? file_new(t, path) : NULL;
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

static void add_new(struct tail *t, const char *path, int fd, const struct stat *st) {
    struct tail_file *f = add_file(t, path, TAIL_ACTIVE, fd, st);
    if (!f)
        return;
    f->no = t->next_no++;
    int64_t age_ns = f->grown_ns - (st->st_mtim.tv_sec * NS_PER_S + st->st_mtim.tv_nsec);
    if (t->first_scan || age_ns > FRESH_S * NS_PER_S)
        f->backfill_until = (uint64_t) st->st_size;
    if (t->first_scan && t->o.skip_existing && !t->known && st->st_size > 0)
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
        tail_mark_at(fd, (uint64_t) st->st_size, &f->at) == 0 && put_identity(t, f) == 0)
        (void) put_mark(t, f);
    close(fd);
    f->fd = -1;
}

static bool is_copy_of_active(struct tail *t, int fd, const struct stat *st) {
    if (st->st_size == 0)
        return false;
    LIST_FOR_EACH(it, &t->files) {
        struct tail_file *g = container_of(it, struct tail_file, link);
        struct stat other;
        int own = -1, r = 0;
        if (g->state != TAIL_ACTIVE && g->state != TAIL_ASLEEP)
            continue;
        if (g->state == TAIL_ASLEEP)
            own = open(g->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        int original = own >= 0 ? own : g->fd;
        if (original >= 0 && fstat(original, &other) == 0 && other.st_size >= st->st_size)
            r = tail_same_start(original, fd, (uint64_t) st->st_size);
        if (own >= 0)
            close(own);
        if (r == 1)
            return true;
    }
    return false;
}

/* Case 3: the remembered file whose content this is. */
static struct tail_file *find_content(struct tail *t, int fd, const struct stat *st) {
    LIST_FOR_EACH(it, &t->files) {
        struct tail_file *g = container_of(it, struct tail_file, link);
        if (g->state == TAIL_PAST && g->at.offset && !g->id.copy &&
            tail_content_is(fd, (uint64_t) st->st_size, g) == 1)
            return g;
    }
    return NULL;
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

/* A file nobody knows by device and inode. `ours`: the pattern has its name. */
static void examine(struct tail *t, const char *path, bool ours) {
    struct stat st;
    char head[4];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        if (fd >= 0)
            close(fd);
        return; /* gone, or not ours to read: looked at again by the next scan */
    }
    ssize_t n = pread(fd, head, sizeof head, 0);
    if (n > 0 && intake_packing_of(str_n(head, (size_t) n)) != INTAKE_PLAIN) {
        if (add_file(t, path, TAIL_IGNORED, -1, &st))
            close(fd);
        return;
    }
    struct tail_file *g = find_content(t, fd, &st);
    if (g)
        activate(t, g, path, fd, &st);
    else if (is_copy_of_active(t, fd, &st))
        add_copy(t, path, fd, &st);
    else if (ours || is_missed_rotation(t, path, &st))
        add_new(t, path, fd, &st);
    else
        close(fd);
}

/* A copy or packed file that may have become something else. True: forget it and examine again. */
static bool look_again(struct tail *t, struct tail_file *f, const char *path,
                       const struct stat *st) {
    if ((uint64_t) st->st_size != f->size)
        return true;
    if (f->no == 0 || f->looked == t->retired)
        return false;
    f->looked = t->retired;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    bool known = fd >= 0 && find_content(t, fd, st);
    if (fd >= 0)
        close(fd);
    return known;
}

/* Opens a file known by device and inode and checks that it still is what was read. */
static bool reopen(struct tail *t, struct tail_file *f, const char *path) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == f->id.ino && st.st_dev == f->id.dev &&
        tail_content_is(fd, (uint64_t) st.st_size, f) == 1) {
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

/* Cases 1 and 2; true: nothing more to do with this name. */
static bool match_known(struct tail *t, const char *path, const struct stat *st) {
    LIST_FOR_EACH(it, &t->files) {
        struct tail_file *f = container_of(it, struct tail_file, link);
        if (f->id.ino != st->st_ino || f->id.dev != st->st_dev)
            continue;
        if (f->state == TAIL_ACTIVE) {
            f->named = true;
            rename_file(f, path);
            return true;
        }
        if (f->state == TAIL_IGNORED) {
            f->named = true;
            rename_file(f, path);
            if (!look_again(t, f, path, st))
                return true;
            forget(t, f);
            return false;
        }
        if (f->state == TAIL_ASLEEP && (uint64_t) st->st_size == f->at.offset) {
            f->named = true;
            rename_file(f, path);
            return true;
        }
        if (reopen(t, f, path))
            return true;
        if (f->state == TAIL_ASLEEP)
            set_past(t, f); /* truncated while it slept */
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

static void watch_folders(struct tail *t);

static void scan(struct tail *t) {
    struct names own, around;
    if (live_waits(t->transport.live)) {
        t->scan_wanted = true;
        return;
    }
    t->scan_wanted = false;
    LIST_FOR_EACH(it, &t->files) {
        struct tail_file *f = container_of(it, struct tail_file, link);
        uint64_t size;
        f->named = false;
        if (f->state == TAIL_ACTIVE)
            (void) look_at(t, f, &size);
    }
    names_find(&own, t->pattern);
    names_find(&around, t->siblings);
    match_names(t, &own);
    match_names(t, &around);
    for (size_t i = 0; around.done && i < around.glob.gl_pathc; i++)
        if (!around.done[i])
            examine(t, around.glob.gl_pathv[i], false);
    /* what was found among the siblings is known now */
    match_names(t, &own);
    for (size_t i = 0; own.done && i < own.glob.gl_pathc; i++)
        if (!own.done[i])
            examine(t, own.glob.gl_pathv[i], true);
    names_done(&own);
    names_done(&around);
    LIST_FOR_EACH(it, &t->files) {
        struct tail_file *f = container_of(it, struct tail_file, link);
        if (!f->named && f->state == TAIL_ASLEEP)
            set_past(t, f);
        else if (!f->named && f->state == TAIL_IGNORED)
            forget(t, f);
    }
    forget_oldest(t);
    t->first_scan = false;
    watch_folders(t);
}

/* ---- the loop ---- */

static void on_more(uv_idle_t *h) {
    pump(container_of(h, struct tail, more));
}
static void on_timer(uv_timer_t *h) {
    struct tail *t = h->data;
    scan(t);
    pump(t);
}
static void on_soon(uv_timer_t *h) {
    struct tail *t = h->data;
    if (t->scan_wanted)
        scan(t);
    pump(t);
}

static void on_event(uv_fs_event_t *h, const char *name UNUSED, int events, int status) {
    struct watch *w = container_of(h, struct watch, event);
    struct tail *t = w->tail;
    if (status < 0)
        return; /* the timer goes on */
    t->scan_wanted |= (events & UV_RENAME) != 0;
    if (!uv_is_active((uv_handle_t *) &t->soon))
        (void) uv_timer_start(&t->soon, on_soon, 5, 0); /* many writes, one look */
}

static void on_watch_closed(uv_handle_t *h);

static void watch_folder(struct tail *t, const char *path) {
    const char *slash = strrchr(path, '/');
    struct str dir = slash ? str_n(path, MAX((size_t) (slash - path), (size_t) 1)) : STR(".");
    for (unsigned i = 0; i < t->watches_n; i++)
        if (str_eq_z(dir, t->watches[i]->dir))
            return;
    if (t->watches_n == WATCHES_MAX)
        return;
    struct watch *w = mem_zalloc(sizeof *w);
    if (!w)
        return;
    w->tail = t;
    w->dir = str_dup(dir);
    if (!w->dir || uv_fs_event_init(live_loop(t->transport.live), &w->event) < 0) {
        mem_free(w->dir);
        mem_free(w);
        return;
    }
    t->handles++;
    if (uv_fs_event_start(&w->event, on_event, w->dir, 0) < 0) {
        /* not there yet, or no more watches: the timer finds what there is */
        uv_close((uv_handle_t *) &w->event, on_watch_closed);
        return;
    }
    t->watches[t->watches_n++] = w;
}

static void watch_folders(struct tail *t) {
    const char *wild = strpbrk(t->pattern, "*?["), *slash = strrchr(t->pattern, '/');
    if (!wild || !slash || wild > slash)
        watch_folder(t, t->pattern);
    LIST_FOR_EACH(it, &t->files) {
        struct tail_file *f = container_of(it, struct tail_file, link);
        if (f->state == TAIL_ACTIVE && f->named)
            watch_folder(t, f->path);
    }
}

static void tail_free(struct tail *t) {
    LIST_FOR_EACH(it, &t->files)
    file_free(t, container_of(it, struct tail_file, link));
    mem_free(t->pattern);
    mem_free(t->siblings);
    mem_free(t->chunk);
    mem_free(t);
}

static void handle_gone(struct tail *t) {
    if (--t->handles == 0)
        tail_free(t);
}
static void on_watch_closed(uv_handle_t *h) {
    struct watch *w = container_of((uv_fs_event_t *) h, struct watch, event);
    struct tail *t = w->tail;
    mem_free(w->dir);
    mem_free(w);
    handle_gone(t);
}
static void on_timer_closed(uv_handle_t *h) {
    handle_gone(h->data);
}
static void on_more_closed(uv_handle_t *h) {
    handle_gone(container_of((uv_idle_t *) h, struct tail, more));
}

static void tail_close(struct live_transport *transport) {
    struct tail *t = container_of(transport, struct tail, transport);
    live_remove(transport);
    for (unsigned i = 0; i < t->watches_n; i++)
        uv_close((uv_handle_t *) &t->watches[i]->event, on_watch_closed);
    uv_close((uv_handle_t *) &t->timer, on_timer_closed);
    uv_close((uv_handle_t *) &t->soon, on_timer_closed);
    uv_close((uv_handle_t *) &t->more, on_more_closed);
}

static void tail_go_on(struct live_transport *transport) {
    struct tail *t = container_of(transport, struct tail, transport);
    if (t->scan_wanted)
        scan(t);
    pump(t);
}

/* ---- start ---- */

static struct tail_file *file_of_no(struct tail *t, uint32_t no) {
    LIST_FOR_EACH(it, &t->files) {
        struct tail_file *f = container_of(it, struct tail_file, link);
        if (f->no == no)
            return f;
    }
    return NULL;
}

static int64_t decode_time(struct str s) {
    uint64_t v = 0;
    for (size_t i = 0; i < MIN(s.n, (size_t) 8); i++)
        v |= (uint64_t) (unsigned char) s.p[i] << 8 * i;
    return (int64_t) v;
}

static int keep_first_sight(struct tail *t) {
    char bytes[8];
    t->first_sight_ns = live_now(t->transport.live);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char) ((uint64_t) t->first_sight_ns >> 8 * i);
    return live_put_state(t->transport.live, t->source, FIRST_SIGHT_KEY,
                          str_n(bytes, sizeof bytes));
}

/* States come in order of keys, so that identity comes before mark and files in order of numbers.
 */
static int restore(void *ctx, uint32_t source UNUSED, uint32_t key, struct str value) {
    struct tail *t = ctx;
    uint32_t no = key / 2;
    if (key == FIRST_SIGHT_KEY)
        t->first_sight_ns = decode_time(value);
    struct tail_file *last =
        list_empty(&t->files) ? NULL : container_of(t->files.prev, struct tail_file, link);
    struct tail_file *f = last && last->no == no ? last : file_of_no(t, no);
    if (no == 0)
        return 0;
    if (!f) {
        f = file_new(t, "?");
        if (!f)
            return -ENOMEM;
        f->no = no;
        f->state = TAIL_PAST;
        t->past_n++;
    }
    if (key % 2 ? !tail_mark_decode(value, &f->at) : !tail_identity_decode(value, &f->id))
        live_counters(t->transport.live, t->source)->broken++;
    t->next_no = MAX(t->next_no, no + 1);
    t->known = true;
    return 0;
}

static int prepare(struct tail *t, const struct source *def, struct diag *reterr) {
    int r = live_name_source(t->transport.live, def, &t->source, reterr);
    if (r < 0)
        return r;
    t->pattern = str_dup(def->path);
    t->siblings = mem_alloc(def->path.n + 2);
    t->chunk = mem_zalloc(CHUNK_BYTES);
    if (!t->pattern || !t->siblings || !t->chunk)
        return diag_set(reterr, -ENOMEM, "out of memory");
    memcpy(t->siblings, t->pattern, def->path.n);
    memcpy(t->siblings + def->path.n, "*", 2);
    r = live_states(t->transport.live, t->source, restore, t);
    if (r == 0 && t->first_sight_ns == 0)
        r = keep_first_sight(t);
    return r < 0 ? diag_set(reterr, r, "cannot begin to follow '%s': %s", t->pattern, err_word(r))
                 : 0;
}

int intake_tail_add(struct intake_live *l, const struct source *def,
                    const struct intake_tail_options *o, struct diag *reterr) {
    if (def->path.n == 0 || memchr(def->path.p, 0, def->path.n))
        return diag_set(reterr, -EINVAL, "the source '%.*s' names no file", STR_ARG(def->name));
    struct tail *t = mem_zalloc(sizeof *t);
    if (!t)
        return diag_set(reterr, -ENOMEM, "out of memory");
    t->o = *o;
    t->o.rescan_ms = o->rescan_ms ? o->rescan_ms : 1000;
    t->first_scan = true;
    t->next_no = 1;
    list_init(&t->files);
    t->transport = (struct live_transport){.live = l, .go_on = tail_go_on, .close = tail_close};
    int r = prepare(t, def, reterr);
    if (r < 0) {
        tail_free(t);
        return r;
    }
    live_add(l, &t->transport);
    t->handles = 3;
    t->timer.data = t->soon.data = t;
    (void) uv_timer_init(live_loop(l), &t->timer);
    (void) uv_timer_init(live_loop(l), &t->soon);
    (void) uv_idle_init(live_loop(l), &t->more);
    (void) uv_timer_start(&t->timer, on_timer, 0, t->o.rescan_ms);
    return 0;
}
