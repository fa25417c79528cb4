/* The calendar that is shipped, and names. */
#pragma once
#include "unit.h"

#include "duty/authority.h"

struct bed {
    struct arena a;
    struct calendar c;
};
struct bed *bed_new(void);
void bed_free(struct bed *b);
struct duty_name bed_name(const char *z); /* its own key */
struct period bed_when(struct bed *b, const char *days, const char *hours);
int64_t bed_at(int year, int month, int day, int hour, int minute); /* in Japan */
