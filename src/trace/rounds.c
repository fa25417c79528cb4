/* What to look at next. Each round asks for words that no log line about the thing can do without (an address, a port,
 * a name), so that a search passes over everything else quickly; what a line means is decided by facts.c.
 *
 *   clocks -> outer: the address and port asked for -> inside: each address found, until none is new
 *          -> proxy: who fetched what the proxy fetched -> (inside) -> older: leases of longer ago, or read in another zone
 *          -> hosts: machines by name and hardware address -> leases: were there any logs of them about then
 *          -> address: was anything translated to it about then, when nothing fits */
#include "trace/trace_priv.h"

enum { INSIDE_AT_ONCE = 24, HOSTS_AT_ONCE = 16, CLOCK_DAYS = 30, OLDER_DAYS = 9 };
#define ZONES_NS (9 * NS_PER_HOUR)
#define LONG_NS (12 * NS_PER_HOUR) /* a session whose end or begin alone was logged */
#define DAY_BACK_NS (26 * NS_PER_HOUR)
#define DAY_ON_NS (3 * NS_PER_HOUR)
#define LEASE_HOURS_NS (12 * NS_PER_HOUR)

static int64_t at_end(const struct trace *t) {
    return t->q.at_ns + t->q.width_ns;
}

/* When anything of the paths was, with so much before and behind. */
static void period(const struct trace *t, int64_t back, int64_t on, struct trace_want *w) {
    int64_t from = t->q.at_ns, to = at_end(t);
    for (size_t i = 0; i < t->n_paths; i++) {
        from = MIN(from, t->paths[i].from_ns);
        to = MAX(to, t->paths[i].to_ns);
    }
    w->from_ns = from - t->q.error_ns - back;
    w->to_ns = to + t->q.error_ns + on;
}

/* `field` NULL: as a word anywhere. */
static void add_field(struct trace *t, const char *name, const char *address) {
    buf_printf(&t->query, " or %s:\"%s\"", name, address);
}

static void add_address(struct trace *t, const struct ip *ip) {
    static const char *const fields[] = {"source.ip", "source.nat.ip", "client.ip", "destination.ip", "destination.nat.ip", "host.ip"};
    char text[IP_CAP];
    ip_format(ip, text);
    buf_printf(&t->query, "(\"%s\"", text);
    for (size_t i = 0; ip->version == 6 && i < ARRAY_SIZE(fields); i++) /* may be written in several ways */
        add_field(t, fields[i], text);
    buf_add_byte(&t->query, ')');
}

static void add_or(struct trace *t) {
    if (t->query.n)
        buf_add_z(&t->query, " or ");
}

/* ---- one round each: what it asks; an empty query asks nothing ---- */

static int ask_clocks(struct trace *t, struct trace_want *w) {
    buf_add_z(&t->query, "\"source-clock\" and event.dataset:kizuki.ledger");
    w->from_ns = t->q.at_ns - CLOCK_DAYS * NS_PER_DAY;
    w->to_ns = at_end(t) + NS_PER_DAY;
    return 0;
}

static int ask_outer(struct trace *t, struct trace_want *w) {
    add_address(t, &t->q.address);
    if (t->q.port)
        buf_printf(&t->query, " and (\"%u\" or flow.nat_port_first:*)", t->q.port);
    int64_t wide = t->q.port ? ZONES_NS + LONG_NS : NS_PER_HOUR;
    w->from_ns = t->q.at_ns - t->q.error_ns - wide;
    w->to_ns = at_end(t) + t->q.error_ns + wide;
    return 0;
}

static int asked_of(struct trace *t, const struct ip *ip, struct asked **ret) {
    for (size_t i = 0; i < t->n_asked; i++)
        if (ip_eq(&t->asked[i].ip, ip)) {
            *ret = &t->asked[i];
            return 0;
        }
    int r = arena_grow(&t->arena, (void **) &t->asked, &t->asked_cap, t->n_asked + 1, sizeof *t->asked);
    if (r < 0)
        return r;
    *ret = &t->asked[t->n_asked++];
    **ret = (struct asked){.ip = *ip};
    return 0;
}

static int ask_inside(struct trace *t, struct trace_want *w) {
    size_t n = 0;
    for (size_t i = 0; i < t->n_paths && n < INSIDE_AT_ONCE; i++) {
        struct asked *a;
        int r = asked_of(t, &t->paths[i].ip, &a);
        if (r < 0)
            return r;
        if (a->inside)
            continue;
        a->inside = true;
        add_or(t);
        add_address(t, &a->ip);
        n++;
    }
    period(t, DAY_BACK_NS, DAY_ON_NS, w);
    return 0;
}

static bool has_lease(const struct trace *t, const struct ip *ip) {
    for (size_t i = 0; i < t->n_facts; i++)
        if ((t->facts[i].kind == FACT_LEASE || t->facts[i].kind == FACT_HOLDER) && ip_eq(&t->facts[i].inner, ip))
            return true;
    return false;
}

static int ask_older(struct trace *t, struct trace_want *w) {
    size_t n = 0;
    for (size_t i = 0; i < t->n_asked && n < INSIDE_AT_ONCE; i++) {
        struct asked *a = &t->asked[i];
        if (a->older || !a->inside || has_lease(t, &a->ip))
            continue;
        a->older = true;
        buf_add_z(&t->query, n++ ? " or " : "(");
        add_address(t, &a->ip);
    }
    if (n)
        buf_add_z(&t->query, ") and (*dhcp* or assign or renew or \"ethernet\")");
    period(t, OLDER_DAYS * NS_PER_DAY, 0, w);
    w->to_ns = at_end(t) + t->q.error_ns + ZONES_NS + NS_PER_HOUR;
    return 0;
}

static int ask_proxy(struct trace *t, struct trace_want *w) {
    size_t n = 0;
    for (size_t i = 0; i < t->n_paths && n < INSIDE_AT_ONCE; i++) {
        const struct path *p = &t->paths[i];
        const struct fact *f = p->n ? p->hops[p->n - 1].s.first : NULL;
        struct asked *a;
        if (!p->done || !f || !f->dest.version || p->hops[p->n - 1].proxy)
            continue;
        int r = asked_of(t, &f->dest, &a);
        if (r < 0)
            return r;
        if (a->proxied)
            continue;
        a->proxied = true;
        buf_add_z(&t->query, n++ ? " or " : "(");
        add_address(t, &f->dest);
    }
    if (n)
        buf_add_z(&t->query, ") and http.request.method:*");
    period(t, 2 * NS_PER_MIN, 10 * NS_PER_MIN, w);
    return 0;
}

static int add_once(struct trace *t, struct str word, size_t *n) {
    union map_value *v;
    bool fresh;
    if (!word.n || *n >= HOSTS_AT_ONCE)
        return 0;
    for (size_t i = 0; i < word.n; i++)
        if (word.p[i] == '"' || word.p[i] == '\\' || (unsigned char) word.p[i] < 0x20)
            return 0;
    int r = map_add(&t->hosts_asked, word, &v, &fresh);
    if (r == -ERR_LIMIT || (r == 0 && !fresh))
        return 0;
    if (r < 0)
        return r;
    add_or(t);
    buf_printf(&t->query, "\"%.*s\"", STR_ARG(word));
    (*n)++;
    return 0;
}

/* 00-A0-DE-0A-0B-0C as the others write it. */
static void add_mac(struct trace *t, struct str mac) {
    char hex[13];
    size_t n = 0;
    for (size_t i = 0; i < mac.n && n < 12; i++)
        if (mac.p[i] != '-')
            hex[n++] = mac.p[i];
    if (n != 12)
        return;
    hex[12] = 0;
    buf_printf(&t->query, " or %s or \"%.2s:%.2s:%.2s:%.2s:%.2s:%.2s\" or \"%.4s.%.4s.%.4s\"", hex, hex, hex + 2, hex + 4, hex + 6,
               hex + 8, hex + 10, hex, hex + 4, hex + 8);
}

static bool is_path_end(const struct trace *t, const struct ip *ip) {
    for (size_t i = 0; i < t->n_paths; i++)
        if (t->paths[i].done && ip_eq(&t->paths[i].ip, ip))
            return true;
    return false;
}

static int ask_hosts(struct trace *t, struct trace_want *w) {
    size_t n = 0;
    for (size_t i = 0; i < t->n_facts; i++) {
        const struct fact *f = &t->facts[i];
        if ((f->kind != FACT_LEASE && f->kind != FACT_NEIGHBOUR && f->kind != FACT_HOLDER) || !is_path_end(t, &f->inner))
            continue;
        ptrdiff_t dot = str_find(f->host, STR("."), 0);
        size_t before = n;
        int r = add_once(t, dot > 0 ? str_to(f->host, (size_t) dot) : f->host, &n);
        if (r == 0) {
            before = n;
            r = add_once(t, f->mac, &n);
        }
        if (r < 0)
            return r;
        if (n > before)
            add_mac(t, f->mac);
    }
    period(t, DAY_BACK_NS, DAY_ON_NS, w);
    return 0;
}

static int ask_leases(struct trace *t, struct trace_want *w) {
    buf_add_z(&t->query, "(*dhcp* or assign or renew) and client.ip:*");
    w->from_ns = t->q.at_ns - LEASE_HOURS_NS;
    w->to_ns = at_end(t) + LEASE_HOURS_NS;
    return 0;
}

/* All that names the address was shown for the round of the inside, over a longer time: it need not be read again. */
static bool address_is_known(struct trace *t, const struct trace_want *w) {
    bool shown = false;
    for (size_t i = 0; i < t->n_asked && !shown; i++)
        shown = t->asked[i].inside && ip_eq(&t->asked[i].ip, &t->q.address);
    for (size_t i = 0; shown && i < t->n_facts; i++) {
        const struct fact *f = &t->facts[i];
        t->nat_heard += f->kind == FACT_TRANSLATION && ip_eq(&f->outer, &t->q.address) && f->own_ns >= w->from_ns && f->own_ns < w->to_ns;
    }
    return shown && !t->facts_lost;
}

static int ask_address(struct trace *t, struct trace_want *w) {
    for (size_t i = 0; i < t->n_paths; i++)
        if (t->paths[i].n && !t->paths[i].shift)
            return 0;
    w->from_ns = t->q.at_ns - NS_PER_HOUR / 2;
    w->to_ns = at_end(t) + NS_PER_HOUR / 2;
    if (!address_is_known(t, w))
        add_address(t, &t->q.address);
    return 0;
}

static int (*const rows[ROUND_END])(struct trace *t, struct trace_want *w) = {
    [ROUND_CLOCKS] = ask_clocks, [ROUND_OUTER] = ask_outer, [ROUND_INSIDE] = ask_inside, [ROUND_PROXY] = ask_proxy,
    [ROUND_OLDER] = ask_older,   [ROUND_HOSTS] = ask_hosts, [ROUND_LEASES] = ask_leases, [ROUND_ADDRESS] = ask_address};

/* What was shown is understood; which round is next. */
static int advance(struct trace *t) {
    int r = 0;
    t->asking = false;
    t->rounds++;
    if (t->round == ROUND_OUTER || t->round == ROUND_INSIDE)
        r = trace_expand(t);
    if (t->round == ROUND_PROXY)
        r = trace_expand_proxies(t);
    if (r < 0)
        return r;
    if (t->round == ROUND_INSIDE && r == 1)
        return 0; /* there are new addresses: once more */
    t->round = t->round == ROUND_PROXY && r == 1 ? ROUND_INSIDE : (enum round) (t->round + 1);
    return 0;
}

int trace_next(struct trace *t, struct trace_want *ret) {
    int r = t->asking ? advance(t) : 0;
    while (r == 0 && t->round < ROUND_END) {
        buf_clear(&t->query);
        r = rows[t->round](t, ret);
        if (r < 0)
            break;
        if (t->query.n) {
            r = buf_error(&t->query);
            ret->query = buf_str(&t->query);
            ret->to_ns = MIN(ret->to_ns, t->q.now_ns);
            t->asking = r == 0;
            return r < 0 ? r : 1;
        }
        r = t->round == ROUND_INSIDE ? trace_expand(t) : 0; /* all addresses are known already; which paths end there is not */
        if (r == 0)
            t->round++;
        r = MIN(r, 0);
    }
    if (r == 0)
        r = trace_join(t);
    return r;
}

unsigned trace_rounds(const struct trace *t, unsigned *ret_most) {
    *ret_most = ROUND_END + 2;
    return t->rounds;
}
