#include "spool/reader.h"

#include "base/le.h"
#include "base/mem.h"
#include "spool/segment.h"
#include "spool/walk.h"

#include <fcntl.h>

/* The reader stands in one segment. `safe_at` is how far that segment is known to be on disk: it
 * moves from mark to mark by a walk ahead (look_ahead), and records are handed out up to it. What
 * stands behind the last mark is looked at anew every time, because a writer that crashed may have
 * replaced it.
 *
 * Sparse index: while reading, a point (number, offset) every INDEX_STEP_BYTES is kept for the
 * segments read last, so that fetching evidence does not read a segment from its start again. */

#define TO_THE_END UINT64_MAX
enum {
    SLACK_BYTES = 64,
    TAKE_BYTES = 8 * 1024,
    LOOK_AHEAD_BYTES = 1024 * 1024,
    INDEX_STEP_BYTES = 128 * 1024,
    INDEX_SEGMENTS = 8,
    INDEX_POINTS_MAX = 2 * SPOOL_SEGMENT_BYTES / INDEX_STEP_BYTES,
};

struct point {
    uint64_t number, at;
};
struct seg_index {
    uint32_t segment; /* 0 = free */
    uint64_t used;    /* clock for replacing the one not used for longest */
    uint32_t n;
    struct point points[INDEX_POINTS_MAX];
};

struct spool_reader {
    int dir_fd;
    struct spool_file file;
    uint32_t newest; /* newest segment seen when the folder was listed */
    struct spool_header head;
    uint32_t seed;
    bool closed; /* a later segment exists, so this one does not change any more */
    uint64_t at, next;
    uint64_t safe_at, safe_next;
    uint64_t stop_at, stop_behind; /* no batch reaches over this byte; 0: it is the segment's end */
    uint64_t skip_until; /* records below are passed over: the rest of a seek */
    bool gap_found;
    struct spool_gap gap; /* begins at safe_at */
    struct spool_walk ahead;
    uint64_t uses;
    struct seg_index *index[INDEX_SEGMENTS];
    char dir[256];
};

void spool_batch_init(struct spool_batch *b) {
    *b = (struct spool_batch){0};
}

void spool_batch_done(struct spool_batch *b) {
    mem_free(b->records);
    mem_free(b->offsets);
    mem_free(b->buffer);
    spool_batch_init(b);
}

struct spool_reader *spool_reader_free(struct spool_reader *r) {
    if (!r)
        return NULL;
    spool_file_close(&r->file);
    if (r->dir_fd >= 0)
        close(r->dir_fd);
    mem_free(r->ahead.buf);
    for (size_t i = 0; i < INDEX_SEGMENTS; i++)
        mem_free(r->index[i]);
    mem_free(r);
    return NULL;
}

uint64_t spool_reader_at(const struct spool_reader *r) {
    return MAX(r->next, r->skip_until);
}

/* ---- sparse index ---- */

static struct seg_index *index_of(struct spool_reader *r, uint32_t segment) {
    size_t oldest = 0;
    for (size_t i = 0; i < INDEX_SEGMENTS; i++) {
        if (r->index[i] && r->index[i]->segment == segment) {
            r->index[i]->used = ++r->uses;
            return r->index[i];
        }
        if (!r->index[i] || (r->index[oldest] && r->index[i]->used < r->index[oldest]->used))
            oldest = i;
    }
    struct seg_index *x = r->index[oldest] ? r->index[oldest] : mem_alloc(sizeof *x);
    if (!x)
        return NULL; /* only slower */
    r->index[oldest] = x;
    x->segment = segment;
    x->used = ++r->uses;
    x->n = 0;
    return x;
}

static void index_note(struct spool_reader *r) {
    struct seg_index *x = index_of(r, r->head.segment);
    if (!x || x->n == INDEX_POINTS_MAX)
        return;
    if (x->n == 0 || r->at >= x->points[x->n - 1].at + INDEX_STEP_BYTES)
        x->points[x->n++] = (struct point){.number = r->next, .at = r->at};
}

static struct point index_best(struct spool_reader *r, uint64_t number) {
    struct point best = {.number = r->head.first, .at = SPOOL_HEADER_BYTES};
    struct seg_index *x = index_of(r, r->head.segment);
    for (uint32_t i = 0; x && i < x->n && x->points[i].number <= number; i++)
        best = x->points[i];
    return best;
}

/* ---- segments ---- */

static int open_segment(struct spool_reader *r, uint32_t segment, struct diag *reterr) {
    char name[SPOOL_NAME_CAP];
    struct spool_header head;
    struct spool_file file;
    int k = spool_file_open(r->dir_fd, segment, &file);
    if (k == 0 && (k = spool_segment_header(&file, segment, &head)) < 0)
        spool_file_close(&file);
    if (k < 0) {
        return diag_set_at(reterr, k, spool_segment_name(segment, name), 0, 0, "cannot read this segment of '%s': %s", r->dir,
                           err_word(k));
    }
    spool_file_close(&r->file);
    r->file = file;
    r->head = head;
    r->seed = spool_frame_seed(&head);
    r->closed = segment < r->newest;
    r->stop_at = 0;
    r->newest = MAX(r->newest, segment);
    r->at = r->safe_at = SPOOL_HEADER_BYTES;
    r->next = r->safe_next = head.first;
    r->gap_found = false;
    return 0;
}

/* The segment behind the present one; 0 when there is none yet. */
static int next_segment(struct spool_reader *r, uint32_t *ret, struct diag *reterr) {
    char name[SPOOL_NAME_CAP];
    uint32_t segment = r->head.segment + 1;
    *ret = 0;
    if (faccessat(r->dir_fd, spool_segment_name(segment, name), F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
        faccessat(r->dir_fd, spool_sealed_name(segment, name), F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        *ret = segment;
        return 0;
    }
    if (segment > r->newest)
        return 0;
    /* a later one was there: this one was taken away */
    struct spool_segments l;
    int k = spool_segments_list(r->dir_fd, false, &l, reterr);
    for (uint32_t i = 0; k == 0 && i < l.n && *ret == 0; i++)
        if (l.at[i] >= segment)
            *ret = l.at[i];
    if (k == 0)
        spool_segments_done(&l);
    return k;
}

/* Goes on to the next segment; a jump of numbers between the two is a gap. */
static int advance(struct spool_reader *r, uint32_t segment, struct diag *reterr) {
    struct spool_gap gap = {
        .segment = r->head.segment, .from_at = r->at, .to_at = r->at, .from_number = r->next};
    int k = open_segment(r, segment, reterr);
    if (k < 0)
        return k;
    if (r->head.first != gap.from_number) {
        gap.to_number = r->head.first;
        r->gap = gap;
        r->gap_found = true;
    }
    return 0;
}

/* ---- walking ---- */

/* Moves safe_at on. After it: safe_at > at, or gap_found, or nothing more is on disk. */
static int look_ahead(struct spool_reader *r, struct diag *reterr) {
    struct spool_walk *w = &r->ahead;
    struct spool_frame f;
    spool_walk_begin(w, &r->file, r->seed, r->safe_at, r->safe_next);
    for (;;) {
        int k = spool_walk_next(w, &f);
        if (k < 0)
            return diag_set(reterr, k, "cannot read the spool '%s': %s", r->dir, err_word(k));
        if (k == WALK_FRAME) {
            if (f.type == SPOOL_MARK || r->closed) {
                r->safe_at = w->at;
                r->safe_next = w->next;
                if (r->safe_at - r->at >= LOOK_AHEAD_BYTES)
                    return 0;
            }
            continue;
        }
        if (!r->closed) {
            uint32_t segment;
            k = next_segment(r, &segment, reterr);
            if (k < 0)
                return k;
            r->closed = segment > 0;
            if (r->closed) { /* once more: it may have grown before it was closed */
                spool_walk_begin(w, &r->file, r->seed, r->safe_at, r->safe_next);
                continue;
            }
        }
        if (spool_walk_at_end(w))
            return 0;
        struct spool_gap gap;
        k = spool_walk_resync(w, r->closed, &gap);
        if (k < 0)
            return diag_set(reterr, k, "cannot read the spool '%s': %s", r->dir, err_word(k));
        if (k == 1) {
            gap.segment = r->head.segment;
            r->safe_at = gap.from_at;
            r->safe_next = gap.from_number;
            r->gap = gap;
            r->gap_found = true;
        }
        return 0;
    }
}

static int batch_add(struct spool_batch *b, const struct raw_record *rec, uint64_t at) {
    int r = mem_grow((void **) &b->records, &b->records_cap, b->n + 1, BATCH_RECORDS_MAX, sizeof *b->records);
    if (r == 0)
        r = mem_grow((void **) &b->offsets, &b->offsets_cap, b->n + 1, BATCH_RECORDS_MAX, sizeof *b->offsets);
    if (r < 0)
        return r;
    b->records[b->n] = *rec;
    b->offsets[b->n++] = at;
    return 0;
}

/* Records from at to `limit`, as many as the buffer holds. 1: what stands at `at` is no frame. */
enum { NO_FRAME = 1 };
static int fill(struct spool_reader *r, struct spool_batch *b, uint64_t limit) {
    struct spool_walk w = {.pinned = true, .buf = b->buffer, .cap = MIN(b->buffer_cap, (size_t) (limit - r->at))};
    struct spool_frame f;
    spool_walk_begin(&w, &r->file, r->seed, r->at, r->next);
    int k = WALK_FRAME;
    while (w.at < limit && b->n < BATCH_RECORDS_MAX) {
        uint64_t at = w.at;
        k = spool_walk_next(&w, &f);
        if (k != WALK_FRAME)
            break;
        if (f.type == SPOOL_MARK || f.rec.pos.n < r->skip_until)
            continue;
        int g = batch_add(b, &f.rec, at);
        if (g < 0)
            return g;
    }
    if (k < 0)
        return k;
    /* no progress: the frame is larger than the buffer, or the bytes changed since they were looked
     * at */
    bool stuck = w.at == r->at;
    r->at = w.at;
    r->next = w.next;
    index_note(r);
    return !stuck ? 0 : k == WALK_FULL ? -ENOBUFS : NO_FRAME;
}

static int batch_room(struct spool_batch *b, size_t cap) {
    if (b->buffer_cap >= cap)
        return 0;
    char *fresh = mem_zalloc(cap + SLACK_BYTES);
    if (!fresh)
        return -ENOMEM;
    mem_free(b->buffer);
    b->buffer = fresh;
    b->buffer_cap = cap;
    return 0;
}

/* Tells of the gap the reader stands at and goes behind it. */
static int leave_gap(struct spool_reader *r, struct spool_gap *ret_gap, struct diag *reterr) {
    struct spool_gap gap = r->gap;
    char name[SPOOL_NAME_CAP];
    r->gap_found = false;
    if (gap.to_number == 0) {
        /* up to the end of a closed segment: the next one says where numbers go on */
        uint32_t segment;
        int k = next_segment(r, &segment, reterr);
        if (k == 0 && segment)
            k = open_segment(r, segment, reterr);
        if (k < 0)
            return k;
        gap.to_number = r->head.first;
        r->gap_found = false;
    } else if (gap.segment == r->head.segment) {
        r->at = r->safe_at = gap.to_at;
        r->next = r->safe_next = gap.to_number;
    }
    if (ret_gap)
        *ret_gap = gap;
    return diag_set_at(reterr, -ERR_CORRUPT, spool_segment_name(gap.segment, name), 0, 0,
                       "bytes %llu to %llu are damaged: records %llu to %llu cannot be read",
                       (unsigned long long) gap.from_at, (unsigned long long) gap.to_at,
                       (unsigned long long) gap.from_number,
                       (unsigned long long) gap.to_number - 1);
}

static int fill_growing(struct spool_reader *r, struct spool_batch *b, uint64_t limit, struct diag *reterr) {
    int k = batch_room(b, BATCH_BYTES);
    if (k == 0)
        k = fill(r, b, limit);
    if (k == -ENOBUFS) {
        k = batch_room(b, SPOOL_FRAME_BYTES_MAX);
        if (k == 0)
            k = fill(r, b, limit);
    }
    if (k == NO_FRAME && limit != TO_THE_END)
        k = -EIO; /* a whole frame stood there a moment ago */
    if (k == NO_FRAME)
        return k;
    return k < 0 ? diag_set(reterr, k, "cannot read the spool '%s': %s", r->dir, err_word(k)) : 0;
}

/* What stands at r->at is the record that comes next, and reaches over the stop; the buffer holds it up to there. */
static bool reaches_over(const struct spool_reader *r, const struct spool_batch *b) {
    size_t n = (size_t) (r->stop_at - r->at), size;
    if (n < SPOOL_FRAME_HEAD_BYTES)
        return true;
    size = (size_t) le_get(b->buffer, 4);
    return spool_frame_plausible(b->buffer, n, r->next - 1, r->next) && size > n && r->at + size <= r->stop_behind;
}

/* Up to the stop. 1: it is reached; -ENOBUFS: it says nothing true, or a record is larger than the buffer. */
static int fill_to_stop(struct spool_reader *r, struct spool_batch *b) {
    int k = batch_room(b, BATCH_BYTES);
    if (k == 0)
        k = fill(r, b, r->stop_at);
    if (k == -ENOBUFS && r->stop_at - r->at <= b->buffer_cap && reaches_over(r, b))
        return 1;
    return k == NO_FRAME ? -ENOBUFS : k;
}

/* In a closed segment every whole frame was acknowledged: nothing need be looked at ahead. 1: there is something for
 * look_ahead to judge, the end or damage. */
static int fill_closed(struct spool_reader *r, struct spool_batch *b, struct diag *reterr) {
    int k = fill_growing(r, b, TO_THE_END, reterr);
    if (k == 0) {
        r->safe_at = r->at;
        r->safe_next = r->next;
    }
    return k;
}

int spool_reader_next(struct spool_reader *r, struct spool_batch *b, struct spool_gap *ret_gap,
                      struct diag *reterr) {
    b->n = 0;
    for (;;) {
        int k = 0;
        if (r->closed && r->stop_at > r->at && r->at >= r->safe_at && !r->gap_found) {
            k = fill_to_stop(r, b);
            r->safe_at = MAX(r->safe_at, r->at);
            r->safe_next = MAX(r->safe_next, r->next);
            if (k == 1 || (k == 0 && b->n))
                return 1;
            if (k < 0 && k != -ENOBUFS)
                return diag_set(reterr, k, "cannot read the spool '%s': %s", r->dir, err_word(k));
            if (k == 0)
                continue; /* marks */
            k = 0;
        }
        if (r->closed && r->at >= r->safe_at && !r->gap_found) {
            k = fill_closed(r, b, reterr);
            if (k < 0 || b->n)
                return k < 0 ? k : 1;
            if (k == 0)
                continue; /* marks, or a seek not yet there */
            k = 0;
        }
        if (r->at >= r->safe_at && !r->gap_found)
            k = look_ahead(r, reterr);
        if (k == 0 && r->at < r->safe_at) {
            k = fill_growing(r, b, r->safe_at, reterr);
            if (k == 0 && b->n == 0)
                continue; /* only marks, or a seek not yet there */
        } else if (k == 0 && r->gap_found) {
            k = leave_gap(r, ret_gap, reterr);
        } else if (k == 0 && r->closed) {
            uint32_t segment;
            k = next_segment(r, &segment, reterr);
            if (k == 0 && segment)
                k = advance(r, segment, reterr);
            if (k == 0 && segment)
                continue;
        }
        return k < 0 ? k : b->n > 0;
    }
}

int spool_reader_segments(struct spool_reader *r, uint32_t **ret, size_t *ret_n, struct diag *reterr) {
    struct spool_segments l;
    int k = spool_segments_list(r->dir_fd, false, &l, reterr);
    if (k < 0)
        return k;
    if (l.n)
        r->newest = MAX(r->newest, l.at[l.n - 1]);
    *ret = l.at;
    *ret_n = l.n;
    return 0;
}

int spool_reader_enter(struct spool_reader *r, uint32_t segment, struct spool_part *ret, struct diag *reterr) {
    int k = open_segment(r, segment, reterr);
    if (k < 0)
        return k;
    r->skip_until = 0;
    int64_t size = spool_file_size(&r->file);
    *ret = (struct spool_part){.segment = segment, .first = r->head.first, .created_ns = r->head.created_ns,
                               .bytes = size > 0 ? (uint64_t) size : 0, .closed = r->closed};
    return 0;
}

/* Most frames fit the first read; a larger one is read again whole. */
static int read_frame(struct spool_reader *r, uint64_t offset, struct spool_batch *b, struct spool_frame *ret) {
    size_t want = TAKE_BYTES;
    for (;;) {
        int k = batch_room(b, MAX(want, (size_t) BATCH_BYTES));
        ssize_t got = k < 0 ? k : spool_file_read(&r->file, b->buffer, want, offset);
        if (got < 0)
            return (int) got;
        memset(b->buffer + got, 0, SLACK_BYTES);
        k = spool_frame_decode(b->buffer, (size_t) got, r->seed, ret);
        if (k != 0 || want >= SPOOL_FRAME_BYTES_MAX)
            return k == 1 ? 0 : -ERR_CORRUPT;
        want = (size_t) got < want ? SPOOL_FRAME_BYTES_MAX : MIN(want * 16, (size_t) SPOOL_FRAME_BYTES_MAX);
    }
}

int spool_reader_take(struct spool_reader *r, uint64_t offset, uint64_t number, struct spool_batch *b,
                      uint64_t *ret_behind, struct diag *reterr) {
    struct spool_frame f;
    char name[SPOOL_NAME_CAP];
    b->n = 0;
    int k = offset < SPOOL_HEADER_BYTES || offset % 8 ? -ERR_CORRUPT : read_frame(r, offset, b, &f);
    if (k == 0 && (f.type == SPOOL_MARK || f.rec.pos.n != number))
        k = -ERR_CORRUPT;
    if (k == 0)
        k = batch_add(b, &f.rec, offset);
    if (k < 0)
        return diag_set_at(reterr, k, spool_segment_name(r->head.segment, name), 0, 0, "record %llu cannot be read at byte %llu: %s",
                           (unsigned long long) number, (unsigned long long) offset, err_word(k));
    *ret_behind = offset + f.size;
    return 0;
}

void spool_reader_go_on(struct spool_reader *r, uint64_t offset, uint64_t number) {
    r->at = r->safe_at = offset;
    r->next = r->safe_next = number;
    r->skip_until = 0;
    r->gap_found = false;
}

void spool_reader_stop_at(struct spool_reader *r, uint64_t offset, uint64_t behind) {
    r->stop_at = offset;
    r->stop_behind = behind;
}

uint32_t spool_reader_in(const struct spool_reader *r) {
    return r->head.segment;
}

uint64_t spool_reader_offset(const struct spool_reader *r) {
    return r->at;
}

const uint8_t *spool_reader_id(const struct spool_reader *r) {
    return r->head.id;
}

static bool begins_by_number(const struct spool_header *h, const void *number) {
    return h->first <= *(const uint64_t *) number;
}
static bool begins_by_time(const struct spool_header *h, const void *t_ns) {
    return h->created_ns < *(const int64_t *) t_ns;
}

/* Stands at the start of the last segment that begins in time, or of the first one. */
static int seek_segment(struct spool_reader *r, bool (*in_time)(const struct spool_header *h, const void *want),
                        const void *want, struct diag *reterr) {
    struct spool_segments l;
    int k = spool_segments_list(r->dir_fd, false, &l, reterr);
    if (k < 0)
        return k;
    if (l.n == 0)
        k = diag_set(reterr, -ENOENT, "the spool '%s' holds no segment", r->dir);
    else
        r->newest = l.at[l.n - 1];
    uint32_t lo = 0, hi = l.n;
    while (k == 0 && hi - lo > 1) {
        uint32_t mid = lo + (hi - lo) / 2;
        k = open_segment(r, l.at[mid], reterr);
        if (k == 0 && in_time(&r->head, want))
            lo = mid;
        else
            hi = mid;
    }
    if (k == 0)
        k = open_segment(r, l.at[lo], reterr);
    spool_segments_done(&l);
    r->skip_until = 0;
    return k;
}

int spool_reader_seek(struct spool_reader *r, uint64_t number, struct diag *reterr) {
    int k = seek_segment(r, begins_by_number, &number, reterr);
    if (k < 0)
        return k;
    if (number < r->head.first)
        return diag_set(reterr, -ENOENT,
                        "record %llu is no longer kept: the spool begins with %llu",
                        (unsigned long long) number, (unsigned long long) r->head.first);
    struct point from = index_best(r, number);
    r->at = r->safe_at = from.at;
    r->next = r->safe_next = from.number;
    r->skip_until = number;
    return 0;
}

int spool_reader_seek_time(struct spool_reader *r, int64_t t_ns, struct diag *reterr) {
    return seek_segment(r, begins_by_time, &t_ns, reterr);
}

int spool_reader_open(const char *dir, struct spool_reader **ret, struct diag *reterr) {
    CLEANUP(spool_reader_freep) struct spool_reader *r = mem_zalloc(sizeof *r);
    if (!r)
        return diag_set(reterr, -ENOMEM, "out of memory");
    r->file = spool_file_plain(-1);
    (void) snprintf(r->dir, sizeof r->dir, "%s", dir);
    r->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (r->dir_fd < 0)
        return diag_set(reterr, -errno, "cannot open the spool '%s': %s", dir, err_word(-errno));
    r->ahead.cap = SPOOL_WALK_BYTES;
    r->ahead.buf = mem_alloc(r->ahead.cap);
    if (!r->ahead.buf)
        return diag_set(reterr, -ENOMEM, "out of memory");
    struct spool_segments l;
    int k = spool_segments_list(r->dir_fd, false, &l, reterr);
    if (k < 0)
        return k;
    if (l.n == 0) {
        k = diag_set(reterr, -ENOENT, "the spool '%s' holds no segment", dir);
    } else {
        r->newest = l.at[l.n - 1];
        k = open_segment(r, l.at[0], reterr);
    }
    spool_segments_done(&l);
    if (k == 0)
        *ret = TAKE_PTR(r);
    return k;
}

int spool_reader_get(struct spool_reader *r, uint64_t number, struct arena *a,
                     struct raw_record *ret, struct diag *reterr) {
    struct spool_batch b;
    spool_batch_init(&b);
    int k = spool_reader_seek(r, number, reterr);
    if (k == 0)
        k = spool_reader_next(r, &b, NULL, reterr);
    if (k == 0 || (k == 1 && b.records[0].pos.n != number))
        k = diag_set(reterr, -ENOENT, "record %llu is not there", (unsigned long long) number);
    if (k == 1) {
        struct raw_record rec = b.records[0];
        rec.bytes = arena_dup(a, rec.bytes);
        rec.peer = arena_dup(a, rec.peer);
        rec.resume = rec.resume.p ? arena_dup(a, rec.resume) : STR_NULL;
        k = rec.bytes.p && rec.peer.p ? 0 : diag_set(reterr, -ENOMEM, "out of memory");
        if (k == 0)
            *ret = rec;
    }
    spool_batch_done(&b);
    return k;
}
