/* See library.h. */
#include "app/index/library.h"

#include "base/hash.h"
#include "base/mem.h"

#include <fcntl.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 20 };

static int sum_of(int fd, char hex[2 * SHA256_BYTES + 1]) {
    struct sha256 h;
    uint8_t sum[SHA256_BYTES];
    char *buf = mem_alloc(READ_BYTES);
    ssize_t n = buf ? 1 : -ENOMEM;
    sha256_init(&h);
    while (n > 0) {
        n = read(fd, buf, READ_BYTES);
        if (n > 0)
            sha256_add(&h, str_n(buf, (size_t) n));
        else if (n < 0)
            n = errno == EINTR ? 1 : -errno;
    }
    mem_free(buf);
    sha256_end(&h, sum);
    hex_encode(sum, SHA256_BYTES, hex);
    return (int) n;
}

int index_library_check(const char *path, struct diag *reterr) {
    char hex[2 * SHA256_BYTES + 1];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return diag_set(reterr, -errno, "cannot open '%s': %s", path, err_word(-errno));
    int r = sum_of(fd, hex);
    close(fd);
    if (r < 0)
        return diag_set(reterr, r, "cannot read '%s': %s", path, err_word(r));
    if (strcmp(hex, INDEX_LIBRARY_SHA256) != 0)
        return diag_set(reterr, -ERR_CORRUPT, "'%s' is not chDB " INDEX_LIBRARY_VERSION "; `kizuki index fetch` gets it", path);
    return 0;
}
