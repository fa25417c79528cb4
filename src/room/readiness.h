/* How ready one is for what befell others: the questions of lessons, answered, and the cells they make.
 *
 * A measured question is answered by a row of measure_rows.h, an attested one by a person with evidence and an end date; they lie in
 * tables of their own (measured, attested) and are never shown alike. A cell (lesson x noticed, handled, prevented, practised, told) is
 * the worst of what it has:
 *
 *   must      a measure says no, what was attested says no or has run out, the replay failed
 *   soon      an attestation ends within 30 days; nobody can tell yet; the lesson itself still waits for something
 *   todo      not attested yet, not played yet
 *   declared  everything is right, some of it by attestation only
 *   ok        everything is right and was measured
 *   none      the lesson asks nothing here
 *
 * "Noticed" takes the last replay of this very lesson (its files' digest) and whether logs of the kinds it plays arrive here. */
#pragma once
#include "room/room.h"

#define READINESS_PACKS_MAX 1000
#define ATTEST_DAYS_MAX 1100
struct room_readiness_pack {
    struct str whole;  /* Pack of the API: titles, controls, pack, playbook; borrowed for the room's life */
    struct str digest; /* of the files that a replay depends on */
};
/* Once, after room_open: the lessons here, and the folder content/measures. -ERR_PARSE names the file. */
int room_readiness_load(struct room *r, const char *measures, const struct room_readiness_pack *packs, size_t n, struct diag *reterr) MUST_USE;
/* Others in their place; the measures stay, whose folder a confined process cannot read any more. */
int room_readiness_take(struct room *r, const struct room_readiness_pack *packs, size_t n, struct diag *reterr) MUST_USE;
/* Everything that is asked, now. outside: see measure_rows.h. The day's sums are kept for the trend. Own transaction. */
int room_readiness_measure(struct room *r, const struct room_actor *by, struct str outside, struct diag *reterr) MUST_USE;
int64_t room_readiness_measured(struct room *r); /* when; TIME_NONE: never */
struct room_attest {
    struct str pack, control, evidence;
    bool yes;
    int64_t until_ns;
};
/* -ENOENT: no such lesson or question; -EINVAL names the member: not attested but measured, no evidence, an end that has passed or is
 * more than three years away. */
int room_attest(struct room *r, const struct room_actor *by, const struct room_attest *x, struct diag *reterr) MUST_USE;
/* What kizuki pack replay found; the newest of a lesson stays. */
struct room_replayed {
    struct str pack, digest, says; /* says: the lines of the judge */
    int64_t at_ns, failed;
};
int room_replayed_put(struct room *r, const struct room_replayed *x, struct diag *reterr) MUST_USE;
/* {"measured_at","packs":[{"id","titles","cells":{…}}],"trend":[…]} */
int room_readiness_write(struct room *r, struct jsonw *w, struct diag *reterr) MUST_USE;
