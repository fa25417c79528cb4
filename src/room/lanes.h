/* The timeline as lanes, with the attack drawn as bars. */
#pragma once
#include "room/room.h"

/* Writes the members "lanes", "gaps" (stretches in which nobody acted: gap.h, case_rules.h) and "gap_rule" into an open object. */
int room_lanes_write(struct room *r, int64_t incident, const struct room_actor *who, struct str attacker, struct jsonw *w,
                     struct diag *reterr) MUST_USE;
/* The items of the attacker's lane, comma separated: counted seldom (scope.h), given back to
 * room_lanes_write. */
struct buf;
int room_attacker_write(struct room *r, int64_t incident, bool at_least, struct buf *out,
                        struct diag *reterr) MUST_USE;
