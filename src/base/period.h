/* A period that comes again: days and hours as people write them into rosters, authority tables and lists of suppliers. One
 * table of words for days, one way to read a time of day, one way to ask; hours.h reads texts that name several periods.
 *
 * Minutes count from the midnight of the day a period begins on and may go beyond 24 hours: 25:30 is half past one of the
 * next day. Pure: nothing here reads a clock, a file or a database. */
#pragma once
#include "base/calendar.h"

#define PERIOD_MINUTES_MAX (2 * DAY_MINUTES) /* ends at the latest when the next day does */

struct period {
    unsigned days;           /* bits; of dated rows DAY_ALL | DAY_ANYWAY unless weekdays were named beside */
    unsigned nth;            /* bits 1…5: only the nth such weekday of its month; 0: each */
    unsigned without;        /* bits: on such days never, whatever else the day is */
    bool dated;              /* names dates: such a row goes before patterns */
    int32_t first, last;     /* days, both in it; INT32_MIN and INT32_MAX where open */
    int from_min, to_min;    /* from < to ≤ PERIOD_MINUTES_MAX */
};
/* days: "平日", "土日祝", "月-金", "第2・4土曜", "月(祝含む)", "年末年始", "毎日", "2026-12-29〜2027-01-03", "令和8年11月23日", "weekdays",
 * "mon-fri"; empty: every day. hours: "17:30〜翌8:30", "22:00-29:00", "日中", "夜間", "終日"; empty: the whole day.
 * today_ns: for dates without a year. -ERR_PARSE with what was not understood. */
int period_parse(struct arena *a, const struct calendar *c, struct str days, struct str hours, int64_t today_ns,
                    struct period *ret, struct diag *reterr) MUST_USE;
/* Whether it begins on that day, and whether it covers the instant. */
bool period_on(const struct period *w, const struct calendar *c, int32_t day);
bool period_covers(const struct period *w, const struct calendar *c, int64_t t_ns);
/* "25:30", "８：３０", "8時半", "翌8:30", "午後5時", "5pm": minutes from midnight; -ERR_PARSE. */
int period_clock(struct arena *a, struct str text, int *ret_min, struct diag *reterr) MUST_USE;

/* ---- for who reads a text word by word; it is in normal form (text_normal), and what was read is cut from it ---- */

bool period_eat_days(struct str *s, unsigned *ret_bits); /* the longest word for days: 平日, 土曜, weekends */
unsigned period_eat_nth(struct str *s);                 /* 第2・4, bits; 0: none */
bool period_eat_till(struct str *s);                    /* -, 〜, から, to */
bool period_eat_clock(struct str *s, int *ret_min);     /* no more than PERIOD_MINUTES_MAX */
bool period_one_weekday(unsigned bits);
unsigned period_weekdays(unsigned first, unsigned last); /* 土-月: one weekday to another */
/* 17:30-8:30 ends on the next day. False: lasts more than a day, or begins on the next one. */
bool period_set_times(struct period *p, int from_min, int to_min);
