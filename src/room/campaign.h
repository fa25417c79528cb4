/* Campaigns: each of these must answer, or do something, by a date; who has not is known at any moment.
 *
 *   running ──every target done──> done         a target:  open ──answer that means done──> done
 *      └──────────a person ends it──> ended                  └──forced step──> forced (an act was proposed, or an instruction sent)
 *
 * A kind (plans.h) is a file: what is asked, which answers there are and what they mean, until when, how often it is told again, from
 * which reminder on superiors are told, what may be done against those who have not. Targets are persons, accounts, systems, hosts,
 * organisations, vendors, things to do: whatever the list says, with the person who answers for each. A target may stand for several
 * (600 hosts of a branch) and say how many are done.
 *
 * A person gets one message a round with all that is open for them (message.h), by another of their ways at each round. The link in it
 * opens, without signing in, a page with the answers of the kind; it answers for that person in that campaign only, and no more once
 * nothing is open. Where the kind asks for a photo, what is done is done with one: it is kept with the target as evidence of the case. Who has no way is shown, to be called; a handler answers on behalf. Every answer is kept with its time, so the share done is drawn
 * from what happened. The round and its messages are one transaction: a kill repeats or loses none.
 *
 * Used by: mass notification, password changes, scans, samples and definitions, where-else checks, lending a procedure, switching
 * over, what an alert level asks for, requests to vendors. Not here: sending (message.h), acts (deed.h). */
#pragma once
#include "room/room.h"

#define CAMPAIGN_TARGETS_MAX 2000 /* all sites of a large company */
#define CAMPAIGN_ROUNDS_MAX 200   /* told again at most so often; then it stands on the page only */
#define CAMPAIGN_COUNT_MAX 1000000

struct room_campaign_target {
    struct str ref;    /* what identifies it in its list: a register's row, an account, a host; empty: its name */
    struct str name;   /* as people call it */
    struct str person; /* of the register of people, who answers for it; empty: nobody is known */
    struct str what;   /* to be done here, where it differs from target to target; may be empty */
    int64_t n;         /* how many it stands for; 0: one */
    int64_t due_ns;    /* 0: that of the campaign */
};
struct room_campaign_new {
    int64_t incident;      /* 0: none */
    struct str kind;       /* of content/campaigns */
    struct str title;      /* empty: that of the kind */
    struct str text;       /* what these targets are told beside what the kind asks */
    struct str origin;     /* how the list came: "systems: product=…", "pasted"; for the record */
    int64_t due_ns;        /* 0: as the kind says, from now */
    const struct room_campaign_target *targets;
    size_t n_targets;
};
/* In the caller's transaction, or one of its own: the rows, and the first round of messages. -ENOENT: no such kind; -EINVAL: the list. */
int room_campaign_start(struct room *r, const struct room_actor *by, const struct room_campaign_new *x, int64_t *ret_id, struct diag *reterr) MUST_USE;
/* Targets named in a text a person pasted or a file had: a line each, columns by tab, semicolon or comma: name, person, count. A head is
 * left out. -EINVAL says the line. */
int room_campaign_read_list(struct arena *a, struct str text, struct room_campaign_target **ret, size_t *ret_n, struct diag *reterr) MUST_USE;
/* Systems of the register with the same condition (directory.h, room_register_find), each with the person responsible. */
int room_campaign_read_register(struct room *r, struct arena *a, struct str kind, struct str where, struct room_campaign_target **ret,
                                size_t *ret_n, struct diag *reterr) MUST_USE;
/* Everybody of an organisation or on duty in a group; empty: everybody in people. */
int room_campaign_read_people(struct room *r, struct arena *a, struct str of, struct room_campaign_target **ret, size_t *ret_n,
                              struct diag *reterr) MUST_USE;

struct room_campaign_said {
    struct str value;  /* an answer of the kind */
    struct str words;
    int64_t done;      /* of a target that stands for several; -1: all, or none, as the answer means */
    struct str photo, photo_name; /* SHA-256 of bytes that are kept already (attachment.h); empty: none */
    int64_t photo_bytes;
};
/* By a handler, on behalf. -EINVAL: no such answer, or words are missing; -EBUSY: the campaign has ended. */
int room_campaign_answer(struct room *r, const struct room_actor *by, int64_t target, int64_t version, const struct room_campaign_said *s,
                         struct diag *reterr) MUST_USE;
int room_campaign_end(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct diag *reterr) MUST_USE;
/* In the caller's transaction: what it was for is over. Nothing happens where it has ended already. */
int room_campaign_over(struct room *r, const struct room_actor *by, int64_t id, struct diag *reterr) MUST_USE;
/* A later date, and told again at once. */
int room_campaign_extend(struct room *r, const struct room_actor *by, int64_t id, int64_t version, int64_t due_ns, struct diag *reterr) MUST_USE;
/* Against those who have not: the kind's act is proposed for all of them through `driver`, or its instruction sent. `targets`: these
 * only; n 0: all that are open. *ret_deed: the act proposed, 0: none. */
struct room_campaign_force {
    const int64_t *targets;
    size_t n;
    struct str driver;
    int64_t minutes;
};
int room_campaign_force(struct room *r, const struct room_actor *by, int64_t id, const struct room_campaign_force *f, int64_t *ret_deed,
                        struct diag *reterr) MUST_USE;

/* ---- by the link ---- */

/* {"campaign":…,"targets":[…],"answers":[…]} behind a message's token. -ENOENT: the token is of no campaign; -ERR_EXPIRED: nothing is open. */
int room_campaign_by_token(struct room *r, struct str token, struct jsonw *w, struct diag *reterr) MUST_USE;
/* target 0: all that are open for that person. -EINVAL says what is missing ("words", "done", "photo"). */
int room_campaign_answer_token(struct room *r, struct str token, int64_t target, const struct room_campaign_said *s, struct diag *reterr) MUST_USE;

/* Once a second: rounds that are due. */
int room_campaigns_tick(struct room *r, struct diag *reterr) MUST_USE;
/* {"campaigns":[…],"kinds":[…]} without targets; incident 0: all that run, and the latest of the others. */
int room_campaigns_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) MUST_USE;
/* One with its targets, the open ones first, and the share done over time. */
int room_campaign_write(struct room *r, int64_t id, const struct room_actor *who, struct jsonw *w, struct diag *reterr) MUST_USE;
