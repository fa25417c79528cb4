/* From the spool's durable records to findings, in slices, so that intake never waits for detection.
 *
 * What it knows (open windows and findings, counts, what the room has not acknowledged) is kept in DATA/sensor/state
 * now and then and when the program ends, together with the number of the record it was true after. A restart reads
 * it and goes on with the next record: as if there had been no restart, and without reading the spool again. What was
 * looked at since it was kept is looked at and told once more; the room goes by id and revision.
 *
 * Without a usable state (none, damaged, another spool) the spool is read from its start. With other rules or another
 * version it is read from as far back as an open window or finding can reach; what was looked at before is neither
 * told nor counted again. */
#pragma once
#include "app/engine/engine.h"
#include "app/sensor/ledger.h"
#include "app/sensor/roomlink.h"

struct pump;
struct pump_options {
    const char *spool_dir;
    const char *state_dir; /* for the file `state` */
    struct engine_options engine;
    int offset_min; /* local time, for the hours of the week */
};
int pump_new(const struct pump_options *o, struct pump **ret, struct diag *reterr) MUST_USE;
struct pump *pump_free(struct pump *p);
/* Findings go there from now on. Reads the state; first of all, once. */
int pump_begin(struct pump *p, struct roomlink *l, struct diag *reterr) MUST_USE;
/* Looks at what is durable, for about 20 ms. 1: there is more, 0: all seen, negative: cannot go on. */
int pump_slice(struct pump *p, struct diag *reterr) MUST_USE;
/* What rules with `kizuki: tell:` matched since the last call goes to the room, best effort: a room that is away hears of it no more. */
void pump_tell_matches(struct pump *p);
int pump_keep(struct pump *p, struct diag *reterr) MUST_USE; /* the state, when it is not that kept last */
/* Hears of each finding before it is told, with the record that made it true (NULL: it lies further back) and the number
 * the room will acknowledge. True: it is of a canary. */
typedef bool pump_hear_fn(void *ctx, const struct finding *f, const struct raw_record *rec, uint64_t seq);
void pump_listen(struct pump *p, pump_hear_fn *fn, void *ctx);
/* Other rules (o->rule_paths and what else the engine is made of): made ready beside the running ones (warm.h), then
 * taken over between two records, in a slice. The paths must live until it is through. -EBUSY while one is under way. */
int pump_change(struct pump *p, const struct engine_options *o, struct diag *reterr) MUST_USE;
/* Other indicators from the next record on. The caller keeps its reference as long as the pump has them. */
struct indicator_set;
void pump_use_indicators(struct pump *p, struct indicator_set *set);
/* 1: under way, 0: through, negative: the last one failed, *reterr says why and the old rules go on. */
int pump_change_state(const struct pump *p, struct diag *reterr) MUST_USE;
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
