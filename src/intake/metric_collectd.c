/* collectd: its network protocol (collectd.org/wiki, "Binary protocol": parts of type, length and bytes; what host, plugin and
 * time are holds until it is said anew), and the JSON of write_http. Signed packets are read without looking at the signature;
 * encrypted ones are refused: a shared key on the gate would be one more secret to keep where strangers speak. */
#include "intake/metric.h"

#include "base/json.h"
#include "base/time.h"

enum part { PART_HOST = 0, PART_TIME = 1, PART_PLUGIN = 2, PART_PLUGIN_INSTANCE = 3, PART_TYPE = 4, PART_TYPE_INSTANCE = 5,
            PART_VALUES = 6, PART_TIME_HR = 8, PART_ENCRYPTED = 0x210 };
enum value_type { VALUE_COUNTER, VALUE_GAUGE, VALUE_DERIVE, VALUE_ABSOLUTE };
enum { NAME_BYTES = 256, TREE_BYTES = 64 << 20 };

struct list { /* of one value list */
    struct str host, plugin, plugin_instance, type, type_instance;
    int64_t time_ns;
};

static uint64_t be(const char *p, size_t n) {
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | (unsigned char) p[i];
    return v;
}

static bool text_of(struct str body, struct str *ret) {
    if (body.n == 0 || body.p[body.n - 1] != 0 || body.n > NAME_BYTES)
        return false;
    *ret = str_to(body, body.n - 1);
    return str_find_byte(*ret, 0, 0) < 0;
}

/* Which of several values of one list it is; types.db would know its name. */
static int put(struct metric_gather *g, const struct list *l, double value, bool counter, uint32_t at, uint32_t of, struct str source) {
    char name[2 * NAME_BYTES], number[12];
    struct metric_sample s = {.host = l->host, .value = value, .time_ns = l->time_ns, .counter = counter};
    int n = snprintf(name, sizeof name, "%.*s/%.*s", STR_ARG(l->plugin), STR_ARG(l->type));
    s.name = str_n(name, MIN((size_t) MAX(n, 0), sizeof name - 1));
    if (l->plugin_instance.n)
        s.labels[s.n_labels++] = (struct metric_label){STR("plugin_instance"), l->plugin_instance};
    if (l->type_instance.n)
        s.labels[s.n_labels++] = (struct metric_label){STR("type_instance"), l->type_instance};
    if (of > 1) {
        snprintf(number, sizeof number, "%u", at);
        s.labels[s.n_labels++] = (struct metric_label){STR("source"), source.n ? source : str_of(number)};
    }
    return metric_add(g, &s);
}

static int put_values(struct metric_gather *g, const struct list *l, struct str body) {
    size_t n = body.n >= 2 ? be(body.p, 2) : 0;
    int r = 0;
    if (!n || body.n != 2 + 9 * n || !l->plugin.n || !l->type.n)
        return -ERR_PARSE;
    for (size_t i = 0; i < n && r >= 0; i++) {
        const char *at = body.p + 2 + n + 8 * i;
        uint64_t raw = be(at, 8);
        double v = (double) raw;
        int type = (unsigned char) body.p[2 + i];
        if (type == VALUE_GAUGE)
            memcpy(&v, at, sizeof v); /* gauges alone are little-endian, as this machine is */
        else if (type == VALUE_DERIVE)
            v = (double) (int64_t) raw;
        else if (type != VALUE_COUNTER && type != VALUE_ABSOLUTE)
            return -ERR_PARSE;
        r = put(g, l, v, type != VALUE_GAUGE, (uint32_t) i, (uint32_t) n, STR_NULL);
    }
    return r;
}

static int take_part(struct metric_gather *g, struct list *l, unsigned type, struct str body) {
    struct str *const texts[] = {[PART_HOST] = &l->host, [PART_PLUGIN] = &l->plugin, [PART_PLUGIN_INSTANCE] = &l->plugin_instance,
                                 [PART_TYPE] = &l->type, [PART_TYPE_INSTANCE] = &l->type_instance};
    if (type < ARRAY_SIZE(texts) && texts[type])
        return text_of(body, texts[type]) ? 0 : -ERR_PARSE;
    if (type == PART_TIME || type == PART_TIME_HR) {
        uint64_t v = body.n == 8 ? be(body.p, 8) : UINT64_MAX;
        if (v > (type == PART_TIME ? (uint64_t) INT64_MAX / NS_PER_S : (uint64_t) INT64_MAX))
            return -ERR_PARSE;
        l->time_ns = type == PART_TIME ? (int64_t) v * NS_PER_S
                                       : (int64_t) (v >> 30) * NS_PER_S + (int64_t) ((v & ((1u << 30) - 1)) * 1000000000u >> 30);
        return 0;
    }
    if (type == PART_ENCRYPTED)
        return -ERR_UNSUPPORTED;
    return type == PART_VALUES ? put_values(g, l, body) : 0; /* intervals, notifications, signatures */
}

int metric_collectd(struct metric_gather *g, struct str packet, metric_line_fn *fn, void *ctx, struct diag *reterr) {
    struct list l = {.time_ns = TIME_NONE};
    int r = 0;
    metric_begin(g, METRIC_COLLECTD, false, fn, ctx);
    while (packet.n && r >= 0) {
        size_t n = packet.n >= 4 ? be(packet.p + 2, 2) : 0;
        if (n < 4 || n > packet.n)
            return diag_set(reterr, -ERR_PARSE, "not a packet of collectd's network plugin");
        r = take_part(g, &l, (unsigned) be(packet.p, 2), str_n(packet.p + 4, n - 4));
        packet = str_from(packet, n);
    }
    if (r == -ERR_UNSUPPORTED)
        return diag_set(reterr, r, "the packet is encrypted; send it with SecurityLevel None or Sign, or by write_http in TLS");
    if (r < 0)
        return diag_set(reterr, r, "a part of collectd's packet makes no sense");
    return metric_end(g);
}

/* [{"values": [..], "dstypes": [..], "dsnames": [..], "time": 1.5, "host", "plugin", "plugin_instance", "type", "type_instance"}] */
static int put_json(struct metric_gather *g, const struct json_value *v) {
    const struct json_value *values = json_get_array(v, "values"), *types = json_get_array(v, "dstypes"),
                            *names = json_get_array(v, "dsnames"), *time = json_get(v, "time");
    struct list l = {.time_ns = TIME_NONE};
    double t;
    uint32_t n = 0, i = 0;
    int r = 0;
    (void) json_get_str(v, "host", &l.host);
    (void) json_get_str(v, "plugin", &l.plugin);
    (void) json_get_str(v, "plugin_instance", &l.plugin_instance);
    (void) json_get_str(v, "type", &l.type);
    (void) json_get_str(v, "type_instance", &l.type_instance);
    if (time && time->type == JSON_NUMBER && str_to_double(time->text, &t) == 0 && t > 0 && t < 9e9)
        l.time_ns = (int64_t) (t * 1e3) * 1000000;
    if (!values || !l.plugin.n || !l.type.n)
        return -ERR_PARSE;
    for (const struct json_value *e = values->first; e; e = e->next)
        n++;
    const struct json_value *type = types ? types->first : NULL, *name = names ? names->first : NULL;
    for (const struct json_value *e = values->first; e && r >= 0; e = e->next, i++) {
        double d;
        bool gauge = !type || str_eq_z(type->text, "gauge");
        if (e->type == JSON_NUMBER && str_to_double(e->text, &d) == 0)
            r = put(g, &l, d, !gauge, i, n, name && name->type == JSON_STRING ? name->text : STR_NULL);
        type = type ? type->next : NULL;
        name = name ? name->next : NULL;
    }
    return r;
}

int metric_collectd_json(struct metric_gather *g, struct str body, metric_line_fn *fn, void *ctx, struct diag *reterr) {
    struct json_value *root;
    struct arena a;
    arena_init(&a, TREE_BYTES);
    metric_begin(g, METRIC_COLLECTD, false, fn, ctx);
    int r = json_parse(&a, body, &root, reterr);
    if (r == 0 && root->type != JSON_ARRAY)
        r = diag_set(reterr, -ERR_PARSE, "collectd's write_http sends a list of values; set Format \"JSON\"");
    for (const struct json_value *v = r == 0 ? root->first : NULL; v && r >= 0; v = v->next) {
        r = put_json(g, v);
        if (r == -ERR_PARSE)
            r = diag_set(reterr, r, "an entry of the list has no values, plugin or type");
    }
    arena_done(&a);
    return r < 0 ? r : metric_end(g);
}
