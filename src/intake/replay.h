/* The replay transport: the lines of a story arrive with the story's own times.
 *
 * A player (kizuki pack play) writes messages into a pipe; here they become records whose arrival
 * is the time the player gives, so everything behind intake runs as ever and the same story gives
 * the same spool. Only data folders made for a replay are fed this way; the sensor then reads
 * nothing else.
 *
 * Message, integers little-endian:
 *   0 4  n, bytes that follow (13 … 13 + LINE_BYTES_MAX)
 *   4 8  time, ns since 1970
 *  12 4  source, the player's index
 *  16 1  kind: 0 a line, 1 a clock tick, 2 the end
 *  17    the line's bytes
 */
#pragma once
#include "base/buf.h"
#include "event/port.h"

enum { REPLAY_HEAD_BYTES = 17 };
enum replay_kind { REPLAY_KIND_LINE, REPLAY_KIND_TICK, REPLAY_KIND_END, REPLAY_KIND_MAX_ };

struct replay_message {
    int64_t at_ns;
    uint32_t source;
    enum replay_kind kind;
    struct str line;
};
void replay_message_add(struct buf *out, const struct replay_message *m);
/* 1: *ret is filled (slice of in) and *at moved on; 0: more bytes needed; -ERR_PARSE: no message.
 */
int replay_message_next(struct str in, size_t *at, struct replay_message *ret);
