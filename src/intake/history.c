/* What lies rotated beside a file when it is followed for the first time: auth.log.1, auth.log-20260101, auth.log.2.gz.
 *
 * Read once, oldest first, before the file itself, so that its lines come in their order; then the file is followed
 * (intake/tail.c) and this transport is gone. There is no list: after each file the names are looked at again and the
 * oldest one that is younger than what was read is next, so a rotation meanwhile neither hides nor doubles a file
 * (names change, the time of the last change stays, also when it is packed). Every record carries the place behind it,
 * as elsewhere: a kill loses and doubles nothing. The last place stays in the spool: a file rotated while we came to
 * its end would else be taken by tail.c for one nobody has read.
 *
 * Invariant: a source with any state of tail.c is never read here. Not done: files whose lines may be more than a year
 * old (HISTORY_DAYS_MAX), because syslog writes no year; more than HISTORY_FILES_MAX files or HISTORY_BYTES_MAX bytes,
 * then the newest of them. */
#include "base/le.h"
#include "base/limits.h"
#include "base/mem.h"
#include "intake/tail_priv.h"
#include "intake/reader.h"
#include "intake/unpack.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <limits.h>
#include <sys/stat.h>

enum {
    PLACE_BYTES = 28,
};

/* How far we are: files ordered by (changed_ns, nth among those changed at the same time). */
struct place {
    int64_t changed_ns;
    uint32_t nth;
    uint64_t inode; /* a file somebody still writes to is the same one later */
    uint64_t records; /* of that file */
};

struct found {
    const char *path; /* in the glob's memory */
    int64_t changed_ns;
    uint64_t bytes, inode;
};

struct history {
    struct live_transport transport;
    struct source def;
    struct intake_tail_options o;
    uint32_t source;
    bool tail_knows; /* there is a state that is not ours */
    struct place at;
    struct intake_reader *reader; /* NULL between two files */
    struct intake_batch batch;
    size_t batch_at;
    uint64_t skip; /* records of this file that are in the spool already */
    uv_idle_t more;
};

static struct str place_encode(const struct place *p, char dst[PLACE_BYTES]) {
    le_put(dst, (uint64_t) p->changed_ns, 8);
    le_put(dst + 8, p->nth, 4);
    le_put(dst + 12, p->records, 8);
    le_put(dst + 20, p->inode, 8);
    return str_n(dst, PLACE_BYTES);
}

static int restore(void *ctx, uint32_t source UNUSED, uint32_t key, struct str value) {
    struct history *h = ctx;
    if (key != READ_BACK_KEY)
        h->tail_knows = true;
    else if (value.n == PLACE_BYTES)
        h->at = (struct place){.changed_ns = (int64_t) le_get(value.p, 8),
                               .nth = (uint32_t) le_get(value.p + 8, 4),
                               .records = le_get(value.p + 12, 8),
                               .inode = le_get(value.p + 20, 8)};
    return 0;
}

/* ---- which files ---- */

/* What rotation puts behind a name: ".1", "-20260101", ".2026-01-01T00", ".old", then perhaps ".gz". */
static bool is_ending(struct str s) {
    if (s.n < 2 || !strchr("-._", s.p[0]))
        return false;
    if (str_ends(s, STR(".gz")))
        s.n -= 3;
    else if (str_ends(s, STR(".zst")))
        s.n -= 4;
    if (s.n < 2)
        return false;
    s = str_from(s, 1);
    if (str_eq_z(s, "old"))
        return true;
    if (!ascii_digit(s.p[0]))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_digit(s.p[i]) && !strchr("-._:TZ", s.p[i]))
            return false;
    return true;
}

/* The pattern with such an ending behind it? */
static bool is_rotated(const char *pattern, const char *path) {
    char name[PATH_MAX];
    size_t n = strlen(path);
    if (n >= sizeof name)
        return false;
    memcpy(name, path, n + 1);
    for (size_t i = n; i-- > 1 && path[i] != '/';) {
        if (!is_ending(str_n(path + i, n - i)))
            continue;
        name[i] = 0;
        if (fnmatch(pattern, name, FNM_PATHNAME) == 0)
            return true;
    }
    return false;
}

static bool is_packed(const char *path) {
    char head[4];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    ssize_t n = fd >= 0 ? pread(fd, head, sizeof head, 0) : -1;
    if (fd >= 0)
        close(fd);
    return n > 0 && intake_packing_of(str_n(head, (size_t) n)) != INTAKE_PLAIN;
}

static int by_age(const void *a, const void *b) {
    const struct found *x = a, *y = b;
    if (x->changed_ns != y->changed_ns)
        return x->changed_ns < y->changed_ns ? -1 : 1;
    return strverscmp(y->path, x->path); /* .2 is older than .1 */
}

/* Those to be read, oldest first. */
static size_t select_files(const struct history *h, const char *pattern, const glob_t *g, size_t own_n,
                           struct found *files) {
    int64_t oldest_ns = live_now(h->transport.live) - HISTORY_DAYS_MAX * NS_PER_DAY;
    uint64_t bytes = 0;
    size_t n = 0, from;
    for (size_t i = 0; i < g->gl_pathc; i++) {
        struct stat st;
        const char *path = g->gl_pathv[i];
        bool ours = fnmatch(pattern, path, FNM_PATHNAME) == 0;
        if (ours != (i < own_n) || stat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
            continue;
        int64_t changed_ns = st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec;
        /* what the pattern has and is not packed is followed anyway */
        if (changed_ns >= oldest_ns && (ours ? is_packed(path) : is_rotated(pattern, path)))
            files[n++] = (struct found){path, changed_ns, (uint64_t) st.st_size, st.st_ino};
    }
    qsort(files, n, sizeof *files, by_age);
    for (from = n; from > 0 && n - from < HISTORY_FILES_MAX; from--) {
        bytes += files[from - 1].bytes;
        if (bytes > HISTORY_BYTES_MAX)
            break;
    }
    memmove(files, files + from, (n - from) * sizeof *files);
    return n - from;
}

static int open_one(struct history *h, const struct found *f, uint32_t nth, struct diag *err) {
    struct intake_reader_options o = {.source = h->source, .flags = RAW_BACKFILL, .arrival_ns = live_now(h->transport.live)};
    bool same = f->inode == h->at.inode || (f->changed_ns == h->at.changed_ns && nth == h->at.nth);
    h->skip = same ? h->at.records : 0;
    h->at = (struct place){f->changed_ns, nth, f->inode, h->skip};
    return intake_reader_open(f->path, &o, &h->reader, err);
}

/* The file we stand in, when it is not through, or the next one. 1: open; 0: there is none. */
static int open_next(struct history *h, bool through) {
    CLEANUP(mem_freep) char *pattern = str_dup(h->def.path);
    CLEANUP(mem_freep) char *around = pattern ? mem_alloc(h->def.path.n + 8) : NULL;
    glob_t g = {0};
    int r = 0;
    if (!around)
        return -ENOMEM;
    snprintf(around, h->def.path.n + 8, "%s[-._]*", pattern);
    (void) glob(pattern, GLOB_NOSORT, NULL, &g);
    size_t own_n = g.gl_pathc;
    (void) glob(around, GLOB_NOSORT | (g.gl_pathv ? GLOB_APPEND : 0), NULL, &g);
    struct found *files = mem_zalloc_array(g.gl_pathc + 1, sizeof *files);
    size_t n = files ? select_files(h, pattern, &g, own_n, files) : 0;
    uint32_t nth = 0;
    for (size_t i = 0; i < n && r == 0; i++) {
        nth = i && files[i].changed_ns == files[i - 1].changed_ns ? nth + 1 : 0;
        bool past = files[i].changed_ns < h->at.changed_ns ||
                    (files[i].changed_ns == h->at.changed_ns && (nth < h->at.nth || (nth == h->at.nth && through)));
        if (past)
            continue;
        r = open_one(h, &files[i], nth, NULL) < 0 ? 0 : 1; /* not ours to read, or gone: the next one */
        through = true;
    }
    mem_free(files);
    globfree(&g);
    return r;
}

/* ---- reading ---- */

static void history_close(struct live_transport *transport);

static void follow(struct history *h) {
    struct intake_live *l = h->transport.live;
    h->o.read_back_ns = h->at.changed_ns;
    if (intake_tail_add(l, &h->def, &h->o, NULL) < 0)
        live_counters(l, h->source)->broken++;
    history_close(&h->transport);
}

/* False: the disk takes no more. */
static bool put_batch(struct history *h) {
    char place[PLACE_BYTES];
    for (; h->batch_at < h->batch.n; h->batch_at++) {
        struct raw_record *rec = &h->batch.records[h->batch_at];
        if (h->skip) {
            h->skip--;
            continue;
        }
        struct place next = h->at;
        next.records++;
        rec->resume = place_encode(&next, place);
        rec->resume_key = READ_BACK_KEY;
        if (live_put(h->transport.live, rec) < 0)
            return false;
        h->at = next;
    }
    return true;
}

static void on_more(uv_idle_t *idle) {
    struct history *h = container_of(idle, struct history, more);
    struct intake_live *l = h->transport.live;
    if (live_waits(l) || !put_batch(h)) {
        (void) uv_idle_stop(&h->more); /* until go_on */
        return;
    }
    h->batch_at = h->batch.n = 0;
    int r = h->reader ? intake_reader_next(h->reader, &h->batch, NULL) : 0;
    if (r > 0)
        return; /* put in the next turn, others have theirs first */
    live_counters(l, h->source)->broken += r < 0;
    bool through = h->reader != NULL;
    h->reader = intake_reader_free(h->reader);
    if (open_next(h, through) <= 0)
        follow(h);
}

static void history_go_on(struct live_transport *transport) {
    struct history *h = container_of(transport, struct history, transport);
    (void) uv_idle_start(&h->more, on_more);
}

static void history_free(struct history *h) {
    intake_reader_free(h->reader);
    intake_batch_done(&h->batch);
    mem_free(h);
}

static void on_closed(uv_handle_t *handle) {
    history_free(container_of((uv_idle_t *) handle, struct history, more));
}

static void history_close(struct live_transport *transport) {
    struct history *h = container_of(transport, struct history, transport);
    live_remove(transport);
    uv_close((uv_handle_t *) &h->more, on_closed);
}

int intake_files_add(struct intake_live *l, const struct source *def, const struct intake_tail_options *o,
                     struct diag *reterr) {
    struct history *h = mem_zalloc(sizeof *h);
    if (!h)
        return diag_set(reterr, -ENOMEM, "out of memory");
    h->transport = (struct live_transport){.live = l, .go_on = history_go_on, .close = history_close};
    h->def = *def;
    h->o = *o;
    intake_batch_init(&h->batch);
    int r = live_name_source(l, def, &h->source, reterr);
    if (r == 0)
        r = live_states(l, h->source, restore, h);
    if (r == 0 && !o->skip_existing && !h->tail_knows)
        r = open_next(h, false);
    if (r <= 0) {
        history_free(h);
        return r < 0 ? r : intake_tail_add(l, def, o, reterr);
    }
    live_add(l, &h->transport);
    (void) uv_idle_init(live_loop(l), &h->more);
    (void) uv_idle_start(&h->more, on_more);
    return 0;
}
