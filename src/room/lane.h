/* Lanes: whose doing an entry of the timeline is. The standard ones are the same in every case; a case may have more of its own (a
 * supplier, a branch), each with the standard lane it stands for. Codes: "it_ops", "own:12". */
#pragma once
#include "room/may.h"

#define ROOM_LANES_MAX 40 /* of one case, with the standard ones: more cannot be drawn */
#define ROOM_LANE_NAME_MAX 60

const char *room_lane_from_string(struct str s); /* a standard one; static, NULL for any other */
const char *room_lane_at(size_t i);              /* in the order shown; NULL behind the last */
bool room_lane_is_own(struct str code);
/* A standard lane, or one of this case; copied to dst. -EINVAL "lane". */
int room_lane_of(struct room *r, int64_t incident, struct str code, char dst[ROOM_LANE_CAP], struct diag *reterr) MUST_USE;

struct room_lane {
    char code[ROOM_LANE_CAP], base[ROOM_LANE_CAP], name[ROOM_LANE_NAME_MAX * 4 + 1]; /* name empty: a standard one */
};
/* All of a case: the standard ones, an own one behind the one it stands for. */
int room_lanes_list(struct room *r, int64_t incident, struct room_lane dst[ROOM_LANES_MAX], size_t *ret_n, struct diag *reterr) MUST_USE;
/* -EEXIST: the case has one of this name; -EINVAL "base"; -ENOSPC: it has too many. */
int room_lane_add(struct room *r, const struct room_actor *by, int64_t incident, struct str name, struct str base, int64_t *ret_id,
                  struct diag *reterr) MUST_USE;
/* "name" of the case's own lane or null. */
void room_lane_name_write(const struct room_lane *lanes, size_t n, struct str code, struct jsonw *w);
