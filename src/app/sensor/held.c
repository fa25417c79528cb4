/* Connections that the supervisor accepted and holds too: src/app/serve/holder.h has the messages. What cannot be said
 * at once (the supervisor is stopped) is kept and said later; at most one cookie a connection. */
#include "app/sensor/sensor.h"

#include "base/log.h"
#include "base/mem.h"

#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS_A_TURN = 64 };

struct held {
    uv_poll_t poll;
    int fd;
    struct intake_syslog_held *connections;
    uint64_t *through; /* to be said */
    size_t n, cap;
};

static void on_ready(uv_poll_t *p, int status, int events);

static void say(struct held *h) {
    size_t said = 0;
    while (said < h->n && send(h->fd, &h->through[said], sizeof *h->through, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
        said++;
    h->n -= said;
    memmove(h->through, h->through + said, h->n * sizeof *h->through);
    (void) uv_poll_start(&h->poll, UV_READABLE | (h->n ? UV_WRITABLE : 0), on_ready);
}

static void through(void *ctx, uint64_t cookie) {
    struct held *h = ctx;
    /* Without memory the supervisor holds it until this process ends, and hands it over again. */
    if (mem_grow((void **) &h->through, &h->cap, h->n + 1, 2 * HOLDER_CONNECTIONS_MAX, sizeof *h->through) < 0)
        return;
    h->through[h->n++] = cookie;
    say(h);
}

/* 1: a connection into *ret_fd, 0: nothing more now, negative: the supervisor is gone. */
static int take(const struct held *h, int *ret_fd) {
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    char kind;
    struct iovec iov = {.iov_base = &kind, .iov_len = 1};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t n = recvmsg(h->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    struct cmsghdr *c = n ? CMSG_FIRSTHDR(&m) : NULL;
    if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof *ret_fd))
        return -EPIPE;
    memcpy(ret_fd, CMSG_DATA(c), sizeof *ret_fd);
    return 1;
}

static void on_ready(uv_poll_t *p, int status, int events) {
    struct held *h = container_of(p, struct held, poll);
    int fd = -1, r = status;
    for (int i = 0; r >= 0 && (events & UV_READABLE) && i < CONNECTIONS_A_TURN && (r = take(h, &fd)) > 0; i++) {
        struct diag d = {0};
        if (intake_syslog_held_add(h->connections, fd, &d) < 0)
            log_warn("a connection is refused: %s", d.text);
    }
    if (r < 0) {
        (void) uv_poll_stop(p);
        return;
    }
    if (h->n)
        say(h);
}

int held_start(struct sensor *s, int fd, const struct source *def, struct diag *reterr) {
    struct held *h = mem_zalloc(sizeof *h);
    if (!h)
        return diag_set(reterr, -ENOMEM, "out of memory");
    h->fd = fd;
    int r = intake_syslog_held_new(s->live, def, through, h, &h->connections, reterr);
    if (r < 0)
        return r;
    if ((r = uv_poll_init(&s->loop, &h->poll, fd)) < 0 || (r = uv_poll_start(&h->poll, UV_READABLE, on_ready)) < 0)
        return diag_set(reterr, r, "cannot wait for connections from the supervisor: %s", err_word(r));
    return 0;
}
