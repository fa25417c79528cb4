/* Images in files: "KZKIMAGE", the image, then its length (u64) and its CRC32C (u32), both
 * little-endian. Written piece by piece, so that a large state does not stand in memory twice; read
 * by mapping. */
#include "base/file.h"
#include "base/hash.h"
#include "base/image.h"

#include <endian.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { MAGIC_BYTES = 8, TAIL_BYTES = 12, GATHERED_BYTES_MAX = 8 * 1024 * 1024 };
static const char magic[MAGIC_BYTES + 1] = "KZKIMAGE";

struct image_body {
    image_body_fn *fn;
    void *ctx;
};
struct writer {
    int fd;
    uint64_t n;
    uint32_t crc;
};

static int put(void *ctx, struct str bytes) {
    struct writer *w = ctx;
    w->n += bytes.n;
    w->crc = crc32c(w->crc, bytes.p, bytes.n);
    return file_write_all(w->fd, bytes);
}

static int write_to(int fd, void *ctx) {
    const struct image_body *b = ctx;
    struct writer w = {.fd = fd};
    struct image x;
    char tail[TAIL_BYTES];
    int r = file_write_all(fd, str_n(magic, MAGIC_BYTES));
    if (r < 0)
        return r;
    image_write(&x, put, &w, GATHERED_BYTES_MAX);
    b->fn(b->ctx, &x);
    r = image_end(&x);
    image_done(&x);
    if (r < 0)
        return r;
    uint64_t n = htole64(w.n);
    uint32_t crc = htole32(w.crc);
    memcpy(tail, &n, sizeof n);
    memcpy(tail + sizeof n, &crc, sizeof crc);
    return file_write_all(fd, str_n(tail, sizeof tail));
}

int image_file_write(const char *path, image_body_fn *body, void *ctx, struct diag *reterr) {
    struct image_body b = {body, ctx};
    return file_replace(path, write_to, &b, 0600, reterr);
}

/* What stands between magic and tail, when length and check are right. */
static int check(struct str file, struct str *ret) {
    uint64_t n;
    uint32_t crc;
    if (file.n < MAGIC_BYTES + TAIL_BYTES || memcmp(file.p, magic, MAGIC_BYTES) != 0)
        return -ERR_CORRUPT;
    *ret = str_n(file.p + MAGIC_BYTES, file.n - MAGIC_BYTES - TAIL_BYTES);
    memcpy(&n, ret->p + ret->n, sizeof n);
    memcpy(&crc, ret->p + ret->n + sizeof n, sizeof crc);
    return le64toh(n) == ret->n && le32toh(crc) == crc32c(0, ret->p, ret->n) ? 0 : -ERR_CORRUPT;
}

static int read_from(int fd, const struct image_body *b) {
    struct stat st;
    struct str bytes;
    struct image x;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (st.st_size <= 0)
        return -ERR_CORRUPT;
    void *p = mmap(NULL, (size_t) st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED)
        return -errno;
    int r = check(str_n(p, (size_t) st.st_size), &bytes);
    if (r == 0) {
        image_read(&x, bytes);
        b->fn(b->ctx, &x);
        r = image_end(&x);
        image_done(&x);
    }
    munmap(p, (size_t) st.st_size);
    return r;
}

int image_file_read(const char *path, image_body_fn *body, void *ctx, struct diag *reterr) {
    struct image_body b = {body, ctx};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int r = fd < 0 ? -errno : read_from(fd, &b);
    if (fd >= 0)
        close(fd);
    return r < 0 ? diag_set(reterr, r, "cannot read '%s': %s", path, err_word(r)) : 0;
}
