/* Reaching one person of several: who is called, who answered, and who is called next when nobody does. Everybody of a list at once
 * is a campaign (campaign.h).
 *
 * A callout has levels of persons. Level 0 is called at once; every `every_min` minutes without an answer one level more, and
 * behind the last the first again, CALLOUT_ROUNDS times; then it says that nobody was reached and stands on the first page.
 *   decide  who may decide, in the order of the authority table       ends with the first answer
 *   take    who is on duty, then who may stop services                ends with the first answer, or when a person opens the case
 *   key     one person, then those named to stand in, then superiors   ends with the first answer; has a question, the answer is kept
 * A level and its calls are one transaction, so a kill repeats or loses none. Time comes from the room's clock: set forward, one
 * level is called, not as many as would have passed; set back, it waits at most `every_min` from then.
 *
 * A call goes out as a message (message.h) by the door's way `sms` to a mobile, `mail` to an address, `chat` to a name, another at each
 * round; acknowledging the message answers the call. Who can be reached by none of these is called by whoever reads the page. */
#pragma once
#include "duty/authority.h"
#include "room/person.h"
#include "room/room.h"

#define CALLOUT_MINUTES 5      /* without an answer, then one level up */
#define CALLOUT_ROUNDS 3
#define CALLOUT_LEVELS_MAX 12
#define CALLOUT_PEOPLE_MAX CALLOUT_LEVELS_MAX /* of one callout, by name */
#define CALLOUT_SUPERIOR_RANKS 2  /* organisations above the key person's */
#define CALLOUT_SUPERIORS 2       /* people of each */
#define CALLOUT_OPEN_MAX 200    /* calling at once */

#define CALLOUT_SILENT_NS (12 * NS_PER_HOUR) /* one night: who slept through a call in the evening is asked anew in the morning */

struct room_callout {
    int64_t incident;         /* 0: none (a tip that is no case yet) */
    const char *purpose;      /* "decide", "take", "key" */
    struct str kind, service; /* of the decision; empty: none */
    struct str group;         /* take: the roster's; empty: every one */
    const struct str *people; /* key: the first to be called first */
    size_t n_people;
    struct str text, question; /* what they are told; what is asked back */
};
/* In a transaction of its own. -ENOENT: nobody is to be called. */
int room_callout_start(struct room *r, const struct room_actor *by, const struct room_callout *x, int64_t *ret_id, struct diag *reterr) MUST_USE;
/* Everybody on duty now is told; nobody wrote down who is: nothing happens, the first page asks. */
int room_callout_on_duty(struct room *r, int64_t incident, struct str text, struct diag *reterr) MUST_USE;
/* The person answered, in their own words or by whoever called them; empty answer: they have understood and come. */
int room_callout_answer(struct room *r, const struct room_actor *by, int64_t id, struct str person, struct str answer, struct diag *reterr) MUST_USE;
int room_callout_end(struct room *r, const struct room_actor *by, int64_t id, struct diag *reterr) MUST_USE;
/* How long each of those who decide has left a call to decide something else in this case unanswered, and done nothing in it since: nobody waits for
 * them a second time (duty_authority_silent). */
int room_callout_silent(struct room *r, int64_t incident, enum duty_kind kind, struct arena *a, struct duty_answer *x, struct diag *reterr) MUST_USE;
/* Behind the button of a call: a link that signs its person in (call_in.c). 1: made; 0: this call opens nothing. Own transaction. */
int room_call_link(struct room *r, struct str token, char ret_token[ROOM_TOKEN_CHARS + 1], struct diag *reterr) MUST_USE;
/* What it was for has been taken in hand: nobody is called any more. In the caller's transaction. */
int room_callout_taken(struct room *r, int64_t id, struct diag *reterr) MUST_USE;
/* Once a second: levels that are due, and alarms nobody took. */
int room_callouts_tick(struct room *r, struct diag *reterr) MUST_USE;
/* {"callouts":[…]} of a case, newest first; incident 0: all that call now. */
int room_callouts_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) MUST_USE;
