/* The timeline of an incident: what happened, in lanes. Every entry comes through room_timeline_put (incident_priv.h). */
#pragma once
#include "room/lane.h"

/* A person's own words, when it was as exactly as it is known, and whose doing it was. */
struct room_note {
    int64_t incident;
    struct str text;
    const char *lane; /* of room_lane_of */
    const char *kind; /* of room_entry_kind_to_string: not force, not handover */
    struct str actor; /* outside: who ("the provider"); .p NULL otherwise */
    int64_t at_ns, precision_s; /* < 0: exact */
    int64_t day;      /* not 0: on this day of the case, time unknown; from 1, days before the first are negative; at_ns is not read */
    int64_t beside;   /* not 0: some time before or after this entry; at_ns is not read */
    bool after;
};
/* -EINVAL names what does not fit: "actor", "kind", "day", "beside". Own transaction. */
int room_note_add(struct room *r, const struct room_actor *by, const struct room_note *x, int64_t *ret_id, struct diag *reterr) MUST_USE;
/* The same for what simply happened at a time. */
int room_timeline_add(struct room *r, const struct room_actor *by, int64_t incident,
                      struct str text, int64_t at_ns, int64_t precision_s, const char *lane,
                      int64_t *ret_id, struct diag *reterr) MUST_USE;
/* Those entries `who` may read, the newest first. */
int room_timeline_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w,
                        struct diag *reterr) MUST_USE;
int room_timeline_write_one(struct room *r, int64_t id, struct jsonw *w,
                            struct diag *reterr) MUST_USE;

/* The first day of a case: what it is counted from, and both days. TIME_NONE: not known. */
struct room_day_one {
    bool detection;
    int64_t occurrence_ns, detection_ns;
};
int room_day_one(struct room *r, int64_t incident, struct room_day_one *ret, struct diag *reterr) MUST_USE;
/* Midnight in Japan of day n. */
int64_t room_day_start(const struct room_day_one *d, int64_t day);
