/* What Kizuki itself writes for its rules. */
#include "pack/replay_priv.h"

#include "base/json.h"

/* The record of a report of a person (src/app/room/report_link.c): number, kind, channel, service; nothing of who reported. */
static void write_report(struct buf *out, const struct act *a, unsigned i UNUSED) {
    static const char signs[] = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    uint32_t n = a->port * 2654435761u;
    char number[8], iso[TIME_ISO_CAP];
    struct jsonw w;
    for (size_t k = 0; k < sizeof number - 1; k++, n /= 32)
        number[k] = k == 3 ? '-' : signs[n % 32];
    number[sizeof number - 1] = 0;
    jsonw_init(&w, out);
    jsonw_object(&w);
    jsonw_kz(&w, "@timestamp", time_format_iso(a->at_ns, 3, iso));
    jsonw_kz(&w, "event.module", "kizuki");
    jsonw_kz(&w, "event.dataset", "kizuki.report");
    jsonw_kz(&w, "event.action", "person-report");
    jsonw_kz(&w, "kizuki.report.number", number);
    jsonw_kstr(&w, "kizuki.report.kind", a->text);
    jsonw_kstr(&w, "kizuki.report.channel", a->method);
    jsonw_kstr(&w, "kizuki.report.service", a->service.n ? a->service : STR("-"));
    if (a->service.n)
        jsonw_kstr(&w, "service.name", a->service);
    jsonw_end(&w);
}

const struct product PRODUCTS_OWN[] = {
    {.name = "kizuki_report", .ours = true, .logs = ACT_REPORT, .write = write_report},
    {0}};
