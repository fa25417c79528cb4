/* Days and hours as rosters and authority tables name them: weekdays, Japanese holidays, the turn of the year, 25:30, era years.
 *
 * Pure: nothing here reads a clock, a file or a database. Days are counted from 1970-01-01 in Japan's time, which has no
 * summer time; minutes count from the day's midnight and may go beyond 24 hours (25:30 is half past one of the next day).
 * Which days are holidays and what "night" means is data (content/calendar); outside the years of that data weekdays alone
 * are known, and duty_calendar_knows says so. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/time.h"

enum duty_day_bit { /* a day has its weekday, or HOLIDAY or YEAR_END, or both of these instead */
    DUTY_SUN = 1 << 0, DUTY_MON = 1 << 1, DUTY_TUE = 1 << 2, DUTY_WED = 1 << 3, DUTY_THU = 1 << 4, DUTY_FRI = 1 << 5, DUTY_SAT = 1 << 6,
    DUTY_HOLIDAY = 1 << 7,
    DUTY_YEAR_END = 1 << 8,
    DUTY_ANYWAY = 1 << 9, /* of a pattern: its weekdays also where they are holidays (月(祝含む)) */
};
#define DUTY_WEEKDAYS (DUTY_MON | DUTY_TUE | DUTY_WED | DUTY_THU | DUTY_FRI)
#define DUTY_OFF (DUTY_SUN | DUTY_SAT | DUTY_HOLIDAY | DUTY_YEAR_END)
#define DUTY_ALL_DAYS (DUTY_WEEKDAYS | DUTY_OFF)
#define DUTY_DAY_MIN (24 * 60)
#define DUTY_MINUTES_MAX (2 * DUTY_DAY_MIN) /* a shift ends at the latest when the next day does */

struct duty_holiday {
    int32_t day;
    struct str id, ja, en;
};
struct duty_calendar {
    const struct duty_holiday *holidays; /* ascending */
    size_t n_holidays;
    int from_year, to_year;              /* what the file speaks for */
    struct str about;                    /* where it is from */
    int year_end_from, year_end_to;      /* month * 100 + day; from December into January */
    struct { int from_min, to_min; } daytime, night; /* what 日中 and 夜間 mean */
};
/* The two files of content/calendar. Lives in the arena; the texts must, too. */
int duty_calendar_parse(struct arena *a, struct str holidays_json, struct str hours_json, struct duty_calendar *ret, struct diag *reterr) MUST_USE;

int32_t duty_day_of(int64_t t_ns);
int64_t duty_day_start(int32_t day); /* its midnight */
bool duty_calendar_knows(const struct duty_calendar *c, int32_t day);
const struct duty_holiday *duty_holiday_of(const struct duty_calendar *c, int32_t day); /* NULL: none */
unsigned duty_day_bits(const struct duty_calendar *c, int32_t day);

/* When a row holds. */
struct duty_when {
    unsigned days;           /* bits; of dated rows DUTY_ALL_DAYS | DUTY_ANYWAY unless weekdays were named beside */
    unsigned nth;            /* bits 1…5: only the nth such weekday of its month; 0: each */
    bool dated;              /* names dates: such a row goes before patterns */
    int32_t first, last;     /* days, both in it; INT32_MIN and INT32_MAX where open */
    int from_min, to_min;    /* from < to ≤ DUTY_MINUTES_MAX */
};
/* days: "平日", "土日祝", "月-金", "第2・4土曜", "月(祝含む)", "年末年始", "毎日", "2026-12-29〜2027-01-03", "令和8年11月23日", "weekdays",
 * "mon-fri"; empty: every day. hours: "17:30〜翌8:30", "22:00-29:00", "日中", "夜間", "終日"; empty: the whole day.
 * today_ns: for dates without a year. -ERR_PARSE with what was not understood. */
int duty_when_parse(struct arena *a, const struct duty_calendar *c, struct str days, struct str hours, int64_t today_ns,
                    struct duty_when *ret, struct diag *reterr) MUST_USE;
/* Whether the shift begins on that day, and whether one covers the instant. */
bool duty_when_on(const struct duty_when *w, const struct duty_calendar *c, int32_t day);
bool duty_when_covers(const struct duty_when *w, const struct duty_calendar *c, int64_t t_ns);
/* "25:30", "８：３０", "8時", "翌8:30": minutes from midnight; -ERR_PARSE. */
int duty_clock_parse(struct arena *a, struct str text, int *ret_min, struct diag *reterr) MUST_USE;
