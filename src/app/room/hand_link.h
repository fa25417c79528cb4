/* The line to the hand: signed notes go out, answers come in. Tried again every second while it is
 * away. */
#pragma once
#include "app/room/peer.h"

struct program;
struct hand_link {
    struct peer peer;
    char path[108];
    int64_t retry_ns; /* monotonic */
    bool said_away;
};
int hand_link_init(struct hand_link *l, const char *data, struct diag *reterr) MUST_USE;
void hand_link_done(struct hand_link *l);
struct pollfd hand_link_poll(const struct hand_link *l);
void hand_link_serve(struct program *p, const struct pollfd *pfd);
void hand_link_send(struct program *p);
/* Connects when it is time, and sends what waits. */
void hand_link_tick(struct program *p);
