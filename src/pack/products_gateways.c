/* Gateways people enter by, each as its own log says that somebody did or was refused. Sign-ins only: what is given out and ended afterwards is not told. */
#include "pack/replay_priv.h"

static void syslog_line(struct buf *out, const struct act *a, const char *program) {
    char iso[TIME_ISO_CAP];
    buf_printf(out, "%s %.*s %s: ", time_format_iso_offset(a->at_ns, TIME_JST_OFFSET_MIN, 6, iso), STR_ARG(a->host), program);
}

static void day_and_time(struct buf *out, const struct act *a, const char *format) {
    struct time_civil c;
    char text[64];
    time_to_civil(a->at_ns, TIME_JST_OFFSET_MIN, &c);
    snprintf(text, sizeof text, format, c.year, c.month, c.day, c.hour, c.minute, c.second);
    buf_add_z(out, text);
}

/* FortiOS 7.4 log reference: 39426 (refused) and 39424 (entered). */
static void write_fortigate(struct buf *out, const struct act *a, unsigned i UNUSED) {
    day_and_time(out, a, "date=%04d-%02d-%02d time=%02d:%02d:%02d ");
    buf_printf(out, "devname=\"%.*s\" devid=\"FGT60FTK00000000\" eventtime=%lld tz=\"+0900\" logid=\"010103942%d\" type=\"event\" subtype=\"vpn\" level=\"%s\" vd=\"root\" ",
               STR_ARG(a->host), (long long) a->at_ns, a->success ? 4 : 6, a->success ? "information" : "alert");
    buf_printf(out, "logdesc=\"SSL VPN %s\" action=\"%s\" tunneltype=\"ssl-web\" tunnelid=%u remip=%.*s user=\"%.*s\" group=\"%s\" dst_host=\"N/A\" reason=\"%s\"",
               a->success ? "tunnel up" : "login fail", a->success ? "tunnel-up" : "ssl-login-fail", a->success ? a->port : 0, STR_ARG(a->address), STR_ARG(a->account),
               a->success ? "vpn-users" : "N/A", a->success ? "login successfully" : "sslvpn_login_permission_denied");
}

/* Ivanti Connect Secure 22, standard format. */
static void write_ivanti(struct buf *out, const struct act *a, unsigned i UNUSED) {
    syslog_line(out, a, "PulseSecure");
    day_and_time(out, a, "%04d-%02d-%02d %02d:%02d:%02d");
    buf_printf(out, " - %.*s - [%.*s] %.*s(Users)[] - ", STR_ARG(a->host), STR_ARG(a->address), STR_ARG(a->account));
    if (a->success)
        buf_printf(out, "Login succeeded for %.*s/Users (session:%08x) from %.*s.", STR_ARG(a->account), a->port * 2654435761u, STR_ARG(a->address));
    else
        buf_add_z(out, "Login failed using auth server AD (LDAP Server).  Reason: Failed");
}

/* PAN-OS 11, GlobalProtect log fields. */
static void write_globalprotect(struct buf *out, const struct act *a, unsigned i UNUSED) {
    char iso[TIME_ISO_CAP];
    buf_printf(out, "<14>%s %.*s 1,", time_format_iso_offset(a->at_ns, TIME_JST_OFFSET_MIN, 6, iso), STR_ARG(a->host));
    day_and_time(out, a, "%04d/%02d/%02d %02d:%02d:%02d");
    buf_add_z(out, ",012801000000,GLOBALPROTECT,0,2561,");
    day_and_time(out, a, "%04d/%02d/%02d %02d:%02d:%02d");
    buf_printf(out, ",vsys1,gateway-auth,login,LDAP,,%.*s,%.*s,pc,%.*s,0.0.0.0,0.0.0.0,0.0.0.0,aaaa-bbbb,,6.1.0,Windows,Windows 11,1,,%s,,%s,,0,,0,gp-gateway,%u,0x0",
               STR_ARG(a->account), STR_ARG(a->country), STR_ARG(a->address), a->success ? "" : "Authentication failed: Invalid username or password",
               a->success ? "success" : "failure", a->port);
}

/* Cisco ASA 9, syslog messages 113015 and 113039. */
static void write_asa(struct buf *out, const struct act *a, unsigned i UNUSED) {
    char iso[TIME_ISO_CAP];
    buf_printf(out, "%s %.*s : ", time_format_iso_offset(a->at_ns, TIME_JST_OFFSET_MIN, 6, iso), STR_ARG(a->host));
    if (a->success)
        buf_printf(out, "%%ASA-6-113039: Group <staff> User <%.*s> IP <%.*s> AnyConnect parent session started.", STR_ARG(a->account), STR_ARG(a->address));
    else
        buf_printf(out, "%%ASA-6-113015: AAA user authentication Rejected : reason = Invalid password : local database : user = %.*s : user IP = %.*s", STR_ARG(a->account),
                   STR_ARG(a->address));
}

/* OpenVPN 2.6's server, which does not say whom it refused. */
static void write_openvpn(struct buf *out, const struct act *a, unsigned i UNUSED) {
    syslog_line(out, a, "openvpn[4242]");
    buf_printf(out, "%.*s:%u ", STR_ARG(a->address), a->port);
    if (a->success)
        buf_printf(out, "[%.*s] Peer Connection Initiated with [AF_INET]%.*s:%u", STR_ARG(a->account), STR_ARG(a->address), a->port);
    else
        buf_add_z(out, "TLS Auth Error: Auth Username/Password verification failed for peer");
}

/* strongSwan 5.9, which does not say from where who was refused. */
static void write_strongswan(struct buf *out, const struct act *a, unsigned i UNUSED) {
    syslog_line(out, a, "charon-systemd[4242]");
    if (a->success)
        buf_printf(out, "05[IKE] IKE_SA rw[%u] established between 192.0.2.1[vpn.example.jp]...%.*s[%.*s]", a->port, STR_ARG(a->address), STR_ARG(a->account));
    else
        buf_printf(out, "11[IKE] <rw|%u> EAP method EAP_MSCHAPV2 failed for peer %.*s", a->port, STR_ARG(a->account));
}

const struct product PRODUCTS_GATEWAYS[] = {
    {.name = "asa_vpn", .logs = ACT_LOGIN, .write = write_asa},
    {.name = "fortigate_vpn", .logs = ACT_LOGIN, .write = write_fortigate},
    {.name = "globalprotect", .logs = ACT_LOGIN, .write = write_globalprotect},
    {.name = "ivanti", .logs = ACT_LOGIN, .write = write_ivanti},
    {.name = "openvpn", .logs = ACT_LOGIN, .write = write_openvpn},
    {.name = "strongswan", .logs = ACT_LOGIN, .write = write_strongswan},
    {0}};
