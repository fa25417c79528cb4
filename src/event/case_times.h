/* T0 to T7 of a case: the only set of times there is. The ledger on a case's page, the case book, drafts of lessons, the judge of replays and
 * the score of a drill all read these rows, so that a minute means the same wherever it stands.
 *
 * A row says from which entry of the room's database its time is taken (SQL over the incident `i`). What a drill or a replay only tries out
 * (a block in dry-run, a draft nobody publishes) is an entry of its own and never taken for the real thing. Nothing here writes. */
#pragma once
#include "base/arena.h"
#include "base/sql.h"
#include "base/time.h"

enum case_time { CASE_HAPPENED, CASE_NOTICED, CASE_REACHED, CASE_DECIDED, CASE_CONTAINED, CASE_REPORTED, CASE_PUBLISHED, CASE_RECOVERED, CASE_TIME_MAX_ };
struct case_time_row {
    const char *id;  /* T0: as packs name it */
    const char *key; /* as the API and texts of pages name it */
    const char *ja, *en;
    const char *entry, *by; /* its time; who, as actors are stored, "rule" for a rule and "" for nobody */
    const char *tried;      /* what stands for it where things are only tried out; NULL: the same */
};
extern const struct case_time_row CASE_TIMES[CASE_TIME_MAX_];
int case_time_find(struct str id); /* -ENOENT */

struct case_times {
    int64_t at_ns[CASE_TIME_MAX_]; /* TIME_NONE: not yet, or never */
    struct str by[CASE_TIME_MAX_];
    bool tried[CASE_TIME_MAX_];
};
/* tried_too: of a drill or a replay. -ENOENT: no such case. Texts live in the arena. */
int case_times_read(struct sql *db, int64_t incident, bool tried_too, struct arena *a, struct case_times *ret, struct diag *reterr) MUST_USE;
/* "T1 気付き / noticed: 0.6 min", a line a time from T1 on. */
struct buf;
void case_times_say(const struct case_times *t, struct buf *out);
/* Which lesson a drill told: the last one that was begun before the case opened. 0 and STR_NULL: the chain does not know. */
int case_drill_pack(struct sql *db, int64_t incident, struct arena *a, struct str *ret, struct diag *reterr) MUST_USE;
