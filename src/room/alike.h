/* Cases like this one: lessons of the library and own closed cases, by signs a person can check.
 *
 * A sign is what a rule said (its kind, its id), the way in that stands for it, the kind of log it stood in, what people reported, what was
 * proposed, the service. Each is worth what its kind of sign is worth (a row of WORTH) times how rare it is among the lessons; two are as alike as
 * the cosine of their signs. No words of titles or stories are counted. Drills, false alarms, parts of other cases and cases the reader may not
 * see are left out. Signs in common are told, so that nobody has to believe a number.
 *
 * What helped and what did not: of a lesson, the two chapters of its story about that; of an own case, what its acts and steps came to. */
#pragma once
#include "room/room.h"

#define ALIKE_MOST 8
/* {"cases":[{"of","id","number","title","titles","score","same":[…],"helped":[…],"failed":[…]}],"told","times":[…]}: times are T0 to T7 beside what
 * the survey says in the lesson a drill told, or else in the lesson most alike. -ENOENT. */
int room_alike_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) MUST_USE;
