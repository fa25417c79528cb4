/* The connections of the room: who may, what arrives, what waits to be sent. */
#pragma once
#include "base/buf.h"
#include "base/limits.h"

#include <poll.h>
#include <sys/types.h>

struct peer {
    int fd; /* -1: free */
    unsigned uid;
    int pid;
    struct buf in, out;
    bool proven; /* a note of the room's came from it: it may hear what is said to everybody */
    bool ending;
};
struct peers {
    int listen_fd;
    const uid_t *uids; /* who may connect */
    size_t n_uids;
    void *hand; /* of one kind or the other, behind these two */
    int (*take)(void *hand, struct str note, void *who); /* 1: the room signed it; 0; -ENOMEM */
    void (*gone)(void *hand, void *who);                 /* NULL: nothing is owed to a peer that left */
    struct peer peer[HAND_CONNECTIONS_MAX];
    struct buf missed; /* frames for everybody while no room was there */
};

void peers_init(struct peers *p, int listen_fd);
void peers_done(struct peers *p);
/* Fills pfd (HAND_CONNECTIONS_MAX + 1 rows). */
size_t peers_poll(struct peers *p, struct pollfd *pfd);
/* Takes what arrived into the hand (not flushed) and sends what can be sent. */
void peers_serve(struct peers *p, const struct pollfd *pfd);
void peers_send(struct peers *p); /* after a flush */
void peers_say(struct peers *p, void *who, struct str message);

/* What a hand of either kind does between two looks at its connections. */
struct peers_loop {
    struct peers *peers;
    int signal_fd;
    int runner_fd;      /* its end only */
    const bool *broken; /* the conversation with the runner is */
    void *ctx;
    int64_t (*wait_ms)(void *ctx);
    void (*flush)(void *ctx); /* after what arrived, before answers are sent; may be NULL */
    bool (*signals)(void *ctx); /* false: time to leave */
    void (*tick)(void *ctx);
};
/* Until it is time to leave: 0. -EPIPE: the runner is gone; or what poll says. */
int peers_run(const struct peers_loop *l);
