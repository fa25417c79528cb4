/* Between the files of callouts. */
#pragma once
#include "room/duty_priv.h"

struct callout_row {
    int64_t id, incident, level, started_ns, next_ns, every_min; /* next TIME_NONE: nothing is due */
    char purpose[8], state[10];
    struct str text, question, chain; /* in the arena */
    bool taken;                 /* a person opened the case */
};
int callout_load(struct room *r, int64_t id, struct arena *a, struct callout_row *ret, struct diag *err) MUST_USE;
/* Names of a group on duty, of an organisation and what stands below it, or of everybody (where `of` is empty). */
int callout_members(struct room *r, struct str of, struct arena *a, struct str **ret, size_t *ret_n, struct diag *err) MUST_USE;
/* People of the organisation `up` levels above those of level 0 who have not answered, who were not called yet. */
int callout_superiors(struct room *r, int64_t id, int64_t up, struct arena *a, struct str **ret, size_t *ret_n, struct diag *err) MUST_USE;
