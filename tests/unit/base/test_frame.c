#include "unit.h"

#include "base/frame.h"
#include "base/limits.h"

#include <fcntl.h>
#include <sys/socket.h>

static void cuts_frames_wherever_the_bytes_break(void **state UNUSED) {
    struct buf b;
    static const char *const messages[] = {"a", "{\"t\":\"hello\"}", "xyz"};
    buf_init(&b, 1 << 20);
    for (size_t i = 0; i < ARRAY_SIZE(messages); i++)
        frame_add(&b, str_of(messages[i]));
    for (size_t have = 0; have <= b.n; have++) {
        struct str in = str_n(b.p, have), m;
        size_t at = 0, seen = 0;
        int r;
        while ((r = frame_next(in, &at, &m)) == 1)
            assert_str(m, messages[seen++]);
        assert_int_equal(r, 0);
        assert_true(at <= have);
        assert_int_equal(seen, have < 5 ? 0 : have < 5 + 17 ? 1 : have < b.n ? 2 : 3);
    }
    buf_done(&b);
}

static void refuses_bad_lengths(void **state UNUSED) {
    struct str m;
    size_t at = 0;
    assert_int_equal(frame_next(STR("\0\0\0\0"), &at, &m), -ERR_LIMIT);
    assert_int_equal(frame_next(STR("\xff\xff\xff\xff"), &at, &m), -ERR_LIMIT);
    assert_int_equal(frame_next(STR("\x01\x00\x10\x00"), &at, &m), -ERR_LIMIT);
    assert_int_equal(frame_next(STR("\x00\x00\x10\x00"), &at, &m), 0);
    assert_int_equal(at, 0);
    struct buf b;
    buf_init(&b, (size_t) 4 << 20);
    frame_add(&b, STR(""));
    assert_int_equal(buf_error(&b), -ERR_LIMIT);
    buf_done(&b);
}

static void a_full_buffer_takes_no_half_frame(void **state UNUSED) {
    struct buf b;
    buf_init(&b, 12);
    frame_add(&b, STR("1234"));
    frame_add(&b, STR("1"));
    assert_int_equal(buf_error(&b), -ERR_LIMIT);
    assert_int_equal(b.n, 8);
    buf_done(&b);
}

static void goes_through_a_socket(void **state UNUSED) {
    int fd[2];
    struct buf b;
    buf_init(&b, FRAME_BYTES_MAX);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    assert_int_equal(fcntl(fd[0], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(frame_write(fd[0], STR("one")), 0);
    assert_int_equal(frame_write(fd[0], STR("two")), 0);
    assert_int_equal(frame_read(fd[1], &b), 1);
    assert_str(buf_str(&b), "one");
    assert_int_equal(frame_read(fd[1], &b), 1);
    assert_str(buf_str(&b), "two");
    assert_int_equal(write(fd[0], "\5\0\0\0ab", 6), 6);
    close(fd[0]);
    assert_int_equal(frame_read(fd[1], &b), -ECONNRESET);
    assert_int_equal(frame_read(fd[1], &b), 0);
    /* A peer that has gone is a code, not a signal. */
    assert_int_equal(frame_write(fd[1], STR("x")), -EPIPE);
    close(fd[1]);
    buf_done(&b);
}

static void a_hostile_length_is_refused_before_memory_is_taken(void **state UNUSED) {
    int fd[2];
    struct buf b;
    buf_init(&b, 100);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    assert_int_equal(write(fd[0], "\xff\xff\xff\x7f", 4), 4);
    assert_int_equal(frame_read(fd[1], &b), -ERR_LIMIT);
    assert_int_equal(b.cap, 0);
    assert_int_equal(write(fd[0], "\xff\0\0\0", 4), 4);
    assert_int_equal(frame_read(fd[1], &b), -ERR_LIMIT);
    close(fd[0]);
    close(fd[1]);
    buf_done(&b);
}

UNIT_GROUP(base_frame, cmocka_unit_test(cuts_frames_wherever_the_bytes_break),
           cmocka_unit_test(refuses_bad_lengths),
           cmocka_unit_test(a_full_buffer_takes_no_half_frame),
           cmocka_unit_test(goes_through_a_socket),
           cmocka_unit_test(a_hostile_length_is_refused_before_memory_is_taken))
