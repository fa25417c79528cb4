/* How far an incident reaches: its numbers, and how they are kept between two looks. */
#pragma once
#include "room/account.h"

struct room_counts {
    struct room_count sources, tried, stolen, tries;
};
/* Counted now. */
int room_count_all(struct room *r, int64_t incident, struct room_counts *ret,
                   struct diag *reterr) MUST_USE;
int room_count_sources(struct room *r, int64_t incident, struct room_count *ret,
                       struct diag *reterr) MUST_USE;
/* The whole scope object. */
int room_scope_write(struct room *r, int64_t incident, const struct room_counts *c, struct jsonw *w,
                     struct diag *reterr) MUST_USE;

/* Numbers, scope and attack bars of one incident, as counted last. Counted again when something was
 * folded in since, but spending at most a tenth of the time on it: a large case under attack is
 * some seconds behind, and says so in counted_at. */
struct room_numbers {
    struct room_counts counts;
    struct str scope;    /* the scope object */
    struct str attacker; /* items of the attacker's lane, comma separated */
};
/* *ret is valid until the next call. */
int room_numbers(struct room *r, int64_t incident, struct room_numbers *ret,
                 struct diag *reterr) MUST_USE;
/* Something about the incident changed. */
void room_numbers_stale(struct room *r, int64_t incident);
void room_numbers_init(struct room *r);
void room_numbers_done(struct room *r);
