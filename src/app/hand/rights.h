/* What kizuki-hand and its nft runner may still do after their set-up. */
#pragma once
#include "base/err.h"

#include <stdbool.h>

struct rights {
    const char *folder; /* DATA/hand: the only place the hand reads and writes */
    const char *nft;    /* the only program the runner executes */
    int close_fds[4];   /* the runner's copies of what is not its business; -1 = none */
};

bool rights_net_admin(void); /* is CAP_NET_ADMIN there to be kept? */
/* The process that reads the room's bytes: no capability, no new sockets, no programs. */
int rights_drop_hand(const struct rights *r, struct diag *reterr) MUST_USE;
/* The runner: CAP_NET_ADMIN alone, handed on to nft; no file is written. Called in the child. */
int rights_drop_runner(void *rights, struct diag *reterr) MUST_USE;
/* The runner of a driver of lasting acts: the programs and paths of its template, its own user, the capabilities the
 * template names. ctx: struct rights_deeds *. Called in the child. */
struct deed_driver;
struct rights_deeds {
    struct deed_driver *driver; /* paths are expanded in its arena */
    int close_fd; /* the socket of orders; the lock stays, so that the next hand waits for what has begun */
};
int rights_drop_deeds(void *rights, struct diag *reterr) MUST_USE;
