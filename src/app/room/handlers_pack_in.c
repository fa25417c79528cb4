/* A lesson somebody brings by the page: it is put where the supervisor's `kizuki pack` finds it (app/serve/pack_control.h), looked at, and taken in
 * watched only when the same person says so. The room never reads the file. */
#include "app/room/call.h"
#include "app/room/room.h"
#include "app/room/upload.h"
#include "base/file.h"

#include <limits.h>

#define SAYS_BYTES_MAX ((size_t) 64 << 10)

static int shown(struct call *c) {
    char path[PATH_MAX];
    struct str says = STR(""), by = STR("");
    snprintf(path, sizeof path, "%.4000s/incoming/pack.out", c->p->config->data);
    IGNORE(file_read(&c->arena, path, SAYS_BYTES_MAX, &says, NULL));
    snprintf(path, sizeof path, "%.4000s/incoming/pack.by", c->p->config->data);
    IGNORE(file_read(&c->arena, path, 1024, &by, NULL));
    jsonw_object(&c->w);
    jsonw_kz(&c->w, "state", c->p->supervisor.pack);
    jsonw_kstr(&c->w, "says", says.p ? says : STR(""));
    jsonw_kstr(&c->w, "by", by.p ? by : STR(""));
    jsonw_end(&c->w);
    return 200;
}

int handle_pack_in(struct call *c) {
    return shown(c);
}

static bool busy(const struct supervisor_link *l) {
    return strcmp(l->pack, "looking") == 0 || strcmp(l->pack, "installing") == 0;
}

static int ask(struct call *c, char what, const char *state) {
    struct supervisor_link *l = &c->p->supervisor;
    char detail[64];
    snprintf(detail, sizeof detail, "{\"op\":\"pack_%s\"}", what == 'i' ? "install" : "look");
    int e = supervisor_link_ask_for(c->p, &c->who, VERB_CHANGE, OBJECT_RULE, str_of(detail), what, &c->err);
    if (e == -EAGAIN)
        return call_refuse(c, 503, "error.serve_away");
    if (e < 0)
        return e;
    snprintf(l->pack, sizeof l->pack, "%s", state);
    return shown(c);
}

int handle_pack_in_post(struct call *c) {
    char from[PATH_MAX], to[PATH_MAX];
    if (!c->upload_bytes)
        return call_bad(c, "the lesson");
    if (busy(&c->p->supervisor))
        return call_refuse(c, 409, "error.pack_busy");
    snprintf(from, sizeof from, "%.3000s/incoming/%.255s", c->p->config->data, c->upload_name);
    snprintf(to, sizeof to, "%.3000s/incoming/pack.by", c->p->config->data);
    int e = file_write_atomic(to, str_of(c->who.name), 0600, &c->err);
    snprintf(to, sizeof to, "%.3000s/incoming/pack.kizuki", c->p->config->data);
    if (e == 0 && rename(from, to) < 0)
        e = diag_set(&c->err, -errno, "cannot keep what was sent: %s", err_word(-errno));
    c->upload_given = e == 0;
    return e < 0 ? e : ask(c, 'l', "looking");
}

int handle_pack_in_install(struct call *c) {
    if (strcmp(c->p->supervisor.pack, "looked") != 0)
        return call_refuse(c, 409, busy(&c->p->supervisor) ? "error.pack_busy" : "error.pack_not_looked");
    return ask(c, 'i', "installing");
}
