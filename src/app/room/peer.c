#include "app/room/peer.h"

#include "base/frame.h"
#include "base/limits.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

void peer_init(struct peer *p) {
    p->fd = -1;
    buf_init(&p->in, 2 * FRAME_BYTES_MAX);
    buf_init(&p->out, 8 * FRAME_BYTES_MAX);
}

void peer_open(struct peer *p, int fd) {
    int flags = fcntl(fd, F_GETFL);
    (void) fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    (void) fcntl(fd, F_SETFD, FD_CLOEXEC);
    p->fd = fd;
}

int peer_connect(struct peer *p, const char path[static 108]) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    memcpy(a.sun_path, path, sizeof a.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    if (connect(fd, (struct sockaddr *) &a, sizeof a) < 0) {
        int e = -errno;
        close(fd);
        return e;
    }
    peer_open(p, fd);
    return 0;
}

void peer_close(struct peer *p) {
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
    buf_done(&p->in);
    buf_done(&p->out);
    peer_init(p);
}

struct pollfd peer_poll(const struct peer *p) {
    return (struct pollfd){.fd = p->fd, .events = (short) (POLLIN | (p->out.n ? POLLOUT : 0))};
}

int peer_read(struct peer *p) {
    size_t room = p->in.max - p->in.n;
    char *to = room ? buf_reserve(&p->in, MIN(room, 262144u)) : NULL;
    if (!to)
        return -ERR_LIMIT;
    ssize_t n = recv(p->fd, to, MIN(room, 262144u), 0);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    if (n == 0)
        return -EPIPE;
    buf_added(&p->in, (size_t) n);
    return 1;
}

int peer_flush(struct peer *p) {
    while (p->out.n) {
        ssize_t n = send(p->fd, p->out.p, p->out.n, MSG_NOSIGNAL);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        buf_remove_front(&p->out, (size_t) n);
    }
    return 0;
}

int peer_say(struct peer *p, struct str message) {
    if (p->fd < 0)
        return -ENOTCONN;
    frame_add(&p->out, message);
    return buf_error(&p->out);
}
