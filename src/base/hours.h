/* Hours in which somebody can be reached, as people write them: 平日9:00-17:30、土曜9時〜12時, 月〜金 9:00～18:00（祝日、年末年始を除く）,
 * 第2・4土曜9:00-12:00, 平日17:30〜翌8:30, 24時間365日, 毎日22:00-6:00, Mon-Fri 9:00-17:00 except holidays, 24/7. Several periods (period.h) in one
 * text, with what they leave out.
 *
 * What is open to doubt is read as closed, so that nobody is called in vain: hours without a word for days are those of working
 * days, and a weekday that is a public holiday counts as one only where holidays are written. The turn of the year is like
 * other days unless it is left out. What is not understood is refused with its place. Never reads a clock. */
#pragma once
#include "base/period.h"

#define HOURS_PERIODS_MAX 24 /* a week by the hour of day needs 14; more is no text a person wrote */
#define HOURS_BYTES_MAX 400

struct hours {
    struct period at[HOURS_PERIODS_MAX];
    size_t n;
};
/* In any width of letters. -ERR_PARSE with the place. */
int hours_parse(struct str text, struct hours *ret, struct diag *reterr) MUST_USE;

/* Whether it is open at t_ns. *ret_change_ns (may be NULL): when that ends, TIME_NONE when not within 40 days. */
bool hours_open_at(const struct hours *h, const struct calendar *c, int64_t t_ns, int64_t *ret_change_ns);
