/* Products and the lines they write. A row each; nothing here knows why the act is done. */
#include "pack/replay_priv.h"

#include "base/json.h"

/* content/events/login.md: the login event as its emitters write it. */
static void write_login_event(struct buf *out, const struct act *a, unsigned i UNUSED) {
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
        jsonw_kz(&w, "kizuki.session.id", a->session);
    else
        jsonw_kz(&w, "event.reason", a->known ? "password" : "unknown_user");
    if (!a->success && !a->known)
        jsonw_kbool(&w, "kizuki.login.user_known", false);
    jsonw_end(&w);
}

/* nginx 1.22, log_format combined (ngx_http_log_module). */
static void write_nginx_access(struct buf *out, const struct act *a, unsigned i UNUSED) {
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
static void write_sshd(struct buf *out, const struct act *a, unsigned i UNUSED) {
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
static void write_dovecot(struct buf *out, const struct act *a, unsigned i UNUSED) {
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

/* Time, host and program as rsyslog's default file format has them on Debian 12. */
static void rsyslog_head(struct buf *out, const struct act *a, int64_t after_ms, const char *program, unsigned pid) {
    char iso[TIME_ISO_CAP];
    buf_printf(out, "%s %.*s %s[%u]: ", time_format_iso_offset(a->at_ns + after_ms * NS_PER_MS, TIME_JST_OFFSET_MIN, 6, iso), STR_ARG(a->host),
               program, 600 + pid % 30000);
}

/* Postfix 3.7: submission, cleanup, queue manager, delivery (postfix.org/OVERVIEW.html; src/smtpd, cleanup, qmgr, smtp, bounce). A mail that
 * cannot be delivered goes back to its sender. The act is the last line; the others were written in the second before. */
static void write_postfix(struct buf *out, const struct act *a, unsigned i) {
    char id[16];
    snprintf(id, sizeof id, "4X%08X", a->port);
    if ((i < 3 && a->continues) || (i == 5 && a->goes_on))
        return;
    switch (i) {
    case 0:
        if (!a->address.n) { /* handed in on the server itself (pickup) */
            rsyslog_head(out, a, -940, "postfix/pickup", a->port);
            buf_printf(out, "%s: uid=33 from=<%.*s>", id, STR_ARG(a->program));
            break;
        }
        rsyslog_head(out, a, -940, "postfix/submission/smtpd", a->port);
        buf_printf(out, "%s: client=unknown[%.*s], sasl_method=PLAIN, sasl_username=%.*s@%.*s", id, STR_ARG(a->address), STR_ARG(a->account), STR_ARG(a->domain));
        break;
    case 1:
        rsyslog_head(out, a, -909, "postfix/cleanup", a->port + 3);
        buf_printf(out, "%s: message-id=<%08x.%u@%.*s>", id, a->port * 2654435761u, a->bytes, STR_ARG(a->host));
        break;
    case 2:
        rsyslog_head(out, a, -896, "postfix/qmgr", 18);
        buf_printf(out, "%s: from=<%.*s@%.*s>, size=%u, nrcpt=%u (queue active)", id, STR_ARG(a->account), STR_ARG(a->domain), a->bytes, MAX(a->recipients, 1u));
        break;
    case 3:
        rsyslog_head(out, a, -28, "postfix/smtp", a->port + 7);
        buf_printf(out, "%s: to=<%.*s@%.*s>, relay=mx.%.*s[192.0.2.25]:25, delay=0.9, delays=0.05/0.01/0.3/0.54, ", id, STR_ARG(a->to), STR_ARG(a->to_domain),
                   STR_ARG(a->to_domain));
        if (a->success)
            buf_printf(out, "dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as %08X)", a->port ^ 0x5a5a5a5au);
        else
            buf_printf(out, "dsn=5.1.1, status=bounced (host mx.%.*s[192.0.2.25] said: 550 5.1.1 <%.*s@%.*s>: Recipient address rejected: User unknown "
                            "(in reply to RCPT TO command))", STR_ARG(a->to_domain), STR_ARG(a->to), STR_ARG(a->to_domain));
        break;
    case 4:
        if (a->success)
            return;
        rsyslog_head(out, a, -10, "postfix/bounce", a->port + 9);
        buf_printf(out, "%s: sender non-delivery notification: 4X%08X", id, a->port + 1);
        break;
    default:
        rsyslog_head(out, a, 0, "postfix/qmgr", 18);
        buf_printf(out, "%s: removed", id);
    }
}

/* auditd 3.0 with log_format = ENRICHED, a watch on a folder (auditctl -w DIR -p wa): SYSCALL, CWD, PATH of one event; names of users stand
 * behind a group separator. */
static void write_auditd(struct buf *out, const struct act *a, unsigned i) {
    static const struct {
        unsigned call;
        const char *name, *kind;
    } changes[] = {[FILE_WRITTEN] = {257, "openat", "NORMAL"}, [FILE_MADE] = {257, "openat", "CREATE"}, [FILE_REMOVED] = {263, "unlinkat", "DELETE"}};
    static const char *const types[] = {"SYSCALL", "CWD", "PATH"};
    struct str name = a->program;
    for (size_t k = name.n; k; k--)
        if (name.p[k - 1] == '/') {
            name = str_from(name, k);
            break;
        }
    buf_printf(out, "type=%s msg=audit(%lld.%03lld:%u): ", types[i], (long long) (a->at_ns / NS_PER_S), (long long) (a->at_ns / NS_PER_MS % 1000),
               a->bytes % 1000000);
    if (i == 0)
        buf_printf(out, "arch=c000003e syscall=%u success=%s exit=3 a0=ffffff9c items=2 ppid=%u pid=%u auid=1000 uid=33 gid=33 euid=33 tty=(none) ses=%u "
                        "comm=\"%.*s\" exe=\"%.*s\" key=\"content\"\035ARCH=x86_64 SYSCALL=%s AUID=\"%.*s\" UID=\"www-data\" GID=\"www-data\" EUID=\"www-data\"",
                   changes[a->change].call, a->success ? "yes" : "no", a->port, a->port + 4, a->port % 90 + 1, STR_ARG(str_to(name, 15)),
                   STR_ARG(a->program), changes[a->change].name, STR_ARG(a->account));
    else if (i == 1)
        buf_add_z(out, "cwd=\"/\"");
    else
        buf_printf(out, "item=1 name=\"%.*s%.*s\" inode=%u dev=fd:01 mode=0100644 ouid=33 ogid=33 rdev=00:00 nametype=%s", STR_ARG(a->path), STR_ARG(a->suffix), a->bytes,
                   changes[a->change].kind);
}

/* Metricbeat 8, module system, as it sends to Elasticsearch: the fields of metricsets cpu, memory and filesystem. */
static void write_metricbeat(struct buf *out, const struct act *a, unsigned i UNUSED) {
    static const struct {
        const char *name, *metricset, *field;
    } sets[] = {{"cpu", "cpu", "system.cpu.total.norm.pct"}, {"memory", "memory", "system.memory.actual.used.pct"}, {"disk", "filesystem", "system.filesystem.used.pct"}};
    struct jsonw w;
    char iso[TIME_ISO_CAP];
    size_t k = 0;
    while (k < ARRAY_SIZE(sets) && !str_eq_z(a->text, sets[k].name))
        k++;
    if (k == ARRAY_SIZE(sets)) /* its module knows nothing else */
        return;
    jsonw_init(&w, out);
    jsonw_object(&w);
    jsonw_kz(&w, "@timestamp", time_format_iso(a->at_ns, 3, iso));
    jsonw_kz(&w, "agent.type", "metricbeat");
    jsonw_kz(&w, "event.module", "system");
    jsonw_key(&w, STR("event.dataset"));
    char dataset[32];
    snprintf(dataset, sizeof dataset, "system.%s", sets[k].metricset);
    jsonw_str(&w, str_of(dataset));
    jsonw_kz(&w, "metricset.name", sets[k].metricset);
    jsonw_kstr(&w, "host.name", a->host);
    jsonw_kdouble(&w, sets[k].field, (double) (int64_t) (a->value * 10000 + 0.5) / 10000);
    jsonw_end(&w);
}

/* What Kizuki keeps of collectd's packets (src/intake/metric.h): the values as the plugin sent them stand in metric.from. */
static void write_collectd(struct buf *out, const struct act *a, unsigned i UNUSED) {
    static const struct {
        const char *name, *unit, *used, *free;
    } plugins[] = {{"cpu", "jiffy", "cpu/cpu{type_instance=user}", "cpu/cpu{type_instance=idle}"},
                   {"memory", "byte", "memory/memory{type_instance=used}", "memory/memory{type_instance=free}"},
                   {"disk", "byte", "df/df_complex{type_instance=used}", "df/df_complex{type_instance=free}"},
                   {"sessions", "session", "gateway/sessions{type_instance=used}", "gateway/sessions{type_instance=free}"}};
    struct jsonw w;
    size_t k = 0;
    double limit = a->limit, value = (double) (int64_t) (a->value * limit + 0.5);
    while (k + 1 < ARRAY_SIZE(plugins) && !str_eq_z(a->text, plugins[k].name))
        k++;
    jsonw_init(&w, out);
    jsonw_object(&w);
    jsonw_ktime(&w, "@timestamp", a->at_ns);
    jsonw_kz(&w, "event.kind", "metric");
    jsonw_kz(&w, "event.module", "collectd");
    jsonw_kstr(&w, "host.name", a->host);
    jsonw_kstr(&w, "metric.name", a->text);
    jsonw_kstr(&w, "metric.resource", a->path.n ? a->path : a->text);
    jsonw_kz(&w, "metric.unit", plugins[k].unit);
    jsonw_ki64(&w, "metric.value", (int64_t) value);
    jsonw_ki64(&w, "metric.limit", (int64_t) limit);
    jsonw_kdouble(&w, "metric.used", (double) (int64_t) (value / limit * 10000 + 0.5) / 10000);
    jsonw_key(&w, STR("metric.from"));
    jsonw_object(&w);
    jsonw_ki64(&w, plugins[k].used, (int64_t) value);
    jsonw_ki64(&w, plugins[k].free, (int64_t) (limit - value));
    jsonw_end(&w);
    jsonw_end(&w);
}

/* Asterisk 20, cdr-csv: Master.csv (cdr_csv.c), with unique ids. */
static void write_asterisk(struct buf *out, const struct act *a, unsigned i UNUSED) {
    const int64_t rang = (int64_t) a->bytes * NS_PER_S, end = a->at_ns + rang + (int64_t) a->seconds * NS_PER_S;
    const int64_t at[] = {a->at_ns, a->at_ns + rang, end};
    char when[3][32];
    for (size_t k = 0; k < ARRAY_SIZE(at); k++) {
        struct time_civil c;
        time_to_civil(at[k], TIME_JST_OFFSET_MIN, &c);
        snprintf(when[k], sizeof when[k], "%04d-%02d-%02d %02d:%02d:%02d", c.year, c.month, c.day, c.hour, c.minute, c.second);
    }
    buf_printf(out, "\"\",\"%.*s\",\"%.*s\",\"incoming\",\"\"\"%.*s\"\" <%.*s>\",\"PJSIP/trunk-%08x\",\"%s\",\"%s\",\"PJSIP/desk,30\",\"%s\",\"%s\",\"%s\",%lld,%u,\"%s\",\"DOCUMENTATION\",\"%lld.%u\",\"\"",
               STR_ARG(a->account), STR_ARG(a->to), STR_ARG(a->account), STR_ARG(a->account), a->port, a->success ? "PJSIP/desk-00000001" : "", "Dial",
               when[0], a->success ? when[1] : "", when[2], (long long) ((end - a->at_ns) / NS_PER_S), a->seconds, a->success ? "ANSWERED" : "NO ANSWER",
               (long long) (a->at_ns / NS_PER_S), a->port % 10000);
}

/* Whatever a daemon says, through rsyslog's default file format. */
static void write_rsyslog(struct buf *out, const struct act *a, unsigned i UNUSED) {
    char program[64];
    snprintf(program, sizeof program, "%.*s", (int) MIN(a->program.n, sizeof program - 1), a->program.p);
    if (strcmp(program, "systemd") == 0) {
        char iso[TIME_ISO_CAP];
        buf_printf(out, "%s %.*s systemd[1]: ", time_format_iso_offset(a->at_ns, TIME_JST_OFFSET_MIN, 6, iso), STR_ARG(a->host));
    } else {
        rsyslog_head(out, a, 0, program, a->port);
    }
    buf_add(out, a->text);
}

static const struct product PRODUCTS[] = {
    {.name = "asterisk_cdr", .logs = ACT_CALL, .write = write_asterisk},
    {.name = "auditd", .logs = ACT_FILE, .lines = 3, .write = write_auditd},
    {.name = "collectd", .logs = ACT_METRIC, .write = write_collectd},
    {.name = "dovecot", .logs = ACT_LOGIN, .write = write_dovecot},
    {.name = "login_event", .logs = ACT_LOGIN, .write = write_login_event},
    {.name = "metricbeat", .logs = ACT_METRIC, .write = write_metricbeat},
    {.name = "nginx_access", .logs = ACT_REQUEST, .write = write_nginx_access},
    {.name = "postfix", .logs = ACT_MAIL, .lines = 6, .write = write_postfix},
    {.name = "rsyslog", .logs = ACT_NOISE, .write = write_rsyslog},
    {.name = "sshd", .logs = ACT_LOGIN, .write = write_sshd},
    {0}};

static const struct product *const TABLES[] = {PRODUCTS, PRODUCTS_OWN, PRODUCTS_BEATS, PRODUCTS_CLOUD, PRODUCTS_NET, PRODUCTS_PROXY, PRODUCTS_HOSTS, PRODUCTS_GATEWAYS};

const struct product *product_find(struct str name) {
    for (size_t t = 0; t < ARRAY_SIZE(TABLES); t++)
        for (const struct product *p = TABLES[t]; p->name; p++)
            if (str_eq_z(name, p->name))
                return p;
    return NULL;
}

void product_names(struct buf *out) {
    for (size_t t = 0; t < ARRAY_SIZE(TABLES); t++)
        for (const struct product *p = TABLES[t]; p->name; p++)
            buf_printf(out, "%s%s", p != TABLES[0] ? ", " : "", p->name);
}
