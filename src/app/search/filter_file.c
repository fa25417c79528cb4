/* See filter_file.h. */
#include "app/search/filter_file.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "decode/decode.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    VERSION = 4,
    FIXED_BYTES = 160,
    STEPS_AT = FIXED_BYTES + FILTER_PIECES * 16,
    PAGE = 4096,
    FIRST_READ_BYTES = 12288, /* as much as the head of a usual filter */
};

/* The bytes are room for the whole file, of which the head and those pages that were needed have been read. */
struct filter_file {
    int fd;
    bool damaged;
    char *bytes;
    size_t cap, size, head;
    uint8_t *have; /* a page each: it was read and its sum is right */
    size_t have_cap;
};

void filter_file_free(struct filter_file *x) {
    if (!x)
        return;
    if (x->fd >= 0)
        close(x->fd);
    mem_free(x->bytes);
    mem_free(x->have);
    mem_free(x);
}

bool filter_is_damaged(const struct filter *f) {
    return f->file && f->file->damaged;
}

/* ---- sizes ---- */

static uint64_t n_keys_of(const struct filter *f) {
    return f->n_keys == FILTER_KEYS_UNTOLD ? 0 : f->n_keys;
}

static uint64_t steps_bytes(const struct filter *f) {
    return (n_keys_of(f) + FILTER_STEP - 1) / FILTER_STEP * 8;
}

static uint64_t body_bytes(const struct filter *f) {
    return filter_block_bytes(f) + n_keys_of(f) * FILTER_KEY_BYTES + f->maps_bytes;
}

static uint64_t head_bytes(const struct filter *f) {
    return STEPS_AT + steps_bytes(f) + (body_bytes(f) + PAGE - 1) / PAGE * 4;
}

/* ---- reading ---- */

static size_t page_bytes(const struct filter_file *x, size_t page) {
    return MIN(x->size - x->head - page * PAGE, (size_t) PAGE);
}

static bool page_is_right(const struct filter_file *x, size_t page) {
    uint32_t want, n_pages = (uint32_t) ((x->size - x->head + PAGE - 1) / PAGE);
    memcpy(&want, x->bytes + x->head - (size_t) n_pages * 4 + page * 4, 4);
    return crc32c(0, x->bytes + x->head + page * PAGE, page_bytes(x, page)) == want;
}

bool filter_need(const struct filter *f, const void *at, size_t n) {
    struct filter_file *x = f->file;
    if (!x || !n || x->damaged)
        return !x || !n;
    size_t from = (size_t) ((const char *) at - x->bytes) - x->head, page = from / PAGE, end = (from + n - 1) / PAGE + 1;
    while (page < end) {
        size_t behind = page;
        while (behind < end && !x->have[behind])
            behind++;
        if (behind == page) {
            page++;
            continue;
        }
        size_t offset = x->head + page * PAGE, want = MIN(x->head + behind * PAGE, x->size) - offset;
        x->damaged = file_read_at(x->fd, x->bytes + offset, want, offset) != (ssize_t) want;
        for (; page < behind && !x->damaged; page++) {
            x->damaged = !page_is_right(x, page);
            x->have[page] = 1;
        }
        if (x->damaged)
            return false;
    }
    return true;
}

static void write_fixed(const struct filter *f, char head[STEPS_AT]) {
    const uint32_t version = VERSION;
    memset(head, 0, FIXED_BYTES);
    memcpy(head, "KZKFILTR", 8);
    memcpy(head + 8, &version, 4);
    memcpy(head + 12, &f->blocks_log, 4);
    memcpy(head + 16, f->id, 16);
    memcpy(head + 32, &f->segment, 4);
    memcpy(head + 40, &f->first, 8);
    memcpy(head + 48, &f->next, 8);
    memcpy(head + 56, &f->bytes, 8);
    memcpy(head + 64, &f->min_ns, 8);
    memcpy(head + 72, &f->max_ns, 8);
    memcpy(head + 80, f->made_by, FILTER_MAKER_BYTES);
    memcpy(head + 96, &f->n_keys, 8);
    memcpy(head + 104, &f->maps_bytes, 4);
    head[108] = f->pieces_told;
    memcpy(head + 112, &f->defining, 32);
    memcpy(head + FIXED_BYTES, f->pieces, sizeof f->pieces);
}

static void read_fixed(const char *p, struct filter *f) {
    memcpy(&f->blocks_log, p + 12, 4);
    memcpy(f->id, p + 16, 16);
    memcpy(&f->segment, p + 32, 4);
    memcpy(&f->first, p + 40, 8);
    memcpy(&f->next, p + 48, 8);
    memcpy(&f->bytes, p + 56, 8);
    memcpy(&f->min_ns, p + 64, 8);
    memcpy(&f->max_ns, p + 72, 8);
    memcpy(f->made_by, p + 80, FILTER_MAKER_BYTES);
    memcpy(&f->n_keys, p + 96, 8);
    memcpy(&f->maps_bytes, p + 104, 4);
    f->pieces_told = p[108] == 1;
    memcpy(&f->defining, p + 112, 32);
    memcpy(f->pieces, p + FIXED_BYTES, sizeof f->pieces);
}

static uint32_t sum_of(const char *head, size_t n) {
    return crc32c(crc32c(0, head, 36), head + 40, n - 40);
}

/* The first bytes of the file have been read. */
static int read_head(struct filter *f, size_t got) {
    struct filter_file *x = f->file;
    char same[STEPS_AT];
    uint32_t sum;
    if (got < STEPS_AT)
        return -ERR_CORRUPT;
    read_fixed(x->bytes, f);
    memcpy(&sum, x->bytes + 36, 4);
    write_fixed(f, same);
    memcpy(same + 36, &sum, 4);
    if (memcmp(x->bytes, same, STEPS_AT) != 0 || f->blocks_log < FILTER_BLOCKS_LOG_MIN || f->blocks_log > FILTER_BLOCKS_LOG_MAX ||
        n_keys_of(f) > FILTER_KEYS_MAX || f->maps_bytes > FILTER_MAPS_MAX || x->size != head_bytes(f) + body_bytes(f))
        return -ERR_CORRUPT;
    x->head = head_bytes(f);
    if (got < x->head) {
        ssize_t k = file_read_at(x->fd, x->bytes + got, x->head - got, got);
        if (k < 0 || (size_t) k != x->head - got)
            return k < 0 ? (int) k : -ERR_CORRUPT;
    }
    if (sum != sum_of(x->bytes, x->head))
        return -ERR_CORRUPT;
    f->steps = (uint32_t *) (void *) (x->bytes + STEPS_AT);
    f->blocks = (uint32_t *) (void *) (x->bytes + x->head);
    f->keys = (uint8_t *) x->bytes + x->head + filter_block_bytes(f);
    f->maps = f->keys + n_keys_of(f) * FILTER_KEY_BYTES;
    size_t n_pages = (x->size - x->head + PAGE - 1) / PAGE;
    int r = mem_grow((void **) &x->have, &x->have_cap, n_pages, SIZE_MAX, 1);
    if (r == 0)
        memset(x->have, 0, n_pages);
    return r;
}

static int read_file(const char *path, struct filter *f) {
    enum { MOST = STEPS_AT + (FILTER_BLOCK_BYTES << FILTER_BLOCKS_LOG_MAX) + FILTER_KEYS_MAX * (FILTER_KEY_BYTES + 1) + FILTER_MAPS_MAX + (1 << 20) };
    struct filter_file *x = f->file;
    struct stat st;
    x->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (x->fd < 0 || fstat(x->fd, &st) < 0)
        return -errno;
    if (st.st_size > MOST)
        return -ERR_CORRUPT;
    x->size = (size_t) st.st_size;
    int r = mem_grow((void **) &x->bytes, &x->cap, x->size + FIRST_READ_BYTES, MOST + FIRST_READ_BYTES, 1);
    ssize_t got = r < 0 ? r : file_read_at(x->fd, x->bytes, MIN(x->size, (size_t) FIRST_READ_BYTES), 0);
    return got < 0 ? (int) got : read_head(f, (size_t) got);
}

int filter_read(const char *path, struct filter *f, struct diag *reterr) {
    struct filter_file *x = f->file;
    if (!x)
        filter_done(f);
    if (!x && (x = mem_zalloc(sizeof *x)))
        x->fd = -1;
    *f = (struct filter){.file = x};
    int r = -ENOMEM;
    if (x) {
        if (x->fd >= 0)
            close(x->fd);
        x->fd = -1;
        x->damaged = false;
        r = read_file(path, f);
    }
    if (r == 0)
        return 0;
    filter_done(f);
    return diag_set_at(reterr, r, path, 0, 0, "this filter is %s", r == -ENOMEM ? "too large for memory" : r == -ERR_CORRUPT ? "damaged or of another version" : err_word(r));
}

bool filter_is_there(const char *path, const struct filter *like) {
    char head[FIXED_BYTES], made[STEPS_AT];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool good = fd >= 0 && pread(fd, head, sizeof head, 0) == (ssize_t) sizeof head;
    if (fd >= 0)
        close(fd);
    write_fixed(like, made);
    return good && memcmp(head, made, 12) == 0 && memcmp(head + 16, made + 16, 20) == 0 &&
           memcmp(head + 80, made + 80, 16) == 0;
}

bool filter_is_like(const struct filter *a, const struct filter *b) {
    return a->segment == b->segment && memcmp(a->id, b->id, SPOOL_ID_BYTES) == 0 &&
           memcmp(a->made_by, b->made_by, FILTER_MAKER_BYTES) == 0;
}

/* ---- writing ---- */

const char *filter_name(uint32_t segment, char dst[SPOOL_NAME_CAP]) {
    snprintf(dst, SPOOL_NAME_CAP, "%08u.filter", segment);
    return dst;
}

void filter_maker(const struct decode_set *decoders, uint8_t ret[FILTER_MAKER_BYTES]) {
    uint8_t sum[SHA256_BYTES];
    struct sha256 h;
    sha256_init(&h);
    sha256_add(&h, STR("kizuki " KIZUKI_VERSION));
    decode_set_sum(decoders, sum);
    sha256_add(&h, str_n((const char *) sum, sizeof sum));
    sha256_end(&h, sum);
    memcpy(ret, sum, FILTER_MAKER_BYTES);
}

static int write_all(int fd, void *ctx) {
    return file_write_all(fd, *(const struct str *) ctx);
}

int filter_write(const struct filter *f, const char *path, struct diag *reterr) {
    size_t head = head_bytes(f), size = head + body_bytes(f), keys = n_keys_of(f) * FILTER_KEY_BYTES;
    CLEANUP(mem_freep) char *p = mem_alloc(size);
    if (!p)
        return diag_set(reterr, -ENOMEM, "out of memory");
    if (!filter_need(f, f->blocks, filter_block_bytes(f)) || !filter_need(f, f->keys, keys) || !filter_need(f, f->maps, f->maps_bytes))
        return diag_set(reterr, -ERR_CORRUPT, "this filter is damaged");
    write_fixed(f, p);
    char *to = p + head;
    memcpy(to, f->blocks, filter_block_bytes(f));
    to += filter_block_bytes(f);
    if (keys) {
        memcpy(p + STEPS_AT, f->steps, steps_bytes(f));
        memcpy(to, f->keys, keys);
        to += keys;
    }
    if (f->maps_bytes)
        memcpy(to, f->maps, f->maps_bytes);
    char *sums = p + STEPS_AT + steps_bytes(f);
    for (size_t at = head; at < size; at += PAGE, sums += 4) {
        uint32_t sum = crc32c(0, p + at, MIN(size - at, (size_t) PAGE));
        memcpy(sums, &sum, 4);
    }
    uint32_t sum = sum_of(p, head);
    memcpy(p + 36, &sum, 4);
    struct str whole = str_n(p, size);
    return file_replace(path, write_all, &whole, 0600, reterr);
}
