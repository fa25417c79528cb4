/* Japanese eras since 1873, when Japan took the Gregorian calendar (Dajokan proclamation 337 of Meiji 5). A new era is
 * one row in era.c. Earlier dates are of another calendar and not handled. */
#pragma once
#include "base/time.h"

struct era {
    const char *name;   /* 令和 */
    char letter;        /* r: what forms and systems abbreviate it with, lower case */
    int year;           /* Gregorian year of its year 1 */
    int month, day;     /* its first day in that year */
};
/* The era a day belongs to; the first day of an era is the new era's. NULL before 1873-01-01. */
const struct era *era_of(int year, int month, int day);
/* By name at the beginning of s (NFKC, lower case), or by letter when a digit or 元 follows; *ret_n bytes were read. */
const struct era *era_read(struct str s, size_t *ret_n);
/* The era whose first day comes next, NULL for the newest. */
const struct era *era_after(const struct era *e);
/* "令和7年5月1日", year 1 as 元年. Before 1873 "1872年…". dst holds ERA_DATE_CAP bytes. */
#define ERA_DATE_CAP 48
const char *era_format_date(const struct time_civil *c, char *dst);
