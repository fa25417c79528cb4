/* Alert levels: what was decided to be on guard against, for which services, until when (content/levels says what each means).
 *
 *   proposed ──put before who decides──> asked ──decided──> in_force ──its end, or a person──> lowered
 *       │  (by a tip or open cases,         └──not now──> declined
 *       │   by a person, or by a step of a playbook)
 *       └──somebody says why not──> declined      (asked, too: whoever may decide it withdraws it)
 *
 * To raise one is a decision of kind `level` (decision.h): whoever holds that authority for the service decides it in the case it is about; a
 * tip that belongs to no case becomes one when its level is put. Decided, it hands out in the same transaction: what each has to do by when and
 * the word to whoever answers for the named services, as one campaign (campaign.h: messages that are acknowledged, told again); the closer watch
 * as a tightening; and it ends by itself. One level stands for a case at a time: a new one takes the place of the one before.
 *
 * A sign that was declined or lowered does not propose the same again until a newer case or tip gives one. */
#pragma once
#include "base/limits.h"
#include "room/room.h"

#define LEVEL_TIP_HOURS 72     /* an older tip proposes nothing more */
#define LEVELS_LISTED_MAX 200

struct room_level_new {
    struct str level;    /* of content/levels */
    int64_t incident, tip; /* one of them, or both */
    const struct str *services;
    size_t n_services;
    int64_t until_ns;    /* 0: as long as the level lasts */
    struct str reason;
    int64_t sign;        /* of open cases: the newest that counted; 0: none */
    int64_t task;        /* the step of a playbook that asks for it; 0: none */
};
/* By a person: a row, put before who decides at once. In the caller's transaction, or one of its own. -EINVAL says what is missing. */
int room_level_raise(struct room *r, const struct room_actor *by, const struct room_level_new *x, int64_t *ret_id, struct diag *reterr) MUST_USE;
/* One that was proposed is put before who decides, with other services or another end if said. In the caller's transaction, or one of its own. -EBUSY: it is not
 * proposed any more. */
int room_level_put(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_level_new *x, struct diag *reterr) MUST_USE;
/* A proposal is declined, one that waits for its decision withdrawn (decided as not now), or a level in force lowered before its end: who may decide to raise it may do
 * the last two. -EINVAL without why. */
int room_level_end(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct str why, struct diag *reterr) MUST_USE;
/* Once a second: proposes what the signs say, lowers what is over. */
int room_levels_tick(struct room *r, struct diag *reterr) MUST_USE;
/* {"levels":[what each means],"now":…,"rows":[…]}: incident 0: all. What waits says what it would hand out ("would"): nothing happens by asking. */
int room_levels_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) MUST_USE;
/* The highest in force, as a member "level" of an open object; null: none. Its name and end are for everybody; of a case one may not know, no more. */
int room_level_now_write(struct room *r, struct jsonw *w, struct diag *reterr) MUST_USE;

/* For decision.c: what was decided about the level that waited for it. In its transaction. */
int room_level_decided(struct room *r, const struct room_actor *by, int64_t decision, bool go_on, int64_t at_ns, struct str why, struct diag *reterr) MUST_USE;
