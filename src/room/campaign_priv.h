/* Between the files of campaigns. */
#pragma once
#include "room/campaign.h"
#include "room/room_priv.h"

struct campaign_row {
    int64_t id, incident, version, round, due_ns;
    struct str title, text; /* in the arena */
    char state[8];
    const struct campaign_kind *kind; /* NULL: its file is gone */
};
int campaign_load(struct room *r, int64_t id, struct arena *a, struct campaign_row *ret, struct diag *err) MUST_USE;
/* One more round: those for whom something is open are told, and who stands above them. In the caller's transaction. */
int campaign_tell(struct room *r, const struct campaign_row *c, int64_t round, struct diag *err) MUST_USE;
/* An entry of the case's timeline with the campaign's titles, its size and one more number; without a case nothing. */
int campaign_note(struct room *r, const struct room_actor *by, const struct campaign_row *c, const char *key, const char *kind, int64_t number,
                  struct diag *err) MUST_USE;
struct campaign_count {
    int64_t targets, done, n, done_n; /* n: with what each stands for */
};
int campaign_count(struct room *r, int64_t id, struct campaign_count *ret, struct diag *err) MUST_USE;
