/* Cisco ASA, `show running-config`: access lists where access-group puts them, with objects and groups. An interface without a list lets through what goes to
 * a lower security level, so it is open when its own level is above 0. Translations (nat, static) are told as forwards when they lead from
 * outside in: object NAT with a service or a host. Words: Cisco ASA Series Command Reference, access-list extended, object-group, access-group. */
#include "firewall/firewall_priv.h"

#include "base/limits.h"

struct interface {
    struct str name;
    int64_t level;
    bool has_list;
};
struct group { /* access-group LIST in interface NAME */
    struct str list, interface;
    bool in, global;
};
struct entry { /* a line of a list */
    struct str list, text;
    unsigned line;
};
struct reading {
    struct arena *a;
    struct firewall *f;
    struct names networks, services, protocols; /* objects and groups by name; a name and its address is a network, too */
    struct interface *interfaces;
    struct group *groups;
    struct entry *entries;
    size_t n_interfaces, cap_interfaces, n_groups, cap_groups, n_entries, cap_entries;
    struct named *open; /* the object or group whose lines come now */
    struct names *open_of;
    struct str group_protocol; /* object-group service NAME tcp */
    bool in_interface;
    unsigned line;
};

static bool is_asa(struct str text) {
    text = str_to(text, 1 << 20);
    return str_find(text, STR("\nASA Version "), 0) >= 0 || str_starts(text, STR("ASA Version ")) || str_find(text, STR("\naccess-group "), 0) >= 0;
}

/* ---- words of one line, taken from the front ---- */

struct rest {
    const struct str *w;
    size_t n;
};

static struct str take(struct rest *r) {
    struct str s = r->n ? r->w[0] : STR_NULL;
    if (r->n) {
        r->w++;
        r->n--;
    }
    return s;
}

static bool next_is(struct rest *r, const char *word) {
    if (!r->n || !str_eq_z(r->w[0], word))
        return false;
    (void) take(r);
    return true;
}

/* ---- what names come to ---- */

static int network_line(void *ctx, const struct named_line *l, struct spans *ret, bool *ret_odd);
static int service_line(void *ctx, const struct named_line *l, struct spans *ret, bool *ret_odd);

static int known(struct reading *x, struct names *of, struct str name, named_line_fn *fn, struct spans *ret, bool *ret_odd) {
    struct named *n = names_find(of, name);
    *ret = (struct spans){0};
    *ret_odd = *ret_odd || !n;
    return n ? named_is(of, n, fn, x, ret, ret_odd) : 0;
}

static int one_address(struct reading *x, struct str s, struct spans *ret, bool *ret_odd) {
    struct span span;
    if (addresses_read(s, &span) == 0)
        return spans_one(x->a, span, ret);
    return known(x, &x->networks, s, network_line, ret, ret_odd); /* name 10.1.1.1 web01 */
}

/* any, any4, any6, host A, A MASK, A6/BITS, object N, object-group N, interface N. */
static int address(struct reading *x, struct rest *r, struct spans *ret, bool *ret_odd) {
    struct str first = take(r), second;
    struct span span;
    if (str_eq_z(first, "any") || str_eq_z(first, "any4") || str_eq_z(first, "any6")) {
        *ret = str_eq_z(first, "any") ? SPANS_ALL[DIM_SRC] : str_eq_z(first, "any4") ? SPANS_V4 : SPANS_V6;
        return 0;
    }
    if (str_eq_z(first, "host"))
        return one_address(x, take(r), ret, ret_odd);
    if (str_eq_z(first, "object") || str_eq_z(first, "object-group"))
        return known(x, &x->networks, take(r), network_line, ret, ret_odd);
    if (str_eq_z(first, "interface") || str_eq_z(first, "object-group-security") || str_eq_z(first, "object-group-user")) {
        (void) take(r);
        *ret_odd = true;
        return 0;
    }
    if (str_find_byte(first, ':', 0) >= 0)
        return one_address(x, first, ret, ret_odd);
    second = take(r);
    struct str both = arena_printf(x->a, "%.*s %.*s", STR_ARG(first), STR_ARG(second));
    if (addresses_read(both, &span) == 0)
        return spans_one(x->a, span, ret);
    *ret_odd = true;
    return 0;
}

static int network_line(void *ctx, const struct named_line *l, struct spans *ret, bool *ret_odd) {
    struct reading *x = ctx;
    struct str w[FIREWALL_WORDS_MAX], first;
    bool many;
    struct rest r = {w, firewall_words(x->a, l->text, w, &many)};
    struct span span;
    *ret = (struct spans){0};
    first = take(&r);
    if (str_eq_z(first, "network-object"))
        return address(x, &r, ret, ret_odd);
    if (str_eq_z(first, "group-object"))
        return known(x, &x->networks, take(&r), network_line, ret, ret_odd);
    if (str_eq_z(first, "host") || str_eq_z(first, "name"))
        return one_address(x, take(&r), ret, ret_odd);
    if (str_eq_z(first, "subnet") && r.n && str_find_byte(r.w[0], ':', 0) >= 0)
        return one_address(x, take(&r), ret, ret_odd);
    if ((str_eq_z(first, "subnet") || str_eq_z(first, "range")) && r.n >= 2) {
        struct str both = arena_printf(x->a, "%.*s%c%.*s", STR_ARG(r.w[0]), str_eq_z(first, "range") ? '-' : ' ', STR_ARG(r.w[1]));
        if (addresses_read(both, &span) == 0)
            return spans_one(x->a, span, ret);
    }
    if (!str_eq_z(first, "description") && !str_eq_z(first, "nat"))
        *ret_odd = true; /* fqdn… */
    return 0;
}

/* eq P, range P P, lt P, gt P, neq P; none: all ports. */
static int ports(struct reading *x, struct rest *r, const struct spans *protocols, struct spans *ret, bool *ret_odd) {
    static const char *const operators[] = {"eq", "lt", "gt", "neq", "range"};
    size_t which = 0;
    while (which < ARRAY_SIZE(operators) && !(r->n && str_eq_z(r->w[0], operators[which])))
        which++;
    *ret = *protocols;
    if (which == ARRAY_SIZE(operators))
        return 0;
    (void) take(r);
    int p = port_number(take(r)), q = which == 4 ? port_number(take(r)) : p;
    if (p < 0 || q < 0) {
        *ret_odd = true;
        return 0;
    }
    unsigned lo = which == 1 ? 0 : which == 2 ? (unsigned) p + 1 : (unsigned) p, hi = which == 1 ? (unsigned) MAX(p, 1) - 1 : which == 2 ? 65535 : (unsigned) q;
    struct span *at = arena_alloc(x->a, (protocols->n + 1) * sizeof *at);
    size_t n = 0;
    if (!at)
        return -ENOMEM;
    for (size_t i = 0; i < protocols->n; i++)
        for (unsigned k = (unsigned) (protocols->at[i].lo >> 16); k <= (unsigned) (protocols->at[i].hi >> 16) && n <= protocols->n; k++)
            if (lo <= hi && lo < 65536)
                at[n++] = span_of_service(k, lo, hi);
    *ret = spans_of(at, n);
    return which == 3 ? spans_minus(x->a, *protocols, *ret, ret) : 0;
}

/* "tcp", "tcp-udp", "ip", a number. */
static int protocol(struct reading *x, struct str s, struct spans *ret, bool *ret_odd) {
    int n = str_eq_z(s, "tcp-udp") ? 6 : protocol_number(s);
    *ret = SPANS_ALL[DIM_SERVICE];
    if (str_eq_z(s, "ip"))
        return 0;
    *ret_odd = *ret_odd || n < 0;
    int r = n < 0 ? 0 : spans_one(x->a, span_of_service((unsigned) n, 0, 65535), ret);
    if (r == 0 && str_eq_z(s, "tcp-udp")) {
        struct spans udp;
        r = spans_one(x->a, span_of_service(17, 0, 65535), &udp);
        return r < 0 ? r : spans_or(x->a, *ret, udp, ret);
    }
    return r;
}

/* Of an object or a group of services; its lines may begin with the group's protocol in brackets. */
static int service_line(void *ctx, const struct named_line *l, struct spans *ret, bool *ret_odd) {
    struct reading *x = ctx;
    struct str w[FIREWALL_WORDS_MAX], of = STR("tcp"), text = l->text, first;
    bool many;
    if (str_starts(text, STR("[")) && str_find_byte(text, ']', 0) > 0) {
        of = str_n(text.p + 1, (size_t) str_find_byte(text, ']', 0) - 1);
        text = str_from(text, of.n + 2);
    }
    struct rest r = {w, firewall_words(x->a, text, w, &many)};
    struct spans protocols;
    *ret = (struct spans){0};
    first = take(&r);
    if (str_eq_z(first, "description"))
        return 0;
    if (str_eq_z(first, "group-object"))
        return known(x, &x->services, take(&r), service_line, ret, ret_odd);
    if (str_eq_z(first, "service-object") && (next_is(&r, "object") || next_is(&r, "object-group")))
        return known(x, &x->services, take(&r), service_line, ret, ret_odd);
    if (str_eq_z(first, "service-object") || str_eq_z(first, "service") || str_eq_z(first, "protocol-object"))
        of = take(&r);
    else if (!str_eq_z(first, "port-object")) {
        *ret_odd = true;
        return 0;
    }
    int e = protocol(x, of, &protocols, ret_odd);
    if (e == 0 && next_is(&r, "source")) { /* source ports are passed over */
        struct spans unused;
        *ret_odd = true;
        e = ports(x, &r, &protocols, &unused, ret_odd);
    }
    (void) next_is(&r, "destination");
    return e < 0 ? e : ports(x, &r, &protocols, ret, ret_odd);
}

/* ---- access lists ---- */

static int narrow_to(struct reading *x, struct making *m, enum space_dim d, struct spans to, bool odd, const char *what) {
    int r = odd ? making_condition(x->a, m, str_of(what)) : 0;
    return r < 0 || (odd && !to.n) ? r : making_narrow(x->a, m, d, to);
}

/* After "permit" or "deny": protocol or group, source, its ports, destination, its ports or group. */
static int read_extended(struct reading *x, struct rest *r, struct making *m) {
    struct spans protocols, src = {0}, dst = {0}, services, unused;
    bool odd = false, odd_src = false, odd_dst = false, odd_port = false, whole = false;
    int e;
    if (r->n > 1 && (str_eq_z(r->w[0], "object") || str_eq_z(r->w[0], "object-group"))) {
        (void) take(r);
        whole = names_find(&x->services, r->w[0]) != NULL; /* protocols and ports in one */
        e = known(x, whole ? &x->services : &x->protocols, take(r), service_line, &protocols, &odd);
    } else
        e = protocol(x, take(r), &protocols, &odd);
    if (e == 0 && (e = narrow_to(x, m, DIM_SERVICE, protocols, odd, "protocol")) == 0)
        e = address(x, r, &src, &odd_src);
    size_t before = r->n;
    if (e == 0 && !whole)
        e = ports(x, r, &protocols, &unused, &odd_port);
    if (e == 0 && before != r->n)
        e = making_condition(x->a, m, STR("source port"));
    if (e == 0 && (e = address(x, r, &dst, &odd_dst)) == 0)
        e = narrow_to(x, m, DIM_SRC, src, odd_src, "source");
    if (e == 0 && (e = narrow_to(x, m, DIM_DST, dst, odd_dst, "destination")) == 0) {
        odd_port = false;
        if (next_is(r, "object-group") || next_is(r, "object"))
            e = known(x, &x->services, take(r), service_line, &services, &odd_port);
        else
            e = ports(x, r, &m->where.dim[DIM_SERVICE], &services, &odd_port);
    }
    return e < 0 ? e : narrow_to(x, m, DIM_SERVICE, services, odd_port, "service");
}

static int read_entry(struct reading *x, const struct entry *l, struct firewall_path *p, struct spans zone, bool in) {
    struct str w[FIREWALL_WORDS_MAX];
    bool many;
    struct rest r = {w, firewall_words(x->a, l->text, w, &many)};
    struct making m = {.where = SPACE_ALL};
    bool standard = next_is(&r, "standard");
    (void) next_is(&r, "extended");
    if (next_is(&r, "remark"))
        return 0;
    struct str verb = take(&r);
    if (many || (!str_eq_z(verb, "permit") && !str_eq_z(verb, "deny")))
        return firewall_add_unread(x->a, x->f, l->line, l->text);
    int e = making_narrow(x->a, &m, in ? DIM_FROM : DIM_TO, zone);
    bool odd = false;
    struct spans dst = {0};
    if (e == 0 && standard)
        e = (e = address(x, &r, &dst, &odd)) < 0 ? e : narrow_to(x, &m, DIM_DST, dst, odd, "destination");
    else if (e == 0)
        e = read_extended(x, &r, &m);
    for (bool log = false; e == 0 && r.n; (void) take(&r)) { /* an ICMP type, a time range, a user; what stands behind "log" is about logging */
        if (str_eq_z(r.w[0], "inactive"))
            return 0;
        log = log || str_eq_z(r.w[0], "log");
        if (!log || str_eq_z(r.w[0], "time-range"))
            e = making_condition(x->a, &m, r.w[0]);
    }
    if (e < 0 || m.never)
        return e;
    struct firewall_rule rule = {.where = m.where, .verdict = str_eq_z(verb, "permit") ? FIREWALL_ALLOW : FIREWALL_DENY, .condition = m.condition, .name = l->list, .text = l->text};
    return firewall_add_rule(x->a, p, &rule);
}

static int put_list(struct reading *x, struct str list, struct str name, struct spans zone, bool in) {
    struct firewall_path *p;
    int r = name.p ? firewall_add_path(x->a, x->f, name, FIREWALL_DENY, &p) : -ENOMEM;
    for (size_t i = 0; r == 0 && i < x->n_entries; i++)
        if (str_eq(x->entries[i].list, list))
            r = read_entry(x, &x->entries[i], p, zone, in);
    return r;
}

static int put_group(struct reading *x, const struct group *g) {
    struct spans zone = SPANS_ALL[DIM_FROM];
    u128 number;
    int r = g->global ? 0 : firewall_zone(x->a, x->f, g->interface, &number);
    if (r == 0 && !g->global)
        r = spans_one(x->a, (struct span){number, number}, &zone);
    for (size_t i = 0; i < x->n_interfaces; i++)
        x->interfaces[i].has_list = x->interfaces[i].has_list || (g->in && str_eq(x->interfaces[i].name, g->interface));
    return r < 0 ? r : put_list(x, g->list, g->global ? STR("global") : arena_printf(x->a, "%s %.*s", g->in ? "in" : "out", STR_ARG(g->interface)), zone, g->in);
}

/* ---- lines ---- */

static int open_one(struct reading *x, struct names *of, struct str name, struct str group_protocol) {
    x->open_of = of;
    x->group_protocol = group_protocol;
    return names_add(of, name, &x->open);
}

static int line_of_open(struct reading *x, struct str line) {
    struct str text = x->group_protocol.n ? arena_printf(x->a, "[%.*s]%.*s", STR_ARG(x->group_protocol), STR_ARG(line)) : line;
    if (str_starts(line, STR("nat "))) {
        struct str forward = arena_printf(x->a, "%.*s: %.*s", STR_ARG(x->open->name), STR_ARG(line));
        bool leads = str_find(line, STR(" static "), 0) > 0;
        return !leads ? 0 : forward.p ? firewall_add_forward(x->a, x->f, forward) : -ENOMEM;
    }
    return text.p ? named_line(x->open_of, x->open, text, x->line) : -ENOMEM;
}

static int line_of_interface(struct reading *x, struct rest r) {
    struct interface *now = x->n_interfaces ? &x->interfaces[x->n_interfaces - 1] : NULL;
    uint64_t level;
    if (next_is(&r, "nameif")) {
        int e = x->n_interfaces == FIREWALL_PATHS_MAX ? -ERR_LIMIT : arena_grow(x->a, (void **) &x->interfaces, &x->cap_interfaces, x->n_interfaces + 1, sizeof *x->interfaces);
        if (e == 0)
            x->interfaces[x->n_interfaces++] = (struct interface){.name = take(&r)};
        return e;
    }
    if (now && next_is(&r, "security-level") && str_to_u64(take(&r), &level) == 0 && level <= 100)
        now->level = (int64_t) level;
    return 0;
}

static int access_group(struct reading *x, struct rest r) {
    struct group g = {.list = take(&r), .in = true};
    if (!next_is(&r, "in"))
        g.in = !next_is(&r, "out");
    g.global = next_is(&r, "global");
    (void) next_is(&r, "interface");
    g.interface = take(&r);
    int e = x->n_groups == FIREWALL_PATHS_MAX ? -ERR_LIMIT : arena_grow(x->a, (void **) &x->groups, &x->cap_groups, x->n_groups + 1, sizeof *x->groups);
    if (e == 0)
        x->groups[x->n_groups++] = g;
    return e;
}

static int access_list(struct reading *x, struct rest r, struct str line) {
    struct str name = take(&r);
    if (!r.n)
        return 0;
    struct entry l = {.list = name, .text = str_n(r.w[0].p, (size_t) (line.p + line.n - r.w[0].p)), .line = x->line};
    int e = x->n_entries == FIREWALL_RULES_MAX ? -ERR_LIMIT : arena_grow(x->a, (void **) &x->entries, &x->cap_entries, x->n_entries + 1, sizeof *x->entries);
    if (e == 0)
        x->entries[x->n_entries++] = l;
    return e;
}

static int read_line(struct reading *x, struct str line) {
    struct str w[FIREWALL_WORDS_MAX], s = str_trim(line);
    bool many, indented = line.n && line.p[0] == ' ';
    if (!s.n || s.p[0] == '!' || s.p[0] == ':')
        return 0;
    if (memchr(s.p, '"', s.n)) /* no line that counts has quotes, and words in them lie elsewhere */
        return 0;
    struct rest r = {w, firewall_words(x->a, s, w, &many)};
    if (many)
        return firewall_add_unread(x->a, x->f, x->line, s);
    if (indented && x->open)
        return line_of_open(x, s);
    if (indented)
        return x->in_interface ? line_of_interface(x, r) : 0;
    x->open = NULL;
    x->in_interface = next_is(&r, "interface");
    if (next_is(&r, "hostname"))
        x->f->host = take(&r);
    else if (next_is(&r, "access-list"))
        return access_list(x, r, s);
    else if (next_is(&r, "access-group"))
        return access_group(x, r);
    else if (next_is(&r, "name") && r.n >= 2) {
        int e = open_one(x, &x->networks, r.w[1], STR_NULL);
        struct str text = arena_printf(x->a, "host %.*s", STR_ARG(r.w[0]));
        e = e < 0 ? e : text.p ? named_line(&x->networks, x->open, text, x->line) : -ENOMEM;
        x->open = NULL;
        return e;
    } else if (next_is(&r, "static"))
        return firewall_add_forward(x->a, x->f, s);
    else if (next_is(&r, "object") || next_is(&r, "object-group")) {
        struct str kind = take(&r), name = take(&r);
        if (name.n)
            return open_one(x, str_eq_z(kind, "network") ? &x->networks : str_eq_z(kind, "service") ? &x->services : &x->protocols, name, take(&r));
    }
    return 0;
}

static int put_all(struct reading *x) {
    int r = 0;
    for (size_t i = 0; r == 0 && i < x->n_groups; i++)
        r = put_group(x, &x->groups[i]);
    for (size_t i = 0; r == 0 && i < x->n_interfaces; i++) {
        struct firewall_path *p;
        const struct interface *f = &x->interfaces[i];
        struct str name = f->has_list ? STR_NULL : arena_printf(x->a, "in %.*s", STR_ARG(f->name));
        if (name.n)
            r = firewall_add_path(x->a, x->f, name, f->level > 0 ? FIREWALL_ALLOW : FIREWALL_DENY, &p);
    }
    return r;
}

static int read_asa(struct arena *a, struct str text, struct firewall *f, struct diag *reterr) {
    struct reading x = {.a = a, .f = f};
    int r = 0;
    names_init(&x.networks, a);
    names_init(&x.services, a);
    names_init(&x.protocols, a);
    for (struct str line; r == 0 && str_split(&text, '\n', &line);) {
        x.line++;
        r = read_line(&x, line);
    }
    if (r == 0)
        r = put_all(&x);
    names_done(&x.networks);
    names_done(&x.services);
    names_done(&x.protocols);
    return r == -ERR_LIMIT ? diag_set_at(reterr, r, "", x.line, 0, "more lines, names or lists than are read") : r;
}

const struct firewall_reader FIREWALL_ASA_READER = {"asa", is_asa, read_asa};
