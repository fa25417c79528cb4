/* A room in memory whose clock is stepped, and findings as a sensor would send them. */
#pragma once
#include "unit.h"

#include "base/mem.h"
#include "base/calendar.h"
#include "room/account.h"
#include "room/action.h"
#include "room/audit.h"
#include "room/authority.h"
#include "room/finding.h"
#include "room/fold.h"
#include "room/incident.h"
#include "room/may.h"
#include "room/now.h"
#include "room/person.h"
#include "room/policy.h"
#include "room/report.h"
#include "room/room_priv.h"
#include "room/scope.h"
#include "room/service.h"
#include "room/tables.h"
#include "room/timeline.h"

struct fixture {
    struct room *r;
    struct room_policy policy;
    int64_t now_ns;
    struct arena memory; /* the calendar's */
    struct calendar calendar;
    int64_t administrator, handler, auditor;
    struct sign_secret key;
    struct sign_public public_key;
    char dir[64];
};

/* 2026-11-22T17:03:08Z, the first trace of the story. */
#define T0 (INT64_C(1795366988) * NS_PER_S)

int64_t fixture_now(void *ctx); /* of a port_clock whose ctx is the fixture */
struct fixture *fixture_new(void);
void fixture_free(struct fixture *f);
struct room_actor fixture_actor(const struct fixture *f, int64_t person);
/* One finding of the wire form; sources and accounts are "a,b,c" or "from..to" of a pattern with
 * %d. */
struct story {
    const char *id; /* two hex digits, repeated */
    int revision;
    const char *rule, *kind, *level, *propose, *service, *host;
    const char *group_source; /* group by source when set */
    const char *group_agent;  /* group by user agent when set */
    const char *sources;      /* collected, comma separated */
    const char *account_pattern;
    int account_from, account_n;
    const char *path;
    int64_t first_ns, last_ns;
    int count;
    int good; /* measure good_accounts; -1: none */
};
void story_json(const struct story *s, struct buf *out);
struct room_folded fold(struct fixture *f, const struct story *s);
/* Rows of a register through an import: each "name\tfield=value\tfield=value", list values with LF as |. */
void rows(struct fixture *f, const char *kind, const char *const *lines, size_t n);
/* Whether somebody may decide, now and alone. */
enum room_standing standing(struct fixture *f, int64_t person, const struct room_ask *ask);
/* The chain of changes holds from its first link to its last. */
void chain_holds(struct fixture *f);
/* Runs one query with a single number as its answer. */
int64_t number(struct fixture *f, const char *sql);
/* Puts a row into a register, as the administrator. */
void put_row(struct fixture *f, const char *kind, const char *name, const char *json);
/* Looks up "a.b.0.c" in a JSON text; fails the test when it is not there. */
struct str at(struct arena *a, struct str json, const char *path);
