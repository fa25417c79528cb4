/* Holidays against the list the Cabinet Office publishes; words, hours and dates as people write them. */
#include "unit.h"

#include "base/mem.h"
#include "base/period.h"

struct bed {
    struct arena a;
    struct calendar c;
};

static struct bed *bed_new(void) {
    struct bed *b = mem_zalloc(sizeof *b);
    struct diag d = {0};
    arena_init(&b->a, (size_t) 64 << 20);
    if (calendar_load(&b->a, "content/calendar", &b->c, &d) < 0)
        fail_msg("%s", d.text);
    return b;
}

static void bed_free(struct bed *b) {
    arena_done(&b->a);
    mem_free(b);
}

static int64_t bed_at(int year, int month, int day, int hour, int minute) { /* in Japan */
    return time_days_from_civil(year, month, day) * NS_PER_DAY + (hour * 60 + minute - TIME_JST_OFFSET_MIN) * NS_PER_MIN;
}

static struct period bed_when(struct bed *b, const char *days, const char *hours) {
    struct period w;
    struct diag d = {0};
    if (period_parse(&b->a, &b->c, str_of(days), str_of(hours), bed_at(2026, 11, 22, 9, 0), &w, &d) < 0)
        fail_msg("'%s' '%s': %s", days, hours, d.text);
    return w;
}

/* month * 100 + day, by hand, from the published list: not from the file that is tested */
static const struct {
    int year;
    int days[24];
} published[] = {
    {2024, {101, 108, 211, 212, 223, 320, 429, 503, 504, 505, 506, 715, 811, 812, 916, 922, 923, 1014, 1103, 1104, 1123}},
    {2025, {101, 113, 211, 223, 224, 320, 429, 503, 504, 505, 506, 721, 811, 915, 923, 1013, 1103, 1123, 1124}},
    {2026, {101, 112, 211, 223, 320, 429, 503, 504, 505, 506, 720, 811, 921, 922, 923, 1012, 1103, 1123}},
    {2027, {101, 111, 211, 223, 321, 322, 429, 503, 504, 505, 719, 811, 920, 923, 1011, 1103, 1123}},
};

static bool in(const int *list, int x) {
    for (; *list; list++)
        if (*list == x)
            return true;
    return false;
}

static void knows_the_holidays_of_four_years(void **state UNUSED) {
    struct bed *b = bed_new();
    for (size_t i = 0; i < ARRAY_SIZE(published); i++) {
        int32_t first = (int32_t) time_days_from_civil(published[i].year, 1, 1), end = (int32_t) time_days_from_civil(published[i].year + 1, 1, 1);
        for (int32_t day = first; day < end; day++) {
            struct time_civil t;
            time_to_civil(day * NS_PER_DAY, 0, &t);
            bool want = in(published[i].days, t.month * 100 + t.day), is = calendar_holiday_of(&b->c, day) != NULL;
            if (want != is)
                fail_msg("%d-%02d-%02d: %d", t.year, t.month, t.day, is);
        }
    }
    assert_true(str_eq_z(calendar_holiday_of(&b->c, (int32_t) time_days_from_civil(2026, 5, 6))->id, "substitute"));
    assert_false(calendar_knows(&b->c, (int32_t) time_days_from_civil(2036, 1, 1)));
    assert_true(calendar_knows(&b->c, (int32_t) time_days_from_civil(2026, 12, 31)));
    bed_free(b);
}

/* A file somebody changed by hand. */
static void refuses_a_calendar_out_of_order(void **state UNUSED) {
#define FILE_OF(years, days) "{\"about\":\"x\"," years ",\"names\":{\"a\":{\"ja\":\"あ\",\"en\":\"A\"}},\"days\":{" days "}}"
#define YEARS "\"from\":2020,\"to\":2021"
#define HOURS "{\"daytime\":[\"08:30\",\"17:30\"],\"night\":[\"17:30\",\"32:30\"],\"year_end\":[\"12-29\",\"01-03\"]}"
    static const struct {
        const char *days, *hours;
        int want;
    } rows[] = {
        {FILE_OF(YEARS, "\"2020-01-01\":\"a\",\"2020-02-01\":\"a\""), HOURS, 0},
        {FILE_OF(YEARS, "\"2020-02-01\":\"a\",\"2020-01-01\":\"a\""), HOURS, -ERR_PARSE},
        {FILE_OF(YEARS, "\"2020-13-01\":\"a\""), HOURS, -ERR_PARSE},
        {FILE_OF(YEARS, "\"2020-01-01\":\"b\""), HOURS, -ERR_PARSE},
        {FILE_OF("\"from\":2021,\"to\":2020", ""), HOURS, -ERR_PARSE},
        {FILE_OF(YEARS, ""), "{\"daytime\":[\"17:30\",\"08:30\"],\"night\":[\"17:30\",\"32:30\"],\"year_end\":[\"12-29\",\"01-03\"]}", -ERR_PARSE},
        {FILE_OF(YEARS, ""), "{\"daytime\":[\"08:30\",\"17:30\"],\"night\":[\"17:30\",\"32:30\"],\"year_end\":[\"13-29\",\"01-03\"]}", -ERR_PARSE},
    };
    struct arena a;
    arena_init(&a, 1 << 20);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct calendar c;
        if (calendar_parse(&a, str_of(rows[i].days), str_of(rows[i].hours), &c, NULL) != rows[i].want)
            fail_msg("row %zu", i);
    }
    arena_done(&a);
}

static void reads_words_for_days(void **state UNUSED) {
    static const struct {
        const char *text;
        unsigned days, nth;
    } rows[] = {
        {"平日", DAY_WEEKDAYS, 0}, {"", DAY_ALL, 0}, {"土日祝", DAY_SAT | DAY_SUN | DAY_HOLIDAY, 0},
        {"土・日・祝日", DAY_SAT | DAY_SUN | DAY_HOLIDAY, 0}, {"月-金", DAY_WEEKDAYS, 0}, {"月～金", DAY_WEEKDAYS, 0},
        {"月曜日から水曜日", DAY_MON | DAY_TUE | DAY_WED, 0}, {"土-月", DAY_SAT | DAY_SUN | DAY_MON, 0},
        {"月(祝含む)", DAY_MON | DAY_ANYWAY, 0}, {"第2・第4土曜", DAY_SAT, 1 << 2 | 1 << 4}, {"第１、３火曜日", DAY_TUE, 1 << 1 | 1 << 3},
        {"年末年始", DAY_YEAR_END, 0}, {"休日", DAY_OFF, 0}, {"weekdays", DAY_WEEKDAYS, 0}, {"Mon-Wed, Sat", DAY_MON | DAY_TUE | DAY_WED | DAY_SAT, 0},
        {"毎日", DAY_ALL, 0}, {"年中無休", DAY_ALL, 0}, {"国民の祝日", DAY_HOLIDAY, 0}, {"business days", DAY_WEEKDAYS, 0}, {"日", DAY_SUN, 0}, {"祝日", DAY_HOLIDAY, 0},
    };
    struct bed *b = bed_new();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct period w = bed_when(b, rows[i].text, "");
        if (w.days != rows[i].days || w.nth != rows[i].nth || w.dated)
            fail_msg("'%s': %x %x", rows[i].text, w.days, w.nth);
    }
    bed_free(b);
}

static void reads_dates_and_eras(void **state UNUSED) {
    static const struct {
        const char *text;
        int from[3], to[3];
    } rows[] = {
        {"2026-11-23", {2026, 11, 23}, {2026, 11, 23}},
        {"令和8年11月23日", {2026, 11, 23}, {2026, 11, 23}},
        {"R8.12.29〜R9.1.3", {2026, 12, 29}, {2027, 1, 3}},
        {"2026/12/29～2027/1/3", {2026, 12, 29}, {2027, 1, 3}},
        {"11月24日(火)", {2026, 11, 24}, {2026, 11, 24}},
    };
    struct bed *b = bed_new();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct period w = bed_when(b, rows[i].text, "");
        assert_true(w.dated);
        assert_int_equal(w.first, time_days_from_civil(rows[i].from[0], rows[i].from[1], rows[i].from[2]));
        assert_int_equal(w.last, time_days_from_civil(rows[i].to[0], rows[i].to[1], rows[i].to[2]));
    }
    bed_free(b);
}

static void reads_hours(void **state UNUSED) {
    static const struct {
        const char *text;
        int from, to;
    } rows[] = {
        {"", 0, 1440}, {"終日", 0, 1440}, {"17:30〜翌8:30", 1050, 1950}, {"17:30-8:30", 1050, 1950}, {"22:00-29:00", 1320, 1740},
        {"１７時～２５時３０分", 1020, 1530}, {"8時半-17時半", 510, 1050}, {"日中", 510, 1050}, {"夜間", 1050, 1950}, {"0:00-24:00", 0, 1440},
        {"8:30～翌朝8:30", 510, 1950},
        {"午前8時30分〜午後5時半", 510, 1050}, {"9am-5:30pm", 540, 1050}, {"午後10時から翌朝6時", 1320, 1800}, {"9時5分-12:00", 545, 720}, {"午後0時-午後1時", 720, 780},
    };
    static const char *const refused[] = {"朝", "25:00-26:00", "8:70-9:00", "17:30", "8:30-翌9:30", "49:00-50:00", "-", "8:3-9:00", "午後13時-15:00", "8:30-", "8:30-9:00-10:00"};
    struct bed *b = bed_new();
    int m;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct period w = bed_when(b, "", rows[i].text);
        if (w.from_min != rows[i].from || w.to_min != rows[i].to)
            fail_msg("'%s': %d-%d", rows[i].text, w.from_min, w.to_min);
    }
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        struct period w;
        struct diag d = {0};
        if (period_parse(&b->a, &b->c, STR(""), str_of(refused[i]), 0, &w, &d) != -ERR_PARSE)
            fail_msg("'%s' was taken", refused[i]);
        assert_true(d.text[0]);
    }
    assert_int_equal(period_clock(&b->a, STR("25:30"), &m, NULL), 0);
    assert_int_equal(m, 1530);
    assert_int_equal(period_clock(&b->a, STR("翌8:30"), &m, NULL), 0);
    assert_int_equal(m, 1950);
    bed_free(b);
}

static void refuses_what_is_no_day(void **state UNUSED) {
    static const char *const refused[] = {"平", "月-祝", "金魚", "2026-02-30", "2027-01-03〜2026-12-29", "第6土曜", "25:30", "第2"};
    struct bed *b = bed_new();
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        struct period w;
        struct diag d = {0};
        if (period_parse(&b->a, &b->c, str_of(refused[i]), STR(""), bed_at(2026, 11, 22, 9, 0), &w, &d) >= 0)
            fail_msg("'%s' was taken", refused[i]);
        assert_true(d.text[0]);
    }
    bed_free(b);
}

/* Friday's night shift goes on into Saturday; a holiday Monday is no weekday; 25:30 is the next day's half past one. */
static void covers_what_it_says(void **state UNUSED) {
    struct bed *b = bed_new();
    struct period night = bed_when(b, "平日", "17:30〜翌8:30"), late = bed_when(b, "金", "22:00-25:30"), monday = bed_when(b, "月(祝含む)", "");
    assert_true(period_covers(&night, &b->c, bed_at(2026, 11, 21, 8, 29)));  /* Saturday, of Friday's */
    assert_false(period_covers(&night, &b->c, bed_at(2026, 11, 21, 8, 30)));
    assert_false(period_covers(&night, &b->c, bed_at(2026, 11, 23, 20, 0))); /* Labour Thanksgiving, a Monday */
    assert_true(period_covers(&monday, &b->c, bed_at(2026, 11, 23, 20, 0)));
    assert_true(period_covers(&late, &b->c, bed_at(2026, 11, 21, 1, 29)));
    assert_false(period_covers(&late, &b->c, bed_at(2026, 11, 21, 1, 30)));
    bed_free(b);
}

UNIT_GROUP(base_period, cmocka_unit_test(knows_the_holidays_of_four_years), cmocka_unit_test(refuses_a_calendar_out_of_order), cmocka_unit_test(reads_words_for_days),
           cmocka_unit_test(reads_dates_and_eras), cmocka_unit_test(reads_hours), cmocka_unit_test(refuses_what_is_no_day),
           cmocka_unit_test(covers_what_it_says))
