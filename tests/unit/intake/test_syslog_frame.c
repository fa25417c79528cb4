#include "unit.h"

#include "base/buf.h"
#include "base/mem.h"
#include "intake/syslog_frame.h"

/* Feeds `in` as if the kernel showed `step` bytes more each time; "flags:bytes|" for each message.
 */
static int frames(struct str in, size_t step, struct buf *out) {
    struct syslog_framing f = {0};
    struct syslog_frame frame;
    size_t at = 0, shown = 0;
    for (;;) {
        int r = syslog_frame_next(&f, in.p + at, shown - at, shown == in.n, &frame);
        if (r < 0)
            return r;
        if (r == 1) {
            assert_true(frame.used > 0 && frame.used <= shown - at);
            at += frame.used;
            if (frame.bytes.n)
                buf_printf(out, "%x:%.*s|", frame.flags, STR_ARG(frame.bytes));
            continue;
        }
        assert_true(shown - at < SYSLOG_WINDOW_BYTES || shown == in.n);
        if (shown == in.n)
            break;
        shown = MIN(in.n, shown + step);
    }
    assert_int_equal(at, in.n);
    return 0;
}

static void expect(struct str in, const char *want) {
    static const size_t steps[] = {1, 3, 17, 1 << 20};
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        struct buf out;
        buf_init(&out, 1 << 20);
        assert_int_equal(frames(in, steps[i], &out), 0);
        assert_string_equal(buf_z(&out), want);
        buf_done(&out);
    }
}

static void tells_the_framings_apart(void **state UNUSED) {
    expect(STR("<13>one\n<13>two\r\n\n<13>three"), "0:<13>one|0:<13>two|0:<13>three|");
    expect(STR("7 <13>one11 <13>two\nand8 <13>last"), "0:<13>one|0:<13>two\nand|0:<13>last|");
    expect(STR("8 <13>one\n8 <13>two\n"), "0:<13>one|0:<13>two|"); /* LF counted and dropped */
    expect(STR("7 <13>one\n7 <13>two\n"), "0:<13>one|0:<13>two|"); /* LF behind the count */
    /* a connection that counts: no priority needed, and a message may be a line */
    expect(STR("7 <13>one5 hello<13>line\n7 <13>two"), "0:<13>one|0:hello|0:<13>line|0:<13>two|");
    /* a connection of lines: numbers are text, unless it is exactly one counted line */
    expect(STR("<13>a\n2026 was a year\n<13>b\n"), "0:<13>a|0:2026 was a year|0:<13>b|");
    expect(STR("5 hello\n7 <13>one"), "0:5 hello|0:<13>one|");
    expect(STR("0 <13>x\n123456789 <13>x\n12\n"), "0:0 <13>x|0:123456789 <13>x|0:12|");
    expect(STR("<13>\x83\x65\x83\x58\n"), "0:<13>\x83\x65\x83\x58|");
}

/* Text in a line must not swallow what others write behind it. */
static void hostile_text_hides_nothing(void **state UNUSED) {
    expect(STR("<13>a\n60 <1>evil\n<13>seen\n<13>seen too\n"),
           "0:<13>a|0:60 <1>evil|0:<13>seen|0:<13>seen too|");
    expect(STR("<13>a\n99999999 <1>evil\n<13>seen\n"), "0:<13>a|0:99999999 <1>evil|0:<13>seen|");
}

static void marks_what_was_cut(void **state UNUSED) {
    expect(STR("7 <13>one50 <13>never comple"), "0:<13>one|8:<13>never comple|");
    struct buf out;
    buf_init(&out, 1 << 20);
    assert_int_equal(frames(STR("7 <13>one99999999 <13>x"), 5, &out), -ERR_LIMIT);
    assert_string_equal(buf_z(&out), "0:<13>one|");
    buf_done(&out);
}

static void expect_pieces(bool counted, size_t n) {
    struct buf in;
    buf_init(&in, 1 << 20);
    if (counted)
        buf_printf(&in, "%zu ", n);
    buf_add_z(&in, "<13>");
    for (size_t i = 4; i < n; i++)
        buf_add_byte(&in, (char) ('a' + i % 26));
    if (!counted)
        buf_add_byte(&in, '\n');
    buf_add_z(&in, counted ? "7 <13>end" : "<13>end\n");
    for (size_t step = 1000; step < 400000; step *= 7) {
        struct syslog_framing f = {0};
        struct syslog_frame frame;
        size_t at = 0, shown = 0, got = 0, messages = 0;
        while (at < in.n) {
            int r = syslog_frame_next(&f, in.p + at, shown - at, false, &frame);
            assert_true(r >= 0);
            if (r == 0) {
                assert_true(shown < in.n);
                shown = MIN(in.n, shown + step);
                continue;
            }
            size_t want = MIN(n - got, (size_t) LINE_BYTES_MAX);
            unsigned flags = got == 0 && want < n    ? RAW_PIECE
                             : got && got + want < n ? RAW_PIECE | RAW_PIECE_NEXT
                             : got                   ? RAW_PIECE_LAST
                                                     : 0;
            if (got < n) {
                assert_int_equal(frame.bytes.n, want);
                assert_int_equal(frame.flags, flags);
                got += want;
            } else {
                assert_str(frame.bytes, "<13>end");
                messages++;
            }
            at += frame.used;
        }
        assert_int_equal(got, n);
        assert_int_equal(messages, 1);
    }
    buf_done(&in);
}

static void keeps_long_messages_in_pieces(void **state UNUSED) {
    for (int counted = 0; counted < 2; counted++)
        for (int d = -1; d <= 1; d++) {
            expect_pieces(counted, (size_t) (LINE_BYTES_MAX + d));
            expect_pieces(counted, (size_t) (3 * LINE_BYTES_MAX + d));
        }
}

/* A kernel that cannot hold a whole message gives it in pieces, and none of its bytes twice. */
static void takes_a_piece_when_it_must(void **state UNUSED) {
    struct syslog_framing f = {0};
    struct syslog_frame frame;
    struct str in = STR("20 <13>0123456789abcdef<13>next\n");
    syslog_frame_force(&f, in.p, 2, &frame);
    assert_int_equal(frame.used, 2); /* no frame yet: a line that goes on */
    f = (struct syslog_framing){0};
    syslog_frame_force(&f, in.p, 10, &frame);
    assert_int_equal(frame.used, 10);
    assert_str(frame.bytes, "<13>012");
    assert_int_equal(frame.flags, RAW_PIECE);
    assert_int_equal(f.left, 13);
    assert_int_equal(syslog_frame_next(&f, in.p + 10, in.n - 10, false, &frame), 1);
    assert_str(frame.bytes, "3456789abcdef");
    assert_int_equal(frame.flags, RAW_PIECE_LAST);
    assert_int_equal(syslog_frame_next(&f, in.p + 23, in.n - 23, false, &frame), 1);
    assert_str(frame.bytes, "<13>next");
}

UNIT_GROUP(intake_syslog_frame, cmocka_unit_test(tells_the_framings_apart),
           cmocka_unit_test(hostile_text_hides_nothing), cmocka_unit_test(marks_what_was_cut),
           cmocka_unit_test(keeps_long_messages_in_pieces),
           cmocka_unit_test(takes_a_piece_when_it_must))
