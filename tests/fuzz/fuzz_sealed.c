/* A hostile compressed segment: opening and reading end, whatever its seek table says, and what was compressed here is
 * read back as it was. */
#include "spool/file.h"

#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int memory(const void *p, size_t n) {
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    ASSERT(fd >= 0 && pwrite(fd, p, n, 0) == (ssize_t) n);
    return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char bytes[1 << 16];
    struct spool_file f;
    if (spool_file_sealed(memory(data, size), &f) == 0) {
        int64_t all = spool_file_size(&f);
        ASSERT(all >= 0);
        for (uint64_t at = 0; at < (uint64_t) all && at < 4 * SPOOL_PIECE_BYTES; at += 300000)
            ASSERT(spool_file_read(&f, bytes, sizeof bytes, at) >= 0);
        ASSERT(spool_file_read(&f, bytes, sizeof bytes, (uint64_t) all) == 0);
        spool_file_close(&f);
    }
    if (size > sizeof bytes)
        return 0;
    struct spool_file plain = spool_file_plain(memory(data, size));
    int fd = memory("", 0);
    ASSERT(lseek(fd, 0, SEEK_SET) == 0 && spool_file_compress(&plain, fd, 1, SPOOL_PIECE_BYTES) == 0);
    ASSERT(spool_file_sealed(fd, &f) == 0 && spool_file_size(&f) == (int64_t) size);
    ASSERT(spool_file_read(&f, bytes, sizeof bytes, 0) == (ssize_t) size);
    ASSERT(size == 0 || memcmp(bytes, data, size) == 0);
    spool_file_close(&f);
    spool_file_close(&plain);
    return 0;
}
