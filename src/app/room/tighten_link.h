/* Tells the sensor what is watched more closely: the whole list, when it connects and whenever it changed, until it says that it has it. It keeps the
 * list, and knows the ends; so nothing here has to happen in time. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct program;
struct tighten_link {
    uint64_t told, asking; /* states (room/tightening.h) */
    bool known, waits;     /* known: the sensor of this connection has `told` */
    int64_t next_ns;       /* not asked again before */
    char why[200];         /* why the sensor did not take it; empty: it did, or has not answered */
};
void tighten_link_tick(struct program *p);
struct jsonw;
void tighten_link_write(const struct program *p, struct jsonw *w); /* "sensor":{knows, why, rules} */
