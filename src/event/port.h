/* Small vtables through which sibling folders meet; src/app plugs them together, tests plug in fakes. */
#pragma once
#include "event/finding.h"
#include "event/record.h"

/* intake -> spool. put copies the record; nothing is durable until commit returned 0. */
struct record_sink {
    void *ctx;
    int (*put)(void *ctx, const struct raw_record *rec, struct diag *reterr);
    int (*commit)(void *ctx, struct diag *reterr);
};
/* bytes -> event. Never fails for bad bytes (the event says what was wrong); only -ENOMEM. */
struct decoder {
    void *ctx;
    int (*decode)(void *ctx, const struct raw_record *rec, struct event *ev);
};
/* detect -> sensor or hunt */
struct finding_sink {
    void *ctx;
    int (*put)(void *ctx, const struct finding *f);
    bool ends_only; /* wants the last telling of each and no other: they are not even made */
    /* Every match of a rule with `kizuki: tell:`, beside findings; fields are ids. NULL: nobody listens. */
    void (*match)(void *ctx, struct str rule, const struct event *ev, const uint32_t *fields, uint32_t n);
};
/* Time for what must act by itself (timeouts, group commit); detection never sees it. */
struct port_clock {
    void *ctx;
    int64_t (*now_ns)(void *ctx);
};
