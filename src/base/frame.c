#include "base/frame.h"

#include "base/limits.h"

#include <poll.h>
#include <sys/socket.h>

enum { HEAD = 4 };

static void put_length(char head[HEAD], size_t n) {
    for (int i = 0; i < HEAD; i++)
        head[i] = (char) (n >> (8 * i) & 0xff);
}

static size_t get_length(const char head[HEAD]) {
    size_t n = 0;
    for (int i = 0; i < HEAD; i++)
        n |= (size_t) (unsigned char) head[i] << (8 * i);
    return n;
}

static bool length_fits(size_t n) {
    return n > 0 && n <= FRAME_BYTES_MAX;
}

void frame_add(struct buf *out, struct str message) {
    char head[HEAD];
    if (!length_fits(message.n)) {
        out->error = out->error ? out->error : -ERR_LIMIT;
        return;
    }
    put_length(head, message.n);
    /* Both parts or none: half a frame would make everything behind it unreadable. */
    if (!buf_reserve(out, HEAD + message.n))
        return;
    buf_add(out, str_n(head, HEAD));
    buf_add(out, message);
}

int frame_next(struct str in, size_t *at, struct str *ret_message) {
    struct str rest = str_from(in, *at);
    if (rest.n < HEAD)
        return 0;
    size_t n = get_length(rest.p);
    if (!length_fits(n))
        return -ERR_LIMIT;
    if (rest.n - HEAD < n)
        return 0;
    *ret_message = str_n(rest.p + HEAD, n);
    *at += HEAD + n;
    return 1;
}

/* Until fd is ready: lets the blocking helpers work on non-blocking descriptors too. */
static int wait_for(int fd, short events) {
    struct pollfd p = {.fd = fd, .events = events};
    while (poll(&p, 1, -1) < 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

/* A peer that went away is an error code, not a SIGPIPE. */
static ssize_t send_some(int fd, struct str s) {
    ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);
    return n < 0 && errno == ENOTSOCK ? write(fd, s.p, s.n) : n;
}

static int send_all(int fd, struct str s) {
    while (s.n) {
        ssize_t n = send_some(fd, s);
        int r = 0;
        if (n >= 0)
            s = str_from(s, (size_t) n);
        else if (errno == EAGAIN)
            r = wait_for(fd, POLLOUT);
        else if (errno != EINTR)
            r = -errno;
        if (r < 0)
            return r;
    }
    return 0;
}

int frame_write(int fd, struct str message) {
    char head[HEAD];
    if (!length_fits(message.n))
        return -ERR_LIMIT;
    put_length(head, message.n);
    int r = send_all(fd, str_n(head, HEAD));
    return r < 0 ? r : send_all(fd, message);
}

/* Exactly n bytes: 1; 0 when the peer closed before the first of them. */
static int read_exactly(int fd, char *p, size_t n) {
    size_t have = 0;
    while (have < n) {
        ssize_t got = read(fd, p + have, n - have);
        if (got > 0) {
            have += (size_t) got;
            continue;
        }
        if (got == 0)
            return have ? -ECONNRESET : 0;
        int r = errno == EAGAIN ? wait_for(fd, POLLIN) : errno == EINTR ? 0 : -errno;
        if (r < 0)
            return r;
    }
    return 1;
}

int frame_read(int fd, struct buf *into) {
    char head[HEAD];
    buf_clear(into);
    int r = read_exactly(fd, head, HEAD);
    if (r <= 0)
        return r;
    size_t n = get_length(head);
    if (!length_fits(n))
        return -ERR_LIMIT;
    char *p = buf_reserve(into, n);
    if (!p)
        return buf_error(into);
    r = read_exactly(fd, p, n);
    if (r <= 0)
        return r < 0 ? r : -ECONNRESET;
    buf_added(into, n);
    return 1;
}
