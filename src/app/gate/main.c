/* See gate.h. Here: options, certificates, sockets, the wall around it, the loop. */
#include "app/gate/gate.h"
#include "app/gate/http.h"

#include "app/common/sandbox.h"
#include "app/common/supervised.h"
#include "base/file.h"
#include "intake/metric.h"
#include "base/log.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>

enum { PEM_BYTES_MAX = 1 << 20, FDS_MAX = GATE_KIND_MAX_ * GATE_ADDRESSES_MAX };

struct options {
    const char *data, *config, *sensor;
    struct {
        int fd;
        enum config_gate_kind kind;
    } fds[FDS_MAX];
    size_t n_fds;
};

struct str gate_address(const struct sockaddr *sa, char *dst) {
    dst[0] = '?';
    dst[1] = 0;
    if (sa->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *) (const void *) sa)->sin_addr, dst, GATE_ADDRESS_CAP);
    if (sa->sa_family == AF_INET6) {
        const struct in6_addr *a = &((const struct sockaddr_in6 *) (const void *) sa)->sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(a))
            inet_ntop(AF_INET, a->s6_addr + 12, dst, GATE_ADDRESS_CAP);
        else
            inet_ntop(AF_INET6, a, dst, GATE_ADDRESS_CAP);
    }
    return str_of(dst);
}

struct str gate_peer(const struct sockaddr *sa, char *dst) {
    char ip[GATE_ADDRESS_CAP];
    struct str a = gate_address(sa, ip);
    unsigned port = sa->sa_family == AF_INET6 ? ntohs(((const struct sockaddr_in6 *) (const void *) sa)->sin6_port)
                                              : ntohs(((const struct sockaddr_in *) (const void *) sa)->sin_port);
    int n = snprintf(dst, GATE_ADDRESS_CAP, str_find_byte(a, ':', 0) >= 0 ? "[%s]:%u" : "%s:%u", ip, port);
    return str_n(dst, MIN((size_t) MAX(n, 0), (size_t) GATE_ADDRESS_CAP - 1));
}

/* ---- set-up ---- */

static int start_listener(struct gate *g, int fd, enum config_gate_kind kind, struct diag *err) {
    switch (kind) {
    case GATE_HTTP:
    case GATE_HTTPS:
        return http_listen(g->http, fd, kind == GATE_HTTPS, err);
    case GATE_RELP:
        return stream_listen(g, fd, STREAM_RELP, err);
    case GATE_RELP_TLS:
        return stream_listen(g, fd, STREAM_RELP_TLS, err);
    case GATE_SYSLOG_TLS:
        return stream_listen(g, fd, STREAM_SYSLOG_TLS, err);
    case GATE_SNMP:
        return datagram_listen(g, fd, DATAGRAM_SNMP, err);
    case GATE_FLOW:
        return datagram_listen(g, fd, DATAGRAM_FLOW, err);
    case GATE_COLLECTD:
        return datagram_listen(g, fd, DATAGRAM_COLLECTD, err);
    case GATE_STATSD:
        return datagram_listen(g, fd, DATAGRAM_STATSD, err);
    case GATE_KIND_MAX_:
        break;
    }
    return -EINVAL;
}

static int read_pem(struct gate *g, struct str path, struct str *ret, struct diag *err) {
    const char *z = path.p ? arena_dup_z(&g->config->arena, path) : NULL;
    return z ? file_read(&g->config->arena, z, PEM_BYTES_MAX, ret, err) : 0;
}

static gnutls_datum_t datum(struct str s) {
    return (gnutls_datum_t){.data = (unsigned char *) (uintptr_t) s.p, .size = (unsigned) s.n};
}

static int read_certificates(struct gate *g, struct diag *err) {
    const struct config_gate *c = &g->config->gate;
    int e = read_pem(g, c->chain, &g->chain, err);
    if (e < 0 || (e = read_pem(g, c->key, &g->key, err)) < 0 || (e = read_pem(g, c->clients, &g->clients, err)) < 0)
        return e;
    if (!g->chain.p)
        return 0;
    gnutls_datum_t chain = datum(g->chain), key = datum(g->key), clients = datum(g->clients);
    int r = gnutls_certificate_allocate_credentials(&g->tls);
    if (r >= 0 && (r = gnutls_certificate_set_x509_key_mem(g->tls, &chain, &key, GNUTLS_X509_FMT_PEM)) < 0)
        return diag_set(err, -EINVAL, "the certificate '%.*s' and its key cannot be used: %s", STR_ARG(c->chain),
                        gnutls_strerror(r));
    if (r >= 0 && g->clients.p &&
        (r = gnutls_certificate_set_x509_trust_mem(g->tls, &clients, GNUTLS_X509_FMT_PEM)) <= 0)
        return diag_set(err, -EINVAL, "there is no certificate of an authority in '%.*s'", STR_ARG(c->clients));
    return r < 0 ? diag_set(err, -EIO, "cannot prepare TLS: %s", gnutls_strerror(r)) : 0;
}

/* It parses what strangers send: of all files it may open only the hashes of the tokens and the limits of design. */
static int drop_rights(const struct gate *g, const struct options *o, struct diag *err) {
    static char tokens[PATH_MAX], limits[PATH_MAX];
    snprintf(tokens, sizeof tokens, "%.4000s/gate", g->config->data);
    snprintf(limits, sizeof limits, "%.4000s/limits", g->config->data);
    int made = file_make_dir(limits, 0700, err); /* the supervisor makes it too; whoever comes first */
    if (made < 0)
        return made;
    const struct sandbox_path paths[] = {
        {tokens, SANDBOX_READ}, {limits, SANDBOX_READ}, {o->sensor, SANDBOX_WRITE}, {"/proc/self", SANDBOX_READ}};
    return sandbox_enter(paths, ARRAY_SIZE(paths), SANDBOX_BASIC | SANDBOX_FILES | SANDBOX_SOCKETS, err);
}

static int start(struct gate *g, const struct options *o, struct diag *err) {
    int e = config_load(o->data, o->config, &g->config, err);
    if (e < 0 || (e = read_certificates(g, err)) < 0)
        return e;
    if ((e = up_new(&g->loop, o->sensor, &g->up)) < 0)
        return diag_set(err, e, "cannot reach for the sensor at '%s': %s", o->sensor, err_word(e));
    static char design[PATH_MAX];
    snprintf(design, sizeof design, "%.4000s/limits/design", g->config->data);
    if (!(g->metrics = metric_gather_new(design)))
        return diag_set(err, -ENOMEM, "out of memory");
    if ((e = http_new(g, &g->http, err)) < 0)
        return e;
    for (size_t i = 0; i < o->n_fds; i++)
        if ((e = start_listener(g, o->fds[i].fd, o->fds[i].kind, err)) < 0)
            return e;
    if ((e = drop_rights(g, o, err)) > 0)
        log_warn("this kernel has no Landlock; the gate could open files it need not");
    return MIN(e, 0);
}

static int read_options(struct options *o, int argc, char **argv) {
    enum { FD_OPTIONS = 256 };
    struct option options[GATE_KIND_MAX_ + 4] = {{"data", required_argument, NULL, 'd'},
                                                 {"config", required_argument, NULL, 'c'},
                                                 {"sensor", required_argument, NULL, 's'}};
    uint64_t v;
    int c;
    for (int i = 0; i < GATE_KIND_MAX_; i++)
        options[3 + i] = (struct option){CONFIG_GATE[i].option + 2, required_argument, NULL, FD_OPTIONS + i};
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'd')
            o->data = optarg;
        else if (c == 'c')
            o->config = optarg;
        else if (c == 's')
            o->sensor = optarg;
        else if (c >= FD_OPTIONS && o->n_fds < FDS_MAX && str_to_u64(str_of(optarg), &v) == 0 && v < 4096) {
            o->fds[o->n_fds].fd = (int) v;
            o->fds[o->n_fds++].kind = (enum config_gate_kind) (c - FD_OPTIONS);
        } else
            return -EINVAL;
    }
    return o->data && o->sensor && optind == argc ? 0 : -EINVAL;
}

static void on_signal(uv_signal_t *sig, int number UNUSED) {
    uv_stop(sig->loop);
}

int main(int argc, char **argv) {
    static struct gate g;
    struct options o = {0};
    struct diag d = {0};
    char line[1024];
    log_set_program("kizuki-gate");
    supervised_begin();
    signal(SIGPIPE, SIG_IGN);
    if (read_options(&o, argc, argv) < 0) {
        fprintf(stderr, "usage: kizuki-gate --data DIR --sensor SOCKET [--config FILE] [--http-fd N]… [--https-fd N]… [--relp-fd N]… "
                        "[--relp-tls-fd N]… [--syslog-tls-fd N]… [--snmp-fd N]… [--flow-fd N]… [--collectd-fd N]… [--statsd-fd N]…\n");
        return 2;
    }
    uv_loop_init(&g.loop);
    uv_signal_init(&g.loop, &g.on_term);
    uv_signal_init(&g.loop, &g.on_int);
    uv_signal_start(&g.on_term, on_signal, SIGTERM);
    uv_signal_start(&g.on_int, on_signal, SIGINT);
    if (start(&g, &o, &d) < 0) {
        log_error("cannot start: %s", diag_format(&d, line, sizeof line));
        return 1;
    }
    uv_run(&g.loop, UV_RUN_DEFAULT);
    return 0; /* what is not on disk was not acknowledged: its senders keep it */
}
