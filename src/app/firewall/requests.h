/* Changes that were announced: DATA/change/announced, written by the room out of its register (app/room/changes.h).
 * One line a request and filter: "FROM_S UNTIL_S\tFILTER\tNAME", `*` for every filter. Whoever can write there can at most make an
 * opening look announced; it is told all the same. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct request {
    int64_t from_s, until_s; /* both included */
    struct str filter, name;
};
struct requests {
    struct request *at;
    size_t n;
};
/* A file that is not there has none. Lines that are none are passed over. */
int requests_read(struct arena *a, const char *path, struct requests *ret, struct diag *reterr) MUST_USE;
int requests_parse(struct arena *a, struct str text, struct requests *ret) MUST_USE;
/* The one whose window holds now; NULL: none. */
const struct request *requests_find(const struct requests *r, struct str filter, int64_t now_ns);
