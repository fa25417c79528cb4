/* What looks ahead or back over weeks: when a value reaches a limit, and whether an hour is an unusual one. Each story is told
 * twice: as it is, and with a correlator that is written and read back between events. */
#include "correlate_bed.h"

#include "base/calendar.h"

#include <math.h>

#define FORECAST(span, condition)                                                                                                \
    BED_RULE("use")                                                                                                              \
    "title: F\nname: f\ncorrelation:\n  type: forecast\n  rules: [use]\n  group-by: [host.name]\n  timespan: " span              \
    "\n  condition: {field: metric.used, " condition "}\n"
#define UNUSUAL(condition)                                                                                                       \
    BED_RULE("error")                                                                                                            \
    "title: U\nname: u\ncorrelation:\n  type: unusual\n  rules: [error]\n  group-by: [host.name]\n  timespan: 28d\n"             \
    "  condition: {" condition "}\n"

static void use(struct bed *b, double minute, double value) {
    char fields[64];
    snprintf(fields, sizeof fields, "host.name=db metric.used=%.9g", value);
    bed_event(b, minute * 60, "use", fields);
}

/* The same jumps each time, from -1 to 1. */
static double jump(unsigned i) {
    return (double) (i * 2654435761u % 2000) / 1000 - 1;
}

static double figure(const struct bed *b, const char *name) {
    char key[32];
    snprintf(key, sizeof key, "%s=", name);
    ptrdiff_t at = str_find(buf_str(&b->lines), str_of(key), 0);
    assert_true(at >= 0);
    return strtod(b->lines.p + at + strlen(key), NULL);
}

static void says_when_a_straight_rise_ends(void **state UNUSED) {
    for (int again = 0; again < 2; again++) {
        struct bed b;
        bed_restarts = again;
        bed_open(&b, FORECAST("30m", "reaches: 1, within: 1h, least: 6"), NULL);
        assert_string_equal(bed_refused(&b), "");
        for (int i = 0; i < 30; i++) /* 0.40 and 0.01 a minute: 1.0 is reached at minute 60 */
            use(&b, i, 0.40 + 0.01 * i);
        struct str told = buf_str(&b.lines);
        assert_true(str_starts(told, STR("open f [host.name=db] n=13 0-720 {minutes=48 minutes_least=48 minutes_most=48 now=0.52 "
                                         "per_hour=0.6 limit=1}")));
        bed_close(&b);
    }
    bed_restarts = false;
}

static void gives_an_error_that_holds_the_truth(void **state UNUSED) {
    unsigned held = 0;
    for (unsigned seed = 0; seed < 40; seed++) {
        struct bed b;
        bed_open(&b, FORECAST("30m", "reaches: 1, within: 1h, least: 10"), NULL);
        double minute = 0;
        while (b.lines.n == 0 && minute < 60) { /* up by 0.01 a minute, jumping by 0.02 either way, and every ninth value is nonsense */
            unsigned i = (unsigned) minute;
            use(&b, minute, i % 9 == 4 ? 0.05 : 0.40 + 0.01 * minute + 0.02 * jump(seed * 977 + i));
            minute += 1;
        }
        double at = minute - 1, truth = 60 - at;
        assert_true(at >= 9 && at < 40);
        assert_true(figure(&b, "minutes_least") <= figure(&b, "minutes") && figure(&b, "minutes") <= figure(&b, "minutes_most"));
        held += figure(&b, "minutes_least") <= truth && truth <= figure(&b, "minutes_most");
        assert_true(figure(&b, "minutes") > truth / 2 && figure(&b, "minutes") < truth * 2);
        bed_close(&b);
    }
    if (held < 36)
        fail_msg("only %u of 40 held the truth", held); /* nine in ten at the first moment at which it is sure enough to speak */
}

static void foretells_nothing_of_noise(void **state UNUSED) {
    struct bed b;
    bed_open(&b, FORECAST("30m", "reaches: 1, within: 4h, least: 6"), NULL);
    for (unsigned i = 0; i < 2000; i++)
        use(&b, i, 0.6 + 0.1 * jump(i));
    for (unsigned i = 2000; i < 2100; i++)
        use(&b, i, 0.6); /* does not move at all */
    for (unsigned i = 2100; i < 2150; i++)
        use(&b, i, 0.9 - 0.01 * (i - 2100)); /* falls */
    for (unsigned i = 2150; i < 2200; i++)
        use(&b, i, 1.0); /* is there already: that is a level */
    bed_expect(&b, "");
    bed_close(&b);
}

static void looks_no_further_than_it_saw(void **state UNUSED) {
    struct bed b;
    bed_open(&b, FORECAST("30m", "reaches: 1, within: 10h, least: 6"), NULL);
    for (unsigned i = 0; i < 6; i++) /* five minutes seen, a hundred and more ahead */
        use(&b, i, 0.40 + 0.005 * i);
    bed_expect(&b, "");
    bed_close(&b);
}

static void costs_the_same_however_often_is_measured(void **state UNUSED) {
    struct bed b;
    bed_open(&b, FORECAST("30m", "reaches: 1, within: 1h, least: 6"), NULL);
    for (unsigned i = 0; i < 3000; i++)
        use(&b, i / 100.0, 0.40 + 0.01 * (i / 100.0));
    double left = figure(&b, "minutes");
    assert_true(left > 0 && left <= 60);
    bed_close(&b);
}

/* 2026-11-02 is a Monday; 2026-11-23 a holiday. */
static const int64_t MONDAY_S = 1793545200; /* 2026-11-02T00:00:00+09:00 */

static void errors(struct bed *b, int day, int hour, unsigned n, double *last) {
    for (unsigned i = 0; i < n; i++) {
        *last = (double) (MONDAY_S + day * 86400 + hour * 3600) + i * 3000.0 / n;
        bed_event(b, *last, "error", "host.name=db");
    }
}

static void learns_an_hour_of_a_weekday(void **state UNUSED) {
    for (int again = 0; again < 2; again++) {
        struct bed b;
        double t;
        bed_restarts = again;
        bed_open(&b, UNUSUAL("each: 1h, times: 3, least: 20, known: 7d"), NULL);
        for (int day = 0; day < 17; day++) /* mornings of working days are busy, nights and weekends are not */
            for (int hour = 0; hour < 24; hour++)
                errors(&b, day, hour, day % 7 < 5 && hour == 9 ? 40 : 1, &t);
        bed_expect(&b, "");
        errors(&b, 17, 8, 2, &t);
        errors(&b, 17, 9, 42, &t); /* as on every working day */
        bed_expect(&b, "");
        errors(&b, 17, 21, 30, &t); /* 30 at night, where one is usual */
        struct str told = buf_str(&b.lines);
        assert_true(str_starts(told, STR("open u [host.name=db]")));
        assert_true(figure(&b, "count") == 20 && fabs(figure(&b, "usual") - 1) < 0.01 && figure(&b, "basis") == 1);
        assert_true(figure(&b, "weekday") == 4 && figure(&b, "hour") == 21 && figure(&b, "learnt") == 2);
        bed_close(&b);
    }
    bed_restarts = false;
}

static void knows_a_holiday(void **state UNUSED) {
    struct arena a;
    struct calendar days;
    struct bed b;
    double t;
    arena_init(&a, 4 * CALENDAR_BYTES_MAX);
    assert_int_equal(calendar_load(&a, "content/calendar", &days, NULL), 0);
    bed_open(&b, UNUSUAL("each: 1d, times: 3, least: 10, known: 7d"), NULL);
    correlate_plan_days(b.plan, &days);
    for (int day = 0; day < 21; day++)
        errors(&b, day, 12, day % 7 < 5 && day != 1 ? 90 : 2, &t);
    bed_expect(&b, "");
    errors(&b, 21, 12, 60, &t); /* a Monday as any other, were it not a holiday: judged as a day off */
    assert_true(figure(&b, "weekday") == 7 && figure(&b, "basis") == 2 && figure(&b, "usual") < 5);
    bed_close(&b);
    arena_done(&a);
}

static void does_not_take_a_lasting_rise_for_usual_at_once(void **state UNUSED) {
    struct bed b;
    double t;
    unsigned days = 0;
    bed_open(&b, UNUSUAL("each: 1d, times: 3, least: 10, known: 7d"), NULL);
    for (int day = 0; day < 14; day++)
        errors(&b, day, 12, 3, &t);
    bed_expect(&b, "");
    for (int day = 14; day < 21; day++) { /* a week of it */
        size_t before = b.lines.n;
        errors(&b, day, 12, 60, &t);
        days += b.lines.n > before;
    }
    assert_int_equal(days, 7);
    bed_close(&b);
}

static void says_nothing_before_it_knows(void **state UNUSED) {
    struct bed b;
    double t;
    bed_open(&b, UNUSUAL("each: 1d, times: 3, least: 10, known: 7d"), NULL);
    for (int day = 0; day < 6; day++)
        errors(&b, day, 12, day == 5 ? 500 : 1, &t);
    bed_expect(&b, "");
    bed_close(&b);
}

static void refuses_what_it_cannot_judge(void **state UNUSED) {
    static const struct {
        const char *rules, *says;
    } cases[] = {
        {FORECAST("30m", "within: 1h"), "'reaches'"},
        {FORECAST("30m", "reaches: 1"), "'within'"},
        {FORECAST("30m", "reaches: 1, within: 1h, least: 3"), "from 4"},
        {UNUSUAL("each: 2h, times: 3, least: 20, known: 7d"), "1h or 1d"},
        {UNUSUAL("each: 1h, times: 1, least: 20, known: 7d"), "above 1"},
        {UNUSUAL("each: 1h, times: 3, known: 7d"), "'least'"},
        {UNUSUAL("each: 1h, times: 3, least: 20, known: 28d"), "'known'"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct bed b;
        bed_open(&b, cases[i].rules, NULL);
        assert_non_null(strstr(bed_refused(&b), cases[i].says));
        bed_close(&b);
    }
}

UNIT_GROUP(detect_correlate_ahead, cmocka_unit_test(says_when_a_straight_rise_ends),
           cmocka_unit_test(gives_an_error_that_holds_the_truth),
           cmocka_unit_test(foretells_nothing_of_noise),
           cmocka_unit_test(looks_no_further_than_it_saw),
           cmocka_unit_test(costs_the_same_however_often_is_measured),
           cmocka_unit_test(learns_an_hour_of_a_weekday),
           cmocka_unit_test(knows_a_holiday),
           cmocka_unit_test(does_not_take_a_lasting_rise_for_usual_at_once),
           cmocka_unit_test(says_nothing_before_it_knows),
           cmocka_unit_test(refuses_what_it_cannot_judge))
