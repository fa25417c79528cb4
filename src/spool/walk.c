#include "spool/walk.h"

/* read at once: the buffer is larger than usual frames need, and untouched memory costs nothing */
enum { CHUNK_BYTES = 256 * 1024 };

void spool_walk_begin(struct spool_walk *w, struct spool_file *file, uint32_t seed, uint64_t at,
                      uint64_t next) {
    w->file = file;
    w->seed = seed;
    w->at = at;
    w->next = next;
    w->from = w->to = 0;
}

bool spool_walk_at_end(const struct spool_walk *w) {
    return w->from == w->to;
}

/* More bytes behind buf[to]; 0 at the end of the file. */
static int refill(struct spool_walk *w) {
    if (w->from && !w->pinned) {
        memmove(w->buf, w->buf + w->from, w->to - w->from);
        w->to -= w->from;
        w->from = 0;
    }
    if (w->to == w->cap)
        return -ENOSPC;
    ssize_t got = spool_file_read(w->file, w->buf + w->to, MIN(w->cap - w->to, (size_t) CHUNK_BYTES),
                                  w->at + w->to - w->from);
    if (got < 0)
        return (int) got;
    w->to += (size_t) got;
    return got > 0;
}

int spool_walk_next(struct spool_walk *w, struct spool_frame *ret) {
    for (;;) {
        int r = spool_frame_decode(w->buf + w->from, w->to - w->from, w->seed, ret);
        if (r == 0) {
            r = refill(w);
            if (r == 1)
                continue;
            if (r == -ENOSPC)
                return WALK_FULL;
            return r < 0 ? r : WALK_STOP;
        }
        uint64_t number = w->next - (r == 1 && ret->type == SPOOL_MARK);
        if (r < 0 || ret->rec.pos.n != number)
            return WALK_STOP;
        w->from += ret->size;
        w->at += ret->size;
        w->next += ret->type != SPOOL_MARK;
        return WALK_FRAME;
    }
}

/* The first place from `at + 8` where a whole frame with a possible number stands. Every frame has
 * at least SPOOL_FRAME_HEAD_BYTES, so the distance bounds how many records can be missing. */
static int find_frame(struct spool_walk *w, struct spool_frame *ret) {
    const uint64_t start = w->at, next = w->next;
    for (;;) {
        w->at += 8;
        w->from += 8;
        if (w->from + SPOOL_FRAME_HEAD_BYTES > w->to) {
            w->from = MIN(w->from, w->to);
            spool_walk_begin(w, w->file, w->seed, w->at, next);
            int r = refill(w);
            if (r < 0)
                return r;
            if (w->to < SPOOL_FRAME_HEAD_BYTES)
                return 0;
        }
        uint64_t most = next + (w->at - start) / SPOOL_FRAME_HEAD_BYTES;
        if (!spool_frame_plausible(w->buf + w->from, w->to - w->from, next - 1, most))
            continue;
        int r = 0, more = 1;
        while (more == 1) {
            r = spool_frame_decode(w->buf + w->from, w->to - w->from, w->seed, ret);
            more = r == 0 ? refill(w) : 0;
        }
        if (more < 0)
            return more;
        if (r == 1 && ret->rec.pos.n + (ret->type == SPOOL_MARK) >= next)
            return 1;
    }
}

/* Is there a mark at or behind the frame the walk stands at? Moves the walk. */
static int find_mark(struct spool_walk *w) {
    struct spool_frame f;
    for (;;) {
        int r = spool_walk_next(w, &f);
        if (r < 0 || (r == WALK_FRAME && f.type == SPOOL_MARK))
            return r;
        if (r == WALK_FRAME)
            continue;
        r = find_frame(w, &f);
        if (r <= 0)
            return r;
        w->next = f.rec.pos.n + (f.type == SPOOL_MARK);
    }
}

int spool_walk_resync(struct spool_walk *w, bool closed, struct spool_gap *ret) {
    const uint64_t at = w->at, next = w->next;
    struct spool_frame f;
    ASSERT(!w->pinned);
    int r = find_frame(w, &f);
    if (r < 0)
        return r;
    if (r == 0) {
        /* nothing more in this segment; w->at stands at its end */
        struct spool_gap gap = {.from_at = at, .to_at = w->at, .from_number = next};
        if (closed)
            *ret = gap;
        else
            spool_walk_begin(w, w->file, w->seed, at, next);
        return closed;
    }
    struct spool_gap gap = {.from_at = at,
                            .to_at = w->at,
                            .from_number = next,
                            .to_number = f.rec.pos.n + (f.type == SPOOL_MARK)};
    if (!closed) {
        w->next = gap.to_number;
        r = find_mark(w);
        if (r <= 0) {
            spool_walk_begin(w, w->file, w->seed, at, next);
            return r;
        }
    }
    spool_walk_begin(w, w->file, w->seed, gap.to_at, gap.to_number);
    *ret = gap;
    return 1;
}
