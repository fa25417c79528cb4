/* Public holidays of Japan: content/calendar/holidays-jp.json, read once. Outside the years it covers nothing is known, and says so. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

#define HOLIDAYS_MAX 4000 /* some 20 a year: two centuries */

struct holidays {
    int from, to;          /* years */
    uint32_t *days;        /* 20261123, ascending; lives in the arena */
    const struct str *names; /* the word of the file for each */
    size_t n;
};
int holidays_parse(struct arena *a, struct str json, struct holidays *ret, struct diag *reterr) MUST_USE;
bool holidays_has(const struct holidays *h, int year, int month, int day);
/* The word for the day ("labour"), .p NULL when it is none. */
struct str holidays_name(const struct holidays *h, int year, int month, int day);
static inline bool holidays_cover(const struct holidays *h, int year) {
    return year >= h->from && year <= h->to;
}
/* Of type hours_holiday_fn; ctx: struct holidays, or NULL for none. */
bool holidays_is(const void *ctx, int year, int month, int day);
