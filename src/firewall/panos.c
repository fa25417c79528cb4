/* PAN-OS, the exported configuration (XML): security rules of each virtual system, with addresses, services and groups of them, shared ones too.
 * Rules that name applications, users, categories or host checks fit partly; "application-default" is that application's own ports, so all of
 * them may be open. Rules between zones of one kind (intrazone) are let through at the end, others not: each is a path of its own.
 * Destination translation is told as a forward. Words: PAN-OS Web Interface Help and the XML of `show config running`. */
#include "firewall/firewall_priv.h"

#include "base/limits.h"
#include "base/mem.h"

#include <expat.h>

enum { DEPTH_MAX = 64, NODES_MAX = 4000000 };

struct node {
    struct str tag, name, text; /* <entry name="…"> */
    struct node *first, *last, *next, *up;
};
struct tree {
    struct arena *a;
    struct node *root, *now;
    unsigned depth, n;
    int error;
    XML_Parser parser;
};

static bool is_panos(struct str text) {
    text = str_to(text, 4096);
    return str_find(text, STR("<config "), 0) >= 0 && (str_find(text, STR("urldb="), 0) > 0 || str_find(text, STR("detail-version="), 0) > 0 || str_find(text, STR("<mgt-config"), 0) > 0);
}

/* ---- the tree ---- */

static void fail(struct tree *t, int error) {
    if (!t->error)
        t->error = error;
    XML_StopParser(t->parser, XML_FALSE);
}

static void XMLCALL on_start(void *ctx, const XML_Char *tag, const XML_Char **attributes) {
    struct tree *t = ctx;
    struct node *n = arena_zalloc(t->a, sizeof *n);
    if (!n || t->depth == DEPTH_MAX || t->n++ == NODES_MAX) {
        fail(t, n ? -ERR_LIMIT : -ENOMEM);
        return;
    }
    n->tag = arena_dup(t->a, str_of(tag));
    for (size_t i = 0; attributes[i]; i += 2)
        if (strcmp(attributes[i], "name") == 0)
            n->name = arena_dup(t->a, str_of(attributes[i + 1]));
    n->up = t->now;
    if (t->now && t->now->last)
        t->now->last->next = n;
    else if (t->now)
        t->now->first = n;
    else
        t->root = n;
    if (t->now)
        t->now->last = n;
    t->now = n;
    t->depth++;
    if (!n->tag.p)
        fail(t, -ENOMEM);
}

static void XMLCALL on_end(void *ctx, const XML_Char *tag UNUSED) {
    struct tree *t = ctx;
    t->now->text = str_trim(t->now->text);
    t->now = t->now->up;
    t->depth--;
}

static void XMLCALL on_text(void *ctx, const XML_Char *s, int n) {
    struct tree *t = ctx;
    if (!t->now || (t->now->text.n == 0 && str_trim(str_n(s, (size_t) n)).n == 0))
        return;
    if (t->now->text.n + (size_t) n > 65536) {
        fail(t, -ERR_LIMIT);
        return;
    }
    t->now->text = arena_printf(t->a, "%.*s%.*s", STR_ARG(t->now->text), n, s);
    if (!t->now->text.p)
        fail(t, -ENOMEM);
}

/* No document type, so no entities. */
static void XMLCALL on_doctype(void *ctx, const XML_Char *name UNUSED, const XML_Char *sys UNUSED, const XML_Char *pub UNUSED, int internal UNUSED) {
    fail(ctx, -ERR_REFUSED);
}

static int read_tree(struct tree *t, struct str text, struct diag *reterr) {
    static const XML_Memory_Handling_Suite memory = {mem_alloc, mem_realloc, mem_free};
    t->parser = XML_ParserCreate_MM(NULL, &memory, NULL);
    if (!t->parser)
        return -ENOMEM;
    XML_SetUserData(t->parser, t);
    XML_SetElementHandler(t->parser, on_start, on_end);
    XML_SetCharacterDataHandler(t->parser, on_text);
    XML_SetStartDoctypeDeclHandler(t->parser, on_doctype);
    int r = XML_Parse(t->parser, text.p, (int) text.n, 1) == XML_STATUS_OK ? t->error : t->error ? t->error : -ERR_PARSE;
    unsigned line = (unsigned) XML_GetCurrentLineNumber(t->parser), column = (unsigned) XML_GetCurrentColumnNumber(t->parser) + 1;
    if (r < 0 && r != -ENOMEM)
        diag_set_at(reterr, r, "", line, column, "%s", r == -ERR_LIMIT    ? "more elements, or deeper ones, than a configuration has"
                                                       : r == -ERR_REFUSED ? "a document type has no place in a configuration"
                                                                           : XML_ErrorString(XML_GetErrorCode(t->parser)));
    XML_ParserFree(t->parser);
    return r;
}

static const struct node *child(const struct node *n, const char *tag) {
    const struct node *c = n ? n->first : NULL;
    while (c && !str_eq_z(c->tag, tag))
        c = c->next;
    return c;
}

/* "rulebase/security/rules" */
static const struct node *below(const struct node *n, const char *path) {
    struct str rest = str_of(path), one;
    while (n && str_split(&rest, '/', &one)) {
        const struct node *c = n->first;
        while (c && !str_eq(c->tag, one))
            c = c->next;
        n = c;
    }
    return n;
}

static struct str text_of(const struct node *n, const char *tag) {
    const struct node *c = child(n, tag);
    return c ? c->text : STR_NULL;
}

/* ---- names ---- */

struct scope { /* of a virtual system, with what is shared */
    struct names addresses, services;
};
struct reading {
    struct arena *a;
    struct firewall *f;
    struct scope *s;
};

static int address_line(void *ctx, const struct named_line *l, struct spans *ret, bool *ret_odd);
static int service_line(void *ctx, const struct named_line *l, struct spans *ret, bool *ret_odd);

static int keep(struct reading *x, struct names *names, struct str name, const char *kind, struct str what) {
    struct named *n;
    struct str line = arena_printf(x->a, "%s %.*s", kind, STR_ARG(what));
    int r = line.p ? names_add(names, name, &n) : -ENOMEM;
    return r < 0 ? r : named_line(names, n, line, 0);
}

static int keep_members(struct reading *x, struct names *names, struct str name, const struct node *list) {
    int r = 0;
    for (const struct node *m = list ? list->first : NULL; r == 0 && m; m = m->next)
        r = keep(x, names, name, "one", m->text);
    return r;
}

static int take_addresses(struct reading *x, const struct node *at) {
    const struct node *list = child(at, "address"), *groups = child(at, "address-group");
    int r = 0;
    for (const struct node *e = list ? list->first : NULL; r == 0 && e; e = e->next) {
        struct str net = text_of(e, "ip-netmask"), range = text_of(e, "ip-range");
        if (names_find(&x->s->addresses, e->name)) /* the virtual system's own wins */
            continue;
        r = keep(x, &x->s->addresses, e->name, net.n || range.n ? "net" : "odd", net.n ? net : range);
    }
    for (const struct node *e = groups ? groups->first : NULL; r == 0 && e; e = e->next) {
        if (names_find(&x->s->addresses, e->name))
            continue;
        r = child(e, "static") ? keep_members(x, &x->s->addresses, e->name, child(e, "static")) : keep(x, &x->s->addresses, e->name, "odd", STR("dynamic"));
    }
    return r;
}

static int take_services(struct reading *x, const struct node *at) {
    static const char *const protocols[] = {"tcp", "udp", "sctp"};
    const struct node *list = child(at, "service"), *groups = child(at, "service-group");
    int r = 0;
    for (const struct node *e = list ? list->first : NULL; r == 0 && e; e = e->next) {
        bool there = names_find(&x->s->services, e->name) != NULL;
        for (size_t i = 0; r == 0 && !there && i < ARRAY_SIZE(protocols); i++) {
            const struct node *p = child(child(e, "protocol"), protocols[i]);
            if (p)
                r = keep(x, &x->s->services, e->name, protocols[i], text_of(p, "port"));
            if (r == 0 && p && text_of(p, "source-port").n)
                r = keep(x, &x->s->services, e->name, "odd", STR("source-port"));
        }
    }
    for (const struct node *e = groups ? groups->first : NULL; r == 0 && e; e = e->next)
        if (!names_find(&x->s->services, e->name))
            r = keep_members(x, &x->s->services, e->name, child(e, "members"));
    return r;
}

static int address_named(struct reading *x, struct str name, struct spans *ret, bool *ret_odd) {
    struct named *n = names_find(&x->s->addresses, name);
    struct span s;
    *ret = SPANS_ALL[DIM_SRC];
    if (str_eq_z(name, "any"))
        return 0;
    if (n)
        return named_is(&x->s->addresses, n, address_line, x, ret, ret_odd);
    if (addresses_read(name, &s) == 0) /* written in the rule itself */
        return spans_one(x->a, s, ret);
    *ret = (struct spans){0};
    *ret_odd = true;
    return 0;
}

static int address_line(void *ctx, const struct named_line *l, struct spans *ret, bool *ret_odd) {
    struct reading *x = ctx;
    struct str what = l->text, kind;
    struct span s;
    str_split(&what, ' ', &kind);
    if (str_eq_z(kind, "one"))
        return address_named(x, what, ret, ret_odd);
    if (str_eq_z(kind, "odd") || addresses_read(what, &s) < 0) {
        *ret_odd = true;
        return 0;
    }
    return spans_one(x->a, s, ret);
}

static int service_named(struct reading *x, struct str name, struct spans *ret, bool *ret_odd) {
    struct named *n = names_find(&x->s->services, name);
    *ret = SPANS_ALL[DIM_SERVICE];
    if (str_eq_z(name, "any"))
        return 0;
    if (n)
        return named_is(&x->s->services, n, service_line, x, ret, ret_odd);
    if (str_eq_z(name, "service-http") || str_eq_z(name, "service-https")) {
        struct spans web;
        int r = spans_one(x->a, str_eq_z(name, "service-http") ? span_of_service(6, 80, 80) : span_of_service(6, 443, 443), &web);
        if (r == 0 && str_eq_z(name, "service-http")) {
            struct spans more;
            r = spans_one(x->a, span_of_service(6, 8080, 8080), &more);
            if (r == 0)
                r = spans_or(x->a, web, more, &web);
        }
        *ret = web;
        return r;
    }
    if (!str_eq_z(name, "application-default"))
        *ret = (struct spans){0};
    *ret_odd = true;
    return 0;
}

static int service_line(void *ctx, const struct named_line *l, struct spans *ret, bool *ret_odd) {
    struct reading *x = ctx;
    struct str what = l->text, kind, one;
    str_split(&what, ' ', &kind);
    if (str_eq_z(kind, "one"))
        return service_named(x, what, ret, ret_odd);
    int protocol = protocol_number(kind);
    struct span *at = arena_alloc(x->a, (what.n + 1) * sizeof *at);
    size_t n = 0;
    if (!at)
        return -ENOMEM;
    *ret_odd = *ret_odd || protocol < 0;
    while (protocol >= 0 && str_split(&what, ',', &one)) {
        struct str first, last = str_trim(one);
        str_split(&last, '-', &first);
        int lo = port_number(first), hi = last.n ? port_number(last) : lo;
        if (lo < 0 || hi < lo)
            *ret_odd = true;
        else
            at[n++] = span_of_service((unsigned) protocol, (unsigned) lo, (unsigned) hi);
    }
    *ret = spans_of(at, n);
    return 0;
}

static int zone_named(struct reading *x, struct str name, struct spans *ret, bool *ret_odd UNUSED) {
    u128 zone;
    *ret = SPANS_ALL[DIM_FROM];
    if (str_eq_z(name, "any"))
        return 0;
    int r = firewall_zone(x->a, x->f, name, &zone);
    return r < 0 ? r : spans_one(x->a, (struct span){zone, zone}, ret);
}

/* ---- rules ---- */

static const struct {
    const char *tag, *negate;
    enum space_dim dim;
    int (*named)(struct reading *x, struct str name, struct spans *ret, bool *ret_odd);
} parts[] = {
    {"from", NULL, DIM_FROM, zone_named},
    {"to", NULL, DIM_TO, zone_named},
    {"source", "negate-source", DIM_SRC, address_named},
    {"destination", "negate-destination", DIM_DST, address_named},
    {"service", NULL, DIM_SERVICE, service_named},
};
/* Lists that, where they are not "any", ask for more than this form holds. */
static const char *const conditions[] = {"application", "source-user", "category", "hip-profiles", "source-hip", "destination-hip", "source-imsi"};

static int part(struct reading *x, struct making *m, const struct node *e, size_t i) {
    struct spans to = {0};
    bool odd = false;
    int r = 0;
    const struct node *list = child(e, parts[i].tag);
    for (const struct node *c = list ? list->first : NULL; r == 0 && c; c = c->next) {
        struct spans one;
        r = parts[i].named(x, c->text, &one, &odd);
        if (r == 0)
            r = spans_or(x->a, to, one, &to);
    }
    if (r == 0 && parts[i].negate && str_eq_z(text_of(e, parts[i].negate), "yes") && !odd)
        r = spans_minus(x->a, SPANS_ALL[parts[i].dim], to, &to);
    if (r == 0 && odd)
        r = making_condition(x->a, m, str_of(parts[i].tag));
    return r < 0 || !list || !list->first || (odd && !to.n) ? r : making_narrow(x->a, m, parts[i].dim, to);
}

static int read_rule(struct reading *x, struct firewall_path *p, const struct node *e) {
    struct making m = {.where = SPACE_ALL};
    struct str action = text_of(e, "action");
    int r = 0;
    if (str_eq_z(text_of(e, "disabled"), "yes"))
        return 0;
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++)
        r = part(x, &m, e, i);
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(conditions); i++) {
        const struct node *list = child(e, conditions[i]), *c = list ? list->first : NULL;
        if (c && !str_eq_z(c->text, "any"))
            r = making_condition(x->a, &m, str_of(conditions[i]));
    }
    if (r == 0 && text_of(e, "schedule").n)
        r = making_condition(x->a, &m, STR("schedule"));
    if (r < 0 || m.never)
        return r;
    struct firewall_rule rule = {.where = m.where, .verdict = str_eq_z(action, "allow") ? FIREWALL_ALLOW : FIREWALL_DENY, .condition = m.condition, .name = e->name,
                                 .text = text_of(e, "description")};
    return firewall_add_rule(x->a, p, &rule);
}

static int read_forwards(struct reading *x, const struct node *rules) {
    int r = 0;
    for (const struct node *e = rules ? rules->first : NULL; r == 0 && e; e = e->next) {
        const struct node *to = child(e, "destination-translation"), *dst = child(e, "destination");
        struct str port = text_of(to, "translated-port");
        if (!to || str_eq_z(text_of(e, "disabled"), "yes"))
            continue;
        struct str text = arena_printf(x->a, "%.*s: %.*s => %.*s%s%.*s", STR_ARG(e->name), STR_ARG(dst && dst->first ? dst->first->text : STR("any")),
                                       STR_ARG(text_of(to, "translated-address")), port.n ? ":" : "", STR_ARG(port));
        r = text.p ? firewall_add_forward(x->a, x->f, text) : -ENOMEM;
    }
    return r;
}

static int read_system(struct reading *x, const struct node *at, const struct node *shared) {
    static const char *const books[] = {"pre-rulebase", "rulebase", "post-rulebase"};
    struct scope s;
    struct firewall_path *p;
    x->s = &s;
    names_init(&s.addresses, x->a);
    names_init(&s.services, x->a);
    int r = take_addresses(x, at);
    if (r == 0 && shared)
        r = take_addresses(x, shared);
    if (r == 0)
        r = take_services(x, at);
    if (r == 0 && shared)
        r = take_services(x, shared);
    if (r == 0)
        r = firewall_add_path(x->a, x->f, at->name.n ? at->name : at->tag, FIREWALL_DENY, &p);
    for (size_t b = 0; r == 0 && b < ARRAY_SIZE(books); b++) {
        const struct node *rules = below(child(at, books[b]), "security/rules");
        for (const struct node *e = rules ? rules->first : NULL; r == 0 && e; e = e->next)
            r = read_rule(x, p, e);
        if (r == 0)
            r = read_forwards(x, below(child(at, books[b]), "nat/rules"));
    }
    names_done(&s.addresses);
    names_done(&s.services);
    return r;
}

static int read_panos(struct arena *a, struct str text, struct firewall *f, struct diag *reterr) {
    struct tree t = {.a = a};
    struct reading x = {.a = a, .f = f};
    int r = read_tree(&t, text, reterr);
    const struct node *devices = r == 0 ? child(t.root, "devices") : NULL, *shared = r == 0 ? child(t.root, "shared") : NULL;
    if (r == 0 && !devices)
        return diag_set(reterr, -ERR_PARSE, "no <devices>: is it a whole exported configuration?");
    for (const struct node *d = devices ? devices->first : NULL; r == 0 && d; d = d->next) {
        const struct node *systems = child(d, "vsys"), *groups = child(d, "device-group");
        struct str host = text_of(below(d, "deviceconfig/system"), "hostname");
        f->host = host.n ? host : f->host;
        for (const struct node *v = systems ? systems->first : NULL; r == 0 && v; v = v->next)
            r = read_system(&x, v, shared);
        for (const struct node *v = groups ? groups->first : NULL; r == 0 && v; v = v->next) /* of a Panorama */
            r = read_system(&x, v, shared);
    }
    return r == -ERR_LIMIT && !(reterr && reterr->code == r) ? diag_set(reterr, r, "more rules, names or systems than are read") : r;
}

const struct firewall_reader FIREWALL_PANOS_READER = {"panos", is_panos, read_panos};
