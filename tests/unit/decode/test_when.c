#include "fixture.h"

static struct fixture f;

static void assert_when(const char *line, const char *want, const char *basis) {
    struct event *ev = fixture_line(&f, line);
    assert_time(ev->time_ns, want);
    assert_field(ev, "kizuki.time.basis", basis);
}

static void every_notation_gives_its_instant(void **state UNUSED) {
    assert_when("2026-11-23T02:03:08.123456+09:00 h a[1]: x", "2026-11-22T17:03:08.123Z", "event");
    assert_when("2026-11-23T02:03:08Z h a[1]: x", "2026-11-23T02:03:08.000Z", "event");
    assert_when("2026-11-23T02:03:08-0330 h a[1]: x", "2026-11-23T05:33:08.000Z", "event");
    assert_when("2026-11-23 02:03:08 h a[1]: x", "2026-11-22T17:03:08.000Z", "inferred");
    assert_when("2026-11-23 02:03:08,500 +0100 some text", "2026-11-23T01:03:08.500Z", "event");
    assert_when("<34>1 2026-11-23T02:03:08.5+09:00 h a - - - x", "2026-11-22T17:03:08.500Z",
                "event");
    assert_when("Nov 23 02:03:08 h a[1]: x", "2026-11-22T17:03:08.000Z", "inferred");
    assert_when("Nov  3 02:03:08 h a[1]: x", "2026-11-02T17:03:08.000Z", "inferred");
    assert_when("Nov 3 02:03:08 h a[1]: x", "2026-11-02T17:03:08.000Z", "inferred");
    assert_when("Nov 3 02:03:08.250 h a[1]: x", "2026-11-02T17:03:08.250Z", "inferred");
    assert_when("Nov 23 2019 02:03:08 h a[1]: x", "2019-11-22T17:03:08.000Z", "inferred");
    assert_when("192.0.2.1 - - [23/Nov/2026:02:03:08 +0900] \"GET / HTTP/1.1\" 200 5",
                "2026-11-22T17:03:08.000Z", "event");
    assert_when("2026/11/23 02:03:08 [error] 1#1: *1 x, client: 192.0.2.1, server: _",
                "2026-11-22T17:03:08.000Z", "inferred");
    assert_when("[Mon Nov 23 02:03:08.123456 2026] [core:error] [pid 1] [client 192.0.2.1:1] x",
                "2026-11-22T17:03:08.123Z", "inferred");
    assert_when("{\"@timestamp\":\"2026-11-23T02:03:08.123+09:00\"}", "2026-11-22T17:03:08.123Z",
                "event");
    assert_when("{\"ts\":1795370588.25}", "2026-11-22T18:03:08.250Z", "event");
    assert_when("{\"time\":1795370588123}", "2026-11-22T18:03:08.123Z", "event");
    assert_when("{\"time\":\"x\",\"timestamp\":\"2026-11-23T02:03:08Z\"}",
                "2026-11-23T02:03:08.000Z", "event");
    assert_when("2026-11-23T23:59:60Z h a[1]: x", "2026-11-23T23:59:59.999Z", "event");
}

static void what_is_no_time_is_no_time(void **state UNUSED) {
    static const char *const lines[] = {
        "2026-11-31T02:03:08Z h a[1]: x", "2026-11-23T24:03:08Z h a[1]: x",
        "Nov 31 02:03:08 h a: x",         "Nob 23 02:03:08 h a: x",
        "2026-11-23T02:03:61Z h a[1]: x", "2026-1a-23T02:03:08Z h a[1]: x",
        "Feb 30 02:03:08 h a: x",         "0000-00-00T00:00:00Z h a[1]: x",
        "9999-12-31T00:00:00Z h a[1]: x",
    };
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        struct event *ev = fixture_line(&f, lines[i]);
        assert_true(ev->timestamp_ns == TIME_NONE);
        assert_true(ev->flags & EVENT_TIME_OPEN);
        assert_true(ev->flags & EVENT_UNPARSED);
    }
}

/* The missing year is the latest one in which the time lies at most a day after arrival. */
static void the_year_is_inferred_from_arrival(void **state UNUSED) {
    static const struct {
        const char *arrival, *line, *want;
    } rows[] = {
        {"2026-11-23T12:00:00Z", "Nov 24 20:59:00 h a: x", "2026-11-24T11:59:00.000Z"},
        {"2026-11-23T12:00:00Z", "Nov 24 21:01:00 h a: x", "2025-11-24T12:01:00.000Z"},
        {"2027-01-01T00:00:30Z", "Dec 31 23:59:59 h a: x", "2026-12-31T14:59:59.000Z"},
        {"2026-12-31T23:59:50Z", "Jan  1 09:00:10 h a: x", "2027-01-01T00:00:10.000Z"},
        {"2026-03-01T00:00:00Z", "Feb 29 12:00:00 h a: x", "2024-02-29T03:00:00.000Z"},
        {"2028-03-01T00:00:00Z", "Feb 29 12:00:00 h a: x", "2028-02-29T03:00:00.000Z"},
        {"2104-02-01T00:00:00Z", "Feb 29 12:00:00 h a: x", "2096-02-29T03:00:00.000Z"},
    };
    /* twice, in both directions: what a thread remembers must not matter */
    for (int round = 0; round < 2; round++) {
        for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
            size_t i = round ? ARRAY_SIZE(rows) - 1 - k : k;
            int zone;
            assert_true(time_parse_iso(str_of(rows[i].arrival), &f.rec.arrival_ns, &zone) > 0);
            struct event *ev = fixture_line(&f, rows[i].line);
            assert_time(ev->time_ns, rows[i].want);
        }
    }
    f.source.offset_min = 0;
    f.rec.arrival_ns = FIXTURE_ARRIVAL;
    assert_when("Nov 23 02:03:08 h a: x", "2026-11-23T02:03:08.000Z", "inferred");
}

static void live_records_are_believed_within_the_skew(void **state UNUSED) {
    f.rec.flags = 0;
    assert_when("2026-11-23T21:09:59+09:00 h a[1]: x", "2026-11-23T12:09:59.000Z", "event");
    assert_when("2026-11-23T20:50:01+09:00 h a[1]: x", "2026-11-23T11:50:01.000Z", "event");
    assert_when("2026-11-23T21:10:01+09:00 h a[1]: x", "2026-11-23T12:00:00.000Z", "arrival");
    assert_when("Nov 23 21:05:00 h a[1]: x", "2026-11-23T12:05:00.000Z", "inferred");
    assert_when("Nov 23 11:05:00 h a[1]: x", "2026-11-23T12:00:00.000Z", "arrival");
    assert_when("no time at all", "2026-11-23T12:00:00.000Z", "arrival");
    struct event *ev = fixture_line(&f, "2019-11-23T21:10:01+09:00 h a[1]: x");
    assert_time(ev->timestamp_ns, "2019-11-23T12:10:01.000Z"); /* kept, although not believed */
    f.rec.flags = RAW_TICK;
    ev = fixture_line(&f, "");
    assert_int_equal(ev->time_ns, FIXTURE_ARRIVAL);
}

static void an_open_time_is_that_of_the_line_before(void **state UNUSED) {
    struct event_time_state s = {0};
    struct event *ev = fixture_line(&f, "first line of a stack trace");
    event_settle_time(&s, ev);
    assert_int_equal(ev->time_ns, FIXTURE_ARRIVAL);
    ev = fixture_line(&f, "2026-11-20T00:00:00Z h a[1]: x");
    event_settle_time(&s, ev);
    ev = fixture_line(&f, "  at line 3");
    assert_true(ev->flags & EVENT_TIME_OPEN);
    event_settle_time(&s, ev);
    assert_time(ev->time_ns, "2026-11-20T00:00:00.000Z");
}

static int start(void **state UNUSED) {
    fixture_start(&f);
    return 0;
}
static int stop(void **state UNUSED) {
    fixture_stop(&f);
    return 0;
}
#define T(x) cmocka_unit_test_setup_teardown(x, start, stop)
UNIT_GROUP(decode_when, T(every_notation_gives_its_instant), T(what_is_no_time_is_no_time),
           T(the_year_is_inferred_from_arrival), T(live_records_are_believed_within_the_skew),
           T(an_open_time_is_that_of_the_line_before))
