/* Hostile ZIPs of logs: what is handed over is a file of ours, and no more than the limits allow. */
#include "base/limits.h"
#include "table/unpack.h"

#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[64];

static int look(void *ctx, const struct table_packed *f, struct diag *reterr UNUSED) {
    uint64_t *total = ctx;
    struct stat st;
    ASSERT(str_starts(str_of(f->path), str_of(folder)) && !strchr(f->path + strlen(folder) + 1, '/'));
    ASSERT(stat(f->path, &st) == 0 && S_ISREG(st.st_mode));
    *total += (uint64_t) st.st_size;
    ASSERT(*total <= LATE_UNPACKED_BYTES_MAX);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[64];
    struct diag d = {0};
    uint64_t total = 0;
    if (!folder[0]) {
        snprintf(folder, sizeof folder, "/tmp/kizuki-fuzz-XXXXXX");
        ASSERT(mkdtemp(folder));
    }
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    ASSERT(fd >= 0 && write(fd, data, size) == (ssize_t) size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int r = table_unpack(path, "fuzz.zip", folder, look, &total, &d);
    ASSERT(r == 0 || (r < 0 && d.text[0]));
    close(fd);
    (void) rmdir(folder); /* empty again, whatever happened */
    ASSERT(access(folder, F_OK) != 0);
    folder[0] = 0;
    return 0;
}
