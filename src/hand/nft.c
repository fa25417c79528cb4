/* Text for nft and from nft. Addresses are printed again from their binary form: no byte of an
 * order reaches nft as it was written. */
#include "hand/nft.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "hand/blocks.h"

static const struct set_row {
    const char *name, *type, *protocol;
    uint8_t version;
    bool host;
} sets[] = {
    {"v4", "ipv4_addr", "ip", 4, true},
    {"v4net", "ipv4_addr", "ip", 4, false},
    {"v6", "ipv6_addr", "ip6", 6, true},
    {"v6net", "ipv6_addr", "ip6", 6, false},
};

static void open_command(struct jsonw *w, const char *verb, const char *kind) {
    jsonw_object(w);
    jsonw_key(w, str_of(verb));
    jsonw_object(w);
    jsonw_key(w, str_of(kind));
    jsonw_object(w);
    jsonw_kz(w, "family", "inet");
}
static void close_command(struct jsonw *w) {
    jsonw_end(w);
    jsonw_end(w);
    jsonw_end(w);
}

static void write_table(struct jsonw *w, const char *verb) {
    open_command(w, verb, "table");
    jsonw_kz(w, "name", HAND_NFT_TABLE);
    close_command(w);
}

static void write_set(struct jsonw *w, const struct set_row *s) {
    open_command(w, "add", "set");
    jsonw_kz(w, "table", HAND_NFT_TABLE);
    jsonw_kz(w, "name", s->name);
    jsonw_kz(w, "type", s->type);
    jsonw_key(w, STR("flags"));
    jsonw_array(w);
    if (!s->host)
        jsonw_str(w, STR("interval"));
    jsonw_str(w, STR("timeout"));
    jsonw_end(w);
    /* Also an element added by hand without a timeout ends. Never changed: an existing set with
     * another value would make the command fail. */
    jsonw_ki64(w, "timeout", (int64_t) BLOCK_MINUTES_MAX * 60);
    jsonw_ki64(w, "size", BLOCK_ADDRESSES_MAX);
    jsonw_key(w, STR("stmt"));
    jsonw_raw(w, STR("[{\"counter\":null}]"));
    close_command(w);
}

static void write_rule(struct jsonw *w, const struct set_row *s) {
    char at[16];
    snprintf(at, sizeof at, "@%s", s->name);
    open_command(w, "add", "rule");
    jsonw_kz(w, "table", HAND_NFT_TABLE);
    jsonw_kz(w, "chain", "early");
    jsonw_key(w, STR("expr"));
    jsonw_array(w);
    jsonw_object(w);
    jsonw_key(w, STR("match"));
    jsonw_object(w);
    jsonw_kz(w, "op", "==");
    jsonw_key(w, STR("left"));
    jsonw_object(w);
    jsonw_key(w, STR("payload"));
    jsonw_object(w);
    jsonw_kz(w, "protocol", s->protocol);
    jsonw_kz(w, "field", "saddr");
    jsonw_end(w);
    jsonw_end(w);
    jsonw_kz(w, "right", at);
    jsonw_end(w);
    jsonw_end(w);
    jsonw_raw(w, STR("{\"drop\":null}"));
    jsonw_end(w);
    close_command(w);
}

static void write_prepare(struct jsonw *w) {
    write_table(w, "add");
    for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
        write_set(w, &sets[i]);
    open_command(w, "add", "chain");
    jsonw_kz(w, "table", HAND_NFT_TABLE);
    jsonw_kz(w, "name", "early");
    jsonw_kz(w, "type", "filter");
    jsonw_kz(w, "hook", "prerouting");
    jsonw_ki64(w, "prio",
               -310); /* before connection tracking and before any other table's verdict */
    jsonw_kz(w, "policy", "accept");
    close_command(w);
    open_command(w, "flush", "chain");
    jsonw_kz(w, "table", HAND_NFT_TABLE);
    jsonw_kz(w, "name", "early");
    close_command(w);
    for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
        write_rule(w, &sets[i]);
}

static bool belongs(const struct set_row *s, const struct hand_op *op) {
    return op->net.ip.version == s->version && hand_net_is_host(&op->net) == s->host;
}

static void write_value(struct jsonw *w, const struct ip_prefix *net) {
    char z[IP_CAP];
    struct str ip = str_n(z, ip_format(&net->ip, z));
    if (hand_net_is_host(net)) {
        jsonw_str(w, ip);
        return;
    }
    jsonw_object(w);
    jsonw_key(w, STR("prefix"));
    jsonw_object(w);
    jsonw_kstr(w, "addr", ip);
    jsonw_ki64(w, "len", net->bits);
    jsonw_end(w);
    jsonw_end(w);
}

static void write_elements(struct jsonw *w, const char *verb, const struct set_row *s,
                           const struct hand_op *ops, size_t n, bool timed) {
    open_command(w, verb, "element");
    jsonw_kz(w, "table", HAND_NFT_TABLE);
    jsonw_kz(w, "name", s->name);
    jsonw_key(w, STR("elem"));
    jsonw_array(w);
    for (size_t i = 0; i < n; i++) {
        if (!belongs(s, &ops[i]))
            continue;
        ASSERT(hand_op_sane(&ops[i]));
        if (!timed) {
            write_value(w, &ops[i].net);
            continue;
        }
        jsonw_object(w);
        jsonw_key(w, STR("elem"));
        jsonw_object(w);
        jsonw_key(w, STR("val"));
        write_value(w, &ops[i].net);
        jsonw_ki64(w, "timeout", (ops[i].timeout_ms + 999) / 1000);
        jsonw_end(w);
        jsonw_end(w);
    }
    jsonw_end(w);
    close_command(w);
}

/* add, delete, add: within one transaction this works whether or not the element is there, and sets
 * its timeout anew, which `add` alone does not do for an existing element. */
static void write_ops(struct jsonw *w, const struct hand_op *ops, size_t n, bool block) {
    for (size_t k = 0; k < ARRAY_SIZE(sets); k++) {
        size_t here = 0;
        for (size_t i = 0; i < n; i++)
            here += belongs(&sets[k], &ops[i]);
        if (!here)
            continue;
        write_elements(w, "add", &sets[k], ops, n, false);
        write_elements(w, "delete", &sets[k], ops, n, false);
        if (block)
            write_elements(w, "add", &sets[k], ops, n, true);
    }
}

static void begin(struct jsonw *w, struct buf *out) {
    jsonw_init(w, out);
    jsonw_object(w);
    jsonw_key(w, STR("nftables"));
    jsonw_array(w);
}
static void end(struct jsonw *w) {
    jsonw_end(w);
    jsonw_end(w);
}

void hand_nft_prepare_json(struct buf *out) {
    struct jsonw w;
    begin(&w, out);
    write_prepare(&w);
    end(&w);
}
void hand_nft_block_json(struct buf *out, const struct hand_op *ops, size_t n) {
    struct jsonw w;
    begin(&w, out);
    write_ops(&w, ops, n, true);
    end(&w);
}
void hand_nft_unblock_json(struct buf *out, const struct hand_op *ops, size_t n) {
    struct jsonw w;
    begin(&w, out);
    write_ops(&w, ops, n, false);
    end(&w);
}
void hand_nft_check_json(struct buf *out, const struct hand_op *ops, size_t n) {
    struct jsonw w;
    begin(&w, out);
    write_prepare(&w);
    write_ops(&w, ops, n, true);
    end(&w);
}
void hand_nft_clear_json(struct buf *out) {
    struct jsonw w;
    begin(&w, out);
    write_table(&w, "add"); /* so that the next line works without a table too */
    write_table(&w, "delete");
    end(&w);
}

/* ---- the listing ---- */

static int read_value(const struct json_value *v, struct ip_prefix *ret) {
    struct str s;
    int64_t len;
    if (v && v->type == JSON_STRING)
        return ip_prefix_parse(v->text, ret) == 0 ? 0 : -ERR_PARSE;
    const struct json_value *p = v && v->type == JSON_OBJECT ? json_get_object(v, "prefix") : NULL;
    if (!p || !json_get_str(p, "addr", &s) || !json_get_i64(p, "len", &len) ||
        ip_prefix_parse(s, ret) != 0 || len < 0 || len > ret->bits)
        return -ERR_PARSE;
    *ret = ip_prefix_of(&ret->ip, (unsigned) len);
    return 0;
}

/* An element is a bare value, or {"elem": {"val", "timeout", "expires", "counter"}}. Ranges (two
 * joined networks somebody added by hand) cannot be one of ours and are passed over. */
static void read_element(const struct json_value *v, struct hand_listing *l) {
    struct hand_element e = {.expires_ms = -1};
    const struct json_value *in = v->type == JSON_OBJECT ? json_get_object(v, "elem") : NULL;
    int64_t n;
    if (read_value(in ? json_get(in, "val") : v, &e.net) < 0)
        return;
    if (in && json_get_i64(in, "expires", &n) && n >= 0 && n <= INT64_MAX / 1000)
        e.expires_ms = n * 1000;
    const struct json_value *counter = in ? json_get_object(in, "counter") : NULL;
    if (counter && json_get_i64(counter, "packets", &n))
        e.packets = (uint64_t) n;
    if (counter && json_get_i64(counter, "bytes", &n))
        e.bytes = (uint64_t) n;
    l->items[l->n++] = e;
}

static size_t count_elements(const struct json_value *list) {
    size_t n = 0;
    for (const struct json_value *it = list->first; it; it = it->next) {
        const struct json_value *set = it->type == JSON_OBJECT ? json_get_object(it, "set") : NULL;
        const struct json_value *elem = set ? json_get_array(set, "elem") : NULL;
        n += elem ? elem->n : 0;
    }
    return n;
}

/* Counts our sets and their drop rules; all there = whole. */
static void read_part(const struct json_value *it, struct hand_listing *l, unsigned *sets_seen,
                      unsigned *rules_seen) {
    const struct json_value *set = json_get_object(it, "set");
    const struct json_value *rule = json_get_object(it, "rule");
    struct str name;
    if (rule && json_get_str(rule, "chain", &name) && str_eq_z(name, "early"))
        ++*rules_seen;
    if (!set || !json_get_str(set, "name", &name))
        return;
    for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
        if (str_eq_z(name, sets[i].name))
            *sets_seen |= 1u << i;
    const struct json_value *elem = json_get_array(set, "elem");
    for (const struct json_value *e = elem ? elem->first : NULL; e; e = e->next)
        read_element(e, l);
}

int hand_nft_parse_listing(struct str json, struct hand_listing *ret, struct diag *reterr) {
    struct arena a;
    struct json_value *root;
    struct hand_listing l = {0};
    unsigned sets_seen = 0, rules_seen = 0;
    arena_init(&a, (size_t) 512 << 20);
    int r = json_parse(&a, json, &root, reterr);
    const struct json_value *list =
        r == 0 && root->type == JSON_OBJECT ? json_get_array(root, "nftables") : NULL;
    if (r == 0 && !list)
        r = diag_set(reterr, -ERR_PARSE, "nft's answer has no list 'nftables'");
    if (r == 0 && !(l.items = mem_zalloc_array(count_elements(list) + 1, sizeof *l.items)))
        r = diag_set(reterr, -ENOMEM, "no memory for nft's answer");
    for (const struct json_value *it = r == 0 ? list->first : NULL; it; it = it->next)
        if (it->type == JSON_OBJECT)
            read_part(it, &l, &sets_seen, &rules_seen);
    arena_done(&a);
    if (r < 0)
        return r;
    l.whole = sets_seen == (1u << ARRAY_SIZE(sets)) - 1 && rules_seen == ARRAY_SIZE(sets);
    *ret = l;
    return 0;
}
