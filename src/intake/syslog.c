/* Syslog over TCP on sockets that are open already (syslog_udp.c has UDP).
 *
 * TCP acknowledges nothing to the sender, so what we took out of the kernel and did not keep would
 * be lost. Therefore: look (MSG_PEEK), put, commit, and only then consume (MSG_TRUNC). The bytes of
 * a connection that is also held by the supervisor survive a kill; the next process finds in the
 * spool how many of its bytes are on disk (state below), and from the kernel how many were
 * consumed, and goes on between the two.
 *
 *   stream   |---------------|======================|- - - - - - -|
 *            0               ^consumed              ^position     what the kernel holds further
 *                             the kernel's queue begins here
 *            consumed <= position; equal after each commit
 *
 * A connection is known by the kernel's socket cookie and the boot id. State, key = a number of
 * ours: boot u64, cookie u64, position u64, left u32, mode u8, in_long u8 (little-endian)
 *
 * Half a message stays in the kernel. SO_RCVLOWAT keeps the loop from being woken for it again
 * before it has grown. Those few bytes keep a whole segment (64 KB on a fast path) in the receive
 * buffer, and with the default buffer of 128 KB the kernel then advertises no window at all and the
 * sender stands still for ever: so the buffer is made larger, and a connection that stands all the
 * same gives what is there as a piece.
 *
 * Senders become sources of their own, as in syslog_udp.c. */
#include "base/mem.h"
#include "intake/syslog_frame.h"
#include "intake/syslog_priv.h"

#include <arpa/inet.h>
#include <linux/sock_diag.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum {
    PEEK_BYTES = 256 * 1024,
    STUCK_WAKES = 3,
    ACCEPTS_A_TURN = 64,
    TCP_RECEIVE_BYTES = 256 * 1024, /* the kernel doubles it; see above */
    STAND_MS = 10 * 1000,
    TIDY_MS = 60 * 1000,
    STATE_BYTES = 30,
};

/* Also of held connections, which somebody else accepts: then fd is -1. */
struct syslog_listener {
    struct live_transport transport;
    uv_poll_t poll;
    uv_timer_t tidy;
    int handles;
    int fd;
    struct syslog_senders *senders;
};

struct connection {
    struct live_transport transport;
    uv_poll_t poll;
    int fd;
    struct syslog_senders *senders;
    uint32_t source, key;
    uint64_t boot, cookie;
    uint64_t position, consumed;
    struct syslog_framing framing;
    struct str peer;
    char peer_text[RAW_PEER_BYTES_MAX];
    int lowat;
    ssize_t peeked; /* by the last look, to notice that nothing was added */
    uv_timer_t stand;
    int handles;
    unsigned stuck;
    bool ended;  /* the peer sends no more */
    bool failed; /* and polling has ended: close after the next commit */
    bool closing;
};

/* ---- what the kernel knows ---- */

/* The head of struct tcp_info as the kernel's ABI has it (uapi/linux/tcp.h). glibc's declaration
 * ends before bytes_received, and the kernel's header cannot stand beside it (libuv brings
 * glibc's). */
struct tcp_info_head {
    uint8_t state, rest[103];
    uint64_t rates[2], bytes_acked, bytes_received;
};

/* Bytes of the stream that were taken out of the kernel, by anybody: received minus waiting, looked
 * at again until nothing arrived in between. */
static int stream_consumed(int fd, uint64_t *ret) {
    for (int i = 0; i < 1000; i++) {
        struct tcp_info_head before = {0}, after = {0};
        socklen_t n = sizeof before, m = sizeof after;
        int waiting = 0;
        if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &before, &n) < 0 ||
            ioctl(fd, FIONREAD, &waiting) < 0 ||
            getsockopt(fd, IPPROTO_TCP, TCP_INFO, &after, &m) < 0)
            return -errno;
        if (n < sizeof before)
            return -EPROTONOSUPPORT;
        if (before.bytes_received != after.bytes_received || before.state != after.state)
            continue;
        /* the end of the stream counts as a byte; in states 1…5 it has not come */
        *ret = before.bytes_received - (uint64_t) waiting - (before.state > 5);
        return 0;
    }
    return -EBUSY;
}

/* ---- a TCP connection ---- */

static void state_encode(const struct connection *c, uint64_t position,
                         const struct syslog_framing *f, char dst[STATE_BYTES]) {
    memcpy(dst, &c->boot, 8);
    memcpy(dst + 8, &c->cookie, 8);
    memcpy(dst + 16, &position, 8);
    memcpy(dst + 24, &f->left, 4);
    dst[28] = (char) f->mode;
    dst[29] = f->in_long;
}

static void connection_gone(struct connection *c) {
    if (--c->handles > 0)
        return;
    close(c->fd);
    syslog_senders_unref(c->senders);
    mem_free(c);
}
static void connection_poll_closed(uv_handle_t *h) {
    connection_gone(container_of((uv_poll_t *) h, struct connection, poll));
}
static void connection_stand_closed(uv_handle_t *h) {
    connection_gone(h->data);
}

static void connection_close(struct live_transport *t) {
    struct connection *c = container_of(t, struct connection, transport);
    if (c->closing)
        return;
    c->closing = true;
    *live_connections(t->live) -= 1;
    live_remove(t);
    uv_close((uv_handle_t *) &c->poll, connection_poll_closed);
    uv_close((uv_handle_t *) &c->stand, connection_stand_closed);
}

/* The peer has ended, or has to go: nothing needs to be remembered. */
static void connection_end(struct connection *c) {
    if (c->position)
        live_forget_state(c->transport.live, c->source, c->key);
    if (c->senders->through)
        c->senders->through(c->senders->through_ctx, c->cookie);
    connection_close(&c->transport);
}

/* What is in the spool may leave the kernel. */
static void connection_consume(struct connection *c) {
    while (c->consumed < c->position) {
        size_t want = (size_t) MIN(c->position - c->consumed, (uint64_t) PEEK_BYTES);
        ssize_t n = recv(c->fd, live_buffer(c->transport.live), want, MSG_TRUNC | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break; /* the next look tells what happened */
        c->consumed += (uint64_t) n;
    }
    c->peeked = 0;
}

static void connection_committed(struct live_transport *t) {
    struct connection *c = container_of(t, struct connection, transport);
    connection_consume(c);
    if (c->failed)
        connection_end(c);
}

/* Puts the messages in p. *ret_used: bytes that were taken, *ret_put: records. */
static int connection_put(struct connection *c, const char *p, size_t n, bool end, size_t *ret_used,
                          size_t *ret_put) {
    struct intake_live *l = c->transport.live;
    int64_t now = live_now(l);
    char state[STATE_BYTES];
    for (;;) {
        struct syslog_framing f = c->framing;
        struct syslog_frame frame;
        int r = syslog_frame_next(&f, p + *ret_used, n - *ret_used, end, &frame);
        if (r == 0 && c->stuck >= STUCK_WAKES && *ret_used == 0 && n) {
            c->stuck = 0;
            syslog_frame_force(&f, p, n, &frame);
            r = frame.used > 0;
        }
        if (r <= 0)
            return r;
        state_encode(c, c->position + frame.used, &f, state);
        struct raw_record rec = {
            .bytes = frame.bytes,
            .arrival_ns = now,
            .source = c->source,
            .flags = frame.flags,
            .peer = c->peer,
            .resume = str_n(state, sizeof state),
            .resume_key = c->key,
        };
        if (frame.bytes.n && (r = live_put(l, &rec)) < 0)
            return r;
        *ret_put += frame.bytes.n > 0;
        c->framing = f;
        c->position += frame.used;
        *ret_used += frame.used;
    }
}

static void connection_readable(uv_poll_t *h, int status, int events);

/* Half a message has stood for long. A sender may think; a kernel whose buffer is taken up does not
 * say. */
static void on_stand(uv_timer_t *h) {
    struct connection *c = h->data;
    uint32_t mem[SK_MEMINFO_VARS] = {0};
    socklen_t n = sizeof mem;
    if (getsockopt(c->fd, SOL_SOCKET, SO_MEMINFO, mem, &n) < 0 ||
        mem[SK_MEMINFO_RMEM_ALLOC] < mem[SK_MEMINFO_RCVBUF] / 2)
        return;
    c->stuck = STUCK_WAKES;
    connection_readable(&c->poll, 0, UV_READABLE);
}

static void set_lowat(struct connection *c, size_t partial) {
    int want = (int) partial + 1;
    if (want == c->lowat)
        return;
    if (partial)
        (void) uv_timer_start(&c->stand, on_stand, STAND_MS, STAND_MS);
    else
        (void) uv_timer_stop(&c->stand);
    if (setsockopt(c->fd, SOL_SOCKET, SO_RCVLOWAT, &want, sizeof want) == 0)
        c->lowat = want;
}

static void connection_readable(uv_poll_t *h, int status, int events) {
    struct connection *c = container_of(h, struct connection, poll);
    struct intake_live *l = c->transport.live;
    size_t used = 0, put = 0;
    c->failed |= status < 0; /* libuv has stopped polling; bytes may still be there */
    c->ended |= c->failed || (events & UV_DISCONNECT);
    if (live_waits(l)) {
        (void) uv_poll_stop(&c->poll);
        return;
    }
    char *buffer = live_buffer(l);
    ssize_t n = recv(c->fd, buffer, PEEK_BYTES, MSG_PEEK | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR) && !c->failed)
        return;
    if (n <= 0) {
        connection_end(c);
        return;
    }
    size_t known = (size_t) MIN((uint64_t) n, c->position - c->consumed);
    c->stuck = n == c->peeked && !known && !c->ended ? MIN(c->stuck + 1, (unsigned) STUCK_WAKES) : 0;
    c->peeked = n;
    int r = connection_put(c, buffer + known, (size_t) n - known, c->ended && n < PEEK_BYTES, &used,
                           &put);
    if (r == -EAGAIN) {
        (void) uv_poll_stop(&c->poll);
        return;
    }
    if (r < 0) { /* it announced more than we take */
        live_counters(l, c->source)->broken++;
        connection_end(c);
        return;
    }
    set_lowat(c, (size_t) n - known - used);
    if (put == 0 && known == 0)
        connection_consume(c); /* only empty lines: there is nothing to wait for */
    if (put == 0 && known == 0 && c->failed)
        connection_end(c);
}

static void connection_go_on(struct live_transport *t) {
    struct connection *c = container_of(t, struct connection, transport);
    if (c->failed)
        connection_readable(&c->poll, UV_EBADF, 0);
    else
        (void) uv_poll_start(&c->poll, UV_READABLE | UV_DISCONNECT, connection_readable);
}

/* Finds what the spool remembers of this connection. */
static int connection_restore(void *ctx, uint32_t source, uint32_t key, struct str value) {
    struct connection *c = ctx;
    unsigned mode = value.n == STATE_BYTES ? (unsigned char) value.p[28] : SYSLOG_MODE_MAX_;
    if (mode >= SYSLOG_MODE_MAX_ || memcmp(value.p, &c->boot, 8) != 0 ||
        memcmp(value.p + 8, &c->cookie, 8) != 0)
        return 0;
    memcpy(&c->position, value.p + 16, 8);
    memcpy(&c->framing.left, value.p + 24, 4);
    c->framing.mode = (enum syslog_mode) mode;
    c->framing.in_long = value.p[29] & 1;
    c->source = source;
    c->key = key;
    return 1;
}

static int connection_prepare(struct connection *c, struct diag *reterr) {
    struct intake_live *l = c->transport.live;
    struct sockaddr_storage from = {0};
    socklen_t n = sizeof from;
    int on = 1;
    c->boot = syslog_boot_id();
    c->cookie = syslog_cookie(c->fd);
    c->lowat = 1;
    (void) getpeername(c->fd, (struct sockaddr *) &from, &n);
    c->peer = str_n(c->peer_text, syslog_address(&from, true, c->peer_text, sizeof c->peer_text));
    int r = stream_consumed(c->fd, &c->consumed);
    if (r == 0)
        r = syslog_nonblocking(c->fd);
    if (r == 0)
        r = uv_poll_init(live_loop(l), &c->poll, c->fd);
    if (r < 0)
        return diag_set(reterr, r, "cannot read a connection from %s: %s", c->peer_text,
                        err_word(r));
    c->handles = 2;
    c->stand.data = c;
    (void) uv_timer_init(live_loop(l), &c->stand);
    syslog_receive_buffer(c->fd, TCP_RECEIVE_BYTES);
    /* a peer that vanished without a word must not keep its place for ever */
    (void) setsockopt(c->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    (void) setsockopt(c->fd, SOL_SOCKET, SO_RCVLOWAT, &on, sizeof on);
    if (live_all_states(l, connection_restore, c) == 0) {
        c->source = syslog_sender_source(l, c->senders, &from);
        c->key = live_next_key(l);
    }
    /* Only framing (empty lines) is consumed without being remembered, so the later of the two is
     * right. */
    c->position = MAX(c->position, c->consumed);
    /* What a killed process had written and not yet consumed: opening the spool made it durable. Left
     * in the kernel, it would wake us until the half message behind it seems to stand. */
    connection_consume(c);
    return 0;
}

static int connection_add(struct intake_live *l, int fd, struct syslog_senders *senders,
                          struct diag *reterr) {
    struct connection *c = NULL;
    int r = 0;
    if (*live_connections(l) >= SYSLOG_CONNECTIONS_MAX)
        r = diag_set(reterr, -ERR_LIMIT, "more than %d connections", SYSLOG_CONNECTIONS_MAX);
    else if (!(c = mem_zalloc(sizeof *c)))
        r = diag_set(reterr, -ENOMEM, "out of memory");
    if (r == 0) {
        c->fd = fd;
        c->senders = senders;
        c->transport = (struct live_transport){.live = l,
                                               .committed = connection_committed,
                                               .go_on = connection_go_on,
                                               .close = connection_close};
        r = connection_prepare(c, reterr);
    }
    if (r < 0) {
        live_counters(l, senders->own)->broken++;
        if (senders->through)
            senders->through(senders->through_ctx, syslog_cookie(fd));
        mem_free(c);
        close(fd);
        return r;
    }
    senders->refs++;
    *live_connections(l) += 1;
    live_add(l, &c->transport);
    connection_go_on(&c->transport);
    return 0;
}

/* ---- a TCP listener ---- */

static void listener_readable(uv_poll_t *h, int status UNUSED, int events UNUSED) {
    struct syslog_listener *s = container_of(h, struct syslog_listener, poll);
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        int fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        (void) connection_add(s->transport.live, fd, s->senders, NULL); /* counts what it refuses */
    }
}

static void listener_go_on(struct live_transport *t) {
    struct syslog_listener *s = container_of(t, struct syslog_listener, transport);
    if (s->fd >= 0)
        (void) uv_poll_start(&s->poll, UV_READABLE, listener_readable);
}
static void listener_gone(struct syslog_listener *s) {
    if (--s->handles > 0)
        return;
    if (s->fd >= 0)
        close(s->fd);
    syslog_senders_unref(s->senders);
    mem_free(s);
}
static void listener_poll_closed(uv_handle_t *h) {
    listener_gone(container_of((uv_poll_t *) h, struct syslog_listener, poll));
}
static void listener_tidy_closed(uv_handle_t *h) {
    listener_gone(h->data);
}
static void listener_close(struct live_transport *t) {
    struct syslog_listener *s = container_of(t, struct syslog_listener, transport);
    live_remove(t);
    if (s->fd >= 0)
        uv_close((uv_handle_t *) &s->poll, listener_poll_closed);
    uv_close((uv_handle_t *) &s->tidy, listener_tidy_closed);
}

/* A connection that nobody handed over within TIDY_MS of the start will not come any more. */
static int forget_if_unclaimed(void *ctx, uint32_t source, uint32_t key, struct str value) {
    struct intake_live *l = ctx;
    if (value.n != STATE_BYTES)
        return 0;
    LIST_FOR_EACH(it, live_transports(l)) {
        struct live_transport *t = container_of(it, struct live_transport, link);
        struct connection *c = container_of(t, struct connection, transport);
        if (t->close == connection_close && c->source == source && c->key == key)
            return 0;
    }
    live_forget_state(l, source, key);
    return 0;
}
static void on_tidy(uv_timer_t *h) {
    struct syslog_listener *s = h->data;
    if (live_all_states(s->transport.live, forget_if_unclaimed, s->transport.live) < 0)
        return;
}

static int listener_new(struct intake_live *l, int fd, const struct source *def,
                        struct syslog_listener **ret, struct diag *reterr) {
    struct syslog_listener *s = mem_zalloc(sizeof *s);
    int r =
        s ? syslog_senders_new(l, def, &s->senders, reterr) : diag_set(reterr, -ENOMEM, "out of memory");
    if (r == 0) {
        s->fd = fd;
        s->transport =
            (struct live_transport){.live = l, .go_on = listener_go_on, .close = listener_close};
        r = fd < 0 ? 0 : syslog_nonblocking(fd);
        if (r == 0 && fd >= 0)
            r = uv_poll_init(live_loop(l), &s->poll, fd);
        if (r < 0)
            (void) diag_set(reterr, r, "cannot listen on a stream socket: %s", err_word(r));
    }
    if (r < 0) {
        if (s)
            syslog_senders_unref(s->senders);
        mem_free(s);
        return r;
    }
    s->handles = 1 + (fd >= 0);
    s->tidy.data = s;
    (void) uv_timer_init(live_loop(l), &s->tidy);
    (void) uv_timer_start(&s->tidy, on_tidy, TIDY_MS, 0);
    live_add(l, &s->transport);
    *ret = s;
    return 0;
}

int intake_syslog_add_listener(struct intake_live *l, int fd, const struct source *def,
                               struct diag *reterr) {
    struct syslog_listener *s;
    int r = listener_new(l, fd, def, &s, reterr);
    if (r < 0) {
        close(fd);
        return r;
    }
    syslog_receive_buffer(fd, TCP_RECEIVE_BYTES); /* connections inherit it before their first byte */
    listener_go_on(&s->transport);
    return 0;
}

int intake_syslog_held_new(struct intake_live *l, const struct source *def,
                           intake_through_fn *through, void *ctx, struct intake_syslog_held **ret,
                           struct diag *reterr) {
    struct syslog_listener *s;
    int r = listener_new(l, -1, def, &s, reterr);
    if (r < 0)
        return r;
    s->senders->through = through;
    s->senders->through_ctx = ctx;
    *ret = (struct intake_syslog_held *) s;
    return 0;
}

int intake_syslog_held_add(struct intake_syslog_held *h, int fd, struct diag *reterr) {
    struct syslog_listener *s = (struct syslog_listener *) h;
    return connection_add(s->transport.live, fd, s->senders, reterr);
}
