/* Inside src/room only: whom a list of people has, who stands above them, and how a person is reached. Names as they are written in the
 * registers; duty_priv.h compares them. */
#pragma once
#include "room/duty_priv.h"

#define REACH_PEOPLE_MAX 2000 /* of one list: all sites of a large company */

/* Another way at each turn of those the person has. door NULL: a person has to call, or (way "none") nothing is known. */
struct reach {
    const char *way, *door;
    struct str address; /* of r->duty: until rosters are read again */
};
struct reach room_reach_way(struct room *r, struct str person, int64_t turn);
/* Names of a group on duty, of an organisation and what stands below it, or of everybody (where `of` is empty). */
int room_reach_members(struct room *r, struct str of, struct arena *a, struct str **ret, size_t *ret_n, struct diag *err) MUST_USE;
/* People of the organisation `up` levels above that of each of these, once each. */
int room_reach_superiors(struct room *r, const struct str *of, size_t n, int64_t up, struct arena *a, struct str **ret, size_t *ret_n,
                         struct diag *err) MUST_USE;
