/* Questions people ask about a case, and what the desk answers.
 *
 *   asked (a caller's, without an answer) ──somebody answers──> draft ──published, or approved by who may──> current ──> ended
 *                                                                 ^──── what it followed was taken back ────────┘
 *
 * Drafts become current in the transaction in which a version is published (publication.h): the desk has them at that moment. In between
 * whoever may decide to publish approves one by itself. An answer is changed by another draft that takes its place when it is current.
 * Nothing that is not to be told, or not confirmed, stands in a draft (statement_leak). Every caller is counted by kind as a report of
 * people (person_report.h), with the case and without a finding. */
#pragma once
#include "room/statement.h"

#define ANSWERS_MAX 300 /* of one case */
#define ANSWER_BYTES_MAX 4000

struct room_answer_new {
    int64_t incident, replaces; /* replaces: a current one, or one that was asked; 0: none */
    struct str kind;            /* of content/reports/form.yml */
    struct fact_words question, answer;
};
/* A draft; where it replaces what was asked, that row becomes it. -EINVAL "words" and *ret_leak. Own transaction, as below. */
int room_answer_put(struct room *r, const struct room_actor *by, const struct room_answer_new *x, int64_t *ret_id, const struct fact_spec **ret_leak,
                    struct diag *reterr) MUST_USE;
/* Approved by itself: who may decide to publish. 1: the first of two. */
int room_answer_approve(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct fact_spec **ret_leak, struct diag *reterr) MUST_USE;
int room_answer_end(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct diag *reterr) MUST_USE;

/* In the transaction of a publication: drafts become current; those that followed one are drafts again. */
int room_answers_follow(struct room *r, const struct room_actor *by, int64_t incident, int64_t publication, struct diag *reterr) MUST_USE;
int room_answers_hold(struct room *r, int64_t incident, int64_t publication, struct diag *reterr) MUST_USE;

struct room_caller {
    int64_t publication; /* whose case it is about */
    int64_t answer;      /* that was given; 0: there was none */
    struct str kind, question, caller; /* question: of one without an answer */
};
/* -ENOENT: the desk has no such publication or answer. */
int room_caller_count(struct room *r, const struct room_actor *by, const struct room_caller *x, struct diag *reterr) MUST_USE;

/* {"answers":[…],"callers":[{"kind","n"}]} of a case. */
int room_answers_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) MUST_USE;
/* {"cases":[{"publication","published","says","next","answers":[…]}]}: what the desk says now, of open cases. */
int room_desk_write(struct room *r, struct jsonw *w, struct diag *reterr) MUST_USE;
