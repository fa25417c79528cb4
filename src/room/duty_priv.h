/* Inside src/room only: the rows of roster and authority as src/duty takes them. */
#pragma once
#include "base/map.h"
#include "duty/authority.h"
#include "room/room_priv.h"

struct room_duty_problem {
    const char *kind; /* the register */
    int64_t id;
    struct str name, why;
};
struct room_duty {
    struct arena arena;
    int64_t state[4];       /* what it was read from: counts and versions */
    struct duty_roster roster;
    struct duty_authority authority;
    struct str *groups;     /* as written, once each, in the order of the rows */
    size_t n_groups;
    struct room_duty_problem *problems;
    size_t n_problems;
    struct map accounts;    /* key of a sign-in name -> struct duty_name of the person, where a register of people links them */
    struct map people;      /* key of a name -> the values of that person's row */
};
/* Read again when a row changed. *ret is valid until the next call. -ERR_UNSUPPORTED: the room has no calendar. */
int room_duty_get(struct room *r, const struct room_duty **ret, struct diag *reterr) MUST_USE;
void room_duty_free(struct room_duty *d);
/* The person of the rosters who is signed in: the one whose row names the account, else the one of the same name. In the arena. */
struct duty_name room_duty_person(struct arena *a, const struct room_duty *d, const struct room_actor *who);
/* The sign-in person of a name of the rosters, 0: none. */
int room_duty_account(struct room *r, const struct room_duty *d, struct str person_key, int64_t *ret, struct diag *reterr) MUST_USE;
/* A way to reach the person, as their row has it ("phone", "mobile", "mail"…); empty: none is known. */
struct str room_duty_way(const struct room_duty *d, struct str person_key, const char *way);
/* The first telephone number there is. */
struct str room_duty_phone(const struct room_duty *d, struct str person_key);
/* Names as they are compared; .p NULL when memory ends. */
struct duty_name room_duty_name(struct arena *a, struct str text);
