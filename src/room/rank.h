/* Open cases in the order in which somebody should look, each with the parts of its points in words (content/cases/rules.yml), and what a
 * person called a false alarm, which puts its like behind. Nothing is hidden and no level changes: only the order does. */
#pragma once
#include "room/case_rules.h"

#define RANKED_MAX 1000 /* the newest open cases; of more nobody reads a list */

enum room_rank_part { RANK_LEVEL, RANK_IMPORTANCE, RANK_STOLEN, RANK_UNSEEN, RANK_KNOWN, RANK_FALSE_ALARM, RANK_FALSE_ALARM_RULE, RANK_PART_MAX_ };
struct room_ranked {
    int64_t incident, points, part[RANK_PART_MAX_];
    enum rule_level level;
    enum room_importance importance;
    const struct room_known_case *known; /* NULL: like none */
    char service[200];              /* the most important one; empty: none */
    int64_t stolen, alarm;          /* alarm: the latest false alarm of its like; 0: none */
};
struct room_ranking {
    struct room_ranked *at; /* the first to be looked at first */
    size_t n;
};
int room_rank(struct room *r, struct room_ranking *ret, struct diag *reterr) MUST_USE;
void room_ranking_done(struct room_ranking *x);
/* "rank": {"points", "parts": [{"text", "points"}], "false_alarm": {"id", "incident", "number", "reason"} or null}. A false alarm of a case
 * that `who` may not see is told without its case and reason. */
int room_rank_write(struct room *r, const struct room_ranked *x, const struct room_actor *who, struct jsonw *w, struct diag *reterr) MUST_USE;

/* The case was nothing: it is closed, and its like (the same rule, at the same service or elsewhere) ranks behind. -EINVAL without a reason;
 * -EBUSY: it is one already, or not open. Own transactions. */
int room_false_alarm(struct room *r, const struct room_actor *by, int64_t incident, int64_t version, struct str reason, struct diag *reterr) MUST_USE;
/* It was something after all: the case is open again and nothing ranks behind for it. -EBUSY: it is none. */
int room_false_alarm_undo(struct room *r, const struct room_actor *by, int64_t incident, int64_t version, struct diag *reterr) MUST_USE;
/* "false_alarm": {"reason", "at", "by"} or null. */
int room_false_alarm_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) MUST_USE;

/* {"rules":[{"rule","cases","findings","false_alarms","minutes","minutes_a_finding"}],"cases":n}: how long people looked, from opening a case to
 * deciding about it, over the latest decided cases that are neither red nor for named persons. */
int room_triage_write(struct room *r, struct jsonw *w, struct diag *reterr) MUST_USE;
