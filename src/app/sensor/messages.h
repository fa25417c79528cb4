/* What the sensor tells the room beside findings, and how it answers questions. */
#pragma once
#include "app/engine/registry.h"
#include "app/sensor/pump.h"

struct messages {
    struct pump *pump;
    struct registry *registry;
    struct roomlink *link;
    const struct intake_live *live; /* NULL in a replay */
    struct ledger_page page;        /* of the sources that is told next: one at each status */
    /* An order about rules; ctx: order_ctx. */
    int (*order)(void *ctx, const struct json_value *q, struct diag *err);
    /* What takes long (trial.h); writes the result. */
    void (*trial)(void *ctx, const struct json_value *q, struct jsonw *w);
    /* A question that is answered later, by messages_answer; false: it is none of these. */
    bool (*later)(void *ctx, struct str type, int64_t id, const struct json_value *q);
    void *order_ctx;
    bool replay;                    /* the room follows our clock */
};
void messages_hello(struct messages *m);  /* hello, rules, sources */
void messages_rules(struct messages *m); /* the rules are others */
void messages_status(struct messages *m); /* sources and stats */
void messages_clock(struct messages *m);
void messages_asked(void *ctx, struct str type, const struct json_value *question);
/* result: one JSON value. */
void messages_answer(struct messages *m, const char *type, int64_t id, const struct buf *result);
/* What kind of refusal a code is, for pages that say it in the reader's language; the sentence itself is English. */
const char *messages_code(int code);
