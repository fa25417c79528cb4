/* How far an incident reaches. */
#pragma once
#include "room/account.h"

int room_count_stolen(struct room *r, int64_t incident, struct room_count *ret,
                      struct diag *reterr) MUST_USE;
int room_count_tries(struct room *r, int64_t incident, struct room_count *ret,
                     struct diag *reterr) MUST_USE;
/* The whole scope object. */
int room_scope_write(struct room *r, int64_t incident, struct jsonw *w,
                     struct diag *reterr) MUST_USE;
