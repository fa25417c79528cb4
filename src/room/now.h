/* The first page: what needs a decision, what does not arrive, what changed. */
#pragma once
#include "room/room.h"

int room_now_write(struct room *r, const struct room_actor *who, int64_t last_look_ns,
                   struct jsonw *w, struct diag *reterr) MUST_USE;
