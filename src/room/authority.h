/* "May I, alone, now?" — answered from the register of authority, the roster and what is lent, for a service and a kind of decision.
 *
 * Where no row speaks of the kind (for the service or for every one) the table is empty for it: what roles may (may.h) holds, and
 * the answer says that nobody wrote it down. Where one does, who is not among those who decide now is refused; the refusal names
 * who may and how to call them, and stands in the chain and in the case. */
#pragma once
#include "duty/authority.h"
#include "room/room.h"

#define ROOM_LEND_HOURS_MAX 72 /* longer is no stand-in but a row of the table */

enum room_standing {
    VERDICT_NO_TABLE, /* nobody wrote down who decides this */
    VERDICT_ALONE,    /* yes */
    VERDICT_ASK,      /* yes, once those to be asked were asked */
    VERDICT_TWO,      /* yes, with a second person */
    VERDICT_WAIT,     /* when those before have not answered until from_ns */
    VERDICT_NOT,
    VERDICT_POLICY, /* decided beforehand that it is not done (register policies) */
    VERDICT_MAX_
};
const char *room_standing_to_string(enum room_standing v);

struct room_authority {
    enum room_standing verdict;
    int64_t from_ns;   /* VERDICT_WAIT: when; TIME_NONE: nobody has been called yet, so nothing runs */
    struct duty_answer answer;
    struct str policy; /* of the register of that name, that wants two or forbids it; empty: none binds */
};
/* called_ns: since when those who decide have been called, TIME_NONE: not yet. asked: whether who is to be asked was (consult).
 * Names in the answer live in the arena. */
struct room_ask {
    struct str service;
    enum duty_kind kind;
    int64_t called_ns;
    bool asked;
    int64_t incident; /* whose unanswered calls count (callout.h); 0: none */
    bool refrain; /* the decision is not to do it: no policy binds that */
};
int room_may_decide(struct room *r, const struct room_actor *who, const struct room_ask *ask, struct arena *a, struct room_authority *ret,
                    struct diag *reterr) MUST_USE;
/* One answer as the pages take it. */
int room_authority_write(struct room *r, const struct room_actor *who, const struct room_ask *ask, struct jsonw *w, struct diag *reterr) MUST_USE;
/* [{name, text, binds, by}]: what was decided beforehand about this kind (register policies), to be read where it is decided. */
int room_policies_write(struct room *r, enum duty_kind kind, struct jsonw *w, struct diag *reterr) MUST_USE;
struct room_deciding;
/* The same for a case: since when those who decide were called, and who was asked, is taken from it. */
int room_authority_incident_write(struct room *r, const struct room_actor *who, const struct room_deciding *x, struct jsonw *w,
                                  struct diag *reterr) MUST_USE;
/* {"services":[…],"answers":[…],"lends":[…],"problems":…}: every service somebody wrote down, every kind, as the one who asks stands now. */
int room_authorities_write(struct room *r, const struct room_actor *who, struct jsonw *w, struct diag *reterr) MUST_USE;

/* Inside a transaction: may `by` decide this for the case? 0: yes. 1: taken down as the first of two, nothing is to be done yet.
 * -ERR_REFUSED: no; what to say is in room_authority_refused. row: what is written about (an action). */
struct room_deciding {
    int64_t incident, action; /* action 0: none */
    struct str service;
    enum duty_kind kind;
    bool two;     /* wanted whatever the table says */
    bool refrain; /* as in room_ask */
};
int room_authority_check(struct room *r, const struct room_actor *by, const struct room_deciding *x, struct diag *reterr) MUST_USE;
/* The service a case is about, as its findings name it; of several the most important by the register of systems. Empty: none. In the arena. */
int room_authority_service(struct room *r, int64_t incident, struct arena *a, struct str *ret, struct diag *reterr) MUST_USE;
/* After the transaction that was refused ended: writes the refusal into the case. Does nothing unless the last check refused. */
int room_authority_refusal_keep(struct room *r, struct diag *reterr) MUST_USE;
/* The members of an error's params: kind, service, verdict, policy, who (who may now, with their numbers), from. false: the last refusal was none of these. */
bool room_authority_refused(struct room *r, struct jsonw *w);
bool room_authority_is_refused(const struct room *r);

/* "I asked X, and this was the answer": opens what VERDICT_ASK holds back, for this case and kind, for a day. */
int room_consult_add(struct room *r, const struct room_actor *by, int64_t incident, enum duty_kind kind, struct str person, struct str answer,
                     struct diag *reterr) MUST_USE;

/* The right to decide is lent to a person or a group of the roster for some hours, and comes back by itself or by hand. Only who
 * may decide it alone now may lend it. kind < 0: every kind. */
struct room_lend {
    struct str service, person, group, why;
    int kind;
    int hours;
};
int room_lend_add(struct room *r, const struct room_actor *by, const struct room_lend *l, int64_t *ret_id, struct diag *reterr) MUST_USE;
int room_lend_return(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct diag *reterr) MUST_USE;
