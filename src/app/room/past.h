/* Hunts over what is kept, one after the other: asks kizuki-search once a second how far the present one is, begins the next,
 * ends what has ended; and begins one for each import of indicators that has not been looked for yet. Nothing is lost when
 * the searcher or the room dies: the row says what is wanted, the searcher keeps how far it is (app/search/past.h). */
#pragma once
#include "base/buf.h"

#include <stdint.h>

struct program;
/* What runs one after the other, and beside the other kind. */
enum past_kind { PAST_HUNT, PAST_SCOPE, PAST_KIND_MAX_ };
struct past_lane {
    struct program *p;
    enum past_kind kind;
    int64_t id;   /* the present one; 0: none */
    char key[64]; /* its name at the searcher */
    bool asked;
    int64_t next_ns;
    struct buf last; /* what the searcher said of it last: an object */
};
struct past_hunts {
    struct past_lane lanes[PAST_KIND_MAX_];
    bool asked_imports;
    int64_t imports_ns;
};
void past_init(struct program *p);
void past_done(struct past_hunts *h);
void past_tick(struct program *p);
/* It was ended by a person; the searcher is told to leave it. */
void past_stopped(struct program *p, enum past_kind kind, int64_t id);
/* Somebody began or stopped one: looks at once. */
void past_wake(struct program *p);
