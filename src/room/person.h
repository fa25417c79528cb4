/* Persons, their sessions and one-time sign-in links. Tokens are 256 random bits; only their
 * SHA-256 is kept. */
#pragma once
#include "room/may.h"

#define ROOM_TOKEN_CHARS 64 /* hex */
#define ROOM_SESSION_IDLE_NS (8 * NS_PER_HOUR)
#define ROOM_LINK_NS (15 * NS_PER_MIN)
#define ROOM_PERSONS_MAX 10000

struct room_person {
    struct room_actor actor;
    char lang[3];
    bool active;
    int64_t version, seen_at_ns, look_at_ns; /* TIME_NONE: never */
};
struct room_session {
    struct room_person person;
    int64_t id, used_at_ns;
    char csrf[ROOM_TOKEN_CHARS + 1];
};

/* Makes the person unless there is one of this name; `by` may be the system (first start, command
 * line). */
int room_person_add(struct room *r, const struct room_actor *by, struct str name,
                    enum room_role role, struct str lang, int64_t *ret_id,
                    struct diag *reterr) MUST_USE;
/* *ret = 0 when there is none. An empty name: the first active administrator. */
int room_person_find(struct room *r, struct str name, int64_t *ret, struct diag *reterr) MUST_USE;
int room_person_load(struct room *r, int64_t id, struct room_person *ret,
                     struct diag *reterr) MUST_USE;

struct room_person_change { /* .p NULL or < 0: stays */
    struct str name, lang;
    unsigned roles; /* bits 1 << enum room_role; 0: stay */
    int active;
};
/* -EBUSY when nobody active with the role administrator would be left. */
int room_person_change(struct room *r, const struct room_actor *by, int64_t id, int64_t version,
                       const struct room_person_change *c, struct diag *reterr) MUST_USE;
/* One's own language. */
int room_person_lang(struct room *r, const struct room_actor *by, int64_t version, struct str lang,
                     struct diag *reterr) MUST_USE;
/* The person is here now; when away for half an hour, what they saw last is remembered as the last
 * look. Writes at most once in ten minutes. */
int room_person_seen(struct room *r, const struct room_person *p, struct diag *reterr) MUST_USE;
int room_persons_write(struct room *r, const struct room_actor *who, struct jsonw *w, struct diag *reterr) MUST_USE;
void room_person_write(const struct room_person *p, struct jsonw *w);

int room_link_make(struct room *r, const struct room_actor *by, int64_t person,
                   char ret_token[ROOM_TOKEN_CHARS + 1], int64_t *ret_expires_ns,
                   struct diag *reterr) MUST_USE;
/* Takes the link and makes a session. -ERR_REFUSED (with constant work) when it is unknown, used or
 * old. */
int room_sign_in(struct room *r, struct str link_token, char ret_token[ROOM_TOKEN_CHARS + 1],
                 struct diag *reterr) MUST_USE;
/* The session of a cookie, -ERR_REFUSED when there is none. Remembers its use once an hour. */
int room_session_find(struct room *r, struct str token, struct room_session *ret,
                      struct diag *reterr) MUST_USE;
int room_sign_out(struct room *r, const struct room_session *s, struct diag *reterr) MUST_USE;
/* Removes links and sessions that ended more than a day ago. */
int room_sessions_prune(struct room *r, struct diag *reterr) MUST_USE;
