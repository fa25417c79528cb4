/* Filters of closed segments: reads a segment once, every field of every event. Of scan.h. */
#include "app/search/scan.h"

#include "app/search/filter.h"
#include "app/search/whole.h"
#include "base/file.h"
#include "base/mem.h"
#include "spool/reader.h"

#include <limits.h>

struct builder {
    struct whole whole;
    struct filter filter;
};

static void builder_done(struct builder *b) {
    filter_done(&b->filter);
    whole_done(&b->whole);
}

static int add_record(struct builder *b, const struct raw_record *rec) {
    struct event ev;
    struct str line;
    bool open;
    int r = whole_read(&b->whole, rec, &ev, &line, &open);
    return r <= 0 ? r : filter_add(&b->filter, &b->whole.arena, &ev, line);
}

/* -ERR_CORRUPT: a place in it cannot be read. */
static int read_segment(struct builder *b, struct spool_reader *reader, const struct filter *like,
                        const volatile bool *stop, struct diag *err) {
    uint32_t segment = like->segment;
    struct spool_batch batch;
    struct spool_part p;
    int r = spool_reader_enter(reader, segment, &p, err);
    if (r == 0 && (r = filter_begin(&b->filter, p.bytes)) < 0)
        diag_set(err, r, "out of memory");
    if (r < 0)
        return r;
    memcpy(b->filter.id, like->id, sizeof like->id);
    memcpy(b->filter.made_by, like->made_by, sizeof like->made_by);
    b->filter.segment = segment;
    b->filter.first = b->filter.next = p.first;
    spool_batch_init(&batch);
    while (r == 0 && (r = spool_reader_next(reader, &batch, NULL, err)) > 0 && spool_reader_in(reader) == segment) {
        r = stop && *stop ? diag_set(err, -ECANCELED, "stopped") : 0;
        for (size_t i = 0; r == 0 && i < batch.n; i++)
            if ((r = add_record(b, &batch.records[i])) < 0)
                diag_set(err, r, "cannot go on: %s", err_word(r));
        if (r == 0)
            b->filter.next = batch.records[batch.n - 1].pos.n + 1;
    }
    spool_batch_done(&batch);
    return MIN(r, 0);
}

static int make_one(struct spool_reader *reader, const struct filter *like, struct decode_set *decoders, const char *path,
                    const volatile bool *stop, struct diag *err) {
    struct builder b = {0};
    int r = whole_init(&b.whole, decoders, err);
    if (r == 0)
        r = read_segment(&b, reader, like, stop, err);
    if (r == -ERR_CORRUPT) {
        filter_end_unknown(&b.filter);
        r = filter_write(&b.filter, path, err);
    } else if (r == 0) {
        filter_end(&b.filter);
        r = filter_write(&b.filter, path, err);
    }
    builder_done(&b);
    return r;
}

int scan_make_filter(const char *spool_dir, const char *filter_dir, struct decode_set *decoders,
                     const volatile bool *stop, uint32_t *ret_segment,
                     struct diag *reterr) {
    CLEANUP(spool_reader_freep) struct spool_reader *reader = NULL;
    uint32_t *segments;
    size_t n;
    int r = spool_reader_open(spool_dir, &reader, reterr);
    if (r == 0)
        r = spool_reader_segments(reader, &segments, &n, reterr);
    if (r < 0)
        return r;
    for (size_t i = n > 0 ? n - 1 : 0; r == 0 && i-- > 0;) { /* the newest still grows */
        char name[SPOOL_NAME_CAP], path[PATH_MAX + SPOOL_NAME_CAP];
        snprintf(path, sizeof path, "%.*s/%s", PATH_MAX - 8, filter_dir, filter_name(segments[i], name));
        struct filter like = {.segment = segments[i]};
        memcpy(like.id, spool_reader_id(reader), SPOOL_ID_BYTES);
        filter_maker(decoders, like.made_by);
        if (filter_is_there(path, &like))
            continue;
        *ret_segment = segments[i];
        r = make_one(reader, &like, decoders, path, stop, reterr);
        if (r == 0)
            r = 1;
    }
    mem_free(segments);
    return r;
}
