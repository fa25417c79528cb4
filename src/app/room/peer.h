/* A stream socket that speaks frames: what arrived, what waits to be sent. Not blocking, bounded
 * both ways. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

#include <poll.h>

struct peer {
    int fd; /* -1: none */
    struct buf in, out;
};
void peer_init(struct peer *p);
void peer_open(struct peer *p, int fd); /* takes it, makes it not block */
void peer_close(struct peer *p);
/* Connects to a Unix socket (path: as long as sun_path, NUL included). 0, or negative with nothing open. */
int peer_connect(struct peer *p, const char path[static 108]) MUST_USE;
/* What to poll for; fd -1 when there is none. */
struct pollfd peer_poll(const struct peer *p);
/* Reads what is there. 1 = something, 0 = nothing, negative = gone. */
int peer_read(struct peer *p) MUST_USE;
/* Sends what can be sent; negative = gone. */
int peer_flush(struct peer *p) MUST_USE;
/* Queues a frame; -ERR_LIMIT when the peer does not read. */
int peer_say(struct peer *p, struct str message) MUST_USE;
