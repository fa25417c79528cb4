/* Machines that were seen and that nobody has enrolled. */
#pragma once
#include "room/finding_in.h"
#include "room/room.h"

/* A finding of kind new_asset, as the sensor told it: becomes a row of the register of machines, unless there is one. In the caller's transaction. */
int room_asset_seen(struct room *r, const struct room_finding *f, struct str json, struct diag *reterr) MUST_USE;
