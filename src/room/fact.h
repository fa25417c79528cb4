/* Facts of a case: what is known, and whether it may be said.
 *
 * One row a case and name (fact_spec.h says which there are): its value, whether it is confirmed, not confirmed or not to be told,
 * where it is from, who said so and when. Each version is kept. Whoever writes something that leaves (a publication, a form) takes
 * FACT_CONFIRMED rows and nothing else, so that no draft invents. A fact nobody has entered has no row: not known is not "no".
 * What the room has measured or has in its registers is proposed and becomes a fact only when a person takes it.
 *
 * In another's transaction or in one of its own. Where two cases become one, what the remaining case does not say yet comes along. */
#pragma once
#include "room/fact_spec.h"
#include "room/room.h"

enum fact_state { FACT_UNCONFIRMED, FACT_CONFIRMED, FACT_WITHHELD, FACT_STATE_MAX_ };
const char *fact_state_to_string(enum fact_state s); /* "confirmed" */
int fact_state_from_string(struct str s);            /* or -EINVAL */

/* content/facts.yml; of a room without it there are no facts. */
int room_facts_load(struct room *r, const char *path, struct diag *reterr) MUST_USE;
const struct fact_specs *room_fact_specs(const struct room *r);

struct room_fact {
    const struct fact_spec *spec;
    int64_t id, version, at_ns; /* id 0: nothing was entered; at: of this version */
    enum fact_state state;
    struct str value; /* canonical, may be empty unless confirmed */
    struct str source; /* as a person wrote it, or "from:" and what it was taken from */
    struct str by;
};
/* -EINVAL: there is no such fact. In the arena. */
int room_fact_get(struct room *r, struct arena *a, int64_t incident, const char *name, struct room_fact *ret, struct diag *reterr) MUST_USE;
/* All there are for the case, in the order of the file: *ret has room_fact_specs()->n rows. */
int room_facts_get(struct room *r, struct arena *a, int64_t incident, struct room_fact **ret, struct diag *reterr) MUST_USE;
/* The value if it may be said, else an empty text. */
struct str room_fact_told(const struct room_fact *f);

struct room_fact_new {
    int64_t incident, version; /* that was seen; 0: none */
    struct str name, value, source;
    enum fact_state state;
    bool take; /* value and source are those that are proposed now */
};
/* -EINVAL with *ret_fault when the value is none; -ENOENT: there is nothing to take; -ERR_VERSION: somebody was first. */
int room_fact_put(struct room *r, const struct room_actor *by, const struct room_fact_new *x, enum fact_fault *ret_fault,
                  struct diag *reterr) MUST_USE;

struct fact_proposal {
    struct str value; /* empty: nothing */
    struct str from;  /* "incident.first_trace", "before" */
    bool at_least;    /* there may be more */
};
/* What the room would propose now, for each of the specs; `who`: for what comes from cases he may read. */
int room_facts_propose(struct room *r, struct arena *a, int64_t incident, const struct room_actor *who, struct fact_proposal **ret,
                       struct diag *reterr) MUST_USE;

/* {"groups":[…],"facts":[…]} */
int room_facts_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) MUST_USE;
/* {"versions":[…]}, the newest first */
int room_fact_versions_write(struct room *r, int64_t incident, struct str name, struct jsonw *w, struct diag *reterr) MUST_USE;
