#include "hand/journal.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { HEAD_BYTES = 12 };
static const char magic[4] = {'K', 'z', 'J', '1'};

static void put_u32(char *dst, uint32_t v) {
    for (int i = 0; i < 4; i++)
        dst[i] = (char) (v >> (8 * i) & 0xff);
}
static uint32_t get_u32(const char *p) {
    uint32_t v = 0;
    for (int i = 0; i < 4; i++)
        v |= (uint32_t) (unsigned char) p[i] << (8 * i);
    return v;
}

void hand_journal_frame(struct buf *out, struct str payload) {
    char head[HEAD_BYTES];
    ASSERT(payload.n <= HAND_JOURNAL_RECORD_MAX);
    memcpy(head, magic, 4);
    put_u32(head + 4, (uint32_t) payload.n);
    put_u32(head + 8, crc32c(crc32c(0, head + 4, 4), payload.p, payload.n));
    buf_add(out, str_n(head, sizeof head));
    buf_add(out, payload);
}

/* A whole record at `at`? */
static bool whole_at(struct str in, size_t at, struct str *ret) {
    if (in.n - at < HEAD_BYTES || memcmp(in.p + at, magic, 4) != 0)
        return false;
    size_t n = get_u32(in.p + at + 4);
    if (n > HAND_JOURNAL_RECORD_MAX || in.n - at - HEAD_BYTES < n)
        return false;
    *ret = str_n(in.p + at + HEAD_BYTES, n);
    return crc32c(crc32c(0, in.p + at + 4, 4), ret->p, n) == get_u32(in.p + at + 8);
}

int hand_journal_scan(struct str in, hand_journal_fn *each, void *ctx,
                      struct hand_journal_scan *ret) {
    size_t at = 0;
    *ret = (struct hand_journal_scan){0};
    while (at < in.n) {
        struct str payload;
        if (!whole_at(in, at, &payload)) {
            const char *p = memchr(in.p + at + 1, magic[0], in.n - at - 1);
            size_t next = p ? (size_t) (p - in.p) : in.n;
            ret->skipped_bytes += next - at;
            at = next;
            continue;
        }
        int r = each(ctx, payload);
        if (r < 0)
            return r;
        ret->records++;
        at += HEAD_BYTES + payload.n;
    }
    return 0;
}

void hand_journal_init(struct hand_journal *j) {
    j->fd = -1;
    j->bytes = 0;
    j->path[0] = 0;
    buf_init(&j->pending, (size_t) 64 << 20);
}

static int open_append(struct hand_journal *j, struct diag *reterr) {
    struct stat st;
    j->fd = open(j->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (j->fd < 0 || fstat(j->fd, &st) < 0)
        return diag_set_at(reterr, -errno, j->path, 0, 0, "cannot open the journal: %s",
                           err_word(-errno));
    if (!S_ISREG(st.st_mode))
        return diag_set_at(reterr, -ERR_REFUSED, j->path, 0, 0, "it is no regular file");
    j->bytes = (size_t) st.st_size;
    return 0;
}

int hand_journal_open(struct hand_journal *j, const char *path, hand_journal_fn *each, void *ctx,
                      struct hand_journal_scan *ret, struct diag *reterr) {
    struct arena a;
    struct str all = STR_NULL;
    size_t n = strlen(path);
    if (n >= sizeof j->path - 16)
        return diag_set_at(reterr, -ENAMETOOLONG, path, 0, 0, "the name is too long");
    memcpy(j->path, path, n + 1);
    int r = open_append(j, reterr);
    if (r < 0)
        return r;
    arena_init(&a, HAND_JOURNAL_BYTES_MAX + 4096);
    r = file_read(&a, path, HAND_JOURNAL_BYTES_MAX, &all, reterr);
    if (r == 0)
        r = hand_journal_scan(all, each, ctx, ret);
    arena_done(&a);
    return r;
}

void hand_journal_add(struct hand_journal *j, struct str payload) {
    hand_journal_frame(&j->pending, payload);
}

void hand_journal_forget(struct hand_journal *j) {
    buf_clear(&j->pending);
}

int hand_journal_commit(struct hand_journal *j, struct diag *reterr) {
    int r = buf_error(&j->pending);
    if (r == 0 && j->pending.n == 0)
        return 0;
    if (r == 0 && j->fd < 0)
        r = -EBADF;
    if (r == 0)
        r = file_write_all(j->fd, buf_str(&j->pending));
    if (r == 0 && fdatasync(j->fd) < 0)
        r = -errno;
    if (r == 0)
        j->bytes += j->pending.n;
    else if (j->fd >= 0 && ftruncate(j->fd, (off_t) j->bytes) < 0)
        (void) 0; /* the record stays half written: the next reader skips it */
    buf_clear(&j->pending);
    return r < 0
               ? diag_set_at(reterr, r, j->path, 0, 0, "cannot write the journal: %s", err_word(r))
               : 0;
}

int hand_journal_rewrite(struct hand_journal *j, struct str frames, bool keep_old,
                         struct diag *reterr) {
    if (keep_old) {
        char beside[sizeof j->path];
        int n = snprintf(beside, sizeof beside, "%s.damaged", j->path);
        ASSERT(n > 0 && (size_t) n < sizeof beside);
        if ((unlink(beside) < 0 && errno != ENOENT) || link(j->path, beside) < 0)
            return diag_set_at(reterr, -errno, beside, 0, 0, "cannot keep the damaged journal: %s",
                               err_word(-errno));
    }
    int r = file_write_atomic(j->path, frames, 0600, reterr);
    if (r < 0)
        return r;
    if (j->fd >= 0)
        close(j->fd);
    return open_append(j, reterr);
}

void hand_journal_close(struct hand_journal *j) {
    if (j->fd >= 0)
        close(j->fd);
    j->fd = -1;
    buf_done(&j->pending);
}
