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
 *   3a. all of a file we still follow, and more            we followed its copy: goes on here
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
 * Others move files between any two of our system calls, and we are killed at any moment. What
 * holds all the same (tests/unit/intake/test_tail_model.c steps through it):
 *   1. A mark in the spool says: that many bytes of this content, and no more, are in the spool.
 * Line and mark are one commit. After a restart every file is PAST until a name leads to it.
 *   2. The fingerprint is over bytes that are in the spool, and no others: a copy may end where the
 *      bytes end that we have read. It comes behind them; a kill in between leaves a shorter one,
 *      which is made up for when the content is known again.
 *   3. Bytes are taken only when the file still begins as before after they were read: a file
 *      truncated between look and read gives nothing.
 *   4. A file is a copy only of what was read, and only when the original, asked last, was not
 *      truncated meanwhile. Before that it is open what it is, and the next scan asks again. So is
 *      an empty file (a copy begins empty, a moment later it has what we know), and one that could
 *      belong to a file the scan has not found yet.
 *   5. Of unknown files that begin alike one is taken in a scan, the longest; the others are judged
 *      by the next one, beside it.
 *
 * Undecidable, and then a doubled line rather than a lost one: lines that came between copy and
 * truncation, were read, and the copy is first seen when the original is gone: it is shorter than
 * the mark, whose checksum then says nothing about it. Counted (intake_counters.again).
 *
 * Not done: packed files are passed over (rotation with immediate compression while we are down
 * loses what was not read). */
#include "intake/tail_priv.h"

#include "base/err.h"
#include "base/le.h"
#include "base/mem.h"

struct watch {
    uv_fs_event_t event;
    struct tail *tail;
    char *dir;
};
static void on_more(uv_idle_t *h);

static void pump(struct tail *t) {
    bool more = false;
    LIST_FOR_EACH(it, &t->files) {
        struct tail_file *f = container_of(it, struct tail_file, link);
        if (f->state != TAIL_ACTIVE)
            continue;
        if (live_waits(t->transport.live))
            break;
        int r = tail_read_file(t, f, false);
        if (r == -EAGAIN)
            break;
        more |= r == 1;
        if (r < 0)
            live_counters(t->transport.live, t->source)->broken++;
        if (r == 0)
            tail_settle(t, f);
    }
    if (more && !live_waits(t->transport.live))
        (void) uv_idle_start(&t->more, on_more);
    else
        (void) uv_idle_stop(&t->more);
}
/* ---- the loop ---- */

static void on_more(uv_idle_t *h) {
    pump(container_of(h, struct tail, more));
}
static void watch_folders(struct tail *t);

void tail_look(struct tail *t, bool names) {
    if (names) {
        tail_scan(t);
        watch_folders(t);
    }
    pump(t);
}

static void on_timer(uv_timer_t *h) {
    struct tail *t = h->data;
    tail_look(t, true);
}
static void on_soon(uv_timer_t *h) {
    struct tail *t = h->data;
    if (t->scan_wanted)
        tail_look(t, true);
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
    if (t->watches_n == TAIL_WATCHES_MAX)
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
    tail_file_free(t, container_of(it, struct tail_file, link));
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
        tail_look(t, true);
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
    return (int64_t) le_get(s.p, MIN(s.n, (size_t) 8));
}

static int keep_first_sight(struct tail *t) {
    char bytes[8];
    t->first_sight_ns = live_now(t->transport.live);
    le_put(bytes, (uint64_t) t->first_sight_ns, sizeof bytes);
    return live_put_state(t->transport.live, t->source, FIRST_SIGHT_KEY,
                          str_n(bytes, sizeof bytes));
}

/* States come in order of keys, so that identity comes before mark and files in order of numbers.
 */
static int restore(void *ctx, uint32_t source UNUSED, uint32_t key, struct str value) {
    struct tail *t = ctx;
    uint32_t no = key / 2;
    if (key == READ_BACK_KEY)
        t->o.read_back_ns = MAX(t->o.read_back_ns, decode_time(value)); /* that of the start may be older */
    if (key == FIRST_SIGHT_KEY)
        t->first_sight_ns = decode_time(value);
    struct tail_file *last =
        list_empty(&t->files) ? NULL : container_of(t->files.prev, struct tail_file, link);
    struct tail_file *f = last && last->no == no ? last : file_of_no(t, no);
    if (no == 0)
        return 0;
    if (!f) {
        f = tail_file_new(t, "?");
        if (!f)
            return -ENOMEM;
        f->no = no;
        f->state = TAIL_PAST;
        f->unsure = true;
        t->past_n++;
    }
    if (key % 2 ? !tail_mark_decode(value, &f->at) : !tail_identity_decode(value, &f->id))
        live_counters(t->transport.live, t->source)->broken++;
    if (f->id.ino == 0) /* a mark whose identity was forgotten */
        f->at = (struct tail_mark){0};
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
