/* What is kept of a case row by row: copies that others have and are asked back, stages of recovery, conditions of its closing, things in
 * custody. One mechanism, a table of kinds: which states there are, which fields, and which of them a state wants.
 *
 * Every change is added to the row's own past (when, by whom, which state, from whom to whom, sealed or not) and never taken out of it; the row
 * and its past are under the chain. What changes is told in the case's timeline. */
#pragma once
#include "room/may.h"

#define CASE_ROW_FIELDS 16
#define CASE_ROW_PAST_MAX 500 /* hand-overs of one thing */

struct room_case_row_new {
    int64_t incident;
    struct str kind, key, name; /* key: what makes it the only one of its kind in the case; may be empty */
    struct str state;           /* empty: where its kind begins */
    int64_t due_ns;             /* TIME_NONE: none */
    const struct json_value *fields; /* an object of texts; NULL: none */
};
/* -EINVAL says what is missing; -EEXIST: there is one of that key. Own transaction, or the caller's. */
int room_case_row_add(struct room *r, const struct room_actor *by, const struct room_case_row_new *x, int64_t *ret_id, struct diag *reterr) MUST_USE;
struct room_case_row_change {
    struct str state, from, to, note; /* empty: unchanged, nobody, nothing */
    bool sealed, set_due;
    int64_t due_ns, at_ns; /* at_ns: when it happened; TIME_NONE: now */
    const struct json_value *fields; /* those that change */
};
int room_case_row_change(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_case_row_change *c, struct diag *reterr) MUST_USE;
/* "rows":[…] of one kind; kind empty: all. One query. */
int room_case_rows_write(struct room *r, int64_t incident, struct str kind, struct jsonw *w, struct diag *reterr) MUST_USE;
/* Asks who has a copy to give it back or to destroy it: a message to the row's address, by a way of the door, and the row is `asked`. */
int room_case_row_ask(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct str way, struct str text, struct diag *reterr) MUST_USE;
