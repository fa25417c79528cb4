/* See config.h. A row of SETTINGS for each key; each reader says what is wrong and where. */
#include "app/common/config.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/yaml.h"

#include <sys/stat.h>
#include <unistd.h>

enum { CONFIG_ARENA_MAX = 32 * 1024 * 1024, PORT_HTTPS = 8443, PORT_SYSLOG = 5514, CONFIG_SOURCES_MAX = 4096 };

int config_parse_address(struct str s, struct config_address *ret) {
    struct config_address a = {0};
    struct str host, port;
    uint64_t v;
    if (s.n && s.p[0] == '[') {
        ptrdiff_t end = str_find_byte(s, ']', 0);
        if (end < 0 || (size_t) end + 1 >= s.n || s.p[end + 1] != ':')
            return -ERR_PARSE;
        host = str_n(s.p + 1, (size_t) end - 1);
        port = str_from(s, (size_t) end + 2);
    } else {
        ptrdiff_t colon = str_find_byte(s, ':', 0);
        if (colon < 0)
            return -ERR_PARSE;
        host = str_to(s, (size_t) colon);
        port = str_from(s, (size_t) colon + 1);
    }
    if (host.n >= sizeof a.host || str_to_u64(port, &v) < 0 || v > 65535)
        return -ERR_PARSE;
    if (host.n == 0)
        host = STR("0.0.0.0");
    memcpy(a.host, host.p, host.n);
    a.port = (uint16_t) v;
    *ret = a;
    return 0;
}

/* Minutes east of UTC from "+09:00", "Z", "JST". */
static int parse_zone(struct str s, int *ret_offset_min) {
    uint64_t h, m = 0;
    if (str_eq_z(s, "Z") || str_eq_z(s, "UTC")) {
        *ret_offset_min = 0;
        return 0;
    }
    if (str_eq_z(s, "JST")) {
        *ret_offset_min = TIME_JST_OFFSET_MIN;
        return 0;
    }
    if (s.n < 3 || (s.p[0] != '+' && s.p[0] != '-') || str_to_u64(str_n(s.p + 1, 2), &h) < 0)
        return -ERR_PARSE;
    struct str rest = str_from(s, 3);
    if (rest.n && rest.p[0] == ':')
        rest = str_from(rest, 1);
    if (rest.n && (rest.n != 2 || str_to_u64(rest, &m) < 0))
        return -ERR_PARSE;
    if (h > 14 || m > 59)
        return -ERR_PARSE;
    *ret_offset_min = (s.p[0] == '-' ? -1 : 1) * (int) (h * 60 + m);
    return 0;
}

/* One reading: everything a row function needs to say where something is wrong. */
struct reading {
    struct config *c;
    const char *file;
    struct diag *err;
};

static int wrong(struct reading *r, const struct yaml_node *at, const char *what) {
    return yaml_error(r->err, -ERR_PARSE, r->file, at, "%s", what);
}

static int read_address(struct reading *r, const struct yaml_node *v, struct config_address *ret) {
    if (v->kind == YAML_SCALAR && config_parse_address(v->text, ret) == 0)
        return 0;
    return wrong(r, v, "an address and port are wanted, like 127.0.0.1:8443 or [::1]:8443");
}

static int read_https(struct reading *r, const struct yaml_node *v) {
    return read_address(r, v, &r->c->https);
}

static int read_pages_address(struct reading *r, const struct yaml_node *v) {
    struct str s = v->text;
    if (v->kind != YAML_SCALAR || !str_starts(s, STR("https://")) || s.n < 9 || s.n > 300)
        return wrong(r, v, "address is where people find the pages, like https://kizuki.example.jp");
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char) s.p[i] <= ' ' || strchr("\"<>?#\x7f", s.p[i]))
            return wrong(r, v, "address is where people find the pages, like https://kizuki.example.jp");
    r->c->address = str_ends(s, STR("/")) ? str_to(s, s.n - 1) : s;
    return 0;
}

static int read_certificate(struct reading *r, const struct yaml_node *v) {
    static const char *const keys[] = {"chain", "key", NULL};
    int e = yaml_only_keys(v, keys, r->file, r->err);
    if (e < 0)
        return e;
    if (!yaml_get_str(v, "chain", &r->c->certificate_chain) ||
        !yaml_get_str(v, "key", &r->c->certificate_key))
        return wrong(r, v, "certificate wants both chain and key, each the path of a PEM file");
    return 0;
}

static int read_syslog(struct reading *r, const struct yaml_node *v) {
    if (v->kind != YAML_SEQUENCE)
        return wrong(r, v, "syslog wants a list of addresses, like [127.0.0.1:5514]");
    r->c->n_syslog = 0;
    for (const struct yaml_node *e = v->first; e; e = e->next) {
        if (r->c->n_syslog == ARRAY_SIZE(r->c->syslog))
            return wrong(r, e, "at most 16 syslog addresses");
        int x = read_address(r, e, &r->c->syslog[r->c->n_syslog]);
        if (x < 0)
            return x;
        r->c->n_syslog++;
    }
    return 0;
}

static int read_zone(struct reading *r, const struct yaml_node *v) {
    if (v->kind == YAML_SCALAR && parse_zone(v->text, &r->c->offset_min) == 0)
        return 0;
    return wrong(r, v, "a zone is wanted, like \"+09:00\", JST or UTC");
}

static int read_strs(struct reading *r, const struct yaml_node *v, struct config_strs *into) {
    if (v->kind != YAML_SEQUENCE)
        return wrong(r, v, "a list is wanted");
    into->p = arena_alloc(&r->c->arena, (v->n + 1) * sizeof *into->p);
    if (!into->p)
        return -ENOMEM;
    into->n = 0;
    for (const struct yaml_node *e = v->first; e; e = e->next) {
        if (e->kind != YAML_SCALAR)
            return wrong(r, e, "a list of plain words is wanted");
        into->p[into->n++] = e->text;
    }
    return 0;
}

static int read_rules(struct reading *r, const struct yaml_node *v) {
    return read_strs(r, v, &r->c->rules);
}
static int read_partners(struct reading *r, const struct yaml_node *v) {
    return read_strs(r, v, &r->c->partners);
}
static int read_own(struct reading *r, const struct yaml_node *v) {
    return read_strs(r, v, &r->c->own);
}
static int read_shared(struct reading *r, const struct yaml_node *v) {
    return read_strs(r, v, &r->c->shared);
}

static int read_one_source(struct reading *r, const struct yaml_node *v, struct source *s) {
    static const char *const keys[] = {"name", "kind",     "path", "decoder", "service",
                                       "host", "encoding", "zone", "skew",    NULL};
    struct str text;
    int e = yaml_only_keys(v, keys, r->file, r->err);
    if (e < 0)
        return e;
    *s = (struct source){.kind = STR("file"),
                         .encoding = -1,
                         .offset_min = r->c->offset_min,
                         .skew_max_ns = 5 * NS_PER_MIN};
    if (!yaml_get_str(v, "name", &s->name) || !s->name.n)
        return wrong(r, v, "a source wants a name of its own");
    (void) yaml_get_str(v, "kind", &s->kind);
    (void) yaml_get_str(v, "path", &s->path);
    (void) yaml_get_str(v, "decoder", &s->decoder);
    (void) yaml_get_str(v, "service", &s->service);
    (void) yaml_get_str(v, "host", &s->host);
    if (!str_eq_z(s->kind, "file") && !str_eq_z(s->kind, "journal") && !str_eq_z(s->kind, "replay") &&
        !str_eq_z(s->kind, "replay-own")) /* what Kizuki itself would say, in a story; outside of one nothing feeds it */
        return wrong(r, yaml_get(v, "kind"), "kind is file, journal or replay");
    if (str_eq_z(s->kind, "file") && !s->path.n)
        return wrong(r, v, "a file source wants a path; * and ? are allowed in it");
    if (yaml_get_str(v, "encoding", &text) && (s->encoding = text_encoding_from_string(text)) < 0)
        return wrong(r, yaml_get(v, "encoding"), "encoding is utf8, cp932, euc-jp or iso-2022-jp");
    if (yaml_get_str(v, "zone", &text) && parse_zone(text, &s->offset_min) < 0)
        return wrong(r, yaml_get(v, "zone"), "a zone is wanted, like \"+09:00\", JST or UTC");
    if (yaml_get_str(v, "skew", &text) && time_parse_span(text, &s->skew_max_ns) < 0)
        return wrong(r, yaml_get(v, "skew"), "a span is wanted, like 90s, 5m or 1h");
    return 0;
}

static int read_sources(struct reading *r, const struct yaml_node *v) {
    if (v->kind != YAML_SEQUENCE || v->n > CONFIG_SOURCES_MAX)
        return wrong(r, v, "sources wants a list of at most 4096; a path may be a pattern");
    r->c->sources = arena_zalloc(&r->c->arena, (v->n + 1) * sizeof *r->c->sources);
    if (!r->c->sources)
        return -ENOMEM;
    r->c->sources_given = true;
    for (const struct yaml_node *e = v->first; e; e = e->next) {
        struct source *s = &r->c->sources[r->c->n_sources];
        int x = read_one_source(r, e, s);
        if (x < 0)
            return x;
        for (size_t i = 0; i < r->c->n_sources; i++)
            if (str_eq(r->c->sources[i].name, s->name))
                return wrong(r, e, "two sources have the same name");
        r->c->n_sources++;
    }
    return 0;
}

static int read_title(struct reading *r, const struct yaml_node *v, struct config_title *t) {
    if (!v)
        return 0;
    if (v->kind == YAML_SCALAR) {
        t->ja = t->en = v->text;
        return 0;
    }
    if (!yaml_get_str(v, "ja", &t->ja) || !yaml_get_str(v, "en", &t->en))
        return wrong(r, v, "a title wants ja and en");
    return 0;
}

static int read_pages(struct reading *r, const struct yaml_node *v, struct config_service *s) {
    struct config_page *pages;
    if (!v)
        return 0;
    if (v->kind != YAML_SEQUENCE)
        return wrong(r, v, "pages wants a list of {path, shows}");
    pages = arena_zalloc(&r->c->arena, (v->n + 1) * sizeof *pages);
    if (!pages)
        return -ENOMEM;
    for (const struct yaml_node *e = v->first; e; e = e->next) {
        struct config_page *p = &pages[s->n_pages++];
        if (!yaml_get_str(e, "path", &p->path))
            return wrong(r, e, "a page wants the path its addresses begin with");
        int x = read_title(r, yaml_get(e, "shows"), &p->shows);
        if (x < 0)
            return x;
    }
    s->pages = pages;
    return 0;
}

static int read_services(struct reading *r, const struct yaml_node *v) {
    static const char *const keys[] = {"name", "title", "owner", "pages", NULL};
    if (v->kind != YAML_SEQUENCE)
        return wrong(r, v, "services wants a list");
    r->c->services = arena_zalloc(&r->c->arena, (v->n + 1) * sizeof *r->c->services);
    if (!r->c->services)
        return -ENOMEM;
    for (const struct yaml_node *e = v->first; e; e = e->next) {
        struct config_service *s = &r->c->services[r->c->n_services++];
        int x = yaml_only_keys(e, keys, r->file, r->err);
        if (x < 0)
            return x;
        if (!yaml_get_str(e, "name", &s->name))
            return wrong(r, e, "a service wants a name, the one its login events carry");
        s->title = (struct config_title){s->name, s->name};
        if ((x = read_title(r, yaml_get(e, "title"), &s->title)) < 0 ||
            (x = read_title(r, yaml_get(e, "owner"), &s->owner)) < 0 ||
            (x = read_pages(r, yaml_get(e, "pages"), s)) < 0)
            return x;
    }
    return 0;
}

/* Small segments are for those who want their seals soon: each costs a file and a signature. */
static int read_spool(struct reading *r, const struct yaml_node *v) {
    static const char *const keys[] = {"segment", "close_after", NULL};
    int64_t mib = SPOOL_SEGMENT_BYTES >> 20;
    struct str text;
    int e = yaml_only_keys(v, keys, r->file, r->err);
    if (e < 0)
        return e;
    (void) yaml_get_i64(v, "segment", &mib);
    if (mib < 1 || mib > SPOOL_SEGMENT_MIB_MAX)
        return wrong(r, v, "a segment has 1 to 1024 MiB");
    r->c->segment_bytes = (uint64_t) mib << 20;
    if (yaml_get_str(v, "close_after", &text) &&
        (time_parse_span(text, &r->c->close_after_ns) < 0 || r->c->close_after_ns < NS_PER_S))
        return wrong(r, yaml_get(v, "close_after"), "a span of a second or more is wanted, like 10m or 1h");
    return 0;
}

static int read_canary(struct reading *r, const struct yaml_node *v) {
    static const char *const keys[] = {"late", NULL};
    struct str text;
    int e = yaml_only_keys(v, keys, r->file, r->err);
    if (e == 0 && (!yaml_get_str(v, "late", &text) || time_parse_span(text, &r->c->canary_late_ns) < 0 ||
                   r->c->canary_late_ns < NS_PER_S || r->c->canary_late_ns > NS_PER_HOUR))
        e = wrong(r, v, "late wants a span from a second to an hour, like 60s");
    return e;
}

static int read_span_at(struct reading *r, const struct yaml_node *v, const char *key, int64_t min_ns, int64_t *ret) {
    struct str text;
    if (!yaml_get_str(v, key, &text))
        return 0;
    return time_parse_span(text, ret) == 0 && *ret >= min_ns ? 0 : wrong(r, yaml_get(v, key), "a span of a second or more is wanted, like 10s, 10m or 3h");
}

static int read_keeping(struct reading *r, const struct yaml_node *v, struct config_keeping *k) {
    int e = read_span_at(r, v, "keep", NS_PER_S, &k->keep_ns);
    if (e == 0)
        e = read_span_at(r, v, "required", NS_PER_S, &k->required_ns);
    if (e == 0)
        e = read_span_at(r, v, "own", NS_PER_S, &k->own_ns);
    if (e == 0 && yaml_get_str(v, "why", &k->why) && (k->why.n > KEEPING_WHY_BYTES_MAX || str_find_byte(k->why, '\n', 0) >= 0))
        return wrong(r, yaml_get(v, "why"), "one line of at most 200 bytes is wanted: the law or the contract");
    if (e == 0 && k->required_ns && !k->why.n)
        return wrong(r, v, "required wants why beside it: the law or the contract");
    return e;
}

struct config_keeping config_keeping_of(const struct config_retention *r, struct str source) {
    struct config_keeping k = r->all;
    for (size_t i = 0; i < r->n; i++) {
        const struct config_keeping *own = &r->rows[i];
        if (!str_eq(own->name, source))
            continue;
        k.keep_ns = own->keep_ns ? own->keep_ns : k.keep_ns;
        k.own_ns = own->own_ns;
        if (own->required_ns) {
            k.required_ns = own->required_ns;
            k.why = own->why;
        }
    }
    k.name = source;
    return k;
}

const struct config_retention *config_retention_of_copy(const struct config *c, struct str name) {
    for (size_t i = 0; i < c->vault.n_copies; i++)
        if (str_eq(c->vault.copies[i].copy, name))
            return &c->vault.copies[i];
    return &c->vault.retention;
}

/* A misread setting deletes: what contradicts itself is refused at start. */
static int read_keepings(struct reading *r, const struct yaml_node *v, const char *const *keys, const char *const *row_keys,
                         struct config_retention *ret) {
    const struct yaml_node *list = yaml_get(v, "sources");
    int e = yaml_only_keys(v, keys, r->file, r->err);
    if (e == 0)
        e = read_keeping(r, v, &ret->all);
    if (e == 0 && list && (list->kind != YAML_SEQUENCE || list->n > CONFIG_SOURCES_MAX))
        return wrong(r, list, "sources wants a list of at most 4096");
    if (e == 0 && list && !(ret->rows = arena_zalloc(&r->c->arena, (list->n + 1) * sizeof *ret->rows)))
        return -ENOMEM;
    for (const struct yaml_node *x = list ? list->first : NULL; e == 0 && x; x = x->next) {
        struct config_keeping *k = &ret->rows[ret->n];
        if ((e = yaml_only_keys(x, row_keys, r->file, r->err)) < 0)
            return e;
        if (!yaml_get_str(x, "name", &k->name) || !k->name.n)
            return wrong(r, x, "a row wants the name of a source");
        if ((e = read_keeping(r, x, k)) < 0)
            return e;
        ret->n++;
        struct config_keeping all = config_keeping_of(ret, k->name);
        if (all.keep_ns && all.keep_ns < all.required_ns)
            return wrong(r, x, "keep is shorter than what is required");
    }
    if (e == 0 && ret->all.keep_ns && ret->all.keep_ns < ret->all.required_ns)
        return wrong(r, v, "keep is shorter than what is required");
    return e;
}

static int read_retention(struct reading *r, const struct yaml_node *v) {
    static const char *const keys[] = {"keep", "required", "why", "sources", "hold", NULL};
    static const char *const row_keys[] = {"name", "keep", "required", "why", "own", NULL};
    struct str hold;
    int e = read_keepings(r, v, keys, row_keys, &r->c->retention);
    if (e == 0 && yaml_get_str(v, "hold", &hold) && str_eq_z(hold, "forever"))
        r->c->hold_ns = CONFIG_HOLD_FOREVER;
    else if (e == 0)
        e = read_span_at(r, v, "hold", NS_PER_S, &r->c->hold_ns);
    return e;
}

/* Of what is kept here of others. What a case holds, and how long, the first says (app/vault). */
static int read_copies_retention(struct reading *r, const struct yaml_node *v) {
    static const char *const keys[] = {"keep", "required", "why", "sources", "copies", NULL};
    static const char *const copy_keys[] = {"name", "keep", "required", "why", "sources", NULL};
    static const char *const row_keys[] = {"name", "keep", "required", "why", NULL};
    struct config_vault *c = &r->c->vault;
    const struct yaml_node *list = yaml_get(v, "copies");
    int e = v->kind == YAML_MAPPING ? read_keepings(r, v, keys, row_keys, &c->retention) : wrong(r, v, "retention wants keep and, if law asks for it, required and why");
    if (e == 0 && list && (list->kind != YAML_SEQUENCE || list->n > VAULT_FIRSTS_MAX))
        return wrong(r, list, "copies wants a list of at most 16");
    if (e == 0 && list && !(c->copies = arena_zalloc(&r->c->arena, (list->n + 1) * sizeof *c->copies)))
        return -ENOMEM;
    for (const struct yaml_node *x = list ? list->first : NULL; e == 0 && x; x = x->next) {
        struct config_retention *own = &c->copies[c->n_copies++];
        e = read_keepings(r, x, copy_keys, row_keys, own);
        if (e == 0 && (!yaml_get_str(x, "name", &own->copy) || !own->copy.n))
            return wrong(r, x, "a row wants the name of a copy, as `kizuki vault enrol` was given it");
    }
    return e;
}

static int read_vault(struct reading *r, const struct yaml_node *v) {
    static const char *const keys[] = {"offer", "every", "silent_after", "stale_after", "retention", NULL};
    struct config_vault *c = &r->c->vault;
    const struct yaml_node *list = NULL;
    int e = yaml_only_keys(v, keys, r->file, r->err);
    if (e == 0 && (list = yaml_get(v, "offer")) && (list->kind != YAML_SEQUENCE || list->n > ARRAY_SIZE(c->offer)))
        return wrong(r, list, "offer wants a list of at most 4 addresses, like [192.0.2.7:8444]");
    for (const struct yaml_node *x = list ? list->first : NULL; e == 0 && x; x = x->next)
        e = read_address(r, x, &c->offer[c->n_offer++]);
    if (e == 0)
        e = read_span_at(r, v, "every", NS_PER_S, &c->every_ns);
    if (e == 0)
        e = read_span_at(r, v, "silent_after", NS_PER_S, &c->silent_after_ns);
    if (e == 0)
        e = read_span_at(r, v, "stale_after", NS_PER_S, &c->stale_after_ns);
    return e == 0 && yaml_get(v, "retention") ? read_copies_retention(r, yaml_get(v, "retention")) : e;
}

/* Only the room knows what stands in it. */
static int read_login(struct reading *r, const struct yaml_node *v) {
    r->c->login = v;
    return 0;
}

static int read_reports(struct reading *r, const struct yaml_node *v) {
    static const char *const keys[] = {"form", "call", "phone", "an_hour", NULL};
    struct config_reports *c = &r->c->reports;
    int e = yaml_only_keys(v, keys, r->file, r->err);
    if (e == 0 && yaml_get(v, "form") && !yaml_get_bool(v, "form", &c->form))
        return wrong(r, yaml_get(v, "form"), "form wants true or false");
    if (e == 0 && yaml_get(v, "an_hour") && (!yaml_get_i64(v, "an_hour", &c->an_hour) || c->an_hour < 1 || c->an_hour > 100000))
        return wrong(r, yaml_get(v, "an_hour"), "an_hour wants a number from 1 to 100000");
    (void) yaml_get_str(v, "phone", &c->phone);
    return e == 0 && yaml_get(v, "call") ? read_title(r, yaml_get(v, "call"), &c->call) : e;
}

/* A folder of its own in DATA is named after it. */
static bool is_folder_name(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_digit(s.p[i]) && !(ascii_lower(s.p[i]) >= 'a' && ascii_lower(s.p[i]) <= 'z') && !strchr("-_.", s.p[i]))
            return false;
    return s.n > 0 && s.n <= 64 && s.p[0] != '.';
}

static int read_one_firewall(struct reading *r, const struct yaml_node *v, struct config_firewall *f) {
    static const char *const keys[] = {"name", "file", "kind", "service", "outside", "inside", NULL};
    int e = yaml_only_keys(v, keys, r->file, r->err);
    if (e < 0)
        return e;
    if (!yaml_get_str(v, "name", &f->name) || !is_folder_name(f->name))
        return wrong(r, v, "a firewall wants a name of up to 64 letters, digits, dots, dashes and underscores");
    if (!yaml_get_str(v, "file", &f->file) || !str_starts(f->file, STR("/")) || f->file.n > 4000)
        return wrong(r, v, "a firewall wants a file, the whole path of where its configuration is left");
    (void) yaml_get_str(v, "kind", &f->kind);
    (void) yaml_get_str(v, "service", &f->service);
    if (yaml_get(v, "outside"))
        e = read_strs(r, yaml_get(v, "outside"), &f->outside);
    return e == 0 && yaml_get(v, "inside") ? read_strs(r, yaml_get(v, "inside"), &f->inside) : e;
}

static int read_firewalls(struct reading *r, const struct yaml_node *v) {
    struct config *c = r->c;
    if (v->kind != YAML_SEQUENCE || v->n > FIREWALLS_MAX)
        return wrong(r, v, "firewalls wants a list of at most 64");
    if (!(c->firewalls = arena_zalloc(&c->arena, (v->n + 1) * sizeof *c->firewalls)))
        return -ENOMEM;
    for (const struct yaml_node *x = v->first; x; x = x->next) {
        int e = read_one_firewall(r, x, &c->firewalls[c->n_firewalls]);
        if (e < 0)
            return e;
        for (size_t i = 0; i < c->n_firewalls; i++)
            if (str_eq(c->firewalls[i].name, c->firewalls[c->n_firewalls].name))
                return wrong(r, x, "two firewalls have the same name");
        c->n_firewalls++;
    }
    return 0;
}

static int read_trace(struct reading *r, const struct yaml_node *v) {
    static const char *const keys[] = {"test_at", NULL};
    struct str text, hour;
    uint64_t h, m;
    int e = yaml_only_keys(v, keys, r->file, r->err);
    if (e < 0 || !yaml_get_str(v, "test_at", &text))
        return e;
    r->c->trace_test_min = -1;
    if (str_eq_z(text, "never"))
        return 0;
    if (!str_split(&text, ':', &hour) || text.n != 2 || str_to_u64(hour, &h) < 0 || str_to_u64(text, &m) < 0 || h > 23 || m > 59)
        return wrong(r, yaml_get(v, "test_at"), "test_at wants a time of day like \"03:30\", or never");
    r->c->trace_test_min = (int) (h * 60 + m);
    return 0;
}

static int read_index(struct reading *r, const struct yaml_node *v) {
    static const char *const keys[] = {"use", "library", "memory", "url", NULL};
    int e = yaml_only_keys(v, keys, r->file, r->err);
    if (e < 0)
        return e;
    (void) yaml_get_bool(v, "use", &r->c->index_use);
    (void) yaml_get_str(v, "library", &r->c->index_library);
    (void) yaml_get_str(v, "url", &r->c->index_url);
    (void) yaml_get_i64(v, "memory", &r->c->index_memory_mb);
    if (r->c->index_memory_mb < 256 || r->c->index_memory_mb > 65536)
        return wrong(r, yaml_get(v, "memory"), "memory of the index is said in MB, from 256 to 65536");
    return 0;
}

static int read_block(struct reading *r, const struct yaml_node *v) {
    static const char *const keys[] = {"automatic", "minutes", NULL};
    int e = yaml_only_keys(v, keys, r->file, r->err);
    if (e < 0)
        return e;
    (void) yaml_get_bool(v, "automatic", &r->c->block_automatic);
    (void) yaml_get_i64(v, "minutes", &r->c->block_minutes);
    if (r->c->block_minutes < 1 || r->c->block_minutes > BLOCK_MINUTES_MAX)
        return wrong(r, v, "block minutes lie between 1 and 10080 (a week)");
    return 0;
}

const struct config_gate_row CONFIG_GATE[GATE_KIND_MAX_] = {
    [GATE_HTTP] = {"http", "--http-fd", .tls = false},
    [GATE_HTTPS] = {"https", "--https-fd", .tls = true},
    [GATE_RELP] = {"relp", "--relp-fd", .tls = false},
    [GATE_RELP_TLS] = {"relp_tls", "--relp-tls-fd", .tls = true},
    [GATE_SYSLOG_TLS] = {"syslog_tls", "--syslog-tls-fd", .tls = true},
    [GATE_SNMP] = {"snmp", "--snmp-fd", .datagrams = true},
    [GATE_FLOW] = {"flow", "--flow-fd", .datagrams = true},
    [GATE_COLLECTD] = {"collectd", "--collectd-fd", .datagrams = true},
    [GATE_STATSD] = {"statsd", "--statsd-fd", .datagrams = true},
};

bool config_has_gate(const struct config *c) {
    for (size_t i = 0; i < GATE_KIND_MAX_; i++)
        if (c->gate.n[i])
            return true;
    return false;
}

static int read_gate_addresses(struct reading *r, const struct yaml_node *v, enum config_gate_kind kind) {
    struct config_gate *g = &r->c->gate;
    if (v->kind != YAML_SEQUENCE)
        return wrong(r, v, "a list of addresses is wanted, like [127.0.0.1:6514]");
    for (const struct yaml_node *e = v->first; e; e = e->next) {
        if (g->n[kind] == GATE_ADDRESSES_MAX)
            return wrong(r, e, "at most 4 addresses");
        int x = read_address(r, e, &g->at[kind][g->n[kind]]);
        if (x < 0)
            return x;
        g->n[kind]++;
    }
    if (CONFIG_GATE[kind].tls && g->n[kind] && !g->chain.p)
        return wrong(r, v, "what is in TLS wants `certificate: {chain: FILE, key: FILE}` beside it, under intake");
    return 0;
}

static int read_without_token(struct reading *r, const struct yaml_node *v) {
    struct config_gate *g = &r->c->gate;
    if (v->kind != YAML_SEQUENCE)
        return wrong(r, v, "without_token wants a list of networks, like [192.0.2.0/24]");
    for (const struct yaml_node *e = v->first; e; e = e->next) {
        if (g->n_open == GATE_OPEN_MAX)
            return wrong(r, e, "at most 64 networks");
        if (e->kind != YAML_SCALAR || ip_prefix_parse(e->text, &g->open[g->n_open]) != 0)
            return wrong(r, e, "a network is wanted, like 192.0.2.0/24 or 2001:db8::/32, with no bits behind its prefix");
        g->n_open++;
    }
    return 0;
}

/* Digits and dots: it stands in an answer. */
static int read_elastic_version(struct reading *r, const struct yaml_node *v) {
    struct str s = v->kind == YAML_SCALAR ? v->text : STR_NULL;
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_digit(s.p[i]) && s.p[i] != '.')
            s.n = 0;
    if (!s.n || s.n > 16)
        return wrong(r, v, "a version is wanted, like 8.13.0");
    r->c->gate.elastic_version = s;
    return 0;
}

static int read_intake(struct reading *r, const struct yaml_node *v) {
    static const char *const certificate_keys[] = {"chain", "key", NULL};
    const char *keys[GATE_KIND_MAX_ + 5] = {"certificate", "clients", "without_token", "elastic_version"};
    const struct yaml_node *cert;
    for (size_t i = 0; i < GATE_KIND_MAX_; i++)
        keys[i + 4] = CONFIG_GATE[i].key;
    if (v->kind != YAML_MAPPING)
        return wrong(r, v, "intake wants kinds of senders with their addresses, like {relp: [127.0.0.1:2514]}");
    int e = yaml_only_keys(v, keys, r->file, r->err);
    if (e == 0 && (cert = yaml_get(v, "certificate"))) {
        e = yaml_only_keys(cert, certificate_keys, r->file, r->err);
        if (e == 0 && (!yaml_get_str(cert, "chain", &r->c->gate.chain) || !yaml_get_str(cert, "key", &r->c->gate.key)))
            e = wrong(r, cert, "certificate wants both chain and key, each the path of a PEM file");
    }
    if (e == 0 && yaml_get(v, "clients") && !yaml_get_str(v, "clients", &r->c->gate.clients))
        e = wrong(r, yaml_get(v, "clients"), "clients wants the path of a PEM file with certificates of authorities");
    if (e == 0 && yaml_get(v, "without_token"))
        e = read_without_token(r, yaml_get(v, "without_token"));
    if (e == 0 && yaml_get(v, "elastic_version"))
        e = read_elastic_version(r, yaml_get(v, "elastic_version"));
    for (size_t i = 0; e == 0 && i < GATE_KIND_MAX_; i++) {
        const struct yaml_node *list = yaml_get(v, CONFIG_GATE[i].key);
        if (list)
            e = read_gate_addresses(r, list, (enum config_gate_kind) i);
    }
    return e;
}

static const struct {
    const char *key;
    int (*read)(struct reading *r, const struct yaml_node *v);
} SETTINGS[] = {
    {"zone", read_zone}, /* first: sources take it as their default */
    {"https", read_https},       {"address", read_pages_address}, {"certificate", read_certificate},
    {"syslog", read_syslog},     {"rules", read_rules},
    {"sources", read_sources},   {"services", read_services},
    {"partners", read_partners}, {"shared", read_shared}, {"own", read_own},
    {"block", read_block},
    {"spool", read_spool},       {"intake", read_intake},
    {"canary", read_canary},
    {"retention", read_retention},
    {"vault", read_vault},
    {"trace", read_trace},
    {"reports", read_reports},
    {"firewalls", read_firewalls},
    {"login", read_login},
    {"index", read_index},
};

static int read_file(struct reading *r) {
    struct yaml_doc *docs;
    const char *keys[ARRAY_SIZE(SETTINGS) + 1] = {0};
    int e = yaml_parse_file(&r->c->arena, r->file, &docs, r->err);
    if (e < 0 || !docs || !docs->root)
        return e;
    if (docs->root->kind != YAML_MAPPING)
        return wrong(r, docs->root, "settings are wanted, one `key: value` a line");
    for (size_t i = 0; i < ARRAY_SIZE(SETTINGS); i++)
        keys[i] = SETTINGS[i].key;
    if ((e = yaml_only_keys(docs->root, keys, r->file, r->err)) < 0)
        return e;
    for (size_t i = 0; i < ARRAY_SIZE(SETTINGS); i++) {
        const struct yaml_node *v = yaml_get(docs->root, SETTINGS[i].key);
        if (v && !yaml_is_null(v) && (e = SETTINGS[i].read(r, v)) < 0)
            return e;
    }
    return 0;
}

static int choose_data(struct config *c, const char *data, struct diag *err) {
    const char *home = getenv("HOME");
    if (data)
        snprintf(c->data, sizeof c->data, "%s", data);
    else if (geteuid() == 0)
        snprintf(c->data, sizeof c->data, "/var/lib/kizuki");
    else if (home && home[0])
        snprintf(c->data, sizeof c->data, "%s/.local/share/kizuki", home);
    else
        return diag_set(err, -EINVAL, "no data folder: give --data DIR");
    if (strlen(c->data) > sizeof c->data - 256)
        return diag_set(err, -ENAMETOOLONG, "the path of the data folder is too long");
    return 0;
}

int config_load(const char *data, const char *file, struct config **ret, struct diag *reterr) {
    CLEANUP(config_freep) struct config *c = mem_zalloc(sizeof *c);
    if (!c)
        return diag_set(reterr, -ENOMEM, "out of memory");
    arena_init(&c->arena, CONFIG_ARENA_MAX);
    c->https = (struct config_address){"127.0.0.1", PORT_HTTPS};
    c->syslog[0] = (struct config_address){"127.0.0.1", PORT_SYSLOG};
    c->n_syslog = 1;
    c->offset_min = TIME_JST_OFFSET_MIN;
    c->block_minutes = 60;
    c->canary_late_ns = 60 * NS_PER_S;
    c->gate.elastic_version = STR("8.13.0");
    c->segment_bytes = SPOOL_SEGMENT_BYTES;
    c->hold_ns = CONFIG_HOLD_NS;
    c->trace_test_min = 3 * 60 + 30;
    c->reports.form = true;
    c->reports.an_hour = 300;
    c->index_use = true;
    c->index_memory_mb = 1024;
    c->close_after_ns = SPOOL_SEGMENT_AGE_S * NS_PER_S;
    c->vault.every_ns = 10 * NS_PER_S;
    c->vault.silent_after_ns = 10 * NS_PER_MIN;
    c->vault.stale_after_ns = 3 * NS_PER_HOUR;
    int e = choose_data(c, data, reterr);
    if (e < 0)
        return e;
    if (file)
        snprintf(c->file, sizeof c->file, "%s", file);
    else
        snprintf(c->file, sizeof c->file, "%.*s/kizuki.yml", (int) sizeof c->file - 16, c->data);
    if (file || access(c->file, F_OK) == 0) {
        struct reading r = {.c = c, .file = c->file, .err = reterr};
        if ((e = read_file(&r)) < 0)
            return e == -ENOMEM ? diag_set(reterr, e, "the settings in '%s' take too much memory", c->file) : e;
    } else {
        c->file[0] = 0;
    }
    *ret = TAKE_PTR(c);
    return 0;
}

void config_free(struct config *c) {
    if (!c)
        return;
    arena_done(&c->arena);
    mem_free(c);
}
