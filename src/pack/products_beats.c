/* What beats of Elastic send of a machine, one event a document. */
#include "pack/replay_priv.h"

#include "base/json.h"

/* Auditbeat 8, module auditd, with add_host_metadata: the records of one audit event joined (elastic.co/guide/en/beats/auditbeat, "Auditd Module"; actions
 * and categories from go-libaudit's normalizations). */
static void write_auditbeat(struct buf *out, const struct act *a, unsigned i UNUSED) {
    const bool gone = a->change == FILE_REMOVED;
    struct jsonw w;
    char iso[TIME_ISO_CAP];
    struct str parts[] = {a->path, a->suffix};
    char path[1024];
    snprintf(path, sizeof path, "%.*s%.*s", (int) MIN(parts[0].n, (size_t) 900), parts[0].p ? parts[0].p : "", (int) MIN(parts[1].n, (size_t) 100),
             parts[1].p ? parts[1].p : "");
    jsonw_init(&w, out);
    jsonw_object(&w);
    jsonw_kz(&w, "@timestamp", time_format_iso(a->at_ns, 3, iso));
    jsonw_key(&w, STR("event"));
    jsonw_object(&w);
    jsonw_kz(&w, "kind", "event");
    jsonw_kz(&w, "module", "auditd");
    jsonw_key(&w, STR("category"));
    jsonw_array(&w);
    jsonw_str(&w, STR("file"));
    jsonw_end(&w);
    jsonw_key(&w, STR("type"));
    jsonw_array(&w);
    jsonw_str(&w, gone ? STR("deletion") : STR("creation"));
    jsonw_end(&w);
    jsonw_kz(&w, "action", gone ? "deleted" : "opened-file");
    jsonw_kz(&w, "outcome", a->success ? "success" : "failure");
    jsonw_end(&w);
    jsonw_key(&w, STR("agent"));
    jsonw_object(&w);
    jsonw_kz(&w, "type", "auditbeat");
    jsonw_end(&w);
    jsonw_key(&w, STR("host"));
    jsonw_object(&w);
    jsonw_kstr(&w, "name", a->host);
    jsonw_key(&w, STR("os"));
    jsonw_object(&w);
    jsonw_kz(&w, "type", "linux");
    jsonw_end(&w);
    jsonw_end(&w);
    jsonw_key(&w, STR("user"));
    jsonw_object(&w);
    jsonw_kstr(&w, "name", a->account);
    jsonw_end(&w);
    jsonw_key(&w, STR("process"));
    jsonw_object(&w);
    jsonw_ku64(&w, "pid", 600 + a->port % 30000);
    jsonw_kstr(&w, "executable", a->program);
    jsonw_end(&w);
    jsonw_key(&w, STR("file"));
    jsonw_object(&w);
    jsonw_kz(&w, "path", path);
    jsonw_end(&w);
    jsonw_end(&w);
}

const struct product PRODUCTS_BEATS[] = {
    {.name = "auditbeat", .logs = ACT_FILE, .write = write_auditbeat},
    {0}};
