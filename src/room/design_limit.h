/* Limits of design: rows of the register `design_limits` (content/imports/design_limits.yml) as the gate asks for them. */
#pragma once
#include "base/buf.h"
#include "room/room.h"

/* A line for each: "HOST\tMETRIC\tRESOURCE\tLIMIT" (src/intake/metric.h), empty fields for every one. At most DESIGN_LIMITS_MAX. */
int room_design_limits(struct room *r, struct buf *out, struct diag *reterr) MUST_USE;
