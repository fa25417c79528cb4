/* How far what arrived is sealed, copied elsewhere and verified, how long it is kept, and whether it could answer who was behind
 * a connection: what our other programs write into
 * DATA/status, one file each, and what the settings say. */
#include "app/common/config.h"
#include "app/room/call.h"
#include "app/room/copies.h"
#include "app/room/room.h"
#include "base/file.h"
#include "base/limits.h"

#include <stdio.h>

enum { STATUS_BYTES_MAX = 65536 };

/* null while there is none, or it is not whole. */
static void write_file(struct call *c, const char *name) {
    char path[4096 + 300];
    struct str text;
    struct json_value *v;
    snprintf(path, sizeof path, "%.4000s/status/%s", c->p->config->data, name);
    if (file_read(&c->arena, path, STATUS_BYTES_MAX, &text, NULL) == 0 && json_parse(&c->arena, text, &v, NULL) == 0 &&
        v->type == JSON_OBJECT)
        jsonw_value(&c->w, v);
    else
        jsonw_null(&c->w);
}

static void write_pulled(struct call *c) {
    struct pulled all[VAULT_FIRSTS_MAX];
    char file[sizeof all[0].name + 16];
    size_t n = pulled_list(c->p->config, all);
    jsonw_array(&c->w);
    for (size_t i = 0; i < n; i++) {
        snprintf(file, sizeof file, "vault-%s.json", all[i].name);
        write_file(c, file);
    }
    jsonw_end(&c->w);
}

static void write_days(struct jsonw *w, const char *key, int64_t ns) {
    jsonw_key(w, str_of(key));
    if (ns)
        jsonw_i64(w, ns / NS_PER_DAY);
    else
        jsonw_null(w);
}

static void write_keeping(struct jsonw *w, const struct config_keeping *k) {
    write_days(w, "keep_days", k->keep_ns);
    write_days(w, "required_days", k->required_ns);
    write_days(w, "own_days", k->own_ns);
    jsonw_key(w, STR("why"));
    if (k->why.n)
        jsonw_str(w, k->why);
    else
        jsonw_null(w);
}

/* How long what is kept here of others is kept. */
static void write_copies(struct call *c) {
    struct pulled all[VAULT_FIRSTS_MAX];
    size_t n = pulled_list(c->p->config, all);
    jsonw_array(&c->w);
    for (size_t i = 0; i < n; i++) {
        jsonw_object(&c->w);
        jsonw_kz(&c->w, "name", all[i].name);
        write_keeping(&c->w, &config_retention_of_copy(c->p->config, str_of(all[i].name))->all);
        jsonw_end(&c->w);
    }
    jsonw_end(&c->w);
}

int handle_seals(struct call *c) {
    const struct config *config = c->p->config;
    jsonw_object(&c->w);
    jsonw_key(&c->w, STR("keep"));
    write_file(c, "keep.json");
    jsonw_key(&c->w, STR("lend"));
    write_file(c, "lend.json");
    jsonw_key(&c->w, STR("verified"));
    write_file(c, "verified.json");
    jsonw_key(&c->w, STR("traced"));
    write_file(c, "search/trace.json");
    jsonw_key(&c->w, STR("pulled"));
    write_pulled(c);
    jsonw_key(&c->w, STR("retention"));
    jsonw_object(&c->w);
    write_keeping(&c->w, &config->retention.all);
    jsonw_key(&c->w, STR("sources"));
    jsonw_array(&c->w);
    for (size_t i = 0; i < config->retention.n; i++) {
        struct config_keeping k = config_keeping_of(&config->retention, config->retention.rows[i].name);
        jsonw_object(&c->w);
        jsonw_kstr(&c->w, "name", k.name);
        write_keeping(&c->w, &k);
        jsonw_end(&c->w);
    }
    jsonw_end(&c->w);
    jsonw_key(&c->w, STR("copies"));
    write_copies(c);
    jsonw_end(&c->w);
    jsonw_end(&c->w);
    return 200;
}
