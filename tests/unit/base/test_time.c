#include "unit.h"

#include "base/err.h"
#include "base/time.h"

#include <time.h>

static int64_t iso(const char *z) {
    int64_t t;
    int offset;
    assert_int_equal(time_parse_iso(str_of(z), &t, &offset), strlen(z));
    return t;
}

static void reads_iso_in_its_forms(void **state UNUSED) {
    static const struct {
        const char *z;
        int64_t want_ns;
        int offset;
    } rows[] = {
        {"2026-11-23T02:03:08+09:00", 1795366988 * NS_PER_S, 540},
        {"2026-11-22T17:03:08Z", 1795366988 * NS_PER_S, 0},
        {"2026-11-22t17:03:08z", 1795366988 * NS_PER_S, 0},
        {"2026-11-22 17:03:08", 1795366988 * NS_PER_S, TIME_NO_OFFSET},
        {"2026-11-22T12:03:08.5-0500", 1795366988 * NS_PER_S + 500000000, -300},
        {"2026-11-22T17:03:08,123456789123+00", 1795366988 * NS_PER_S + 123456789, 0},
        {"1970-01-01T00:00:00.000000001Z", 1, 0},
        {"1969-12-31T23:59:59.999999999Z", -1, 0},
        {"2016-12-31T23:59:60Z", 1483228800 * NS_PER_S - 1, 0},
        {"2024-02-29T00:00:00Z", 1709164800 * NS_PER_S, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int64_t t;
        int offset;
        assert_int_equal(time_parse_iso(str_of(rows[i].z), &t, &offset), strlen(rows[i].z));
        assert_true(t == rows[i].want_ns);
        assert_int_equal(offset, rows[i].offset);
    }
}

static void reads_as_far_as_it_goes(void **state UNUSED) {
    int64_t t;
    int offset;
    assert_int_equal(time_parse_iso(STR("2026-11-22T17:03:08Z rest"), &t, &offset), 20);
    assert_int_equal(time_parse_iso(STR("2026-11-22T17:03:08 rest"), &t, &offset), 19);
    assert_int_equal(time_parse_iso(STR("2026-11-22T17:03:08+9 x"), &t, &offset), -ERR_PARSE);
}

static void refuses_what_is_no_time(void **state UNUSED) {
    static const char *const bad[] = {
        "",
        "2026",
        "2026-11-22",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2025-02-29T00:00:00Z",
        "2026-11-31T00:00:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T00:60:00Z",
        "2026-11-22T00:00:61Z",
        "2026-11-22T00:00:00.Z",
        "2026-11-22X00:00:00Z",
        "2026-1-22T00:00:00Z",
        "1600-01-01T00:00:00Z",
        "2300-01-01T00:00:00Z",
        "2026-11-22T00:00:00+24:00",
        "2026-11-22T00:00:00+09:60",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        int64_t t = 42;
        int offset;
        assert_int_equal(time_parse_iso(str_of(bad[i]), &t, &offset), -ERR_PARSE);
        assert_int_equal(t, 42);
    }
}

static void civil_agrees_with_the_c_library(void **state UNUSED) {
    uint64_t x = 42;
    for (int i = 0; i < 20000; i++) {
        x = x * 6364136223846793005ull + 1442695040888963407ull;
        int64_t t = (int64_t) (x >> 1) / 2 - INT64_MAX / 4;
        struct time_civil c;
        time_to_civil(t, 0, &c);
        struct tm tm = {.tm_year = c.year - 1900,
                        .tm_mon = c.month - 1,
                        .tm_mday = c.day,
                        .tm_hour = c.hour,
                        .tm_min = c.minute,
                        .tm_sec = c.second};
        int64_t sec = timegm(&tm);
        assert_true(sec * NS_PER_S + c.nano == t);
        assert_int_equal(tm.tm_wday, c.weekday);
        assert_true(time_from_civil(&c, 0) == t);
        time_to_civil(t, 540, &c);
        assert_true(time_from_civil(&c, 540) == t);
    }
}

static void the_ends_of_time_do_not_overflow(void **state UNUSED) {
    static const int64_t ends[] = {INT64_MIN, INT64_MIN + 1, INT64_MAX, 0, -1};
    char z[TIME_ISO_CAP];
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        assert_true(strlen(time_format_iso(ends[i], 9, z)) < TIME_ISO_CAP);
        assert_true(strlen(time_format_iso_offset(ends[i], -1439, 9, z)) < TIME_ISO_CAP);
    }
}

static void writes_iso(void **state UNUSED) {
    char z[TIME_ISO_CAP];
    int64_t t = iso("2026-11-22T17:03:08.123456789Z");
    assert_string_equal(time_format_iso(t, 0, z), "2026-11-22T17:03:08Z");
    assert_string_equal(time_format_iso(t, 3, z), "2026-11-22T17:03:08.123Z");
    assert_string_equal(time_format_iso(t, 9, z), "2026-11-22T17:03:08.123456789Z");
    assert_string_equal(time_format_iso_offset(t, 540, 3, z), "2026-11-23T02:03:08.123+09:00");
    assert_string_equal(time_format_iso_offset(t, -210, 0, z), "2026-11-22T13:33:08-03:30");
    assert_string_equal(time_format_iso(-1, 3, z), "1969-12-31T23:59:59.999Z");
}

static void reads_spans_and_months(void **state UNUSED) {
    int64_t ns;
    assert_int_equal(time_parse_span(STR("90s"), &ns), 0);
    assert_true(ns == 90 * NS_PER_S);
    assert_int_equal(time_parse_span(STR("5m"), &ns), 0);
    assert_true(ns == 5 * NS_PER_MIN);
    assert_int_equal(time_parse_span(STR("1M"), &ns), 0);
    assert_true(ns == 30 * NS_PER_DAY);
    assert_int_equal(time_parse_span(STR("1y"), &ns), 0);
    assert_true(ns == 365 * NS_PER_DAY);
    assert_int_equal(time_parse_span(STR("9999999999y"), &ns), -ERR_LIMIT);
    static const char *const bad[] = {"", "5", "m", "5x", "-5m", "5 m", "1.5h"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(time_parse_span(str_of(bad[i]), &ns), -ERR_PARSE);
    assert_int_equal(time_month_from_name(STR("Nov")), 11);
    assert_int_equal(time_month_from_name(STR("jAN")), 1);
    assert_int_equal(time_month_from_name(STR("Foo")), 0);
    assert_int_equal(time_month_from_name(STR("No")), 0);
}

UNIT_GROUP(base_time, cmocka_unit_test(reads_iso_in_its_forms),
           cmocka_unit_test(reads_as_far_as_it_goes), cmocka_unit_test(refuses_what_is_no_time),
           cmocka_unit_test(civil_agrees_with_the_c_library),
           cmocka_unit_test(the_ends_of_time_do_not_overflow), cmocka_unit_test(writes_iso),
           cmocka_unit_test(reads_spans_and_months))
