/* Hunts: what somebody supposed, the query they tried it with, when, and what came of it. Kept to be looked at and run
 * again. */
#pragma once
#include "base/json.h"
#include "room/may.h"

struct room_hunt {
    struct str hypothesis;
    const struct json_value *result; /* of the search: query, from, to, state, found, first_at */
    struct str json;                 /* the same as text */
};
int room_hunt_add(struct room *r, const struct room_actor *by, const struct room_hunt *h, int64_t *ret_id,
                  struct diag *reterr) MUST_USE;
/* Hunts over what is kept (hunt_past.c). */
struct room_hunt_past {
    struct str hypothesis, query; /* query: of the language, or a rule as YAML, or empty */
    const char *kind;             /* query, rule, indicators, mail */
    int64_t import;               /* of indicators */
    struct str name;              /* of the import's file; the mail's subject */
    int64_t mail;                 /* a report (hunt_mail.h); 0: none */
    int step;                     /* of a mail's: 1, 2 */
    struct str asked;             /* JSON: its questions, [{"name","value","query"}…]; empty: `query` is asked */
    int64_t from_ns, to_ns;       /* TIME_NONE: no bound */
    struct str copy;              /* of which Kizuki that is kept here as its vault; empty: our own */
};
int64_t room_hunt_time(const struct json_value *v, const char *key); /* a member that is an ISO time; TIME_NONE */
int room_hunt_begin(struct room *r, const struct room_actor *by, const struct room_hunt_past *h, int64_t *ret_id, struct diag *reterr) MUST_USE;
struct room_hunt_due {
    int64_t id, created_ns, import, from_ns, to_ns;
    struct str query, kind, asked, copy;
};
/* What has not ended, of reported mails first, then the oldest; texts into the arena. 1: there is one. */
int room_hunt_due(struct room *r, struct arena *a, struct room_hunt_due *ret, struct diag *reterr) MUST_USE;
/* result has state, found, first_at, last_at; json is kept whole. */
int room_hunt_end(struct room *r, const struct room_actor *by, int64_t id, const struct json_value *result, struct str json, struct diag *reterr) MUST_USE;
int room_hunt_is_running(struct room *r, int64_t id, struct diag *reterr) MUST_USE; /* of those over what is kept: 1, 0, -ENOENT */
int room_hunt_has_import(struct room *r, int64_t import, struct str copy, struct diag *reterr) MUST_USE; /* 1: one was begun for it there */
int room_hunt_result(struct room *r, int64_t id, struct arena *a, struct str *ret, struct diag *reterr) MUST_USE;
/* Events behind findings of rules about indicators that name this value, and when the last was. */
int room_indicator_hits(struct room *r, const struct room_actor *who, struct str value, int64_t *ret_n, int64_t *ret_last_ns, struct diag *reterr) MUST_USE;
int room_hunt_write(struct room *r, int64_t id, struct jsonw *w, struct diag *reterr) MUST_USE;
/* Those `who` may read, newest first. */
int room_hunts_write(struct room *r, const struct room_actor *who, struct jsonw *w, struct diag *reterr) MUST_USE;
