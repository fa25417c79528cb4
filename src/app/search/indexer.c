/* See indexer.h. Two places are read at once, each by a cursor of its own: the newest segment, and the newest of the
 * others that is not yet covered. */
#include "app/search/indexer.h"

#include "app/search/build.h"
#include "app/search/narrow.h"
#include "app/search/whole.h"
#include "base/mem.h"
#include "index/client.h"
#include "index/sql.h"
#include "spool/reader.h"

#include <malloc.h>
#include <stdlib.h>

enum { BATCH_ROWS = 10000, ROWS_BYTES_MAX = 48 << 20, ROWS_BYTES_FULL = 16 << 20, RUN_MS = 60000 };
#define LOOK_NS (5 * NS_PER_S)  /* between looks at the newest segment, while less than a batch arrives */
#define CHECK_NS (10 * NS_PER_S) /* between looks at the index, while nothing is to do */

struct covered {
    uint32_t segment;
    uint64_t next;
};
struct cursor {
    struct spool_reader *reader;
    struct whole whole;
    bool ready;
    uint32_t segment; /* 0: nowhere */
    uint64_t first;   /* of the segment */
    uint64_t covered; /* records before it are in the index */
    uint64_t next, place; /* what is read next */
    bool closed, ended, rough, more; /* more: the last batch was a full one */
    struct buf rows;
    size_t n_rows;
    struct build build; /* of the segment, when it is read from its beginning and has no filter */
};
struct indexer {
    char *spool_dir, *filter_dir;
    struct index_client *client;
    struct decode_set *decoders;
    struct spool_reader *list; /* says which segments there are */
    uint64_t made;
    bool created;
    struct covered *covered; /* what the index said, and what it took since */
    size_t n_covered, covered_cap;
    uint32_t *full; /* closed segments that are covered to their end */
    size_t n_full, full_cap;
    struct cursor tail, back;
    int64_t looked_ns, checked_ns;
    struct spool_batch batch;
    struct index_row row;
    struct buf answer;
};

static void cursor_done(struct cursor *c) {
    spool_reader_free(c->reader);
    whole_done(&c->whole);
    buf_done(&c->rows);
    build_done(&c->build);
    *c = (struct cursor){0};
}

struct indexer *indexer_free(struct indexer *x) {
    if (!x)
        return NULL;
    cursor_done(&x->tail);
    cursor_done(&x->back);
    spool_reader_free(x->list);
    index_client_free(x->client);
    spool_batch_done(&x->batch);
    index_row_done(&x->row);
    buf_done(&x->answer);
    mem_free(x->covered);
    mem_free(x->full);
    mem_free(x->spool_dir);
    mem_free(x->filter_dir);
    mem_free(x);
    return NULL;
}

int indexer_new(const char *spool_dir, const char *filter_dir, const char *where, struct decode_set *decoders, struct indexer **ret, struct diag *reterr) {
    struct indexer *x = mem_zalloc(sizeof *x);
    if (!x)
        return diag_set(reterr, -ENOMEM, "out of memory");
    x->decoders = decoders;
    spool_batch_init(&x->batch);
    index_row_init(&x->row);
    buf_init(&x->answer, INDEX_ANSWER_BYTES_MAX);
    x->spool_dir = str_dup(str_of(spool_dir));
    x->filter_dir = str_dup(str_of(filter_dir));
    int r = x->spool_dir && x->filter_dir ? index_client_new(where, &x->client, reterr) : diag_set(reterr, -ENOMEM, "out of memory");
    if (r < 0)
        indexer_free(x);
    else
        *ret = x;
    return r;
}

static int run(struct indexer *x, void (*write)(struct buf *out), struct diag *err) {
    struct buf s;
    buf_init(&s, INDEX_STATEMENT_BYTES_MAX);
    write(&s);
    int r = index_client_run(x->client, buf_str(&s), STR(""), RUN_MS, &x->answer, err);
    buf_done(&s);
    return r;
}

/* ---- what is covered ---- */

static uint64_t covered_to(const struct indexer *x, uint32_t segment, uint64_t first) {
    for (size_t i = 0; i < x->n_covered; i++)
        if (x->covered[i].segment == segment)
            return x->covered[i].next;
    return first;
}

/* As the index will say itself, when it is asked next. */
static int note_covered(struct indexer *x, uint32_t segment, uint64_t next) {
    size_t i = 0;
    while (i < x->n_covered && x->covered[i].segment != segment)
        i++;
    int r = i < x->n_covered ? 0 : mem_grow((void **) &x->covered, &x->covered_cap, i + 1, UINT32_MAX, sizeof *x->covered);
    if (r < 0)
        return r;
    x->covered[i] = (struct covered){segment, next};
    x->n_covered = MAX(x->n_covered, i + 1);
    return 0;
}

static bool is_full(const struct indexer *x, uint32_t segment) {
    for (size_t i = x->n_full; i-- > 0;)
        if (x->full[i] == segment)
            return true;
    return false;
}

static int read_marks(struct indexer *x, bool *whole) {
    size_t n = x->answer.n / INDEX_FOUND_BYTES;
    struct covered *fresh = mem_zalloc_array(n + 1, sizeof *fresh);
    int r = fresh ? 0 : -ENOMEM;
    *whole = true;
    for (size_t i = 0; r == 0 && i < n; i++) {
        struct index_found f;
        r = index_found_read(buf_str(&x->answer), i * INDEX_FOUND_BYTES, &f);
        *whole = *whole && f.width == f.next - f.n;
        fresh[i] = (struct covered){f.segment, f.next};
    }
    if (r < 0) {
        mem_free(fresh);
        return r;
    }
    if (n < x->n_covered) /* somebody emptied it */
        x->n_full = 0;
    mem_free(x->covered);
    x->covered = fresh;
    x->n_covered = n;
    x->covered_cap = n + 1;
    return 0;
}

static int check(struct indexer *x, struct diag *err) {
    struct buf s;
    bool whole = true;
    int r = x->created ? 0 : run(x, index_sql_create, err);
    if (r < 0)
        return r;
    x->created = true;
    buf_init(&s, INDEX_STATEMENT_BYTES_MAX);
    index_sql_find(&s, x->made, NULL, NULL, 0, INDEX_POSITIONS_MAX);
    r = index_client_run(x->client, buf_str(&s), STR(""), RUN_MS, &x->answer, err);
    buf_done(&s);
    if (r == 0 && (r = read_marks(x, &whole)) < 0)
        return diag_set(err, r, "what the index answers cannot be read: %s", err_word(r));
    if (r == 0 && (!whole || !x->n_covered)) {
        /* a piece is missing or there twice, or the rows are another spool's: anew. One's own index alone; whoever
         * looks after a cluster empties it there */
        x->n_full = x->n_covered = 0;
        if (index_client_is_local(x->client))
            r = run(x, index_sql_empty, err);
    }
    x->checked_ns = r == 0 ? time_monotonic_ns() : 0;
    return r;
}

static bool holds(const uint32_t *segments, size_t n, uint32_t from, uint32_t to) {
    for (size_t i = 0; i < n; i++)
        if (segments[i] >= from && segments[i] < to)
            return true;
    return false;
}

/* Rows of segments that are no longer kept: the whole partition where none of it is, else the segment's. The index takes its
 * time with the latter; until the next check (CHECK_NS) it is not asked again. */
static int forget(struct indexer *x, const uint32_t *segments, size_t n, struct diag *err) {
    int r = 0;
    for (size_t i = 0; r == 0 && i < x->n_covered && index_client_is_local(x->client); i++) {
        uint32_t segment = x->covered[i].segment, first = segment / INDEX_SEGMENTS_A_PARTITION * INDEX_SEGMENTS_A_PARTITION;
        struct buf s;
        if (segment > segments[n - 1] || holds(segments, n, segment, segment + 1)) /* newer than the list: read meanwhile */
            continue;
        bool whole = !holds(segments, n, first, first + INDEX_SEGMENTS_A_PARTITION);
        buf_init(&s, INDEX_STATEMENT_BYTES_MAX);
        if (whole)
            index_sql_drop(&s, segment);
        else
            index_sql_delete(&s, segment);
        r = index_client_run(x->client, buf_str(&s), STR(""), RUN_MS, &x->answer, err);
        buf_done(&s);
        size_t left = 0;
        for (size_t k = 0; r == 0 && k < x->n_covered; k++)
            if (k != i && !(whole && x->covered[k].segment / INDEX_SEGMENTS_A_PARTITION == segment / INDEX_SEGMENTS_A_PARTITION))
                x->covered[left++] = x->covered[k];
        if (r == 0) {
            x->n_covered = left;
            i = (size_t) -1; /* again from the first: several may have gone */
        }
    }
    return r;
}

/* ---- reading ---- */

static int enter(struct indexer *x, struct cursor *c, uint32_t segment, struct diag *err) {
    struct spool_part p;
    int r = 0;
    if (!c->ready) {
        buf_init(&c->rows, ROWS_BYTES_MAX);
        r = whole_init(&c->whole, x->decoders, err);
        if (r == 0)
            r = spool_reader_open(x->spool_dir, &c->reader, err);
        if (r < 0) {
            cursor_done(c);
            return r;
        }
        c->ready = true;
    }
    c->segment = 0;
    r = spool_reader_enter(c->reader, segment, &p, err);
    if (r < 0)
        return r;
    buf_clear(&c->rows);
    c->n_rows = 0;
    c->segment = segment;
    c->first = p.first;
    c->covered = c->next = covered_to(x, segment, p.first);
    c->place = 0;
    c->closed = p.closed;
    c->ended = c->rough = false;
    c->whole.time = (struct event_time_state){0};
    build_done(&c->build);
    struct filter like = build_like(spool_reader_id(c->reader), segment, x->decoders);
    if (c->covered == p.first && !build_is_there(x->filter_dir, &like))
        return build_begin(&c->build, &like, &p) < 0 ? diag_set(err, -ENOMEM, "out of memory") : 0;
    return 0;
}

/* A filter that could not be written is missing, and made by whoever looks for missing ones. */
static void end_filter(struct indexer *x, struct cursor *c, uint32_t segment) {
    struct spool_part p;
    if (c->build.on && spool_reader_enter(x->list, segment, &p, NULL) == 0)
        IGNORE(build_end(&c->build, c->next, p.bytes, x->filter_dir, NULL));
    build_done(&c->build);
}

uint32_t indexer_making(const struct indexer *x) {
    return x->tail.build.on ? x->tail.segment : 0;
}

static int add(struct indexer *x, struct cursor *c, const struct raw_record *rec, uint64_t place) {
    struct whole_folded folded;
    struct event ev;
    struct str line;
    bool open = false;
    int r;
    if (rec->pos.n < c->covered) /* in the index: only what sources are is taken from it */
        return rec->flags & RAW_SOURCE ? registry_take(&c->whole.registry, rec) : 0;
    r = whole_read(&c->whole, rec, &ev, &line, &open);
    if (r < 0 || (r == 0 && !(rec->flags & RAW_SOURCE)))
        return r;
    if (r == 0 && c->build.on)
        build_add_definition(&c->build, place, rec);
    index_row_begin(&x->row, r == 1 ? INDEX_EVENT : INDEX_SOURCE, c->segment, rec->pos.n, place);
    if (r == 1 && (r = whole_fold(&c->whole.arena, &ev, line, &folded)) == 0) {
        narrow_row(&x->row, &folded);
        if (c->build.on)
            build_add(&c->build, &folded, place, open);
    }
    if (r < 0)
        return r;
    index_row_write(&x->row, x->made, &c->rows);
    c->rough |= open;
    c->n_rows += x->row.kind == INDEX_EVENT;
    return buf_error(&c->rows);
}

/* As far as a batch goes, or the segment. */
static int fill(struct indexer *x, struct cursor *c, const volatile bool *stop, struct diag *err) {
    int r = 1;
    while (r > 0 && c->n_rows < BATCH_ROWS && c->rows.n < ROWS_BYTES_FULL && !*stop) {
        r = spool_reader_next(c->reader, &x->batch, NULL, err);
        c->build.damaged |= r == -ERR_CORRUPT;
        if (r == -ERR_CORRUPT) { /* what is missing counts as covered: there is nothing to find */
            r = spool_reader_in(c->reader) == c->segment ? 1 : 0;
            c->ended = r == 0;
            continue;
        }
        if (r > 0 && spool_reader_in(c->reader) != c->segment) {
            c->ended = true;
            return 0;
        }
        for (size_t i = 0; r > 0 && i < x->batch.n; i++) {
            int k = add(x, c, &x->batch.records[i], x->batch.offsets[i]);
            if (k < 0)
                r = diag_set(err, k, "cannot go on: %s", err_word(k));
        }
        if (r > 0) {
            c->next = MAX(c->next, x->batch.records[x->batch.n - 1].pos.n + 1);
            c->place = spool_reader_offset(c->reader);
        }
    }
    c->more = r > 0;
    c->ended |= r == 0 && c->closed;
    return MIN(r, 0);
}

static int add_mark(struct indexer *x, struct cursor *c) {
    index_row_begin(&x->row, INDEX_MARK, c->segment, c->covered, c->place);
    x->row.width = (uint32_t) (c->next - c->covered);
    x->row.rough = c->rough;
    index_row_write(&x->row, x->made, &c->rows);
    return buf_error(&c->rows);
}

/* One insert: all of it is there, or nothing. */
static int send(struct indexer *x, struct cursor *c, struct diag *err) {
    struct buf s;
    int r = add_mark(x, c);
    if (r < 0)
        return diag_set(err, r, "cannot go on: %s", err_word(r));
    buf_init(&s, INDEX_STATEMENT_BYTES_MAX);
    index_sql_insert(&s);
    r = index_client_run(x->client, buf_str(&s), buf_str(&c->rows), RUN_MS, &x->answer, err);
    buf_done(&s);
    if (r < 0)
        return r;
    buf_clear(&c->rows);
    c->n_rows = 0;
    c->covered = c->next;
    r = note_covered(x, c->segment, c->covered);
    return r < 0 ? diag_set(err, r, "out of memory") : 0;
}

static int note_full(struct indexer *x, uint32_t segment) {
    int r = mem_grow((void **) &x->full, &x->full_cap, x->n_full + 1, UINT32_MAX, sizeof *x->full);
    if (r == 0)
        x->full[x->n_full++] = segment;
    return r;
}

/* A batch of one segment. 1: it was sent. */
static int advance(struct indexer *x, struct cursor *c, uint32_t segment, const volatile bool *stop, struct diag *err) {
    int r = c->segment == segment && covered_to(x, segment, c->first) == c->covered ? 0 : enter(x, c, segment, err);
    if (r == 0)
        r = fill(x, c, stop, err);
    if (r < 0 || *stop) {
        c->segment = 0;
        return r;
    }
    bool sent = c->next > c->covered && c->place && (c->n_rows || c->ended);
    if (sent && (r = check(x, err)) == 0) {
        if (covered_to(x, segment, c->first) != c->covered) { /* somebody emptied it meanwhile */
            c->segment = 0;
            return 1;
        }
        r = send(x, c, err);
    }
    if (r < 0) {
        c->segment = 0;
        return r;
    }
    if (c->ended) {
        end_filter(x, c, segment);
        c->segment = 0;
        r = note_full(x, segment);
    }
    return r < 0 ? r : sent;
}

static int list(struct indexer *x, uint32_t **segments, size_t *n, struct diag *err) {
    int r = x->list ? 0 : spool_reader_open(x->spool_dir, &x->list, err);
    if (r == 0)
        r = spool_reader_segments(x->list, segments, n, err);
    if (r == 0 && !x->made)
        x->made = narrow_made(spool_reader_id(x->list), x->decoders);
    return r;
}

static int step(struct indexer *x, const uint32_t *segments, size_t n, const volatile bool *stop, struct diag *err) {
    int64_t now = time_monotonic_ns();
    int r = now - x->checked_ns > CHECK_NS || !x->created ? check(x, err) : 0;
    if (r == 0)
        r = forget(x, segments, n, err);
    if (r == 0 && (!x->looked_ns || now - x->looked_ns > LOOK_NS)) {
        /* the one that was the newest is read to its end first */
        r = advance(x, &x->tail, x->tail.segment ? x->tail.segment : segments[n - 1], stop, err);
        x->looked_ns = r == 1 && (x->tail.more || !x->tail.segment) ? 0 : now;
    }
    for (size_t i = n - 1; r == 0 && i-- > 0 && !*stop;)
        if (!is_full(x, segments[i]))
            r = advance(x, &x->back, segments[i], stop, err);
    return r;
}

void indexer_rest(struct indexer *x) {
    if (x && !x->back.segment)
        cursor_done(&x->back);
    if (x && x->tail.ready && !x->tail.n_rows) {
        buf_done(&x->tail.rows);
        buf_init(&x->tail.rows, ROWS_BYTES_MAX);
    }
    if (x) {
        spool_batch_done(&x->batch);
        buf_done(&x->answer);
        buf_init(&x->answer, INDEX_ANSWER_BYTES_MAX);
    }
    (void) malloc_trim(0);
}

int indexer_step(struct indexer *x, const volatile bool *stop, struct diag *reterr) {
    uint32_t *segments = NULL;
    size_t n = 0;
    int r = list(x, &segments, &n, reterr);
    if (r == 0 && n)
        r = step(x, segments, n, stop, reterr);
    mem_free(segments);
    if (r < 0) {
        x->created = false; /* what answers next may be another one */
        x->tail.segment = x->back.segment = 0;
    }
    return r;
}
