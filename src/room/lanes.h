/* The timeline as lanes, with the attack drawn as bars. */
#pragma once
#include "room/room.h"

/* Writes the member "lanes" into an open object. */
int room_lanes_write(struct room *r, int64_t incident, struct jsonw *w,
                     struct diag *reterr) MUST_USE;
int room_incident_waiting(struct room *r, int64_t id, int64_t *ret, struct diag *reterr) MUST_USE;
