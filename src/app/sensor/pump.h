/* From the spool's durable records to findings, in slices, so that intake never waits for detection.
 *
 * After a restart the pump reads the spool from its start again to have every window as it was, and tells
 * only what was not delivered before: tellings carry the number of the record before their batch, and
 * roomlink_delivered is kept in DATA/sensor/delivered. Telling twice is harmless (the room goes by id and
 * revision), telling too little is not. */
#pragma once
#include "app/engine/engine.h"
#include "app/sensor/ledger.h"
#include "app/sensor/roomlink.h"

struct pump;
struct pump_options {
    const char *spool_dir;
    const char *state_dir; /* for the file `delivered` */
    struct engine_options engine;
};
int pump_new(const struct pump_options *o, struct pump **ret, struct diag *reterr) MUST_USE;
struct pump *pump_free(struct pump *p);
/* Findings go there from now on. */
void pump_set_link(struct pump *p, struct roomlink *l);
/* Looks at what is durable, for about 20 ms. 1: there is more, 0: all seen, negative: cannot go on. */
int pump_slice(struct pump *p, struct diag *reterr) MUST_USE;
int pump_save(struct pump *p, struct diag *reterr) MUST_USE; /* the delivered mark, when it moved */
struct engine *pump_engine(struct pump *p);
struct engine_lane *pump_lane(struct pump *p);
struct ledger *pump_ledger(struct pump *p);
/* Arrival of the latest record looked at, TIME_NONE at first: the time of a replay. */
int64_t pump_now_ns(const struct pump *p);
uint64_t pump_at(const struct pump *p); /* number of the next record */
/* One record by number, for evidence; lives in the arena. */
int pump_get(struct pump *p, uint64_t number, struct arena *a, struct raw_record *ret,
             struct diag *reterr) MUST_USE;
/* Events looked at in each of the last 24 hours, newest last, by arrival. */
void pump_hours(const struct pump *p, uint64_t ret[24]);
