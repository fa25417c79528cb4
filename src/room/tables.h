/* What the door and the check of the chain know of each table. */
#pragma once
#include "room/may.h"

struct room_table {
    const char *name;
    /* One text of one column: the whole row as a JSON array, parts included, in this fixed order.
     * Its SHA-256 stands in the chain. Every column of the table occurs in it; a test holds that.
     */
    const char *canonical;
    /* version, tlp, info_class, owner, updated_by, updated_at, incident id or NULL; ?1 is the id */
    const char *head;
    const char *stamp_new; /* ?1 id, ?2 by, ?3 now, ?4 tlp, ?5 owner */
    const char *stamp;     /* ?1 id, ?2 by, ?3 now */
    const char *ids;       /* all ids, ascending */
    enum room_class info_class;
};
/* NULL for objects that are no table. */
const struct room_table *room_table_of(enum room_object o);
