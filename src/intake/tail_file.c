#include "intake/tail_file.h"

#include "base/le.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"

enum { CHUNK_BYTES = 64 * 1024 };

void tail_identity_encode(const struct tail_identity *id, char dst[TAIL_IDENTITY_BYTES]) {
    le_put(dst, id->dev, 8);
    le_put(dst + 8, id->ino, 8);
    le_put(dst + 16, id->head_n, 2);
    memcpy(dst + 18, id->head, 8);
    dst[26] = id->copy;
    le_put(dst + 27, (uint64_t) id->born_ns, 8);
}

bool tail_identity_decode(struct str s, struct tail_identity *ret) {
    if (s.n != TAIL_IDENTITY_BYTES)
        return false;
    *ret = (struct tail_identity){
        .dev = le_get(s.p, 8),
        .ino = le_get(s.p + 8, 8),
        .head_n = (uint16_t) le_get(s.p + 16, 2),
        .copy = s.p[26] & 1,
        .born_ns = (int64_t) le_get(s.p + 27, 8),
    };
    memcpy(ret->head, s.p + 18, 8);
    return ret->head_n <= TAIL_HEAD_BYTES;
}

void tail_mark_encode(const struct tail_mark *m, char dst[TAIL_MARK_BYTES]) {
    le_put(dst, m->offset, 8);
    le_put(dst + 8, m->crc, 4);
    le_put(dst + 12, m->crc_before, 4);
    dst[16] = m->in_long;
}

bool tail_mark_decode(struct str s, struct tail_mark *ret) {
    if (s.n != TAIL_MARK_BYTES)
        return false;
    *ret = (struct tail_mark){
        .offset = le_get(s.p, 8),
        .crc = (uint32_t) le_get(s.p + 8, 4),
        .crc_before = (uint32_t) le_get(s.p + 12, 4),
        .in_long = s.p[16] & 1,
    };
    return ret->offset <= INT64_MAX;
}

void tail_mark_advance(struct tail_mark *m, const char *p, size_t n) {
    while (n) {
        size_t k = MIN(n, (size_t) (TAIL_BLOCK_BYTES - m->offset % TAIL_BLOCK_BYTES));
        m->crc = crc32c(m->crc, p, k);
        m->offset += k;
        if (m->offset % TAIL_BLOCK_BYTES == 0) {
            m->crc_before = m->crc;
            m->crc = 0;
        }
        p += k;
        n -= k;
    }
}

/* Exactly n bytes, or -ENODATA. */
static int read_exactly(int fd, uint64_t at, char *dst, size_t n) {
    while (n) {
        ssize_t got = pread(fd, dst, n, (off_t) at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? -errno : -ENODATA;
        dst += got;
        at += (uint64_t) got;
        n -= (size_t) got;
    }
    return 0;
}

int tail_mark_at(int fd, uint64_t offset, struct tail_mark *ret) {
    char *chunk = mem_alloc(CHUNK_BYTES);
    uint64_t block = offset - offset % TAIL_BLOCK_BYTES;
    struct tail_mark m = {.offset = block >= TAIL_BLOCK_BYTES ? block - TAIL_BLOCK_BYTES : 0};
    int r = chunk ? 0 : -ENOMEM;
    while (r == 0 && m.offset < offset) {
        size_t n = (size_t) MIN(offset - m.offset, (uint64_t) CHUNK_BYTES);
        r = read_exactly(fd, m.offset, chunk, n);
        if (r == 0)
            tail_mark_advance(&m, chunk, n);
    }
    mem_free(chunk);
    if (r == 0)
        *ret = m;
    return r;
}

void tail_head_of(struct str bytes, uint8_t ret[8]) {
    uint8_t digest[SHA256_BYTES];
    sha256_of(bytes, digest);
    memcpy(ret, digest, 8);
}

int tail_head(int fd, size_t n, uint8_t ret[8]) {
    char bytes[TAIL_HEAD_BYTES];
    int r = read_exactly(fd, 0, bytes, n);
    if (r == 0)
        tail_head_of(str_n(bytes, n), ret);
    return r;
}

int tail_content_is(int fd, uint64_t size, const struct tail_file *f) {
    uint8_t head[8];
    struct tail_mark m;
    if (size < f->at.offset || size < f->id.head_n)
        return 0;
    int r = tail_head(fd, f->id.head_n, head);
    if (r == 0 && f->id.head_n && memcmp(head, f->id.head, sizeof head) != 0)
        return 0;
    if (r == 0)
        r = tail_mark_at(fd, f->at.offset, &m);
    if (r < 0)
        return r == -ENODATA ? 0 : r; /* truncated while we looked */
    return m.crc == f->at.crc && m.crc_before == f->at.crc_before;
}

static int same_stretch(int a, int b, uint64_t from, uint64_t to, char *chunks) {
    while (from < to) {
        size_t n = (size_t) MIN(to - from, (uint64_t) CHUNK_BYTES);
        int r = read_exactly(a, from, chunks, n);
        if (r == 0)
            r = read_exactly(b, from, chunks + CHUNK_BYTES, n);
        if (r < 0)
            return r == -ENODATA ? 0 : r;
        if (memcmp(chunks, chunks + CHUNK_BYTES, n) != 0)
            return 0;
        from += n;
    }
    return 1;
}

int tail_same_start(int fd_a, int fd_b, uint64_t n) {
    char *chunks = mem_alloc(2 * (size_t) CHUNK_BYTES);
    if (!chunks)
        return -ENOMEM;
    uint64_t first = MIN(n, (uint64_t) TAIL_BLOCK_BYTES);
    uint64_t last = n > TAIL_BLOCK_BYTES ? MAX(first, n - TAIL_BLOCK_BYTES) : n;
    int r = same_stretch(fd_a, fd_b, 0, first, chunks);
    if (r == 1)
        r = same_stretch(fd_a, fd_b, last, n, chunks);
    mem_free(chunks);
    return r;
}

/* ---- columns ---- */

/* The last `#Fields:` line that begins in p, of which the first byte begins a line. */
static bool last_fields(const char *p, size_t n, struct columns *ret) {
    static const struct str begin = {"#Fields: ", sizeof "#Fields: " - 1};
    bool found = false;
    for (size_t at = 0; at < n;) {
        const char *lf = memchr(p + at, '\n', n - at);
        size_t end = lf ? (size_t) (lf - p) : n;
        struct str line = str_n(p + at, end - at);
        line.n -= line.n && line.p[line.n - 1] == '\r';
        found |= lf && str_starts(line, begin) && columns_follow(ret, line);
        at = end + 1;
    }
    return found;
}

int tail_columns_before(int fd, uint64_t offset, char *buffer, size_t cap, struct columns *ret) {
    uint64_t back = offset > TAIL_COLUMNS_BACK ? offset - TAIL_COLUMNS_BACK : 0, step = cap - LINE_FIELDS_BYTES;
    *ret = (struct columns){0};
    ssize_t n = offset ? pread(fd, buffer, (size_t) MIN(offset, (uint64_t) cap), 0) : 0;
    if (n <= 0 || buffer[0] != '#')
        return n < 0 ? -errno : 0;
    struct columns first = {0};
    (void) last_fields(buffer, (size_t) n, &first); /* of the first block */
    for (uint64_t to = offset; to > back && to > (uint64_t) n;) {
        uint64_t from = to > step ? to - step : 0;
        ssize_t got = pread(fd, buffer, (size_t) MIN(offset - from, (uint64_t) cap), (off_t) from);
        if (got <= 0)
            return got < 0 ? -errno : 0;
        const char *lf = from ? memchr(buffer, '\n', (size_t) got) : buffer;
        size_t skip = !lf ? (size_t) got : from ? (size_t) (lf - buffer) + 1 : 0;
        if (last_fields(buffer + skip, (size_t) got - skip, ret))
            return 0;
        to = from;
    }
    *ret = first;
    return 0;
}
