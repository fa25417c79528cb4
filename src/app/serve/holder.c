/* See holder.h. A child that is started gets a new pair of sockets: what the old one had not read is passed anew, and
 * nothing the old one said can be taken for the new one's. */
#include "app/serve/holder.h"

#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* The socket's buffer before the first byte comes: see src/intake/syslog.c. */
enum { RECEIVE_BYTES = 256 * 1024, ACCEPTS_A_TURN = 64, LISTENERS_MAX = 16 };

struct held {
    struct list link;
    int fd;
    uint64_t cookie;
    struct in6_addr address;
    bool passed; /* to the child that runs */
};
struct holder {
    uv_loop_t *loop;
    struct list held;
    unsigned n;
    struct listener {
        struct holder *h;
        uv_poll_t poll;
        int fd;
    } listeners[LISTENERS_MAX];
    size_t n_listeners;
    bool full;     /* nothing is accepted */
    int child_end; /* its number never changes: the supervisor knows it */
    int our_end;
    uv_poll_t *poll; /* of our end; a new one for each */
    int64_t complained_ns;
};

static void pass_all(struct holder *h);
static void on_listener(uv_poll_t *p, int status, int events);

static struct in6_addr address_of(const struct sockaddr_storage *ss) {
    struct in6_addr a = {0};
    if (ss->ss_family == AF_INET6)
        a = ((const struct sockaddr_in6 *) ss)->sin6_addr;
    else
        memcpy(&a, &((const struct sockaddr_in *) ss)->sin_addr, sizeof(struct in_addr));
    return a;
}

static void let_go(struct holder *h, struct held *c) {
    list_remove(&c->link);
    close(c->fd);
    mem_free(c);
    h->n--;
    for (size_t i = 0; h->full && i < h->n_listeners; i++)
        (void) uv_poll_start(&h->listeners[i].poll, UV_READABLE, on_listener);
    h->full = false;
}

/* ---- the child's side ---- */

static void on_child(uv_poll_t *p, int status, int events) {
    struct holder *h = p->data;
    uint64_t cookie;
    ssize_t n = -1;
    while (status == 0 && (events & UV_READABLE) &&
           (n = recv(h->our_end, &cookie, sizeof cookie, MSG_DONTWAIT)) == sizeof cookie) {
        LIST_FOR_EACH(it, &h->held) {
            struct held *c = container_of(it, struct held, link);
            if (c->cookie == cookie) {
                let_go(h, c);
                break;
            }
        }
    }
    if (status < 0 || n == 0) { /* the child is gone; another one will come */
        (void) uv_poll_stop(p);
        return;
    }
    pass_all(h);
}

static int pass(const struct holder *h, int fd) {
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec iov = {.iov_base = (char[]){'c'}, .iov_len = 1};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    return sendmsg(h->our_end, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* In order of arrival; what does not fit waits until the child has read. */
static void pass_all(struct holder *h) {
    bool waits = false;
    if (!h->poll || uv_is_closing((uv_handle_t *) h->poll))
        return;
    LIST_FOR_EACH(it, &h->held) {
        struct held *c = container_of(it, struct held, link);
        if (c->passed)
            continue;
        int r = pass(h, c->fd);
        c->passed = r == 0;
        if (r == 0)
            continue;
        if (r == -EPIPE || r == -ECONNRESET) /* nobody runs */
            return;
        waits = true;
        break;
    }
    (void) uv_poll_start(h->poll, UV_READABLE | (waits ? UV_WRITABLE : 0), on_child);
}

static void poll_closed(uv_handle_t *u) {
    mem_free(u);
}

void holder_child_starts(struct holder *h, const struct child *c UNUSED) {
    int pair[2];
    if (h->poll) {
        uv_close((uv_handle_t *) h->poll, poll_closed);
        close(h->our_end);
        h->poll = NULL;
        h->our_end = -1;
    }
    LIST_FOR_EACH(it, &h->held)
        container_of(it, struct held, link)->passed = false;
    uv_poll_t *poll = mem_zalloc(sizeof *poll);
    if (!poll || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0 ||
        dup3(pair[1], h->child_end, O_CLOEXEC) < 0) {
        log_error("cannot hand connections to the sensor: %s", strerror(errno));
        mem_free(poll);
        return;
    }
    close(pair[1]);
    h->our_end = pair[0];
    h->poll = poll;
    poll->data = h;
    (void) uv_poll_init(h->loop, poll, h->our_end);
    pass_all(h);
}

int holder_child_fd(struct holder *h, struct child *c) {
    return child_fd(c, h->child_end);
}

/* ---- the senders' side ---- */

static unsigned count_of(const struct holder *h, const struct in6_addr *a) {
    unsigned n = 0;
    LIST_FOR_EACH(it, &h->held)
        n += memcmp(&container_of(it, struct held, link)->address, a, sizeof *a) == 0;
    return n;
}

static void complain(struct holder *h, const char *what) {
    if (h->complained_ns && time_monotonic_ns() - h->complained_ns < NS_PER_MIN)
        return;
    h->complained_ns = time_monotonic_ns();
    log_warn("syslog connections: %s", what);
}

static void hold(struct holder *h, int fd, const struct sockaddr_storage *from) {
    struct held *c = mem_zalloc(sizeof *c);
    socklen_t n = sizeof c->cookie;
    if (!c) {
        close(fd);
        return;
    }
    *c = (struct held){.fd = fd, .address = address_of(from)};
    if (count_of(h, &c->address) >= HOLDER_OF_ADDRESS_MAX ||
        getsockopt(fd, SOL_SOCKET, SO_COOKIE, &c->cookie, &n) < 0) {
        complain(h, "one address has as many as it may; further ones are closed");
        close(fd);
        mem_free(c);
        return;
    }
    list_add_tail(&h->held, &c->link);
    h->n++;
}

static void on_listener(uv_poll_t *p, int status UNUSED, int events UNUSED) {
    struct listener *l = p->data;
    struct holder *h = l->h;
    for (int i = 0; i < ACCEPTS_A_TURN && h->n < HOLDER_CONNECTIONS_MAX; i++) {
        struct sockaddr_storage from = {0};
        socklen_t n = sizeof from;
        int fd = accept4(l->fd, (struct sockaddr *) &from, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            break;
        hold(h, fd, &from);
    }
    if (h->n >= HOLDER_CONNECTIONS_MAX) {
        complain(h, "there are as many as can be held; further senders wait");
        h->full = true;
        for (size_t i = 0; i < h->n_listeners; i++)
            (void) uv_poll_stop(&h->listeners[i].poll);
    }
    pass_all(h);
}

int holder_new(uv_loop_t *loop, struct holder **ret, struct diag *reterr) {
    struct holder *h = mem_zalloc(sizeof *h);
    if (!h)
        return diag_set(reterr, -ENOMEM, "out of memory");
    h->loop = loop;
    h->our_end = -1;
    list_init(&h->held);
    h->child_end = open("/dev/null", O_RDONLY | O_CLOEXEC); /* only a number until a child starts */
    if (h->child_end < 0) {
        int e = -errno;
        mem_free(h);
        return diag_set(reterr, e, "cannot open /dev/null: %s", err_word(e));
    }
    *ret = h;
    return 0;
}

int holder_listen(struct holder *h, int fd, struct diag *reterr) {
    struct listener *l = &h->listeners[h->n_listeners];
    int bytes = RECEIVE_BYTES;
    ASSERT(h->n_listeners < LISTENERS_MAX);
    (void) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes); /* inherited by connections */
    *l = (struct listener){.h = h, .fd = fd, .poll.data = l};
    int r = uv_poll_init(h->loop, &l->poll, fd);
    l->poll.data = l;
    if (r == 0)
        r = uv_poll_start(&l->poll, UV_READABLE, on_listener);
    if (r < 0)
        return diag_set(reterr, r, "cannot wait for connections: %s", uv_strerror(r));
    h->n_listeners++;
    return 0;
}
