/* Lists others fetch: what is blocked now, as a firewall, proxy or web server reads it (content/lists).
 *
 * Who fetches is a consumer: a name, a format and a token that is shown once and kept as its SHA-256. A list holds the addresses that
 * the hand has confirmed as blocked, no proposal and no dry run, until the time each ends; so taking a block back takes it from
 * every list at the next fetch. What a consumer fetched last, when and from where is kept: a list nobody comes for is said, because
 * then nothing is blocked there. Not here: whether the consumer does anything with it. */
#pragma once
#include "base/arena.h"
#include "room/policy.h"
#include "room/room.h"

#define ROOM_LIST_FORMATS_MAX 32
#define ROOM_CONSUMERS_MAX 200
#define ROOM_LIST_NAME_MAX 40
#define ROOM_LIST_EVERY_DEFAULT_S 300

struct room_list_format {
    struct str id, source, proven, head, before, after; /* of a line: what stands around the value */
    struct room_words title, how; /* how: {{url}} and {{name}} stand for the consumer's */
    int64_t most;                  /* entries the taker can hold */
};
struct room_lists {
    struct room_list_format formats[ROOM_LIST_FORMATS_MAX];
    size_t n;
};
/* The files of a folder; texts in the arena. -ERR_PARSE with file, line and remedy. */
int room_lists_load(struct arena *a, const char *folder, struct room_lists *ret, struct diag *reterr) MUST_USE;

/* A name of letters, digits, '-', '_', '.'; every_s: how often it means to come (60 to 86,400). -EEXIST, -EINVAL with what is wrong. */
struct room_consumer_new {
    struct str name, format;
    int64_t every_s;
};
int room_consumer_add(struct room *r, const struct room_actor *by, const struct room_lists *x, const struct room_consumer_new *c, int64_t *ret_id,
                      char ret_token[65], struct diag *reterr) MUST_USE;
int room_consumer_end(struct room *r, const struct room_actor *by, int64_t id, struct diag *reterr) MUST_USE;

struct room_list_answer {
    char etag[68]; /* quoted, RFC 9110 8.8.3 */
    int64_t n, left_out;
};
/* What the consumer gets. -EACCES: no such name, or another token (alike, so that names cannot be guessed). */
int room_list_fetch(struct room *r, const struct room_lists *x, struct str name, struct str token, const char *from, struct buf *out,
                    struct room_list_answer *ret, struct diag *reterr) MUST_USE;
/* {"formats":[…],"consumers":[…],"n":entries now}. */
int room_lists_write(struct room *r, const struct room_lists *x, struct jsonw *w, struct diag *reterr) MUST_USE;
