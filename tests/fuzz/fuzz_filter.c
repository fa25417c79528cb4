/* A filter file from anywhere (whoever can write in DATA/search): read or refused, never more memory than its size gives
 * reason for; asked about any condition it answers; what was read and is not damaged is written and read back the same. With
 * the checksums made right as well, or no input would come behind them. */
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
        struct filter_set may[ARRAY_SIZE(queries)], same;
        snprintf(again, sizeof again, "/tmp/fuzz-filter-%d", (int) getpid());
        for (size_t i = 0; i < ARRAY_SIZE(queries); i++)
            ASSERT(!rules[i] || filter_may(&f, rules[i]->rules[0]->expr, &may[i]) == filter_set_any(&may[i]));
        r = filter_write(&f, again, NULL);
        ASSERT(r == 0 || (r == -ERR_CORRUPT && filter_is_damaged(&f)));
        ASSERT(r < 0 || filter_read(again, &g, NULL) == 0);
        for (size_t i = 0; i < ARRAY_SIZE(queries) && r == 0; i++)
            ASSERT(!rules[i] || (filter_may(&g, rules[i]->rules[0]->expr, &same), memcmp(&same, &may[i], sizeof same) == 0));
        (void) unlink(again);
        filter_done(&g);
        filter_done(&f);
    }
    close(fd);
}

/* Checksums of the pages and of the head, where the head says what there is. */
static void make_right(uint8_t *p, size_t n) {
    uint32_t log, maps, sum;
    uint64_t keys;
    memcpy(&log, p + 12, 4);
    memcpy(&keys, p + 96, 8);
    memcpy(&maps, p + 104, 4);
    keys = keys == UINT64_MAX ? 0 : keys;
    if (log > 17 || keys > 1 << 21)
        return;
    uint64_t body = (UINT64_C(32) << log) + keys * 6 + maps, sums = 160 + 255 * 16 + (keys + 511) / 512 * 8, head = sums + (body + 4095) / 4096 * 4;
    if (n != head + body)
        return;
    for (uint64_t at = head; at < n; at += 4096, sums += 4) {
        sum = crc32c(0, p + at, MIN(n - at, 4096));
        memcpy(p + sums, &sum, sizeof sum);
    }
    sum = crc32c(crc32c(0, p, 36), p + 40, head - 40);
    memcpy(p + 36, &sum, sizeof sum);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t copy[1 << 16];
    for (size_t i = 0; i < ARRAY_SIZE(queries); i++)
        if (!rules[i])
            IGNORE(detect_search_parse(str_of(queries[i]), &rules[i], NULL));
    try_one(data, size);
    if (size < 160 || size > sizeof copy)
        return 0;
    memcpy(copy, data, size);
    make_right(copy, size);
    try_one(copy, size);
    return 0;
}
