/* Hunts over what is kept, one after the other: asks kizuki-search once a second how far the present one is, begins the next,
 * ends what has ended; and begins one for each import of indicators that has not been looked for yet. Nothing is lost when
 * the searcher or the room dies: the row says what is wanted, the searcher keeps how far it is (app/search/past.h). */
#pragma once
#include "base/buf.h"

#include <stdint.h>

struct program;
struct past_hunts {
    int64_t id;      /* the present one; 0: none */
    char key[64];    /* its name at the searcher */
    bool asked, asked_imports;
    int64_t next_ns, imports_ns;
    struct buf last; /* what the searcher said of it last: an object */
};
void past_init(struct past_hunts *h);
void past_done(struct past_hunts *h);
void past_tick(struct program *p);
/* The hunt was ended by a person; the searcher is told to leave it. */
void past_stopped(struct program *p, int64_t id);
/* Somebody began or stopped one: looks at once. */
void past_wake(struct program *p);
