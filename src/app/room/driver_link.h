/* The lines to the drivers of lasting acts: one for each file of DATA/hand/drivers. */
#pragma once
#include "app/room/peer.h"
#include "room/deed.h"

struct program;
struct driver_link {
    struct peer peer;
    char path[108], name[64]; /* name empty: free */
    int64_t retry_ns;         /* monotonic */
};
struct driver_links {
    struct driver_link row[ROOM_DRIVERS_MAX];
};
int driver_links_init(struct driver_links *l, const char *data, struct diag *reterr) MUST_USE;
void driver_links_done(struct driver_links *l);
void driver_links_poll(const struct driver_links *l, struct pollfd pfd[static ROOM_DRIVERS_MAX]);
void driver_links_serve(struct program *p, const struct pollfd pfd[static ROOM_DRIVERS_MAX]);
void driver_links_send(struct program *p);
void driver_links_tick(struct program *p);
