/* Products of Microsoft 365: who signed in, and what became of mails. */
#include "pack/replay_priv.h"

#include "base/json.h"

/* The name a person signs in with, where the pool holds the part before the @ alone. */
static void put_upn(struct jsonw *w, const char *key, const struct act *a) {
    char text[256];
    const bool whole = str_find_byte(a->account, '@', 0) >= 0;
    snprintf(text, sizeof text, "%.*s%s%.*s", (int) MIN(a->account.n, (size_t) 100), a->account.p, whole ? "" : "@", whole ? 0 : (int) MIN(a->domain.n, (size_t) 100),
             a->domain.n ? a->domain.p : "");
    if (!whole && !a->domain.n)
        snprintf(text, sizeof text, "%.*s@example.jp", (int) MIN(a->account.n, (size_t) 100), a->account.p);
    jsonw_kz(w, key, text);
}

static void put_id(struct jsonw *w, const char *key, uint32_t a, uint32_t b) {
    char text[40];
    uint32_t x = a * 2654435761u, y = b * 2246822519u;
    snprintf(text, sizeof text, "%08x-%04x-4%03x-a%03x-%08x%04x", x, y >> 16, y & 0xfff, x & 0xfff, x ^ y, y & 0xffff);
    jsonw_kz(w, key, text);
}

/* Microsoft Entra ID, the resource signIn as Microsoft Graph gives it (learn.microsoft.com/graph/api/resources/signin); codes from
 * learn.microsoft.com/entra/identity-platform/reference-error-codes. */
static void write_entra_signin(struct buf *out, const struct act *a, unsigned i UNUSED) {
    char iso[TIME_ISO_CAP];
    struct jsonw w;
    jsonw_init(&w, out);
    jsonw_object(&w);
    put_id(&w, "id", a->port, a->bytes);
    jsonw_kz(&w, "createdDateTime", time_format_iso(a->at_ns, 0, iso));
    put_upn(&w, "userPrincipalName", a);
    jsonw_kz(&w, "appDisplayName", "Office 365 Exchange Online");
    jsonw_kstr(&w, "ipAddress", a->address);
    jsonw_kz(&w, "clientAppUsed", "Browser");
    jsonw_kstr(&w, "userAgent", a->agent);
    jsonw_kbool(&w, "isInteractive", true);
    jsonw_kz(&w, "conditionalAccessStatus", "notApplied");
    jsonw_key(&w, STR("status"));
    jsonw_object(&w);
    jsonw_ku64(&w, "errorCode", a->success ? 0 : a->known ? 50126 : 50034);
    jsonw_kz(&w, "failureReason", a->success ? "Other."
             : a->known ? "Error validating credentials due to invalid username or password."
                        : "The user account does not exist in the directory.");
    jsonw_end(&w);
    jsonw_key(&w, STR("location"));
    jsonw_object(&w);
    jsonw_kz(&w, "city", "");
    jsonw_kstr(&w, "countryOrRegion", a->country.n ? a->country : STR("JP"));
    jsonw_end(&w);
    jsonw_end(&w);
}

/* Exchange Online's message trace, the resource exchangeMessageTrace of Microsoft Graph (learn.microsoft.com/graph/api/resources/exchangemessagetrace):
 * a row for each recipient. A mail that could not be delivered is "failed"; its sender gets a non-delivery report. */
static void write_exchange_trace(struct buf *out, const struct act *a, unsigned i UNUSED) {
    char iso[TIME_ISO_CAP], text[256];
    struct jsonw w;
    jsonw_init(&w, out);
    jsonw_object(&w);
    put_id(&w, "id", a->port, a->bytes);
    snprintf(text, sizeof text, "<%08x%08x@jpnprd01.prod.outlook.com>", a->port * 2654435761u, a->bytes);
    jsonw_kz(&w, "messageId", text);
    jsonw_kz(&w, "receivedDateTime", time_format_iso(a->at_ns, 0, iso));
    put_upn(&w, "senderAddress", a);
    snprintf(text, sizeof text, "%.*s@%.*s", (int) MIN(a->to.n, (size_t) 100), a->to.p, (int) MIN(a->to_domain.n, (size_t) 100), a->to_domain.p);
    jsonw_kz(&w, "recipientAddress", text);
    jsonw_kz(&w, "status", a->success ? "delivered" : "failed");
    jsonw_kstr(&w, "fromIP", a->address);
    jsonw_kz(&w, "toIP", a->success ? "192.0.2.25" : "");
    jsonw_ku64(&w, "size", a->bytes);
    jsonw_end(&w);
}

const struct product PRODUCTS_CLOUD[] = {
    {.name = "entra_signin", .logs = ACT_LOGIN, .write = write_entra_signin},
    {.name = "exchange_trace", .logs = ACT_MAIL, .write = write_exchange_trace},
    {0}};
