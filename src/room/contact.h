/* Who said what of a case to whom outside: explanations to customers, partners and ministries with what was promised to follow, and enquiries
 * of the press and on social networks with the answer and who approved it. A row each; kinds are words of the page that writes them.
 *
 * It is a record of what was said, so nothing is refused in it; where it tells a fact that is not to be told, the page says so. A promise with
 * a time is one (promise.h) until somebody writes that it is kept. */
#pragma once
#include "room/statement.h"

#define CONTACT_FIELD_BYTES_MAX 4000
struct room_contact {
    struct str kind;                 /* a name of contacts in content/cases/rules.yml */
    struct str outlet, person;       /* the organisation, medium or account; whom there */
    struct str how, by;              /* by telephone, visit, post; who spoke for us */
    struct str asked, said, material; /* what they wanted to know; what was said; which report or paper they got */
    struct str approved;             /* who approved it, or the line it follows */
    struct str promised;             /* what was promised to follow */
    int64_t at_ns, due_ns;           /* due_ns TIME_NONE: nothing by a time */
};
/* -EINVAL names what is missing or unknown. Own transaction, as below. */
int room_contact_add(struct room *r, const struct room_actor *by, int64_t incident, const struct room_contact *x, int64_t *ret_id, struct diag *reterr) MUST_USE;
/* Members with .p NULL stay. kept: what was promised was done. */
int room_contact_change(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_contact *x, bool kept, struct diag *reterr) MUST_USE;
/* {"contacts":[…]}, the newest first. */
int room_contacts_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) MUST_USE;
