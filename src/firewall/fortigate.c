/* FortiOS as it is backed up or shown (`show full-configuration`): config, edit, set, next, end. Read are policies, addresses, services, groups of
 * them and virtual addresses, of all virtual domains; each has a path of its own. A policy that names users, applications, internet services or a
 * schedule other than always fits partly. Words: FortiOS CLI Reference, config firewall policy, address, service custom, vip. */
#include "firewall/firewall_priv.h"

#include "base/limits.h"

enum { DEPTH_MAX = 16 };

struct setting {
    struct str key, *values;
    size_t n;
};
struct entry { /* edit NAME … next */
    struct str name;
    struct setting *at;
    size_t n, cap;
};
struct domain {
    struct str name;
    struct names addresses, services;
    struct firewall_path *path;
    struct entry *policies;
    size_t n, cap;
};
struct reading {
    struct arena *a;
    struct firewall *f;
    struct domain *domains;
    size_t n_domains, cap_domains;
    struct str config[DEPTH_MAX]; /* what is open: "firewall policy"… */
    struct entry edit[DEPTH_MAX];
    unsigned depth, line;
    struct diag *reterr;
};

static bool is_fortigate(struct str text) {
    return str_starts(text, STR("#config-version=FG")) || str_find(str_to(text, 1 << 20), STR("config firewall policy\n"), 0) >= 0 ||
           str_find(str_to(text, 1 << 20), STR("config firewall policy\r\n"), 0) >= 0;
}

static const struct setting *get(const struct entry *e, const char *key) {
    for (size_t i = 0; i < e->n; i++)
        if (str_eq_z(e->at[i].key, key))
            return &e->at[i];
    return NULL;
}

static struct str value(const struct entry *e, const char *key) {
    const struct setting *s = get(e, key);
    return s && s->n ? s->values[0] : STR_NULL;
}

/* ---- what is defined: each entry becomes lines "KIND VALUE" of a named thing ---- */

static int keep(struct reading *x, struct names *names, struct str name, const char *kind, struct str what) {
    struct named *n;
    struct str line = arena_printf(x->a, "%s %.*s", kind, STR_ARG(what));
    int r = line.p ? names_add(names, name, &n) : -ENOMEM;
    return r < 0 ? r : named_line(names, n, line, x->line);
}

static int keep_all(struct reading *x, struct names *names, struct str name, const char *kind, const struct setting *s) {
    int r = 0;
    for (size_t i = 0; r == 0 && s && i < s->n; i++)
        r = keep(x, names, name, kind, s->values[i]);
    return r;
}

static int take_address(struct reading *x, struct domain *d, const struct entry *e) {
    struct str type = value(e, "type"), first = value(e, "start-ip"), last = value(e, "end-ip");
    const struct setting *subnet = get(e, "subnet"), *ip6 = get(e, "ip6");
    if (type.n && !str_eq_z(type, "ipmask") && !str_eq_z(type, "iprange") && !str_eq_z(type, "ipprefix")) /* fqdn, geography, dynamic… */
        return keep(x, &d->addresses, e->name, "odd", type);
    if (first.n && last.n)
        return keep(x, &d->addresses, e->name, "net", arena_printf(x->a, "%.*s-%.*s", STR_ARG(first), STR_ARG(last)));
    if (subnet && subnet->n == 2)
        return keep(x, &d->addresses, e->name, "net", arena_printf(x->a, "%.*s %.*s", STR_ARG(subnet->values[0]), STR_ARG(subnet->values[1])));
    if (subnet || ip6)
        return keep_all(x, &d->addresses, e->name, "net", subnet ? subnet : ip6);
    return keep(x, &d->addresses, e->name, "net", STR("0.0.0.0/0")); /* what a new address has until it is set */
}

static int take_group(struct reading *x, struct domain *d, const struct entry *e) {
    return keep_all(x, &d->addresses, e->name, "one", get(e, "member"));
}

/* Packets come to the outer address; where they are led to is told as a forward. */
static int take_vip(struct reading *x, struct domain *d, const struct entry *e) {
    struct str out = value(e, "extip"), in = value(e, "mappedip"), port = value(e, "extport"), to = value(e, "mappedport");
    struct str text = arena_printf(x->a, "%.*s: %.*s%s%.*s => %.*s%s%.*s", STR_ARG(e->name), STR_ARG(out), port.n ? ":" : "", STR_ARG(port), STR_ARG(in),
                                   to.n ? ":" : "", STR_ARG(to));
    int r = keep(x, &d->addresses, e->name, "net", out);
    return r < 0 ? r : text.p ? firewall_add_forward(x->a, x->f, text) : -ENOMEM;
}

static int take_service(struct reading *x, struct domain *d, const struct entry *e) {
    struct str protocol = value(e, "protocol"), number = value(e, "protocol-number");
    int r = 0;
    if (str_eq_z(protocol, "IP"))
        return keep(x, &d->services, e->name, "ip", number.n && !str_eq_z(number, "0") ? number : STR("all"));
    if (str_eq_z(protocol, "ICMP") || str_eq_z(protocol, "ICMP6"))
        return keep(x, &d->services, e->name, "ip", str_eq_z(protocol, "ICMP") ? STR("1") : STR("58"));
    r = keep_all(x, &d->services, e->name, "tcp", get(e, "tcp-portrange"));
    if (r == 0)
        r = keep_all(x, &d->services, e->name, "udp", get(e, "udp-portrange"));
    return r < 0 ? r : keep_all(x, &d->services, e->name, "sctp", get(e, "sctp-portrange"));
}

static int take_service_group(struct reading *x, struct domain *d, const struct entry *e) {
    return keep_all(x, &d->services, e->name, "one", get(e, "member"));
}

static int take_policy(struct reading *x, struct domain *d, const struct entry *e) {
    if (d->n == FIREWALL_RULES_MAX)
        return -ERR_LIMIT;
    int r = arena_grow(x->a, (void **) &d->policies, &d->cap, d->n + 1, sizeof *d->policies);
    if (r == 0)
        d->policies[d->n++] = *e;
    return r;
}

static const struct {
    const char *config;
    int (*take)(struct reading *x, struct domain *d, const struct entry *e);
} tables[] = {
    {"firewall address", take_address},       {"firewall address6", take_address},     {"firewall addrgrp", take_group},
    {"firewall addrgrp6", take_group},        {"firewall vip", take_vip},              {"firewall service custom", take_service},
    {"firewall service group", take_service_group}, {"firewall policy", take_policy},  {"firewall policy6", take_policy},
};

/* ---- what names come to ---- */

static int address_line(void *ctx, const struct named_line *l, struct spans *ret, bool *ret_odd);
static int service_line(void *ctx, const struct named_line *l, struct spans *ret, bool *ret_odd);
struct asking {
    struct reading *x;
    struct domain *d;
};

static int address_named(struct asking *k, struct str name, struct spans *ret, bool *ret_odd) {
    struct named *n = names_find(&k->d->addresses, name);
    *ret = SPANS_ALL[DIM_SRC];
    if (str_eq_z(name, "all") || str_eq_z(name, "any"))
        return 0;
    *ret_odd = *ret_odd || !n;
    *ret = (struct spans){0};
    return n ? named_is(&k->d->addresses, n, address_line, k, ret, ret_odd) : 0;
}

static int address_line(void *ctx, const struct named_line *l, struct spans *ret, bool *ret_odd) {
    struct asking *k = ctx;
    struct str what = l->text, kind;
    struct span s;
    str_split(&what, ' ', &kind);
    if (str_eq_z(kind, "one"))
        return address_named(k, what, ret, ret_odd);
    if (str_eq_z(kind, "odd") || addresses_read(what, &s) < 0) {
        *ret_odd = true;
        return 0;
    }
    return spans_one(k->x->a, s, ret);
}

/* Names every device has from the start, where its configuration does not say them. */
static const struct {
    const char *name;
    unsigned protocol, first, last;
} ready[] = {{"HTTP", 6, 80, 80}, {"HTTPS", 6, 443, 443}, {"SSH", 6, 22, 22}, {"TELNET", 6, 23, 23}, {"RDP", 6, 3389, 3389}, {"SMB", 6, 445, 445},
             {"FTP", 6, 21, 21}, {"SMTP", 6, 25, 25}, {"PING", 1, 0, 65535}, {"ALL_TCP", 6, 1, 65535}, {"ALL_UDP", 17, 1, 65535}, {"ALL_ICMP", 1, 0, 65535},
             {"ALL_ICMP6", 58, 0, 65535}};

static int service_named(struct asking *k, struct str name, struct spans *ret, bool *ret_odd) {
    struct named *n = names_find(&k->d->services, name);
    if (str_eq_z(name, "ALL") || str_eq_z(name, "ANY")) {
        *ret = SPANS_ALL[DIM_SERVICE];
        return 0;
    }
    for (size_t i = 0; !n && i < ARRAY_SIZE(ready); i++)
        if (str_eq_z(name, ready[i].name))
            return spans_one(k->x->a, span_of_service(ready[i].protocol, ready[i].first, ready[i].last), ret);
    *ret_odd = *ret_odd || !n;
    *ret = (struct spans){0};
    return n ? named_is(&k->d->services, n, service_line, k, ret, ret_odd) : 0;
}

/* "443", "1-65535", "443:1024-65535" (with source ports, which are passed over). */
static int ports(struct arena *a, unsigned protocol, struct str s, struct spans *ret, bool *ret_odd) {
    struct str to = s, first;
    if (str_find_byte(s, ':', 0) >= 0) {
        str_split(&to, ':', &first);
        to = first;
        *ret_odd = true;
    }
    str_split(&to, '-', &first);
    int lo = port_number(first), hi = to.n ? port_number(to) : lo;
    *ret_odd = *ret_odd || lo < 0 || hi < lo;
    return lo < 0 || hi < lo ? 0 : spans_one(a, span_of_service(protocol, (unsigned) lo, (unsigned) hi), ret);
}

static int service_line(void *ctx, const struct named_line *l, struct spans *ret, bool *ret_odd) {
    struct asking *k = ctx;
    struct str what = l->text, kind;
    str_split(&what, ' ', &kind);
    if (str_eq_z(kind, "one"))
        return service_named(k, what, ret, ret_odd);
    if (str_eq_z(kind, "ip") && str_eq_z(what, "all")) {
        *ret = SPANS_ALL[DIM_SERVICE];
        return 0;
    }
    if (str_eq_z(kind, "ip")) {
        int n = protocol_number(what);
        *ret_odd = *ret_odd || n < 0;
        return n < 0 ? 0 : spans_one(k->x->a, span_of_service((unsigned) n, 0, 65535), ret);
    }
    return ports(k->x->a, (unsigned) protocol_number(kind), what, ret, ret_odd);
}

/* ---- policies ---- */

static int names_to(struct asking *k, const struct setting *s, int (*named)(struct asking *k, struct str name, struct spans *ret, bool *ret_odd), struct spans *ret,
                    bool *ret_odd) {
    int r = 0;
    *ret = (struct spans){0};
    for (size_t i = 0; r == 0 && s && i < s->n; i++) {
        struct spans one;
        r = named(k, s->values[i], &one, ret_odd);
        if (r == 0)
            r = spans_or(k->x->a, *ret, one, ret);
    }
    return r;
}

static int zone_named(struct asking *k, struct str name, struct spans *ret, bool *ret_odd UNUSED) {
    u128 zone;
    if (str_eq_z(name, "any")) {
        *ret = SPANS_ALL[DIM_FROM];
        return 0;
    }
    int r = firewall_zone(k->x->a, k->x->f, name, &zone);
    return r < 0 ? r : spans_one(k->x->a, (struct span){zone, zone}, ret);
}

static const struct {
    const char *key, *key6, *negate;
    enum space_dim dim;
    int (*named)(struct asking *k, struct str name, struct spans *ret, bool *ret_odd);
} parts[] = {
    {"srcintf", NULL, NULL, DIM_FROM, zone_named},
    {"dstintf", NULL, NULL, DIM_TO, zone_named},
    {"srcaddr", "srcaddr6", "srcaddr-negate", DIM_SRC, address_named},
    {"dstaddr", "dstaddr6", "dstaddr-negate", DIM_DST, address_named},
    {"service", NULL, "service-negate", DIM_SERVICE, service_named},
};
/* With one of these a policy asks for more than this form holds. */
static const char *const conditions[] = {"groups", "users", "fsso-groups", "internet-service", "internet-service-name", "internet-service-src", "application-list", "url-category",
                                         "app-category", "rtp-nat", "ztna-ems-tag", "devices"};

/* What a part of a policy comes to; nothing known of what it names: a condition, and the part stays as wide as it was. */
static int part(struct asking *k, struct making *m, const struct entry *e, size_t i) {
    struct spans to, more = {0};
    bool odd = false;
    int r = names_to(k, get(e, parts[i].key), parts[i].named, &to, &odd);
    if (r == 0 && parts[i].key6)
        r = names_to(k, get(e, parts[i].key6), parts[i].named, &more, &odd);
    if (r == 0)
        r = spans_or(k->x->a, to, more, &to);
    if (r == 0 && parts[i].negate && str_eq_z(value(e, parts[i].negate), "enable"))
        r = odd ? 0 : spans_minus(k->x->a, SPANS_ALL[parts[i].dim], to, &to);
    if (r == 0 && odd)
        r = making_condition(k->x->a, m, str_of(parts[i].key));
    if (r < 0 || (odd && !to.n) || (!get(e, parts[i].key) && !more.n))
        return r;
    return making_narrow(k->x->a, m, parts[i].dim, to);
}

static int read_policy(struct asking *k, const struct entry *e) {
    struct making m = {.where = SPACE_ALL};
    struct str schedule = value(e, "schedule"), name = value(e, "name");
    int r = 0;
    if (str_eq_z(value(e, "status"), "disable"))
        return 0;
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++)
        r = part(k, &m, e, i);
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(conditions); i++) {
        const struct setting *s = get(e, conditions[i]);
        if (s && s->n && !str_eq_z(s->values[0], "disable"))
            r = making_condition(k->x->a, &m, str_of(conditions[i]));
    }
    if (r == 0 && schedule.n && !str_eq_z(schedule, "always"))
        r = making_condition(k->x->a, &m, STR("schedule"));
    if (r < 0 || m.never)
        return r;
    struct firewall_rule rule = {.where = m.where, .condition = m.condition, .verdict = str_eq_z(value(e, "action"), "accept") ? FIREWALL_ALLOW : FIREWALL_DENY,
                                 .name = arena_printf(k->x->a, "policy %.*s%s%.*s", STR_ARG(e->name), name.n ? " " : "", STR_ARG(name))};
    return rule.name.p ? firewall_add_rule(k->x->a, k->d->path, &rule) : -ENOMEM;
}

/* ---- lines ---- */

static struct str where_we_are(const struct reading *x) {
    return x->depth ? x->config[x->depth - 1] : STR_NULL;
}

static int domain_now(struct reading *x, struct domain **ret) {
    struct str name = STR("root");
    for (unsigned i = 0; i < x->depth; i++)
        if (str_eq_z(x->config[i], "vdom") && x->edit[i].name.n)
            name = x->edit[i].name;
    for (size_t i = 0; i < x->n_domains; i++)
        if (str_eq(x->domains[i].name, name)) {
            *ret = &x->domains[i];
            return 0;
        }
    if (x->n_domains == FIREWALL_PATHS_MAX)
        return -ERR_LIMIT;
    int r = arena_grow(x->a, (void **) &x->domains, &x->cap_domains, x->n_domains + 1, sizeof *x->domains);
    if (r < 0)
        return r;
    *ret = &x->domains[x->n_domains++];
    **ret = (struct domain){.name = name};
    names_init(&(*ret)->addresses, x->a);
    names_init(&(*ret)->services, x->a);
    return 0;
}

static int take_entry(struct reading *x) {
    struct entry *e = &x->edit[x->depth - 1];
    struct domain *d;
    int r = 0;
    for (size_t i = 0; r == 0 && e->name.n && i < ARRAY_SIZE(tables); i++)
        if (str_eq_z(where_we_are(x), tables[i].config) && (r = domain_now(x, &d)) == 0)
            r = tables[i].take(x, d, e);
    *e = (struct entry){0};
    return r;
}

static int take_set(struct reading *x, const struct str *w, size_t n) {
    struct entry *e = &x->edit[x->depth - 1];
    if (str_eq_z(where_we_are(x), "system global") && str_eq_z(w[1], "hostname") && n > 2)
        x->f->host = w[2];
    if (e->n == 512)
        return -ERR_LIMIT;
    struct str *values = arena_alloc(x->a, n * sizeof *values);
    int r = values ? arena_grow(x->a, (void **) &e->at, &e->cap, e->n + 1, sizeof *e->at) : -ENOMEM;
    if (r < 0)
        return r;
    memcpy(values, w + 2, (n - 2) * sizeof *values);
    e->at[e->n++] = (struct setting){.key = w[1], .values = values, .n = n - 2};
    return 0;
}

static int read_line(struct reading *x, struct str line) {
    struct str w[FIREWALL_WORDS_MAX];
    bool too_many;
    size_t n = firewall_words(x->a, line, w, &too_many);
    if (n == 0 || w[0].n == 0 || w[0].p[0] == '#')
        return 0;
    if (too_many)
        return firewall_add_unread(x->a, x->f, x->line, line);
    if (str_eq_z(w[0], "config")) {
        if (x->depth == DEPTH_MAX)
            return diag_set_at(x->reterr, -ERR_PARSE, "", x->line, 0, "more than %d sections are inside each other", DEPTH_MAX);
        x->config[x->depth] = str_trim(str_from(line, 6));
        x->edit[x->depth++] = (struct entry){0};
        return 0;
    }
    if (x->depth == 0)
        return 0;
    if (str_eq_z(w[0], "edit") && n > 1)
        x->edit[x->depth - 1] = (struct entry){.name = w[1]};
    if (str_eq_z(w[0], "set") && n > 2)
        return take_set(x, w, n);
    if (str_eq_z(w[0], "next"))
        return take_entry(x);
    if (str_eq_z(w[0], "end")) {
        int r = take_entry(x);
        x->depth--;
        return r;
    }
    return 0;
}

static int read_policies(struct reading *x) {
    int r = 0;
    for (size_t i = 0; r == 0 && i < x->n_domains; i++) {
        struct asking k = {x, &x->domains[i]};
        r = firewall_add_path(x->a, x->f, x->domains[i].name, FIREWALL_DENY, &x->domains[i].path);
        for (size_t p = 0; r == 0 && p < x->domains[i].n; p++)
            r = read_policy(&k, &x->domains[i].policies[p]);
    }
    return r;
}

static int read_fortigate(struct arena *a, struct str text, struct firewall *f, struct diag *reterr) {
    struct reading x = {.a = a, .f = f, .reterr = reterr};
    int r = 0;
    for (struct str line; r == 0 && str_split(&text, '\n', &line);) {
        x.line++;
        r = read_line(&x, str_trim(line));
    }
    if (r == 0 && x.depth)
        r = diag_set_at(reterr, -ERR_PARSE, "", x.line, 0, "'config %.*s' has no end: the text is cut off", STR_ARG(where_we_are(&x)));
    if (r == 0)
        r = read_policies(&x);
    for (size_t i = 0; i < x.n_domains; i++) {
        names_done(&x.domains[i].addresses);
        names_done(&x.domains[i].services);
    }
    return r == -ERR_LIMIT ? diag_set_at(reterr, r, "", x.line, 0, "more policies, names or settings than are read") : r;
}

const struct firewall_reader FIREWALL_FORTIGATE_READER = {"fortigate", is_fortigate, read_fortigate};
