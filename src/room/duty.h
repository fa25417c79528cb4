/* Who is on duty: the rows of the registers roster and authority, read as src/duty understands them, and what follows for the pages.
 *
 * Rows that cannot be read are not guessed at: they are listed with the reason, and hold nobody. Without a calendar
 * (room_options) nothing is known and everything says so. */
#pragma once
#include "room/room.h"

#define ROOM_DUTY_WARN_DAYS 14 /* an empty shift is told so long before it comes */
#define ROOM_DUTY_DAYS_MAX 42  /* of one picture: a month with the weeks it begins and ends in */

/* {"calendar":…,"today":…,"groups":[{"name","on":[…],"gaps":[…]}],"problems":[…]} */
int room_duty_write(struct room *r, struct jsonw *w, struct diag *reterr) MUST_USE;
/* {"from","until","days":[{"date","kind","holiday"}],"groups":[{"name","slots":[…],"gaps":[…]}]} from the midnight of a day, in Japan. */
int room_duty_days_write(struct room *r, int64_t from_ns, int days, struct jsonw *w, struct diag *reterr) MUST_USE;
