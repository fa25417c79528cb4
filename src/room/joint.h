/* A room that several organisations share for one case: who sees it and why, until when, how each company is doing, and the text all of them
 * use; and how far each person has read. */
#pragma once
#include "room/grant.h"

struct room_party_change { /* absent: .set false */
    bool set_state, set_words, set_recovery, set_until;
    struct str state, words;        /* state empty: not said */
    int64_t recovery_ns, until_ns;  /* TIME_NONE: none */
};
/* -EINVAL "state". Own transactions; stale versions are refused. */
int room_party_change(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_party_change *c,
                      struct diag *reterr) MUST_USE;
/* version 0: there is none yet. */
int room_joint_put(struct room *r, const struct room_actor *by, int64_t incident, int64_t version, struct str words, struct diag *reterr) MUST_USE;
/* {"need_to_know","commander","grants":[…],"parties":[…],"joint":{…},"seen_by":[{"person","name","why","lane"}]} */
int room_sharing_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) MUST_USE;

/* The person has read the case's timeline up to this entry; never less than before. Own transaction. */
int room_seen(struct room *r, const struct room_actor *by, int64_t incident, int64_t entry, struct diag *reterr) MUST_USE;
/* The last entry read; 0: none. */
int room_seen_upto(struct room *r, int64_t person, int64_t incident, int64_t *ret, struct diag *reterr) MUST_USE;
/* "unread": {"n", "upto", "first"}: entries of others since then; first: the person has never marked anything here. */
int room_unread_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) MUST_USE;
