/* Inside src/room only: a batch's text, for one recipient after the other. */
#pragma once
#include "room/outgoing.h"
#include "room/room_priv.h"

struct outgoing_text {
    struct arena arena;
    struct outgoing_batch *batch;
};
/* Drafts and what was sent: as the facts are now. Also to be done when it failed. */
int outgoing_text_open(struct room *r, int64_t id, struct outgoing_text *ret, struct diag *err) MUST_USE;
/* name empty: a place for it. In t->arena. */
int outgoing_text_for(struct room *r, struct outgoing_text *t, struct str name, struct statement_text *ret) MUST_USE;
void outgoing_text_done(struct outgoing_text *t);
/* The slip of a recipient's request, the same each time it is sent (outgoing_answer.c). */
int outgoing_slip_make(struct room *r, struct arena *a, int64_t recipient, struct str *ret, struct diag *err) MUST_USE;
