/* Writers of an incident's rows, used by folding and actions; all in the caller's transaction. */
#pragma once
#include "room/finding_in.h"
#include "room/room_priv.h"

struct room_entry {                    /* of the timeline */
    int64_t incident, at_ns, until_ns; /* until TIME_NONE: an instant */
    const char *lane, *kind;           /* live as long as the call */
    bool planned;
    const char *key; /* of the text */
    struct str params;
    struct str plain; /* instead of key */
    struct str ref;
    int64_t precision_s; /* -1 = exact */
    int64_t beside;      /* 0: it has a time; else some time before or after this entry */
    bool after;
    int64_t day;          /* 0: not told by days; counted from 1, days before the first are negative */
    bool day_of_detection; /* what day 1 was when it was written */
    struct str actor;      /* somebody outside; .p NULL: none */
};
int room_timeline_put(struct room *r, const struct room_actor *by, const struct room_entry *x,
                      int64_t *ret_id, struct diag *reterr) MUST_USE;
/* The same with `params` as an object that is done with here; the case's pages hear of it. */
int room_timeline_entry(struct room *r, const struct room_actor *by, struct room_entry *x, struct buf *params, struct diag *reterr) MUST_USE;
/* One that happened now and exactly: lane, kind and key as words of ours, params as above. */
int room_timeline_tell(struct room *r, const struct room_actor *by, int64_t incident, const char *lane, const char *kind, const char *key, struct buf *params,
                       struct diag *reterr) MUST_USE;

/* The text of an entry (key, params, plain from `column` on) as `who` may read it: another case is named only to who may see that one. */
int room_entry_text(struct room *r, const struct room_actor *who, struct jsonw *w, const char *member, struct sql_stmt *st, int column,
                    struct diag *reterr) MUST_USE;

/* Recounts what the incident shows of itself from its findings and accounts: title, level, kind,
 * first trace, last activity. Writes only when something differs. */
int room_incident_refresh(struct room *r, const struct room_actor *by, int64_t incident,
                          struct diag *reterr) MUST_USE;
int room_incident_open(struct room *r, const struct room_actor *by, const struct room_finding *f,
                       int64_t *ret_id, struct diag *reterr) MUST_USE;
/* Out of what people told, without a finding: the title is title_key with params (JSON). */
int room_incident_open_told(struct room *r, const struct room_actor *by, const char *title_key, struct str params, int64_t first_ns, int64_t *ret_id,
                            struct diag *reterr) MUST_USE;
/* Everything of `from` becomes part of `into`. */
int room_incident_merge(struct room *r, const struct room_actor *by, int64_t from, int64_t into,
                        struct diag *reterr) MUST_USE;
/* A person said that these two are not one: folding never joins them again. */
int room_apart_put(struct room *r, int64_t incident, int64_t other, struct diag *reterr) MUST_USE;
/* "took":[…]: cases that became part of this one, as far as `who` may see them. */
int room_merges_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) MUST_USE;

/* Who does something about a case, or looks at it, has been reached: the first such person is
 * written into the ledger. */
int room_ledger_person(struct room *r, const struct room_actor *by, int64_t incident,
                       struct diag *reterr) MUST_USE;
/* Accounts that a success finding names. */
int room_accounts_put(struct room *r, const struct room_actor *by, int64_t incident,
                      int64_t finding, const struct room_finding *f, struct diag *reterr) MUST_USE;
/* Services a finding names become registered; every registered service is watched for this
 * incident. */
int room_services_put(struct room *r, const struct room_actor *by, const struct room_finding *f,
                      struct diag *reterr) MUST_USE;
int room_watch_put(struct room *r, const struct room_actor *by, int64_t incident,
                   struct diag *reterr) MUST_USE;
/* Proposes or does what the finding's rule proposes. */
int room_action_from_finding(struct room *r, int64_t incident, int64_t finding,
                             const struct room_finding *f, struct diag *reterr) MUST_USE;
