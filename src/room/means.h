/* What a case does beside technical acts: money, other means, experts, and the attacker who asks for something. One table, a kind each:
 *
 *   spend    emergency cost      within ──────────────────────────┐            inside what was approved beforehand: goes at once
 *                                asked ──decided──> approved ─────┴─> settled  above it: a decision of kind `spend`
 *                                  └──────────────> refused                    settled: what it came to
 *   switch   to other means      instructed ──> switched ──> back_asked ──> back     each at its true time; branches answer a campaign,
 *                                                                                    the steps of the instruction are tasks of the case
 *   vendor   called to help      asked ──> answered | none                     by mail and SMS at once; the clock runs until somebody answered
 *   ransom   payment or contact  asked ──decided──> refused | allowed          refused until allowed
 *
 * Approvals, alternatives, contracts and policies are registers (content/imports). A payment or contact is never decided alone, whatever the
 * table of authority says, and not before the advice of lawyers, police, insurer and a look at sanctions is written down. While a ransom row is
 * not allowed, nothing leaves for an address of the attacker that it names: messages and acts refuse (room_means_forbids). */
#pragma once
#include "room/room.h"

#define MEANS_TEXT_MAX 4000
#define MEANS_YEN_MAX INT64_C(1000000000000)
#define MEANS_CONTACTS_MAX 20
#define MEANS_LISTED_MAX 200
#define MEANS_STEPS_MAX 30

struct room_means_new {
    int64_t incident;
    const char *kind;    /* "spend", "switch", "vendor", "ransom" */
    struct str name;     /* what for; the alternative; the contract; what is demanded */
    struct str of;       /* spend: the contract it goes to, may be empty; vendor: what is asked of them */
    int64_t yen;         /* spend */
    const struct str *contacts; /* ransom: addresses of the attacker */
    size_t n_contacts;
};
/* -EINVAL says what is missing; -ENOENT: no such row of the register. Own transaction. */
int room_means_add(struct room *r, const struct room_actor *by, const struct room_means_new *x, int64_t *ret_id, struct diag *reterr) MUST_USE;
struct room_means_step {
    struct str to;       /* the next state; of a ransom "advice" */
    int64_t at_ns;       /* its true time; TIME_NONE: now */
    struct str what;     /* advice: legal, police, insurer, sanctions */
    struct str words;    /* what was said, what it came to */
    int64_t yen;         /* settled; < 0: as asked */
};
/* -EBUSY: not from this state; -EINVAL: before the step before, in the future, or words are missing. Own transaction. */
int room_means_step(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_means_step *x, struct diag *reterr) MUST_USE;
/* {"rows":[…],"approvals":[…],"alternatives":[…],"without":[…],"vendors":[…],"policies":[…],"total":{…}} of a case. */
int room_means_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) MUST_USE;
/* 1: the address is an attacker's nobody may contact now, of which no permission stands; 0, or an error. */
int room_means_forbids(struct room *r, struct str address, struct diag *reterr) MUST_USE;

/* For decision.c. room_means_may_decide: -EPERM names the advice that is missing. */
int room_means_may_decide(struct room *r, int64_t decision, bool go_on, struct diag *reterr) MUST_USE;
int room_means_decided(struct room *r, const struct room_actor *by, int64_t decision, bool go_on, int64_t at_ns, struct str why, struct diag *reterr) MUST_USE;
