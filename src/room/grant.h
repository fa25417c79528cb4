/* Roles a person holds only below an organisation or only in one case, and the organisations that share a case.
 *
 * A grant of a case names the person: of a need-to-know case nobody else learns, administrators included. Organisations are rows of
 * the register `organisations`; a grant at one holds for the cases shared with it and with all below it. */
#pragma once
#include "room/may.h"

#define ROOM_ROLES_CAP 160 /* all of a person's, by spaces */

unsigned room_roles_from_string(struct str s); /* unknown words are nothing */
enum room_role room_roles_first(unsigned roles);
const char *room_roles_to_string(unsigned roles, char dst[ROOM_ROLES_CAP]);
/* "roles":[…],"grants":[{…}] */
void room_roles_write(const struct room_actor *a, struct jsonw *w);
/* Leaves those out whose case `who` may not see. */
int room_grants_show(struct room *r, const struct room_actor *who, struct room_actor *a, struct diag *reterr) MUST_USE;
int room_grants_load(struct room *r, struct room_actor *a, struct diag *reterr) MUST_USE;
/* For room_row_load. */
int room_row_parties(struct room *r, struct room_row *row, struct diag *reterr) MUST_USE;
int room_row_lane(struct room *r, struct room_row *row, struct diag *reterr) MUST_USE;

/* g->organisation or g->incident, not both. -EINVAL names what does not fit: a role that cannot be given so, a lane that is none, an
 * organisation or person that is not there. */
int room_grant_add(struct room *r, const struct room_actor *by, int64_t person, const struct room_grant *g, int64_t *ret_id,
                   struct diag *reterr) MUST_USE;
int room_grant_end(struct room *r, const struct room_actor *by, int64_t id, struct diag *reterr) MUST_USE;
/* until_ns 0: until it is ended. */
int room_party_add(struct room *r, const struct room_actor *by, int64_t incident, int64_t organisation, int64_t until_ns, int64_t *ret_id,
                   struct diag *reterr) MUST_USE;
int room_party_end(struct room *r, const struct room_actor *by, int64_t id, struct diag *reterr) MUST_USE;
