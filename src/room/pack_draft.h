/* A lesson made of a case, on its way out: what was made, who agreed to it, whether it left.
 *
 * The room keeps the draft as the text the application made (doc) and knows nothing of what stands in it. A draft is approved for exactly one
 * digest of what would leave: whoever changes a pseudonym or a word afterwards takes the approval away. Nothing leaves without it; what was
 * refused stands in the chain. Also here: what of a case and of the registers would tell whose it was. */
#pragma once
#include "room/room.h"

#define PACK_DRAFT_BYTES_MAX ((size_t) 8 << 20)

struct room_pack_draft { /* in the arena */
    int64_t id, incident, version;
    struct str pack, doc, digest, provider, agreed_by, agreed_how, approved_by;
    int64_t approved_ns, left_ns; /* TIME_NONE: not */
};
/* The newest of a case: 1, or 0. */
int room_pack_draft_get(struct room *r, struct arena *a, int64_t incident, struct room_pack_draft *ret, struct diag *reterr) MUST_USE;
/* A new one (x->id 0), or other words in one, which takes an approval back. -EBUSY: the case is not closed. */
int room_pack_draft_put(struct room *r, const struct room_actor *by, const struct room_pack_draft *x, int64_t *ret_id, struct diag *reterr) MUST_USE;
/* provider, agreed_by and agreed_how: whose it was, who said yes, and how that is known. */
int room_pack_draft_approve(struct room *r, const struct room_actor *by, const struct room_pack_draft *x, struct diag *reterr) MUST_USE;
/* It leaves: recorded. Without an approval of this digest -ERR_REFUSED, and that is recorded, too. */
int room_pack_draft_leave(struct room *r, const struct room_actor *by, const struct room_pack_draft *x, struct str digest, struct diag *reterr) MUST_USE;
/* x's columns, without doc */
void room_pack_draft_write(struct room *r, const struct room_pack_draft *x, struct jsonw *w);

/* What would tell whose case it was. kind: "organisation", "person", "service", "system", "host", "address", "account", "mail", "phone", "number";
 * role: of a person, "handler"; of a service's names, the service. all: of every register and every finding; otherwise what a text of the case would name. */
typedef int room_secret_fn(void *ctx, const char *kind, struct str text, struct str role);
int room_case_secrets(struct room *r, int64_t incident, bool all, room_secret_fn *tell, void *ctx, struct diag *reterr) MUST_USE;
/* What a lesson is made of: times, what noticed it and when, services with their tries, numbers, sources, entries of the timeline, what was done.
 * Times are nanoseconds since 1970. {"number",…} */
int room_case_lesson_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) MUST_USE;
/* Closed cases of a span: kind, level, numbers and the facts a quarter's sheet is made of; no name of anybody. {"cases":[…]} */
int room_quarter_write(struct room *r, int64_t from_ns, int64_t to_ns, const struct room_actor *who, struct jsonw *w, struct diag *reterr) MUST_USE;
