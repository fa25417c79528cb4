/* Hours in which somebody can be reached, as people write them: 平日9:00-17:30、土曜9時〜12時, 月〜金 9:00～18:00（祝日、年末年始を除く）,
 * 24時間365日, 毎日22:00-6:00, Mon-Fri 9:00-17:00 except holidays, 24/7.
 *
 * What is open to doubt is read as closed, so that nobody is called in vain: hours without a word for days are those of working
 * days, and a weekday that is a public holiday counts as one only where holidays are written. What is not understood is refused
 * with its place. 年末年始 is 29 December to 3 January. Never reads a clock. */
#pragma once
#include "base/err.h"
#include "base/str.h"

#define HOURS_SPANS_MAX 24 /* a week by the hour of day needs 14; more is no text a person wrote */
#define HOURS_BYTES_MAX 400

enum { HOURS_HOLIDAY = 7 }; /* bit beside the weekdays, 0 = Sunday */
struct hours_span {
    uint16_t from_min, to_min; /* of the day, to_min up to 2880: into the next day */
    uint8_t days;              /* bits 1 << weekday, 1 << HOURS_HOLIDAY */
    bool not_year_end;
};
struct hours {
    struct hours_span at[HOURS_SPANS_MAX];
    size_t n;
};
/* Width of letters does not matter. -ERR_PARSE with the place. */
int hours_parse(struct str text, struct hours *ret, struct diag *reterr) MUST_USE;

typedef bool hours_holiday_fn(const void *ctx, int year, int month, int day);
/* Whether it is open at t_ns. *ret_change_ns (may be NULL): when that ends, TIME_NONE when not within 40 days. */
bool hours_open_at(const struct hours *h, int64_t t_ns, int offset_min, hours_holiday_fn *holiday, const void *ctx,
                   int64_t *ret_change_ns);
