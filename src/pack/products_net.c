/* Products that see machines of a network: firewalls, leases, sign-ins at a machine; and web servers beside nginx. */
#include "pack/replay_priv.h"

#include "base/json.h"

/* FortiOS 7.4 log reference. Traffic log "forward" (logid 0000000013), written when a session ends: transip and transport are what the source
 * became. Event log "DHCP Ack" (26001) and "DHCP Release" of the built-in DHCP server. */
static void fortigate_head(struct buf *out, const struct act *a) {
    struct time_civil c;
    time_to_civil(a->at_ns, TIME_JST_OFFSET_MIN, &c);
    buf_printf(out, "date=%04d-%02d-%02d time=%02d:%02d:%02d devname=\"%.*s\" devid=\"FGT60FTK2%07u\" eventtime=%lld tz=\"+0900\" ", c.year, c.month, c.day, c.hour, c.minute,
               c.second, STR_ARG(a->host), (unsigned) (a->host.n * 104729 % 10000000), (long long) a->at_ns);
}

static void add_mac(struct buf *out, uint64_t mac);

static void fortigate_lease(struct buf *out, const struct act *a) {
    const char *what = a->lease == LEASE_RETURNED ? "Release" : "Ack";
    fortigate_head(out, a);
    buf_printf(out, "logid=\"0100026001\" type=\"event\" subtype=\"system\" level=\"information\" vd=\"root\" logdesc=\"DHCP %s log\" interface=\"internal\" dhcp_msg=\"%s\" mac=\"", what,
               what);
    add_mac(out, a->mac);
    buf_printf(out, "\" ip=%.*s lease=%u hostname=\"%.*s\" msg=\"DHCP server %s a DHCP%s\"", STR_ARG(a->address), a->seconds, STR_ARG(a->domain),
               a->lease == LEASE_RETURNED ? "receives" : "sends", a->lease == LEASE_RETURNED ? "RELEASE" : "ACK");
}

static void write_fortigate(struct buf *out, const struct act *a, unsigned i UNUSED) {
    if (a->what == ACT_LEASE) {
        fortigate_lease(out, a);
        return;
    }
    if (a->flow != FLOW_ENDS)
        return;
    fortigate_head(out, a);
    buf_printf(out,
               "logid=\"0000000013\" type=\"traffic\" subtype=\"forward\" level=\"notice\" vd=\"root\" srcip=%.*s srcport=%u srcintf=\"internal\" srcintfrole=\"lan\" "
               "dstip=%.*s dstport=443 dstintf=\"wan1\" dstintfrole=\"wan\" srccountry=\"Reserved\" dstcountry=\"Japan\" sessionid=%u proto=6 action=\"close\" policyid=7 "
               "policytype=\"policy\" service=\"HTTPS\" trandisp=\"snat\" transip=%.*s transport=%u duration=%u sentbyte=%u rcvdbyte=%u sentpkt=%u rcvdpkt=%u "
               "appcat=\"unscanned\"",
               STR_ARG(a->address), a->port, STR_ARG(a->far), a->via_port * 31 + a->port, STR_ARG(a->via), a->via_port, a->seconds, a->bytes, a->bytes * 3,
               6 + a->bytes / 1400, 8 + a->bytes / 460);
}

/* conntrack-tools 1.4 on a Linux router: `conntrack -E | logger -t conntrack`, a line when a connection begins and one when the table forgets it. The
 * second address of the reply is what the source became. */
static void write_conntrack(struct buf *out, const struct act *a, unsigned i UNUSED) {
    char iso[TIME_ISO_CAP];
    bool opens = a->flow == FLOW_OPENS;
    buf_printf(out, "%s %.*s conntrack: %s tcp      6 %ssrc=%.*s dst=%.*s sport=%u dport=443 %ssrc=%.*s dst=%.*s sport=443 dport=%u%s",
               time_format_iso_offset(a->at_ns, TIME_JST_OFFSET_MIN, 6, iso), STR_ARG(a->host), opens ? "    [NEW]" : "[DESTROY]", opens ? "120 SYN_SENT " : "",
               STR_ARG(a->address), STR_ARG(a->far), a->port, opens ? "[UNREPLIED] " : "", STR_ARG(a->far), STR_ARG(a->via), a->via_port, opens ? "" : " [ASSURED]");
}

/* An address of hardware as it is made locally (RFC 7042, 2.1): the second bit is set. */
static void add_mac(struct buf *out, uint64_t mac) {
    buf_printf(out, "02:%02x:%02x:%02x:%02x:%02x", (unsigned) (mac & 255), (unsigned) (mac >> 8 & 255), (unsigned) (mac >> 16 & 255), (unsigned) (mac >> 24 & 255),
               (unsigned) (mac >> 32 & 255));
}

static void syslog_head(struct buf *out, const struct act *a, const char *program) {
    char iso[TIME_ISO_CAP];
    buf_printf(out, "%s %.*s %s[642]: ", time_format_iso_offset(a->at_ns, TIME_JST_OFFSET_MIN, 6, iso), STR_ARG(a->host), program);
}

/* ISC dhcpd 4.4 through rsyslog's default file format (server/dhcp.c: ack_lease, dhcprelease). */
static void write_dhcpd(struct buf *out, const struct act *a, unsigned i) {
    if (a->lease == LEASE_RETURNED && i == 0) {
        syslog_head(out, a, "dhcpd");
        buf_printf(out, "DHCPRELEASE of %.*s from ", STR_ARG(a->address));
        add_mac(out, a->mac);
        buf_printf(out, " (%.*s) via eth1 (found)", STR_ARG(a->domain));
    } else if (a->lease != LEASE_RETURNED) {
        syslog_head(out, a, "dhcpd");
        buf_printf(out, i == 0 ? "DHCPREQUEST for %.*s from " : "DHCPACK on %.*s to ", STR_ARG(a->address));
        add_mac(out, a->mac);
        buf_printf(out, " (%.*s) via eth1", STR_ARG(a->domain));
    }
}

/* dnsmasq 2.89 with log-dhcp off, through rsyslog's default file format (src/rfc2131.c: log_packet). */
static void write_dnsmasq(struct buf *out, const struct act *a, unsigned i) {
    if (a->lease == LEASE_RETURNED && i == 1)
        return;
    syslog_head(out, a, "dnsmasq-dhcp");
    buf_printf(out, "%s(br-lan) %.*s ", a->lease == LEASE_RETURNED ? "DHCPRELEASE" : i == 0 ? "DHCPREQUEST" : "DHCPACK", STR_ARG(a->address));
    add_mac(out, a->mac);
    if (a->lease != LEASE_RETURNED && i == 1)
        buf_printf(out, " %.*s", STR_ARG(a->domain));
}

/* Windows event 4624 (Security, An account was successfully logged on), interactive, as Winlogbeat 8 sends it. */
static void write_winlogbeat(struct buf *out, const struct act *a, unsigned i UNUSED) {
    struct jsonw w;
    char iso[TIME_ISO_CAP];
    jsonw_init(&w, out);
    jsonw_object(&w);
    jsonw_kz(&w, "@timestamp", time_format_iso(a->at_ns, 3, iso));
    jsonw_key(&w, STR("event"));
    jsonw_object(&w);
    jsonw_kz(&w, "code", "4624");
    jsonw_kz(&w, "kind", "event");
    jsonw_kz(&w, "provider", "Microsoft-Windows-Security-Auditing");
    jsonw_kz(&w, "outcome", "success");
    jsonw_end(&w);
    jsonw_key(&w, STR("host"));
    jsonw_object(&w);
    jsonw_kstr(&w, "name", a->domain);
    jsonw_end(&w);
    jsonw_key(&w, STR("winlog"));
    jsonw_object(&w);
    jsonw_kz(&w, "channel", "Security");
    jsonw_kz(&w, "event_id", "4624");
    jsonw_kstr(&w, "computer_name", a->domain);
    jsonw_key(&w, STR("event_data"));
    jsonw_object(&w);
    jsonw_kstr(&w, "TargetUserName", a->account);
    jsonw_kz(&w, "LogonType", "2");
    jsonw_kz(&w, "IpAddress", "-");
    jsonw_kz(&w, "LogonProcessName", "User32 ");
    jsonw_end(&w);
    jsonw_end(&w);
    jsonw_end(&w);
}

/* Apache 2.4, LogFormat "combined": httpd.apache.org/docs/2.4/logs.html#combined. */
static void write_apache(struct buf *out, const struct act *a, unsigned i UNUSED) {
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct time_civil c;
    time_to_civil(a->at_ns, TIME_JST_OFFSET_MIN, &c);
    buf_printf(out, "%.*s - - [%02d/%.3s/%04d:%02d:%02d:%02d +0900] \"%.*s %.*s HTTP/1.1\" %d %u \"-\" \"%.*s\"", STR_ARG(a->address), c.day, months + 3 * (c.month - 1), c.year,
               c.hour, c.minute, c.second, STR_ARG(a->method), STR_ARG(a->path), a->status, a->bytes, STR_ARG(a->agent));
}

/* IIS 10, W3C extended log with the fields it is installed with, times in UTC: learn.microsoft.com/en-us/windows/win32/http/w3c-logging. A blank in
 * a field is written as '+'. */
static void write_iis(struct buf *out, const struct act *a, unsigned i UNUSED) {
    struct time_civil c;
    time_to_civil(a->at_ns, 0, &c);
    ptrdiff_t query = str_find(a->path, STR("?"), 0);
    struct str stem = query < 0 ? a->path : str_to(a->path, (size_t) query), rest = query < 0 ? STR("-") : str_from(a->path, (size_t) query + 1);
    buf_printf(out, "%04d-%02d-%02d %02d:%02d:%02d 192.0.2.80 %.*s %.*s %.*s 443 - %.*s ", c.year, c.month, c.day, c.hour, c.minute, c.second, STR_ARG(a->method), STR_ARG(stem),
               STR_ARG(rest), STR_ARG(a->address));
    for (size_t k = 0; k < a->agent.n; k++)
        buf_add_byte(out, a->agent.p[k] == ' ' ? '+' : a->agent.p[k]);
    buf_printf(out, " - %d 0 %d %u", a->status, a->status == 404 ? 2 : 0, a->bytes % 90 + 3);
}

const struct product PRODUCTS_NET[] = {
    {.name = "apache_access", .logs = ACT_REQUEST, .write = write_apache},
    {.name = "conntrack", .logs = ACT_FLOW, .write = write_conntrack},
    {.name = "dnsmasq", .logs = ACT_LEASE, .lines = 2, .write = write_dnsmasq},
    {.name = "fortigate", .logs = ACT_FLOW | ACT_LEASE, .write = write_fortigate},
    {.name = "iis_w3c", .logs = ACT_REQUEST, .write = write_iis},
    {.name = "isc_dhcpd", .logs = ACT_LEASE, .lines = 2, .write = write_dhcpd},
    {.name = "winlogbeat", .logs = ACT_SIGNON, .write = write_winlogbeat},
    {0}};
