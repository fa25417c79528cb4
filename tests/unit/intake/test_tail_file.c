#include "unit.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "intake/tail_file.h"

#include <sys/mman.h>

static int file_of(const char *p, size_t n) {
    int fd = memfd_create("tail", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(file_write_all(fd, str_n(p, n)), 0);
    return fd;
}

static bool same_mark(const struct tail_mark *a, const struct tail_mark *b) {
    return a->offset == b->offset && a->crc == b->crc && a->crc_before == b->crc_before &&
           a->in_long == b->in_long;
}

/* The mark made line by line is the mark made by looking at the file, wherever the blocks end. */
static void a_mark_does_not_depend_on_how_it_was_made(void **state UNUSED) {
    size_t n = 2 * TAIL_BLOCK_BYTES + 5000;
    char *p = mem_alloc(n);
    struct tail_mark a = {0}, b;
    for (size_t i = 0; i < n; i++)
        p[i] = (char) (i * 2654435761u >> 13);
    int fd = file_of(p, n);
    for (size_t at = 0, step = 1; at < n; at += step, step = step * 7 % 40009 + 1) {
        step = MIN(step, n - at);
        tail_mark_advance(&a, p + at, step);
        if (at % 5)
            continue;
        assert_int_equal(tail_mark_at(fd, a.offset, &b), 0);
        assert_true(same_mark(&a, &b));
    }
    assert_int_equal(a.offset, n);
    assert_int_equal(tail_mark_at(fd, n + 1, &b), -ENODATA);
    close(fd);
    mem_free(p);
}

static void states_come_back_as_they_were(void **state UNUSED) {
    char bytes[64];
    struct tail_identity id = {.dev = 1,
                               .ino = UINT64_MAX,
                               .head_n = 200,
                               .head = "1234567",
                               .copy = true,
                               .born_ns = INT64_MAX},
                         id2;
    struct tail_mark m = {.offset = 1ull << 40, .crc = 7, .crc_before = 9, .in_long = true}, m2;
    tail_identity_encode(&id, bytes);
    assert_true(tail_identity_decode(str_n(bytes, TAIL_IDENTITY_BYTES), &id2));
    assert_true(id2.dev == 1 && id2.ino == UINT64_MAX && id2.head_n == 200 && id2.copy && id2.born_ns == INT64_MAX);
    assert_memory_equal(id.head, id2.head, 8);
    assert_false(tail_identity_decode(str_n(bytes, TAIL_IDENTITY_BYTES - 1), &id2));
    bytes[17] = 7; /* a fingerprint of more bytes than there are */
    assert_false(tail_identity_decode(str_n(bytes, TAIL_IDENTITY_BYTES), &id2));
    tail_mark_encode(&m, bytes);
    assert_true(tail_mark_decode(str_n(bytes, TAIL_MARK_BYTES), &m2));
    assert_true(same_mark(&m, &m2));
    assert_false(tail_mark_decode(str_n(bytes, TAIL_MARK_BYTES + 1), &m2));
}

static void knows_content_again(void **state UNUSED) {
    const char *text = "first line of a log\nsecond line\n";
    size_t n = strlen(text);
    struct tail_file f = {.id.head_n = 10};
    int fd = file_of(text, n);
    assert_int_equal(tail_head(fd, 10, f.id.head), 0);
    assert_int_equal(tail_mark_at(fd, 20, &f.at), 0);
    assert_int_equal(tail_content_is(fd, n, &f), 1);
    int other = file_of("first line of a log\nanother line\n", n + 1);
    assert_int_equal(tail_content_is(other, n + 1, &f), 1); /* the same as far as it was read */
    assert_int_equal(tail_same_start(fd, other, 20), 1);
    assert_int_equal(tail_same_start(fd, other, 21), 0);
    int third = file_of("first line of a lag\nsecond line\n", n);
    assert_int_equal(tail_content_is(third, n, &f), 0);
    assert_int_equal(tail_content_is(fd, 19, &f), 0); /* shorter than what was read */
    close(fd);
    close(other);
    close(third);
}

/* Whoever goes on in the middle of a file knows its columns: those of the last line before that says them. */
static void columns_are_found_again(void **state UNUSED) {
    enum { LINES = 3000, CAP = 3 * LINE_FIELDS_BYTES };
    char buffer[CAP];
    size_t second = 0, third = 0;
    struct buf text;
    struct columns c;
    buf_init(&text, 1 << 20);
    buf_add_z(&text, "#Software: IIS\r\n#Fields: date c-ip\r\n");
    size_t first = text.n;
    for (unsigned i = 0; i < LINES; i++) {
        if (i == LINES / 3)
            buf_add_z(&text, "#Fields: date time c-ip\r\n"), second = text.n;
        if (i == LINES / 3 * 2)
            buf_add_z(&text, "#Date: x\r\n#Fields: c-ip\n"), third = text.n;
        buf_printf(&text, "2026-11-22 17:03:%02u #Fields: cs-host not at its beginning\r\n", i % 60);
    }
    assert_int_equal(buf_error(&text), 0);
    size_t n = text.n;
    int fd = file_of(text.p, n);
    const struct { size_t at; size_t columns; } rows[] = {{0, 0}, {10, 0}, {first, 2}, {first + 50, 2}, {second - 1, 2}, {second, 3}, {second + 30000, 3},
                                                          {third - 1, 3}, {third, 1}, {third + 100, 1}, {n, 1}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        assert_int_equal(tail_columns_before(fd, rows[i].at, buffer, sizeof buffer, &c), 0);
        assert_int_equal(columns_count(columns_of(&c)), rows[i].columns);
    }
    close(fd);
    fd = file_of(text.p + first, n - first); /* does not begin with '#': no such file */
    assert_int_equal(tail_columns_before(fd, n - first, buffer, sizeof buffer, &c), 0);
    assert_int_equal(c.n, 0);
    close(fd);
    buf_done(&text);
}

UNIT_GROUP(intake_tail_file, cmocka_unit_test(columns_are_found_again), cmocka_unit_test(a_mark_does_not_depend_on_how_it_was_made),
           cmocka_unit_test(states_come_back_as_they_were), cmocka_unit_test(knows_content_again))
