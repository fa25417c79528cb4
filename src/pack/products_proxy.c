/* Products on the way out of the house: proxy and name server. The firewall stands in products_net.c. */
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

const struct product PRODUCTS_PROXY[] = {
    {.name = "bind", .logs = ACT_OUTBOUND, .write = write_bind},
    {.name = "squid", .logs = ACT_OUTBOUND, .write = write_squid},
    {0}};
