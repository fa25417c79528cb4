#include "spool/segment.h"

#include "base/mem.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>

static const char temporary[] = "next.tmp";

int spool_write_at(int fd, uint64_t at, struct str bytes) {
    while (bytes.n) {
        ssize_t n = pwrite(fd, bytes.p, bytes.n, (off_t) at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        bytes = str_from(bytes, (size_t) n);
        at += (uint64_t) n;
    }
    return 0;
}

int spool_new_id(uint8_t id[SPOOL_ID_BYTES], struct diag *reterr) {
    if (getrandom(id, SPOOL_ID_BYTES, 0) != SPOOL_ID_BYTES)
        return diag_set(reterr, -errno, "cannot get random bytes: %s", err_word(-errno));
    return 0;
}

static int by_index(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;
    return (x > y) - (x < y);
}

void spool_segments_done(struct spool_segments *l) {
    mem_free(l->at);
    *l = (struct spool_segments){0};
}

static int list_names(int dir_fd, bool (*parse)(const char *, uint32_t *),
                      struct spool_segments *ret, struct diag *reterr) {
    size_t cap = 0;
    *ret = (struct spool_segments){0};
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        int r = -errno;
        if (fd >= 0)
            close(fd);
        return diag_set(reterr, r, "cannot list the spool: %s", err_word(r));
    }
    int r = 0;
    for (struct dirent *e; r == 0 && (e = readdir(dir));) {
        uint32_t index;
        if (!parse(e->d_name, &index))
            continue;
        r = mem_grow((void **) &ret->at, &cap, ret->n + 1, UINT32_MAX, sizeof *ret->at);
        if (r == 0)
            ret->at[ret->n++] = index;
    }
    closedir(dir);
    if (r < 0) {
        spool_segments_done(ret);
        return diag_set(reterr, r, "out of memory");
    }
    if (ret->n)
        qsort(ret->at, ret->n, sizeof *ret->at, by_index);
    uint32_t n = 0; /* while one is being sealed it is there twice */
    for (uint32_t i = 0; i < ret->n; i++)
        if (n == 0 || ret->at[n - 1] != ret->at[i])
            ret->at[n++] = ret->at[i];
    ret->n = n;
    return 0;
}

int spool_segments_list(int dir_fd, bool clean, struct spool_segments *ret, struct diag *reterr) {
    *ret = (struct spool_segments){0};
    if (clean && unlinkat(dir_fd, temporary, 0) < 0 && errno != ENOENT)
        return diag_set(reterr, -errno, "cannot remove '%s': %s", temporary, err_word(-errno));
    return list_names(dir_fd, spool_segment_parse, ret, reterr);
}

int spool_checkpoints_list(int dir_fd, struct spool_segments *ret, struct diag *reterr) {
    return list_names(dir_fd, spool_checkpoint_parse, ret, reterr);
}

int spool_segment_header(struct spool_file *file, uint32_t index, struct spool_header *ret) {
    char bytes[SPOOL_HEADER_BYTES];
    ssize_t n = spool_file_read(file, bytes, sizeof bytes, 0);
    if (n < 0)
        return (int) n;
    int r = spool_header_decode(bytes, (size_t) n, ret);
    return r == 0 && ret->segment != index ? -ERR_CORRUPT : r;
}

static int first_record(int dir_fd, uint32_t segment, uint64_t *ret) {
    struct spool_file file;
    struct spool_header head;
    int r = spool_file_open(dir_fd, segment, &file);
    if (r < 0)
        return r;
    r = spool_segment_header(&file, segment, &head);
    spool_file_close(&file);
    *ret = head.first;
    return r;
}

int spool_segment_of(int dir_fd, const struct spool_segments *l, uint64_t record, uint32_t *ret_i) {
    uint32_t low = 0, high = l->n; /* what is wanted lies in [low, high) */
    ASSERT(l->n);
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        uint64_t first;
        int r = first_record(dir_fd, l->at[middle], &first);
        if (r < 0)
            return r;
        if (first <= record)
            low = middle;
        else
            high = middle;
    }
    *ret_i = low;
    return 0;
}

/* Writes in pieces, because there may be a million states. */
struct copier {
    int fd;
    uint32_t seed;
    struct spool_fresh *fresh;
    const struct spool_header *head;
    struct buf b;
};

static int copier_flush(struct copier *c) {
    int r = spool_write_at(c->fd, c->fresh->size, buf_str(&c->b));
    c->fresh->size += c->b.n;
    buf_clear(&c->b);
    return r;
}

static int copy_record(void *ctx, const struct raw_record *rec) {
    struct copier *c = ctx;
    struct raw_record copy = *rec;
    copy.pos.n = c->fresh->next++;
    copy.arrival_ns = c->head->created_ns;
    int r = spool_frame_encode(&c->b, c->seed, spool_type_of(rec), &copy);
    return r == 0 && c->b.n > SPOOL_FRAME_BYTES_MAX ? copier_flush(c) : r;
}

static int write_start(int fd, const struct spool_header *head, const struct spool_table *table,
                       struct spool_fresh *fresh) {
    char bytes[SPOOL_HEADER_BYTES];
    struct copier c = {.fd = fd, .seed = spool_frame_seed(head), .fresh = fresh, .head = head};
    spool_header_encode(head, bytes);
    buf_init(&c.b, 2 * SPOOL_FRAME_BYTES_MAX);
    buf_add(&c.b, str_n(bytes, sizeof bytes));
    int r = buf_error(&c.b);
    if (r == 0)
        r = spool_table_each(table, copy_record, &c);
    if (r == 0)
        r = copier_flush(&c);
    buf_done(&c.b);
    return r < 0 ? r : fsync(fd) < 0 ? -errno : 0;
}

int spool_segment_create(int dir_fd, const struct spool_header *head,
                         const struct spool_table *table, struct spool_fresh *ret,
                         struct diag *reterr) {
    char name[SPOOL_NAME_CAP];
    struct spool_fresh fresh = {.next = head->first};
    spool_segment_name(head->segment, name);
    fresh.fd = openat(dir_fd, temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    int r = fresh.fd < 0 ? -errno : write_start(fresh.fd, head, table, &fresh);
    const char *there = temporary;
    if (r == 0 && renameat2(dir_fd, temporary, dir_fd, name, RENAME_NOREPLACE) < 0)
        r = -errno;
    else if (r == 0) {
        there = name;
        if (fsync(dir_fd) < 0)
            r = -errno;
    }
    if (r < 0) {
        if (fresh.fd >= 0) {
            close(fresh.fd);
            (void) unlinkat(dir_fd, there, 0);
        }
        return diag_set(reterr, r, "cannot make the segment '%s': %s", name, err_word(r));
    }
    *ret = fresh;
    return 0;
}
