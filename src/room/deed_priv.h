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
};
const struct room_deed_kind *room_deed_kind(struct str name); /* never NULL */

struct room_deed {
    int64_t id, incident, version, minutes;
    bool identified;
    char state[12], kind[64], driver[64], batch[36], target[260];
};
int room_deed_load(struct room *r, int64_t id, struct room_deed *ret, struct diag *reterr) MUST_USE;
int room_deed_note(struct room *r, const struct room_actor *by, const struct room_deed *d, const char *key,
                   const char *kind, const char *lane, int64_t n, struct str why, struct diag *reterr) MUST_USE;
