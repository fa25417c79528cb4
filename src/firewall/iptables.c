/* What iptables-save and ip6tables-save print (iptables-save(8), iptables-extensions(8)): tables filter, raw, mangle and security for
 * what is let through, nat for where connections are led to. Both families may stand in one text. Options this form does not hold
 * make a rule fit partly. */
#include "firewall/firewall_priv.h"

#include "base/limits.h"

struct reading {
    struct arena *a;
    struct firewall *f;
    struct chains chains;
    struct str table;
    bool v6;
    unsigned line;
    struct str words[FIREWALL_WORDS_MAX]; /* of this line */
};
struct rule {
    struct reading *x;
    struct making is;
    struct str comment, text, target;
    bool leads, go;
    unsigned protocol; /* 256: none named */
};

static bool is_iptables(struct str text) {
    for (struct str line; str_split(&text, '\n', &line);) {
        line = str_trim(line);
        if (line.n && line.p[0] != '#')
            return str_starts(line, STR("*"));
    }
    return false;
}

static int narrow(struct rule *m, enum space_dim d, struct spans to, bool negated) {
    int r = negated ? spans_minus(m->x->a, SPANS_ALL[d], to, &to) : 0;
    return r < 0 ? r : making_narrow(m->x->a, &m->is, d, to);
}

static int condition(struct rule *m, struct str what) {
    return making_condition(m->x->a, &m->is, what);
}

/* ---- options: each takes its values ---- */

static int address(struct rule *m, enum space_dim d, struct str s, bool negated) {
    struct span *at = arena_alloc(m->x->a, sizeof *at);
    if (!at)
        return -ENOMEM;
    if (addresses_read(s, at) < 0)
        return condition(m, s);
    return narrow(m, d, (struct spans){at, 1}, negated);
}

static int source(struct rule *m, struct str s, bool negated) {
    return address(m, DIM_SRC, s, negated);
}

static int destination(struct rule *m, struct str s, bool negated) {
    return address(m, DIM_DST, s, negated);
}

static int interface(struct rule *m, enum space_dim d, struct str s, bool negated) {
    struct span *at = arena_alloc(m->x->a, sizeof *at);
    u128 zone;
    if (!at)
        return -ENOMEM;
    if (str_ends(s, STR("+"))) /* any interface that begins so */
        return condition(m, s);
    int r = firewall_zone(m->x->a, m->x->f, s, &zone);
    *at = (struct span){zone, zone};
    return r < 0 ? r : narrow(m, d, (struct spans){at, 1}, negated);
}

static int coming_in(struct rule *m, struct str s, bool negated) {
    return interface(m, DIM_FROM, s, negated);
}

static int going_out(struct rule *m, struct str s, bool negated) {
    return interface(m, DIM_TO, s, negated);
}

static int protocol(struct rule *m, struct str s, bool negated) {
    struct span *at = arena_alloc(m->x->a, sizeof *at);
    int n = protocol_number(s);
    if (!at)
        return -ENOMEM;
    if (n < 0)
        return str_eq_z(s, "all") ? 0 : condition(m, s);
    *at = span_of_service((unsigned) n, 0, 65535);
    if (!negated)
        m->protocol = (unsigned) n;
    return narrow(m, DIM_SERVICE, (struct spans){at, 1}, negated);
}

/* "22", "1000:2000", ":1023", lists of them with commas; of the protocol that was named. */
static int to_ports(struct rule *m, struct str s, bool negated) {
    struct span *at = arena_alloc(m->x->a, (s.n + 1) * sizeof *at), *all = arena_alloc(m->x->a, sizeof *all);
    struct str list = s, one;
    size_t n = 0;
    if (!at || !all)
        return -ENOMEM;
    if (m->protocol > 255)
        return condition(m, s);
    while (str_split(&list, ',', &one)) {
        ptrdiff_t colon = str_find_byte(one, ':', 0);
        struct str first = colon < 0 ? one : str_to(one, (size_t) colon), last = colon < 0 ? one : str_from(one, (size_t) colon + 1);
        int lo = first.n ? port_number(first) : 0, hi = last.n ? port_number(last) : 65535;
        if (lo < 0 || hi < 0)
            return condition(m, s);
        at[n++] = span_of_service(m->protocol, (unsigned) lo, (unsigned) hi);
    }
    *all = span_of_service(m->protocol, 0, 65535);
    int r = narrow(m, DIM_SERVICE, (struct spans){all, 1}, false);
    return r < 0 ? r : narrow(m, DIM_SERVICE, spans_of(at, n), negated);
}

static int state(struct rule *m, struct str s, bool negated) {
    bool has_new = false, has_old = false;
    for (struct str one; str_split(&s, ',', &one);) {
        has_new = has_new || str_eq_z(one, "NEW");
        has_old = has_old || str_eq_z(one, "ESTABLISHED") || str_eq_z(one, "RELATED");
    }
    if (has_new != negated)
        return 0;
    m->is.never = m->is.never || has_new || has_old;
    return m->is.never ? 0 : condition(m, STR("state"));
}

static int comment(struct rule *m, struct str s, bool negated UNUSED) {
    m->comment = s;
    return 0;
}

static int jump(struct rule *m, struct str s, bool negated UNUSED) {
    m->target = s;
    return 0;
}

static int go_to(struct rule *m, struct str s, bool negated UNUSED) {
    m->target = s;
    m->go = true;
    return 0;
}

static int nothing(struct rule *m UNUSED, struct str s UNUSED, bool negated UNUSED) {
    return 0;
}

static int leads_to(struct rule *m, struct str s, bool negated UNUSED) {
    m->leads = true;
    m->text = s;
    return 0;
}

static const struct option {
    const char *name;
    int (*take)(struct rule *m, struct str s, bool negated);
    bool alone; /* has no value */
} options[] = {
    {"-s", source, false},          {"--source", source, false},     {"-d", destination, false},   {"--destination", destination, false},
    {"-i", coming_in, false},       {"-o", going_out, false},        {"-p", protocol, false},      {"--dport", to_ports, false},
    {"--dports", to_ports, false},  {"--src-range", source, false},  {"--dst-range", destination, false},
    {"--ctstate", state, false},    {"--state", state, false},       {"--comment", comment, false}, {"-j", jump, false},
    {"-g", go_to, false},           {"-m", nothing, false},          {"--syn", nothing, true},     {"--reject-with", nothing, false},
    {"--log-prefix", nothing, false}, {"--log-level", nothing, false}, {"--log-tcp-options", nothing, true}, {"--log-ip-options", nothing, true},
    {"--log-uid", nothing, true},   {"--nflog-group", nothing, false}, {"--nflog-prefix", nothing, false}, {"--nflog-threshold", nothing, false},
    {"--to-destination", leads_to, false}, {"--to-ports", leads_to, false}, {"--to-port", leads_to, false}, {"--random", nothing, true},
    {"--persistent", nothing, true}, {"--set-mark", nothing, false}, {"--set-xmark", nothing, false}, {"--to-source", nothing, false},
    {"-c", nothing, false},         {"--save-mark", nothing, true},  {"--restore-mark", nothing, true}, {"--clamp-mss-to-pmtu", nothing, true},
    {"--set-mss", nothing, false},  {"--set-dscp", nothing, false},  {"--set-dscp-class", nothing, false}, {"--helper", nothing, false},
};

static const struct option *option_named(struct str s) {
    for (size_t i = 0; i < ARRAY_SIZE(options); i++)
        if (str_eq_z(s, options[i].name))
            return &options[i];
    return NULL;
}

static bool begins_option(struct str s) {
    return str_starts(s, STR("-")) || str_eq_z(s, "!");
}

/* What is not in the table is a condition, with all that follows it up to the next option. */
static int take_options(struct rule *m, const struct str *w, size_t n) {
    bool negated = false;
    int r = 0;
    for (size_t i = 0; r == 0 && i < n; i++) {
        const struct option *o = option_named(w[i]);
        if (str_eq_z(w[i], "!")) {
            negated = true;
            continue;
        }
        if (o && !o->alone && i + 1 == n)
            return condition(m, w[i]);
        if (o) {
            r = o->take(m, o->alone ? STR_NULL : w[++i], negated);
            negated = false;
            continue;
        }
        struct str words = w[i];
        while (i + 1 < n && !begins_option(w[i + 1]) && words.p) {
            i++;
            words = arena_printf(m->x->a, "%.*s %.*s", STR_ARG(words), STR_ARG(w[i]));
        }
        r = words.p ? condition(m, words) : -ENOMEM;
        negated = false;
    }
    return r;
}

/* ---- lines ---- */

static int put(struct rule *m, struct chain *c, struct str line) {
    static const struct {
        const char *target;
        enum step step;
    } steps[] = {{"ACCEPT", STEP_ALLOW}, {"DROP", STEP_DENY}, {"REJECT", STEP_DENY}, {"TARPIT", STEP_DENY}, {"RETURN", STEP_RETURN}, {"NFQUEUE", STEP_ALLOW}};
    struct reading *x = m->x;
    struct chain_rule r = {.step = m->go ? STEP_GOTO : STEP_JUMP, .target = m->target, .condition = m->is.condition, .name = m->comment, .text = line};
    if (m->is.never || !m->target.n)
        return 0;
    if (m->leads || str_eq_z(m->target, "DNAT") || str_eq_z(m->target, "REDIRECT"))
        return firewall_add_forward(x->a, x->f, line);
    bool known = m->go || chain_find(&x->chains, x->table, m->target);
    for (size_t i = 0; i < ARRAY_SIZE(steps) && !m->go; i++)
        if (str_eq_z(m->target, steps[i].target)) {
            r.step = steps[i].step;
            known = true;
        }
    if (!known) /* LOG, MARK…: the packet goes on */
        return 0;
    int e = spaces_add(x->a, &r.where, &m->is.where);
    return e < 0 ? e : chain_add_rule(x->a, c, &r);
}

static int read_rule(struct reading *x, struct str line) {
    struct str *w = x->words;
    bool too_many = false;
    size_t n = firewall_words(x->a, line, w, &too_many);
    if (n && str_starts(w[0], STR("["))) { /* iptables-save -c: counters first */
        w++;
        n--;
    }
    struct chain *c = n > 1 && (str_eq_z(w[0], "-A") || str_eq_z(w[0], "--append")) ? chain_find(&x->chains, x->table, w[1]) : NULL;
    if (!c || too_many)
        return firewall_add_unread(x->a, x->f, x->line, line);
    struct rule m = {.x = x, .is = {.where = SPACE_ALL}, .protocol = 256};
    struct spans family = x->v6 ? SPANS_V6 : SPANS_V4;
    int r = narrow(&m, DIM_SRC, family, false);
    if (r == 0)
        r = narrow(&m, DIM_DST, family, false);
    if (r == 0)
        r = take_options(&m, w + 2, n - 2);
    return r < 0 ? r : put(&m, c, line);
}

static int read_chain(struct reading *x, struct str line) {
    static const char *const builtin[] = {"PREROUTING", "INPUT", "FORWARD", "OUTPUT"};
    struct str rest = str_from(line, 1), name, policy;
    struct chain *c;
    int r = str_split(&rest, ' ', &name) && str_split(&rest, ' ', &policy) ? chain_add(x->a, &x->chains, x->table, name, &c)
                                                                           : firewall_add_unread(x->a, x->f, x->line, line);
    if (r < 0 || !rest.n)
        return r;
    for (size_t i = 0; i < ARRAY_SIZE(builtin) && !str_ends(x->table, STR(" nat")); i++)
        c->first = c->first || str_eq_z(name, builtin[i]);
    c->outward = str_eq_z(name, "OUTPUT");
    c->otherwise = str_eq_z(policy, "DROP") ? FIREWALL_DENY : FIREWALL_ALLOW;
    return 0;
}

static int read_line(struct reading *x, struct str line) {
    if (!line.n || str_eq_z(line, "COMMIT"))
        return 0;
    if (line.p[0] == '#') {
        if (str_find(line, STR("tables-save"), 0) > 0)
            x->v6 = str_find(line, STR("ip6tables-save"), 0) > 0;
        return 0;
    }
    if (line.p[0] == '*') {
        x->table = arena_printf(x->a, "%s %.*s", x->v6 ? "ip6" : "ip", STR_ARG(str_from(line, 1)));
        return x->table.p ? 0 : -ENOMEM;
    }
    return line.p[0] == ':' ? read_chain(x, line) : read_rule(x, line);
}

static int read_iptables(struct arena *a, struct str text, struct firewall *f, struct diag *reterr) {
    struct reading x = {.a = a, .f = f};
    int r = 0;
    for (struct str line; r == 0 && str_split(&text, '\n', &line);) {
        x.line++;
        r = read_line(&x, str_trim(line));
    }
    if (r == -ERR_LIMIT)
        return diag_set_at(reterr, r, "", x.line, 0, "more than %d rules, or more than %d chains", FIREWALL_RULES_MAX, FIREWALL_PATHS_MAX);
    return r < 0 ? r : firewall_flatten(a, &x.chains, f, reterr);
}

const struct firewall_reader FIREWALL_IPTABLES_READER = {"iptables", is_iptables, read_iptables};
