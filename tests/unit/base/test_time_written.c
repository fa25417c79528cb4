#include "unit.h"

#include "base/era.h"
#include "base/json.h"
#include "base/time_written.h"
#include "testdata.h"

/* Monday, a holiday, five past two at night. */
static int64_t today(void) {
    struct time_civil c = {.year = 2026, .month = 11, .day = 23, .hour = 2, .minute = 5};
    return time_from_civil(&c, TIME_JST_OFFSET_MIN);
}

static const char *read_it(struct arena *a, const char *text, int64_t now, struct time_written *w, char *dst) {
    struct diag d = {0};
    int r = time_read_written(a, str_of(text), now, TIME_JST_OFFSET_MIN, w, NULL, &d);
    if (r < 0)
        return snprintf(dst, 400, "refused: %s", d.text) > 0 ? dst : "";
    return time_format_iso_offset(w->t_ns, TIME_JST_OFFSET_MIN, w->t_ns % NS_PER_S ? 3 : 0, dst);
}

enum flags { DAY = 1, HOUR = 2, SEC = 4, YEAR = 8, DATE = 16, ZONE = 32, ABOUT = 64, NEXT = 128, OVER = 256, WEEKDAY = 512 };
static unsigned flags_of(const struct time_written *w) {
    static const unsigned precision[] = {[TIME_TO_DAY] = DAY, [TIME_TO_HOUR] = HOUR, [TIME_TO_MINUTE] = 0, [TIME_TO_SECOND] = SEC};
    return precision[w->precision] | (w->year_assumed ? YEAR : 0) | (w->date_assumed ? DATE : 0) |
           (w->zone_assumed ? 0 : ZONE) | (w->about ? ABOUT : 0) | (w->next_day ? NEXT : 0) |
           (w->era_over ? OVER : 0) | (w->weekday_differs ? WEEKDAY : 0);
}

/* Everything lies on one axis; ZONE here means: a zone was written. */
static void sixty_ways_to_write_a_time(void **state UNUSED) {
    static const struct {
        const char *text, *want;
        unsigned flags;
    } rows[] = {
        {"令和7年5月1日", "2025-05-01T00:00:00+09:00", DAY},
        {"R7.5.1", "2025-05-01T00:00:00+09:00", DAY},
        {"r7/5/1 9:05", "2025-05-01T09:05:00+09:00", 0},
        {"Ｒ７．５．１", "2025-05-01T00:00:00+09:00", DAY},
        {"㋿7年5月1日", "2025-05-01T00:00:00+09:00", DAY},
        {"令和元年5月1日", "2019-05-01T00:00:00+09:00", DAY},
        {"令和 7 年 5 月 1 日 13 時 5 分", "2025-05-01T13:05:00+09:00", 0},
        {"平成31/4/30", "2019-04-30T00:00:00+09:00", DAY},
        {"平成31年4月30日 23:59:59", "2019-04-30T23:59:59+09:00", SEC},
        {"平成31年5月1日", "2019-05-01T00:00:00+09:00", DAY | OVER},
        {"平成32年1月6日", "2020-01-06T00:00:00+09:00", DAY | OVER},
        {"平成元年1月8日", "1989-01-08T00:00:00+09:00", DAY},
        {"H1.1.8", "1989-01-08T00:00:00+09:00", DAY},
        {"S64.1.7", "1989-01-07T00:00:00+09:00", DAY},
        {"昭和64年1月7日", "1989-01-07T00:00:00+09:00", DAY},
        {"昭和元年12月25日", "1926-12-25T00:00:00+09:00", DAY},
        {"大正15年12月24日", "1926-12-24T00:00:00+09:00", DAY},
        {"T1.7.30", "1912-07-30T00:00:00+09:00", DAY},
        {"明治45年7月29日", "1912-07-29T00:00:00+09:00", DAY},
        {"2026年11月23日", "2026-11-23T00:00:00+09:00", DAY},
        {"２０２６年１１月２３日　２時５分", "2026-11-23T02:05:00+09:00", 0},
        {"2026/11/23 02:05", "2026-11-23T02:05:00+09:00", 0},
        {"2026-11-23 2:05:09", "2026-11-23T02:05:09+09:00", SEC},
        {"2026.11.23 02:05", "2026-11-23T02:05:00+09:00", 0},
        {"2026-11-23T02:05:09.250+09:00", "2026-11-23T02:05:09.250+09:00", SEC | ZONE},
        {"2026-11-22T17:05:09Z", "2026-11-23T02:05:09+09:00", SEC | ZONE},
        {"2026-11-22 12:05:09 -0500", "2026-11-23T02:05:09+09:00", SEC | ZONE},
        {"2026-11-23 02:05 JST", "2026-11-23T02:05:00+09:00", ZONE},
        {"2026-11-22 17:05 UTC", "2026-11-23T02:05:00+09:00", ZONE},
        {"20261123", "2026-11-23T00:00:00+09:00", DAY},
        {"20261123 0205", "2026-11-23T02:05:00+09:00", 0},
        {"20261123T020509", "2026-11-23T02:05:09+09:00", SEC},
        {"2026年11月23日(月・祝) 25:30", "2026-11-24T01:30:00+09:00", NEXT},
        {"2026/11/23（月） 24:00", "2026-11-24T00:00:00+09:00", NEXT},
        {"2026/11/23(火) 9:00", "2026-11-23T09:00:00+09:00", WEEKDAY},
        {"11月22日(日) 29時", "2026-11-23T05:00:00+09:00", YEAR | HOUR | NEXT},
        {"午後1:05", "2026-11-23T13:05:00+09:00", DATE},
        {"午後１時５分", "2026-11-23T13:05:00+09:00", DATE},
        {"午前0時30分", "2026-11-23T00:30:00+09:00", DATE},
        {"午前9時半", "2026-11-23T09:30:00+09:00", DATE},
        {"正午", "2026-11-23T12:00:00+09:00", DATE},
        {"9:30pm", "2026-11-23T21:30:00+09:00", DATE},
        {"12:05 am", "2026-11-23T00:05:00+09:00", DATE},
        {"12:05 p.m.", "2026-11-23T12:05:00+09:00", DATE},
        {"9 PM", "2026-11-23T21:00:00+09:00", DATE | HOUR},
        {"02:05", "2026-11-23T02:05:00+09:00", DATE},
        {"18時頃", "2026-11-23T18:00:00+09:00", DATE | HOUR | ABOUT},
        {"昨日18時ごろ", "2026-11-22T18:00:00+09:00", HOUR | ABOUT},
        {"きのうの 23:50", "2026-11-22T23:50:00+09:00", 0},
        {"一昨日、7:15", "2026-11-21T07:15:00+09:00", 0},
        {"今日", "2026-11-23T00:00:00+09:00", DAY},
        {"今", "2026-11-23T02:05:00+09:00", ZONE},
        {"5分前", "2026-11-23T02:00:00+09:00", ZONE},
        {"１５ 分前ごろ", "2026-11-23T01:50:00+09:00", ZONE | ABOUT},
        {"約3時間前", "2026-11-22T23:05:00+09:00", HOUR | ABOUT | ZONE},
        {"2日前", "2026-11-21T00:00:00+09:00", DAY | ZONE},
        {"10 min ago", "2026-11-23T01:55:00+09:00", ZONE},
        {"1 hour ago", "2026-11-23T01:05:00+09:00", HOUR | ABOUT | ZONE},
        {"5月1日", "2026-05-01T00:00:00+09:00", YEAR | DAY},
        {"12/31 23:59", "2026-12-31T23:59:00+09:00", YEAR},
        {"2/29", "2024-02-29T00:00:00+09:00", YEAR | DAY},
        {"May  1", "2026-05-01T00:00:00+09:00", YEAR | DAY},
        {"Nov 23 02:05:09", "2026-11-23T02:05:09+09:00", YEAR | SEC},
        {"Mon, 23 Nov 2026 02:05:09 +0900", "2026-11-23T02:05:09+09:00", SEC | ZONE},
        {"1st May 2025, 13:05", "2025-05-01T13:05:00+09:00", 0},
        {"May 1, 2025 at 1:05 pm", "2025-05-01T13:05:00+09:00", 0},
        {"約2時間", "refused", 0},
        {"平成31年13月1日", "refused", 0},
        {"2025-02-29", "refused", 0},
        {"午後12時", "refused", 0},
        {"午後13時", "refused", 0},
        {"36:00", "refused", 0},
        {"明治0年1月1日", "refused", 0},
        {"", "refused", 0},
        {"すぐに", "refused", 0},
        {"昨日5分前", "refused", 0},
        {"5分前 UTC", "refused", 0},
        {"2026-11-23 02:05 02:06", "refused", 0},
    };
    assert_true(ARRAY_SIZE(rows) >= 60);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct arena a;
        struct time_written w = {0};
        char dst[400];
        arena_init(&a, 1 << 16);
        const char *got = read_it(&a, rows[i].text, today(), &w, dst);
        bool same = strcmp(rows[i].want, "refused") == 0 ? strncmp(got, "refused: ", 9) == 0
                                                         : strcmp(got, rows[i].want) == 0;
        if (!same || (strncmp(got, "refused", 7) != 0 && flags_of(&w) != rows[i].flags))
            fail_msg("'%s' gives %s with %u, not %s with %u", rows[i].text, got, flags_of(&w),
                     rows[i].want, rows[i].flags);
        arena_done(&a);
    }
}

static void a_missing_year_is_that_of_the_night(void **state UNUSED) {
    struct time_civil c = {.year = 2027, .month = 1, .day = 1, .hour = 0, .minute = 10};
    int64_t after_new_year = time_from_civil(&c, TIME_JST_OFFSET_MIN);
    static const char *const rows[][2] = {{"Dec 31 23:58:00", "2026-12-31T23:58:00+09:00"},
                                          {"Jan  1 00:09:00", "2027-01-01T00:09:00+09:00"},
                                          {"May  1", "2026-05-01T00:00:00+09:00"},
                                          {"2/1", "2027-02-01T00:00:00+09:00"},
                                          {"3/20", "2026-03-20T00:00:00+09:00"}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct arena a;
        struct time_written w;
        char dst[400];
        arena_init(&a, 1 << 16);
        assert_string_equal(read_it(&a, rows[i][0], after_new_year, &w, dst), rows[i][1]);
        assert_true(w.year_assumed);
        arena_done(&a);
    }
}

static void remedies_are_sentences(void **state UNUSED) {
    static const char *const rows[][2] = {{"午後12時", "write 0:05 or 12:05"},
                                          {"2025-02-30", "there is no 2025-02-30"},
                                          {"2026-11-23 xyz", "cannot read 'xyz'"},
                                          {"すぐに", "no time; write it like"}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct arena a;
        struct time_written w;
        char dst[400];
        arena_init(&a, 1 << 16);
        const char *got = read_it(&a, rows[i][0], today(), &w, dst);
        if (!strstr(got, rows[i][1]))
            fail_msg("'%s': %s", rows[i][0], got);
        arena_done(&a);
    }
}

/* The same as data, for a page that says it in the reader's language. */
static void refusals_are_data_too(void **state UNUSED) {
    static const struct {
        const char *text;
        enum time_refusal why;
        const char *what;
    } rows[] = {{"すぐに", TIME_NO_TIME, ""},
                {"", TIME_NO_TIME, ""},
                {"2026-11-23 xyz", TIME_UNREADABLE, "xyz"},
                {"11/23 2:05 ああああああああああああああああああああああああああああああああああ",
                 TIME_UNREADABLE, "あああああああああああああああああああああああああああああああ" /* cut between letters */},
                {"午後13時", TIME_HALF_DAY, ""},
                {"午後", TIME_NO_TIME, ""},
                {"午後12時", TIME_TWELVE, ""},
                {"36:00", TIME_HOUR, "36"},
                {"2/30", TIME_NO_SUCH, "2/30"},
                {"2025-02-30 9:00", TIME_NO_SUCH, "2025-02-30 9:00:00"}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct arena a;
        struct time_written w;
        struct time_refused why;
        arena_init(&a, 1 << 16);
        assert_int_equal(time_read_written(&a, str_of(rows[i].text), today(), TIME_JST_OFFSET_MIN, &w, &why, NULL), -ERR_PARSE);
        if (why.why != rows[i].why || (strcmp(why.what, rows[i].what) != 0))
            fail_msg("'%s': %d '%s'", rows[i].text, (int) why.why, why.what);
        arena_done(&a);
    }
    char long_one[TIME_WRITTEN_BYTES_MAX + 2];
    struct arena a;
    struct time_written w;
    struct time_refused why;
    arena_init(&a, 1 << 16);
    memset(long_one, '1', sizeof long_one);
    assert_int_equal(time_read_written(&a, str_n(long_one, sizeof long_one), 0, 0, &w, &why, NULL), -ERR_PARSE);
    assert_int_equal(why.why, TIME_TOO_LONG);
    arena_done(&a);
}

static void formats_in_eras(void **state UNUSED) {
    static const struct {
        struct time_civil c;
        const char *want;
    } rows[] = {{{.year = 2025, .month = 5, .day = 1}, "令和7年5月1日"},
                {{.year = 2019, .month = 5, .day = 1}, "令和元年5月1日"},
                {{.year = 2019, .month = 4, .day = 30}, "平成31年4月30日"},
                {{.year = 1989, .month = 1, .day = 7}, "昭和64年1月7日"},
                {{.year = 1989, .month = 1, .day = 8}, "平成元年1月8日"},
                {{.year = 1873, .month = 1, .day = 1}, "明治6年1月1日"},
                {{.year = 1872, .month = 12, .day = 31}, "1872年12月31日"}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char dst[ERA_DATE_CAP];
        assert_string_equal(era_format_date(&rows[i].c, dst), rows[i].want);
    }
}

/* Every day from 1873 on, there and back. */
static void every_day_comes_back(void **state UNUSED) {
    struct arena a;
    arena_init(&a, 1 << 16);
    for (int64_t d = time_days_from_civil(1873, 1, 1); d < time_days_from_civil(2030, 1, 1); d += 3) {
        struct time_civil c;
        struct time_written w;
        char dst[ERA_DATE_CAP];
        time_to_civil(d * NS_PER_DAY, 0, &c);
        arena_reset(&a);
        assert_int_equal(time_read_written(&a, str_of(era_format_date(&c, dst)), today(), 0, &w, NULL, NULL), 0);
        assert_true(w.t_ns == d * NS_PER_DAY && !w.era_over);
    }
    arena_done(&a);
}

/* First days, and the day before each, of the public table of eras. */
static void agrees_with_the_public_table(void **state UNUSED) {
    char path[PATH_MAX];
    struct arena a;
    struct str text;
    struct json_value *list;
    int seen = 0;
    arena_init(&a, (size_t) 16 << 20);
    snprintf(path, sizeof path, "%s/vectors/japanese_eras.json", testdata_or_skip());
    assert_int_equal(file_read(&a, path, 1 << 20, &text, NULL), 0);
    assert_int_equal(json_parse(&a, text, &list, NULL), 0);
    for (const struct json_value *v = list->first; v; v = v->next) {
        struct str name, start;
        int64_t first;
        int zone;
        struct time_civil c;
        char iso[40];
        assert_true(json_get_str(v, "era", &name) && json_get_str(v, "start_gregorian_proleptic", &start));
        snprintf(iso, sizeof iso, "%.*sT00:00:00Z", STR_ARG(start));
        if (time_parse_iso(str_of(iso), &first, &zone) < 0)
            continue; /* before 1678 */
        time_to_civil(first, 0, &c);
        const struct era *e = era_of(c.year, c.month, c.day);
        if (c.year < 1873)
            continue;
        assert_non_null(e);
        if (!str_eq_z(name, e->name))
            fail_msg("%s is %s here", iso, e->name);
        time_to_civil(first - NS_PER_DAY, 0, &c);
        assert_true(era_of(c.year, c.month, c.day) != e);
        seen++;
    }
    assert_true(seen >= 4);
    arena_done(&a);
}

UNIT_GROUP(base_time_written, cmocka_unit_test(sixty_ways_to_write_a_time),
           cmocka_unit_test(a_missing_year_is_that_of_the_night),
           cmocka_unit_test(remedies_are_sentences),
           cmocka_unit_test(refusals_are_data_too), cmocka_unit_test(formats_in_eras),
           cmocka_unit_test(every_day_comes_back), cmocka_unit_test(agrees_with_the_public_table))
