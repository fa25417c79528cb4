/* See flow.h. Layouts: Cisco's description of NetFlow 5; RFC 3954 (v9); RFC 7011 (IPFIX); names of the elements: IANA. */
#include "intake/flow.h"

#include "base/ip.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/time.h"

enum {
    V5_HEAD = 24, V5_RECORD = 48, V9_HEAD = 20, IPFIX_HEAD = 16,
    V9_TEMPLATES = 0, V9_OPTIONS = 1, IPFIX_TEMPLATES = 2, IPFIX_OPTIONS = 3, FIRST_DATA = 256,
    VARIABLE = 65535,
    KEY_CAP = 80,
    LINE_BYTES = 8192,
};

enum kind { NUMBER, ADDRESS4, ADDRESS6, MAC, PROTOCOL, NAT_EVENT, FIREWALL_EVENT, SECONDS, MILLISECONDS, UPTIME, OBSERVED_MS };
/* Elements of IANA's register, below 128 the same in v9; from 40001 on what Cisco's ASA (NSEL) has for translations in v9. */
static const struct element {
    uint16_t id;
    uint8_t kind;
    const char *name;
} ELEMENTS[] = {
    {1, NUMBER, "network.bytes"},          {2, NUMBER, "network.packets"},
    {4, PROTOCOL, "network.iana_number"},  {5, NUMBER, "flow.tos"},
    {6, NUMBER, "flow.tcp_flags"},         {7, NUMBER, "source.port"},
    {8, ADDRESS4, "source.ip"},            {10, NUMBER, "flow.in_interface"},
    {11, NUMBER, "destination.port"},      {12, ADDRESS4, "destination.ip"},
    {14, NUMBER, "flow.out_interface"},    {21, UPTIME, "event.end"},
    {22, UPTIME, "event.start"},           {27, ADDRESS6, "source.ip"},
    {28, ADDRESS6, "destination.ip"},      {32, NUMBER, "flow.icmp_type_code"},
    {56, MAC, "source.mac"},               {61, NUMBER, "flow.direction"},
    {80, MAC, "destination.mac"},          {85, NUMBER, "network.bytes"},
    {86, NUMBER, "network.packets"},       {136, NUMBER, "flow.end_reason"},
    {148, NUMBER, "flow.id"},              {150, SECONDS, "event.start"},
    {151, SECONDS, "event.end"},           {152, MILLISECONDS, "event.start"},
    {153, MILLISECONDS, "event.end"},      {225, ADDRESS4, "source.nat.ip"},
    {226, ADDRESS4, "destination.nat.ip"}, {227, NUMBER, "source.nat.port"},
    {228, NUMBER, "destination.nat.port"}, {229, NUMBER, "flow.nat_realm"},
    {230, NAT_EVENT, "event.action"},      {233, FIREWALL_EVENT, "event.action"},
    {234, NUMBER, "flow.in_vrf"},          {235, NUMBER, "flow.out_vrf"},
    {281, ADDRESS6, "source.nat.ip"},      {282, ADDRESS6, "destination.nat.ip"},
    {323, OBSERVED_MS, "@timestamp"},      {361, NUMBER, "flow.nat_port_first"},
    {362, NUMBER, "flow.nat_port_last"},   {40001, ADDRESS4, "source.nat.ip"},
    {40002, ADDRESS4, "destination.nat.ip"}, {40003, NUMBER, "source.nat.port"},
    {40004, NUMBER, "destination.nat.port"},
};
static const char *const NAT_EVENTS[] = {NULL, "nat-create", "nat-delete", "nat-pool-exhausted", "nat44-session-create",
                                         "nat44-session-delete", "nat64-session-create", "nat64-session-delete",
                                         "nat44-binding-create", "nat44-binding-delete", "nat64-binding-create",
                                         "nat64-binding-delete", "nat-ports-exhausted", "nat-quota-exceeded",
                                         "nat-address-binding-create", "nat-address-binding-delete",
                                         "nat-port-block-allocate", "nat-port-block-release", "nat-threshold-reached"};

static const char *const FIREWALL_EVENTS[] = {NULL, "flow-create", "flow-delete", "flow-denied", "flow-alert", "flow-update"};

struct template {
    uint16_t n, bytes; /* bytes: the shortest record */
    struct {
        uint16_t id, length; /* id 0: of an enterprise, passed over */
    } fields[];
};
/* What a datagram's head says of the times in its records. */
struct clock {
    int64_t sent_ns, boot_ns; /* boot_ns TIME_NONE: the exporter does not say */
};
struct waiting {
    struct list link;
    struct clock clock;
    char key[KEY_CAP], exporter[64];
    size_t n;
    char bytes[];
};
struct flow {
    struct map templates;
    struct list waiting;
    size_t waiting_bytes;
    uint64_t given_up;
    struct buf line;
    flow_line_fn *fn;
    void *ctx;
};

static uint64_t big(const char *p, size_t n) {
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | (unsigned char) p[i];
    return v;
}

static const struct element *element_of(uint16_t id) {
    size_t a = 0, b = ARRAY_SIZE(ELEMENTS);
    while (a < b) {
        size_t m = (a + b) / 2;
        if (ELEMENTS[m].id == id)
            return &ELEMENTS[m];
        if (ELEMENTS[m].id < id)
            a = m + 1;
        else
            b = m;
    }
    return NULL;
}

/* ---- one record ---- */

struct record {
    struct jsonw w;
    int64_t at_ns; /* its own time; TIME_NONE: that of the datagram */
};

static void put_time(struct record *r, const char *name, int64_t ns) {
    if (ns == TIME_NONE || ns < 0)
        return;
    if (strcmp(name, "event.start") != 0)
        r->at_ns = ns;
    if (name[0] != '@')
        jsonw_ktime(&r->w, name, ns);
}

static void put_address(struct record *r, const char *name, const char *p, size_t n) {
    struct ip ip = {.version = n == 4 ? 4 : 6};
    char text[IP_CAP];
    memcpy(ip.bytes, p, n);
    ip_format(&ip, text);
    jsonw_kz(&r->w, name, text);
}

static void put_protocol(struct record *r, uint64_t v) {
    const char *name = v == 6 ? "tcp" : v == 17 ? "udp" : v == 1 ? "icmp" : v == 58 ? "ipv6-icmp" : v == 132 ? "sctp" : NULL;
    jsonw_ku64(&r->w, "network.iana_number", v);
    if (name)
        jsonw_kz(&r->w, "network.transport", name);
}

/* 0.0.0.0 or ::, the unused half of a template for both families, or: not translated. */
static bool is_no_address(const char *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (p[i])
            return false;
    return true;
}

static void put_word(struct record *r, const char *name, const char *const *words, size_t n, const char *number_name, uint64_t v) {
    if (v < n && words[v])
        jsonw_kz(&r->w, name, words[v]);
    else
        jsonw_ku64(&r->w, number_name, v);
}

static void put_field(struct record *r, const struct clock *c, const struct element *e, const char *p, size_t n) {
    uint64_t v = n <= 8 ? big(p, n) : 0;
    char mac[18];
    switch (e->kind) {
    case ADDRESS4:
    case ADDRESS6:
        if (n == (e->kind == ADDRESS4 ? 4 : 16) && !is_no_address(p, n))
            put_address(r, e->name, p, n);
        break;
    case MAC:
        if (n != 6)
            break;
        snprintf(mac, sizeof mac, "%02x-%02x-%02x-%02x-%02x-%02x", (unsigned char) p[0], (unsigned char) p[1],
                 (unsigned char) p[2], (unsigned char) p[3], (unsigned char) p[4], (unsigned char) p[5]);
        jsonw_kz(&r->w, e->name, mac);
        break;
    case PROTOCOL:
        put_protocol(r, v);
        break;
    case NAT_EVENT:
        put_word(r, e->name, NAT_EVENTS, ARRAY_SIZE(NAT_EVENTS), "flow.nat_event", v);
        break;
    case FIREWALL_EVENT:
        put_word(r, e->name, FIREWALL_EVENTS, ARRAY_SIZE(FIREWALL_EVENTS), "flow.firewall_event", v);
        break;
    case SECONDS:
        put_time(r, e->name, v <= UINT32_MAX ? (int64_t) v * NS_PER_S : TIME_NONE);
        break;
    case MILLISECONDS:
    case OBSERVED_MS:
        put_time(r, e->name, v < INT64_MAX / 1000000 ? (int64_t) v * 1000000 : TIME_NONE);
        break;
    case UPTIME:
        if (c->boot_ns != TIME_NONE && n == 4)
            put_time(r, e->name, c->boot_ns + (int64_t) v * 1000000);
        break;
    default:
        if (n <= 8)
            jsonw_ku64(&r->w, e->name, v);
    }
}

static void begin_record(struct flow *f, struct record *r, const char *dataset) {
    buf_clear(&f->line);
    jsonw_init(&r->w, &f->line);
    jsonw_object(&r->w);
    jsonw_kz(&r->w, "event.dataset", dataset);
    r->at_ns = TIME_NONE;
}

static int end_record(struct flow *f, struct record *r, const struct clock *c, struct str exporter) {
    jsonw_ktime(&r->w, "@timestamp", r->at_ns == TIME_NONE ? c->sent_ns : r->at_ns);
    jsonw_kstr(&r->w, "observer.ip", exporter);
    jsonw_end(&r->w);
    return buf_error(&f->line) ? -ERR_LIMIT : f->fn(f->ctx, exporter, buf_str(&f->line));
}

/* ---- version 5: a fixed record ---- */

static int version5(struct flow *f, struct str exporter, struct str in) {
    static const struct {
        uint16_t id;
        uint8_t at, n;
    } layout[] = {{8, 0, 4},   {12, 4, 4},  {10, 12, 2}, {14, 14, 2}, {2, 16, 4}, {1, 20, 4}, {22, 24, 4},
                  {21, 28, 4}, {7, 32, 2},  {11, 34, 2}, {6, 37, 1},  {4, 38, 1}, {5, 39, 1}};
    if (in.n < V5_HEAD)
        return -ERR_PARSE;
    size_t n = big(in.p + 2, 2);
    int64_t sent = (int64_t) big(in.p + 8, 4) * NS_PER_S + (int64_t) big(in.p + 12, 4);
    struct clock c = {sent, sent - (int64_t) big(in.p + 4, 4) * 1000000};
    int r = 0;
    for (size_t i = 0; r >= 0 && i < n; i++) {
        struct str rec = str_from(in, V5_HEAD + i * V5_RECORD);
        struct record out;
        if (rec.n < V5_RECORD)
            return -ERR_PARSE;
        begin_record(f, &out, "netflow.v5");
        for (size_t k = 0; k < ARRAY_SIZE(layout); k++)
            put_field(&out, &c, element_of(layout[k].id), rec.p + layout[k].at, layout[k].n);
        r = end_record(f, &out, &c, exporter);
    }
    return r;
}

/* ---- version 9 and IPFIX: sets of templates and of records ---- */

/* Bytes of one record in front of `in`, told when out is given; 0: not a whole one. */
static size_t one_record(const struct template *t, struct str in, const struct clock *c, struct record *out) {
    size_t at = 0;
    for (unsigned i = 0; i < t->n; i++) {
        size_t n = t->fields[i].length;
        if (n == VARIABLE) {
            if (at >= in.n)
                return 0;
            n = (unsigned char) in.p[at++];
            if (n == 255) {
                if (in.n - at < 2)
                    return 0;
                n = big(in.p + at, 2);
                at += 2;
            }
        }
        if (n > in.n - at)
            return 0;
        const struct element *e = element_of(t->fields[i].id);
        if (e && n)
            put_field(out, c, e, in.p + at, n);
        at += n;
    }
    return at;
}

static int records(struct flow *f, const struct template *t, const struct clock *c, struct str exporter, struct str in) {
    int r = 0;
    while (r >= 0 && t->bytes && in.n >= t->bytes) { /* what is shorter is padding */
        struct record out;
        begin_record(f, &out, "netflow");
        size_t n = one_record(t, in, c, &out);
        if (n == 0)
            return -ERR_PARSE;
        r = end_record(f, &out, c, exporter);
        in = str_from(in, n);
    }
    return r;
}

static void give_up(struct flow *f, struct waiting *w, bool counted) {
    list_remove(&w->link);
    f->waiting_bytes -= w->n;
    f->given_up += counted;
    mem_free(w);
}

static void let_wait(struct flow *f, const char *key, const struct clock *c, struct str exporter, struct str set) {
    struct waiting *w = mem_zalloc(sizeof *w + set.n);
    if (!w || exporter.n >= sizeof w->exporter) {
        mem_free(w);
        f->given_up++;
        return;
    }
    w->clock = *c;
    snprintf(w->key, sizeof w->key, "%s", key);
    memcpy(w->exporter, exporter.p, exporter.n);
    w->n = set.n;
    memcpy(w->bytes, set.p, set.n);
    list_add_tail(&f->waiting, &w->link);
    f->waiting_bytes += set.n;
    while (f->waiting_bytes > FLOW_WAITING_BYTES_MAX)
        give_up(f, container_of(f->waiting.next, struct waiting, link), true);
}

static int tell_waiting(struct flow *f, const char *key, const struct template *t) {
    int r = 0;
    LIST_FOR_EACH(it, &f->waiting) {
        struct waiting *w = container_of(it, struct waiting, link);
        if (r < 0 || strcmp(w->key, key) != 0)
            continue;
        r = records(f, t, &w->clock, str_of(w->exporter), str_n(w->bytes, w->n));
        give_up(f, w, false);
        r = r == -ERR_PARSE ? 0 : r;
    }
    return r;
}

static void make_key(char key[KEY_CAP], struct str exporter, uint64_t domain, unsigned number) {
    snprintf(key, KEY_CAP, "%.*s %u %u", (int) MIN(exporter.n, (size_t) 46), exporter.p, (unsigned) domain, number);
}

/* One template; how many bytes it took, or negative. */
static ssize_t learn(struct flow *f, struct str exporter, uint64_t domain, struct str in, bool ipfix) {
    char key[KEY_CAP];
    if (in.n < 4)
        return -ERR_PARSE;
    unsigned number = (unsigned) big(in.p, 2), n = (unsigned) big(in.p + 2, 2);
    size_t at = 4, bytes = 0;
    make_key(key, exporter, domain, number);
    struct template *old = map_get(&f->templates, str_of(key));
    if (ipfix && n == 0) { /* withdrawn */
        if (old && map_remove(&f->templates, str_of(key)))
            mem_free(old);
        return (ssize_t) at;
    }
    if (number < FIRST_DATA || n == 0 || n > FLOW_FIELDS_MAX)
        return -ERR_PARSE;
    struct template *t = mem_zalloc(sizeof *t + n * sizeof t->fields[0]);
    if (!t)
        return -ENOMEM;
    for (; t->n < n; t->n++) {
        if (in.n - at < 4)
            break;
        uint16_t id = (uint16_t) big(in.p + at, 2), length = (uint16_t) big(in.p + at + 2, 2);
        at += 4;
        if (ipfix && (id & 0x8000)) {
            if (in.n - at < 4)
                break;
            at += 4;
            id = 0;
        }
        t->fields[t->n].id = id;
        t->fields[t->n].length = length;
        bytes += length == VARIABLE && ipfix ? 1 : length;
    }
    if (t->n < n || bytes == 0 || bytes > UINT16_MAX || (!old && f->templates.n >= FLOW_TEMPLATES_MAX) ||
        map_put(&f->templates, str_of(key), t) < 0) {
        mem_free(t);
        return -ERR_PARSE;
    }
    mem_free(old);
    t->bytes = (uint16_t) bytes;
    int r = tell_waiting(f, key, t);
    return r < 0 ? r : (ssize_t) at;
}

static int one_set(struct flow *f, struct str exporter, uint64_t domain, const struct clock *c, unsigned id,
                   struct str body, bool ipfix) {
    char key[KEY_CAP];
    if (id == (ipfix ? IPFIX_TEMPLATES : V9_TEMPLATES)) {
        while (body.n >= 4) {
            ssize_t n = learn(f, exporter, domain, body, ipfix);
            if (n < 0)
                return (int) n;
            body = str_from(body, (size_t) n);
        }
        return 0;
    }
    if (id < FIRST_DATA) /* options: about the exporter itself */
        return 0;
    make_key(key, exporter, domain, id);
    const struct template *t = map_get(&f->templates, str_of(key));
    if (t)
        return records(f, t, c, exporter, body);
    let_wait(f, key, c, exporter, body);
    return 0;
}

static int sets(struct flow *f, struct str exporter, uint64_t domain, const struct clock *c, struct str in, bool ipfix) {
    int r = 0;
    while (r >= 0 && in.n >= 4) {
        size_t n = big(in.p + 2, 2);
        if (n < 4 || n > in.n)
            return -ERR_PARSE;
        r = one_set(f, exporter, domain, c, (unsigned) big(in.p, 2), str_n(in.p + 4, n - 4), ipfix);
        in = str_from(in, n);
    }
    return r;
}

int flow_datagram(struct flow *f, struct str exporter, struct str in, flow_line_fn *fn, void *ctx) {
    unsigned version = in.n >= 2 ? (unsigned) big(in.p, 2) : 0;
    f->fn = fn;
    f->ctx = ctx;
    if (version == 5)
        return version5(f, exporter, in);
    if (version == 9 && in.n >= V9_HEAD) {
        int64_t sent = (int64_t) big(in.p + 8, 4) * NS_PER_S;
        struct clock c = {sent, sent - (int64_t) big(in.p + 4, 4) * 1000000};
        return sets(f, exporter, big(in.p + 16, 4), &c, str_from(in, V9_HEAD), false);
    }
    if (version == 10 && in.n >= IPFIX_HEAD && big(in.p + 2, 2) >= IPFIX_HEAD && big(in.p + 2, 2) <= in.n) {
        struct clock c = {(int64_t) big(in.p + 4, 4) * NS_PER_S, TIME_NONE};
        return sets(f, exporter, big(in.p + 12, 4), &c, str_from(str_to(in, big(in.p + 2, 2)), IPFIX_HEAD), true);
    }
    return -ERR_PARSE;
}

uint64_t flow_given_up(const struct flow *f) {
    return f->given_up;
}

struct flow *flow_new(void) {
    struct flow *f = mem_zalloc(sizeof *f);
    if (!f)
        return NULL;
    map_init(&f->templates, FLOW_TEMPLATES_MAX, 0);
    list_init(&f->waiting);
    buf_init(&f->line, LINE_BYTES);
    return f;
}

void flow_free(struct flow *f) {
    if (!f)
        return;
    LIST_FOR_EACH(it, &f->waiting)
        give_up(f, container_of(it, struct waiting, link), false);
    for (struct map_slot *s = NULL; (s = map_next(&f->templates, s));)
        mem_free(s->value.ptr);
    map_done(&f->templates);
    buf_done(&f->line);
    mem_free(f);
}
