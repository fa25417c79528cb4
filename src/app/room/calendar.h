/* The calendar rosters and authority are read with: two files of content/calendar, read once at start. */
#pragma once
#include "duty/calendar.h"

struct calendar {
    struct arena arena;
    struct duty_calendar duty;
};
int calendar_load(struct calendar *x, struct diag *reterr) MUST_USE;
void calendar_done(struct calendar *x);
