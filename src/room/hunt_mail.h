/* What is asked of the logs as soon as a mail was reported: who else got it, who spoke to where its links lead, on which machines its
 * attachments were seen, what came from the addresses it says it came by.
 *
 * A hunt of several questions (app/search/past.h), in two steps: mail servers log a mail in several lines that only a number of theirs
 * joins (sender and Message-ID in one, each recipient in another), so the second step asks for the lines of the numbers the first one
 * found. Values are quoted as they are written by hostile people; what cannot be quoted is left out. A hunt belongs to the
 * case its mail is on. */
#pragma once
#include "room/hunt.h"

/* Begins the first step; mail: the parts of the suspicious mail (mail_write), reporter: whose domain is ours. 0 also when the mail has
 * nothing to look for. In the caller's transaction. */
int room_hunt_mail_begin(struct room *r, int64_t report, struct str reporter, const struct json_value *mail, struct diag *reterr) MUST_USE;
/* A hunt ended: of a mail's first step the second is begun. In the caller's transaction. */
int room_hunt_mail_ended(struct room *r, int64_t hunt, const struct json_value *result, struct diag *reterr) MUST_USE;
/* "hunts":[{"id","step","state","asked"}…] of a report. */
int room_hunt_mail_write(struct room *r, int64_t report, struct jsonw *w, struct diag *reterr) MUST_USE;
