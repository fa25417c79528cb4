/* What `nft -j list ruleset` prints (libnftables-json(5)), read for what lets packets through: chains of type filter, with jumps,
 * maps of verdicts and sets; chains of type nat for where connections are led to. The table of Kizuki's own blocks is left out: they
 * come and go by themselves, and the hand watches them. */
#include "firewall/firewall_priv.h"

#include "base/json.h"
#include "base/limits.h"

struct reading {
    struct arena *a;
    struct firewall *f;
    const struct json_value *root;
    struct chains chains;
};
static const struct {
    const char *verdict;
    enum step step;
} verdicts[] = {{"accept", STEP_ALLOW}, {"drop", STEP_DENY},   {"reject", STEP_DENY},
                {"jump", STEP_JUMP},    {"goto", STEP_GOTO},   {"return", STEP_RETURN}, {"queue", STEP_ALLOW}};
/* Statements that change nothing about what is let through. */
static const char *const harmless[] = {"counter", "log", "mangle", "notrack", "masquerade", "snat", "tproxy", "ct helper", "ct timeout", "flow", "set", "xt_comment", "meter", "dup", "fwd", "synproxy", "ct expectation"};
/* Protocols of which "th" is the header. */
static const unsigned with_ports[] = {6, 17, 33, 132, 136};

static bool is_nft(struct str text) {
    text = str_trim(text);
    return str_starts(text, STR("{")) && str_find(str_to(text, 400), STR("\"nftables\""), 0) > 0;
}

static const struct json_value *the_list(const struct reading *x) {
    return json_get_array(x->root, "nftables");
}

static struct str text_of(const struct json_value *o, const char *key) {
    struct str s = STR_NULL;
    return json_get_str(o, key, &s) ? s : STR_NULL;
}

static struct str table_of(struct arena *a, const struct json_value *o) {
    struct str family = text_of(o, "family"), name = text_of(o, "table");
    return arena_printf(a, "%.*s %.*s", STR_ARG(family), STR_ARG(name));
}

static bool left_out(const struct json_value *o) {
    struct str family = text_of(o, "family");
    return str_eq_z(family, "arp") || (str_eq_z(family, "inet") && str_eq_z(text_of(o, "table"), "kizuki"));
}

static int to_family(struct arena *a, struct making *m, struct spans family) {
    int r = making_narrow(a, m, DIM_SRC, family);
    return r < 0 ? r : making_narrow(a, m, DIM_DST, family);
}

/* ---- values ---- */

enum as { AS_ADDRESS, AS_ZONE, AS_PROTOCOL, AS_PORT };
struct values {
    struct reading *x;
    enum as as;
    struct span *at;
    size_t n, cap;
    bool odd; /* something this form cannot hold */
};

static int add_value(struct values *v, struct span s) {
    if (v->n == FIREWALL_SPACES_MAX)
        return -ERR_LIMIT;
    int r = arena_grow(v->x->a, (void **) &v->at, &v->cap, v->n + 1, sizeof *v->at);
    if (r == 0)
        v->at[v->n++] = s;
    return r;
}

static int one_value(struct values *v, struct str s) {
    struct span x;
    u128 zone;
    int n, r;
    switch (v->as) {
    case AS_ADDRESS:
        v->odd = v->odd || addresses_read(s, &x) < 0;
        return v->odd ? 0 : add_value(v, x);
    case AS_ZONE:
        v->odd = v->odd || str_ends(s, STR("*"));
        r = firewall_zone(v->x->a, v->x->f, s, &zone);
        return r < 0 ? r : add_value(v, (struct span){zone, zone});
    case AS_PROTOCOL:
        n = protocol_number(s);
        break;
    case AS_PORT:
        n = port_number(s);
        break;
    default:
        n = -1;
    }
    v->odd = v->odd || n < 0;
    return n < 0 ? 0 : add_value(v, (struct span){(u128) n, (u128) n});
}

static int two_values(struct values *v, struct str lo, struct str hi) {
    struct values of = {.x = v->x, .as = v->as};
    int r = one_value(&of, lo);
    if (r == 0)
        r = one_value(&of, hi);
    v->odd = v->odd || of.odd || of.n != 2 || v->as == AS_ZONE;
    return r < 0 || v->odd ? r : add_value(v, (struct span){of.at[0].lo, of.at[1].hi});
}

static int some_values(struct values *v, const struct json_value *x, unsigned depth);

static int all_values(struct values *v, const struct json_value *list, unsigned depth) {
    int r = 0;
    for (const struct json_value *e = list ? list->first : NULL; e && r == 0; e = e->next)
        r = some_values(v, e, depth);
    return r;
}

static const struct json_value *set_named(const struct reading *x, struct str name, const char *kind) {
    for (const struct json_value *e = the_list(x)->first; e; e = e->next) {
        const struct json_value *s = json_get_object(e, kind);
        if (s && str_eq(text_of(s, "name"), name))
            return s;
    }
    return NULL;
}

static int prefix_value(struct values *v, const struct json_value *p) {
    struct str address = text_of(p, "addr");
    struct ip ip;
    int64_t bits;
    if (v->as != AS_ADDRESS || ip_parse(address, &ip) < 0 || !json_get_i64(p, "len", &bits) || bits < 0 || bits > 128) {
        v->odd = true;
        return 0;
    }
    struct ip_prefix prefix = ip_prefix_of(&ip, (unsigned) bits);
    return add_value(v, span_of_prefix(&prefix));
}

static int some_values(struct values *v, const struct json_value *x, unsigned depth) {
    const struct json_value *o;
    if (depth > 8) {
        v->odd = true;
        return 0;
    }
    if (x->type == JSON_STRING && x->text.n && x->text.p[0] == '@') {
        const struct json_value *set = set_named(v->x, str_from(x->text, 1), "set");
        v->odd = v->odd || !set;
        return set ? all_values(v, json_get_array(set, "elem"), depth + 1) : 0;
    }
    if (x->type == JSON_STRING || x->type == JSON_NUMBER)
        return one_value(v, x->text);
    if (x->type == JSON_ARRAY)
        return all_values(v, x, depth + 1);
    if ((o = json_get_array(x, "set")))
        return all_values(v, o, depth + 1);
    if ((o = json_get_object(x, "prefix")))
        return prefix_value(v, o);
    if ((o = json_get_array(x, "range")) && o->n == 2)
        return two_values(v, o->first->text, o->first->next->text);
    if ((o = json_get_object(x, "elem")) && json_get(o, "val"))
        return some_values(v, json_get(o, "val"), depth + 1);
    v->odd = true;
    return 0;
}

/* ---- matches ---- */

/* What the left side of a match speaks of; false: nothing this form holds. */
struct subject {
    enum as as;
    enum space_dim dim;
    unsigned protocol; /* of ports; 256: whatever has them */
    struct spans family;
};

static bool subject_of(const struct json_value *left, struct subject *ret) {
    static const struct {
        const char *of, *protocol, *field;
        struct subject s;
    } table[] = {
        {"payload", "ip", "saddr", {AS_ADDRESS, DIM_SRC, 0, {0}}},     {"payload", "ip", "daddr", {AS_ADDRESS, DIM_DST, 0, {0}}},
        {"payload", "ip6", "saddr", {AS_ADDRESS, DIM_SRC, 1, {0}}},    {"payload", "ip6", "daddr", {AS_ADDRESS, DIM_DST, 1, {0}}},
        {"payload", "ip", "protocol", {AS_PROTOCOL, DIM_SERVICE, 0, {0}}}, {"payload", "ip6", "nexthdr", {AS_PROTOCOL, DIM_SERVICE, 1, {0}}},
        {"payload", "tcp", "dport", {AS_PORT, DIM_SERVICE, 6, {0}}},   {"payload", "udp", "dport", {AS_PORT, DIM_SERVICE, 17, {0}}},
        {"payload", "sctp", "dport", {AS_PORT, DIM_SERVICE, 132, {0}}}, {"payload", "dccp", "dport", {AS_PORT, DIM_SERVICE, 33, {0}}},
        {"payload", "udplite", "dport", {AS_PORT, DIM_SERVICE, 136, {0}}}, {"payload", "th", "dport", {AS_PORT, DIM_SERVICE, 256, {0}}},
        {"meta", NULL, "iifname", {AS_ZONE, DIM_FROM, 0, {0}}},        {"meta", NULL, "oifname", {AS_ZONE, DIM_TO, 0, {0}}},
        {"meta", NULL, "iif", {AS_ZONE, DIM_FROM, 0, {0}}},            {"meta", NULL, "oif", {AS_ZONE, DIM_TO, 0, {0}}},
        {"meta", NULL, "l4proto", {AS_PROTOCOL, DIM_SERVICE, 0, {0}}},
    };
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        const struct json_value *o = json_get_object(left, table[i].of);
        const char *protocol = table[i].protocol;
        if (!o || !str_eq_z(text_of(o, protocol ? "field" : "key"), table[i].field) || (protocol && !str_eq_z(text_of(o, "protocol"), protocol)))
            continue;
        *ret = table[i].s;
        ret->family = !protocol || table[i].s.as == AS_PORT ? SPANS_ALL[DIM_SRC] : str_eq_z(str_of(protocol), "ip") ? SPANS_V4 : SPANS_V6;
        return true;
    }
    return false;
}

/* Numbers of protocols and ports as services. */
static int to_services(struct arena *a, const struct subject *s, const struct values *v, struct spans *ret) {
    size_t each = s->as == AS_PORT && s->protocol == 256 ? ARRAY_SIZE(with_ports) : 1, n = 0;
    struct span *at = arena_alloc(a, (v->n * each + 1) * sizeof *at);
    if (!at)
        return -ENOMEM;
    for (size_t i = 0; i < v->n; i++)
        for (size_t k = 0; k < each; k++) {
            unsigned lo = (unsigned) v->at[i].lo, hi = (unsigned) v->at[i].hi;
            if (s->as == AS_PORT)
                at[n++] = span_of_service(each > 1 ? with_ports[k] : s->protocol, lo, hi);
            else
                at[n++] = (struct span){(u128) lo << 16, (u128) hi << 16 | 65535};
        }
    *ret = spans_of(at, n);
    return 0;
}

/* One side of a match or of a map's key: narrows to it, or makes it a condition. */
static int apply(struct reading *x, struct making *m, const struct subject *s, const struct json_value *right, bool negated) {
    struct values v = {.x = x, .as = s->as};
    struct spans spans;
    int r = some_values(&v, right, 0);
    if (r < 0)
        return r;
    if (v.odd)
        return making_condition(x->a, m, STR("values this form does not hold"));
    r = s->dim == DIM_SERVICE ? to_services(x->a, s, &v, &spans) : 0;
    if (s->dim != DIM_SERVICE)
        spans = spans_of(v.at, v.n);
    if (r == 0)
        r = to_family(x->a, m, s->family);
    if (r == 0 && negated) {
        struct spans whole = SPANS_ALL[s->dim], protocol[1];
        if (s->as == AS_PORT) { /* of its protocol alone: tcp dport != 25 says nothing about UDP */
            struct values any = {.x = x, .as = AS_PORT, .at = &(struct span){0, 65535}, .n = 1};
            r = to_services(x->a, s, &any, protocol);
            whole = protocol[0];
        }
        if (r == 0)
            r = spans_minus(x->a, whole, spans, &spans);
    }
    return r < 0 ? r : making_narrow(x->a, m, s->dim, spans);
}

static bool names_state(const struct json_value *right, const char *state) {
    if (right->type == JSON_STRING)
        return str_eq_z(right->text, state);
    const struct json_value *list = right->type == JSON_OBJECT ? json_get_array(right, "set") : right;
    for (const struct json_value *e = list ? list->first : NULL; e; e = e->next)
        if (e->type == JSON_STRING && str_eq_z(e->text, state))
            return true;
    return false;
}

/* A new connection is in state new; one that is established was new before. */
static int apply_state(struct reading *x, struct making *m, const struct json_value *right, bool negated) {
    bool fits = names_state(right, "new") != negated;
    if (!fits && (negated || names_state(right, "established") || names_state(right, "related")))
        m->never = true;
    return fits || m->never ? 0 : making_condition(x->a, m, STR("ct state"));
}

static int apply_family(struct reading *x, struct making *m, const struct json_value *right, bool negated) {
    bool v4 = right->type == JSON_STRING && (str_eq_z(right->text, "ipv4") || str_eq_z(right->text, "ip"));
    bool v6 = right->type == JSON_STRING && (str_eq_z(right->text, "ipv6") || str_eq_z(right->text, "ip6"));
    if (!v4 && !v6)
        return making_condition(x->a, m, STR("meta protocol"));
    return to_family(x->a, m, v4 != negated ? SPANS_V4 : SPANS_V6);
}

/* "payload tcp flags", for people. */
static struct str words_of(struct arena *a, const struct json_value *left) {
    const struct json_value *o = left->type == JSON_OBJECT ? left->first : NULL;
    struct str protocol = o ? text_of(o, "protocol") : STR_NULL, field = o ? text_of(o, "field") : STR_NULL, key = o ? text_of(o, "key") : STR_NULL;
    if (!o)
        return STR("?");
    return arena_printf(a, "%.*s%s%.*s%s%.*s", STR_ARG(o->key), protocol.n ? " " : "", STR_ARG(protocol), field.n || key.n ? " " : "",
                        STR_ARG(field.n ? field : key));
}

static int match(struct reading *x, struct making *m, const struct json_value *e) {
    const struct json_value *left = json_get(e, "left"), *right = json_get(e, "right");
    struct str op = text_of(e, "op");
    struct subject s;
    bool negated = str_eq_z(op, "!="), plain = negated || str_eq_z(op, "==") || str_eq_z(op, "in") || !op.n;
    if (!left || !right || !plain)
        return making_condition(x->a, m, left ? words_of(x->a, left) : STR("?"));
    const struct json_value *ct = json_get_object(left, "ct"), *meta = json_get_object(left, "meta"), *payload = json_get_object(left, "payload");
    if (ct && str_eq_z(text_of(ct, "key"), "state"))
        return apply_state(x, m, right, negated);
    if (meta && (str_eq_z(text_of(meta, "key"), "nfproto") || str_eq_z(text_of(meta, "key"), "protocol")))
        return apply_family(x, m, right, negated);
    if (subject_of(left, &s))
        return apply(x, m, &s, right, negated);
    int protocol = payload ? protocol_number(text_of(payload, "protocol")) : -1; /* tcp flags, icmp type: of that protocol at least */
    if (protocol >= 0) {
        struct spans of;
        int r = spans_one(x->a, span_of_service((unsigned) protocol, 0, 65535), &of);
        if (r == 0)
            r = making_narrow(x->a, m, DIM_SERVICE, of);
        if (r < 0)
            return r;
    }
    return making_condition(x->a, m, words_of(x->a, left));
}

/* ---- rules ---- */

static int put(struct reading *x, struct chain *c, const struct making *m, enum step step, struct str target, const struct json_value *rule) {
    struct chain_rule r = {.step = step, .target = target, .condition = m->condition, .text = text_of(rule, "comment")};
    int64_t handle;
    if (m->never)
        return 0;
    if (json_get_i64(rule, "handle", &handle))
        r.name = arena_printf(x->a, "%.*s #%lld", STR_ARG(c->name), (long long) handle);
    int e = spaces_add(x->a, &r.where, &m->where);
    return e < 0 ? e : chain_add_rule(x->a, c, &r);
}

static bool verdict_of(const struct json_value *statement, enum step *ret, struct str *ret_target) {
    for (size_t i = 0; i < ARRAY_SIZE(verdicts); i++) {
        const struct json_value *v = json_get(statement, verdicts[i].verdict);
        if (!v)
            continue;
        *ret = verdicts[i].step;
        *ret_target = text_of(v, "target");
        return true;
    }
    return false;
}

static int verdict_map(struct reading *x, struct chain *c, const struct making *m, const struct json_value *map, const struct json_value *rule) {
    const struct json_value *key = json_get(map, "key"), *data = json_get(map, "data"), *list = data ? json_get_array(data, "set") : NULL;
    struct subject s;
    if (data && data->type == JSON_STRING && str_starts(data->text, STR("@"))) {
        const struct json_value *named = set_named(x, str_from(data->text, 1), "map");
        list = named ? json_get_array(named, "elem") : NULL;
    }
    bool known = key && subject_of(key, &s);
    for (const struct json_value *e = list ? list->first : NULL; e; e = e->next) {
        struct making of = *m;
        enum step step;
        struct str target;
        if (e->type != JSON_ARRAY || e->n != 2 || !verdict_of(e->first->next, &step, &target))
            continue;
        int r = known ? apply(x, &of, &s, e->first, false) : making_condition(x->a, &of, STR("vmap"));
        if (r == 0)
            r = put(x, c, &of, step, target, rule);
        if (r < 0)
            return r;
    }
    return 0;
}

static bool is_harmless(struct str key) {
    for (size_t i = 0; i < ARRAY_SIZE(harmless); i++)
        if (str_eq_z(key, harmless[i]))
            return true;
    return false;
}

static int forward(struct reading *x, const struct making *m, struct str kind, const struct json_value *to) {
    struct buf b;
    buf_init(&b, 4096);
    firewall_write_space(&m->where, x->f, x->f, 8, &b);
    buf_printf(&b, " => %.*s", STR_ARG(kind));
    for (const struct json_value *e = to->type == JSON_OBJECT ? to->first : NULL; e; e = e->next)
        if (e->type == JSON_STRING || e->type == JSON_NUMBER)
            buf_printf(&b, " %.*s", STR_ARG(e->text));
    struct str text = arena_dup(x->a, buf_str(&b));
    buf_done(&b);
    return text.p ? firewall_add_forward(x->a, x->f, text) : -ENOMEM;
}

static int statement(struct reading *x, struct chain *c, struct making *m, const struct json_value *e, const struct json_value *rule) {
    const struct json_value *o;
    enum step step;
    struct str target;
    if (e->type != JSON_OBJECT || !e->first)
        return making_condition(x->a, m, STR("?"));
    if ((o = json_get_object(e, "match")))
        return match(x, m, o);
    if ((o = json_get_object(e, "vmap")))
        return verdict_map(x, c, m, o, rule);
    if (verdict_of(e, &step, &target))
        return put(x, c, m, step, target, rule);
    if (json_get(e, "dnat") || json_get(e, "redirect"))
        return m->never ? 0 : forward(x, m, e->first->key, e->first);
    return is_harmless(e->first->key) ? 0 : making_condition(x->a, m, e->first->key);
}

static int read_rule(struct reading *x, const struct json_value *rule) {
    struct chain *c = chain_find(&x->chains, table_of(x->a, rule), text_of(rule, "chain"));
    struct making m = {.where = SPACE_ALL};
    struct str family = text_of(rule, "family");
    const struct json_value *list = json_get_array(rule, "expr");
    int r = 0;
    if (!c || left_out(rule))
        return 0;
    if (str_eq_z(family, "ip") || str_eq_z(family, "ip6"))
        r = to_family(x->a, &m, str_eq_z(family, "ip") ? SPANS_V4 : SPANS_V6);
    for (const struct json_value *e = list ? list->first : NULL; e && r == 0; e = e->next)
        r = statement(x, c, &m, e, rule);
    return r;
}

static int read_chain(struct reading *x, const struct json_value *o) {
    static const char *const judged[] = {"prerouting", "input", "forward", "output", "ingress"};
    struct str hook = text_of(o, "hook");
    struct chain *c;
    int r = left_out(o) ? 0 : chain_add(x->a, &x->chains, table_of(x->a, o), text_of(o, "name"), &c);
    if (r < 0 || left_out(o))
        return r;
    for (size_t i = 0; i < ARRAY_SIZE(judged) && str_eq_z(text_of(o, "type"), "filter"); i++)
        c->first = c->first || str_eq_z(hook, judged[i]);
    c->outward = str_eq_z(hook, "output");
    c->otherwise = str_eq_z(text_of(o, "policy"), "drop") ? FIREWALL_DENY : FIREWALL_ALLOW;
    return 0;
}

static int each(struct reading *x, const char *kind, int (*take)(struct reading *x, const struct json_value *o)) {
    int r = 0;
    for (const struct json_value *e = the_list(x)->first; e && r == 0; e = e->next) {
        const struct json_value *o = json_get_object(e, kind);
        if (o)
            r = take(x, o);
    }
    return r;
}

static int read_nft(struct arena *a, struct str text, struct firewall *f, struct diag *reterr) {
    struct reading x = {.a = a, .f = f};
    struct json_value *root;
    int r = json_parse(a, text, &root, reterr);
    if (r < 0)
        return r;
    x.root = root;
    if (!the_list(&x))
        return diag_set(reterr, -ERR_PARSE, "no list 'nftables': is it what `nft -j list ruleset` prints?");
    r = each(&x, "chain", read_chain);
    if (r == 0)
        r = each(&x, "rule", read_rule);
    if (r == -ERR_LIMIT)
        return diag_set(reterr, r, "more than %d rules, or more than %d chains", FIREWALL_RULES_MAX, FIREWALL_PATHS_MAX);
    return r < 0 ? r : firewall_flatten(a, &x.chains, f, reterr);
}

const struct firewall_reader FIREWALL_NFT_READER = {"nftables", is_nft, read_nft};
