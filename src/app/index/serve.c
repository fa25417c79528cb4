/* See serve.h. */
#include "app/index/serve.h"

#include "base/limits.h"
#include "base/log.h"
#include "base/str.h"
#include "base/time.h"
#include "index/http.h"
#include "index/sql.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Two seconds after the last statement what is only kept for the next one is given back, when that is much. */
enum { SEND_WAIT_MS = 10000, IDLE_MS = 30000, REST_MS = 2000 };
#define REST_BYTES ((uint64_t) 192 << 20)

struct connection {
    int fd; /* -1: free */
    struct buf in;
    int64_t since_ns;
};
struct serving {
    int listen_fd, signal_fd, statm_fd;
    struct engine *engine;
    struct connection connections[INDEX_CONNECTIONS_MAX];
    uint64_t refused;
    bool used; /* since it gave memory back */
};

static void close_connection(struct connection *c) {
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    buf_done(&c->in);
}

/* Only processes of our own user (or root) may ask. */
static bool may_connect(int fd) {
    struct ucred who;
    socklen_t n = sizeof who;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 && (who.uid == geteuid() || who.uid == 0);
}

static void accept_one(struct serving *s) {
    int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    for (size_t i = 0; fd >= 0 && i < INDEX_CONNECTIONS_MAX; i++)
        if (s->connections[i].fd < 0 && may_connect(fd)) {
            s->connections[i].fd = fd;
            s->connections[i].since_ns = time_monotonic_ns();
            buf_init(&s->connections[i].in, INDEX_REQUEST_BYTES_MAX + INDEX_HTTP_HEAD_BYTES_MAX);
            return;
        }
    if (fd >= 0)
        close(fd);
}

static void send_all(int fd, struct str s) {
    while (s.n) {
        ssize_t k = send(fd, s.p, s.n, MSG_NOSIGNAL);
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        if (k > 0)
            s = str_from(s, (size_t) k);
        else if (k < 0 && errno != EINTR && (errno != EAGAIN || poll(&p, 1, SEND_WAIT_MS) <= 0))
            return;
    }
}

static void answer(int fd, int status, struct str body) {
    char head[160];
    int n = snprintf(head, sizeof head,
                     "HTTP/1.1 %d %s\r\nContent-Type: application/octet-stream\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n", status,
                     status == 200 ? "OK" : "Refused", body.n);
    send_all(fd, str_n(head, (size_t) n));
    send_all(fd, body);
}

/* 1: statement and rows are whole. */
static int read_request(const struct http_head *h, struct str in, struct buf *statement, struct buf *rows) {
    int named = http_parameter(h->target, "query", statement);
    int r = named < 0 ? named : http_body(in, h, false, named ? rows : statement);
    return r < 0 ? r : buf_error(statement) < 0 ? buf_error(statement) : r;
}

static void run(struct serving *s, struct connection *c, struct str statement, struct str rows) {
    struct diag d = {0};
    struct buf out;
    if (!index_sql_permitted(statement)) {
        if (!s->refused++)
            log_warn("a statement was refused; only those of Kizuki itself are run");
        answer(c->fd, 403, STR("this statement is none of Kizuki's\n"));
        return;
    }
    buf_init(&out, INDEX_ANSWER_BYTES_MAX);
    s->used = true;
    int r = rows.n ? engine_insert(s->engine, statement, rows, &d) : engine_run(s->engine, statement, &out, &d);
    answer(c->fd, r < 0 ? 500 : 200, r < 0 ? str_of(d.text) : buf_str(&out));
    buf_done(&out);
}

/* 1: it is done with. */
static int take(struct serving *s, struct connection *c) {
    struct http_head head;
    struct buf statement, rows;
    int r = http_head_parse(buf_str(&c->in), false, &head);
    if (r == 1 && head.has_length && c->in.n - head.bytes < head.length && head.length <= INDEX_REQUEST_BYTES_MAX)
        return 0;
    if (r == 0)
        return 0;
    buf_init(&statement, INDEX_STATEMENT_BYTES_MAX);
    buf_init(&rows, INDEX_REQUEST_BYTES_MAX);
    if (r == 1)
        r = read_request(&head, buf_str(&c->in), &statement, &rows);
    if (r == 1)
        run(s, c, buf_str(&statement), buf_str(&rows));
    else if (r < 0)
        answer(c->fd, 400, STR("this is no request the index knows\n"));
    buf_done(&statement);
    buf_done(&rows);
    return r != 0;
}

static void receive(struct serving *s, struct connection *c) {
    char *p = buf_reserve(&c->in, 262144);
    ssize_t k = p ? recv(c->fd, p, 262144, 0) : 0;
    if (k < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (k > 0)
        buf_added(&c->in, (size_t) k);
    if (k <= 0 || take(s, c))
        close_connection(c);
}

static void close_idle(struct serving *s) {
    int64_t now = time_monotonic_ns();
    for (size_t i = 0; i < INDEX_CONNECTIONS_MAX; i++)
        if (s->connections[i].fd >= 0 && now - s->connections[i].since_ns > IDLE_MS * NS_PER_MS)
            close_connection(&s->connections[i]);
}

struct memory {
    uint64_t all, held; /* held: pages that are nobody else's; the library's own text can be dropped by the kernel */
};
static struct memory memory_of(const struct serving *s) {
    char text[128];
    ssize_t n = pread(s->statm_fd, text, sizeof text, 0);
    struct str rest = str_n(text, n > 0 ? (size_t) n : 0), word = STR("");
    uint64_t size = 0, rss = 0, shared = 0;
    if (!str_split(&rest, ' ', &word) || str_to_u64(word, &size) < 0 || !str_split(&rest, ' ', &word) || str_to_u64(word, &rss) < 0 ||
        !str_split(&rest, ' ', &word) || str_to_u64(word, &shared) < 0)
        return (struct memory){0};
    return (struct memory){rss * 4096, (rss - MIN(rss, shared)) * 4096};
}

int index_serve(int listen_fd, int signal_fd, struct engine *e, uint64_t rss_max_bytes) {
    enum { LISTEN, SIGNALS, FIRST };
    static struct serving s;
    s = (struct serving){.listen_fd = listen_fd, .signal_fd = signal_fd, .engine = e, .statm_fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)};
    for (size_t i = 0; i < INDEX_CONNECTIONS_MAX; i++)
        s.connections[i].fd = -1;
    int r = -1;
    while (r < 0) {
        struct pollfd pfd[FIRST + INDEX_CONNECTIONS_MAX];
        bool any = false;
        pfd[LISTEN] = (struct pollfd){.fd = listen_fd, .events = POLLIN};
        pfd[SIGNALS] = (struct pollfd){.fd = signal_fd, .events = POLLIN};
        for (size_t i = 0; i < INDEX_CONNECTIONS_MAX; i++) {
            pfd[FIRST + i] = (struct pollfd){.fd = s.connections[i].fd, .events = POLLIN};
            any |= s.connections[i].fd >= 0;
        }
        int k = poll(pfd, ARRAY_SIZE(pfd), any ? IDLE_MS : s.used ? REST_MS : -1);
        if (k < 0 && errno != EINTR)
            r = 1;
        if (k > 0 && pfd[SIGNALS].revents)
            r = 0;
        for (size_t i = 0; k > 0 && r < 0 && i < INDEX_CONNECTIONS_MAX; i++)
            if (s.connections[i].fd >= 0 && pfd[FIRST + i].revents)
                receive(&s, &s.connections[i]);
        if (k > 0 && r < 0 && (pfd[LISTEN].revents & POLLIN))
            accept_one(&s);
        close_idle(&s);
        if (k == 0 && !any && s.used) {
            s.used = false;
            if (memory_of(&s).all > REST_BYTES)
                engine_rest(s.engine);
        }
        if (r < 0 && memory_of(&s).held > rss_max_bytes) {
            log_warn("more than %llu MB are in use; starting afresh", (unsigned long long) (rss_max_bytes >> 20));
            r = 1;
        }
    }
    for (size_t i = 0; i < INDEX_CONNECTIONS_MAX; i++)
        close_connection(&s.connections[i]);
    if (s.statm_fd >= 0)
        close(s.statm_fd);
    return r;
}
