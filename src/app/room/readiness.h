/* What readiness needs from beside the database: lessons, the nightly trace test, results of replays that were left in DATA/room/replays. */
#pragma once
#include "app/room/room.h"
#include "room/room.h"

int readiness_load(struct program *p, struct diag *reterr) MUST_USE;
/* Lessons that were taken in or away since: they are read, asked and offered. */
int readiness_look(struct program *p, struct diag *reterr) MUST_USE;
int readiness_measure(struct program *p, const struct room_actor *by, struct diag *reterr) MUST_USE;
/* Once a second: measures at 03:00 of the day here, and when nothing has been measured since the rules came. */
void readiness_tick(struct program *p);
