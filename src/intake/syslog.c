/* Syslog over UDP and TCP on sockets that are open already.
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
 * UDP: recvmmsg; what the kernel dropped is counted by source (the socket's drop counter, the one
 * SO_RXQ_OVFL reports). Senders become sources of their own, at most SYSLOG_SENDERS_MAX; further
 * ones share the listener's. */
#include "base/hash.h"
#include "base/map.h"
#include "base/mem.h"
#include "intake/live_priv.h"
#include "intake/syslog_frame.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum {
    PEEK_BYTES = 256 * 1024,
    UDP_MESSAGES = 32,
    UDP_ROUNDS = 16,                 /* a turn of the loop; others wait */
    UDP_RECEIVE_BYTES = 8 << 20,     /* what may wait in the kernel while the disk syncs */
    DATAGRAM_BYTES = LINE_BYTES_MAX, /* no UDP payload is longer */
    STUCK_WAKES = 3,
    ACCEPTS_A_TURN = 64,
    TCP_RECEIVE_BYTES = 256 * 1024, /* the kernel doubles it; see above */
    STAND_MS = 10 * 1000,
    TIDY_MS = 60 * 1000,
    STATE_BYTES = 30,
    DROPS_KEY = 0, /* of the listener's source: boot, cookie, drops u32, lost in all u64 */
    DROPS_BYTES = 28,
};

/* Senders to sources; shared by what belongs to one configured listener. */
struct senders {
    struct source def;
    struct map ids; /* address -> source id */
    struct arena texts;
    uint32_t own; /* the listener's source */
    unsigned refs;
    intake_through_fn *through; /* held connections: who also holds them; NULL: nobody */
    void *through_ctx;
};

struct syslog_udp {
    struct live_transport transport;
    uv_poll_t poll;
    int fd;
    struct senders *senders;
    uint64_t boot, cookie;
    uint32_t drops;
    uint64_t lost; /* as the spool has it */
    bool drops_known;
    char *buffer;
};

/* Also of held connections, which somebody else accepts: then fd is -1. */
struct syslog_listener {
    struct live_transport transport;
    uv_poll_t poll;
    uv_timer_t tidy;
    int handles;
    int fd;
    struct senders *senders;
};

struct connection {
    struct live_transport transport;
    uv_poll_t poll;
    int fd;
    struct senders *senders;
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

static uint64_t boot_id(void) {
    char text[64] = "";
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
    if (fd >= 0)
        close(fd);
    return n > 0 ? hash_fast(str_n(text, (size_t) n), 1) : 0;
}

static uint64_t socket_cookie(int fd) {
    uint64_t v = 0;
    socklen_t n = sizeof v;
    return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &v, &n) < 0 ? 0 : v;
}

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

static uint32_t socket_drops(int fd) {
    uint32_t mem[SK_MEMINFO_VARS] = {0};
    socklen_t n = sizeof mem;
    return getsockopt(fd, SOL_SOCKET, SO_MEMINFO, mem, &n) < 0 ? 0 : mem[SK_MEMINFO_DROPS];
}

/* As much as we may have; FORCE needs a capability. */
static void set_receive_buffer(int fd, int bytes) {
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0)
        (void) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

/* ---- senders ---- */

static struct senders *senders_unref(struct senders *s) {
    if (!s || --s->refs)
        return NULL;
    map_done(&s->ids);
    arena_done(&s->texts);
    mem_free(s);
    return NULL;
}

static bool copy_text(struct arena *a, struct str *s) {
    *s = arena_dup(a, s->p ? *s : STR(""));
    return s->p != NULL;
}

static int senders_new(struct intake_live *l, const struct source *def, struct senders **ret,
                       struct diag *reterr) {
    struct senders *s = mem_zalloc(sizeof *s);
    if (!s)
        return diag_set(reterr, -ENOMEM, "out of memory");
    s->refs = 1;
    s->def = *def;
    map_init(&s->ids, SYSLOG_SENDERS_MAX, 0);
    arena_init(&s->texts, 8 * SOURCE_TEXT_BYTES_MAX);
    struct str *texts[] = {&s->def.name, &s->def.kind,    &s->def.path,
                           &s->def.host, &s->def.service, &s->def.decoder};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (!copy_text(&s->texts, texts[i])) {
            senders_unref(s);
            return diag_set(reterr, -ENOMEM, "out of memory");
        }
    int r = live_name_source(l, def, &s->own, reterr);
    if (r < 0)
        senders_unref(s);
    else
        *ret = s;
    return r;
}

static size_t address_text(const struct sockaddr_storage *ss, bool port, char *dst, size_t cap) {
    char ip[INET6_ADDRSTRLEN] = "?";
    unsigned number = 0;
    int n;
    if (ss->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *) ss;
        inet_ntop(AF_INET, &in->sin_addr, ip, sizeof ip);
        number = ntohs(in->sin_port);
    } else if (ss->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *) ss;
        if (IN6_IS_ADDR_V4MAPPED(&in->sin6_addr))
            inet_ntop(AF_INET, in->sin6_addr.s6_addr + 12, ip, sizeof ip);
        else
            inet_ntop(AF_INET6, &in->sin6_addr, ip, sizeof ip);
        number = ntohs(in->sin6_port);
    }
    if (!port)
        n = snprintf(dst, cap, "%s", ip);
    else
        n = snprintf(dst, cap, strchr(ip, ':') ? "[%s]:%u" : "%s:%u", ip, number);
    return n < 0 ? 0 : MIN((size_t) n, cap - 1);
}

static uint32_t sender_source(struct intake_live *l, struct senders *s,
                              const struct sockaddr_storage *ss) {
    char ip[INET6_ADDRSTRLEN], name[INET6_ADDRSTRLEN + 64];
    struct str address = str_n(ip, address_text(ss, false, ip, sizeof ip));
    union map_value *v = map_find(&s->ids, address);
    if (v)
        return (uint32_t) v->num;
    int n = snprintf(name, sizeof name, "%s (%.*s)", ip, (int) MIN(s->def.name.n, (size_t) 60),
                     s->def.name.p);
    struct source def = s->def;
    def.name = str_n(name, (size_t) n);
    uint32_t id = s->own;
    bool fresh;
    if (map_add(&s->ids, address, &v, &fresh) < 0)
        return s->own; /* too many senders: they share one source */
    if (live_name_source(l, &def, &id, NULL) < 0) {
        map_remove(&s->ids, address); /* the disk is full: tried again with the next message */
        return s->own;
    }
    v->num = id;
    return id;
}

/* ---- UDP ---- */

static void udp_note_drops(struct syslog_udp *u) {
    uint32_t now = socket_drops(u->fd);
    struct intake_counters *c = live_counters(u->transport.live, u->senders->own);
    if (now == u->drops && u->drops_known && c->lost == u->lost)
        return;
    c->lost += now - u->drops;
    u->drops = now; /* counted, whether it can be remembered now or not */
    char value[DROPS_BYTES];
    memcpy(value, &u->boot, 8);
    memcpy(value + 8, &u->cookie, 8);
    memcpy(value + 16, &now, 4);
    memcpy(value + 20, &c->lost, 8);
    if (live_put_state(u->transport.live, u->senders->own, DROPS_KEY, str_n(value, sizeof value)) ==
        0) {
        u->lost = c->lost;
        u->drops_known = true;
    }
}

static int udp_put(struct syslog_udp *u, const struct sockaddr_storage *from, struct str bytes,
                   bool truncated, int64_t now) {
    char peer[RAW_PEER_BYTES_MAX];
    if (bytes.n && bytes.p[bytes.n - 1] == '\n') {
        bytes.n--;
        bytes.n -= bytes.n && bytes.p[bytes.n - 1] == '\r';
    }
    struct raw_record rec = {
        .bytes = bytes,
        .arrival_ns = now,
        .source = sender_source(u->transport.live, u->senders, from),
        .flags = truncated ? RAW_TRUNCATED : 0,
        .peer = str_n(peer, address_text(from, true, peer, sizeof peer)),
    };
    return bytes.n ? live_put(u->transport.live, &rec) : 0;
}

/* 1: perhaps more; 0: empty; -EAGAIN: the spool is full. */
static int udp_read(struct syslog_udp *u) {
    struct mmsghdr m[UDP_MESSAGES] = {0};
    struct iovec iov[UDP_MESSAGES];
    struct sockaddr_storage from[UDP_MESSAGES];
    for (size_t i = 0; i < UDP_MESSAGES; i++) {
        iov[i] =
            (struct iovec){.iov_base = u->buffer + i * DATAGRAM_BYTES, .iov_len = DATAGRAM_BYTES};
        m[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i],
                                       .msg_iovlen = 1,
                                       .msg_name = &from[i],
                                       .msg_namelen = sizeof from[i]};
    }
    int n = recvmmsg(u->fd, m, UDP_MESSAGES, MSG_DONTWAIT, NULL);
    int64_t now = live_now(u->transport.live);
    int r = 0;
    for (int i = 0; i < n; i++) {
        /* a full spool loses what was taken from the kernel already: at most UDP_MESSAGES, counted
         */
        if (r == 0)
            r = udp_put(u, &from[i], str_n(iov[i].iov_base, m[i].msg_len),
                        m[i].msg_hdr.msg_flags & MSG_TRUNC, now);
        if (r < 0)
            live_counters(u->transport.live, u->senders->own)->lost++;
    }
    return r < 0 ? r : n == UDP_MESSAGES;
}

static void udp_readable(uv_poll_t *h, int status UNUSED, int events UNUSED) {
    struct syslog_udp *u = container_of(h, struct syslog_udp, poll);
    int r = 1;
    for (int i = 0; i < UDP_ROUNDS && r == 1; i++)
        r = udp_read(u);
    udp_note_drops(u);
    if (r < 0)
        (void) uv_poll_stop(&u->poll);
}

static void udp_go_on(struct live_transport *t) {
    struct syslog_udp *u = container_of(t, struct syslog_udp, transport);
    (void) uv_poll_start(&u->poll, UV_READABLE, udp_readable);
}

static void udp_closed(uv_handle_t *h) {
    struct syslog_udp *u = container_of((uv_poll_t *) h, struct syslog_udp, poll);
    close(u->fd);
    senders_unref(u->senders);
    mem_free(u->buffer);
    mem_free(u);
}
static void udp_close(struct live_transport *t) {
    struct syslog_udp *u = container_of(t, struct syslog_udp, transport);
    live_remove(t);
    uv_close((uv_handle_t *) &u->poll, udp_closed);
}

static int udp_restore(void *ctx, uint32_t source UNUSED, uint32_t key, struct str value) {
    struct syslog_udp *u = ctx;
    if (key != DROPS_KEY || value.n != DROPS_BYTES)
        return 0;
    memcpy(&u->lost, value.p + 20, 8);
    struct intake_counters *c = live_counters(u->transport.live, u->senders->own);
    c->lost = MAX(c->lost, u->lost);
    if (memcmp(value.p, &u->boot, 8) == 0 && memcmp(value.p + 8, &u->cookie, 8) == 0) {
        memcpy(&u->drops, value.p + 16, 4);
        u->drops_known = true;
    }
    return 0;
}

static int set_nonblocking(int fd) {
    int flags = fcntl(fd, F_GETFL);
    return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

int intake_syslog_add_udp(struct intake_live *l, int fd, const struct source *def,
                          struct diag *reterr) {
    struct syslog_udp *u = mem_zalloc(sizeof *u);
    int r =
        u ? senders_new(l, def, &u->senders, reterr) : diag_set(reterr, -ENOMEM, "out of memory");
    if (r == 0) {
        u->fd = fd;
        u->boot = boot_id();
        u->cookie = socket_cookie(fd);
        u->transport = (struct live_transport){.live = l, .go_on = udp_go_on, .close = udp_close};
        u->buffer = mem_zalloc((size_t) UDP_MESSAGES * DATAGRAM_BYTES);
        r = u->buffer ? set_nonblocking(fd) : -ENOMEM;
        if (r == 0)
            r = uv_poll_init(live_loop(l), &u->poll, fd);
        if (r < 0)
            (void) diag_set(reterr, r, "cannot listen on a datagram socket: %s", err_word(r));
    }
    if (r < 0) {
        if (u) {
            senders_unref(u->senders);
            mem_free(u->buffer);
        }
        mem_free(u);
        close(fd);
        return r;
    }
    set_receive_buffer(fd, UDP_RECEIVE_BYTES);
    r = live_states(l, u->senders->own, udp_restore, u);
    if (!u->drops_known) /* a socket we see for the first time: what it dropped before is not ours
                          */
        u->drops = socket_drops(fd);
    live_add(l, &u->transport);
    udp_go_on(&u->transport);
    return r;
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
    senders_unref(c->senders);
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
    c->boot = boot_id();
    c->cookie = socket_cookie(c->fd);
    c->lowat = 1;
    (void) getpeername(c->fd, (struct sockaddr *) &from, &n);
    c->peer = str_n(c->peer_text, address_text(&from, true, c->peer_text, sizeof c->peer_text));
    int r = stream_consumed(c->fd, &c->consumed);
    if (r == 0)
        r = set_nonblocking(c->fd);
    if (r == 0)
        r = uv_poll_init(live_loop(l), &c->poll, c->fd);
    if (r < 0)
        return diag_set(reterr, r, "cannot read a connection from %s: %s", c->peer_text,
                        err_word(r));
    c->handles = 2;
    c->stand.data = c;
    (void) uv_timer_init(live_loop(l), &c->stand);
    set_receive_buffer(c->fd, TCP_RECEIVE_BYTES);
    /* a peer that vanished without a word must not keep its place for ever */
    (void) setsockopt(c->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    (void) setsockopt(c->fd, SOL_SOCKET, SO_RCVLOWAT, &on, sizeof on);
    if (live_all_states(l, connection_restore, c) == 0) {
        c->source = sender_source(l, c->senders, &from);
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

static int connection_add(struct intake_live *l, int fd, struct senders *senders,
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
            senders->through(senders->through_ctx, socket_cookie(fd));
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
    senders_unref(s->senders);
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
        s ? senders_new(l, def, &s->senders, reterr) : diag_set(reterr, -ENOMEM, "out of memory");
    if (r == 0) {
        s->fd = fd;
        s->transport =
            (struct live_transport){.live = l, .go_on = listener_go_on, .close = listener_close};
        r = fd < 0 ? 0 : set_nonblocking(fd);
        if (r == 0 && fd >= 0)
            r = uv_poll_init(live_loop(l), &s->poll, fd);
        if (r < 0)
            (void) diag_set(reterr, r, "cannot listen on a stream socket: %s", err_word(r));
    }
    if (r < 0) {
        if (s)
            senders_unref(s->senders);
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
    set_receive_buffer(fd, TCP_RECEIVE_BYTES); /* connections inherit it before their first byte */
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
