/* Mails people reported, as kizuki-mail took them apart: a row each, the same mail reported by several folded into the first,
 * and an answer by return with the number and what to do. */
#pragma once
#include "room/room.h"

#define ROOM_MAIL_ANSWERS_AN_HOUR 3 /* to one address: two machines that answer each other end here */

/* One report ({"key","same","answer","mail":…}, app/mail/main.c); json: its text. Taken before: nothing happens. An answer to a
 * mail of ours acknowledges it, a machine's report of one marks it as bounced, and neither is a report. way: by which answers go; empty:
 * none do. -ERR_PARSE for what is no report. Own transactions. */
int room_mail_take(struct room *r, const struct json_value *report, struct str json, struct str way, struct diag *reterr) MUST_USE;
/* Puts the report on a case: the row is linked, the case's timeline says so; both as `by`, who is asked for both. *incident 0: a case
 * is opened, and told. -EBUSY: the case is closed; -EINVAL: the report was folded into another. Own transaction. */
int room_mail_attach(struct room *r, const struct room_actor *by, int64_t id, int64_t version, int64_t *incident, struct diag *reterr) MUST_USE;
/* {"reports":[…]}, those `who` may read, the newest first; those folded into another are counted there. */
int room_mails_write(struct room *r, const struct room_actor *who, struct jsonw *w, struct diag *reterr) MUST_USE;
/* One with its parts; -ENOENT. */
int room_mail_write(struct room *r, int64_t id, struct jsonw *w, struct diag *reterr) MUST_USE;
