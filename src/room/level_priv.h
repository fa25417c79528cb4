/* Between the files of alert levels. */
#pragma once
#include "room/level.h"
#include "room/room_priv.h"

struct level_row {
    int64_t id, version, incident, tip, decision, campaign, tightening, until_ns;
    char state[12];
    struct str level, services, reason; /* services: JSON; in the arena */
};
int level_load(struct room *r, int64_t id, struct arena *a, struct level_row *ret, struct diag *err) MUST_USE;
/* A row in state proposed. */
int level_insert(struct room *r, const struct room_actor *by, const struct room_level_new *x, const char *origin, int64_t *ret_id, struct diag *err) MUST_USE;
/* Before who decides, in the row's case or one opened for its tip. */
int level_ask(struct room *r, const struct room_actor *by, int64_t id, struct diag *err) MUST_USE;
/* Proposals that follow from what stands now. */
int level_signs_tick(struct room *r, struct diag *err) MUST_USE;
