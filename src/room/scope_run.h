/* Counts of how far something reached, as rows of a case: asked by a person with a file of data (scope_spec.h), run by kizuki-search one
 * after the other, kept with query, times, number, what it stands on and which logs were missing. A count is never changed; it is
 * asked anew, and both stay.
 *
 * Where a count is of persons, its rows are found in the registers: an account by the people whose account or mail address it is, a
 * device by the system of that name and who answers for it. Who is not found is told as such and not counted as a person. */
#pragma once
#include "base/json.h"
#include "room/may.h"
#include "room/scope_spec.h"

struct room_scope_new {
    int64_t incident, from_ns, to_ns;
    const struct scope_spec *spec;
    struct str values;          /* JSON: what was asked for */
    struct str query, question; /* scope_question */
};
/* In the caller's transaction, or one of its own. */
int room_scope_begin(struct room *r, const struct room_actor *by, const struct room_scope_new *x, int64_t *ret_id, struct diag *reterr) MUST_USE;
struct room_scope_due {
    int64_t id, created_ns, from_ns, to_ns;
    struct str question;
};
/* The oldest that has not ended, texts into the arena. 1: there is one. */
int room_scope_due(struct room *r, struct arena *a, struct room_scope_due *ret, struct diag *reterr) MUST_USE;
/* result: of app/search/scoping.h; json is it as text and kept whole. */
int room_scope_end(struct room *r, const struct room_actor *by, int64_t id, const struct json_value *result, struct str json, struct diag *reterr) MUST_USE;
bool room_scope_is_of(struct room *r, int64_t id, int64_t *ret_incident); /* whose it is; false: nobody's */
int room_scope_is_running(struct room *r, int64_t id, struct diag *reterr) MUST_USE; /* 1, 0, -ENOENT */
/* "runs":[…] of a case without their lists, the newest first; and one, whole. */
int room_scope_runs_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) MUST_USE;
int room_scope_run_write(struct room *r, int64_t id, struct jsonw *w, struct diag *reterr) MUST_USE;
/* The list's file below DATA/exports; -ENOENT: there is none. */
int room_scope_list(struct room *r, int64_t id, char *name, size_t cap, struct diag *reterr) MUST_USE;
/* Values of the case's findings, the commonest first, as {"source":[…],"account":[…],"service":[…],"host":[…]}, and its first and last trace. */
int room_scope_offers_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) MUST_USE;

/* ---- files people add ---- */
/* A new one, or another text for the one of that name. */
int room_scope_file_put(struct room *r, const struct room_actor *by, const struct scope_spec *spec, int64_t *ret_id, struct diag *reterr) MUST_USE;
int room_scope_file_end(struct room *r, const struct room_actor *by, int64_t id, struct diag *reterr) MUST_USE;
/* Those in use behind the shipped ones, in the arena. What cannot be read any more is left out. */
int room_scope_specs(struct room *r, struct arena *a, const struct scope_spec *shipped, size_t n, const struct scope_spec **ret, size_t *ret_n,
                     struct diag *reterr) MUST_USE;
