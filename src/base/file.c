#include "base/file.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static int say(struct diag *reterr, int code, const char *what, const char *path) {
    return diag_set(reterr, code, "cannot %s '%s': %s", what, path, err_word(code));
}

static ssize_t read_some(int fd, char *p, size_t n) {
    ssize_t got;
    do
        got = read(fd, p, n);
    while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

/* Reads to the end of fd, whose size is only a first guess (0 for /proc and pipes). */
static int read_all(struct arena *a, int fd, size_t guess, size_t max_bytes, struct str *ret) {
    void *p = NULL;
    size_t cap = 0, n = 0;
    int r = arena_grow(a, &p, &cap, MIN(guess, max_bytes) + 1, 1);
    if (r < 0)
        return r;
    for (;;) {
        ssize_t got = read_some(fd, (char *) p + n, cap - n);
        if (got < 0)
            return (int) got;
        if (got == 0)
            break;
        n += (size_t) got;
        if (n > max_bytes)
            return -ERR_LIMIT;
        if (n == cap) {
            r = arena_grow(a, &p, &cap, cap + 1, 1);
            if (r < 0)
                return r;
        }
    }
    ((char *) p)[n] = 0;
    *ret = str_n(p, n);
    return 0;
}

int file_read(struct arena *a, const char *path, size_t max_bytes, struct str *ret,
              struct diag *reterr) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return say(reterr, -errno, "open", path);
    int r = fstat(fd, &st) < 0 ? -errno : 0;
    size_t size = r == 0 && S_ISREG(st.st_mode) && st.st_size > 0 ? (size_t) st.st_size : 0;
    if (size > max_bytes)
        r = -ERR_LIMIT;
    if (r == 0)
        r = read_all(a, fd, size, max_bytes, ret);
    close(fd);
    if (r == -ERR_LIMIT)
        return diag_set(reterr, r, "'%s' is larger than %zu bytes", path, max_bytes);
    return r < 0 ? say(reterr, r, "read", path) : 0;
}

ssize_t file_read_at(int fd, void *dst, size_t n, uint64_t at) {
    size_t got = 0;
    while (got < n) {
        ssize_t k = pread(fd, (char *) dst + got, n - got, (off_t) (at + got));
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return -errno;
        if (k == 0)
            break;
        got += (size_t) k;
    }
    return (ssize_t) got;
}

int file_write_all(int fd, struct str bytes) {
    while (bytes.n) {
        ssize_t put = write(fd, bytes.p, bytes.n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -errno;
        bytes = str_from(bytes, (size_t) put);
    }
    return 0;
}

/* Makes the folder's entry for `path` durable. */
static int sync_parent(const char *path) {
    char dir[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t) (slash - path) : 0;
    if (n >= sizeof dir)
        return -ENAMETOOLONG;
    snprintf(dir, sizeof dir, "%.*s", (int) n, path);
    int fd = open(!slash ? "." : n ? dir : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int r = fsync(fd) < 0 ? -errno : 0;
    close(fd);
    return r;
}

static int write_and_sync(const char *tmp, int (*write)(int fd, void *ctx), void *ctx, unsigned mode) {
    /* A leftover of an earlier crash is replaced, not followed or appended to. */
    if (unlink(tmp) < 0 && errno != ENOENT)
        return -errno;
    int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0)
        return -errno;
    int r = fchmod(fd, mode) < 0 ? -errno : write(fd, ctx);
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    if (close(fd) < 0 && r == 0)
        r = -errno;
    return r;
}

int file_replace(const char *path, int (*write)(int fd, void *ctx), void *ctx, unsigned mode,
                 struct diag *reterr) {
    char tmp[PATH_MAX];
    int n = snprintf(tmp, sizeof tmp, "%s.tmp", path);
    if (n < 0 || (size_t) n >= sizeof tmp)
        return say(reterr, -ENAMETOOLONG, "write", path);
    int r = write_and_sync(tmp, write, ctx, mode);
    if (r == 0 && rename(tmp, path) < 0)
        r = -errno;
    if (r < 0) {
        (void) unlink(tmp);
        return say(reterr, r, "write", path);
    }
    r = sync_parent(path);
    return r < 0 ? say(reterr, r, "make durable", path) : 0;
}

static int write_bytes(int fd, void *ctx) {
    return file_write_all(fd, *(const struct str *) ctx);
}

int file_write_atomic(const char *path, struct str bytes, unsigned mode, struct diag *reterr) {
    return file_replace(path, write_bytes, &bytes, mode, reterr);
}

static int make_one(const char *path, unsigned mode) {
    struct stat st;
    if (mkdir(path, mode) == 0)
        return 0;
    if (errno != EEXIST)
        return -errno;
    if (stat(path, &st) < 0)
        return -errno;
    return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int file_make_dir(const char *path, unsigned mode, struct diag *reterr) {
    char part[PATH_MAX];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof part)
        return say(reterr, n ? -ENAMETOOLONG : -ENOENT, "make folder", path);
    memcpy(part, path, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if (part[i] != '/' && part[i] != 0)
            continue;
        part[i] = 0;
        int r = make_one(part, mode);
        if (r < 0)
            return say(reterr, r, "make folder", part);
        part[i] = path[i];
    }
    return 0;
}

int file_open_beneath(int dir_fd, const char *name, int flags, unsigned mode) {
    struct open_how how = {
        .flags = (uint64_t) (unsigned) (flags | O_CLOEXEC),
        .mode = flags & (O_CREAT | O_TMPFILE) ? mode : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    long fd;
    /* EAGAIN: something was renamed during the look-up; the kernel asks to try again. */
    int tries = 8;
    do
        fd = syscall(SYS_openat2, dir_fd, name, &how, sizeof how);
    while (fd < 0 && errno == EAGAIN && --tries);
    return fd < 0 ? -errno : (int) fd;
}
