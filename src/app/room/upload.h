/* A body that is a file: written as it comes to DATA/incoming, where the sensor takes it from, at most
 * so much of it and one at a time, so that nobody fills the disk. What is not handed over is removed.
 * What is kept as it is (UPLOAD_ATTACHED) comes to a folder of its own and is summed on its way. */
#pragma once
#include "app/room/call.h"
#include "app/room/sensor_link.h"

struct upload_kind {
    const char *type;   /* Content-Type */
    const char *ending; /* of its name there */
    size_t bytes_max;
    const char *folder; /* below DATA; NULL: /incoming */
};
extern const struct upload_kind UPLOAD_RULE_SET, UPLOAD_PACK, UPLOAD_TABLE, UPLOAD_INDICATORS, UPLOAD_LATE, UPLOAD_FORM, UPLOAD_ATTACHED;

/* Makes the folder and removes what an earlier room left there. Before the sandbox. */
int upload_start(const char *data, struct diag *reterr) MUST_USE;
/* Once the caller is admitted: 0, or the status of a refusal. */
int upload_begin(struct call *c);
void upload_take(struct call *c, const char *data, size_t n);
/* The last of it came: 0, or a negative error. */
int upload_end(struct call *c) MUST_USE;
/* What has come stays, under the SHA-256 of its bytes, on the disk before this returns; the same bytes twice are there once. ret: 64 digits. */
int upload_keep(struct call *c, char ret_digest[65]) MUST_USE;
/* What the sensor is asked about a file, as members of an object: its place here, the name people know it by (the query's `file`, which has to be there),
 * and words of the query, each at most its bytes. Then the asking, with which the file is the sensor's to remove. Both: 0, or a negative error or the status of a refusal;
 * `members` is done with after upload_ask and after a refusal. */
struct upload_word {
    const char *name;
    size_t bytes_max;
};
int upload_describe(struct call *c, const struct upload_word *words, size_t n, struct buf *members, struct str *ret_file);
int upload_ask(struct call *c, const char *type, struct buf *members, int64_t patience_ns, sensor_answer_fn *fn);
/* The request is through: what was not handed over (upload_given) is removed. */
void upload_forget(struct call *c);
