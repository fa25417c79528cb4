/* Hostile segments. The first byte chooses: bit 0 repairs the checksum of every frame the lengths
 * lead to, so that what lies behind the CRC is reached too; bit 1 adds a second segment. Opening
 * for writing and reading must end, and after one repair by the writer a second opening finds
 * nothing torn. */
#include "base/hash.h"
#include "spool/format.h"
#include "spool/reader.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t now_ns(void *ctx UNUSED) {
    return 1;
}

static void write_segment(const char *dir, uint32_t index, uint64_t first, char *bytes, size_t n,
                          bool repair) {
    struct spool_header head = {.segment = index, .first = first, .created_ns = 1, .id = "fuzz"};
    char header[SPOOL_HEADER_BYTES], name[SPOOL_NAME_CAP], path[64];
    uint32_t seed = spool_frame_seed(&head);
    spool_header_encode(&head, header);
    for (size_t at = 0; repair && at + 32 <= n;) {
        uint32_t size, crc;
        memcpy(&size, bytes + at, 4);
        size_t padded = ((size_t) size + 7) & ~(size_t) 7;
        if (size < 32 || padded > n - at)
            break;
        crc = crc32c(crc32c(seed, bytes + at, 4), bytes + at + 8, padded - 8);
        memcpy(bytes + at + 4, &crc, 4);
        at += padded;
    }
    (void) snprintf(path, sizeof path, "%s/%s", dir, spool_segment_name(index, name));
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    ASSERT(fd >= 0 && write(fd, header, sizeof header) == (ssize_t) sizeof header &&
           write(fd, bytes, n) == (ssize_t) n);
    close(fd);
}

static void read_all(const char *dir) {
    struct spool_reader *r = NULL;
    struct spool_batch b;
    int k, turns = 0;
    if (spool_reader_open(dir, &r, NULL) < 0)
        return;
    spool_batch_init(&b);
    while ((k = spool_reader_next(r, &b, NULL, NULL)) != 0) {
        ASSERT(turns++ < 100000);
        if (k < 0 && k != -ERR_CORRUPT)
            break;
    }
    spool_batch_done(&b);
    spool_reader_free(r);
}

static int put_line(struct spool *s) {
    struct raw_record rec = {.bytes = STR("line"), .arrival_ns = 1};
    int r = spool_put(s, &rec, NULL);
    return r < 0 ? r : spool_commit(s, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char dir[] = "/dev/shm/kizuki-fuzz-XXXXXX", *made;
    struct spool_options o = {.clock = {.now_ns = now_ns}};
    struct spool *s = NULL;
    static char bytes[1 << 16];
    if (!made)
        made = mkdtemp(dir);
    ASSERT(made);
    if (size < 1 || size > sizeof bytes)
        return 0;
    size_t n = size - 1, half = data[0] & 2 ? n / 2 & ~(size_t) 7 : n;
    memcpy(bytes, data + 1, n);
    write_segment(dir, 1, 1, bytes, half, data[0] & 1);
    if (half < n)
        write_segment(dir, 2, 3, bytes + half, n - half, data[0] & 1);
    read_all(dir);
    for (int turn = 0; turn < 2; turn++)
        if (spool_open(dir, &o, &s, NULL) == 0) {
            ASSERT(turn == 0 || spool_found(s)->cut_bytes == 0);
            uint64_t next = spool_next(s);
            ASSERT(put_line(s) == 0 && spool_durable_next(s) == next + 1);
            s = spool_close(s);
        }
    read_all(dir);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (uint32_t i = 1; i < 5; i++) {
        char name[SPOOL_NAME_CAP];
        (void) unlinkat(fd, spool_segment_name(i, name), 0);
    }
    close(fd);
    return 0;
}
