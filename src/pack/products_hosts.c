/* What Windows, firewalls between zones and products on terminals write of machines: a row each. */
#include "pack/replay_priv.h"

#include "base/json.h"

static void put_path(struct jsonw *w, const char *key, const struct act *a) {
    char path[1200];
    snprintf(path, sizeof path, "%.*s%.*s", (int) MIN(a->path.n, (size_t) 1000), a->path.p ? a->path.p : "", (int) MIN(a->suffix.n, (size_t) 100),
             a->suffix.p ? a->suffix.p : "");
    jsonw_kz(w, key, path);
}

static void local_time(struct jsonw *w, const char *key, int64_t at_ns) {
    char z[32];
    struct time_civil c;
    time_to_civil(at_ns, TIME_JST_OFFSET_MIN, &c);
    snprintf(z, sizeof z, "%04d-%02d-%02d %02d:%02d:%02d", c.year, c.month, c.day, c.hour, c.minute, c.second);
    jsonw_kz(w, key, z);
}

static void begin_windows(struct jsonw *w, struct buf *out, const struct act *a, struct str host, unsigned id, const char *channel) {
    jsonw_init(w, out);
    jsonw_object(w);
    local_time(w, "EventTime", a->at_ns);
    jsonw_kstr(w, "Hostname", host);
    jsonw_ku64(w, "EventID", id);
    jsonw_kz(w, "Channel", channel);
    jsonw_kz(w, "SourceModuleType", "im_msvistalog");
}

/* Windows Security of a file server through NXLog (im_msvistalog, to_json): event 5145, what a share was asked for
 * (learn.microsoft.com, event-5145). AccessMask 0x2 writes, 0x10000 deletes. */
static void write_share(struct buf *out, const struct act *a, unsigned i UNUSED) {
    struct jsonw w;
    begin_windows(&w, out, a, a->host, 5145, "Security");
    jsonw_kz(&w, "SourceName", "Microsoft-Windows-Security-Auditing");
    jsonw_kstr(&w, "SubjectUserName", a->account);
    jsonw_kz(&w, "SubjectDomainName", "EXAMPLE");
    jsonw_kz(&w, "ObjectType", "File");
    jsonw_kstr(&w, "IpAddress", a->address);
    jsonw_ku64(&w, "IpPort", 49152 + a->port % 16000);
    jsonw_kz(&w, "ShareName", "\\\\*\\office");
    put_path(&w, "RelativeTargetName", a);
    jsonw_kz(&w, "AccessMask", a->change == FILE_REMOVED ? "0x10000" : "0x2");
    jsonw_end(&w);
}

/* Sysmon 15 through NXLog: event 3 (network connection), 11 (file created), 23 (file deleted): learn.microsoft.com/sysinternals/downloads/sysmon. */
static void write_sysmon(struct buf *out, const struct act *a, unsigned i UNUSED) {
    struct jsonw w;
    bool file = a->what == ACT_FILE;
    begin_windows(&w, out, a, a->host, !file ? 3 : a->change == FILE_REMOVED ? 23 : 11, "Microsoft-Windows-Sysmon/Operational");
    jsonw_kz(&w, "SourceName", "Microsoft-Windows-Sysmon");
    jsonw_kstr(&w, "Image", a->program);
    jsonw_ku64(&w, "ProcessId", 600 + a->port % 30000);
    jsonw_kstr(&w, "User", a->account);
    if (file) {
        put_path(&w, "TargetFilename", a);
    } else {
        jsonw_kz(&w, "Protocol", "tcp");
        jsonw_kz(&w, "Initiated", "true");
        jsonw_kstr(&w, "SourceIp", a->address);
        jsonw_ku64(&w, "SourcePort", a->port);
        jsonw_kstr(&w, "DestinationIp", a->far);
        jsonw_ku64(&w, "DestinationPort", a->to_port);
    }
    jsonw_end(&w);
}

/* FortiOS 7.4 between zones of one's own: forward traffic (logid 0000000013) without translation. */
static void write_fortigate_zones(struct buf *out, const struct act *a, unsigned i UNUSED) {
    struct time_civil c;
    time_to_civil(a->at_ns, TIME_JST_OFFSET_MIN, &c);
    buf_printf(out,
               "date=%04d-%02d-%02d time=%02d:%02d:%02d devname=\"%.*s\" devid=\"FGT60FTK2%07u\" eventtime=%lld tz=\"+0900\" logid=\"0000000013\" type=\"traffic\" "
               "subtype=\"forward\" level=\"notice\" vd=\"root\" srcip=%.*s srcport=%u srcintf=\"zone-a\" srcintfrole=\"lan\" dstip=%.*s dstport=%u dstintf=\"zone-b\" "
               "dstintfrole=\"lan\" sessionid=%u proto=6 action=\"%s\" policyid=12 policytype=\"policy\" trandisp=\"noop\" duration=%u sentbyte=%u rcvdbyte=%u "
               "appcat=\"unscanned\"",
               c.year, c.month, c.day, c.hour, c.minute, c.second, STR_ARG(a->host), (unsigned) (a->host.n * 104729 % 10000000), (long long) a->at_ns, STR_ARG(a->address), a->port,
               STR_ARG(a->far), a->to_port, a->port * 31 + a->bytes, a->success ? "close" : "timeout", a->success ? a->seconds : 5, a->success ? a->bytes : 120,
               a->success ? a->bytes * 2 : 0);
}

/* The Alerts API of Microsoft Defender for Endpoint, an alert a document (learn.microsoft.com/en-us/defender-endpoint/api/alerts). */
static void write_defender_endpoint(struct buf *out, const struct act *a, unsigned i UNUSED) {
    static const char *const words[] = {"Low", "Medium", "High", "High"};
    struct jsonw w;
    char iso[TIME_ISO_CAP], id[64];
    snprintf(id, sizeof id, "da%u_%u", a->bytes, a->port);
    jsonw_init(&w, out);
    jsonw_object(&w);
    jsonw_kz(&w, "id", id);
    jsonw_ku64(&w, "incidentId", a->bytes);
    jsonw_kz(&w, "severity", words[(unsigned) a->value & 3]);
    jsonw_kz(&w, "status", "New");
    jsonw_kz(&w, "investigationState", "Queued");
    jsonw_kz(&w, "detectionSource", "WindowsDefenderAtp");
    jsonw_kz(&w, "category", "Execution");
    jsonw_kstr(&w, "title", a->text);
    jsonw_kz(&w, "alertCreationTime", time_format_iso(a->at_ns + 2 * NS_PER_S, 3, iso));
    jsonw_kz(&w, "firstEventTime", time_format_iso(a->at_ns, 3, iso));
    jsonw_kz(&w, "machineId", "111e6dd8c833c8a052ea231ec1b19adaf497b625");
    jsonw_kstr(&w, "computerDnsName", a->domain);
    jsonw_key(&w, STR("relatedUser"));
    jsonw_object(&w);
    jsonw_kstr(&w, "userName", a->account);
    jsonw_kz(&w, "domainName", "EXAMPLE");
    jsonw_end(&w);
    jsonw_end(&w);
}

/* Symantec Endpoint Protection Manager's risk log by syslog (knowledge.broadcom.com, External Logging settings). */
static void write_symantec(struct buf *out, const struct act *a, unsigned i UNUSED) {
    char iso[TIME_ISO_CAP];
    if (a->value < 1)
        return; /* lesser things stay on the console */
    buf_printf(out,
               "%s %.*s SymantecServer: Virus found,IP Address: 10.3.2.%u,Computer name: %.*s,Source: Auto-Protect scan,Risk name: %.*s,Occurrences: 1,File path: "
               "C:\\Users\\%.*s\\Downloads\\%.*s,Description: ,Actual action: %s,Requested action: Cleaned,Secondary action: Quarantined,User Name: %.*s",
               time_format_iso_offset(a->at_ns, TIME_JST_OFFSET_MIN, 6, iso), STR_ARG(a->host), 10 + a->port % 200, STR_ARG(a->domain), STR_ARG(a->text), STR_ARG(a->account),
               STR_ARG(a->program), a->success ? "Quarantined" : "Left alone", STR_ARG(a->account));
}

/* Microsoft Defender Antivirus' own log through NXLog: event 1151, the daily report of how the client is
 * (learn.microsoft.com/en-us/defender-endpoint/troubleshoot-microsoft-defender-antivirus). */
static void write_defender(struct buf *out, const struct act *a, unsigned i UNUSED) {
    struct jsonw w;
    begin_windows(&w, out, a, a->domain, 1151, "Microsoft-Windows-Windows Defender/Operational");
    jsonw_kz(&w, "Product Name", "Microsoft Defender Antivirus");
    jsonw_ku64(&w, "AV signature age", (uint64_t) a->value);
    jsonw_kz(&w, "AV signature version", "1.419.1.0");
    jsonw_ku64(&w, "Last quick scan age", a->seconds);
    jsonw_kz(&w, "Last full scan age", "4294967295");
    jsonw_end(&w);
}

const struct product PRODUCTS_HOSTS[] = {
    {.name = "defender", .logs = ACT_HEALTH, .write = write_defender},
    {.name = "defender_endpoint", .logs = ACT_ALARM, .write = write_defender_endpoint},
    {.name = "fortigate_zones", .logs = ACT_INSIDE, .write = write_fortigate_zones},
    {.name = "symantec", .logs = ACT_ALARM, .write = write_symantec},
    {.name = "sysmon", .logs = ACT_INSIDE | ACT_FILE, .write = write_sysmon},
    {.name = "windows_share", .logs = ACT_FILE, .write = write_share},
    {0}};
