#include "spool/spool.h"

#include "base/file.h"
#include "base/mem.h"
#include "spool/segment.h"
#include "spool/table.h"
#include "spool/walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

/* What is on disk, from the writer's point of view:
 *
 *   header | frames … | mark |  pending frames of a commit that failed, if `dirty`
 *                     ^durable_at
 *                            ^write_at
 *
 * Invariants: pending holds the frames of records [durable_next, next). Bytes before durable_at are
 * synced. The frames in pending are not dropped before a commit succeeds, so a failed commit can be
 * repeated: the file is cut back to write_at and everything is written again. Writing again is what
 * makes a repeated fdatasync mean something: after a failed one the kernel calls the lost pages
 * clean. */

struct spool {
    struct spool_options o;
    int dir_fd, lock_fd, fd;
    struct spool_header head; /* of the newest segment */
    uint32_t seed;
    uint64_t next, durable_next;
    uint64_t durable_at, write_at;
    bool dirty;
    struct buf pending;
    struct spool_table table;
    struct spool_found found;
    struct spool_stats stats;
    char dir[256];
};

struct spool *spool_close(struct spool *s) {
    if (!s)
        return NULL;
    if (s->fd >= 0)
        close(s->fd);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    if (s->dir_fd >= 0)
        close(s->dir_fd);
    buf_done(&s->pending);
    spool_table_done(&s->table);
    mem_free(s);
    return NULL;
}

/* A mark costs a write and no sync. It is not needed for safety, so its failure is none. */
static void write_mark(struct spool *s) {
    struct buf b;
    struct raw_record rec = {.arrival_ns = s->o.clock.now_ns(s->o.clock.ctx),
                             .pos.n = s->durable_next - 1};
    buf_init(&b, SPOOL_FRAME_BYTES_MAX);
    s->write_at = s->durable_at;
    if (spool_frame_encode(&b, s->seed, SPOOL_MARK, &rec) == 0) {
        if (spool_write_at(s->fd, s->durable_at, buf_str(&b)) == 0)
            s->write_at += b.n;
        else
            s->dirty = true;
    }
    buf_done(&b);
}

static int roll(struct spool *s, struct diag *reterr) {
    ASSERT(s->pending.n == 0 && s->next == s->durable_next);
    struct spool_header head = s->head;
    head.segment++;
    head.first = s->next;
    head.created_ns = s->o.clock.now_ns(s->o.clock.ctx);
    struct spool_fresh fresh;
    int r = spool_segment_create(s->dir_fd, &head, &s->table, &fresh, reterr);
    if (r < 0)
        return r;
    if (s->fd >= 0)
        close(s->fd);
    s->fd = fresh.fd;
    s->head = head;
    s->seed = spool_frame_seed(&head);
    s->next = s->durable_next = fresh.next;
    s->durable_at = s->write_at = fresh.size;
    s->dirty = false;
    write_mark(s);
    return 0;
}

int spool_put(struct spool *s, const struct raw_record *rec, struct diag *reterr) {
    struct raw_record copy = *rec;
    copy.pos = (struct event_pos){.n = s->next};
    if (s->pending.n + SPOOL_FRAME_BYTES_MAX > SPOOL_PENDING_BYTES_MAX)
        return diag_set(reterr, -EAGAIN, "too much waits to be written");
    size_t before = s->pending.n;
    int r = spool_frame_encode(&s->pending, s->seed, spool_type_of(rec), &copy);
    if (r == 0)
        r = spool_table_note(&s->table, rec);
    if (r < 0) {
        s->pending.n = before;
        return diag_set(reterr, r, "cannot keep a record of %zu bytes: %s", rec->bytes.n,
                        err_word(r));
    }
    s->next++;
    s->stats.records++;
    s->stats.bytes += rec->bytes.n;
    return 0;
}

static int write_pending(struct spool *s) {
    if (s->dirty && ftruncate(s->fd, (off_t) s->write_at) < 0)
        return -errno;
    s->dirty = true;
    int r = spool_write_at(s->fd, s->write_at, buf_str(&s->pending));
    if (r == 0 && fdatasync(s->fd) < 0)
        r = -errno;
    s->dirty = r < 0;
    /* Give the space back: others on this disk may need it to recover. If that fails too, the next
     * try cuts. */
    if (r < 0 && ftruncate(s->fd, (off_t) s->write_at) < 0)
        return r;
    return r;
}

static bool is_old(const struct spool *s) {
    return s->o.segment_age_ns &&
           s->o.clock.now_ns(s->o.clock.ctx) - s->head.created_ns >= s->o.segment_age_ns;
}

int spool_commit(struct spool *s, struct diag *reterr) {
    if (s->pending.n == 0)
        return 0;
    int r = write_pending(s);
    if (r < 0) {
        s->stats.commit_failures++;
        return diag_set(reterr, r, "cannot write to the spool '%s': %s", s->dir, err_word(r));
    }
    s->durable_at = s->write_at + s->pending.n;
    s->durable_next = s->next;
    s->stats.commits++;
    buf_clear(&s->pending);
    write_mark(s);
    /* The records are safe. When the next segment cannot be made, this one grows and the next
     * commit tries. */
    if ((s->durable_at >= s->o.segment_bytes || is_old(s)) && roll(s, NULL) < 0)
        s->stats.roll_failures++;
    return 0;
}

/* Reads the newest segment: sources and states into the table, end and next number into the spool.
 */
static int recover_frames(struct spool *s, struct spool_walk *w, struct diag *reterr) {
    struct spool_frame f;
    uint64_t marked_at = 0;
    for (;;) {
        int r = spool_walk_next(w, &f);
        if (r == WALK_FRAME) {
            if (f.type == SPOOL_MARK)
                marked_at = w->at;
            r = spool_table_note(&s->table, &f.rec);
            if (r == 0)
                continue;
        }
        if (r < 0)
            return diag_set(reterr, r, "cannot read the spool '%s': %s", s->dir, err_word(r));
        if (spool_walk_at_end(w))
            break;
        struct spool_gap gap;
        r = spool_walk_resync(w, false, &gap);
        if (r < 0)
            return diag_set(reterr, r, "cannot read the spool '%s': %s", s->dir, err_word(r));
        if (r == 0)
            break;
        gap.segment = s->head.segment;
        if (s->found.gaps_n < SPOOL_GAPS_MAX)
            s->found.gaps[s->found.gaps_n] = gap;
        s->found.gaps_n++;
    }
    s->durable_at = s->write_at = w->at;
    s->next = s->durable_next = w->next;
    s->dirty = false;
    /* durable_at stands behind a mark already: the next mark would say nothing new */
    if (marked_at != w->at)
        s->dirty = true;
    return 0;
}

static int recover(struct spool *s, struct diag *reterr) {
    struct stat st;
    struct spool_walk w = {.cap = SPOOL_WALK_BYTES};
    w.buf = mem_alloc(w.cap);
    if (!w.buf)
        return diag_set(reterr, -ENOMEM, "out of memory");
    struct spool_file file = spool_file_plain(s->fd);
    spool_walk_begin(&w, &file, s->seed, SPOOL_HEADER_BYTES, s->head.first);
    int r = recover_frames(s, &w, reterr);
    mem_free(w.buf);
    if (r < 0)
        return r;
    if (fstat(s->fd, &st) < 0 || ftruncate(s->fd, (off_t) s->durable_at) < 0 ||
        fdatasync(s->fd) < 0)
        return diag_set(reterr, -errno, "cannot repair the spool '%s': %s", s->dir,
                        err_word(-errno));
    s->found.cut_at = s->durable_at;
    s->found.cut_bytes = (uint64_t) st.st_size - MIN((uint64_t) st.st_size, s->durable_at);
    if (s->dirty) {
        s->dirty = false;
        write_mark(s);
    }
    return 0;
}

static int open_newest(struct spool *s, const struct spool_segments *list, struct diag *reterr) {
    const uint32_t newest = list->at[list->n - 1];
    char name[SPOOL_NAME_CAP];
    s->fd = openat(s->dir_fd, spool_segment_name(newest, name), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    struct spool_file file = spool_file_plain(s->fd);
    int r = s->fd < 0 ? -errno : spool_segment_header(&file, newest, &s->head);
    if (r < 0)
        return diag_set_at(reterr, r, name, 0, 0,
                           "cannot read the header of this segment of '%s': %s", s->dir,
                           err_word(r));
    s->seed = spool_frame_seed(&s->head);
    r = recover(s, reterr);
    s->found.segments = list->n;
    s->found.records = s->next - 1;
    return r;
}

static int open_folder(struct spool *s, const char *dir, struct diag *reterr) {
    int r = file_make_dir(dir, 0700, reterr);
    if (r < 0)
        return r;
    s->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->dir_fd >= 0)
        s->lock_fd = openat(s->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lock_fd < 0)
        return diag_set(reterr, -errno, "cannot open the spool '%s': %s", dir, err_word(-errno));
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0)
        return diag_set(reterr, -EBUSY, "another process writes the spool '%s'", dir);
    return 0;
}

static int64_t wall_clock(void *ctx UNUSED) {
    return time_now_ns();
}

int spool_open(const char *dir, const struct spool_options *o, struct spool **ret,
               struct diag *reterr) {
    CLEANUP(spool_closep) struct spool *s = mem_zalloc(sizeof *s);
    if (!s)
        return diag_set(reterr, -ENOMEM, "out of memory");
    s->o = *o;
    s->o.segment_bytes = o->segment_bytes ? o->segment_bytes : SPOOL_SEGMENT_BYTES;
    if (!s->o.clock.now_ns)
        s->o.clock.now_ns = wall_clock;
    s->dir_fd = s->lock_fd = s->fd = -1;
    s->next = s->durable_next = 1;
    buf_init(&s->pending, SPOOL_PENDING_BYTES_MAX + SPOOL_FRAME_BYTES_MAX);
    spool_table_init(&s->table);
    (void) snprintf(s->dir, sizeof s->dir, "%s", dir);
    int r = open_folder(s, dir, reterr);
    if (r < 0)
        return r;
    struct spool_segments list;
    r = spool_segments_list(s->dir_fd, true, &list, reterr);
    if (r == 0 && list.n) {
        r = open_newest(s, &list, reterr);
    } else if (r == 0) {
        r = spool_new_id(s->head.id, reterr);
        r = r < 0 ? r : roll(s, reterr);
        s->found.segments = 1;
    }
    spool_segments_done(&list);
    if (r == 0)
        *ret = TAKE_PTR(s);
    return r;
}

uint64_t spool_next(const struct spool *s) {
    return s->next;
}
uint64_t spool_durable_next(const struct spool *s) {
    return s->durable_next;
}
size_t spool_pending_bytes(const struct spool *s) {
    return s->pending.n;
}
const struct spool_found *spool_found(const struct spool *s) {
    return &s->found;
}
const struct spool_stats *spool_stats(const struct spool *s) {
    return &s->stats;
}
int spool_each(struct spool *s, spool_each_fn *fn, void *ctx) {
    return spool_table_each(&s->table, fn, ctx);
}
