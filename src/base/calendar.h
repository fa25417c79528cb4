/* The days of an office in Japan: weekdays, public holidays, the turn of the year, and what "day" and "night" mean.
 *
 * Days are counted from 1970-01-01 in Japan's time, which has no summer time. Which days are holidays and which hours are
 * the day's is data (content/calendar); outside the years of that data weekdays alone are known, and calendar_knows says
 * so. Nothing here reads a clock. What people write for days and hours: period.h, and hours.h for several in one text. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/time.h"

enum day_bit { /* a day has its weekday, or HOLIDAY or YEAR_END, or both of these instead */
    DAY_SUN = 1 << 0, DAY_MON = 1 << 1, DAY_TUE = 1 << 2, DAY_WED = 1 << 3, DAY_THU = 1 << 4, DAY_FRI = 1 << 5, DAY_SAT = 1 << 6,
    DAY_HOLIDAY = 1 << 7,
    DAY_YEAR_END = 1 << 8,
    DAY_ANYWAY = 1 << 9,  /* of a pattern: its weekdays also where they are holidays (月(祝含む)) */
    DAY_THROUGH = 1 << 10, /* of a pattern: its weekdays also at the turn of the year, where they are no holidays */
};
#define DAY_WEEKDAYS (DAY_MON | DAY_TUE | DAY_WED | DAY_THU | DAY_FRI)
#define DAY_OFF (DAY_SUN | DAY_SAT | DAY_HOLIDAY | DAY_YEAR_END)
#define DAY_ALL (DAY_WEEKDAYS | DAY_OFF)
#define DAY_MINUTES (24 * 60)

struct calendar_holiday {
    int32_t day;
    struct str id, ja, en;
};
struct calendar {
    const struct calendar_holiday *holidays; /* ascending */
    size_t n_holidays;
    int from_year, to_year;              /* what the file speaks for */
    struct str about;                    /* where it is from */
    int year_end_from, year_end_to;      /* month * 100 + day; from December into January */
    struct { int from_min, to_min; } daytime, night; /* what 日中 and 夜間 mean */
};
#define CALENDAR_HOLIDAYS_MAX 4000 /* of one file: some 20 a year, two centuries */
#define CALENDAR_BYTES_MAX (1 << 20) /* sixteen years of holidays have 10 KB */
/* Reads holidays-jp.json and hours.json of the folder content/calendar. */
int calendar_load(struct arena *a, const char *folder, struct calendar *ret, struct diag *reterr) MUST_USE;
/* The two texts. Lives in the arena; the texts must, too. */
int calendar_parse(struct arena *a, struct str holidays_json, struct str hours_json, struct calendar *ret, struct diag *reterr) MUST_USE;

int32_t calendar_day_of(int64_t t_ns);
int64_t calendar_day_start(int32_t day); /* its midnight */
bool calendar_knows(const struct calendar *c, int32_t day);
const struct calendar_holiday *calendar_holiday_of(const struct calendar *c, int32_t day); /* NULL: none */
unsigned calendar_day_bits(const struct calendar *c, int32_t day);
