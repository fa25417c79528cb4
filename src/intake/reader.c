#include "intake/reader.h"

#include "base/mem.h"
#include "intake/evtx.h"
#include "intake/jsondoc.h"
#include "intake/lines.h"
#include "intake/unpack.h"

#include <fcntl.h>
#include <sys/stat.h>

/* One read() a batch, straight into the batch's own buffer, then memchr from line to line. What is
 * left behind the last LF is carried over and put in front of the next batch's bytes.
 *
 * read() and not mmap: a log that is truncated while we read it (copytruncate) must not become
 * SIGBUS, and at this batch size the copy stays in the cache (measured: bench/reader.c). */

struct intake_reader {
    int fd;
    struct intake_reader_options o;
    struct intake_unpack *unpack; /* NULL: plain */
    struct intake_evtx *evtx;     /* these two NULL: lines */
    struct intake_jsondoc *jsondoc;
    char *carry;
    size_t carry_n, cap;
    struct columns columns;
    bool in_long; /* a piece of the present line was handed out already */
    bool end;     /* nothing more will be read */
    int error;    /* returned once everything before it was handed out */
    struct diag diag;
    struct intake_progress done;
    char name[sizeof((struct diag *) 0)->file];
};

void intake_batch_init(struct intake_batch *b) {
    *b = (struct intake_batch){0};
}

void intake_batch_done(struct intake_batch *b) {
    mem_free(b->records);
    mem_free(b->buffer);
    intake_batch_init(b);
}

static int batch_prepare(struct intake_batch *b, size_t cap) {
    b->n = 0;
    if (b->buffer_cap >= cap)
        return 0;
    char *fresh = mem_zalloc(cap + INTAKE_SLACK_BYTES);
    if (!fresh)
        return -ENOMEM;
    mem_free(b->buffer);
    b->buffer = fresh;
    b->buffer_cap = cap;
    return 0;
}

static int fail(struct intake_reader *r, struct diag *reterr, int code) {
    if (reterr && reterr->file[0] == 0)
        (void) snprintf(reterr->file, sizeof reterr->file, "%s", r->name);
    return code;
}

struct intake_reader *intake_reader_free(struct intake_reader *r) {
    if (!r)
        return NULL;
    intake_evtx_free(r->evtx);
    intake_jsondoc_free(r->jsondoc);
    intake_unpack_free(r->unpack);
    if (r->fd >= 0)
        close(r->fd);
    mem_free(r->carry);
    mem_free(r);
    return NULL;
}

static ssize_t read_fd(int fd, char *dst, size_t n, struct diag *reterr) {
    ssize_t got;
    do
        got = read(fd, dst, n);
    while (got < 0 && errno == EINTR);
    return got < 0 ? diag_set(reterr, -errno, "cannot read: %s", err_word(-errno)) : got;
}

/* Bytes as they were before they were packed. */
static ssize_t read_source(void *ctx, char *dst, size_t n, struct diag *reterr) {
    struct intake_reader *r = ctx;
    ssize_t got =
        r->unpack ? intake_unpack_read(r->unpack, dst, n, reterr) : read_fd(r->fd, dst, n, reterr);
    if (got > 0) {
        r->done.content += (size_t) got;
        r->done.bytes += r->unpack ? 0 : (size_t) got;
    }
    return got;
}

/* The first n bytes of the source into the carry; fewer where it ends. */
static int read_head(struct intake_reader *r, size_t n, struct diag *reterr) {
    while (r->carry_n < n) {
        ssize_t got = read_source(r, r->carry + r->carry_n, n - r->carry_n, reterr);
        if (got <= 0)
            return (int) got;
        r->carry_n += (size_t) got;
    }
    return 0;
}

static int look_at_json(struct intake_reader *r) {
    int k = 0;
    if (intake_jsondoc_begins(str_n(r->carry, r->carry_n)) && !r->end)
        k = read_head(r, INTAKE_JSONDOC_HEAD_BYTES, &r->diag);
    if (k < 0) {
        r->end = true;
        r->error = k;
    }
    struct str head = str_n(r->carry, r->carry_n);
    if (r->end || !intake_is_jsondoc(head))
        return 0;
    r->carry_n = 0;
    return intake_jsondoc_new(read_source, r, head, &r->jsondoc);
}

/* The first bytes decide, those of the file and then those that were packed in it; they become the first carry
 * of lines, or the first input of a decoder. */
static int look_at_head(struct intake_reader *r, struct diag *reterr) {
    int k = read_head(r, 4, reterr);
    if (k < 0)
        return k;
    enum intake_packing packing = intake_packing_of(str_n(r->carry, r->carry_n));
    if (packing != INTAKE_PLAIN) {
        k = intake_unpack_new(r->fd, packing, str_n(r->carry, r->carry_n), &r->unpack);
        if (k < 0)
            return k;
        r->carry_n = r->done.content = r->done.bytes = 0;
    }
    k = read_head(r, INTAKE_EVTX_HEAD_BYTES, &r->diag);
    if (k < 0) { /* told when what stands before the damage was handed out */
        r->end = true;
        r->error = k;
    }
    struct str head = str_n(r->carry, r->carry_n);
    if (!intake_is_evtx(head))
        return look_at_json(r);
    r->carry_n = 0;
    return intake_evtx_new(read_source, r, head, &r->evtx);
}

static int look_at_file(struct intake_reader *r, struct diag *reterr) {
    struct stat st;
    if (fstat(r->fd, &st) < 0)
        return diag_set(reterr, -errno, "cannot open: %s", err_word(-errno));
    if (S_ISDIR(st.st_mode))
        return diag_set(reterr, -EISDIR, "cannot read: it is a folder");
    if (S_ISREG(st.st_mode)) {
        r->done.total = (uint64_t) st.st_size;
        (void) posix_fadvise(r->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    }
    if (r->o.arrival_ns == 0)
        r->o.arrival_ns =
            S_ISREG(st.st_mode) ? st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec : time_now_ns();
    return 0;
}

int intake_reader_open_fd(int fd, const char *name, const struct intake_reader_options *o,
                          struct intake_reader **ret, struct diag *reterr) {
    CLEANUP(intake_reader_freep) struct intake_reader *r = mem_zalloc(sizeof *r);
    if (!r) {
        close(fd);
        return -ENOMEM;
    }
    r->fd = fd;
    r->o = *o;
    if (r->o.batch_bytes == 0)
        r->o.batch_bytes = BATCH_BYTES;
    r->cap = r->o.batch_bytes + LINE_DECIDE_BYTES;
    (void) snprintf(r->name, sizeof r->name, "%s", name);
    r->carry = mem_zalloc(r->cap);
    if (!r->carry)
        return -ENOMEM;
    if (reterr)
        reterr->file[0] = 0;
    int k = look_at_file(r, reterr);
    if (k == 0)
        k = look_at_head(r, reterr);
    if (k < 0)
        return fail(r, reterr, k);
    *ret = TAKE_PTR(r);
    return 0;
}

int intake_reader_open(const char *path, const struct intake_reader_options *o,
                       struct intake_reader **ret, struct diag *reterr) {
    int fd;
    if (strcmp(path, "-") == 0)
        fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    else
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return diag_set(reterr, -errno, "cannot open '%s': %s", path, err_word(-errno));
    return intake_reader_open_fd(fd, path, o, ret, reterr);
}

void intake_reader_progress(const struct intake_reader *r, struct intake_progress *ret) {
    *ret = r->done;
    if (r->unpack)
        ret->bytes = intake_unpack_consumed(r->unpack);
}

/* Bytes read into dst; at the end or at damage r->end is set. */
static size_t fill(struct intake_reader *r, char *dst, size_t n) {
    if (r->end || n == 0)
        return 0;
    ssize_t got = r->evtx      ? intake_evtx_read(r->evtx, dst, n, &r->diag)
                  : r->jsondoc ? intake_jsondoc_read(r->jsondoc, dst, n, &r->diag)
                               : read_source(r, dst, n, &r->diag);
    if (got <= 0) {
        r->end = true;
        r->error = (int) got;
        return 0;
    }
    return (size_t) got;
}

/* Cuts lines out of [p, end) until none is complete or the batch is full; *p is left at the rest.
 */
static int split(struct intake_reader *r, struct intake_batch *b, const char **p, const char *end) {
    struct line_cut cut;
    while (b->n < BATCH_RECORDS_MAX &&
           line_next(*p, (size_t) (end - *p), r->end, r->in_long, &cut)) {
        if (b->n == b->records_cap) {
            int k = mem_grow((void **) &b->records, &b->records_cap, b->n + 1, BATCH_RECORDS_MAX,
                             sizeof *b->records);
            if (k < 0)
                return k;
        }
        if (UNLIKELY(cut.bytes.n && cut.bytes.p[0] == '#' && !r->in_long) && columns_follow(&r->columns, cut.bytes)) {
            if (b->n)
                return 0; /* the next batch begins with it */
            b->columns = r->columns;
        }
        *p += cut.used;
        if (UNLIKELY(r->error && *p == end && (*p)[-1] != '\n'))
            cut.flags |= RAW_TRUNCATED;
        b->records[b->n++] = (struct raw_record){
            .bytes = cut.bytes,
            .arrival_ns = r->o.arrival_ns,
            .pos = {.stream = r->o.stream, .n = r->done.lines + 1},
            .source = r->o.source,
            .flags = r->o.flags | cut.flags,
            .peer = columns_of(&b->columns),
        };
        r->in_long = cut.in_long;
        r->done.lines += !cut.in_long;
    }
    return 0;
}

int intake_reader_next(struct intake_reader *r, struct intake_batch *b, struct diag *reterr) {
    int k = batch_prepare(b, r->cap);
    if (k < 0)
        return diag_set(reterr, k, "out of memory");
    memcpy(b->buffer, r->carry, r->carry_n);
    b->columns = r->columns;
    size_t have = r->carry_n;
    const char *p = b->buffer;
    do {
        have += fill(r, b->buffer + have, MIN(r->o.batch_bytes, r->cap - have));
        k = split(r, b, &p, b->buffer + have);
        if (k < 0)
            return diag_set(reterr, k, "out of memory");
    } while (b->n == 0 && !r->end);
    r->carry_n = have - (size_t) (p - b->buffer);
    memcpy(r->carry, p, r->carry_n);
    if (b->n)
        return 1;
    if (r->error == 0)
        return 0;
    if (reterr)
        *reterr = r->diag;
    return fail(r, reterr, r->error);
}
