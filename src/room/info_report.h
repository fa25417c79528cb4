/* 情報連絡: what an operator tells the ministry in charge, and the ministry hands on to the national office. Near misses and signs go too, with no case
 * and no form; what a form says is a submission (obligation.h). Here is how far each has come, and how long it lay where.
 *
 *      draft ──> sent ──> received ──> forwarded ──> closed
 *              (operator)   (ministry)    (office)
 *
 * Times are said, not only taken: a telephone call at 02:10 is typed in at 08:30. A stage is not before the one before it, and none is left out: who
 * forwarded it had received it. A follow-up, or the final one, is a report of its own that names the first.
 *
 * Of a case it is the form "ci-information" over the case's facts: sending it makes the submission of that form, which seals what it said, and
 * what a supplement says otherwise than the one before is worked out from the two. Without a case its words are all there is. */
#pragma once
#include "room/room.h"

#define INFO_TEXT_MAX 20000
#define INFO_LINE_MAX 400
#define INFO_LISTED_MAX 500

struct room_info_new {
    struct str kind;     /* incident, near_miss, sign */
    struct str subject, text, to; /* to: which ministry, which desk */
    int64_t aware_ns;    /* when it was known */
    int64_t incident;    /* 0: none */
    int64_t follows;     /* the first report; 0: it is one */
    bool final;          /* the last that follows */
};
/* -EINVAL says what is missing; -ENOENT: a case the person may not read, no such first report. Own transaction. */
int room_info_add(struct room *r, const struct room_actor *by, const struct room_info_new *x, int64_t *ret_id, struct diag *reterr) MUST_USE;
/* The next stage, at its true time (TIME_NONE: now), and how it was told. -EBUSY: it is not the next; -EINVAL: before the stage before, or in
 * the future. Own transaction. */
int room_info_stage(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct str stage, int64_t at_ns, struct str how, struct diag *reterr) MUST_USE;
/* While it is a draft. Own transaction. */
int room_info_edit(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_info_new *x, struct diag *reterr) MUST_USE;
/* {"infos":[…]}: only those `who` may read, the newest first; and one with its notes and follow-ups. */
int room_infos_write(struct room *r, const struct room_actor *who, struct jsonw *w, struct diag *reterr) MUST_USE;
/* Of one of a case, too: "changes":[{"item","was","is"}] against the one before. */
int room_info_write(struct room *r, int64_t id, struct jsonw *w, struct diag *reterr) MUST_USE;
