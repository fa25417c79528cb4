/* The line to the door: messages that are due go out, what became of each comes in. Tried again every second while it is away. */
#pragma once
#include "app/room/peer.h"
#include "base/json.h"

struct program;
struct door_link {
    struct peer peer;
    char path[108], pages[320]; /* pages: "https://host:port" of links */
    int64_t retry_ns;           /* monotonic */
    bool said_away;
    struct buf ways; /* what the door told of its ways last, as JSON; empty: nothing yet */
};
int door_link_init(struct program *p, struct diag *reterr) MUST_USE;
void door_link_done(struct door_link *l);
struct pollfd door_link_poll(const struct door_link *l);
void door_link_serve(struct program *p, const struct pollfd *pfd);
/* Connects when it is time, sends what is due, asks what ways there are. */
void door_link_tick(struct program *p);
/* "ways": …, "problem": …, "door": is it there? The members of an object the caller began. */
void door_link_write(const struct door_link *l, struct jsonw *w);
