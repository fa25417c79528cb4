#include "torture.h"
#include "unit.h"

#include "base/buf.h"
#include "base/err.h"

static void collects_pieces(void **state UNUSED) {
    struct buf b;
    buf_init(&b, 1000);
    assert_str(buf_str(&b), "");
    buf_add(&b, STR("a"));
    buf_add(&b, STR_NULL);
    buf_add_z(&b, "bc");
    buf_add_byte(&b, 0);
    buf_add_i64(&b, INT64_MIN);
    buf_add_byte(&b, ' ');
    buf_add_u64(&b, UINT64_MAX);
    buf_add_i64(&b, 0);
    buf_printf(&b, "<%s>", "x");
    assert_true(str_eq(buf_str(&b), STR("abc\0-9223372036854775808 184467440737095516150<x>")));
    assert_int_equal(strlen(buf_z(&b)), 3);
    buf_remove_front(&b, 4);
    assert_string_equal(buf_z(&b), "-9223372036854775808 184467440737095516150<x>");
    buf_remove_front(&b, b.n);
    assert_int_equal(b.n, 0);
    buf_done(&b);
    buf_add_z(&b, "again");
    assert_str(buf_str(&b), "again");
    buf_done(&b);
}

static void failure_is_sticky(void **state UNUSED) {
    struct buf b;
    buf_init(&b, 10);
    buf_add_z(&b, "0123456789");
    assert_int_equal(buf_error(&b), 0);
    buf_add_byte(&b, 'x');
    assert_int_equal(buf_error(&b), -ERR_LIMIT);
    assert_str(buf_str(&b), "0123456789");
    buf_clear(&b);
    buf_add_z(&b, "ok");
    assert_int_equal(buf_error(&b), 0);
    buf_add_z(&b, "much too long for it");
    buf_add_z(&b, "x");
    assert_int_equal(buf_error(&b), -ERR_LIMIT);
    assert_str(buf_str(&b), "ok");
    buf_done(&b);
}

static void a_huge_maximum_does_not_overflow(void **state UNUSED) {
    struct buf b;
    buf_init(&b, SIZE_MAX);
    buf_add_z(&b, "x");
    mem_fail_after(0); /* ASan does not let malloc say no by itself */
    assert_null(buf_reserve(&b, SIZE_MAX / 2));
    mem_fail_after(-1);
    assert_int_equal(buf_error(&b), -ENOMEM);
    buf_done(&b);
}

static int fill(void *ctx UNUSED) {
    struct buf b;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 1000; i++)
        buf_printf(&b, "%d,", i);
    (void) buf_z(&b);
    int r = buf_error(&b);
    buf_done(&b);
    return r;
}

static void survives_the_end_of_memory(void **state UNUSED) {
    assert_true(torture(fill, NULL) > 5);
}

UNIT_GROUP(base_buf, cmocka_unit_test(collects_pieces), cmocka_unit_test(failure_is_sticky),
           cmocka_unit_test(a_huge_maximum_does_not_overflow),
           cmocka_unit_test(survives_the_end_of_memory))
