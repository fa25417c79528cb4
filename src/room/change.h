/* Changes that were announced: rows of the register `changes` (content/imports/changes.yml) as whoever watches packet filters asks for them. */
#pragma once
#include "base/buf.h"
#include "room/room.h"

/* A line for each approved request and filter whose last day is not over: "FROM_S UNTIL_S\tFILTER\tNAME" (src/app/firewall/requests.h), days of
 * Japan, the last one included; without an end only the first day. At most CHANGE_REQUESTS_MAX, those that end first. */
int room_changes_announced(struct room *r, struct buf *out, struct diag *reterr) MUST_USE;
