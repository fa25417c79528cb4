/* Which columns the lines of a file have, as its own `#Fields:` line says (W3C extended logs: IIS and its kin). A line has to be the
 * same event wherever it is cut out of its file, so its record carries the answer: raw_record.peer, which is otherwise a transport's
 * address, is then '#' and a letter for each column. What has no letter is '?', and nobody's.
 *
 * It does not say what a column means: that is the decoder's. */
#pragma once
#include "base/limits.h"
#include "base/str.h"

struct columns {
    char code[RAW_PEER_BYTES_MAX];
    uint8_t n; /* 0: no line has said */
};
/* Each line of a file in order. True: it was a `#Fields:` line. Too many columns: as if none had said. */
bool columns_follow(struct columns *c, struct str line);
static inline struct str columns_of(const struct columns *c) {
    return str_n(c->code, c->n);
}
/* Of a record's peer: the name of column i, empty when it is nobody's; columns_count 0: the peer is an address. */
size_t columns_count(struct str peer);
struct str columns_name(struct str peer, size_t i);
