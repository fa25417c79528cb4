/* The list of followed files, and lines out of one of them. */
#include "base/err.h"
#include "base/mem.h"
#include "intake/lines.h"
#include "intake/tail_priv.h"

/* ---- files in the list ---- */

struct tail_file *tail_file_new(struct tail *t, const char *path) {
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

void tail_file_free(struct tail *t, struct tail_file *f) {
    if (f->fd >= 0)
        close(f->fd);
    list_remove(&f->link);
    t->files_n--;
    mem_free(f->path);
    mem_free(f);
}

int tail_put_identity(struct tail *t, const struct tail_file *f) {
    char bytes[TAIL_IDENTITY_BYTES];
    tail_identity_encode(&f->id, bytes);
    return live_put_state(t->transport.live, t->source, 2 * f->no, str_n(bytes, sizeof bytes));
}

int tail_put_mark(struct tail *t, const struct tail_file *f) {
    char bytes[TAIL_MARK_BYTES];
    tail_mark_encode(&f->at, bytes);
    return live_put_state(t->transport.live, t->source, 2 * f->no + 1, str_n(bytes, sizeof bytes));
}

void tail_forget(struct tail *t, struct tail_file *f) {
    /* the mark first: alone it would say that a copy was read */
    if (f->no && (live_put_state(t->transport.live, t->source, 2 * f->no + 1, STR_NULL) < 0 ||
                  live_put_state(t->transport.live, t->source, 2 * f->no, STR_NULL) < 0))
        return; /* the disk is full: later */
    t->past_n -= f->state == TAIL_PAST;
    tail_file_free(t, f);
}

void tail_set_past(struct tail *t, struct tail_file *f) {
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
    f->state = TAIL_PAST;
    t->past_n++;
    t->retired++;
}

/* Only between scans: nobody else walks the list then. */
void tail_forget_oldest(struct tail *t) {
    LIST_FOR_EACH(it, &t->files) {
        struct tail_file *f = container_of(it, struct tail_file, link);
        if (t->past_n <= TAIL_PAST_MAX)
            break;
        if (f->state == TAIL_PAST)
            tail_forget(t, f);
    }
}

void tail_rename_file(struct tail_file *f, const char *path) {
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
    struct tail_file *old = tail_file_new(t, f->path);
    if (!old)
        return; /* tried again at the next look */
    old->no = f->no;
    old->id = f->id;
    old->at = f->at;
    tail_set_past(t, old);
    tail_note_cut(t, old, live_now(t->transport.live));
    /* old takes f's place in the order, f goes to the end */
    list_remove(&old->link);
    list_add_before(&f->link, &old->link);
    list_remove(&f->link);
    list_add_tail(&t->files, &f->link);
    f->no = t->next_no++;
    f->id.head_n = 0;
    f->at = (struct tail_mark){0};
    f->columns_known = false;
    f->size = 0;
    f->backfill_until = 0;
}

/* sure: also when neither size nor time of change tell of a change. */
static int look_at(struct tail *t, struct tail_file *f, bool sure, uint64_t *ret_size) {
    struct stat st;
    uint8_t head[8];
    if (fstat(f->fd, &st) < 0)
        return -errno;
    uint64_t size = (uint64_t) st.st_size;
    int64_t changed_ns = st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec;
    bool again = size < f->at.offset;
    if (!again && f->id.head_n && (sure || size != f->size || changed_ns != f->changed_ns)) {
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

int tail_look_at(struct tail *t, struct tail_file *f, uint64_t *ret_size) {
    return look_at(t, f, false, ret_size);
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
        if (!f->at.in_long)
            (void) columns_follow(&f->columns, cut.bytes);
        struct raw_record rec = {
            .bytes = cut.bytes,
            .arrival_ns = now,
            .source = t->source,
            .flags = cut.flags | (at.offset <= f->backfill_until ? RAW_BACKFILL : 0),
            .resume = str_n(mark, sizeof mark),
            .resume_key = 2 * f->no + 1,
            .peer = columns_of(&f->columns),
        };
        int r = live_put(t->transport.live, &rec);
        if (r < 0)
            return r;
        f->at = at;
        *ret_used += cut.used;
    }
    return 0;
}

/* The first bytes of the content of which the n bytes of the chunk are the ones at the mark; how
 * many. What they are worth the look behind it tells. */
static size_t read_start(const struct tail *t, const struct tail_file *f, size_t n,
                         char start[TAIL_HEAD_BYTES]) {
    if (f->id.head_n == TAIL_HEAD_BYTES)
        return 0;
    if (f->at.offset == 0) {
        memcpy(start, t->chunk, MIN(n, (size_t) TAIL_HEAD_BYTES));
        return MIN(n, (size_t) TAIL_HEAD_BYTES);
    }
    ssize_t got = pread(f->fd, start, TAIL_HEAD_BYTES, 0);
    return got < 0 ? 0 : (size_t) got;
}

/* Invariant 2: over bytes that are in the spool, and no others. */
static int grow_head(struct tail *t, struct tail_file *f, const char *start, size_t start_n) {
    size_t n = (size_t) MIN(f->at.offset, (uint64_t) start_n);
    if (n <= f->id.head_n)
        return 0;
    struct tail_identity before = f->id;
    f->id.head_n = (uint16_t) n;
    tail_head_of(str_n(start, n), f->id.head);
    int r = tail_put_identity(t, f);
    if (r < 0)
        f->id = before; /* shorter, and right */
    return r;
}

/* One chunk: 1 there may be more, 0 no more whole lines, negative: stop. */
static int read_chunk(struct tail *t, struct tail_file *f, bool end, int64_t now,
                      size_t *ret_used) {
    char start[TAIL_HEAD_BYTES];
    uint64_t size = 0;
    uint32_t no = f->no;
    *ret_used = 0;
    ssize_t n = pread(f->fd, t->chunk, CHUNK_BYTES, (off_t) f->at.offset);
    if (n <= 0)
        return n < 0 && errno != EINTR ? -errno : 0;
    size_t start_n = read_start(t, f, (size_t) n, start);
    /* Invariant 3: a truncation since the look would make these the bytes of another content */
    int r = look_at(t, f, true, &size);
    if (r < 0 || f->no != no || size < f->at.offset + (uint64_t) n)
        return r < 0 ? r : 1;
    if (f->at.offset == 0) /* so that no mark is without a name */
        r = tail_put_identity(t, f);
    if (r == 0)
        r = put_lines(t, f, t->chunk, (size_t) n, end && n < CHUNK_BYTES, now, ret_used);
    if (r == 0)
        r = grow_head(t, f, start, start_n);
    return r < 0 ? r : *ret_used > 0 && n == CHUNK_BYTES;
}

int tail_read_file(struct tail *t, struct tail_file *f, bool end) {
    uint64_t size;
    size_t used;
    int r = tail_look_at(t, f, &size);
    if (r < 0 || size == f->at.offset)
        return r;
    int64_t now = live_now(t->transport.live);
    if (!f->columns_known) { /* the first look since the program began, or a new content */
        r = tail_columns_before(f->fd, f->at.offset, t->chunk, CHUNK_BYTES, &f->columns);
        if (r < 0)
            return r;
        f->columns_known = true;
    }
    r = 1;
    for (size_t taken = 0; r == 1 && taken < PUMP_BYTES; taken += used) {
        r = read_chunk(t, f, end, now, &used);
        if (used == 0)
            return r;
    }
    return r;
}

void tail_settle(struct tail *t, struct tail_file *f) {
    int64_t quiet = live_now(t->transport.live) - f->grown_ns;
    if (quiet < (int64_t) t->o.rescan_ms * QUIET_SCANS * NS_PER_MS)
        return;
    if (f->named) {
        if (f->at.offset == f->size) { /* half a line keeps it open */
            close(f->fd);
            f->fd = -1;
            f->state = TAIL_ASLEEP;
        }
    } else if (tail_read_file(t, f, true) == 0) {
        tail_set_past(t, f);
    }
}
