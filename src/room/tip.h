/* Tips from outside: one slip each, of the national office, a ministry, JPCERT/CC, the police, a hosting company, a provider, a partner; by telephone,
 * mail or letter, the words as they came. And information they hand on to many (情報提供), which is the same slip with another form.
 *
 *      new ──> taken ──> case (joined to one, or one of kind tip was opened)
 *       └────────┴─────> closed, with the reason why it is none
 *
 * A slip calls the person on duty like an alarm, at once and at any hour (callout.h), goes up a level every five minutes, and is called again
 * while nobody has taken it: that somebody acknowledged the message is not yet that. At once, too, indicators are drawn from its text and looked
 * for in all that is kept (src/app/room/tip_link.c asks kizuki-search; hunt.h); the result stands on the slip. Systems of the register that the
 * text names by name, product, version or place are proposed, with the person responsible. Each stage has its time. */
#pragma once
#include "room/room.h"

#define TIP_TEXT_MAX 100000      /* bytes: an advisory with its list; what is longer is sent as a file of indicators */
#define TIP_ASK_MAX 3900         /* as long as a campaign's words may be, with the number before them */
#define TIP_LINE_MAX 400
#define TIP_AGAIN_MINUTES 15     /* after a call that reached somebody, or nobody, and the slip is still not taken */
#define TIP_INDICATORS_SHOWN 20
#define TIP_LISTED_MAX 500
#define TIP_SYSTEMS_MAX 100

struct room_tip_new {
    bool info;            /* 情報提供: handed on to many */
    struct str from;      /* nco, ministry, jpcert, police, hosting, isp, partner, other */
    struct str sender, contact; /* who, and how to reach them */
    const char *channel;  /* "phone", "mail", "letter", "web" */
    struct str text;
    enum room_tlp tlp;
    int64_t received_ns;  /* when they told; not in the future */
};
/* -EINVAL says what is missing. Own transaction. */
int room_tip_add(struct room *r, const struct room_actor *by, const struct room_tip_new *x, int64_t *ret_id, struct diag *reterr) MUST_USE;
/* to: taken, closed (with a reason), note. Own transaction. */
int room_tip_change(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct str to, struct str why, struct diag *reterr) MUST_USE;
/* Into the open case *incident, or one of its own (0), which is labelled at least like the slip. In the caller's transaction, or one of its own. */
int room_tip_join(struct room *r, const struct room_actor *by, int64_t id, int64_t version, int64_t *incident, struct diag *reterr) MUST_USE;
/* An answer to the sender by a way of the door; way empty: it was said, by telephone or otherwise, and is only kept. Own transaction. */
int room_tip_reply(struct room *r, const struct room_actor *by, int64_t id, struct str way, struct str address, struct str text, struct diag *reterr) MUST_USE;
/* Those responsible for these systems (rows of the register) are told, and asked whether it applies to each: a campaign of kind `applies`, so
 * that who has not answered is told again, then their superiors, and each answer stands on the tip. -EINVAL: no system of these has somebody
 * responsible. Own transaction. */
int room_tip_ask(struct room *r, const struct room_actor *by, int64_t id, const int64_t *systems, size_t n, struct str text, struct diag *reterr) MUST_USE;

int room_tips_write(struct room *r, const struct room_actor *who, struct str state, struct jsonw *w, struct diag *reterr) MUST_USE;
int room_tip_write_one(struct room *r, int64_t id, struct jsonw *w, struct diag *reterr) MUST_USE;

/* Names of the systems of the register that a text names. In the arena. */
int room_tip_names(struct room *r, struct str text, struct arena *a, struct str *ret, size_t cap, size_t *ret_n, struct diag *reterr) MUST_USE;

/* ---- matching, for the line to the searcher ---- */

struct room_tip_due {
    int64_t id, until_ns;
    struct str number, source, text; /* in the arena */
    enum room_tlp tlp;
};
/* The oldest whose text has not been looked at. 1: there is one. */
int room_tip_due(struct room *r, struct arena *a, struct room_tip_due *ret, struct diag *reterr) MUST_USE;
/* What the searcher drew from it: its import (0: nothing that could be looked for) and its answer. Own transaction. */
int room_tip_drawn(struct room *r, int64_t id, int64_t import, const struct json_value *answer, struct diag *reterr) MUST_USE;
/* Once a second: who has to be called again, and hunts that have ended. */
int room_tips_tick(struct room *r, struct diag *reterr) MUST_USE;
