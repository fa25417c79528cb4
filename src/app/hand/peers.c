#include "app/hand/peers.h"

#include "base/frame.h"
#include "base/limits.h"
#include "base/log.h"

#include <sys/socket.h>

enum { READ_BYTES = 65536, MISSED_BYTES_MAX = 1 << 20 };

void peers_init(struct peers *p, int listen_fd) {
    *p = (struct peers){.listen_fd = listen_fd};
    for (size_t i = 0; i < HAND_CONNECTIONS_MAX; i++) {
        p->peer[i].fd = -1;
        buf_init(&p->peer[i].in, FRAME_BYTES_MAX + 4 + READ_BYTES);
        buf_init(&p->peer[i].out, HAND_OUT_BYTES_MAX);
    }
    buf_init(&p->missed, MISSED_BYTES_MAX);
}

static void drop(struct peers *p, struct peer *x) {
    if (x->fd < 0)
        return;
    if (p->gone)
        p->gone(p->hand, x);
    close(x->fd);
    x->fd = -1;
    x->ending = x->proven = false;
    buf_done(&x->in);
    buf_done(&x->out);
}

void peers_done(struct peers *p) {
    for (size_t i = 0; i < HAND_CONNECTIONS_MAX; i++)
        if (p->peer[i].fd >= 0)
            close(p->peer[i].fd);
    for (size_t i = 0; i < HAND_CONNECTIONS_MAX; i++) {
        buf_done(&p->peer[i].in);
        buf_done(&p->peer[i].out);
    }
    buf_done(&p->missed);
    if (p->listen_fd >= 0)
        close(p->listen_fd);
}

static bool may_connect(const struct peers *p, uid_t uid) {
    for (size_t i = 0; i < p->n_uids; i++)
        if (p->uids[i] == uid)
            return true;
    return false;
}

static void accept_one(struct peers *p) {
    struct ucred who;
    socklen_t n = sizeof who;
    struct peer *x = NULL;
    int fd = accept4(p->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) < 0 || !may_connect(p, who.uid)) {
        log_warn("refused a connection of user %u (process %d): only the room may connect",
                 (unsigned) who.uid, (int) who.pid);
        close(fd);
        return;
    }
    for (size_t i = 0; i < HAND_CONNECTIONS_MAX && !x; i++)
        if (p->peer[i].fd < 0)
            x = &p->peer[i];
    if (!x) {
        log_warn("refused a connection: %d are open", HAND_CONNECTIONS_MAX);
        close(fd);
        return;
    }
    x->fd = fd;
    x->uid = who.uid;
    x->pid = who.pid;
}

static void send_some(struct peers *p, struct peer *x) {
    while (x->fd >= 0 && x->out.n) {
        ssize_t n = send(x->fd, x->out.p, x->out.n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            drop(p, x);
            return;
        }
        buf_remove_front(&x->out, (size_t) n);
    }
    if (buf_error(&x->out)) {
        log_warn("closed a connection that does not read its answers");
        drop(p, x);
    }
}

static void prove(struct peers *p, struct peer *x) {
    x->proven = true;
    buf_add(&x->out, buf_str(&p->missed));
    buf_clear(&p->missed);
}

static void take_frames(struct peers *p, struct peer *x) {
    size_t at = 0;
    struct str note;
    int r;
    while ((r = frame_next(buf_str(&x->in), &at, &note)) > 0) {
        int k = p->take(p->hand, note, x);
        if (k < 0) {
            log_error("no memory for an order");
            x->ending = true;
            break;
        }
        if (k > 0 && !x->proven)
            prove(p, x);
    }
    buf_remove_front(&x->in, at);
    if (r < 0) {
        log_warn("closed a connection of user %u: its framing is broken", x->uid);
        x->ending = true;
    }
}

static void receive_some(struct peers *p, struct peer *x) {
    char *into = buf_reserve(&x->in, READ_BYTES);
    ssize_t n = into ? recv(x->fd, into, READ_BYTES, MSG_DONTWAIT) : -1;
    if (n < 0 && into && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0) { /* what it ordered before it left is still carried out */
        x->ending = true;
        return;
    }
    buf_added(&x->in, (size_t) n);
    take_frames(p, x);
}

size_t peers_poll(struct peers *p, struct pollfd *pfd) {
    pfd[0] = (struct pollfd){.fd = p->listen_fd, .events = POLLIN};
    for (size_t i = 0; i < HAND_CONNECTIONS_MAX; i++)
        pfd[i + 1] = (struct pollfd){
            .fd = p->peer[i].fd,
            .events = (short) (POLLIN | (p->peer[i].out.n ? POLLOUT : 0)),
        };
    return HAND_CONNECTIONS_MAX + 1;
}

void peers_serve(struct peers *p, const struct pollfd *pfd) {
    for (size_t i = 0; i < HAND_CONNECTIONS_MAX; i++) {
        struct peer *x = &p->peer[i];
        if (x->fd >= 0 && x->fd == pfd[i + 1].fd && pfd[i + 1].revents)
            receive_some(p, x);
    }
    if (pfd[0].revents)
        accept_one(p);
}

void peers_send(struct peers *p) {
    for (size_t i = 0; i < HAND_CONNECTIONS_MAX; i++) {
        struct peer *x = &p->peer[i];
        send_some(p, x);
        if (x->ending)
            drop(p, x);
    }
}

void peers_say(struct peers *p, void *who, struct str message) {
    bool heard = false;
    for (size_t i = 0; i < HAND_CONNECTIONS_MAX; i++) {
        struct peer *x = &p->peer[i];
        if (x->fd < 0 || x->ending || (who ? who != x : !x->proven))
            continue;
        frame_add(&x->out, message);
        heard = true;
    }
    if (who || heard)
        return;
    if (p->missed.n + message.n + 4 > MISSED_BYTES_MAX) /* the room can ask for the list */
        buf_clear(&p->missed);
    frame_add(&p->missed, message);
}

int peers_run(const struct peers_loop *l) {
    for (;;) {
        struct pollfd pfd[HAND_CONNECTIONS_MAX + 3];
        size_t n = peers_poll(l->peers, pfd);
        pfd[n] = (struct pollfd){.fd = l->signal_fd, .events = POLLIN};
        pfd[n + 1] = (struct pollfd){.fd = l->runner_fd};
        int k = poll(pfd, n + 2, (int) l->wait_ms(l->ctx));
        if (k < 0 && errno != EINTR)
            return -errno;
        if (k > 0)
            peers_serve(l->peers, pfd);
        if (l->flush)
            l->flush(l->ctx);
        peers_send(l->peers);
        if (k > 0 && pfd[n].revents && !l->signals(l->ctx))
            return 0;
        l->tick(l->ctx);
        peers_send(l->peers);
        if (*l->broken || (k > 0 && pfd[n + 1].revents))
            return -EPIPE;
    }
}
