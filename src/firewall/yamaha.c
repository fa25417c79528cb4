/* Yamaha RTX, `show config`: ip filter and ipv6 filter where `ip INTERFACE secure filter in|out` puts them, and static masquerade as forwards. Without filters an
 * interface lets everything through; with some, what none of them fits is dropped. Dynamic filters open what answers, which is no new connection.
 * Words: RTX series command reference, ip filter, ip interface secure filter, nat descriptor masquerade static. */
#include "firewall/firewall_priv.h"

#include "base/limits.h"

struct filter {
    struct str number, text;
    struct space where;
    struct str condition;
    bool v6, pass, never;
};
struct use { /* ip lan2 secure filter in 1 2 3 */
    struct str zone, text;
    unsigned line;
    bool v6, in;
};
struct reading {
    struct arena *a;
    struct firewall *f;
    struct filter *filters;
    struct use *uses;
    size_t n_filters, cap_filters, n_uses, cap_uses;
    struct str peer; /* pp select 1 -> "pp1"; tunnel select 1 -> "tunnel1" */
    struct map by_number; /* "4 1010" -> struct filter's place + 1 */
    unsigned line;
};

static bool is_yamaha(struct str text) {
    text = str_to(text, 1 << 20);
    return str_find(text, STR("\nip filter "), 0) >= 0 || str_starts(text, STR("ip filter ")) || (str_find(text, STR("\nip lan"), 0) >= 0 && str_find(text, STR("# RTX"), 0) >= 0) ||
           str_starts(text, STR("# RTX"));
}

static int narrow(struct reading *x, struct making *m, enum space_dim d, struct span *at, size_t n) {
    return making_narrow(x->a, m, d, spans_of(at, n));
}

/* "*", "192.168.100.0/24", "192.168.100.1-192.168.100.9", lists of them with commas, "192.168.100.*". */
static int addresses(struct reading *x, struct making *m, enum space_dim d, struct str list) {
    struct span *at = arena_alloc(x->a, (list.n + 1) * sizeof *at);
    size_t n = 0;
    if (!at)
        return -ENOMEM;
    if (!list.n || str_eq_z(list, "*"))
        return 0;
    for (struct str one; str_split(&list, ',', &one);) {
        char z[64];
        if (str_ends(one, STR(".*")) && one.n < 16) { /* the rest of the four */
            unsigned dots = 0;
            for (size_t i = 0; i < one.n; i++)
                dots += one.p[i] == '.';
            snprintf(z, sizeof z, "%.*s%s/%u", (int) one.n - 2, one.p, dots == 3 ? ".0" : dots == 2 ? ".0.0" : ".0.0.0", 8 * dots);
            one = str_of(z);
        }
        if (addresses_read(one, &at[n]) < 0)
            return making_condition(x->a, m, arena_dup(x->a, one));
        n++;
    }
    return narrow(x, m, d, at, n);
}

/* "tcp", "udp,tcp", "tcpsyn", "established", "icmp-error"… */
static int protocols(struct reading *x, struct making *m, struct str list, struct span *ret, size_t *ret_n) {
    size_t n = 0;
    int r = 0;
    if (!list.n || str_eq_z(list, "*"))
        return 0;
    struct span *at = arena_alloc(x->a, (list.n + 1) * sizeof *at);
    if (!at)
        return -ENOMEM;
    if (str_eq_z(list, "established") || str_eq_z(list, "tcpfin") || str_eq_z(list, "tcprst"))
        m->never = true; /* no new connection has these */
    for (struct str one; r == 0 && str_split(&list, ',', &one);) {
        bool flags = str_starts(one, STR("tcp")) && one.n > 3;
        int number = flags || str_eq_z(one, "established") ? 6 : str_starts(one, STR("icmp-")) ? 1 : protocol_number(one);
        if ((flags && !str_eq_z(one, "tcpsyn")) || str_starts(one, STR("icmp-")) || number < 0)
            r = making_condition(x->a, m, one);
        if (number >= 0 && *ret_n < 8)
            ret[(*ret_n)++] = (struct span){(u128) number, (u128) number};
        if (number >= 0)
            at[n++] = span_of_service((unsigned) number, 0, 65535);
    }
    return r < 0 || !n ? r : narrow(x, m, DIM_SERVICE, at, n);
}

/* "www", "1024-65535", "135,137-139", "21-"; of each protocol. */
static int ports(struct reading *x, struct making *m, struct str list, const struct span *of, size_t n_of) {
    static const struct span both[] = {{6, 6}, {17, 17}};
    size_t n = 0;
    if (!list.n || str_eq_z(list, "*"))
        return 0;
    if (!n_of) {
        of = both;
        n_of = 2;
    }
    struct span *at = arena_alloc(x->a, (list.n + 1) * n_of * sizeof *at);
    if (!at)
        return -ENOMEM;
    for (struct str one; str_split(&list, ',', &one);) {
        struct str last = one, first;
        bool range = str_find_byte(one, '-', 0) >= 0 && port_number(one) < 0; /* ftp-data is a name */
        if (range)
            str_split(&last, '-', &first);
        else
            first = one;
        int lo = range && !first.n ? 0 : port_number(first), hi = !range ? lo : last.n ? port_number(last) : 65535;
        if (lo < 0 || hi < 0)
            return making_condition(x->a, m, one);
        for (size_t i = 0; i < n_of; i++)
            at[n++] = span_of_service((unsigned) of[i].lo, (unsigned) lo, (unsigned) hi);
    }
    return narrow(x, m, DIM_SERVICE, at, n);
}

static struct str key_of(struct reading *x, bool v6, struct str number) {
    return arena_printf(x->a, "%d %.*s", v6 ? 6 : 4, STR_ARG(number));
}

/* ip filter NUMBER pass|reject|restrict[-log|-nolog] SRC [DST [PROTOCOL [SPORT [DPORT]]]] */
static int read_filter(struct reading *x, const struct str *w, size_t n, struct str line, bool v6) {
    struct making m = {.where = SPACE_ALL};
    struct span of[8];
    size_t n_of = 0;
    union map_value *at;
    if (n > 2 && str_eq_z(w[2], "dynamic"))
        return 0;
    if (n < 5)
        return firewall_add_unread(x->a, x->f, x->line, line);
    int r = making_narrow(x->a, &m, DIM_SRC, v6 ? SPANS_V6 : SPANS_V4);
    if (r == 0)
        r = making_narrow(x->a, &m, DIM_DST, v6 ? SPANS_V6 : SPANS_V4);
    if (r == 0)
        r = addresses(x, &m, DIM_SRC, w[4]);
    if (r == 0 && n > 5)
        r = addresses(x, &m, DIM_DST, w[5]);
    if (r == 0 && n > 6)
        r = protocols(x, &m, w[6], of, &n_of);
    if (r == 0 && n > 7 && !str_eq_z(w[7], "*"))
        r = making_condition(x->a, &m, STR("source port"));
    if (r == 0 && n > 8)
        r = ports(x, &m, w[8], of, n_of);
    if (r == 0 && str_starts(w[3], STR("restrict")))
        r = making_condition(x->a, &m, STR("while the line is up"));
    struct filter f = {.number = w[2], .text = line, .where = m.where, .condition = m.condition, .v6 = v6, .never = m.never, .pass = !str_starts(w[3], STR("reject"))};
    struct str key = key_of(x, v6, w[2]);
    if (r == 0)
        r = !key.p ? -ENOMEM : x->n_filters == FIREWALL_RULES_MAX ? -ERR_LIMIT : arena_grow(x->a, (void **) &x->filters, &x->cap_filters, x->n_filters + 1, sizeof *x->filters);
    if (r == 0 && (r = map_add(&x->by_number, key, &at, NULL)) == 0) {
        x->filters[x->n_filters++] = f;
        at->num = x->n_filters;
    }
    return r;
}

/* ip lan2 secure filter in …; ip pp secure filter in … below pp select */
static int read_use(struct reading *x, struct str zone, bool in, struct str text, bool v6) {
    if (str_eq_z(zone, "pp") || str_eq_z(zone, "tunnel"))
        zone = x->peer.n ? x->peer : zone;
    int r = x->n_uses == FIREWALL_PATHS_MAX ? -ERR_LIMIT : arena_grow(x->a, (void **) &x->uses, &x->cap_uses, x->n_uses + 1, sizeof *x->uses);
    if (r == 0)
        x->uses[x->n_uses++] = (struct use){.zone = zone, .text = text, .line = x->line, .v6 = v6, .in = in};
    return r;
}

static int put_use(struct reading *x, const struct use *u) {
    struct str w[FIREWALL_WORDS_MAX];
    bool many;
    size_t n = firewall_words(x->a, u->text, w, &many);
    struct firewall_path *p;
    struct spans zone;
    u128 number;
    struct str name = arena_printf(x->a, "%s%.*s %s", u->v6 ? "ipv6 " : "", STR_ARG(u->zone), u->in ? "in" : "out");
    int r = name.p ? firewall_zone(x->a, x->f, u->zone, &number) : -ENOMEM;
    if (r == 0)
        r = spans_one(x->a, (struct span){number, number}, &zone);
    if (r == 0)
        r = firewall_add_path(x->a, x->f, name, FIREWALL_DENY, &p);
    if (r == 0 && many)
        r = firewall_add_unread(x->a, x->f, u->line, u->text);
    for (size_t i = 0; r == 0 && i < n && !str_eq_z(w[i], "dynamic"); i++) {
        struct str key = key_of(x, u->v6, w[i]);
        const union map_value *at = key.p ? map_find(&x->by_number, key) : NULL;
        const struct filter *f = at ? &x->filters[at->num - 1] : NULL;
        if (!key.p)
            return -ENOMEM;
        if (!f) /* a number nobody defined: the device passes it over, too */
            continue;
        struct firewall_rule rule = {.where = f->where, .verdict = f->pass ? FIREWALL_ALLOW : FIREWALL_DENY, .condition = f->condition, .name = f->number, .text = f->text};
        r = f->never ? 0 : spans_and(x->a, rule.where.dim[u->in ? DIM_FROM : DIM_TO], zone, &rule.where.dim[u->in ? DIM_FROM : DIM_TO]);
        if (r == 0 && !f->never)
            r = firewall_add_rule(x->a, p, &rule);
    }
    return r;
}

static int read_line(struct reading *x, struct str line) {
    struct str w[FIREWALL_WORDS_MAX];
    bool many;
    size_t n = firewall_words(x->a, line, w, &many);
    if (n < 3 || w[0].p == NULL || str_starts(line, STR("#")))
        return 0;
    bool v6 = str_eq_z(w[0], "ipv6");
    if ((str_eq_z(w[0], "pp") || str_eq_z(w[0], "tunnel")) && str_eq_z(w[1], "select")) {
        x->peer = str_eq_z(w[2], "none") ? STR_NULL : arena_printf(x->a, "%.*s%.*s", STR_ARG(w[0]), STR_ARG(w[2]));
        return 0;
    }
    if (str_eq_z(w[0], "nat") && n > 4 && str_eq_z(w[2], "masquerade") && str_eq_z(w[3], "static"))
        return firewall_add_forward(x->a, x->f, line);
    if (!v6 && !str_eq_z(w[0], "ip"))
        return 0;
    if (str_eq_z(w[1], "filter"))
        return many ? firewall_add_unread(x->a, x->f, x->line, line) : read_filter(x, w, n, line, v6);
    if (n > 5 && str_eq_z(w[2], "secure") && str_eq_z(w[3], "filter") && !memchr(line.p, '"', line.n))
        return read_use(x, w[1], str_eq_z(w[4], "in"), str_n(w[5].p, (size_t) (line.p + line.n - w[5].p)), v6);
    return 0;
}

static int read_yamaha(struct arena *a, struct str text, struct firewall *f, struct diag *reterr) {
    struct reading x = {.a = a, .f = f};
    int r = 0;
    map_init(&x.by_number, FIREWALL_NAMES_MAX, 0);
    for (struct str line; r == 0 && str_split(&text, '\n', &line);) {
        x.line++;
        r = read_line(&x, str_trim(line));
    }
    for (size_t i = 0; r == 0 && i < x.n_uses; i++)
        r = put_use(&x, &x.uses[i]);
    map_done(&x.by_number);
    return r == -ERR_LIMIT ? diag_set_at(reterr, r, "", x.line, 0, "more filters or interfaces than are read") : r;
}

const struct firewall_reader FIREWALL_YAMAHA_READER = {"yamaha", is_yamaha, read_yamaha};
