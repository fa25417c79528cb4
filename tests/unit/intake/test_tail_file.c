#include "unit.h"

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

UNIT_GROUP(intake_tail_file, cmocka_unit_test(a_mark_does_not_depend_on_how_it_was_made),
           cmocka_unit_test(states_come_back_as_they_were), cmocka_unit_test(knows_content_again))
