/* Paths of requests against patterns of routes: "/api/v1/incidents/{id}/timeline". {id} takes a
 * positive number, {name} takes 1 to 128 bytes of letters, digits, '-', '_' and '.'. Nothing else
 * is decoded. */
#pragma once
#include "base/str.h"

struct path_args {
    int64_t id;      /* of {id}, 0 = none */
    struct str name; /* of {name} */
};
/* Whether a tag stands in an If-None-Match, weak ones too (RFC 9110 13.1.2); "*" is any. etag: with its quotes. */
bool etag_listed(struct str if_none_match, const char *etag);
bool path_match(const char *pattern, struct str path, struct path_args *ret);
