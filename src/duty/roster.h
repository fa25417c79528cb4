/* Who is on duty: rows of weekly patterns and of dates, several groups, first, second and third, substitutions.
 *
 * For a group, an instant and an order (1 first, 2 and 3 who stand in) the row that speaks is, of those that cover the
 * instant and name somebody in that order: a dated one before a pattern, then the one with fewer kinds of days (年末年始
 * before 休日), then the later row. A name of absence (なし) means nobody, and hides what is less particular. A
 * substitution (`replaces`) puts its first person wherever the replaced one would stand while it covers.
 *
 * Pure: the answer depends on the rows, the calendar and the instant asked about, never on when it is asked, so a clock that
 * jumps changes nothing but the question. */
#pragma once
#include "base/period.h"

#define DUTY_ORDERS 3
#define DUTY_ROWS_MAX 20000         /* a register's */
#define DUTY_PIECES_MAX 200000      /* shifts of one question: a year of 500 rows */
#define DUTY_SPAN_NS (400 * NS_PER_DAY) /* asked about at once */

struct duty_name {
    struct str text, key; /* as written; as compared (text_name_key) */
};
struct duty_row {
    struct str group;     /* as compared */
    struct period when;
    struct duty_name who[DUTY_ORDERS]; /* empty: the row says nothing of that order */
    struct duty_name replaces;         /* not empty: a substitution */
    int64_t id;                        /* the caller's */
};
struct duty_roster {
    const struct calendar *calendar;
    const struct duty_row *rows;
    size_t n;
};
/* なし, 不在, 休, nobody: a name that says there is none. */
bool duty_is_nobody(struct str key);

struct duty_slot {
    int64_t from_ns, until_ns;
    unsigned order;        /* 1…DUTY_ORDERS */
    struct duty_name who;
    const struct duty_row *row;
    bool substituted;
    bool doubled;          /* another row says another name just as strongly */
};
/* What stands from..until, cut to it: ascending by order, then by time; empty stretches are left out. In the arena. */
int duty_roster_slots(struct arena *a, const struct duty_roster *r, struct str group, int64_t from_ns, int64_t until_ns, struct duty_slot **ret,
                      size_t *ret_n, struct diag *reterr) MUST_USE;
/* Who stands at the instant, in order; until_ns of each is when that changes, or TIME_NONE when not within `ahead_ns`. */
int duty_roster_at(struct arena *a, const struct duty_roster *r, struct str group, int64_t t_ns, int64_t ahead_ns,
                   struct duty_slot ret[DUTY_ORDERS], size_t *ret_n, struct diag *reterr) MUST_USE;
struct duty_gap {
    int64_t from_ns, until_ns;
};
/* Stretches of from..until in which nobody is first. */
int duty_roster_gaps(struct arena *a, const struct duty_roster *r, struct str group, int64_t from_ns, int64_t until_ns, struct duty_gap **ret,
                     size_t *ret_n, struct diag *reterr) MUST_USE;
