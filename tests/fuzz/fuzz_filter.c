/* A filter file from anywhere (whoever can write in DATA/search): read or refused, never more memory than its size gives
 * reason for; asked about any condition it answers; what was read is written and read back the same. With the checksum made
 * right as well, or no input would come behind it. */
#include "app/search/filter.h"
#include "base/hash.h"
#include "base/mem.h"
#include "detect/expr.h"
#include "detect/search.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const queries[] = {"root", "user.name:alice and not b", "source.ip:192.0.2.0/24 or \"改ざん\"", "a:>5", "x:*", "192.0.2.7 or 改竄"};
static struct detect_rules *rules[ARRAY_SIZE(queries)];

static int memory(const void *p, size_t n, char path[64]) {
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    ASSERT(fd >= 0 && pwrite(fd, p, n, 0) == (ssize_t) n);
    snprintf(path, 64, "/proc/self/fd/%d", fd);
    return fd;
}

static void try_one(const void *p, size_t n) {
    char path[64], again[64];
    struct filter f = {0}, g = {0};
    struct diag d = {0};
    int fd = memory(p, n, path), r = filter_read(path, &f, &d);
    ASSERT(r == 0 || r == -ENOMEM || (r == -ERR_CORRUPT && d.text[0]));
    if (r == 0) {
        uint64_t may[ARRAY_SIZE(queries)];
        snprintf(again, sizeof again, "/tmp/fuzz-filter-%d", (int) getpid());
        for (size_t i = 0; i < ARRAY_SIZE(queries); i++)
            may[i] = rules[i] ? filter_may(&f, rules[i]->rules[0]->expr) : 0;
        ASSERT(filter_write(&f, again, NULL) == 0 && filter_read(again, &g, NULL) == 0);
        for (size_t i = 0; i < ARRAY_SIZE(queries); i++)
            ASSERT(may[i] == (rules[i] ? filter_may(&g, rules[i]->rules[0]->expr) : 0));
        (void) unlink(again);
        filter_done(&g);
        filter_done(&f);
    }
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t copy[1 << 16];
    for (size_t i = 0; i < ARRAY_SIZE(queries); i++)
        if (!rules[i])
            IGNORE(detect_search_parse(str_of(queries[i]), &rules[i], NULL));
    try_one(data, size);
    if (size < 128 || size > sizeof copy)
        return 0;
    memcpy(copy, data, size);
    uint32_t sum = crc32c(crc32c(0, copy, 36), copy + 40, size - 40);
    memcpy(copy + 36, &sum, sizeof sum);
    try_one(copy, size);
    return 0;
}
