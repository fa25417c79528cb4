/* Messages that leave: what, to whom, by which way of the door, and what became of it.
 *
 *   waiting ──> sending ──> sent ──> acknowledged
 *      ^           │  │       └────> bounced
 *      └─ failed ──┘  ├──> refused, unknown        failed for good once `until` is over
 *
 * Whoever wants something sent adds a message and goes on; src/app/room/door_link.c gives it to the door, tries again with
 * growing pauses what surely was not taken, and writes down what the door says. A try has an id of its own ("m12.3") that the
 * door sends once: after a kill of either side the same id is asked for again and nothing goes twice. What nobody knows the fate of
 * (unknown) is not sent again by itself; a person may. Acknowledged means a person said so: by the link in the text, which shows
 * a button (mail scanners open links, they press nothing), by an answer, or for somebody who called. */
#pragma once
#include "room/room.h"

#define ROOM_MESSAGE_TOKEN_CHARS 32

struct room_message_new {
    struct str way, address;      /* of door.yml; a mail address or a number */
    struct str who;               /* as people call them; shown, never sent */
    struct str subject, text;
    struct str vars;              /* further variables of templates: a JSON object of strings; may be empty */
    int64_t incident;             /* 0: none */
    int64_t until_ns;             /* tried until then; 0: a day */
    bool ask;                     /* {{link}} is put where it stands in the text, or at its end */
    bool drill;
    struct str reply_to;          /* Message-ID of a mail this answers by machine; empty: none */
};
/* In the caller's transaction (room_begin). */
int room_message_add(struct room *r, const struct room_actor *by, const struct room_message_new *m, int64_t *ret_id,
                     struct diag *reterr) MUST_USE;

/* ---- for the line to the door ---- */

/* Calls send() with a frame for each message that is due, after it is on disk as being sent. pages: "https://host:port" for
 * links. -EAGAIN of send ends the round without a fault. Own transactions. */
int room_messages_poll(struct room *r, struct str pages, int (*send)(void *ctx, struct str frame), void *ctx, struct diag *reterr) MUST_USE;
/* The door is there again: what was being sent is asked for again, by the same ids. */
int room_messages_resume(struct room *r, struct str pages, int (*send)(void *ctx, struct str frame), void *ctx, struct diag *reterr) MUST_USE;
/* An outcome the door told; of what is not ours nothing happens. -ERR_PARSE for what is none. */
int room_message_outcome(struct room *r, const struct json_value *outcome, struct diag *reterr) MUST_USE;

/* ---- for people ---- */

/* By the token of the link. 0: acknowledged now or before; -ENOENT. Own transaction. */
int room_message_acknowledge(struct room *r, struct str token, struct diag *reterr) MUST_USE;
/* The row a Message-ID of ours speaks of; false: it is none. */
bool room_message_number(struct str message_id, int64_t *ret);
/* By an answer or a bounce to the mail of this Message-ID ("m12.3.…@host"); -ENOENT: none of ours. Own transaction. */
int room_message_answered(struct room *r, struct str message_id, bool bounced, struct diag *reterr) MUST_USE;
/* Whether a link would be taken: for the page with the button. */
int room_message_known(struct room *r, struct str token, bool *ret_acknowledged, struct diag *reterr) MUST_USE;
/* Once more, with a new id: for what was refused, gave up or is unknown; at once, for what waits. Own transaction. */
int room_message_again(struct room *r, const struct room_actor *by, int64_t id, struct diag *reterr) MUST_USE;
/* {"messages":[…],"counts":{state: n}}, the newest first; incident 0: all; red: those of cases under TLP:RED, too. */
int room_messages_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) MUST_USE;
