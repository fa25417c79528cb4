/* SNMP notifications, flow records and figures (collectd, StatsD) over UDP. Each sending address is a source of its own. What the kernel dropped is
 * read from the socket (its drop counter, the one SO_RXQ_OVFL reports) and told with the listener's source, beside what
 * was not understood: arrived + dropped + not understood = sent. While the spool stands nothing is read, so that what
 * cannot be kept is dropped where it is counted. */
#include "app/gate/gate.h"

#include "base/mem.h"
#include "intake/flow.h"
#include "intake/metric.h"
#include "intake/snmp.h"

#include <linux/sock_diag.h>

enum { MESSAGES = 32, ROUNDS = 16, DATAGRAM_BYTES = LINE_BYTES_MAX, SNMP_LINE_BYTES = 256 * 1024 };

struct datagrams {
    struct gate *g;
    const struct datagram_protocol *protocol;
    uv_poll_t poll;
    int fd;
    uint32_t own; /* the listener's source, which others of the protocol share */
    uint32_t dropped;
    uint64_t not_understood, not_understood_told;
    struct flow *flow;
    struct buf line;
    struct up_batch *batch;
    struct str peer; /* of the datagram at hand */
    bool waits;
    char buffer[MESSAGES][DATAGRAM_BYTES];
};
struct datagram_protocol {
    const char *name;
    int (*take)(struct datagrams *d, const struct sockaddr_storage *from, struct str address, struct str bytes);
};
/* An inform is answered when it is on disk. */
struct inform {
    int fd;
    struct sockaddr_storage to;
    size_t n;
    char bytes[];
};

static void on_readable(uv_poll_t *p, int status, int events);

static uint32_t source_of(struct datagrams *d, struct str address) {
    uint32_t id = up_source(d->g->up, address, d->protocol->name, d->g->config->offset_min);
    return id ? id : d->own;
}

static int put(struct datagrams *d, struct str address, struct str line) {
    if (!d->batch && !(d->batch = up_begin(d->g->up)))
        return -ENOMEM;
    return up_add(d->batch, source_of(d, address), line, d->peer, 0, STR_NULL);
}

/* ---- the two protocols ---- */

static void answer_inform(void *ctx, int result) {
    struct inform *i = ctx;
    if (result == 0)
        (void) !sendto(i->fd, i->bytes, i->n, MSG_DONTWAIT, (const struct sockaddr *) &i->to, sizeof i->to);
    mem_free(i);
}

static int take_snmp(struct datagrams *d, const struct sockaddr_storage *from, struct str address, struct str bytes) {
    size_t inform;
    int r = snmp_notification(bytes, &d->line, &inform, NULL);
    if (r == 0)
        r = put(d, address, buf_str(&d->line));
    struct inform *i = r == 0 && inform ? mem_zalloc(sizeof *i + bytes.n) : NULL;
    if (!i)
        return r;
    *i = (struct inform){.fd = d->fd, .to = *from, .n = bytes.n};
    memcpy(i->bytes, bytes.p, bytes.n);
    i->bytes[inform] = (char) SNMP_RESPONSE;
    struct up_batch *b = d->batch;
    d->batch = NULL;
    up_send(b, false, answer_inform, i);
    return 0;
}

static int put_flow(void *ctx, struct str exporter, struct str line) {
    return put(ctx, exporter, line);
}
static int take_flow(struct datagrams *d, const struct sockaddr_storage *from UNUSED, struct str address, struct str bytes) {
    return flow_datagram(d->flow, address, bytes, put_flow, d);
}

struct figures {
    struct datagrams *d;
    struct str address;
};
/* The source is who sent it; whose figures they are stands in the line. */
static int put_figure(void *ctx, struct str host UNUSED, struct str line) {
    struct figures *f = ctx;
    return put(f->d, f->address, line);
}
static int take_collectd(struct datagrams *d, const struct sockaddr_storage *from UNUSED, struct str address, struct str bytes) {
    struct figures f = {d, address};
    return metric_collectd(d->g->metrics, bytes, put_figure, &f, NULL);
}
static int take_statsd(struct datagrams *d, const struct sockaddr_storage *from UNUSED, struct str address, struct str bytes) {
    struct figures f = {d, address};
    return metric_statsd(d->g->metrics, bytes, address, put_figure, &f, NULL);
}

static const struct datagram_protocol PROTOCOLS[DATAGRAM_KIND_MAX_] = {
    [DATAGRAM_SNMP] = {"snmp", take_snmp},
    [DATAGRAM_FLOW] = {"flow", take_flow},
    [DATAGRAM_COLLECTD] = {"collectd", take_collectd},
    [DATAGRAM_STATSD] = {"statsd", take_statsd},
};

/* ---- the socket ---- */

static void note_drops(struct datagrams *d) {
    uint32_t mem[SK_MEMINFO_VARS] = {0};
    socklen_t n = sizeof mem;
    uint64_t not_understood = d->not_understood + (d->flow ? flow_given_up(d->flow) : 0);
    if (getsockopt(d->fd, SOL_SOCKET, SO_MEMINFO, mem, &n) < 0)
        return;
    up_lost(d->g->up, d->own, mem[SK_MEMINFO_DROPS] - d->dropped, not_understood - d->not_understood_told);
    d->dropped = mem[SK_MEMINFO_DROPS];
    d->not_understood_told = not_understood;
}

/* 1: perhaps more; 0: empty. */
static int read_some(struct datagrams *d) {
    struct mmsghdr m[MESSAGES] = {0};
    struct iovec iov[MESSAGES];
    struct sockaddr_storage from[MESSAGES];
    for (size_t i = 0; i < MESSAGES; i++) {
        iov[i] = (struct iovec){d->buffer[i], DATAGRAM_BYTES};
        m[i].msg_hdr = (struct msghdr){
            .msg_iov = &iov[i], .msg_iovlen = 1, .msg_name = &from[i], .msg_namelen = sizeof from[i]};
    }
    int n = recvmmsg(d->fd, m, MESSAGES, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n; i++) {
        char address[GATE_ADDRESS_CAP], peer[GATE_ADDRESS_CAP];
        d->peer = gate_peer((const struct sockaddr *) &from[i], peer);
        struct str a = gate_address((const struct sockaddr *) &from[i], address);
        d->not_understood += d->protocol->take(d, &from[i], a, str_n(d->buffer[i], m[i].msg_len)) < 0;
    }
    return n == MESSAGES;
}

static void go_on(void *ctx) {
    struct datagrams *d = ctx;
    d->waits = false;
    (void) uv_poll_start(&d->poll, UV_READABLE, on_readable);
}

static void on_readable(uv_poll_t *p, int status UNUSED, int events UNUSED) {
    struct datagrams *d = p->data;
    if (up_state(d->g->up) != UP_FINE) {
        d->waits = true;
        (void) uv_poll_stop(p);
        up_wait(d->g->up, go_on, d);
        return;
    }
    for (int i = 0; i < ROUNDS && read_some(d); i++)
        ;
    if (d->batch)
        up_send(d->batch, false, NULL, NULL);
    d->batch = NULL;
    note_drops(d);
}

int datagram_listen(struct gate *g, int fd, enum datagram_kind kind, struct diag *reterr) {
    struct datagrams *d = mem_zalloc(sizeof *d);
    int r = d ? uv_poll_init(&g->loop, &d->poll, fd) : -ENOMEM;
    if (r == 0) {
        d->g = g;
        d->protocol = &PROTOCOLS[kind];
        d->fd = fd;
        d->own = up_source(g->up, str_of(d->protocol->name), "listener", g->config->offset_min);
        d->poll.data = d;
        buf_init(&d->line, SNMP_LINE_BYTES);
        d->flow = kind == DATAGRAM_FLOW ? flow_new() : NULL;
        r = kind == DATAGRAM_FLOW && !d->flow ? -ENOMEM : uv_poll_start(&d->poll, UV_READABLE, on_readable);
    }
    return r < 0 ? diag_set(reterr, r, "cannot listen for datagrams: %s", err_word(r)) : 0;
}
