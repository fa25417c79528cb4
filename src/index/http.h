/* HTTP/1.1 as the index speaks it: one request or answer a connection, in one buffer. Used by both ends.
 *
 * Bytes come from another program; whatever is larger than its maximum, or not this small part of the protocol, is
 * -ERR_PARSE. Header fields nobody here needs are passed over. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

struct http_head {
    struct str target; /* request: /?query=… */
    int status;        /* answer: 200 */
    bool post, chunked, has_length;
    uint64_t length;
    struct str user, key, database; /* X-ClickHouse-User, -Key, -Database; empty: none */
    size_t bytes;                   /* of the head itself */
};
/* 1: whole; 0: more bytes are needed; -ERR_PARSE. Slices are of `in`. */
int http_head_parse(struct str in, bool answer, struct http_head *ret) MUST_USE;
/* What follows the head, appended to `body` when it is whole. 1: whole; 0: more bytes are needed; -ERR_PARSE, and
 * what body's maximum says. closed: nothing follows `in`, which ends an answer without a length. */
int http_body(struct str in, const struct http_head *head, bool closed, struct buf *body) MUST_USE;
/* The value of `name` in a target's query, its escapes resolved. 1: there; 0: not; -ERR_PARSE. */
int http_parameter(struct str target, const char *name, struct buf *ret) MUST_USE;
void http_add_escaped(struct buf *out, struct str s);
