/* Accounts of an incident. */
#pragma once
#include "room/finding_in.h"
#include "room/room.h"

struct room_count {
    int64_t n;
    bool at_least; /* more may exist than was kept */
};
/* Calls f for every page of every account, account by account (at most 200 of them). */
typedef void room_page_fn(void *ctx, int64_t account, struct str service, struct str path);
int room_accounts_pages(struct room *r, int64_t incident, room_page_fn *f, void *ctx,
                        struct diag *reterr) MUST_USE;
void room_count_write(struct jsonw *w, const char *member, const struct room_count *c);
struct room_words;
/* Two members: the words in the operator's first language, and in each. */
void room_words_write(struct jsonw *w, const char *one, const char *both,
                      const struct room_words *words);
/* {"accounts":[…],"tried":…} */
int room_accounts_write(struct room *r, int64_t incident, struct jsonw *w,
                        struct diag *reterr) MUST_USE;
