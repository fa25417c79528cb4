/* Products on the way out of the house: proxy, name server and packet filter. Firewalls that translate stand in products_net.c. */
#include "pack/replay_priv.h"

/* Squid 5, access.log in its native format: wiki.squid-cache.org/Features/LogFormat. Without TLS inspection it sees a tunnel and its size. */
static void write_squid(struct buf *out, const struct act *a, unsigned i UNUSED) {
    buf_printf(out, "%lld.%03lld %6u %.*s ", (long long) (a->at_ns / NS_PER_S), (long long) (a->at_ns / NS_PER_MS % 1000), a->success ? a->seconds * 1000 + a->port % 1000 : 0,
               STR_ARG(a->address));
    if (a->success)
        buf_printf(out, "TCP_TUNNEL/200 %u CONNECT %.*s:%u %.*s HIER_DIRECT/%.*s -", a->bytes, STR_ARG(a->to_domain), a->to_port, STR_ARG(a->account),
                   STR_ARG(a->to));
    else
        buf_printf(out, "TCP_DENIED/403 3920 CONNECT %.*s:%u %.*s HIER_NONE/- text/html", STR_ARG(a->to_domain), a->to_port, STR_ARG(a->account));
}

/* BIND 9.18 with querylog, through rsyslog's default file format: bind9.readthedocs.io, "querylog". */
static void write_bind(struct buf *out, const struct act *a, unsigned i UNUSED) {
    char iso[TIME_ISO_CAP];
    buf_printf(out, "%s %.*s named[812]: client @0x%012x %.*s#%u (%.*s): query: %.*s IN A + (192.0.2.53)",
               time_format_iso_offset(a->at_ns, TIME_JST_OFFSET_MIN, 6, iso), STR_ARG(a->host), a->port * 2654435761u, STR_ARG(a->address), a->port, STR_ARG(a->to_domain),
               STR_ARG(a->to_domain));
}

static bool is_inside(struct str address) {
    return str_starts(address, STR("10.")) || str_starts(address, STR("192.168."));
}

static bool is_udp(const struct act *a) {
    return a->to_port == 53 || a->to_port == 123 || a->port < 1024;
}

/* Linux, a rule of iptables or nftables with the target LOG on a router's FORWARD chain, `state NEW`: iptables-extensions(8), LOG. */
static void write_netfilter(struct buf *out, const struct act *a, unsigned i UNUSED) {
    char iso[TIME_ISO_CAP];
    buf_printf(out, "%s %.*s kernel: [%lld.%06lld] FWD-%s: IN=%s OUT=%s MAC=02:00:5e:00:53:01:02:00:5e:00:53:02:08:00 SRC=%.*s DST=%.*s LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=%u DF PROTO=%s "
               "SPT=%u DPT=%u%s", time_format_iso_offset(a->at_ns, TIME_JST_OFFSET_MIN, 6, iso), STR_ARG(a->host), (long long) (a->at_ns / NS_PER_S % 10000000),
               (long long) (a->at_ns / 1000 % 1000000), a->success ? "ACCEPT" : "DROP", is_inside(a->address) ? "eth1" : "eth0",
               is_inside(a->address) ? "eth0" : "eth1", STR_ARG(a->address), STR_ARG(a->to), a->port * 40503u & 0xffff,
               is_udp(a) ? "UDP" : "TCP", a->port, a->to_port,
               is_udp(a) ? " LEN=40" : " WINDOW=64240 RES=0x00 SYN URGP=0");
}

const struct product PRODUCTS_PROXY[] = {
    {.name = "bind", .logs = ACT_OUTBOUND, .write = write_bind},
    {.name = "netfilter", .logs = ACT_OUTBOUND, .write = write_netfilter},
    {.name = "squid", .logs = ACT_OUTBOUND, .write = write_squid},
    {0}};
