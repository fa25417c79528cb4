/* Five rhythms in simulated time. A silence is looked for at every tenth second, as the sensor does. */
#include "unit.h"

#include "app/sensor/rhythm.h"
#include "base/image.h"

#define JST TIME_JST_OFFSET_MIN
#define MONDAY (INT64_C(1794150000) * NS_PER_S) /* 2026-11-09T00:00:00+09:00 */
#define MIN_S 60
#define HOUR_S 3600
#define DAY_S 86400
#define WEEK_S (7 * DAY_S)

/* Seconds until the next line of a source that spoke at second t of the simulation (0: Monday 00:00). */
typedef int64_t next_fn(int64_t t);

static int64_t steady(int64_t t) {
    return t + 10;
}
static int64_t daily(int64_t t) {
    return t + DAY_S;
}
static int64_t hourly_bursts(int64_t t) {
    return t % HOUR_S < 100 ? t + 1 : (t / HOUR_S + 1) * HOUR_S;
}
static bool is_office(int64_t t) {
    int64_t in_week = t % WEEK_S, in_day = t % DAY_S;
    return in_week < 5 * DAY_S && in_day >= 9 * HOUR_S && in_day < 18 * HOUR_S;
}
static int64_t office(int64_t t) {
    for (t += 20; !is_office(t);)
        t = (t / HOUR_S + 1) * HOUR_S;
    return t;
}
static int64_t slow_nights(int64_t t) {
    int64_t in_day = t % DAY_S;
    return t + (in_day < 7 * HOUR_S ? 300 : 1);
}

static int64_t at(int64_t t) {
    return MONDAY + t * NS_PER_S;
}
static bool is_silent(const struct rhythm *r, int64_t t) {
    return rhythm_missed(r, at(t), JST) >= RHYTHM_MISSED;
}

/* Lets the source speak from *t until `until`; *t is its next line then. Returns how often it was called silent. */
static unsigned speak(struct rhythm *r, next_fn *next, int64_t *t, int64_t until, bool look) {
    unsigned silences = 0;
    while (*t < until) {
        int64_t from = *t;
        rhythm_arrival(r, at(from), JST);
        *t = next(from);
        bool silent = false;
        for (int64_t k = from + MIN_S; look && k < *t && !silent; k += 10)
            silent = is_silent(r, k);
        silences += silent;
    }
    return silences;
}

/* When the silence that begins after `from` is told. */
static int64_t told_at(const struct rhythm *r, int64_t from) {
    int64_t t = from;
    while (!is_silent(r, t) && t < from + 60 * DAY_S)
        t += 10;
    return t;
}

static void nothing_is_said_before_there_is_a_rhythm(void **state UNUSED) {
    struct rhythm r = {0};
    assert_int_equal(rhythm_missed(&r, at(DAY_S), JST), 0);
    for (int64_t t = 0; t < 5 * 10; t += 10)
        rhythm_arrival(&r, at(t), JST);
    assert_false(is_silent(&r, 40 + DAY_S)); /* four gaps */
    rhythm_arrival(&r, at(50), JST);
    assert_true(is_silent(&r, 50 + DAY_S));
}

static void a_steady_source_is_told_after_ten_minutes(void **state UNUSED) {
    struct rhythm r = {0};
    int64_t t = 0;
    assert_int_equal(speak(&r, steady, &t, 30 * MIN_S, true), 0);
    int64_t last = t - 10, told = told_at(&r, last);
    assert_in_range(told - last, 600, 620);
    assert_int_equal(rhythm_interval_s(&r, at(t), JST), 10);
}

static void a_daily_source_is_told_after_three_days(void **state UNUSED) {
    struct rhythm r = {0};
    int64_t t = 3 * HOUR_S;
    assert_int_equal(speak(&r, daily, &t, 3 * WEEK_S, true), 0);
    int64_t last = t - DAY_S, told = told_at(&r, last);
    assert_in_range(told - last, 3 * DAY_S - MIN_S, 3 * DAY_S + HOUR_S);
}

static void bursts_are_known_by_their_pauses(void **state UNUSED) {
    struct rhythm r = {0};
    int64_t t = 0;
    speak(&r, hourly_bursts, &t, DAY_S, false); /* a day to be learnt */
    assert_int_equal(speak(&r, hourly_bursts, &t, 8 * DAY_S, true), 0);
    int64_t told = told_at(&r, t - HOUR_S + 100);
    assert_in_range(told - (t - HOUR_S), 2 * HOUR_S, 4 * HOUR_S);
}

/* The first night and the first Saturday are new to it; from then on neither nights nor weekends are silences, and
 * within working hours ten minutes are. */
static void office_hours_are_learnt(void **state UNUSED) {
    struct rhythm r = {0};
    int64_t t = 9 * HOUR_S;
    assert_in_range(speak(&r, office, &t, WEEK_S, true), 1, 2);
    assert_int_equal(speak(&r, office, &t, 4 * WEEK_S + 14 * HOUR_S, true), 0);
    int64_t last = t - 20; /* Monday 14:00 */
    assert_in_range(told_at(&r, last) - last, 600, 700);
    struct rhythm next_day = r;
    speak(&next_day, office, &t, 4 * WEEK_S + 18 * HOUR_S, false);
    /* on Tuesday it does not begin */
    int64_t nine = 4 * WEEK_S + DAY_S + 9 * HOUR_S;
    assert_in_range(told_at(&next_day, 4 * WEEK_S + 18 * HOUR_S - 20), nine, nine + 15 * MIN_S);
}

static void slow_nights_are_given_longer(void **state UNUSED) {
    struct rhythm r = {0};
    int64_t t = 0;
    speak(&r, slow_nights, &t, 2 * DAY_S, false);
    assert_int_equal(speak(&r, slow_nights, &t, 2 * WEEK_S + 3 * HOUR_S, true), 0);
    int64_t last = t - 300;
    assert_in_range(told_at(&r, last) - last, 850, 1000); /* three times five minutes */
    speak(&r, slow_nights, &t, 2 * WEEK_S + 12 * HOUR_S, false);
    last = t - 1;
    assert_in_range(told_at(&r, last) - last, 600, 620);
}

static void an_outage_does_not_teach_that_outages_are_usual(void **state UNUSED) {
    struct rhythm r = {0};
    int64_t t = 0;
    speak(&r, steady, &t, 4 * WEEK_S + 14 * HOUR_S, false);
    t += 3 * HOUR_S; /* nothing from 14:00 to 17:00 on Monday */
    speak(&r, steady, &t, 5 * WEEK_S + 15 * HOUR_S, false);
    int64_t last = t - 10;
    assert_in_range(told_at(&r, last) - last, 600, 700);
}

/* Silent for years: the answer is exact and takes no longer than a week's. */
static void long_silences_are_counted_by_the_week(void **state UNUSED) {
    struct rhythm r = {0};
    int64_t t = 0;
    speak(&r, steady, &t, DAY_S, false);
    uint64_t week = rhythm_missed(&r, r.last_ns + WEEK_S * NS_PER_S, JST);
    assert_int_equal(rhythm_missed(&r, r.last_ns + 1000 * WEEK_S * NS_PER_S, JST), 1000 * week);
    rhythm_arrival(&r, r.last_ns - NS_PER_S, JST); /* time does not go back */
    assert_int_equal(rhythm_missed(&r, at(t), JST), 10 * 1000 / RHYTHM_FLOOR_S);
}

static void it_is_kept_as_it_is(void **state UNUSED) {
    struct rhythm r = {0}, again = {0};
    struct image x;
    int64_t t = 9 * HOUR_S;
    speak(&r, office, &t, 2 * WEEK_S, false);
    image_write(&x, NULL, NULL, 65536);
    rhythm_image(&r, &x);
    assert_int_equal(image_end(&x), 0);
    struct image y;
    image_read(&y, buf_str(&x.out));
    rhythm_image(&again, &y);
    assert_int_equal(image_end(&y), 0);
    assert_memory_equal(&r, &again, sizeof r);
    image_done(&y);
    image_done(&x);
}

UNIT_GROUP(app_rhythm, cmocka_unit_test(nothing_is_said_before_there_is_a_rhythm),
           cmocka_unit_test(a_steady_source_is_told_after_ten_minutes),
           cmocka_unit_test(a_daily_source_is_told_after_three_days),
           cmocka_unit_test(bursts_are_known_by_their_pauses), cmocka_unit_test(office_hours_are_learnt),
           cmocka_unit_test(slow_nights_are_given_longer),
           cmocka_unit_test(an_outage_does_not_teach_that_outages_are_usual),
           cmocka_unit_test(long_silences_are_counted_by_the_week), cmocka_unit_test(it_is_kept_as_it_is))
