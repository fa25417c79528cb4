/* Tightenings: what is noticed more easily until a date, and why. One mechanism for the alert level, a boost for named services and
 * the watch after recovery.
 *
 *   in_force ──its end──> ended          (or a person ends it; or moves end and review, which is a new version)
 *
 * It names services and hosts, a factor, kinds of findings (none: every kind), rule sets that are switched on meanwhile and sources that have to
 * speak. It acts in two places:
 *   the sensor  judges every correlation of these kinds a second time for these services with its numbers of events and values divided by the
 *               factor (src/detect/tighten.h), from its beginning to its end by the time of the events;
 *   the room    opens a case for a finding about these services from level medium on (fold.c).
 * A finding of such a rule proposes no block: it is a reason to look.
 *
 * It ends by itself, here and in the sensor, which knows the end and needs no room for it. At its review date the first page asks. */
#pragma once
#include "room/room.h"

#define TIGHTENING_OPEN_MAX 16     /* in force at once: each judges every correlation once more */
#define TIGHTENING_TARGETS_MAX 200 /* services and hosts of one */
#define TIGHTENING_FACTOR_MAX 1000 /* per cent: a tenth of the usual numbers */
#define TIGHTENING_DAYS_MAX 366
#define TIGHTENING_WATCH_DAYS 56   /* after recovery: eight weeks; a defaced page came back in the third */

struct room_tightening_new {
    const char *use;      /* "boost", "watch", "level" */
    int64_t incident;     /* 0: none */
    const struct str *services, *hosts, *kinds, *sets, *sources;
    size_t n_services, n_hosts, n_kinds, n_sets, n_sources;
    int64_t factor;       /* per cent, 101 to TIGHTENING_FACTOR_MAX; 0: 200 */
    struct str reason;
    int64_t until_ns;     /* 0: TIGHTENING_WATCH_DAYS from now */
    int64_t review_ns;    /* 0: half way */
};
/* In the caller's transaction, or one of its own. -EINVAL says what is missing; -ERR_LIMIT. */
int room_tightening_start(struct room *r, const struct room_actor *by, const struct room_tightening_new *x, int64_t *ret_id,
                          struct diag *reterr) MUST_USE;
/* After recovery: services and kinds are those of the case's findings. -ENOENT: none of them names a service or a host. */
int room_tightening_watch(struct room *r, const struct room_actor *by, int64_t incident, int64_t days, int64_t *ret_id, struct diag *reterr) MUST_USE;
/* Reviewed: it goes on until then. */
int room_tightening_review(struct room *r, const struct room_actor *by, int64_t id, int64_t version, int64_t until_ns, int64_t review_ns,
                           struct str why, struct diag *reterr) MUST_USE;
int room_tightening_end(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct str why, struct diag *reterr) MUST_USE;
/* In the caller's transaction: what it stood for is over. Nothing happens where it has ended already. */
int room_tightening_over(struct room *r, const struct room_actor *by, int64_t id, struct str why, struct diag *reterr) MUST_USE;
int room_tightenings_tick(struct room *r, struct diag *reterr) MUST_USE;
/* "tightenings":[…] into an open object, in force first; incident 0: all. */
int room_tightenings_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) MUST_USE;

struct room_finding;
/* Whether a finding is about something that is watched more closely now: 1, 0, or an error. *ret_id (may be NULL): by which. */
int room_tightened(struct room *r, const struct room_finding *f, int64_t *ret_id, struct diag *reterr) MUST_USE;

/* What the sensor is to have: {"tightenings":[{id,services,hosts,kinds,sets,factor,from,until}]} as one member of an open object. Its
 * answer: {"id": rules tightened}; members. */
int room_tightenings_order(struct room *r, struct jsonw *w, struct diag *reterr) MUST_USE;
/* A number that changes whenever what the sensor is to have changed. *ret_any: there was ever one. */
int room_tightenings_state(struct room *r, uint64_t *ret, bool *ret_any, struct diag *reterr) MUST_USE;
