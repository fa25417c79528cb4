/* Between followup*.c and readiness*.c: what a question says now, and which question shows that a lesson is carried. */
#pragma once
#include "room/readiness_priv.h"

struct room_answered {
    enum room_answer answer;
    int64_t at_ns; /* TIME_NONE: never */
    bool declared; /* by a person */
};
int room_answered(struct room *r, struct str key, struct room_answered *ret, struct diag *err) MUST_USE;
/* The key of a question in this lesson, as items of cells have it. */
const char *room_item_key(const struct readiness_pack *p, const struct question *q, char dst[QUESTION_KEY_CAP]);
const char *room_carrier_key(const struct room_readiness *x, const struct readiness_pack *p, struct str by, enum room_cell *ret_cell, char dst[QUESTION_KEY_CAP]);
/* In the caller's transaction. */
int room_followups_judge(struct room *r, struct diag *err) MUST_USE;
int room_attest_inside(struct room *r, const struct room_actor *by, const struct room_attest *x, struct diag *err) MUST_USE;
