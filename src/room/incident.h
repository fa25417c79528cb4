/* Incidents as pages read and change them. */
#pragma once
#include "room/room.h"

struct room_incident_query {
    struct str state, q; /* open, closed, all; .p NULL: open */
    int64_t limit, before;
    bool ranked; /* open ones, those first that want a look first (rank.h); `before` and `q` are not read */
};
/* {"incidents":[…],"total":n}: only those `who` may read. */
int room_incidents_write(struct room *r, const struct room_incident_query *q,
                         const struct room_actor *who, struct jsonw *w,
                         struct diag *reterr) MUST_USE;
/* Who has an incident open; kept by the application. */
struct room_viewer {
    char name[ROOM_NAME_BYTES_MAX + 1];
    int64_t person, since_ns;
};
int room_incident_write(struct room *r, int64_t id, const struct room_actor *who,
                        const struct room_viewer *viewers, size_t n_viewers, struct jsonw *w,
                        struct diag *reterr) MUST_USE;
/* The first person who looks is written into the ledger. */
int room_incident_seen(struct room *r, const struct room_actor *by, int64_t id,
                       struct diag *reterr) MUST_USE;

/* -EPERM: it may not be closed yet (recovery.h). */
struct room_incident_change { /* absent: .set false */
    bool set_state, set_level, set_tlp, set_commander, set_title, set_need_to_know, set_day_one;
    bool day_one_detection; /* the first day of the case is that of detection, not of occurrence */
    bool need_to_know; /* -EINVAL without a commander: nobody would know of it */
    bool open;
    enum rule_level level;
    enum room_tlp tlp;
    int64_t commander; /* 0 = nobody */
    struct str title;  /* .p NULL: back to the one made from facts */
};
/* The case is labelled at least so from now on; it says on its timeline why. Never less strictly than it was. */
int room_incident_raise_tlp(struct room *r, const struct room_actor *by, int64_t id, enum room_tlp tlp, struct diag *reterr) MUST_USE;
/* -EINVAL: a commander that is no person. */
int room_incident_change(struct room *r, const struct room_actor *by, int64_t id, int64_t version,
                         const struct room_incident_change *c, struct diag *reterr) MUST_USE;

/* Findings a person takes out of a case: into a case of their own, or into another open one. What
 * goes with them: accounts they name, and addresses only they accuse while their block is no more
 * than proposed. What was decided stays where it was decided, and binds both. Folding never makes
 * the two one case again; a person may, by taking the rest along: a case without findings is closed
 * and becomes part of the other. */
#define ROOM_SPLIT_MAX 500
struct room_split {
    const struct str *findings; /* their ids */
    size_t n;                   /* 0 with `into`: all of them, the case becomes part of the other */
    int64_t into, into_version; /* 0: a new case */
};
/* -EINVAL: one of them is no finding of the case, or nothing would remain in it (into 0); -EBUSY: a
 * case is closed. */
int room_incident_split(struct room *r, const struct room_actor *by, int64_t id, int64_t version,
                        const struct room_split *s, int64_t *ret_into,
                        struct diag *reterr) MUST_USE;
/* The last merge of a case taken back (incident_merge.c): its rows return as they were, what came since stays with the case that took it, what a
 * person moved on stays where it is. -EINVAL "merge": it is part of none, or became so before merges were recorded. */
struct room_unmerged {
    int64_t back, elsewhere, since; /* rows; findings and entries in a third case; findings and entries the other case got meanwhile */
};
int room_incident_unmerge(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct room_unmerged *ret, struct diag *reterr) MUST_USE;
/* What would go along, found out by doing it and taking it back: nothing is written, nothing is told. */
struct room_split_try {
    int64_t findings, sources; /* that move; sources they accuse */
    int64_t accounts;          /* probably stolen ones the case they go to gains */
    int64_t accounts_both;     /* of these, also still known to the case they leave */
    int64_t addresses;         /* proposed to be blocked there instead */
    int64_t remain;            /* findings that stay */
    int64_t decided;           /* actions decided already: they stay, and bind both */
};
int room_incident_split_try(struct room *r, const struct room_actor *by, int64_t id,
                            const struct room_split *s, struct room_split_try *ret,
                            struct diag *reterr) MUST_USE;
