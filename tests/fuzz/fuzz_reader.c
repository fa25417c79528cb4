/* Plain, gzip and zstd files: the same records for two batch sizes, and never a crash. */
#include "base/hash.h"
#include "intake/reader.h"

#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t read_all(const uint8_t *data, size_t size, size_t batch_bytes) {
    struct intake_reader_options o = {.batch_bytes = batch_bytes, .arrival_ns = 1};
    struct intake_reader *r;
    struct intake_batch b;
    uint64_t sum = 0, records = 0;
    int k, fd = memfd_create("fuzz", MFD_CLOEXEC);
    ASSERT(fd >= 0 && write(fd, data, size) == (ssize_t) size && lseek(fd, 0, SEEK_SET) == 0);
    if (intake_reader_open_fd(fd, "fuzz", &o, &r, NULL) < 0)
        return 0;
    intake_batch_init(&b);
    /* a small file may unpack to gigabytes; that is no bug, but it takes long */
    while ((k = intake_reader_next(r, &b, NULL)) > 0 && records < 100000)
        for (size_t i = 0; i < b.n && records < 100000; i++, records++) {
            const struct raw_record *x = &b.records[i];
            ASSERT(x->bytes.n <= LINE_BYTES_MAX);
            sum = hash_fast(x->bytes, sum ^ x->pos.n ^ (uint64_t) x->flags << 32);
        }
    intake_batch_done(&b);
    intake_reader_free(r);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ASSERT(read_all(data, size, 7) == read_all(data, size, BATCH_BYTES));
    return 0;
}
