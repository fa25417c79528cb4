/* See build.h; and of scan.h what reads a segment for its filter alone. */
#include "app/search/build.h"

#include "app/search/scan.h"
#include "app/search/whole.h"
#include "base/mem.h"
#include "spool/reader.h"

#include <dirent.h>
#include <limits.h>
#include <unistd.h>

enum { PATH_CAP = PATH_MAX + SPOOL_NAME_CAP };

struct filter build_like(const uint8_t *spool_id, uint32_t segment, const struct decode_set *decoders) {
    struct filter like = {.segment = segment};
    memcpy(like.id, spool_id, SPOOL_ID_BYTES);
    filter_maker(decoders, like.made_by);
    return like;
}

static void path_of(const char *filter_dir, uint32_t segment, char dst[PATH_CAP]) {
    char name[SPOOL_NAME_CAP];
    snprintf(dst, PATH_CAP, "%.*s/%s", PATH_MAX - 8, filter_dir, filter_name(segment, name));
}

bool build_is_there(const char *filter_dir, const struct filter *like) {
    char path[PATH_CAP];
    path_of(filter_dir, like->segment, path);
    return filter_is_there(path, like);
}

void build_done(struct build *b) {
    filter_done(&b->filter);
    *b = (struct build){0};
}

int build_begin(struct build *b, const struct filter *like, const struct spool_part *p) {
    build_done(b);
    int r = filter_begin(&b->filter, p->closed ? p->bytes : MAX(p->bytes, (uint64_t) SPOOL_SEGMENT_BYTES));
    if (r < 0)
        return r;
    memcpy(b->filter.id, like->id, sizeof like->id);
    memcpy(b->filter.made_by, like->made_by, sizeof like->made_by);
    b->filter.segment = like->segment;
    b->filter.first = p->first;
    b->on = true;
    return 0;
}

void build_add(struct build *b, const struct whole_folded *e, uint64_t at, bool open) {
    filter_add(&b->filter, e, at, open);
}

void build_add_definition(struct build *b, uint64_t at, const struct raw_record *rec) {
    filter_add_definition(&b->filter, at, rec);
}

int build_end(struct build *b, uint64_t next, uint64_t bytes, const char *filter_dir, struct diag *reterr) {
    char path[PATH_CAP];
    path_of(filter_dir, b->filter.segment, path);
    b->filter.next = next;
    if (b->damaged)
        filter_end_unknown(&b->filter, bytes);
    else
        filter_end(&b->filter, bytes);
    int r = filter_write(&b->filter, path, reterr);
    build_done(b);
    return r;
}

/* ---- a segment for its filter alone ---- */

static int add_record(struct build *b, struct whole *w, const struct raw_record *rec, uint64_t at) {
    struct whole_folded folded;
    struct event ev;
    struct str line;
    bool open = false;
    int r = whole_read(w, rec, &ev, &line, &open);
    if (r == 0 && (rec->flags & RAW_SOURCE))
        build_add_definition(b, at, rec);
    if (r > 0 && (r = whole_fold(&w->arena, &ev, line, &folded)) == 0)
        build_add(b, &folded, at, open);
    return r;
}

static int read_segment(struct build *b, struct whole *w, struct spool_reader *reader, uint32_t segment, uint64_t *next,
                        const volatile bool *stop, struct diag *err) {
    struct spool_batch batch;
    int r = 0;
    spool_batch_init(&batch);
    while (r == 0 && (r = spool_reader_next(reader, &batch, NULL, err)) > 0 && spool_reader_in(reader) == segment) {
        r = stop && *stop ? diag_set(err, -ECANCELED, "stopped") : 0;
        for (size_t i = 0; r == 0 && i < batch.n; i++)
            if ((r = add_record(b, w, &batch.records[i], batch.offsets[i])) < 0)
                diag_set(err, r, "cannot go on: %s", err_word(r));
        if (r == 0)
            *next = batch.records[batch.n - 1].pos.n + 1;
    }
    spool_batch_done(&batch);
    return MIN(r, 0);
}

static int make_one(struct spool_reader *reader, const struct filter *like, struct decode_set *decoders, const char *filter_dir,
                    const volatile bool *stop, struct diag *err) {
    struct whole whole = {0};
    struct build b = {0};
    struct spool_part p;
    int r = whole_init(&whole, decoders, err);
    if (r == 0)
        r = spool_reader_enter(reader, like->segment, &p, err);
    if (r == 0 && (r = build_begin(&b, like, &p)) < 0)
        diag_set(err, r, "out of memory");
    if (r == 0) {
        uint64_t next = p.first;
        r = read_segment(&b, &whole, reader, like->segment, &next, stop, err);
        b.damaged = r == -ERR_CORRUPT;
        if (r == 0 || b.damaged)
            r = build_end(&b, next, p.bytes, filter_dir, err);
    }
    build_done(&b);
    whole_done(&whole);
    return r;
}

static bool is_kept(const uint32_t *segments, size_t n, uint32_t segment) {
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (segments[middle] < segment)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && segments[low] == segment;
}

int scan_forget_filters(const char *spool_dir, const char *filter_dir, struct diag *reterr) {
    CLEANUP(spool_reader_freep) struct spool_reader *reader = NULL;
    uint32_t *segments;
    size_t n;
    int gone = 0, r = spool_reader_open(spool_dir, &reader, reterr);
    if (r == 0)
        r = spool_reader_segments(reader, &segments, &n, reterr);
    if (r < 0)
        return r;
    DIR *dir = n ? opendir(filter_dir) : NULL; /* a spool with nothing in it is one that could not be read */
    for (struct dirent *e; dir && (e = readdir(dir));) {
        char name[SPOOL_NAME_CAP];
        uint64_t segment;
        struct str s = str_of(e->d_name);
        ptrdiff_t dot = str_find_byte(s, '.', 0);
        if (dot <= 0 || str_to_u64(str_to(s, (size_t) dot), &segment) < 0 || segment > UINT32_MAX ||
            strcmp(filter_name((uint32_t) segment, name), e->d_name) != 0 || is_kept(segments, n, (uint32_t) segment))
            continue;
        gone += unlinkat(dirfd(dir), e->d_name, 0) == 0;
    }
    if (dir)
        closedir(dir);
    mem_free(segments);
    return gone;
}

int scan_make_filter(const char *spool_dir, const char *filter_dir, struct decode_set *decoders, uint32_t but,
                     const volatile bool *stop, uint32_t *ret_segment, struct diag *reterr) {
    CLEANUP(spool_reader_freep) struct spool_reader *reader = NULL;
    uint32_t *segments;
    size_t n;
    int r = spool_reader_open(spool_dir, &reader, reterr);
    if (r == 0)
        r = spool_reader_segments(reader, &segments, &n, reterr);
    if (r < 0)
        return r;
    for (size_t i = n > 0 ? n - 1 : 0; r == 0 && i-- > 0;) { /* the newest still grows */
        struct filter like = build_like(spool_reader_id(reader), segments[i], decoders);
        if (segments[i] == but || build_is_there(filter_dir, &like))
            continue;
        *ret_segment = segments[i];
        r = make_one(reader, &like, decoders, filter_dir, stop, reterr);
        if (r == 0)
            r = 1;
    }
    mem_free(segments);
    return r;
}
