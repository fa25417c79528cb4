/* See client.h. */
#include "index/client.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/time.h"
#include "index/http.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

struct index_client {
    struct sockaddr_storage to;
    socklen_t to_n;
    bool local;
    char name[256]; /* for people */
    char host[256], user[128], key[128], database[128];
};

struct index_client *index_client_free(struct index_client *c) {
    if (c)
        explicit_bzero(c->key, sizeof c->key);
    mem_free(c);
    return NULL;
}

bool index_client_is_local(const struct index_client *c) {
    return c->local;
}

static bool copy(struct str s, char *dst, size_t cap) {
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char) s.p[i] <= ' ' || s.p[i] == 0x7f)
            return false;
    if (s.n >= cap)
        return false;
    memcpy(dst, s.p, s.n);
    dst[s.n] = 0;
    return true;
}

/* USER:KEY@HOST:PORT/DATABASE */
static int take_url(struct index_client *c, struct str url, struct diag *err) {
    char port[8] = "8123", host[200];
    struct str rest = url, authority = rest;
    ptrdiff_t slash = str_find_byte(rest, '/', 0), at, colon;
    bool good = true;
    if (slash >= 0) {
        authority = str_to(rest, (size_t) slash);
        good = copy(str_from(rest, (size_t) slash + 1), c->database, sizeof c->database);
    }
    if ((at = str_find_byte(authority, '@', 0)) >= 0) {
        struct str user = str_to(authority, (size_t) at);
        authority = str_from(authority, (size_t) at + 1);
        if ((colon = str_find_byte(user, ':', 0)) >= 0)
            good = good && copy(str_from(user, (size_t) colon + 1), c->key, sizeof c->key);
        good = good && copy(colon >= 0 ? str_to(user, (size_t) colon) : user, c->user, sizeof c->user);
    }
    ptrdiff_t bracket = str_starts(authority, STR("[")) ? str_find_byte(authority, ']', 0) : -1;
    struct str name = bracket > 0 ? str_n(authority.p + 1, (size_t) bracket - 1) : authority;
    colon = str_find_byte(authority, ':', bracket > 0 ? (size_t) bracket : 0);
    if (colon >= 0) {
        good = good && copy(str_from(authority, (size_t) colon + 1), port, sizeof port);
        name = bracket > 0 ? name : str_to(authority, (size_t) colon);
    }
    good = good && copy(authority, c->host, sizeof c->host) && copy(name, host, sizeof host) && host[0];
    if (!good)
        return diag_set(err, -EINVAL, "an index is named http://[USER:KEY@]HOST[:PORT][/DATABASE] or by its socket");
    snprintf(c->name, sizeof c->name, "%s", c->host);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    int r = getaddrinfo(host, port, &hints, &found);
    if (r != 0)
        return diag_set(err, -ENOENT, "cannot find '%s', named as the index: %s", host, gai_strerror(r));
    memcpy(&c->to, found->ai_addr, found->ai_addrlen);
    c->to_n = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

static int take_path(struct index_client *c, const char *path, struct diag *err) {
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    if (!copy(str_of(path), un.sun_path, sizeof un.sun_path) || !path[0])
        return diag_set(err, -EINVAL, "'%s' cannot be the path of a socket; a path has at most %zu bytes", path, sizeof un.sun_path - 1);
    memcpy(&c->to, &un, sizeof un);
    c->to_n = sizeof un;
    c->local = true;
    snprintf(c->name, sizeof c->name, "%s", un.sun_path);
    snprintf(c->host, sizeof c->host, "localhost");
    return 0;
}

int index_client_new(const char *where, struct index_client **ret, struct diag *reterr) {
    CLEANUP(index_client_freep) struct index_client *c = mem_zalloc(sizeof *c);
    if (!c)
        return diag_set(reterr, -ENOMEM, "out of memory");
    struct str s = str_of(where), scheme = STR("http://");
    int r;
    if (str_starts(s, STR("https://")))
        r = diag_set(reterr, -ERR_UNSUPPORTED, "the index is spoken to without TLS; put a tunnel before '%s'", where);
    else
        r = str_starts(s, scheme) ? take_url(c, str_from(s, scheme.n), reterr) : take_path(c, where, reterr);
    if (r == 0)
        *ret = TAKE_PTR(c);
    return r;
}

/* ---- one exchange ---- */

static int wait_for(int fd, short events, int64_t until_ns) {
    for (;;) {
        struct pollfd p = {.fd = fd, .events = events};
        int64_t left = until_ns - time_monotonic_ns();
        int r = left <= 0 ? 0 : poll(&p, 1, (int) (left / NS_PER_MS) + 1);
        if (r > 0)
            return 0;
        if (r == 0)
            return -ETIMEDOUT;
        if (errno != EINTR)
            return -errno;
    }
}

static int connect_to(const struct index_client *c, int64_t until_ns, int *ret) {
    int e = 0;
    socklen_t n = sizeof e;
    int fd = socket(c->to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    int r = connect(fd, (const struct sockaddr *) &c->to, c->to_n) == 0 ? 0 : -errno;
    if (r == -EINPROGRESS) {
        r = wait_for(fd, POLLOUT, until_ns);
        if (r == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &n) == 0)
            r = -e;
    }
    if (r < 0)
        close(fd);
    else
        *ret = fd;
    return r;
}

static int send_all(int fd, struct str s, int64_t until_ns) {
    while (s.n) {
        ssize_t k = send(fd, s.p, s.n, MSG_NOSIGNAL);
        if (k > 0) {
            s = str_from(s, (size_t) k);
            continue;
        }
        int r = errno == EAGAIN ? wait_for(fd, POLLOUT, until_ns) : errno == EINTR ? 0 : -errno;
        if (r < 0)
            return r;
    }
    return 0;
}

/* An answer with a length is whole when it is that long; any other when the connection ends, as was asked for. */
static int receive(int fd, struct http_head *head, struct buf *body, int64_t until_ns) {
    struct buf in;
    int r = 0;
    bool closed = false;
    buf_init(&in, INDEX_ANSWER_BYTES_MAX + INDEX_HTTP_HEAD_BYTES_MAX);
    while (r == 0) {
        char *p = buf_reserve(&in, 65536);
        ssize_t k = p ? recv(fd, p, 65536, 0) : 0;
        if (!p) {
            r = buf_error(&in);
        } else if (k < 0) {
            r = errno == EAGAIN ? wait_for(fd, POLLIN, until_ns) : errno == EINTR ? 0 : -errno;
        } else {
            buf_added(&in, (size_t) k);
            closed = k == 0;
            int h = http_head_parse(buf_str(&in), true, head);
            r = h == 1 && (closed || head->has_length) ? http_body(buf_str(&in), head, closed, body) : h < 0 ? h : closed ? -ERR_PARSE : 0;
        }
    }
    buf_done(&in);
    return MIN(r, 0);
}

static void write_request(const struct index_client *c, struct str statement, struct str data, struct buf *out) {
    buf_add_z(out, "POST /");
    if (data.n) {
        buf_add_z(out, "?query=");
        http_add_escaped(out, statement);
    }
    buf_printf(out, " HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Length: %zu\r\n", c->host, data.n ? data.n : statement.n);
    if (c->user[0])
        buf_printf(out, "X-ClickHouse-User: %s\r\nX-ClickHouse-Key: %s\r\n", c->user, c->key);
    if (c->database[0])
        buf_printf(out, "X-ClickHouse-Database: %s\r\n", c->database);
    buf_add_z(out, "\r\n");
    if (!data.n)
        buf_add(out, statement);
}

static int failed(const struct index_client *c, const struct http_head *head, struct buf *answer, struct diag *err) {
    struct str first, rest = buf_str(answer);
    if (!str_split(&rest, '\n', &first))
        first = STR("no reason was given");
    return diag_set(err, -ERR_REFUSED, "the index '%s' answers %d: %.*s", c->name, head->status, (int) MIN(first.n, 300u), first.p);
}

int index_client_run(struct index_client *c, struct str statement, struct str data, int timeout_ms, struct buf *answer,
                     struct diag *reterr) {
    int64_t until = time_monotonic_ns() + (int64_t) timeout_ms * NS_PER_MS;
    struct http_head head = {0};
    struct buf request;
    int fd = -1;
    buf_clear(answer);
    buf_init(&request, INDEX_STATEMENT_BYTES_MAX + INDEX_HTTP_HEAD_BYTES_MAX);
    write_request(c, statement, data, &request);
    int r = buf_error(&request);
    if (r == 0)
        r = connect_to(c, until, &fd);
    if (r == 0)
        r = send_all(fd, buf_str(&request), until);
    if (r == 0)
        r = send_all(fd, data, until);
    if (r == 0)
        r = receive(fd, &head, answer, until);
    if (fd >= 0)
        close(fd);
    explicit_bzero(request.p, request.p ? request.n : 0);
    buf_done(&request);
    if (r < 0)
        return diag_set(reterr, r, "the index '%s' does not answer: %s", c->name, err_word(r));
    return head.status == 200 ? 0 : failed(c, &head, answer, reterr);
}
