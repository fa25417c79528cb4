/* Accounts of an incident. */
#pragma once
#include "room/finding_in.h"
#include "room/room.h"

struct room_count {
    int64_t n;
    bool at_least; /* more may exist than was kept */
};
/* Distinct values over the incident's findings. Tried accounts, when the kind is ENTITY_ACCOUNT. */
int room_count_values(struct room *r, int64_t incident, enum room_entity kind,
                      struct room_count *ret, struct diag *reterr) MUST_USE;
void room_count_write(struct jsonw *w, const char *member, const struct room_count *c);
struct room_words;
/* Two members: the words in the operator's first language, and in each. */
void room_words_write(struct jsonw *w, const char *one, const char *both,
                      const struct room_words *words);
/* {"accounts":[…],"tried":…} */
int room_accounts_write(struct room *r, int64_t incident, struct jsonw *w,
                        struct diag *reterr) MUST_USE;
