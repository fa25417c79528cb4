/* The room's model: incidents and what belongs to them, in one SQLite file.
 *
 * Invariants: every row carries version, TLP, information class, owner and who made and changed it
 * when; every write goes through room_write (write.h), which asks room_may (may.h), compares the
 * version and appends a row to the audit chain in the same transaction. One thread. Time comes from
 * a port_clock, so that tests and replays step it. Not here: sockets, HTTP, files other than the
 * database (src/app/room). */
#pragma once
#include "base/arena.h"
#include "base/json.h"
#include "base/sign.h"
#include "base/sql.h"
#include "base/time.h"
#include "event/port.h"

/* FIRST TLP 2.0, the most open first, so that the larger of two is the stricter. */
enum room_tlp { TLP_CLEAR, TLP_GREEN, TLP_AMBER, TLP_AMBER_STRICT, TLP_RED, TLP_MAX_ };
const char *room_tlp_to_string(enum room_tlp t); /* "AMBER+STRICT" */
int room_tlp_from_string(struct str s);          /* enum or -EINVAL; WHITE is not accepted */

enum room_class { CLASS_ATTACK, CLASS_VICTIM, CLASS_RESPONSE, CLASS_PERSONAL, CLASS_MAX_ };
const char *room_class_to_string(enum room_class c);

enum room_role {
    ROLE_NOBODY,
    ROLE_ADMINISTRATOR,
    ROLE_HANDLER,
    ROLE_AUDITOR,
    ROLE_COMMANDER, /* a handler who leads: names who may know of a case and who shares it */
    ROLE_APPROVER,  /* decides what others prepared */
    ROLE_PUBLISHER, /* speaks for the organisation */
    ROLE_REPORTER,  /* reports, and no more */
    ROLE_SUPPLIER,  /* sees and writes its lane of the cases it is asked into */
    ROLE_DESK,      /* answers callers with what is approved, counts them, passes on what has no answer */
    ROLE_SYSTEM, /* timers and the operator's policy */
    ROLE_SENSOR, /* what a sensor's message makes us write */
    ROLE_HAND,   /* what a hand's answer makes us write */
    ROLE_MAX_
};
const char *room_role_to_string(enum room_role r);
int room_role_from_string(struct str s); /* a person's role or -EINVAL */

#define ROOM_NAME_BYTES_MAX 100
#define ROOM_GRANTS_MAX 64 /* of one person; what does not fit is not given: the newest are taken */
#define ROOM_LANE_CAP 24
/* A role that holds only below an organisation, or only in one case. */
struct room_grant {
    int64_t id;
    enum room_role role;
    int64_t organisation; /* row of the register; 0: of a case */
    int64_t incident;     /* 0: of an organisation */
    char lane[ROOM_LANE_CAP]; /* of a supplier; empty: none */
    int64_t until_ns;         /* of a new one: it ends by itself; 0: it does not */
};
struct room_actor {
    enum room_role role; /* the first of the person's; of a machine its own */
    int64_t person;      /* 0 for machines */
    unsigned also;       /* further roles that hold everywhere: bits 1 << enum room_role */
    size_t n_grants;
    struct room_grant grants[ROOM_GRANTS_MAX];
    char name[ROOM_NAME_BYTES_MAX + 1];
};
/* Roles that hold everywhere, as bits, with what they bring along. */
unsigned room_actor_roles(const struct room_actor *a);
extern const struct room_actor room_system, room_sensor, room_hand;
/* "person:3", "system": how an actor stands in created_by and in the chain. */
#define ROOM_BY_CAP 32
const char *room_actor_format(const struct room_actor *a, char dst[ROOM_BY_CAP]);

/* What changed, for whoever shows it; called after the commit, once for each (kind, id). */
struct room_watcher {
    void *ctx;
    void (*changed)(void *ctx, const char *kind, int64_t id);
};

struct room_policy;
struct calendar;
struct room_options {
    const char *path; /* of the database */
    const struct port_clock *clock;
    bool replay;                      /* the clock runs faster than life */
    const struct port_clock *wall;    /* of orders, links and sessions; NULL: time_now_ns */
    const struct room_policy *policy; /* borrowed */
    struct room_watcher watcher;      /* may be empty */
    const struct sign_secret *key;    /* for orders; NULL: none can be given */
    const struct sign_public *public_key;
    const struct calendar *calendar; /* borrowed; NULL: who is on duty and who may decide is not known */
};

struct room;
int room_open(const struct room_options *o, struct room **ret, struct diag *reterr) MUST_USE;
void room_close(struct room *r); /* NULL allowed */
DEFINE_CLEANUP(struct room *, room_close)
int64_t room_now(const struct room *r);
/* What the database has been asked to do since room_open. */
struct sql_effort room_effort(const struct room *r);
/* When something was written last, TIME_NONE: never. A clock that is not the machine's goes on from
 * there. */
int64_t room_last_write(struct room *r);
