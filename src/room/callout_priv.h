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
