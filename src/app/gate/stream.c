/* See stream.h. One poll handle a connection. Reading stops while more than UNACKED_BYTES_MAX of it are not on disk, so
 * that a sender is slowed down by its own connection and nothing is taken that could not be kept. */
#include "app/gate/stream.h"

#include "base/log.h"
#include "base/mem.h"

#include <fcntl.h>
#include <unistd.h>

enum {
    READ_BYTES = 64 * 1024,
    ROUNDS = 8, /* a turn of the loop; others wait */
    UNACKED_BYTES_MAX = 512 * 1024,
    OUT_BYTES_MAX = 1 << 20, /* a peer that does not read its answers is closed */
    HANDSHAKE_MS = 20 * 1000,
    ACCEPTS_A_TURN = 64,
};

struct listener {
    struct gate *g;
    const struct stream_protocol *protocol;
    uv_poll_t poll;
    int fd;
};
struct connection {
    struct stream s;
    struct list link;
    uv_poll_t poll;
    uv_timer_t timer; /* for the handshake */
    int fd, handles;
    gnutls_session_t tls;
    bool greeted; /* the handshake is through, or there is none */
    bool ended, closing, last_words, waits;
    struct buf in, out;
    struct up_batch *batch;
    size_t unacked; /* bytes */
    unsigned sent;  /* batches that are not done */
};
/* What is passed with a batch: the connection may be gone when it is done. */
struct sent {
    struct connection *c;
    uint64_t number;
    size_t bytes;
};

static struct list connections;

static void on_poll(uv_poll_t *p, int status, int events);
static void on_timer(uv_timer_t *t);

/* ---- life ---- */

static void gone(struct connection *c) {
    if (--c->handles > 0)
        return;
    if (c->tls)
        gnutls_deinit(c->tls);
    close(c->fd);
    if (c->s.protocol->done)
        c->s.protocol->done(&c->s);
    up_drop(c->batch);
    buf_done(&c->in);
    buf_done(&c->out);
    c->s.g->connections--;
    list_remove(&c->link);
    mem_free(c);
}
static void closed(uv_handle_t *h) {
    gone(h->data);
}
/* Memory stays until the last batch of it is done. */
static void close_connection(struct connection *c) {
    if (c->closing)
        return;
    c->closing = true;
    if (c->tls && c->greeted)
        (void) gnutls_bye(c->tls, GNUTLS_SHUT_WR); /* as far as the buffer takes it: nobody waits for it */
    uv_close((uv_handle_t *) &c->poll, closed);
    uv_close((uv_handle_t *) &c->timer, closed);
    up_wait_no_more(c->s.g->up, c);
}

static void watch(struct connection *c) {
    int events = 0;
    if (c->closing)
        return;
    if (!c->ended && !c->waits && c->unacked < UNACKED_BYTES_MAX)
        events |= UV_READABLE;
    if (c->out.n || (c->tls && !c->greeted && gnutls_record_get_direction(c->tls)))
        events |= UV_WRITABLE;
    if (events)
        (void) uv_poll_start(&c->poll, events, on_poll);
    else
        (void) uv_poll_stop(&c->poll);
    /* What GnuTLS has read and nobody has taken is not seen by poll. */
    if ((events & UV_READABLE) && c->tls && c->greeted && gnutls_record_check_pending(c->tls))
        (void) uv_timer_start(&c->timer, on_timer, 1, 0);
}

/* ---- bytes out ---- */

static void flush(struct connection *c) {
    while (c->out.n && c->greeted) {
        ssize_t n = c->tls ? gnutls_record_send(c->tls, c->out.p, c->out.n)
                           : send(c->fd, c->out.p, c->out.n, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED || (n < 0 && !c->tls && (errno == EAGAIN || errno == EINTR)))
            return;
        if (n <= 0) {
            close_connection(c);
            return;
        }
        buf_remove_front(&c->out, (size_t) n);
    }
    if (c->last_words && c->out.n == 0)
        close_connection(c);
}

void stream_write(struct stream *s, struct str bytes) {
    struct connection *c = container_of(s, struct connection, s);
    buf_add(&c->out, bytes);
    if (buf_error(&c->out))
        close_connection(c);
}
void stream_close_when_written(struct stream *s) {
    container_of(s, struct connection, s)->last_words = true;
}

/* ---- records ---- */

int stream_put(struct stream *s, struct str line, uint32_t flags) {
    struct connection *c = container_of(s, struct connection, s);
    if (!c->batch && !(c->batch = up_begin(s->g->up)))
        return -ENOMEM;
    int r = up_add(c->batch, s->source, line, s->peer, flags, STR_NULL);
    s->put += r == 0;
    return r;
}

static void on_disk(void *ctx, int result UNUSED) {
    struct sent *sent = ctx;
    struct connection *c = sent->c;
    c->unacked -= sent->bytes;
    c->sent--;
    if (!c->closing && c->s.protocol->on_disk)
        c->s.protocol->on_disk(&c->s, sent->number);
    mem_free(sent);
    if (!c->closing) {
        flush(c);
        if (c->ended && c->sent == 0 && !c->out.n)
            close_connection(c);
    }
    if (!c->closing)
        watch(c);
    gone(c);
}

static void send_batch(struct connection *c, size_t bytes) {
    struct sent *sent = c->batch ? mem_zalloc(sizeof *sent) : NULL;
    if (!sent)
        return; /* goes with the next turn's */
    *sent = (struct sent){c, c->s.put, bytes};
    c->handles++;
    c->sent++;
    c->unacked += bytes;
    struct up_batch *b = c->batch;
    c->batch = NULL;
    up_send(b, false, on_disk, sent);
}

/* ---- bytes in ---- */

static int tls_error(struct connection *c, ssize_t n) {
    if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
        return -EAGAIN;
    return n < 0 && gnutls_error_is_fatal((int) n) == 0 ? -EAGAIN : (c->ended = true, 0);
}

/* Bytes read, 0: the end, -EAGAIN: none now. */
static ssize_t read_some(struct connection *c, char *p, size_t n) {
    if (c->tls) {
        ssize_t r = gnutls_record_recv(c->tls, p, n);
        return r > 0 ? r : r == 0 ? 0 : tls_error(c, r);
    }
    ssize_t r = recv(c->fd, p, n, MSG_DONTWAIT);
    return r >= 0 ? r : errno == EAGAIN || errno == EINTR ? -EAGAIN : 0;
}

static int take(struct connection *c) {
    size_t used = 0, before = c->in.n;
    int r = c->s.protocol->take(&c->s, buf_str(&c->in), c->ended, &used);
    buf_remove_front(&c->in, used);
    send_batch(c, before - c->in.n);
    return r;
}

static void readable(struct connection *c) {
    for (int i = 0; i < ROUNDS && !c->ended && !c->last_words && c->unacked < UNACKED_BYTES_MAX; i++) {
        char *room = buf_reserve(&c->in, READ_BYTES);
        ssize_t n = room ? read_some(c, room, READ_BYTES) : 0;
        if (n == -EAGAIN)
            break;
        c->ended |= n == 0;
        buf_added(&c->in, (size_t) n);
        if (take(c) < 0) {
            close_connection(c);
            return;
        }
    }
    if (c->ended && c->sent == 0 && !c->out.n)
        close_connection(c);
}

/* False: there are too many sources, or memory has run out. */
static bool name_source(struct connection *c, struct str who) {
    const struct gate *g = c->s.g;
    if (!(c->s.source = up_source(g->up, who, c->s.protocol->name, g->config->offset_min)))
        c->s.source = up_source(g->up, STR("others"), c->s.protocol->name, g->config->offset_min);
    return c->s.source != 0;
}

/* Whose certificate was verified is known by it, wherever it sends from. */
static void name_by_certificate(struct connection *c) {
    char name[GATE_CERTIFICATE_NAME_CAP];
    struct str who = gate_certificate_name(c->tls, name);
    if (!name_source(c, who.n ? who : c->s.address))
        close_connection(c);
}

static void handshake(struct connection *c) {
    int r = gnutls_handshake(c->tls);
    if (r == GNUTLS_E_SUCCESS) {
        c->greeted = true;
        (void) uv_timer_stop(&c->timer);
        if (!c->s.source)
            name_by_certificate(c);
    } else if (gnutls_error_is_fatal(r)) {
        log_warn("%s is refused by TLS: %s", c->s.peer_text, gnutls_strerror(r));
        (void) gnutls_alert_send_appropriate(c->tls, r);
        close_connection(c);
    }
}

static void go_on(void *ctx) {
    struct connection *c = ctx;
    c->waits = false;
    watch(c);
}

static void on_poll(uv_poll_t *p, int status, int events) {
    struct connection *c = container_of(p, struct connection, poll);
    if (status < 0) {
        close_connection(c);
        return;
    }
    if (!c->greeted)
        handshake(c);
    if (!c->closing && c->greeted && (events & UV_READABLE) && !c->waits) {
        if (up_state(c->s.g->up) == UP_FINE) {
            readable(c);
        } else {
            c->waits = true;
            up_wait(c->s.g->up, go_on, c);
        }
    }
    if (!c->closing)
        flush(c);
    watch(c);
}

static void on_timer(uv_timer_t *t) {
    struct connection *c = t->data;
    if (!c->greeted)
        close_connection(c);
    else
        on_poll(&c->poll, 0, UV_READABLE);
}

static int begin_tls(struct connection *c) {
    int r = gnutls_init(&c->tls, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);
    if (r == 0)
        r = gnutls_priority_set_direct(c->tls, "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE", NULL);
    if (r == 0)
        r = gnutls_credentials_set(c->tls, GNUTLS_CRD_CERTIFICATE, c->s.g->tls);
    if (r < 0)
        return -EIO;
    if (c->s.g->clients.p) { /* who shows none, or one that is not signed by the given authority, is refused */
        gnutls_certificate_server_set_request(c->tls, GNUTLS_CERT_REQUIRE);
        gnutls_session_set_verify_cert(c->tls, NULL, 0);
    }
    gnutls_transport_set_int(c->tls, c->fd);
    return 0;
}

static unsigned connections_of(struct str address) {
    unsigned n = 0;
    LIST_FOR_EACH(it, &connections)
        n += str_eq(container_of(it, struct connection, link)->s.address, address);
    return n;
}

static int add(struct listener *l, int fd, const struct sockaddr_storage *from) {
    struct gate *g = l->g;
    struct connection *c = mem_zalloc(sizeof *c);
    if (!c)
        return -ENOMEM;
    *c = (struct connection){.s = {.g = g, .protocol = l->protocol}, .fd = fd, .greeted = !l->protocol->tls};
    c->s.address = gate_address((const struct sockaddr *) from, c->s.address_text);
    c->s.peer = gate_peer((const struct sockaddr *) from, c->s.peer_text);
    bool shows = l->protocol->tls && g->clients.p; /* who it is: it is named then */
    if (g->connections >= GATE_CONNECTIONS_MAX || connections_of(c->s.address) >= GATE_OF_ADDRESS_MAX ||
        (!shows && !name_source(c, c->s.address)) ||
        (l->protocol->tls && begin_tls(c) < 0) || uv_poll_init(&g->loop, &c->poll, fd) < 0) {
        if (c->tls)
            gnutls_deinit(c->tls);
        mem_free(c);
        return -ERR_LIMIT;
    }
    buf_init(&c->in, GATE_MESSAGE_BYTES_MAX + 2 * READ_BYTES);
    buf_init(&c->out, OUT_BYTES_MAX);
    (void) setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &(int){1}, sizeof(int));
    (void) uv_timer_init(&g->loop, &c->timer);
    c->poll.data = c->timer.data = c;
    c->handles = 2;
    (void) uv_timer_start(&c->timer, on_timer, HANDSHAKE_MS, 0);
    if (c->greeted)
        (void) uv_timer_stop(&c->timer);
    g->connections++;
    list_add_tail(&connections, &c->link);
    watch(c);
    return 0;
}

static void on_listener(uv_poll_t *p, int status UNUSED, int events UNUSED) {
    struct listener *l = p->data;
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        struct sockaddr_storage from = {0};
        socklen_t n = sizeof from;
        int fd = accept4(l->fd, (struct sockaddr *) &from, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        if (add(l, fd, &from) < 0)
            close(fd);
    }
}

int stream_listen(struct gate *g, int fd, enum stream_kind kind, struct diag *reterr) {
    struct listener *l = mem_zalloc(sizeof *l);
    if (!connections.next)
        list_init(&connections);
    if (!l)
        return diag_set(reterr, -ENOMEM, "out of memory");
    *l = (struct listener){.g = g, .protocol = &STREAM_PROTOCOLS[kind], .fd = fd};
    int r = uv_poll_init(&g->loop, &l->poll, fd);
    l->poll.data = l;
    if (r == 0)
        r = uv_poll_start(&l->poll, UV_READABLE, on_listener);
    return r < 0 ? diag_set(reterr, r, "cannot listen for %s: %s", l->protocol->name, uv_strerror(r)) : 0;
}

/* ---- syslog in TLS: RFC 5425, and senders that do lines there ---- */

static int syslog_take(struct stream *s, struct str in, bool end, size_t *ret_used) {
    struct syslog_frame f;
    int r;
    while ((r = syslog_frame_next(&s->framing, in.p + *ret_used, in.n - *ret_used, end, &f)) > 0) {
        *ret_used += f.used;
        if (f.bytes.n && (r = stream_put(s, f.bytes, f.flags)) < 0)
            return r;
    }
    return r;
}

const struct stream_protocol STREAM_PROTOCOLS[STREAM_KIND_MAX_] = {
    [STREAM_RELP] = {.name = "relp", .take = relp_take, .on_disk = relp_on_disk, .done = relp_done},
    [STREAM_RELP_TLS] = {.name = "relp tls", .tls = true, .take = relp_take, .on_disk = relp_on_disk, .done = relp_done},
    [STREAM_SYSLOG_TLS] = {.name = "syslog tls", .tls = true, .take = syslog_take},
};
