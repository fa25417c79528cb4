/* Syslog over UDP: recvmmsg; what the kernel dropped is counted by source (the socket's drop counter,
 * the one SO_RXQ_OVFL reports). Senders become sources of their own, at most SYSLOG_SENDERS_MAX;
 * further ones share the listener's.
 *
 * The kernel counts from a socket's making, and a socket outlives the sensor (the supervisor holds
 * it), but neither the supervisor nor the machine. Listeners share a source, so each keeps a state of
 * its own, known by the address it is bound to. State, key = a number of ours:
 *   boot u64, cookie u64, drops u32, lost on this address in all u64, address u64 (a hash) */
#include "intake/syslog_priv.h"

#include "base/hash.h"
#include "base/mem.h"

#include <linux/sock_diag.h>

enum {
    UDP_MESSAGES = 32,
    UDP_ROUNDS = 16,                 /* a turn of the loop; others wait */
    UDP_RECEIVE_BYTES = 8 << 20,     /* what may wait in the kernel while the disk syncs */
    DATAGRAM_BYTES = LINE_BYTES_MAX, /* no UDP payload is longer */
    DROPS_BYTES = 36,
};

struct syslog_udp {
    struct live_transport transport;
    uv_poll_t poll;
    int fd;
    struct syslog_senders *senders;
    uint64_t boot, cookie, address;
    uint32_t key;
    uint32_t drops;
    uint64_t lost;      /* on this address, in all */
    uint64_t lost_kept; /* the same as the spool has it */
    bool drops_known;
    char *buffer;
};

static uint32_t socket_drops(int fd) {
    uint32_t mem[SK_MEMINFO_VARS] = {0};
    socklen_t n = sizeof mem;
    return getsockopt(fd, SOL_SOCKET, SO_MEMINFO, mem, &n) < 0 ? 0 : mem[SK_MEMINFO_DROPS];
}

static void udp_count_lost(struct syslog_udp *u, uint64_t n) {
    u->lost += n;
    live_counters(u->transport.live, u->senders->own)->lost += n;
}

static void udp_note_drops(struct syslog_udp *u) {
    uint32_t now = socket_drops(u->fd);
    if (now == u->drops && u->drops_known && u->lost == u->lost_kept)
        return;
    udp_count_lost(u, now - u->drops);
    u->drops = now; /* counted, whether it can be remembered now or not */
    char value[DROPS_BYTES];
    memcpy(value, &u->boot, 8);
    memcpy(value + 8, &u->cookie, 8);
    memcpy(value + 16, &now, 4);
    memcpy(value + 20, &u->lost, 8);
    memcpy(value + 28, &u->address, 8);
    if (live_put_state(u->transport.live, u->senders->own, u->key, str_n(value, sizeof value)) == 0) {
        u->lost_kept = u->lost;
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
        .source = syslog_sender_source(u->transport.live, u->senders, from),
        .flags = truncated ? RAW_TRUNCATED : 0,
        .peer = str_n(peer, syslog_address(from, true, peer, sizeof peer)),
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
            udp_count_lost(u, 1);
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
    syslog_senders_unref(u->senders);
    mem_free(u->buffer);
    mem_free(u);
}
static void udp_close(struct live_transport *t) {
    struct syslog_udp *u = container_of(t, struct syslog_udp, transport);
    live_remove(t);
    uv_close((uv_handle_t *) &u->poll, udp_closed);
}

/* 1: found. */
static int udp_restore(void *ctx, uint32_t source UNUSED, uint32_t key, struct str value) {
    struct syslog_udp *u = ctx;
    if (value.n != DROPS_BYTES || memcmp(value.p + 28, &u->address, 8) != 0)
        return 0;
    u->key = key;
    memcpy(&u->lost_kept, value.p + 20, 8);
    udp_count_lost(u, u->lost_kept);
    if (memcmp(value.p, &u->boot, 8) == 0 && memcmp(value.p + 8, &u->cookie, 8) == 0) {
        memcpy(&u->drops, value.p + 16, 4);
        u->drops_known = true;
    }
    return 1;
}

static uint64_t bound_address(int fd) {
    struct sockaddr_storage ss = {0};
    socklen_t n = sizeof ss;
    char text[RAW_PEER_BYTES_MAX];
    if (getsockname(fd, (struct sockaddr *) &ss, &n) < 0)
        return 0;
    return hash_fast(str_n(text, syslog_address(&ss, true, text, sizeof text)), 1);
}

int intake_syslog_add_udp(struct intake_live *l, int fd, const struct source *def,
                          struct diag *reterr) {
    struct syslog_udp *u = mem_zalloc(sizeof *u);
    int r =
        u ? syslog_senders_new(l, def, &u->senders, reterr) : diag_set(reterr, -ENOMEM, "out of memory");
    if (r == 0) {
        u->fd = fd;
        u->boot = syslog_boot_id();
        u->cookie = syslog_cookie(fd);
        u->address = bound_address(fd);
        u->transport = (struct live_transport){.live = l, .go_on = udp_go_on, .close = udp_close};
        u->buffer = mem_zalloc((size_t) UDP_MESSAGES * DATAGRAM_BYTES);
        r = u->buffer ? syslog_nonblocking(fd) : -ENOMEM;
        if (r == 0)
            r = uv_poll_init(live_loop(l), &u->poll, fd);
        if (r < 0)
            (void) diag_set(reterr, r, "cannot listen on a datagram socket: %s", err_word(r));
    }
    if (r < 0) {
        if (u) {
            syslog_senders_unref(u->senders);
            mem_free(u->buffer);
        }
        mem_free(u);
        close(fd);
        return r;
    }
    syslog_receive_buffer(fd, UDP_RECEIVE_BYTES);
    if (live_states(l, u->senders->own, udp_restore, u) == 0)
        u->key = live_next_key(l);
    /* a socket nothing is remembered of counts from its making: all it dropped was for us */
    live_add(l, &u->transport);
    udp_go_on(&u->transport);
    return r;
}
