/* A spool in a folder of its own, and lines that say which they are. */
#pragma once
#include "unit.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "spool/reader.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

static int64_t test_now = 1000;
static inline int64_t test_clock_now(void *ctx UNUSED) {
    return test_now++;
}

static inline struct spool *open_spool(const char *dir, uint64_t segment_bytes) {
    struct spool_options o = {.segment_bytes = segment_bytes, .clock = {.now_ns = test_clock_now}};
    struct spool *s = NULL;
    struct diag d = {0};
    if (spool_open(dir, &o, &s, &d) < 0)
        print_error("%s\n", d.text);
    assert_non_null(s);
    return s;
}

/* "line 7 xxxx": length varies with the number, arrival is 1000 * number. */
static inline struct str line_text(uint64_t i, char *dst, size_t cap) {
    int n = snprintf(dst, cap, "line %llu ", (unsigned long long) i);
    for (uint64_t k = 0; k < i % 23; k++)
        dst[n++] = (char) ('a' + k);
    return str_n(dst, (size_t) n);
}

static inline int put_line(struct spool *s, uint64_t i) {
    char text[128];
    struct raw_record rec = {.bytes = line_text(i, text, sizeof text),
                             .arrival_ns = (int64_t) i * 1000,
                             .source = (uint32_t) (i % 3 + 1),
                             .flags = i % 2 ? RAW_BACKFILL : 0};
    return spool_put(s, &rec, NULL);
}

/* Lines from..to, `group` a commit. */
static inline void put_lines(struct spool *s, uint64_t from, uint64_t to, uint64_t group) {
    for (uint64_t i = from; i < to; i++) {
        assert_int_equal(put_line(s, i), 0);
        if ((i - from) % group == group - 1 || i + 1 == to)
            assert_int_equal(spool_commit(s, NULL), 0);
    }
}

static inline bool is_line(const struct raw_record *rec, uint64_t i) {
    char text[128];
    return str_eq(rec->bytes, line_text(i, text, sizeof text)) &&
           rec->arrival_ns == (int64_t) i * 1000 && rec->source == i % 3 + 1 &&
           rec->flags == (i % 2 ? (uint32_t) RAW_BACKFILL : 0);
}

static inline int make_folder(void **state) {
    /* in memory where there is one: these tests sync thousands of times */
    char shm[] = "/dev/shm/kizuki-spool-XXXXXX", tmp[] = "/tmp/kizuki-spool-XXXXXX";
    char *dir = mkdtemp(shm);
    if (!dir)
        dir = mkdtemp(tmp);
    assert_non_null(dir);
    *state = str_dup(str_of(dir));
    return 0;
}

static inline void empty_folder(const char *dir) {
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.')
            assert_int_equal(unlinkat(dirfd(d), e->d_name, 0), 0);
    closedir(d);
}

static inline int remove_folder(void **state) {
    empty_folder(*state);
    assert_int_equal(rmdir(*state), 0);
    mem_free(*state);
    return 0;
}

static inline struct str read_file(struct arena *a, const char *dir, const char *name) {
    char path[300];
    struct str s;
    (void) snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(file_read(a, path, 1 << 30, &s, NULL), 0);
    return s;
}

static inline void write_file(const char *dir, const char *name, struct str bytes) {
    char path[300];
    (void) snprintf(path, sizeof path, "%s/%s", dir, name);
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(file_write_all(fd, bytes), 0);
    close(fd);
}

#define folder_test(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)
