/* Between deed.c, deed_link.c and deed_view.c. */
#pragma once
#include "room/authority.h"
#include "room/deed.h"
#include "room/incident_priv.h"

/* What the room knows of a kind beside its driver; a kind that is not listed is as good, with the driver's title. */
struct room_deed_kind {
    const char *name, *ja, *en;
    enum duty_kind decision; /* of the table of authority */
    bool gate; /* destroys or hides traces: what is kept before is asked for */
    bool care; /* persons stand behind each row: told, identified, reopened */
    enum deed_at { DEED_AT_NOTHING, DEED_AT_SERVICE, DEED_AT_ACCOUNTS, DEED_AT_HOSTS, DEED_AT_SOURCES, DEED_AT_SENDERS, DEED_AT_THE_ONE } aim; /* of a step (deed_aim.c) */
    int64_t minutes; /* of a step; what has such a span holds the attack, and counts as containment */
};
const struct room_deed_kind *room_deed_kind(struct str name); /* never NULL */

struct room_deed {
    int64_t id, incident, version, minutes;
    bool identified;
    char state[12], kind[64], driver[64], batch[36], target[260];
};
/* What a step that asks for this kind would propose: by which driver, to what, for how long; in the arena. 0; 1 with the reason why it is
 * for a person ("no_driver", "choose_target"). */
int room_deed_aim(struct room *r, int64_t incident, struct str kind, struct arena *a, struct room_deed_new *ret, const char **ret_means,
                  struct diag *reterr) MUST_USE;
/* Begins the count of whom it would touch, where there is one for the kind; in the caller's transaction. */
int room_deed_measure(struct room *r, const struct room_deed_new *x, int64_t deed, struct diag *reterr) MUST_USE;
/* {"measured":…,"units":[…],"services":[…]} of a batch, by its first row. */
int room_deed_radius_write(struct room *r, int64_t deed, int64_t incident, struct str kind, struct str batch, struct jsonw *w, struct diag *reterr) MUST_USE;
int room_deed_kept_before(struct room *r, int64_t incident, struct arena *a, struct str *ret, struct diag *reterr) MUST_USE;
/* Approved by what the operator decided beforehand, in the caller's transaction. */
int room_deed_by_policy(struct room *r, int64_t id, struct diag *reterr) MUST_USE;
int room_deed_load(struct room *r, int64_t id, struct room_deed *ret, struct diag *reterr) MUST_USE;
int room_deed_note(struct room *r, const struct room_actor *by, const struct room_deed *d, const char *key,
                   const char *kind, const char *lane, int64_t n, struct str why, struct diag *reterr) MUST_USE;
