/* Measures of how regular events are: visits, period, jitter; and days, which are counted by kizuki.day. */
#include "correlate_bed.h"

#define BEACON                                                                                      \
    BED_RULE("out") "title: Beacon\nname: beacon\ncorrelation:\n  type: measures\n  rules: [out]\n"  \
                    "  group-by: [source.ip]\n  timespan: 1d\n  measures:\n"                         \
                    "    visits: {visits: out}\n    period: {period: out}\n    jitter: {jitter: out}\n" \
                    "  condition: visits >= 8 and jitter <= 30 and period >= 10\n"

static void tells_period_and_jitter(void **state UNUSED) {
    static const double at[] = {0, 90, 210, 300, 402, 500, 600};
    struct bed b;
    bed_open(&b, BEACON, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
        bed_event(&b, at[i], "out", "source.ip=1");
        bed_event(&b, at[i] + 3, "out", "source.ip=1"); /* belongs to it */
    }
    bed_expect(&b, "");
    /* 90 120 90 102 98 100 100: the middle is 100; 0 0 2 2 10 10 20: six of seven keep to 10, which is 12.5 of 80 */
    bed_event(&b, 700, "out", "source.ip=1");
    bed_expect(&b, "open beacon [source.ip=1] n=15 0-700 {visits=8 period=100 jitter=13} e=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n");
    bed_close(&b);
}

static void what_comes_by_chance_is_not_regular(void **state UNUSED) {
    struct bed b;
    uint64_t x = 7;
    double t = 0;
    bed_open(&b, BEACON, NULL);
    for (int i = 0; i < 400; i++) { /* bursts and pauses, as people make them */
        x = x * 6364136223846793005u + 1442695040888963407u;
        t += 1 + (double) (x >> 40 & 0x3ff) * (double) (x >> 52 & 0xff) / 64;
        bed_event(&b, t, "out", "source.ip=1");
    }
    bed_flush(&b);
    bed_expect(&b, "");
    bed_close(&b);
}

/* Of eighteen calls two are lost, and it is dark for six hours: the others speak. */
static void odd_intervals_spoil_nothing(void **state UNUSED) {
    struct bed b;
    bed_open(&b, BEACON, NULL);
    for (int i = 0; i < 20; i++)
        if (i % 9 != 5)
            bed_event(&b, 600 * i + (i >= 10 ? 21600 : 0), "out", "source.ip=1");
    bed_flush(&b);
    buf_add_byte(&b.lines, 0);
    assert_non_null(strstr(b.lines.p, "end beacon [source.ip=1] n=15 0-33000 {visits=18 period=600 jitter=0}"));
    bed_close(&b);
}

/* Late by minutes and in another order the same times say the same. */
static void late_events_go_where_they_belong(void **state UNUSED) {
    static const double at[] = {100, 0, 50, 250, 150, 200, 201, 350, 300};
    struct bed b;
    bed_open(&b, BEACON, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(at); i++)
        bed_event(&b, at[i], "out", "source.ip=1");
    bed_expect(&b, "open beacon [source.ip=1] n=9 0-350 {visits=8 period=50 jitter=0} e=1,2,3,4,5,6,7,8,9\n");
    bed_close(&b);
}

/* However long it goes on, and after what is older than the window has left, the newest 64 count. */
static void remembers_the_newest(void **state UNUSED) {
    struct bed b;
    bed_open(&b, BEACON, NULL);
    for (int i = 0; i < 100; i++)
        bed_event(&b, 1000 + 900 * i + (i % 7) * (i % 5) * 37, "out", "source.ip=1");
    for (int i = 0; i < 70; i++)
        bed_event(&b, 100000 + 20 * i, "out", "source.ip=1");
    bed_flush(&b);
    buf_add_byte(&b.lines, 0);
    assert_non_null(strstr(b.lines.p, "{visits=64 period=20 jitter=0}"));
    bed_close(&b);
}

/* A figure that may jump is no count of events: a group must not wait for as many. */
static void a_period_is_no_number_of_events(void **state UNUSED) {
    struct bed b;
    bed_open(&b,
             BED_RULE("out") "title: P\nname: p\ncorrelation:\n  type: measures\n  rules: out\n  timespan: 1d\n"
                             "  measures: {period: {period: out}}\n  condition: period >= 1000\n",
             NULL);
    for (int i = 0; i < 7; i++)
        bed_event(&b, 1200 * i, "out", "source.ip=1");
    bed_expect(&b, "open p [] n=7 0-7200 {period=1200} e=1,2,3,4,5,6,7\n");
    bed_close(&b);
}

static void days_are_counted(void **state UNUSED) {
    struct bed b;
    bed_open(&b,
             BED_RULE("out") "title: D\nname: d\ncorrelation: {type: value_count, rules: [out], group-by: [destination.ip], "
                             "timespan: 30d, condition: {field: kizuki.day}}\nkizuki: {finding: never}\n---\n"
                             "title: N\nname: n\ncorrelation:\n  type: measures\n  rules: [out]\n"
                             "  group-by: [source.ip, destination.ip]\n  timespan: 1h\n  measures: {n: {count: out}}\n"
                             "  attach: {days: d}\n  condition: n >= 2 and days >= 3\n",
             NULL);
    for (int i = 0; i < 3; i++) { /* the last two hours of a day, and the next day's first */
        bed_event(&b, 86400 * i + 79300, "out", "source.ip=1 destination.ip=9");
        bed_event(&b, 86400 * i + 79301, "out", "source.ip=2 destination.ip=9");
        bed_event(&b, 86400 * i + 79302, "out", "source.ip=1 destination.ip=9");
    }
    bed_expect(&b, "open n [source.ip=1 destination.ip=9] n=2 252100-252102 {days=3 n=2} e=7,9\n");
    bed_close(&b);
}

static void refuses_what_it_cannot_mean(void **state UNUSED) {
    struct bed b;
    bed_open(&b,
             BED_RULE("out") "title: P\nname: p\ncorrelation:\n  type: measures\n  rules: out\n  timespan: 1d\n"
                             "  measures: {a: {period: out, jitter: out}}\n  condition: a >= 1\n",
             NULL);
    assert_non_null(strstr(bed_refused(&b), "{jitter: rules}"));
    bed_close(&b);
}

UNIT_GROUP(detect_correlate_period, cmocka_unit_test(tells_period_and_jitter),
           cmocka_unit_test(what_comes_by_chance_is_not_regular),
           cmocka_unit_test(odd_intervals_spoil_nothing),
           cmocka_unit_test(late_events_go_where_they_belong),
           cmocka_unit_test(remembers_the_newest),
           cmocka_unit_test(a_period_is_no_number_of_events),
           cmocka_unit_test(days_are_counted), cmocka_unit_test(refuses_what_it_cannot_mean))
