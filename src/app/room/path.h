/* Paths of requests against patterns of routes: "/api/v1/incidents/{id}/timeline". {id} takes a
 * positive number, {name} takes 1 to 128 bytes of letters, digits, '-', '_' and '.'. Nothing else
 * is decoded. */
#pragma once
#include "base/str.h"

struct path_args {
    int64_t id;      /* of {id}, 0 = none */
    struct str name; /* of {name} */
};
bool path_match(const char *pattern, struct str path, struct path_args *ret);
