/* Files kept as bytes: photos, disk images' lists and logs of things in custody, and the papers that came back for what was submitted.
 *
 * One mechanism: a row names what it belongs to, what the file was called, how many bytes it had and their SHA-256, summed while they arrived.
 * The row stands in the chain, so the sum cannot be changed later; the bytes lie in a folder of their own under that sum, and whoever gives
 * them out sums them again (app). Rows are never changed and never taken away: what was wrongly attached is said in words. */
#pragma once
#include "room/may.h"

#define ATTACHMENT_DIGEST_CAP 65
#define ATTACHMENT_NAME_MAX 200

struct room_attachment {
    int64_t id, incident, of_id;
    char of[12]; /* item, submission, target */
    char digest[ATTACHMENT_DIGEST_CAP];
    char name[ATTACHMENT_NAME_MAX + 1];
    int64_t bytes;
};
/* To a thing in custody (`item`, a case_row), a submission, or what somebody on site was told to do (`target` of a campaign). -EINVAL: what it belongs
 * to takes no files. In the caller's transaction, or one of its own; the timeline says so. */
int room_attachment_add(struct room *r, const struct room_actor *by, enum room_object of, int64_t of_id, struct str name, int64_t bytes, struct str digest,
                        int64_t *ret_id, struct diag *reterr) MUST_USE;
enum room_object room_attachment_object(const struct room_attachment *x); /* who may read this may read it */
int room_attachment_find(struct room *r, int64_t id, struct room_attachment *ret, struct diag *reterr) MUST_USE; /* -ENOENT */
/* "files":[{"id","of","of_id","name","bytes","digest","at","by"}], of kinds `who` may read. One query. */
int room_attachments_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) MUST_USE;
/* What leaves with the evidence of a case: {"rows":[…],"files":[…]}: every thing with its chain of hands. */
int room_custody_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) MUST_USE;
