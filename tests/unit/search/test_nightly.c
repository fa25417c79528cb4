/* When the nightly trace is due, in local time and over switched-off nights. */
#include "unit.h"

#include "app/search/nightly.h"
#include "base/time.h"

enum { AT = 3 * 60 + 30, JST = 540 };

static int64_t at(const char *iso) {
    int64_t t;
    int offset;
    assert_true(time_parse_iso(str_of(iso), &t, &offset) > 0);
    return t;
}

static void it_is_due_once_a_night(void **state UNUSED) {
    int64_t evening = at("2026-11-20T22:00:00+09:00");
    assert_false(nightly_is_due(AT, JST, evening, at("2026-11-21T03:29:59+09:00")));
    assert_true(nightly_is_due(AT, JST, evening, at("2026-11-21T03:30:01+09:00")));
    assert_false(nightly_is_due(AT, JST, at("2026-11-21T03:30:01+09:00"), at("2026-11-22T03:29:00+09:00")));
    assert_true(nightly_is_due(AT, JST, at("2026-11-21T03:30:01+09:00"), at("2026-11-22T03:30:00.1+09:00")));
}

static void a_night_that_was_slept_through_is_made_good(void **state UNUSED) {
    assert_true(nightly_is_due(AT, JST, at("2026-11-18T03:30:00+09:00"), at("2026-11-21T09:00:00+09:00")));
    assert_false(nightly_is_due(AT, JST, at("2026-11-21T09:00:00+09:00"), at("2026-11-21T23:59:00+09:00")));
}

static void it_is_local_time_and_may_be_never(void **state UNUSED) {
    int64_t noon = at("2026-11-20T12:00:00Z");
    assert_false(nightly_is_due(AT, 0, noon, at("2026-11-20T18:31:00Z"))); /* 03:31 in Japan */
    assert_true(nightly_is_due(AT, JST, noon, at("2026-11-20T18:31:00Z")));
    assert_true(nightly_is_due(0, 0, noon, at("2026-11-21T00:00:01Z")));
    assert_false(nightly_is_due(NIGHTLY_NEVER, JST, 0, noon));
}

UNIT_GROUP(search_nightly, cmocka_unit_test(it_is_due_once_a_night), cmocka_unit_test(a_night_that_was_slept_through_is_made_good),
           cmocka_unit_test(it_is_local_time_and_may_be_never))
