/* Products and the lines they write. A row each; nothing here knows why the act is done. */
#include "pack/replay_priv.h"

#include "base/json.h"

/* content/events/login.md: the login event as its emitters write it. */
static void write_login_event(struct buf *out, const struct act *a) {
    struct jsonw w;
    char iso[TIME_ISO_CAP];
    jsonw_init(&w, out);
    jsonw_object(&w);
    jsonw_kz(&w, "@timestamp", time_format_iso_offset(a->at_ns, TIME_JST_OFFSET_MIN, 3, iso));
    jsonw_kz(&w, "event.kind", "event");
    jsonw_kz(&w, "event.category", "authentication");
    jsonw_kz(&w, "event.action", "login");
    jsonw_kz(&w, "event.outcome", a->success ? "success" : "failure");
    jsonw_kstr(&w, "service.name", a->service);
    jsonw_kstr(&w, "user.name", a->account);
    jsonw_kstr(&w, "source.ip", a->address);
    jsonw_kstr(&w, "user_agent.original", a->agent);
    if (a->success)
        jsonw_kstr(&w, "kizuki.session.id", a->session);
    else
        jsonw_kz(&w, "event.reason", a->known ? "password" : "unknown_user");
    if (!a->success && !a->known)
        jsonw_kbool(&w, "kizuki.login.user_known", false);
    jsonw_end(&w);
}

/* nginx 1.22, log_format combined (ngx_http_log_module). */
static void write_nginx_access(struct buf *out, const struct act *a) {
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct time_civil c;
    time_to_civil(a->at_ns, TIME_JST_OFFSET_MIN, &c);
    buf_printf(out,
               "%.*s - - [%02d/%s/%04d:%02d:%02d:%02d +0900] \"%.*s %.*s HTTP/1.1\" %d %u \"-\" "
               "\"%.*s\"",
               STR_ARG(a->address), c.day, months[c.month - 1], c.year, c.hour, c.minute, c.second,
               STR_ARG(a->method), STR_ARG(a->path), a->status, a->bytes, STR_ARG(a->agent));
}

/* OpenSSH 9.2 on Debian 12 through rsyslog's default file format. */
static void write_sshd(struct buf *out, const struct act *a) {
    char iso[TIME_ISO_CAP];
    buf_printf(out, "%s %.*s sshd[%u]: ",
               time_format_iso_offset(a->at_ns, TIME_JST_OFFSET_MIN, 6, iso), STR_ARG(a->host),
               10000 + a->port % 50000);
    if (a->success)
        buf_printf(out, "Accepted password for %.*s from %.*s port %u ssh2", STR_ARG(a->account),
                   STR_ARG(a->address), a->port);
    else
        buf_printf(out, "Failed password for %s%.*s from %.*s port %u ssh2",
                   a->known ? "" : "invalid user ", STR_ARG(a->account), STR_ARG(a->address),
                   a->port);
}

/* Dovecot 2.3, imap-login through rsyslog's default file format: doc.dovecot.org/2.3/configuration_manual/logging.
 * It does not say here whether an account exists. */
static void write_dovecot(struct buf *out, const struct act *a) {
    char iso[TIME_ISO_CAP];
    buf_printf(out, "%s %.*s dovecot: imap-login: ",
               time_format_iso_offset(a->at_ns, TIME_JST_OFFSET_MIN, 6, iso), STR_ARG(a->host));
    buf_add_z(out, a->success ? "Login" : "Disconnected: Connection closed (auth failed, 1 attempts in 2 secs)");
    buf_printf(out, ": user=<%.*s>, method=PLAIN, rip=%.*s, lip=192.0.2.25", STR_ARG(a->account),
               STR_ARG(a->address));
    if (a->success)
        buf_printf(out, ", mpid=%u", 10000 + a->port % 50000);
    buf_printf(out, ", TLS, session=<%08x/HF6BHU>", a->port * 2654435761u);
}

static const struct product PRODUCTS[] = {
    {.name = "dovecot", .logins = true, .write = write_dovecot},
    {.name = "login_event", .logins = true, .write = write_login_event},
    {.name = "nginx_access", .requests = true, .write = write_nginx_access},
    {.name = "sshd", .logins = true, .write = write_sshd},
};

const struct product *product_find(struct str name) {
    for (size_t i = 0; i < ARRAY_SIZE(PRODUCTS); i++)
        if (str_eq_z(name, PRODUCTS[i].name))
            return &PRODUCTS[i];
    return NULL;
}
