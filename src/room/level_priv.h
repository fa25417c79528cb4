/* Between the files of alert levels. */
#pragma once
#include "room/level.h"
#include "room/campaign.h"
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
/* Services the case's findings name; *n grows. */
int level_services_of(struct room *r, int64_t incident, struct arena *a, struct str *dst, size_t cap, size_t *n, struct diag *err) MUST_USE;
int level_read_services(struct arena *a, struct str json, struct str **ret, size_t *ret_n, struct diag *err) MUST_USE;
/* Whom a level hands what to: first what it says to do, in its order, then each service. `a` is the owner's. */
struct level_handing {
    struct arena a;
    struct room_campaign_target at[LEVEL_DEEDS_MAX + LEVEL_SERVICES_MAX];
    size_t n;
};
int level_handing_fill(struct room *r, const struct alert_level *level, const struct level_row *l, struct level_handing *h, struct diag *err) MUST_USE;
int64_t level_until(const struct room *r, const struct alert_level *level, const struct level_row *l); /* if it came into force now */
/* Proposals that follow from what stands now. */
int level_signs_tick(struct room *r, struct diag *err) MUST_USE;
